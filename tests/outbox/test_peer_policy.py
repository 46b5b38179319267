"""A peer with a policy never gets what it may not: by delivery, reply, boost, fetch, archive or log, queued or new."""

from typing import Any

import orjson
import pytest
from sqlalchemy import select

from federation.client import RemoteError
from federation.dereference import fetch_document
from inbox.sync.catch_up import request_catch_up
from models.activities import Delivery
from models.peers import Peer
from models.statuses import Status
from outbox.peering.policies import PolicyRefused, change_policy
from tests.api.across import STATUSES, Json, Pair, body, open_pair
from tests.graph import count
from tests.peers import Office, run_until_idle


@pytest.fixture
async def pair(two_offices: tuple[Office, Office]) -> Pair:
    return await open_pair(two_offices)


async def narrow(here: Office, there: Office, **changes: Any) -> None:
    async with here.services.database.unit_of_work() as unit:
        await change_policy(here.services, unit, await unit.session.get_one(Peer, there.domain), changes)


async def readable(there: Office, uri: str) -> dict[str, Any] | None:
    """What the instance actor of an office gets under an address of another one."""
    try:
        found: dict[str, Any] = orjson.loads((await fetch_document(there.services, uri)).raw)
    except RemoteError:
        return None
    return found


async def has(office: Office, status: Json) -> bool:
    return await count(office, Status, Status.uri == status["uri"]) == 1


async def test_what_a_policy_keeps_from_a_peer_reaches_it_on_no_way(pair: Pair) -> None:
    madrid, lisbon = pair.offices
    carl = await pair.seat(madrid, "carl")
    theirs = await pair.bea.post("Olá")
    answered = await pair.ana.sees(theirs["uri"])
    await narrow(madrid, lisbon, visibilities=["public", "unlisted"], topics=["#Calidad"])
    await pair.bea.about(carl, "follow")

    fine = await pair.ana.post("Bueno #calidad")
    plain = await pair.ana.post("Sin etiqueta", visibility="unlisted")
    secret = await pair.ana.post("No #calidad #secreto")
    private = await pair.ana.post("Para mis seguidores", visibility="private")
    direct = await pair.ana.post(f"@{pair.bea.acct} en privado", visibility="direct")
    reply = await pair.ana.post(f"@{pair.bea.acct} #secreto", in_reply_to_id=answered["id"])
    boosted = await pair.ana.act(await carl.post("Otro #secreto"), "reblog")
    passed_on = await pair.ana.act(await carl.post("Otra cosa"), "reblog")
    assert [await has(lisbon, one) for one in (fine, plain, passed_on["reblog"])] == [True, True, True]
    kept = (secret, private, direct, reply, boosted, boosted["reblog"])
    assert [await has(lisbon, one) for one in kept] == [False] * 6
    assert await count(madrid, Delivery, Delivery.state != "done", Delivery.host == lisbon.domain) == 0

    assert await readable(lisbon, fine["uri"]) is not None
    assert [await readable(lisbon, one["uri"]) for one in kept] == [None] * 6
    assert [await readable(lisbon, f"{one['uri']}/activity") for one in kept[:4]] == [None] * 4
    outbox = await readable(lisbon, f"{pair.ana.person.outbox_url}?page=true")
    assert outbox is not None
    text = str(outbox)
    assert fine["uri"] in text and not any(one["uri"] in text for one in kept)  # noqa: PT018
    archive = await readable(lisbon, f"{madrid.origin}/tags/calidad/outbox?page=true")
    assert fine["uri"] in str(archive) and secret["uri"] not in str(archive)  # noqa: PT018
    size = await readable(lisbon, f"{madrid.origin}/tags/calidad/outbox")
    assert size is not None and size["totalItems"] == 1  # noqa: PT018
    assert await readable(lisbon, f"{madrid.origin}/tags/secreto/outbox") is None
    assert await readable(lisbon, f"{madrid.origin}/tags/secreto") is None

    # An edit that adds what is forbidden stays; the deletion goes, whatever the rules say.
    await pair.ana.edit(fine, status="Bueno #calidad #secreto")
    assert "secreto" not in (await pair.bea.sees(fine["uri"]))["content"]
    assert await readable(lisbon, fine["uri"]) is None
    body(await pair.ana.api.delete(f"{STATUSES}/{fine['id']}"))
    await pair.ana.settle()
    assert not await has(lisbon, fine)

    await narrow(madrid, lisbon, visibilities=None, topics=None)
    after = await pair.ana.post("Otra vez #secreto")
    assert await has(lisbon, after)
    assert await readable(lisbon, secret["uri"]) is not None


