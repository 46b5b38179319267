"""What left by itself while the world was made: deliveries to each server, streams and pushes to each person."""

from sqlalchemy import select

from models.activities import Delivery, InboundActivity, OutboundActivity
from tests.leaks.cases import LISBON
from tests.leaks.judging import Judge


async def what_was_sent(judge: Judge) -> None:
    """Judge it all. What came to a server may be known by those of its people who may know it."""
    world = judge.world
    async with world.lisbon.services.database.reading() as session:
        bodies = list(await session.scalars(select(InboundActivity.body)))
    judge.hear("lisbon was sent", LISBON, b"\n".join(bodies), was_sent=True)
    for server, who in ((world.limited, "carol"), (world.narrowed, "nora"), (world.unknown, "eve")):
        received = b"\n".join(one.message.body or b"" for one in server.received)
        judge.hear(f"the server of {who} was sent", {who}, received, was_sent=True)
    async with world.madrid.services.database.reading() as session:
        sent = select(OutboundActivity.body).where(
            select(Delivery.id).where(Delivery.activity_id == OutboundActivity.id).exists()
        )
        queued = list(await session.scalars(sent))
    judge.hear("somebody is sent", {*LISBON, "carol"}, b"\n".join(queued), was_sent=True)
    assert queued
    assert bodies
    assert world.limited.received
    assert any(b"zqpublic" in (one.message.body or b"") for one in world.narrowed.received)
    for name in world.ears.sockets:
        judge.hear(f"{name} · streams", {name}, await world.ears.streamed(name), was_sent=True)
        judge.hear(f"{name} · pushes", {name}, world.ears.pushed(name), was_sent=True)
