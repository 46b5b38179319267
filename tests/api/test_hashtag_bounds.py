"""How far hashtags are looked into for lists, searches and profiles, and that nothing is missing within that."""

import pytest
from sqlalchemy import select, text, update

from api import search
from api.tags import featured, pages
from models.accounts import User
from models.statuses import Tag
from tests.api.test_search import post
from tests.peers import Client, Office


async def today(api: Client, path: str) -> dict[str, str]:
    """The uses of today of the hashtags in a list."""
    api.office.services.database.kept.clear()
    listed = (await api.get(path)).json()
    return {one["name"]: one["history"][0]["uses"] for one in (listed if isinstance(listed, list) else [listed])}


async def test_in_a_list_the_newest_uses_of_each_hashtag_are_counted(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that everybody uses takes nothing from the others."""
    api = office.api(await office.create_person("ana"))
    for words in ("#poca", *["#mucha"] * 5):
        await post(api, words, visibility="public")
    for name in ("poca", "mucha"):
        await api.post(f"/api/v1/tags/{name}/follow")
    assert await today(api, "/api/v1/followed_tags") == {"poca": "1", "mucha": "5"}
    monkeypatch.setattr(pages, "LOOKED_AT", 6)
    assert await today(api, "/api/v1/followed_tags") == {"poca": "1", "mucha": "5"}  # as good as alone: six of each
    monkeypatch.setattr(pages, "LEAST_LOOKED_AT", 2)
    assert await today(api, "/api/v1/followed_tags") == {"poca": "1", "mucha": "3"}
    monkeypatch.setattr(pages, "LOOKED_AT", 4)
    assert await today(api, "/api/v1/followed_tags") == {"poca": "1", "mucha": "2"}
    assert await today(api, "/api/v1/tags/mucha") == {"mucha": "4"}


async def test_hashtags_of_a_search_are_looked_at_until_the_page_is_full(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, bens = [office.api(await office.create_person(name)) for name in ("ana", "ben")]
    await post(api, "#calzado #cal #calidad #calma", visibility="public")
    await post(bens, "#cala #calas", visibility="private")  # for ana there is no such thing

    async def names(client: Client, **more: int) -> list[str]:
        answer = await client.get("/api/v2/search", q="#cal", type="hashtags", **more)
        return [one["name"] for one in answer.json()["hashtags"]]

    for portion in (100, 2, 1):
        monkeypatch.setattr(search, "_PORTION", portion)
        assert await names(api) == ["cal", "calma", "calidad", "calzado"]
        assert await names(api, limit=2, offset=1) == ["calma", "calidad"]
        assert await names(bens) == ["cal", "cala", "calas", "calma", "calidad", "calzado"]
    monkeypatch.setattr(search, "MAX_HASHTAGS", 4)  # cal, cala, calas, calidad
    assert await names(api) == ["cal", "calidad"]


async def test_hashtags_on_a_profile_are_counted_in_its_newest_posts(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, ben = [office.api(await office.create_person(name)) for name in ("ana", "ben")]
    for words, visibility in (("#uno", "public"), ("#uno #dos", "unlisted"), ("#uno", "private"), ("#dos", "public")):
        await post(ana, words, visibility=visibility)
        await post(ben, words, visibility=visibility)
    for name in ("uno", "dos", "tres"):
        await ana.post(f"/api/v1/tags/{name}/feature")

    async def counts() -> list[tuple[str, str, bool]]:
        found = (await ana.get("/api/v1/featured_tags")).json()
        return [(one["name"], one["statuses_count"], one["last_status_at"] is not None) for one in found]

    assert await counts() == [("uno", "2", True), ("dos", "2", True), ("tres", "0", False)]
    monkeypatch.setattr(featured, "COUNTED", 2)
    assert await counts() == [("dos", "2", True), ("uno", "1", True), ("tres", "0", False)]
    monkeypatch.setattr(featured, "COUNTED", 1)
    assert await counts() == [("dos", "1", True), ("uno", "0", False), ("tres", "0", False)]


async def test_hashtags_are_found_by_the_very_beginning_of_their_names(office: Office) -> None:
    ana = await office.create_person("ana", scopes="read write admin:read")
    async with office.services.database.unit_of_work() as unit:
        await unit.session.execute(update(User).where(User.account_id == ana.id).values(role="admin"))
    api = office.api(ana)
    await post(api, "#ca_l #cabl #cab #CABEZA #otra", visibility="public")
    for written, expected in (("ca_", ["ca_l"]), ("cab", ["cab", "cabl", "CABEZA"]), ("Cabez", ["CABEZA"]), ("z", [])):
        found = await api.get("/api/v2/search", q=f"#{written}", type="hashtags")
        assert [one["name"] for one in found.json()["hashtags"]] == expected
        stewarded = await api.get("/api/v1/admin/tags", q=written)
        assert {one["name"] for one in stewarded.json()} == set(expected)
    async with office.services.database.reading() as session:
        if not office.services.database.is_sqlite:
            return
        query = select(Tag.id).where(pages.begins_with(session, "cab"))
        compiled = query.compile(dialect=session.get_bind().dialect, compile_kwargs={"literal_binds": True})
        steps = [step.detail for step in await session.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]
    assert any("(name>? AND name<?)" in step for step in steps), steps