async def test_a_policy_holds_for_what_waits_and_for_the_log(pair: Pair) -> None:
    madrid, lisbon = pair.offices
    written = [body(await pair.ana.api.post(STATUSES, {"status": f"{number} #obra"})) for number in range(3)]
    told = body(await pair.ana.api.post(STATUSES, {"status": "Sin etiqueta"}))
    await narrow(madrid, lisbon, topics=[])
    await run_until_idle(madrid, lisbon)
    assert [await has(lisbon, one) for one in written] == [False] * 3
    assert await has(lisbon, told)
    assert await count(madrid, Delivery, Delivery.state == "dropped") == 3
    async with madrid.services.database.unit_of_work() as unit:  # as if they had been sent before the rules were made
        for row in (await unit.session.scalars(select(Delivery).where(Delivery.state == "dropped"))).all():
            row.state = "done"
    await request_catch_up(lisbon.services, [madrid.domain])
    await run_until_idle(madrid, lisbon)
    assert [await has(lisbon, one) for one in written] == [False] * 3

    await narrow(madrid, lisbon, topics=None)
    assert await has(lisbon, await pair.ana.post("Libre #obra"))


@pytest.mark.parametrize("decision", ["suspend", "end"])
async def test_what_waits_for_a_suspended_or_ended_peer_is_never_sent(pair: Pair, decision: str) -> None:
    madrid, lisbon = pair.offices
    waiting = body(await pair.ana.api.post(STATUSES, {"status": "Ya no"}))
    async with madrid.services.database.unit_of_work() as unit:
        await getattr(madrid.services.peers, decision)(unit, lisbon.domain)
    await run_until_idle(madrid, lisbon)
    assert not await has(lisbon, waiting)
    assert await readable(lisbon, waiting["uri"]) is None


async def test_boosts_by_a_narrowed_peer_have_no_effect_and_its_rate_is_kept(pair: Pair) -> None:
    madrid, lisbon = pair.offices
    first, second = await pair.ana.post("Uno"), await pair.ana.post("Dos")
    await pair.bea.act(await pair.bea.sees(first["uri"]), "reblog")
    assert (await pair.ana.again(first))["reblogs_count"] == 1
    await narrow(madrid, lisbon, boosts=False)
    await pair.bea.act(await pair.bea.sees(second["uri"]), "reblog")
    await pair.bea.act(await pair.bea.sees(second["uri"]), "favourite")
    seen = await pair.ana.again(second)
    assert (seen["reblogs_count"], seen["favourites_count"]) == (0, 1)

    await narrow(madrid, lisbon, inbound_per_minute=2)
    for number in range(4):
        body(await pair.bea.api.post(STATUSES, {"status": f"Número {number}"}))
    await run_until_idle(madrid, lisbon)
    assert await count(lisbon, Delivery, Delivery.state == "queued", Delivery.last_status == 429) >= 1
    home = await pair.ana.home()
    assert len([one for one in home if "Número" in one["content"]]) == 2


async def test_a_narrowed_peer_is_sent_so_many_a_minute(pair: Pair) -> None:
    madrid, lisbon = pair.offices
    await narrow(madrid, lisbon, outbound_per_minute=2)
    for number in range(8):
        body(await pair.ana.api.post(STATUSES, {"status": f"Número {number}"}))
    await run_until_idle(madrid, lisbon)
    waiting = await count(madrid, Delivery, Delivery.state == "queued")
    assert 1 <= waiting <= 6  # two at once, and those that were under way with them


@pytest.mark.parametrize(
    "changes", [{"visibilities": ["everybody"]}, {"topics": ["#!"]}, {"communities": ["nadie"]},
                {"inbound_per_minute": 0}, {"topics": ["a"] * 501}],
)  # fmt: skip
async def test_a_policy_that_names_what_is_not_there_is_refused(
    two_offices: tuple[Office, Office], changes: Any
) -> None:
    madrid, lisbon = two_offices
    with pytest.raises(PolicyRefused):
        await narrow(madrid, lisbon, **changes)
