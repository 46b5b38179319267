"""What is for the office alone: colleagues read it and talk about it, and no trace of it leaves the office."""

from typing import Any

import orjson
from sqlalchemy import select

from federation.client import RemoteError
from federation.dereference import fetch_unidentified
from models.activities import InboundActivity, OutboundActivity
from tests.api.across import STATUSES, Pair, Seat, open_pair
from tests.peers import Office

TwoOffices = tuple[Office, Office]


async def told(office: Office, *uris: str) -> list[str]:
    """The types of what an office has sent that names one of these."""
    async with office.services.database.reading() as session:
        sent = (await session.execute(select(OutboundActivity.activity_type, OutboundActivity.body))).all()
    return [kind for kind, body in sent if any(uri.encode() in body for uri in uris)]


async def heard(office: Office, *uris: str) -> int:
    """How many activities have come that name one of these."""
    async with office.services.database.reading() as session:
        bodies = list(await session.scalars(select(InboundActivity.body)))
    return sum(any(uri.encode() in body for uri in uris) for body in bodies)


async def talk_inside(pair: Pair, bob: Seat) -> list[dict[str, Any]]:
    """Everything that can be done with such a post, by its author and by a colleague; the statuses that it made."""
    ana, bea = pair.ana, pair.bea
    poll = {"options": ["yes", "no"], "expires_in": 600}
    inside = await ana.post(f"@{bea.acct} the #merger", local_only=True, poll=poll)
    assert (inside["local_only"], inside["visibility"]) == (True, "public")
    seen = await bob.again(inside)
    answer = await bob.post(f"@{ana.person.name} @{bea.acct} really?", in_reply_to_id=seen["id"])
    quote = await bob.post("Look at this", quoted_status_id=seen["id"])
    boost = await bob.act(seen, "reblog")
    assert [one["local_only"] for one in (answer, quote, boost)] == [True, True, True]
    await bob.act(seen, "favourite")
    await bob.do(f"/api/v1/polls/{seen['poll']['id']}/votes", {"choices": [0]})
    await ana.act(inside, "pin")
    await ana.edit(inside, status=f"@{bea.acct} the #merger is off")
    await ana.act(inside, "unpin")
    await ana.do(f"{STATUSES}/{inside['id']}/quotes/{quote['id']}/revoke")
    assert [one["uri"] for one in await bob.get("/api/v1/timelines/tag/merger")] == [inside["uri"]]
    return [inside, answer, quote, boost]


async def test_nothing_that_is_done_with_it_leaves_the_office(two_offices: TwoOffices) -> None:
    pair = await open_pair(two_offices)
    bob = await pair.seat(pair.madrid, "bob")
    await pair.bea.about(bob, "follow")
    made = await talk_inside(pair, bob)
    uris = [one["uri"] for one in made]
    assert await told(pair.madrid, *uris, "merger") == []
    assert await heard(pair.lisbon, *uris, "merger") == 0
    # The other office asks with its own signature, for the post and for every collection that could list it.
    actor = pair.ana.person.uri
    for path in (*uris, f"{uris[0]}/activity", f"{uris[0]}/replies?page=true"):
        found = await read_from(pair.lisbon, path)
        assert not any(uri in found for uri in uris), path
    for name in ("outbox?page=true", "collections/featured"):
        found = await read_from(pair.lisbon, f"{actor}/{name}")
        assert actor in found, name
        assert not any(uri in found for uri in uris), name
    for one in reversed(made):
        seat = bob if one["account"]["acct"] == "bob" else pair.ana
        await seat.api.delete(f"{STATUSES}/{one['id']}")
    await pair.ana.settle()
    assert await told(pair.madrid, *uris, "merger") == []


async def read_from(office: Office, url: str) -> str:
    """What an office gets of another with its own signature; empty when it gets nothing."""
    try:
        return orjson.dumps((await fetch_unidentified(office.services, url)).document).decode()
    except RemoteError:
        return ""


async def test_what_is_said_with_them_follows_a_person_s_default(two_offices: TwoOffices) -> None:
    pair = await open_pair(two_offices)
    ana, bea = pair.ana, pair.bea
    account = await ana.change(source={"local_only": True})
    assert account["source"]["local_only"] is True
    assert (await ana.get("/api/v1/preferences"))["posting:default:local_only"] is True
    assert (await ana.post("by default"))["local_only"] is True
    for more in ({"local_only": False}, {"visibility": "direct"}):
        told_bea = await ana.post(f"@{bea.acct} for you", **more)
        assert told_bea["local_only"] is False
    from_bea = await ana.sees((await bea.post("Olá"))["uri"])
    assert (await ana.post(f"@{bea.acct} hola", in_reply_to_id=from_bea["id"]))["local_only"] is False
    await ana.change(source={"local_only": False})
    assert (await ana.post("for all"))["local_only"] is False
