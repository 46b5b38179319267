"""Votes: counted once, by the rules of the poll, and the new numbers told to those who watch."""

from datetime import timedelta

from sqlalchemy import select

from models.statuses import Poll, StatusEdit
from social.drafts import PollDraft
from tests.conftest import Clock
from tests.graph import count, status
from tests.peers import Office, Person
from tests.remote_peers import PUBLIC, JsonObject, RemoteActor, RemoteServer
from tests.security.cast import send, write


async def ask(office: Office, alice: Person, *, is_multiple: bool = False) -> str:
    closes_at = office.services.clock() + timedelta(hours=1)
    draft = PollDraft((("yes", 0), ("no", 0)), is_multiple=is_multiple, closes_at=closes_at)
    return await write(office, alice, "<p>Shall we?</p>", poll=draft)


def vote(voter: RemoteActor, question: str, author: str, name: str) -> JsonObject:
    note = {
        "id": voter.server.new_uri("votes"), "type": "Note", "attributedTo": voter.uri, "inReplyTo": question,
        "name": name, "to": [author],
    }  # fmt: skip
    return voter.activity("Create", note, to=[author])


async def numbers(office: Office, uri: str) -> tuple[list[int], int]:
    found = await status(office, uri)
    assert found is not None
    async with office.services.database.reading() as session:
        poll = (await session.scalars(select(Poll).where(Poll.status_id == found.id))).one()
    return [option["votes"] for option in poll.options], poll.voters_count


async def test_a_vote_counts_once_and_the_numbers_go_out_later_for_all(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor, remote: RemoteServer, clock: Clock
) -> None:
    await send(office, carol, carol.follow(alice.uri))
    question = await ask(office, alice)
    first = vote(carol, question, alice.uri, "yes")
    assert await send(office, carol, first) == ["applied"]
    assert await send(office, carol, vote(carol, question, alice.uri, "yes")) == ["duplicate"]
    assert await send(office, carol, vote(carol, question, alice.uri, "no")) == ["forbidden"]
    assert await send(office, eve, vote(eve, question, alice.uri, "no")) == ["applied"]
    assert await numbers(office, question) == ([1, 1], 2)
    assert "Update" not in remote.received_types()
    clock.advance(seconds=10)
    await office.run_until_idle()
    updates = [received.json for received in remote.received if received.type == "Update"]
    assert len(updates) == 1
    assert [option["replies"]["totalItems"] for option in updates[0]["object"]["oneOf"]] == [1, 1]
    assert updates[0]["object"]["votersCount"] == 2


async def test_only_what_may_be_voted_counts(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor, clock: Clock
) -> None:
    question, plain = await ask(office, alice), await write(office, alice)
    hidden = await write(office, alice, to=(alice.followers_url,),
                         poll=PollDraft((("yes", 0), ("no", 0))))  # fmt: skip
    forged = vote(mal, question, alice.uri, "yes")
    forged["object"]["attributedTo"] = carol.uri
    outcomes = await send(
        office, mal, vote(mal, question, alice.uri, "maybe"), vote(mal, plain, alice.uri, "yes"),
        vote(mal, hidden, alice.uri, "yes"), vote(mal, mal.uri, alice.uri, "yes"),
    )  # fmt: skip
    assert outcomes == ["invalid", "invalid", "unrelated", "unrelated"]
    await mal.post(alice.inbox_url, forged)
    clock.advance(hours=2)
    assert await send(office, carol, vote(carol, question, alice.uri, "yes")) == ["forbidden"]
    assert await numbers(office, question) == ([0, 0], 0)
    assert await numbers(office, hidden) == ([0, 0], 0)


async def test_a_multiple_choice_takes_several_votes_of_one_voter(
    office: Office, alice: Person, carol: RemoteActor
) -> None:
    question = await ask(office, alice, is_multiple=True)
    votes = [vote(carol, question, alice.uri, name) for name in ("yes", "no")]
    assert await send(office, carol, *votes) == ["applied", "applied"]
    assert await numbers(office, question) == ([1, 1], 1)


async def test_new_numbers_of_a_peer_s_poll_are_no_edit(office: Office, carol: RemoteActor) -> None:
    def options(yes: int, no: int) -> list[JsonObject]:
        return [
            {"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": number}}
            for name, number in (("<b>yes</b> " + "y" * 300, yes), ("no", no))
        ]

    note = carol.note(type="Question", oneOf=options(0, 0), endTime="2030-01-01T00:00:00Z", votersCount=0)
    await send(office, carol, carol.create(note))
    updated = {**note, "oneOf": options(2**40, 3), "votersCount": 3}
    assert await send(office, carol, carol.activity("Update", updated, to=[PUBLIC])) == ["applied"]
    assert await numbers(office, note["id"]) == ([0, 3], 3)
    assert await count(office, StatusEdit) == 0
