"""Posts of ours as their authors signed them, for archives: the bytes are made once and kept.

What was sent when the post was written serves for as long as the post wasn't edited and the key of its proof is still
listed. Otherwise the newest state is signed again, once, and rests in `archived_posts` until the next edit or the next
rotation. Nothing is signed while a page is asked for a second time.
"""

import asyncio
from collections.abc import Sequence

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from federation.documents import create_activity, create_uri
from federation.documents.bundles import load_bundles
from federation.services import Services
from keys.integrity_proofs import add_proof
from keys.keypairs import KeyKind
from models.accounts import Account, Keypair
from models.activities import OutboundActivity
from models.insertion import updating
from models.statuses import Status
from models.topics import ArchivedPost


async def archived_creates(services: Services, statuses: Sequence[Status]) -> dict[int, bytes]:
    """The Create of each of these statuses of ours, with a proof that holds today, by the id of the status."""
    async with services.database.reading() as session:
        found = await _kept(services, session, statuses)
        missing = [status for status in statuses if status.id not in found]
        bundles = await load_bundles(session, missing)
    rows = []
    for bundle in bundles.values():
        key = await services.keyring.signing_key(bundle.author.id, KeyKind.ED25519)
        document = create_activity(bundle, services.addresses)
        signed = add_proof(document, key=key.private, verification_method=key.key_id, now=services.clock())
        body = found[bundle.status.id] = orjson.dumps(signed)
        rows.append({"status_id": bundle.status.id, "key_id": key.key_id, "edited_at": bundle.status.edited_at,
                     "body": body})  # fmt: skip
        await asyncio.sleep(0)  # a page of signatures is some 100 ms: others get their turn
    if rows:
        async with services.database.unit_of_work() as unit:
            alive = set(await unit.session.scalars(select(Status.id).where(Status.id.in_(bundles))))
            is_sqlite = services.database.is_sqlite
            statement = updating(is_sqlite, ArchivedPost, ("status_id",), ("key_id", "edited_at", "body"))
            kept = [row for row in rows if row["status_id"] in alive]
            if kept:
                await unit.session.execute(statement, kept)
    return found


async def words_of_others(session: AsyncSession, statuses: Sequence[Status]) -> dict[int, bytes]:
    """What authors from elsewhere said of these posts in communities of ours, where it was kept in its newest state."""
    edited_at = {status.id: status.edited_at for status in statuses}
    rows = await session.scalars(select(ArchivedPost).where(ArchivedPost.status_id.in_(list(edited_at))))
    return {row.status_id: row.body for row in rows if row.edited_at == edited_at[row.status_id]}


async def _kept(services: Services, session: AsyncSession, statuses: Sequence[Status]) -> dict[int, bytes]:
    """What can be given away as it is: three queries."""
    ids = [status.id for status in statuses]
    authors = sorted({status.account_id for status in statuses})
    now = services.clock()
    keys = await session.scalars(
        select(Keypair.key_id)
        .join(Account, Account.id == Keypair.account_id)
        .where(Keypair.account_id.in_(authors), Keypair.kind == KeyKind.ED25519.value)
        .where((Keypair.expires_at.is_(None)) | (Keypair.expires_at > now), Keypair.retired_at.is_(None))
    )
    valid = set(keys)
    sent = select(OutboundActivity.status_id, OutboundActivity.uri, OutboundActivity.body).where(
        OutboundActivity.status_id.in_([status.id for status in statuses if status.edited_at is None]),
        OutboundActivity.activity_type == "Create",
    )
    by_id = {status.id: status for status in statuses}
    found = {
        row.status_id: row.body
        for row in await session.execute(sent)
        if row.uri == create_uri(by_id[row.status_id].uri) and _key_of(row.body) in valid
    }
    for row in await session.scalars(select(ArchivedPost).where(ArchivedPost.status_id.in_(ids))):
        if row.key_id in valid and row.edited_at == by_id[row.status_id].edited_at:
            found[row.status_id] = row.body
    return found


def _key_of(body: bytes) -> str | None:
    """The key of the proof, which is the last member of what we send."""
    place = body.rfind(b'"verificationMethod":"')
    if place < 0:
        return None
    start = place + len(b'"verificationMethod":"')
    return body[start : body.index(b'"', start)].decode()
