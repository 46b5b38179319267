"""Receiving: verify who says it, journal it, and only then say 202.

Letters between instances about being peers have a door of their own (`inbox.peering`): strangers may write them.

The order is the order of cost. Size and form come first, then the peer (is it one of ours, is it too loud), then the
signature, then whether the signer may speak for the activity's actor and id. A forged activity is refused and never
stored; an accepted one is never lost. Nothing is interpreted here: that is `inbox.process`.
"""

from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from sqlalchemy import select

from federation.activity import Activity, activity_from
from federation.json_ld import DocumentRefused, JsonObject, normalise, parse_document
from federation.services import Services
from federation.serving.read_gate import exists_for, reader_of
from federation.trust.authentication import ActorGone, PeerRefused, Requester, authenticate
from federation.trust.origins import same_origin
from federation.trust.proofs import breaks_own_proof, is_proven_by_actor
from inbox.journal import Journal
from inbox.peering import is_letter, take_letter
from inbox.refusals import InboxRefused
from inbox.rotation import note_rotation
from inbox.sync.receipts import mark_of
from keys.refusals import SignatureRefused
from keys.requests import HttpMessage
from keys.verification import signature_key_ids
from models.accounts import Account
from models.activities import SHARED_INBOX
from models.questions import Question, among
from policy.authority import may_be_passed_on
from policy.domains import normalise_domain
from policy.rates import MinuteRates

MAX_ID = 1 << 63
_NO_RATES = MinuteRates()
_OWNERS = Question(
    select(Account.id, Account.domain, Account.actor_type, Account.gone_at).where(among(Account.id, "inbox_ids"))
)


async def receive(services: Services, journal: Journal, message: HttpMessage, inbox_id: int) -> Requester | None:
    """Accept one POST to an inbox; returns who sent it, or None when it was accepted without effect.

    Raises InboxRefused with the HTTP status to answer.
    """
    document, activity = _parse(message.body)
    key_ids = signature_key_ids(message)
    _check_noise(services, key_ids)
    if is_letter(activity):
        await take_letter(services, message, activity, inbox_id)
        return None
    is_rotation = await note_rotation(services, activity)
    if await _is_farewell_of_a_stranger(services, activity):
        return None
    try:
        requester = await authenticate(services, message, claimed_actor=activity.actor, key_ids=key_ids)
    except ActorGone:
        if activity.type == "Delete":
            return None  # the account that deletes itself can't be asked for its key any more
        raise InboxRefused(401, "actor-gone", "The actor that signed this no longer exists.") from None
    except PeerRefused as error:
        raise InboxRefused(403, "peer", str(error)) from None
    except SignatureRefused as error:
        raise InboxRefused(401, f"signature-{error.reason}", error.detail) from None
    _check_rate(services, requester.host)
    await _check_authority(services, requester, activity, document, is_rotation=is_rotation)
    await _check_inbox(services, requester, inbox_id)
    mark = mark_of(services, message, requester)
    if activity.actor != requester.actor_uri and await journal.knows(activity.dedup_key):
        if mark is not None:
            await journal.note(requester.host, mark)
        return requester  # passed on again by somebody: it has been said, to whichever inbox
    await journal.append(activity, inbox_id=inbox_id, host=requester.host, mark=mark)
    services.hosts.heard_from(requester.host)
    return requester


def _parse(body: bytes) -> tuple[JsonObject, Activity]:
    """What the bytes say, and what it means."""
    try:
        document = parse_document(body)
        return document, activity_from(normalise(document), body)
    except DocumentRefused as error:
        raise InboxRefused(413 if error.too_large else 400, f"document-{error.reason}", error.detail) from None


async def _is_farewell_of_a_stranger(services: Services, activity: Activity) -> bool:
    """A Delete of itself by an actor that we never heard of: nothing to do, and no key worth asking for (S31)."""
    if activity.type != "Delete" or activity.object_id != activity.actor:
        return False
    async with services.database.reading() as session:
        return (await session.scalar(select(Account.id).where(Account.uri == activity.actor))) is None


def claimed_host(message: HttpMessage | None) -> str | None:
    """Who a request says to be from, in normal form; anybody can write any host into a key id."""
    key_ids = signature_key_ids(message) if message is not None else []
    return _host_of(key_ids[0]) if key_ids else None


@lru_cache(maxsize=256)
def _host_of(key_id: str) -> str | None:
    try:
        return normalise_domain(urlsplit(key_id).netloc)
    except ValueError:
        return None


def _check_noise(services: Services, key_ids: Sequence[str]) -> None:
    """Turn away a host that has used up its share, before its signature is looked at.

    Nothing is taken from the share here: anybody can write any host into a key id.
    """
    host = _host_of(key_ids[0]) if key_ids else None
    if host:
        now = services.clock()
        _refuse_noise(services.rates.wait(host, now) or _own_rate(services).wait(host, now))


def _check_rate(services: Services, host: str) -> None:
    """Take one from the share of the host that did sign."""
    now = services.clock()
    _refuse_noise(services.rates.check(host, now) or _own_rate(services).check(host, now))


def _own_rate(services: Services) -> MinuteRates:
    """The rates that administrators gave single peers; none where nobody shall be slowed down."""
    return services.peers.inbound_rates if services.rates.is_on else _NO_RATES


def _refuse_noise(wait_seconds: float | None) -> None:
    if wait_seconds is not None:
        raise InboxRefused(429, "rate", "Too many activities from your instance; please slow down.", wait_seconds)


async def _check_inbox(services: Services, requester: Requester, inbox_id: int) -> None:
    """Whose inbox it is: asked last, so that only who signs learns which accounts exist (N23); of a hidden community,
    only the servers of its members and of whom it has invited."""
    if inbox_id == SHARED_INBOX:
        return
    if inbox_id < MAX_ID:
        rows = await services.database.glance_together(_OWNERS, "inbox_ids", [inbox_id])
        if any(domain is None and kind != "Group" and gone_at is None for _, domain, kind, gone_at in rows):
            return
    async with services.database.reading() as session:
        owner = await session.get(Account, inbox_id) if inbox_id < MAX_ID else None
        reader = reader_of(services, requester)
        is_there = owner is not None and owner.is_local and await exists_for(session, reader, owner)
    if owner is None or not is_there:
        raise InboxRefused(404, "no-inbox", "There is no account here with this inbox.")
    if owner.gone_at is not None:
        raise InboxRefused(410, "gone", "The account has been deleted.")


async def _check_authority(
    services: Services, requester: Requester, activity: Activity, document: JsonObject, *, is_rotation: bool
) -> None:
    if services.addresses.is_local(activity.actor):
        raise InboxRefused(403, "own-actor", "The actor is one of ours, and ours don't write to us this way.")
    if activity.actor == requester.actor_uri:
        # The proof of a rotation held under the old key, whose id may already belong to the new one.
        if not is_rotation and await breaks_own_proof(services, activity, document):
            raise InboxRefused(401, "proof", "The activity carries a proof by its actor that doesn't hold.")
    elif not may_be_passed_on(activity.type, activity.actor, activity.object_id) or not await is_proven_by_actor(
        services, activity
    ):
        raise InboxRefused(
            401,
            "different-actor",
            f"The request is signed by {requester.actor_uri}, the activity is by {activity.actor}, and carries "
            "no proof of its own.",
        )
    if activity.id is not None and not same_origin(activity.id, activity.actor):
        raise InboxRefused(403, "foreign-id", "The activity's id doesn't belong to the server of its actor.")
