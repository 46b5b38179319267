"""Pages that look for what meets several conditions: how far they look, and that their links find everything."""

from typing import Any

import pytest
from sqlalchemy import select

from api import walking
from models.statuses import Tag
from tests.api.counting import counted
from tests.api.test_search import post
from tests.api.test_statuses_editing import upload
from tests.peers import Client, Office

POSTS = 18
WITH_FILE = 2
MOST_PAGES = 60


@pytest.fixture
async def written(office: Office) -> list[str]:
    """The ids of ana's posts, the oldest first: all under #uno, every second under #dos, every third under #tres, the
    last but one of all that are older under #raro, one with a picture."""
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    ids = []
    for number in range(POSTS):
        words = ["#uno", *["#dos"] * (number % 2), *["#tres"] * (number % 3 == 0), *["#raro"] * (number == 1)]
        files = {"media_ids": [await upload(ana, "A cat")]} if number == WITH_FILE else {}
        made = await post(office.api(ana), f"{number} {' '.join(words)}", visibility="public", **files)
        ids.append(made["id"])
        await post(office.api(ben), f"{number} #otro", visibility="public")
    return ids


def look_at(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Have a page look at so many, two at a time, and choose by the second."""
    for name, value in {"LOOKED_AT": most, "_FIRST_PORTION": 2, "_LARGEST_PORTION": 2, "_STRIDE": 1}.items():
        monkeypatch.setattr(walking, name, value)


async def followed(api: Client, path: str, rel: str, **query: Any) -> tuple[list[str], int]:
    """The ids on all pages in one direction, newest first, and how many pages had none but led on."""
    pages: list[list[str]] = []
    answer = await api.get(path, **query)
    for _ in range(MOST_PAGES):
        assert answer.status == 200
        pages.append([one["id"] for one in answer.json()])
        if rel not in answer.links:
            break
        answer = await api.get(answer.links[rel])
    else:
        pytest.fail("the pages never end")
    ordered = pages if rel == "next" else pages[::-1]
    return [one for page in ordered for one in page], len([page for page in pages[:-1] if not page])


def numbers(**wanted: bool) -> list[int]:
    """The numbers of the posts that carry these (or don't), newest first."""
    carried = {"dos": lambda n: n % 2 == 1, "tres": lambda n: n % 3 == 0, "raro": lambda n: n == 1}
    return [n for n in range(POSTS - 1, -1, -1) if all(carried[name](n) == value for name, value in wanted.items())]


QUERIES: list[tuple[str, dict[str, Any], list[int]]] = [
    ("uno", {"any": ["raro"]}, numbers()),
    ("dos", {"any": ["tres", "nunca"]}, [n for n in numbers() if n % 2 or n % 3 == 0]),
    ("uno", {"all": ["raro"]}, [1]),
    ("uno", {"all": ["dos", "tres"]}, numbers(dos=True, tres=True)),
    ("uno", {"all": ["nunca"]}, []),
    ("uno", {"none": ["uno"]}, []),
    ("uno", {"none": ["dos", "tres"]}, numbers(dos=False, tres=False)),
    ("uno", {"any": ["dos"], "all": ["tres"], "none": ["dos"]}, numbers(dos=False, tres=True)),
    ("uno", {"only_media": True}, [WITH_FILE]),
    ("uno", {"only_media": True, "none": ["dos"]}, [WITH_FILE]),
    ("dos", {"only_media": True}, []),
    ("uno", {"local": True}, numbers()),
    ("uno", {"remote": True}, []),
]


@pytest.mark.parametrize(("tag", "query", "expected"), QUERIES)
async def test_hashtags_combined_are_found_in_one_page_or_in_pages_that_look_at_four(
    office: Office, written: list[str], monkeypatch: pytest.MonkeyPatch, tag: str, query: Any, expected: list[int]
) -> None:
    api, path = office.api(office.people["ana"]), f"/api/v1/timelines/tag/{tag}"
    ids = [written[number] for number in expected]
    assert [one["id"] for one in (await api.get(path, **query)).json()] == ids
    look_at(monkeypatch, 4)
    assert (await followed(api, path, "next", limit=1, **query))[0] == ids
    assert (await followed(api, path, "next", limit=2, **query))[0] == ids
    assert (await followed(api, path, "prev", limit=2, min_id=0, **query))[0] == ids
    between = [one for one in ids if int(written[3]) < int(one) < int(written[-3])]
    found = await followed(api, path, "next", limit=2, max_id=written[-3], **query)
    assert [one for one in found[0] if int(one) > int(written[3])] == between
    newer = (await api.get(path, limit=40, since_id=written[-2], **query)).json()
    assert [one["id"] for one in newer] == [one for one in ids if one == written[-1]]


async def test_a_page_that_finds_nothing_ends_at_its_bound_and_leads_on(
    office: Office, written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    api, path = office.api(office.people["ben"]), "/api/v1/timelines/tag/uno"
    costs = []
    for most in (4, 8):
        look_at(monkeypatch, most)
        with counted(office) as statements:
            answer = await api.get(path, none=["uno"], limit=1)
        costs.append(len([one for one in statements if "FROM status_tags" in one and "LIMIT" in one]))
        assert (answer.status, answer.json(), "next" in answer.links) == (200, [], True)
    assert costs[0] < costs[1]
    found, pages = await followed(api, path, "next", none=["uno"], limit=1)
    assert (found, pages) == ([], 2)  # 18 posts, eight a page


async def test_the_rarest_of_the_conditions_is_walked(
    office: Office, written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixteen newer posts are under the first hashtag: the page would end before it came to the only one."""
    look_at(monkeypatch, 2)
    api, path = office.api(office.people["ben"]), "/api/v1/timelines/tag/uno"
    for query, number in (({"all": ["raro"]}, 1), ({"only_media": True}, WITH_FILE)):
        assert [one["id"] for one in (await api.get(path, limit=1, **query)).json()] == [written[number]]
        newer = (await api.get(path, limit=1, min_id=0, **query)).json()
        assert [one["id"] for one in newer] == [written[number]]


async def test_what_an_account_wrote_under_a_hashtag_is_found_along_the_rarer_of_both(
    office: Office, written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = office.people["ana"]
    api, path = office.api(office.people["ben"]), f"/api/v1/accounts/{ana.id}/statuses"
    assert [one["id"] for one in (await api.get(path, tagged="Raro")).json()] == [written[1]]
    look_at(monkeypatch, 2)
    assert [one["id"] for one in (await api.get(path, tagged="Raro", limit=1)).json()] == [written[1]]
    for tag, expected in (("dos", numbers(dos=True)), ("otro", []), ("nunca", [])):
        ids = [written[number] for number in expected]
        for direction, first in (("next", {}), ("prev", {"min_id": 0})):
            assert (await followed(api, path, direction, tagged=tag, limit=2, **first))[0] == ids
    only_media = await followed(api, path, "next", tagged="uno", limit=2, only_media=True, exclude_replies=True)
    assert only_media[0] == [written[WITH_FILE]]
    await office.api(ana).post(f"/api/v1/accounts/{office.people['ben'].id}/block")
    assert (await api.get(path, tagged="uno")).json() == []


async def test_synonyms_are_walked_together_and_each_post_is_found_once(
    office: Office, written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office.services.database.unit_of_work() as unit:
        tags = {tag.name: tag for tag in await unit.session.scalars(select(Tag))}
        tags["dos"].canonical_id = tags["tres"].canonical_id = tags["raro"].id
    ids = [written[number] for number in numbers() if number % 2 or number % 3 == 0]
    ana = office.people["ana"]
    api, paths = office.api(ana), ("/api/v1/timelines/tag/raro", f"/api/v1/accounts/{ana.id}/statuses?tagged=tres")
    for path in paths:
        assert [one["id"] for one in (await api.get(path)).json()] == ids
    look_at(monkeypatch, 4)
    for path in paths:
        assert (await followed(api, f"{path}{'&' if '?' in path else '?'}limit=2", "next"))[0] == ids
    assert (await followed(api, "/api/v1/timelines/tag/uno", "next", all=["tres"], limit=1))[0] == ids
    assert (await followed(api, "/api/v1/timelines/tag/uno", "next", none=["tres"], limit=1))[0] == [
        one for one in reversed(written) if one not in ids
    ]


async def test_the_viewers_filters_are_asked_of_what_was_walked_to(office: Office, written: list[str]) -> None:
    ben = office.api(office.people["ben"])
    rule = {"title": "t", "context": ["public"], "filter_action": "warn",
            "keywords_attributes": [{"keyword": "uno", "whole_word": False}]}  # fmt: skip
    assert (await ben.post("/api/v2/filters", rule)).status == 200
    answer = await ben.get("/api/v1/timelines/tag/uno", all=["raro"])
    assert [len(one["filtered"]) for one in answer.json()] == [1]
    assert "next" in answer.links
