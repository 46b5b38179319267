"""Trends over the network: what leaves an office, who reads it, and what is believed of a peer."""

from datetime import date, timedelta
from typing import Any

import pytest

import federation.stream_routes
from federation.trends import (
    MAX_COUNTS,
    PATH,
    TrendsRefused,
    checked_counts,
    fetch_trends,
    request_trends,
    trends_document,
)
from tests.api.test_search import post
from tests.conftest import Clock
from tests.fixtures_offices import OpenOffice
from tests.peers import Office

TODAY = date(2026, 11, 28)


@pytest.fixture
async def pair(open_office: OpenOffice) -> tuple[Office, Office]:
    """Madrid, where two use #Kaizen and one #few, and Lisbon, with as many people."""
    madrid, lisbon = await open_office("madrid", trends_min_people="2"), await open_office("lisbon")
    for one, other in ((madrid, lisbon), (lisbon, madrid)):
        await one.confirm(other)
        for name in ("ana", "ben"):
            person = await one.create_person(f"{name}-{one.name}")
            if one is madrid:
                await post(one.api(person), "A #Kaizen day")
    await post(madrid.api(madrid.people["ana-madrid"]), "#few")
    await post(madrid.api(madrid.people["ana-madrid"]), "#Kaizen #secret", visibility="private")
    for name in ("ana", "ben"):
        await post(madrid.api(madrid.people[f"{name}-madrid"]), "#ours", local_only=True)
    return madrid, lisbon


async def trends(office: Office) -> dict[str, str]:
    answer = await office.api(office.people["ana-lisbon"]).get("/api/v1/trends/tags")
    return {tag["name"]: tag["history"][0]["accounts"] for tag in answer.json()}


async def test_what_few_people_use_is_told_to_nobody(pair: tuple[Office, Office], clock: Clock) -> None:
    madrid, lisbon = pair
    document = await trends_document(madrid.services)
    assert [(one["name"], one["accounts"]) for one in document["counts"]] == [("kaizen", 2)]
    assert (await madrid.get(PATH)).status == 401
    assert (await madrid.get(PATH, token="nonsense")).status == 401
    await post(lisbon.api(lisbon.people["ana-lisbon"]), "#kaizen here")
    assert await trends(lisbon) == {"kaizen": "1"}
    await request_trends(lisbon.services)
    await lisbon.run_until_idle()
    clock.advance(minutes=2)
    assert await trends(lisbon) == {"kaizen": "3"}
    await lisbon.suspend(madrid)
    clock.advance(minutes=2)
    assert await trends(lisbon) == {"kaizen": "1"}


async def test_trends_that_are_not_a_peer_s_own_or_not_new_are_refused(
    pair: tuple[Office, Office], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    madrid, lisbon = pair
    genuine = await trends_document(madrid.services)

    async def refused(document: dict[str, Any]) -> bool:
        async def serve(*_services: object) -> dict[str, Any]:
            return document

        monkeypatch.setattr(federation.stream_routes, "trends_document", serve)
        try:
            await fetch_trends(lisbon.services, madrid.host)
        except TrendsRefused:
            return True
        return False

    more = [{**genuine["counts"][0], "accounts": 9, "uses": 9}]
    theirs = await trends_document(lisbon.services)
    assert await refused({**genuine, "counts": more})
    assert await refused({name: value for name, value in genuine.items() if name != "proof"})
    assert await refused({**theirs, "id": genuine["id"]})
    assert not await refused(genuine)
    assert await refused(genuine)  # said once, heard once
    clock.advance(hours=25)
    assert await refused(genuine)
    assert not await refused(await trends_document(madrid.services))


def count(**changes: Any) -> dict[str, Any]:
    return {"name": "kaizen", "day": TODAY.isoformat(), "uses": 4, "accounts": 3, **changes}


@pytest.mark.parametrize(
    "given",
    [
        None, {}, [None], [[]], [{}], [count(name="#Kaizen")], [count(name="")], [count(name="a" * 200)],
        [count(name=1)],
        [count(day="today")], [count(day="2026-02-30")], [count(uses="4")], [count(uses=True)], [count(accounts=-1)],
        [count(accounts=0)], [count(accounts=5)], [count(uses=1e9)], [count()] * (MAX_COUNTS + 1),
    ],
)  # fmt: skip
def test_malformed_counts_are_refused(given: object) -> None:
    with pytest.raises(TrendsRefused):
        checked_counts(given, today=TODAY, bound=10)


def test_absurd_counts_are_cut_down_or_refused() -> None:
    huge = count(uses=10**30, accounts=10**29)
    assert checked_counts([huge, count()], today=TODAY, bound=2) == [count(uses=40, accounts=2)]
    for day in (TODAY + timedelta(days=1), TODAY - timedelta(days=7), date(1, 1, 1)):
        assert checked_counts([count(day=day.isoformat())], today=TODAY, bound=2) == []
    assert checked_counts([count()], today=TODAY, bound=0) == []
