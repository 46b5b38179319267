"""Polls: voting here and across offices, what a vote shows, and which votes don't count."""

from typing import Any

from api.answers.statuses import PollEntity
from tests import graph
from tests.api.contract import check
from tests.api.test_statuses_editing import follow_across
from tests.api.test_statuses_posting import post
from tests.peers import Office, run_until_idle

POLL = {"options": ["Café", "Té"], "expires_in": 3600}


def numbers(poll: dict[str, Any]) -> list[int | None]:
    return [option["votes_count"] for option in poll["options"]]


async def test_a_vote_counts_once_and_shows(office: Office, clock: Any) -> None:
    ana, bob, eva = [await office.create_person(name) for name in ("ana", "bob", "eva")]
    status = await post(ana, "What?", poll=POLL)
    poll = status["poll"]
    assert (poll["voted"], poll["own_votes"], numbers(poll), poll["multiple"]) == (True, [], [0, 0], False)
    path = f"/api/v1/polls/{poll['id']}"
    api = office.api(bob)
    voted = await api.post(f"{path}/votes", {"choices": ["1"]})
    assert voted.status == 200, voted.body
    found = check(PollEntity, voted.json())
    assert (found["voted"], found["own_votes"], numbers(found), found["voters_count"]) == (True, [1], [0, 1], 1)
    assert (await office.api(eva).get(path)).json()["voted"] is False

    refused = [
        (bob, [0], "already voted"), (bob, [1], "already voted"), (ana, [0], "own polls"), (eva, [2], "does not exist"),
        (eva, [-1], "does not exist"), (eva, [0, 1], "already voted"), (eva, [], "blank"), (eva, ["a"], "number"),
    ]  # fmt: skip
    for person, choices, words in refused:
        answer = await office.api(person).post(f"{path}/votes", {"choices": choices})
        assert answer.status == 422, answer.body
        assert words in answer.json()["error"]
    assert numbers((await api.get(path)).json()) == [0, 1]
    clock.advance(hours=2)
    late = await office.api(eva).post(f"{path}/votes", {"choices": [0]})
    assert (late.status, late.json()["error"]) == (422, "Validation failed: The poll has already ended")
    assert (await api.get(path)).json()["expired"] is True


async def test_several_choices_and_hidden_totals(office: Office, clock: Any) -> None:
    ana, bob = await office.create_person("ana"), await office.create_person("bob")
    status = await post(ana, "What?", poll=POLL | {"multiple": "true", "hide_totals": 1})
    path = f"/api/v1/polls/{status['poll']['id']}"
    voted = (await office.api(bob).post(f"{path}/votes", {"choices": [0, 1]})).json()
    assert (voted["own_votes"], numbers(voted), voted["votes_count"], voted["voters_count"]) == (
        [0, 1],
        [None] * 2,
        2,
        1,
    )
    clock.advance(hours=2)
    assert numbers((await office.api(bob).get(path)).json()) == [1, 1]


async def test_a_poll_is_as_visible_as_its_status(office: Office) -> None:
    ana, bob = await office.create_person("ana"), await office.create_person("bob")
    status = await post(ana, "What?", poll=POLL, visibility="private")
    path = f"/api/v1/polls/{status['poll']['id']}"
    assert (await office.api(bob).get(path)).status == 404
    assert (await office.api(bob).post(f"{path}/votes", {"choices": [0]})).status == 404
    assert (await office.api(bob).get("/api/v1/polls/1")).status == 404
    assert (await office.api().get(path)).status == 401


async def test_votes_cross_and_the_numbers_come_back(two_offices: tuple[Office, Office]) -> None:
    madrid, lisbon = two_offices
    ana, bob = await madrid.create_person("ana"), await lisbon.create_person("bob")
    await follow_across(bob, ana)
    status = await post(ana, "What?", poll=POLL)
    await run_until_idle(madrid, lisbon)
    (there,) = (await lisbon.api(bob).get("/api/v1/timelines/home")).json()
    path = f"/api/v1/polls/{there['poll']['id']}"
    assert (await lisbon.api(bob).post(f"{path}/votes", {"choices": [1]})).status == 200
    madrid.services.clock.advance(seconds=10)  # type: ignore[attr-defined]
    await run_until_idle(madrid, lisbon)
    here = (await madrid.api(ana).get(f"/api/v1/polls/{status['poll']['id']}")).json()
    assert (numbers(here), here["voters_count"]) == ([0, 1], 1)
    assert numbers((await lisbon.api(bob).get(path)).json()) == [0, 1]
    assert (await lisbon.api(bob).post(f"{path}/votes", {"choices": [0]})).status == 422
    assert ("poll", ana.uri) not in await graph.notices(ana)
