"""Communities on servers of other make, in the shapes of Lemmy and PieFed: both sides understand each other."""

from typing import Any

import pytest

from communities.standings import place_of
from models.accounts import Account
from models.communities import State
from tests.graph import account, favourites, home_uris, status
from tests.peers import Office
from tests.remote_peers import PUBLIC, JsonObject, RemoteActor, RemoteServer
from tests.security.cast import follows, send

LEMMY = ["https://join-lemmy.org/context.json", "https://www.w3.org/ns/activitystreams"]


@pytest.fixture
def said(remote: RemoteServer) -> Any:
    """An activity as Lemmy writes it: without proofs, the group in `cc` and `audience`."""

    def build(actor: RemoteActor, group: RemoteActor, type: str, value: Any, **more: Any) -> JsonObject:
        made = actor.activity(type, value, to=[PUBLIC], cc=[group.uri], audience=group.uri, **more)
        return {**made, "@context": LEMMY}

    return build


async def test_people_here_take_part_in_a_community_of_lemmy(office: Office, remote: RemoteServer, said: Any) -> None:
    alice = await office.create_person("alice")
    remote.software = ("lemmy", "1.0.0")
    uri = f"{remote.origin}/c/cocina"
    elsa, mona = await remote.actor("elsa"), await remote.actor("mona")
    group = await remote.actor("cocina", uri=uri, type="Group", attributedTo=f"{uri}/moderators",
                               featured=f"{uri}/featured", postingRestrictedToMods=False)  # fmt: skip
    remote.publish({"id": f"{uri}/moderators", "type": "OrderedCollection", "orderedItems": [mona.uri]})

    async def announced(value: Any) -> str | None:
        made = group.activity("Announce", value, to=[PUBLIC], cc=[group.followers_url])
        return (await send(office, group, {**made, "@context": LEMMY}))[-1]

    def page(number: int, **more: Any) -> JsonObject:
        return {
            "type": "Page", "id": f"{remote.origin}/post/{number}", "attributedTo": elsa.uri, "to": [uri, PUBLIC],
            "audience": uri, "name": f"Tortilla {number}", "cc": [], "content": "<p>Sin cebolla</p>",
            "mediaType": "text/html", "published": f"2026-01-09T07:0{number}:00Z", **more,
        }  # fmt: skip

    old = page(0)
    remote.publish(old)
    told = {"type": "Create", "actor": elsa.uri, "object": old}
    remote.publish({"id": f"{uri}/outbox", "type": "OrderedCollection", "orderedItems": [
        group.activity("Announce", told), elsa.activity("Announce", f"{remote.origin}/post/77"),
    ]})  # fmt: skip
    await follows(office, alice, group)
    assert await home_uris(alice) == [old["id"]]
    assert ("GET", "/post/77") not in remote.requests  # the community didn't say that
    post = page(1)
    remote.publish(post)
    assert await announced(said(elsa, group, "Create", post)) == "applied"
    assert await announced(post["id"]) == "duplicate"  # what Lemmy sends besides, for Mastodon
    assert sorted(await home_uris(alice)) == [old["id"], post["id"]]
    comment = {
        "type": "Note", "id": f"{remote.origin}/comment/1", "attributedTo": mona.uri, "to": [PUBLIC],
        "cc": [uri, elsa.uri], "audience": uri, "content": "<p>Con</p>", "inReplyTo": post["id"],
        "published": "2026-01-09T08:00:00Z", "distinguished": False,
    }  # fmt: skip
    remote.publish(comment)
    await announced(said(mona, group, "Create", comment))
    stored = await status(office, comment["id"])
    assert stored is not None
    assert stored.group_id is not None
    # PieFed sends several at once.
    likes = [said(one, group, "Like", post["id"]) for one in (mona, elsa)]
    assert await announced(likes) == "applied"
    assert len(await favourites(office, post["id"])) == 2
    api = office.api(alice)
    shown = (await api.get("/api/v1/timelines/home")).json()[0]["reblog"]
    remote.received.clear()
    await api.post(f"/api/v1/statuses/{shown['id']}/favourite")
    made = await api.post("/api/v1/statuses", {"status": "¡Sin!", "in_reply_to_id": shown["id"]})
    await api.post("/api/v1/statuses", {"status": f"@{group.acct} Gazpacho\n\nWho has a recipe?"})
    await office.run_until_idle()
    sent = sorted((one.json for one in remote.received), key=lambda one: str(one["type"]))
    assert [one["type"] for one in sent] == ["Create", "Create", "Like"]
    assert [one["audience"] for one in sent] == [[uri], [uri], [uri]]
    for one in sent[:2]:
        assert uri in one["cc"]
        assert one["object"]["audience"] == [uri]
    # Older ones say in the post that it is locked.
    for is_open in (False, True):
        changed = page(1, commentsEnabled=is_open)
        remote.publish({**changed, "@context": [*LEMMY, {"pt": "https://joinpeertube.org/ns#",
                                                         "commentsEnabled": "pt:commentsEnabled"}]})  # fmt: skip
        await announced(said(elsa, group, "Update", changed))
        late = await api.post("/api/v1/statuses", {"status": f"Late {is_open}", "in_reply_to_id": shown["id"]})
        assert late.status == (200 if is_open else 422)
    # What the moderators do.
    assert await announced(said(mona, group, "Lock", post["id"], summary="done")) == "applied"
    assert (await api.post("/api/v1/statuses", {"status": "Late", "in_reply_to_id": shown["id"]})).status == 422
    assert await announced(said(mona, group, "Delete", comment["id"], summary="rude")) == "applied"
    removed = await status(office, comment["id"])
    assert removed is not None
    assert removed.removed_at is not None
    assert await announced(said(mona, group, "Delete", made.json()["uri"], summary="rude")) == "applied"
    assert await announced(said(mona, group, "Add", post["id"], target=f"{uri}/featured")) == "applied"
    assert await announced(said(elsa, group, "Delete", post["id"])) == "applied"
    assert await status(office, post["id"]) is None
    assert await announced(said(mona, group, "Block", alice.uri, target=uri, removeData=True, summary="spam",
                                endTime="2036-03-01T00:00:00Z")) == "applied"  # fmt: skip
    async with office.services.database.reading() as session:
        found = await account(office, uri)
        assert found is not None
        rows = [await session.get_one(Account, number) for number in (found.id, alice.id)]
        assert (await place_of(session, rows[0], rows[1], now=office.services.clock())).standing.state is State.BANNED
    barred = await api.post("/api/v1/statuses", {"status": f"@{group.acct} Still here"})
    assert (barred.status, "banned" in barred.json()["error"]) == (422, True)
