"""Filters through the API, versions 2 and 1, and what they do to statuses."""

from api.answers.filters import (
    FilterEntity,
    FilterKeywordEntity,
    FilterResultEntity,
    FilterStatusEntity,
    FilterV1Entity,
)
from models.events import Kind
from policy.limits import FILTER_KEYWORDS, FILTERS
from tests.api.contract import check
from tests.api.counting import counted
from tests.conftest import Clock
from tests.peers import Client, Office

V2 = "/api/v2/filters"


async def write(api: Client, text: str, **more: object) -> str:
    return str((await api.post("/api/v1/statuses", {"status": text, "visibility": "public", **more})).json()["id"])


async def test_a_filter_is_made_from_json_and_forms_changed_and_removed(office: Office) -> None:
    api = office.api(await office.create_person("ana"))
    listener = office.services.database.events.subscribe()
    made = await api.post(V2, {
        "title": "Noise", "context": ["home", "public"], "filter_action": "hide", "expires_in": 3600,
        "keywords_attributes": [{"keyword": "cat"}, {"keyword": "dog", "whole_word": False}],
    })  # fmt: skip
    entity = check(FilterEntity, made.json())
    assert [(one["keyword"], one["whole_word"]) for one in entity["keywords"]] == [("cat", True), ("dog", False)]
    assert entity["expires_at"] is not None
    cat, dog = (one["id"] for one in entity["keywords"])
    form = (
        f"title=Less&context[]=thread&expires_in=&keywords_attributes[0][id]={cat}&keywords_attributes[0][_destroy]=1"
        f"&keywords_attributes[1][id]={dog}&keywords_attributes[1][keyword]=hound&keywords_attributes[2][keyword]=fox"
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    changed = await api.call("PUT", f"{V2}/{entity['id']}", form.encode(), headers=headers)
    found = check(FilterEntity, changed.json())
    assert (found["title"], found["context"], found["filter_action"], found["expires_at"]) == (
        "Less", ["thread"], "hide", None,
    )  # fmt: skip
    assert [(one["id"] == dog, one["keyword"], one["whole_word"]) for one in found["keywords"]] == [
        (True, "hound", False), (False, "fox", True),
    ]  # fmt: skip
    assert (
        check(FilterEntity, (await api.get(V2)).json()) == [found] == [(await api.get(f"{V2}/{entity['id']}")).json()]
    )
    assert (await api.delete(f"{V2}/{entity['id']}")).status == 200
    assert (await api.get(V2)).json() == []
    assert [event.kind for event in listener.take()].count(Kind.FILTERS_CHANGED) == 3


WRONG = [
    {},
    {"title": "x"},
    {"title": "x", "context": []},
    {"title": "x", "context": ["elsewhere"]},
    {"title": " ", "context": ["home"]},
    {"title": "x" * 257, "context": ["home"]},
    {"title": "x", "context": ["home"], "filter_action": "burn"},
    {"title": "x", "context": ["home"], "expires_in": "soon"},
    {"title": "x", "context": ["home"], "keywords_attributes": [{"keyword": " "}]},
    {"title": "x", "context": ["home"], "keywords_attributes": [{}]},
    {"title": "x", "context": ["home"], "keywords_attributes": "cat"},
    {"title": "x", "context": ["home"], "keywords_attributes": [{"keyword": "x" * 513}]},
]


async def test_what_makes_no_filter_is_refused_with_a_sentence(office: Office) -> None:
    api = office.api(await office.create_person("ana"))
    for wrong in WRONG:
        answer = await api.post(V2, wrong)
        assert (answer.status, answer.json()["error"][:19]) == (422, "Validation failed: "), wrong
    assert (await api.get(V2)).json() == []


async def test_filters_and_their_parts_belong_to_one_person(office: Office) -> None:
    api, other = office.api(await office.create_person("ana")), office.api(await office.create_person("ben"))
    status_id = await write(other, "cats")
    one = (await api.post(V2, {"title": "x", "context": ["home"]})).json()["id"]
    keyword = check(FilterKeywordEntity, (await api.post(f"{V2}/{one}/keywords", {"keyword": "cat"})).json())
    status = check(FilterStatusEntity, (await api.post(f"{V2}/{one}/statuses", {"status_id": status_id})).json())
    assert status["status_id"] == status_id
    assert (await api.post(f"{V2}/{one}/statuses", {"status_id": status_id})).status == 422
    assert (await api.post(f"{V2}/{one}/statuses", {"status_id": "99"})).status == 422
    word_path, status_path = f"{V2}/keywords/{keyword['id']}", f"{V2}/statuses/{status['id']}"
    changed = (await api.put(word_path, {"keyword": "cats", "whole_word": "false"})).json()
    assert (changed["keyword"], changed["whole_word"]) == ("cats", False)
    assert (await api.get(f"{V2}/{one}/keywords")).json() == [changed] == [(await api.get(word_path)).json()]
    assert (await api.get(f"{V2}/{one}/statuses")).json() == [status] == [(await api.get(status_path)).json()]
    for method, path, document in (
        ("GET", f"{V2}/{one}", None), ("PUT", f"{V2}/{one}", {"title": "mine"}), ("DELETE", f"{V2}/{one}", None),
        ("GET", f"{V2}/{one}/keywords", None), ("POST", f"{V2}/{one}/keywords", {"keyword": "x"}),
        ("GET", f"{V2}/{one}/statuses", None), ("POST", f"{V2}/{one}/statuses", {"status_id": status_id}),
        ("GET", word_path, None), ("PUT", word_path, {"keyword": "x"}), ("DELETE", word_path, None),
        ("GET", status_path, None), ("DELETE", status_path, None),
        ("GET", f"/api/v1/filters/{keyword['id']}", None), ("DELETE", f"/api/v1/filters/{keyword['id']}", None),
    ):  # fmt: skip
        assert (await other.call(method, path, document)).status == 404, (method, path)
    strange = {"keywords_attributes": [{"id": keyword["id"], "keyword": "x"}]}
    theirs = (await other.post(V2, {"title": "y", "context": ["home"]})).json()["id"]
    assert (await other.put(f"{V2}/{theirs}", strange)).status == 404
    assert (await api.delete(word_path)).status == (await api.delete(status_path)).status == 200
    assert (await api.get(f"{V2}/{one}")).json()["keywords"] == []


async def test_statuses_say_what_filters_find_and_hidden_ones_are_left_out(office: Office, clock: Clock) -> None:
    api, other = office.api(await office.create_person("ana")), office.api(await office.create_person("ben"))
    warned = await write(other, "A CAT!", spoiler_text="animals")
    hidden = await write(other, "nothing", spoiler_text="Spiders")
    named = await write(other, "innocent")
    await write(other, "concatenate")
    for title, word, more in (
        ("cats", "cat", {"expires_in": 60}),
        ("spiders", "spiders", {"filter_action": "hide"}),
    ):
        document = {"title": title, "context": ["public"], "keywords_attributes": [{"keyword": word}], **more}
        assert (await api.post(V2, document)).status == 200
    cats = (await api.get(V2)).json()[0]["id"]
    await api.post(f"{V2}/{cats}/statuses", {"status_id": named})

    async def filtered() -> dict[str, list[tuple[object, object]]]:
        statuses = (await api.get("/api/v1/timelines/public")).json()
        for status in statuses:
            check(FilterResultEntity, status["filtered"])
        return {
            status["id"]: [(one["keyword_matches"], one["status_matches"]) for one in status["filtered"]]
            for status in statuses
        }

    found = await filtered()
    assert hidden not in found
    assert (found[warned], found[named]) == ([(["cat"], None)], [(None, [named])])
    assert len(found) == 3
    one = (await api.get(f"/api/v1/statuses/{hidden}")).json()
    assert [match["filter"]["filter_action"] for match in one["filtered"]] == ["hide"]
    assert "filtered" in (await other.get("/api/v1/timelines/public")).json()[0]
    clock.advance(minutes=2)
    found = await filtered()
    assert (found[warned], found[named]) == ([], [])


async def test_the_old_version_sees_each_keyword_as_a_filter(office: Office) -> None:
    api = office.api(await office.create_person("ana"))
    v1 = "/api/v1/filters"
    made = await api.post(v1, {"phrase": "cat", "context": ["home"], "irreversible": True, "whole_word": False})
    entity = check(FilterV1Entity, made.json())
    assert (entity["phrase"], entity["irreversible"], entity["whole_word"]) == ("cat", True, False)
    changed = await api.put(f"{v1}/{entity['id']}", {"phrase": "cats", "context": ["public"], "irreversible": False})
    assert check(FilterV1Entity, changed.json())["phrase"] == "cats"
    modern = (await api.get(V2)).json()[0]
    assert (modern["title"], modern["filter_action"], modern["context"]) == ("cat", "warn", ["public"])
    await api.post(f"{V2}/{modern['id']}/keywords", {"keyword": "dog"})
    assert [one["phrase"] for one in check(FilterV1Entity, (await api.get(v1)).json())] == ["cats", "dog"]
    assert (await api.put(f"{v1}/{entity['id']}", {"irreversible": True})).status == 422
    assert (await api.delete(f"{v1}/{entity['id']}")).status == 200
    assert [one["keyword"] for one in (await api.get(V2)).json()[0]["keywords"]] == ["dog"]
    assert (await api.delete(f"{v1}/{(await api.get(v1)).json()[0]['id']}")).status == 200
    assert (await api.get(V2)).json() == []
    assert (await api.post(v1, {"phrase": "", "context": ["home"]})).status == 422


async def test_there_can_be_so_many_filters_and_keywords_and_all_cost_the_same(office: Office) -> None:
    api = office.api(await office.create_person("ana"))
    words = [{"keyword": f"w{number}"} for number in range(FILTER_KEYWORDS + 1)]
    document = {"title": "x", "context": ["home"], "keywords_attributes": words}
    assert (await api.post(V2, document)).status == 422
    full = await api.post(V2, {**document, "keywords_attributes": words[1:]})
    assert full.status == 200
    assert (await api.post(f"{V2}/{full.json()['id']}/keywords", {"keyword": "one more"})).status == 422
    costs = []
    for _ in range(2):
        for number in range(15):
            answer = await api.post(V2, {"title": str(number), "context": ["home"]})
        await api.get(V2)
        with counted(office) as statements:
            assert len((await api.get(V2)).json()) > 15
        costs.append(len(statements))
    assert costs[0] == costs[1]
    for _ in range(FILTERS - 31):
        answer = await api.post(V2, {"title": "x", "context": ["home"]})
    assert answer.status == 200
    assert (await api.post(V2, {"title": "one more", "context": ["home"]})).status == 422
