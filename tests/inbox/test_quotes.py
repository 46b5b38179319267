"""Quotes: whose quote, of what, and with whose word (FEP-044f)."""

import pytest

from tests.graph import notices, status
from tests.peers import Office, Person
from tests.remote_peers import JsonObject, RemoteActor, RemoteServer
from tests.security.cast import send, write


def request(quoter: RemoteActor, quoted_uri: str, quote: JsonObject | str) -> JsonObject:
    return quoter.activity("QuoteRequest", quoted_uri, instrument=quote)


async def test_a_quote_is_allowed_by_a_stamp_that_its_server_can_read(
    office: Office, alice: Person, carol: RemoteActor, remote: RemoteServer
) -> None:
    ours = await write(office, alice)
    quote = carol.note("<p>so true</p>", quote=ours)
    asked = request(carol, ours, quote)
    assert await send(office, carol, asked) == ["applied"]
    (accept,) = [received.json for received in remote.received if received.type == "Accept"]
    assert accept["object"]["id"] == asked["id"]
    stamp = (await carol.get(accept["result"])).json
    assert stamp["type"] == "QuoteAuthorization"
    assert (stamp["interactingObject"], stamp["interactionTarget"]) == (quote["id"], ours)
    assert stamp["attributedTo"] == alice.uri
    assert ("quote", carol.uri) in await notices(alice)
    mine = await status(office, ours)
    assert mine is not None
    assert mine.quotes_count == 1


async def test_a_stamp_is_only_for_who_asks_about_what_quotes(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor, mal: RemoteActor, remote: RemoteServer
) -> None:
    ours, other = await write(office, alice), await write(office, alice)
    private = await write(office, alice, to=(alice.followers_url,))
    about_other = carol.note(quote=other)
    plain, theirs = carol.note(), eve.note(quote=ours)
    outcomes = await send(
        office, carol, request(carol, ours, about_other), request(carol, ours, plain), request(carol, ours, theirs),
        request(carol, private, carol.note(quote=private)), request(carol, carol.uri, carol.note()),
    )  # fmt: skip
    assert outcomes == ["forbidden", "forbidden", "forbidden", "invalid", "invalid"]
    assert "Accept" not in remote.received_types()
    for uri in (about_other["id"], plain["id"], theirs["id"]):
        found = await status(office, uri)
        assert found is None or found.quote_state != "accepted"
    # A forged copy of the quote in the request counts for nothing: its server says what it quotes.
    assert await send(office, carol, request(carol, ours, {**plain, "quote": ours})) == ["forbidden"]


@pytest.mark.parametrize("by", ["carol", "mal"])
async def test_only_the_quoted_author_allows_refuses_and_revokes(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor, by: str
) -> None:
    from social.drafts import QuoteDraft

    note = carol.note()
    await send(office, carol, carol.create(note))
    uri = await write(office, alice, quote=QuoteDraft(note["id"]))
    (asked,) = [received.json for received in carol.server.received if received.type == "QuoteRequest"]
    answerer = carol if by == "carol" else mal
    stamp = answerer.server.new_uri("stamps")
    embedded = {"id": asked["id"], "type": "QuoteRequest", "object": note["id"], "instrument": uri}
    await send(office, answerer, {**answerer.activity("Accept", embedded), "result": stamp})
    found = await status(office, uri)
    assert found is not None
    if by == "mal":
        assert found.quote_state == "pending"
        return
    assert (found.quote_state, found.quote_authorization_uri) == ("accepted", stamp)
    await send(office, mal, mal.activity("Delete", stamp))
    await send(office, mal, mal.activity("Reject", embedded))
    found = await status(office, uri)
    assert found is not None
    assert found.quote_state == "accepted"
    assert await send(office, carol, carol.activity("Delete", stamp)) == ["applied"]
    found = await status(office, uri)
    assert found is not None
    assert (found.quote_state, found.quote_authorization_uri) == ("revoked", None)


async def test_a_stamp_of_another_server_is_no_consent(office: Office, alice: Person, carol: RemoteActor,
                                                       evil: RemoteServer) -> None:  # fmt: skip
    from social.drafts import QuoteDraft

    note = carol.note()
    await send(office, carol, carol.create(note))
    uri = await write(office, alice, quote=QuoteDraft(note["id"]))
    embedded = {"type": "QuoteRequest", "object": note["id"], "instrument": uri}
    await send(office, carol, {**carol.activity("Accept", embedded), "result": evil.new_uri("stamps")})
    found = await status(office, uri)
    assert found is not None
    assert found.quote_state != "accepted"


async def test_a_quote_that_can_not_be_read_now_is_asked_for_later(
    office: Office, alice: Person, carol: RemoteActor, remote: RemoteServer
) -> None:
    ours = await write(office, alice)
    quote = carol.note(quote=ours)
    remote.withdraw(quote["id"], 503)
    await send(office, carol, request(carol, ours, quote["id"]))
    assert remote.received_types() == []  # neither yes nor no
