"""Who sent this request? The one entrance to both signature schemes.

`verify_request` judges everything that needs no key first (form, size, coverage, times, body digest), then asks the
caller for the key, then does the arithmetic. It raises SignatureRefused, or what `find_key` raises, and nothing else.

It does not decide whether the key's owner may say what the body says, nor whether the signature was seen before: the
first is the caller's (`key_id`), for the second there are `replay_token`, `valid_until` and `keys.replay.ReplayCache`.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from keys import draft_cavage, message_signatures
from keys.claims import Claim, Proven, SchemeName, replay_token
from keys.keypairs import PublicKey
from keys.refusals import Refusal as Refusal
from keys.refusals import SignatureRefused as SignatureRefused
from keys.requests import HttpMessage
from keys.windows import DEFAULT_POLICY as DEFAULT_POLICY
from keys.windows import SignaturePolicy as SignaturePolicy
from keys.windows import as_datetime

FindKey = Callable[[str], Awaitable[PublicKey | None]]


class VerifiedSignature(NamedTuple):
    """A signature that holds. `algorithm` is RFC 9421's name in both schemes; times are aware UTC.

    `replay_token` is the same for every copy of the request, whatever its encoding; from `valid_until` on a copy would
    be refused for its age. `components` is what was covered, `nonce` what a challenge asked for (RFC 9421 §5).
    """

    key_id: str
    scheme: SchemeName
    algorithm: str
    created_at: datetime | None
    expires_at: datetime | None
    replay_token: bytes
    valid_until: datetime
    nonce: str | None = None
    components: tuple[str, ...] = ()


async def verify_request(
    message: HttpMessage, *, find_key: FindKey, now: datetime, policy: SignaturePolicy = DEFAULT_POLICY
) -> VerifiedSignature:
    """Verify by RFC 9421 when there is a Signature-Input header, else by draft-cavage-12.

    Of several RFC 9421 signatures the first in header order that holds is the answer. `find_key` is awaited once a key
    id, at most `policy.max_signatures` times, and only for signatures that pass every other check. When none holds,
    the refusal says "wrong" if any key was found: the caller may look for a rotated key once and try again.
    """
    found: dict[str, PublicKey | None] = {}
    refusal: SignatureRefused | None = None
    for claim in _read_claims(message, now.timestamp(), policy):
        key_id = claim.terms.key_id
        if key_id not in found:
            found[key_id] = await find_key(key_id)
        try:
            return _verified(claim, _prove(claim, found[key_id]))
        except SignatureRefused as refused:
            refused.key_id = key_id
            if refusal is None or refusal.reason is Refusal.UNKNOWN_KEY:
                refusal = refused
    assert refusal is not None  # _read_claims gives at least one claim
    raise refusal


def signature_key_ids(message: HttpMessage) -> list[str]:
    """The key ids that the signature headers name, unverified, in order; empty when there is nothing to read."""
    try:
        _check_form(message, DEFAULT_POLICY)
        if "signature-input" not in message.fields:
            named: Sequence[object] = [draft_cavage.read_parameters(message).get("keyId")]
        else:
            inputs, _ = message_signatures.read_dictionaries(message)
            named = [member[1].get("keyid") for member in inputs.values()]
    except SignatureRefused:
        return []
    return list(dict.fromkeys(key_id for key_id in named if isinstance(key_id, str) and key_id))


def _read_claims(message: HttpMessage, now: float, policy: SignaturePolicy) -> Sequence[Claim]:
    _check_form(message, policy)
    if "signature-input" in message.fields:
        return message_signatures.read_claims(message, now, policy)
    return [draft_cavage.read_claim(message, now, policy)]


def _check_form(message: HttpMessage, policy: SignaturePolicy) -> None:
    if "signature" not in message.fields:
        raise SignatureRefused(Refusal.MISSING, "the request is not signed")
    if not message.is_well_formed:
        raise SignatureRefused(Refusal.MALFORMED, "not a request to an origin server")
    for name in ("signature", "signature-input"):
        if sum(map(len, message.fields.get(name, ()))) > policy.max_header_characters:
            raise SignatureRefused(Refusal.TOO_LARGE, "signature headers too long")


def _prove(claim: Claim, key: PublicKey | None) -> Proven:
    if key is None:
        raise SignatureRefused(Refusal.UNKNOWN_KEY, "the key can't be found")
    proven = claim.prove(key)
    if proven is None:
        raise SignatureRefused(Refusal.WRONG, "not this key's signature")
    return proven


def _verified(claim: Claim, proven: Proven) -> VerifiedSignature:
    terms = claim.terms
    return VerifiedSignature(
        key_id=terms.key_id,
        scheme=terms.scheme,
        algorithm=proven.algorithm,
        created_at=as_datetime(terms.created),
        expires_at=None if terms.expires is None else as_datetime(terms.expires),
        replay_token=replay_token(terms.key_id, proven.signed),
        valid_until=terms.valid_until,
        nonce=terms.nonce,
        components=terms.components,
    )
