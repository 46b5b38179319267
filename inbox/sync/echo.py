"""What peers have from us, believed for our own word alone: each activity must carry the proof of its own actor.

A peer can hold things back, but it can't make anything up: without our key there is no proof. What was proven before
the time that we ask for is passed over, so that nobody can bring back last month's Like. What is known here, or was
taken back, stays as it is (`inbox.sync.replay`).

Each activity is one unit of work; one that fails is logged and costs nothing but itself.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import select

from federation.activity import Activity, id_of, parse_activity
from federation.json_ld import DocumentRefused, parse_document
from federation.json_ld.dates import parse_time
from federation.services import Services
from federation.sync.pages import PageEntry
from federation.trust.origins import same_origin
from federation.trust.proofs import is_proven
from inbox.handlers.create import status_references
from inbox.incoming import Incoming, References
from inbox.interpret import interpret
from inbox.prepare import prepare
from inbox.sync.replay import replay
from keys.integrity_proofs import ProofRefused, proofs_of
from models.accounts import Account
from models.activities import SHARED_INBOX
from models.collisions import repeat_on_collision

_ABOUT_STATUS: Final = frozenset({"Like", "EmojiReact", "Announce"})
_ABOUT_ACCOUNT: Final = frozenset({"Follow", "Block"})
_ANSWERS: Final = frozenset({"Accept", "Reject"})

log = structlog.get_logger(__name__)


async def restore_own(services: Services, entries: Sequence[PageEntry], since: datetime) -> None:
    """Do again what our accounts did, as far as it is missing."""
    refused: list[bytes] = []
    for entry in entries:
        activity = await _own_word(services, entry.body, since)
        if activity is None:
            log.info("sync.echo_refused", number=entry.number)
            refused.append(entry.body)
            continue
        try:
            await _restore(services, activity)
        except Exception:
            log.exception("an activity of ours could not be restored", activity=activity.id)
    await _tell_of_the_lost(services, {uri for body in refused if (uri := _actor_of(body)) is not None})


def _actor_of(body: bytes) -> str | None:
    try:
        return parse_activity(body).actor
    except DocumentRefused:
        return None


async def _own_word(services: Services, body: bytes, since: datetime) -> Activity | None:
    """The activity, when one of our accounts said it, and lately."""
    try:
        activity, document = parse_activity(body), parse_document(body)
        proofs = proofs_of(document)
    except (DocumentRefused, ProofRefused):
        return None
    is_ours = services.addresses.is_local(activity.actor)
    if activity.id is None or not is_ours or not same_origin(activity.id, activity.actor):
        return None
    times = [parse_time(proof.get("created")) for proof in proofs]
    if any(time is None or time < since for time in times):
        return None
    return activity if await is_proven(services, document, activity.actor) else None


async def _tell_of_the_lost(services: Services, actor_uris: set[str]) -> None:
    """Say which of our accounts peers know of and we don't: they were made after the backup, and don't come back."""
    async with services.database.reading() as session:
        known = set(await session.scalars(select(Account.uri).where(Account.uri.in_(actor_uris))))
    for uri in sorted(actor_uris - known):
        if services.addresses.is_local(uri):
            log.warning("sync.account_lost", account=uri)


async def _restore(services: Services, activity: Activity) -> None:
    incoming = interpret(activity, SHARED_INBOX, services.clock())
    incoming.references, incoming.inner = _references(incoming), []
    for fetch in await prepare(services, [incoming]):
        if fetch is not None:
            await fetch()

    async def once() -> None:
        async with services.database.unit_of_work() as unit:
            unit.is_restoring = True
            await replay(services, unit, incoming)

    await repeat_on_collision(once)


def _references(incoming: Incoming) -> References:
    """What has to be here first; what we did to others' posts and accounts needs these."""
    activity = incoming.activity
    if activity.type in ("Create", "Update"):
        return replace(
            status_references(incoming), statuses=status_references(incoming).statuses if incoming.draft else ()
        )
    if activity.type in _ABOUT_STATUS:
        return References(statuses=activity.object_ids[:1])
    if activity.type in _ABOUT_ACCOUNT:
        return References(accounts=activity.object_ids[:1])
    if activity.type in _ANSWERS and activity.object is not None:
        who = id_of(activity.object.get("actor"))
        return References(accounts=(who,) if who else ())
    return References()
