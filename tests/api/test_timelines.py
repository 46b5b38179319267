"""Timelines: who sees what, in which order and pages, and that a page costs the same whatever its length."""

import pytest

from api.answers.statuses import StatusEntity
from tests.api.contract import check
from tests.api.counting import counted, plan_on_sqlite
from tests.fixtures_offices import OpenOffice
from tests.peers import Office


async def write(office: Office, author: str, count: int, words: str = "Hello #Calidad") -> None:
    for number in range(count):
        answer = await office.api(office.people[author]).post(
            "/api/v1/statuses", {"status": f"{words} {number}", "visibility": "public"}
        )
        assert answer.status == 200, answer.body


async def test_home_shows_own_statuses_in_pages_that_clients_can_follow(office: Office) -> None:
    ana = await office.create_person("ana")
    await write(office, "ana", 5)
    api = office.api(ana)
    first = await api.get("/api/v1/timelines/home", limit=2)
    statuses = check(StatusEntity, first.json())
    assert [status["content"][-5:-4] for status in statuses] == ["4", "3"]
    older = f"{office.origin}/api/v1/timelines/home?limit=2&max_id={statuses[-1]['id']}"
    assert first.headers["Link"].startswith(f'<{older}>; rel="next", <')
    second = await api.get(first.links["next"])
    assert [status["content"][-5:-4] for status in second.json()] == ["2", "1"]
    newer = await api.get(second.links["prev"])
    assert [status["content"][-5:-4] for status in newer.json()] == ["4", "3"]
    assert (await api.get(f"/api/v1/timelines/home?max_id={statuses[-1]['id']}&limit=40")).json()[0] == second.json()[0]


async def test_timelines_need_a_token_in_a_closed_network(office: Office) -> None:
    for path in ("home", "public", "tag/calidad", "list/1", "link?url=https://a.example"):
        assert (await office.api().get(f"/api/v1/timelines/{path}")).status == 401


async def test_strangers_read_what_is_public_in_an_open_network(open_office: OpenOffice) -> None:
    office = await open_office("madrid", federation="open")
    await office.create_person("ana")
    await write(office, "ana", 1)
    await office.api(office.people["ana"]).post("/api/v1/statuses", {"status": "for us", "visibility": "private"})
    answer = await office.api().get("/api/v1/timelines/public")
    assert [status["visibility"] for status in check(StatusEntity, answer.json())] == ["public"]
    assert "favourited" not in answer.json()[0]


async def test_a_hashtag_finds_its_statuses_and_minds_any_all_and_none(office: Office) -> None:
    ana = await office.create_person("ana")
    for words in ("#uno", "#uno #dos", "#dos #tres"):
        await write(office, "ana", 1, words)
    api = office.api(ana)

    async def found(name: str, **query: object) -> list[set[str]]:
        page = (await api.get(f"/api/v1/timelines/tag/{name}", **query)).json()
        return [{tag["name"] for tag in status["tags"]} for status in page]

    assert await found("UNO") == [{"uno", "dos"}, {"uno"}]
    assert await found("uno", any=["tres"]) == [{"dos", "tres"}, {"uno", "dos"}, {"uno"}]
    assert await found("uno", all=["dos"]) == [{"uno", "dos"}]
    assert await found("uno", any=["tres"], all=["dos"], none=["uno"]) == [{"dos", "tres"}]
    assert await found("dos", none=["tres"]) == [{"uno", "dos"}]
    assert await found("nunca") == []


async def test_a_page_of_a_hashtag_begins_with_its_newest_however_many_carry_it(office: Office) -> None:
    ana = await office.create_person("ana")
    await write(office, "ana", 3)
    with counted(office) as statements:
        assert len((await office.api(ana).get("/api/v1/timelines/tag/calidad", limit=2)).json()) == 2
    (page,) = [one for one in statements if "ORDER BY status_tags.status_id DESC" in one]
    if not office.services.database.is_sqlite:
        return
    steps = await plan_on_sqlite(office, page)
    assert steps[0] == "SEARCH status_tags USING COVERING INDEX ix_status_tags_tag (tag_id=?)"
    assert "USE TEMP B-TREE FOR ORDER BY" not in steps


@pytest.mark.parametrize("path", ["home", "public", "tag/calidad"])
async def test_a_page_of_forty_costs_as_many_statements_as_one_of_twenty(office: Office, path: str) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    await write(office, "ana", 40)
    reader = office.api(ben if path != "home" else ana)
    costs = []
    for limit in (20, 40, 20, 40):
        with counted(office) as statements:
            answer = await reader.get(f"/api/v1/timelines/{path}", limit=limit)
        assert len(answer.json()) == limit
        costs.append(len([statement for statement in statements if not statement.startswith("BEGIN")]))
    assert costs[2] == costs[3]


async def test_what_is_not_built_is_a_json_404_that_browsers_may_read(office: Office) -> None:
    answer = await office.api().get("/api/v1/no/such/thing")
    assert (answer.status, answer.json()) == (404, {"error": "Record not found"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    preflight = await office.api().call("OPTIONS", "/api/v1/statuses")
    assert preflight.status == 204
    assert "Idempotency-Key" in preflight.headers["Access-Control-Allow-Headers"]
