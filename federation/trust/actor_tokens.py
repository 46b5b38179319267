"""A community's word about who asks (FEP-db0e): which community of another server vouches for the signer of a request.

It comes in `Authorization: ActivityPubActorToken {…}` and counts for the actor that signs the request and no other: a
token that was stolen is worth nothing without that actor's key. Its issuer is a community known here whose key made it;
nothing is fetched but that key, and only of such a community. What the token opens is decided where it is used.

A token that proves nothing is none: whoever presents one is told no more than whoever doesn't.
"""

from typing import Final

import structlog
from sqlalchemy import select

from federation.json_ld.strict_json import DocumentRefused, Limits, parse_document
from federation.services import Services
from federation.trust.key_cache import KnownKey
from federation.trust.key_finding import KeyOwnerGone, fetch_public_key, find_public_key
from federation.trust.origins import same_origin
from keys.actor_tokens import (
    AUTH_SCHEME,
    MAX_TOKEN_CHARACTERS,
    ActorToken,
    TokenRefused,
    check_signature,
    check_times,
    read_token,
)
from models.accounts import Account

log = structlog.get_logger(__name__)

_LIMITS: Final = Limits(body_bytes=MAX_TOKEN_CHARACTERS, depth=4, nodes=60, string_bytes=4_096)


def token_in(authorization: str | None) -> str | None:
    """The token in an Authorization header; None when there is none."""
    scheme, _, text = (authorization or "").partition(" ")
    return text.strip() if scheme.lower() == AUTH_SCHEME.lower() else None


def parse_token(text: str | bytes) -> ActorToken:
    """The token in JSON text. Raises TokenRefused."""
    try:
        return read_token(parse_document(text.encode() if isinstance(text, str) else text, _LIMITS))
    except (DocumentRefused, UnicodeEncodeError) as refused:
        raise TokenRefused("malformed", "not an actor token") from refused


async def vouched_by(services: Services, actor_uri: str, text: str) -> int | None:
    """The account of the community of another server that vouches for the signer; None when the token proves nothing.

    One SELECT, and the key as `find_public_key` has it.
    """
    try:
        return await _issuer_of(services, actor_uri, parse_token(text))
    except TokenRefused as refused:
        log.info("actor-token.refused", actor=actor_uri, reason=refused.reason, detail=str(refused))
        return None


async def _issuer_of(services: Services, actor_uri: str, token: ActorToken) -> int:
    if token.actor != actor_uri:
        raise TokenRefused("presented", "it was issued to somebody else")
    check_times(token, services.clock())
    if not same_origin(token.key_id, token.issuer) or not services.peers.allows_url(token.issuer):
        raise TokenRefused("issuer", "its key is not of its issuer, or its issuer is no peer")
    query = select(Account).where(Account.uri == token.issuer, Account.actor_type == "Group")
    async with services.database.reading() as session:
        group = await session.scalar(query)
    if group is None or group.is_local or not group.is_active:
        raise TokenRefused("issuer", "no community of another server that is known here")
    known = await _key(services, token)
    try:
        check_signature(token, known.public)
    except TokenRefused:
        if not services.peers.memory.keys.may_refetch(token.key_id, services.clock()):
            raise
        check_signature(token, (await _key(services, token, is_fresh=True)).public)
    return group.id


async def _key(services: Services, token: ActorToken, *, is_fresh: bool = False) -> KnownKey:
    try:
        known = await (fetch_public_key if is_fresh else find_public_key)(services, token.key_id)
    except KeyOwnerGone:
        known = None
    if known is None or known.actor_uri != token.issuer:
        raise TokenRefused("key", "its issuer has no such key")
    return known
