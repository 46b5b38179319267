"""Quotes: who may, what is shown to whom, taking the consent back, and the other office's view of all that."""

from typing import Any

from api.answers.statuses import StatusEntity
from tests import graph
from tests.api.contract import check
from tests.api.test_statuses_editing import edit, follow_across
from tests.api.test_statuses_posting import PATH, post
from tests.peers import Office, Person, run_until_idle


async def state(person: Person, status_id: str) -> str:
    """How somebody sees the quote in a status: its state, or "none"."""
    answer = await person.office.api(person).get(f"{PATH}/{status_id}")
    quote = check(StatusEntity, answer.json())["quote"]
    return "none" if quote is None else str(quote["state"])


async def test_a_quote_shows_what_it_quotes_until_its_author_says_no(office: Office) -> None:
    ana, bob, eva = [await office.create_person(name) for name in ("ana", "bob", "eva")]
    quoted = await post(ana, "Original")
    quote = await post(bob, "So true", quoted_status_id=quoted["id"])
    assert quote["quote"]["state"] == "accepted"
    assert quote["quote"]["quoted_status"]["id"] == quoted["id"]
    assert ("quote", bob.uri) in await graph.notices(ana)
    listed = (await office.api(eva).get(f"{PATH}/{quoted['id']}/quotes")).json()
    assert [status["id"] for status in check(StatusEntity, listed)] == [quote["id"]]
    assert (await office.api(eva).get(f"{PATH}/{quoted['id']}")).json()["quotes_count"] == 1
    # An edit of the quote doesn't lose what it quotes, not even one that leaves nothing else.
    assert (await edit(bob, quote["id"], ""))["quote"]["state"] == "accepted"

    path = f"{PATH}/{quoted['id']}/quotes/{quote['id']}/revoke"
    for person in (bob, eva):
        assert (await office.api(person).post(path)).status == 404
    assert (await office.api(ana).post(f"{PATH}/{quoted['id']}/quotes/{quoted['id']}/revoke")).status == 404
    revoked = await office.api(ana).post(path)
    assert check(StatusEntity, revoked.json())["quote"] == {"state": "revoked", "quoted_status": None}
    assert (await office.api(ana).post(path)).status == 200
    assert (await office.api(eva).get(f"{PATH}/{quoted['id']}/quotes")).json() == []
    assert (await office.api(eva).get(f"{PATH}/{quoted['id']}")).json()["quotes_count"] == 0


async def test_who_may_quote_is_the_authors_to_say(office: Office) -> None:
    ana, bob, eva = [await office.create_person(name) for name in ("ana", "bob", "eva")]
    assert (await office.api(bob).post(f"/api/v1/accounts/{ana.id}/follow")).status == 200
    for_followers = await post(ana, "for followers", quote_approval_policy="followers")
    for_nobody = await post(ana, "for nobody", quote_approval_policy="nobody")
    private = await post(ana, "private", visibility="private")

    async def tries(person: Person, status: dict[str, Any]) -> int:
        body = {"status": "look", "quoted_status_id": status["id"]}
        return (await office.api(person).post(PATH, body)).status

    assert [await tries(person, for_followers) for person in (bob, eva, ana)] == [200, 422, 200]
    assert [await tries(person, for_nobody) for person in (bob, eva, ana)] == [422, 422, 200]
    assert [await tries(person, private) for person in (bob, eva)] == [422, 404]
    own = await post(ana, "again", quoted_status_id=private["id"])
    assert (own["visibility"], own["quote"]["state"]) == ("private", "accepted")
    whisper = {"status": "@eva look", "quoted_status_id": for_followers["id"], "visibility": "direct"}
    assert (await office.api(bob).post(PATH, whisper)).status == 422
    assert (await office.api(bob).post(PATH, whisper | {"status": "@ana look"})).status == 200

    policy = f"{PATH}/{for_nobody['id']}/interaction_policy"
    assert (await office.api(bob).put(policy, {"quote_approval_policy": "public"})).status == 404
    assert (await office.api(ana).put(policy, {"quote_approval_policy": "anybody"})).status == 422
    changed = check(StatusEntity, (await office.api(ana).put(policy, {"quote_approval_policy": "public"})).json())
    assert (changed["quote_approval"]["automatic"], changed["edited_at"]) == (["public"], None)
    assert await tries(eva, for_nobody) == 200
    assert (await edit(ana, for_followers["id"], "text"))["quote_approval"]["automatic"] == ["followers"]


async def test_quotes_cross_and_so_does_taking_them_back(two_offices: tuple[Office, Office]) -> None:
    madrid, lisbon = two_offices
    ana, bob = await madrid.create_person("ana"), await lisbon.create_person("bob")
    await follow_across(bob, ana)
    await follow_across(ana, bob)
    quoted = await post(ana, "Original")
    closed = await post(ana, "Not for quoting", quote_approval_policy="nobody")
    await run_until_idle(madrid, lisbon)
    home = (await lisbon.api(bob).get("/api/v1/timelines/home")).json()
    there = {status["uri"]: status for status in home}
    assert there[closed["uri"]]["quote_approval"]["current_user"] == "denied"
    refused = {"status": "x", "quoted_status_id": there[closed["uri"]]["id"]}
    assert (await lisbon.api(bob).post(PATH, refused)).status == 422
    quote = await post(bob, "Look", quoted_status_id=there[quoted["uri"]]["id"])
    assert quote["quote"]["state"] == "pending"
    await run_until_idle(madrid, lisbon)
    assert await state(bob, quote["id"]) == "accepted"
    assert ("quote", bob.uri) in await graph.notices(ana)
    (here,) = (await madrid.api(ana).get(f"{PATH}/{quoted['id']}/quotes")).json()
    assert (here["uri"], here["quote"]["quoted_status"]["id"], here["edited_at"]) == (quote["uri"], quoted["id"], None)

    # A word on who may quote is no edit on the other side either.
    await madrid.api(ana).put(f"{PATH}/{closed['id']}/interaction_policy", {"quote_approval_policy": "public"})
    assert (await madrid.api(ana).post(f"{PATH}/{quoted['id']}/quotes/{here['id']}/revoke")).status == 200
    await run_until_idle(madrid, lisbon)
    assert await state(bob, quote["id"]) == "revoked"
    opened = (await lisbon.api(bob).get(f"{PATH}/{there[closed['uri']]['id']}")).json()
    assert (opened["quote_approval"]["current_user"], opened["edited_at"]) == ("automatic", None)
