"""What an instance says of itself to the administrators of another one: its card.

A card is told in two ways that have to agree: by the instance's public entrances (WebFinger, NodeInfo, the document of
its instance actor) to whoever asks, and in the `Peering` object of a proposal or its acceptance, which the instance key
signs. Pure, but for `own_card`.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from federation.documents.actor import PEERING, multikeys
from federation.json_ld.strict_json import JsonObject
from federation.peers import domain_of
from federation.services import Services
from keys.keypairs import KeyRejected, PublicKey
from models.accounts import INSTANCE_ACTOR_ID
from models.peers import Peer
from models.values import dataclass
from policy.domains import normalise_domain
from social.drafts import ActorDraft, PublicKeyDraft

MAX_TEXT: Final = 200
MAX_KEYS: Final = 8
ED25519_MULTIBASE: Final = "z6Mk"
_GROUP: Final = 4
_FINGERPRINT_DIGITS: Final = 32


class CardRefused(Exception):
    """What was said can't be a card; the message says why."""


@dataclass(frozen=True, slots=True)
class InstanceCard:
    """One instance: `domain` is the host of its actor in normal form, `instance_keys` are as in `Peer`."""

    domain: str
    actor_uri: str
    inbox_url: str
    instance_keys: tuple[dict[str, str], ...]
    handle_domain: str = ""
    legal_name: str = ""
    region: str = ""
    contact: str = ""
    software: str = ""
    software_version: str = ""
    implements: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.instance_keys)

    @property
    def knows_peering(self) -> bool:
        """Whether it says that it makes the handshake."""
        return PEERING in self.implements

    def has_keys_of(self, other_keys: Iterable[dict[str, Any]]) -> bool:
        """Whether the instance keys are exactly these."""
        return multibases(self.instance_keys) == multibases(other_keys)


def multibases(instance_keys: Iterable[dict[str, Any]]) -> frozenset[str]:
    """The key material of rows of `Peer.instance_keys`."""
    return frozenset(str(key["multibase"]) for key in instance_keys)


def fingerprint(instance_keys: Sequence[dict[str, Any]]) -> str:
    """What two administrators compare on the telephone: 128 bits of SHA-256 over the key that proves, in groups of 4.

    The first Ed25519 key; every other one is vouched for by its signature. Of instances without one: the first key.
    """
    proving = [key for key in instance_keys if key["multibase"].startswith(ED25519_MULTIBASE)] or list(instance_keys)
    if not proving:
        return ""
    digits = hashlib.sha256(proving[0]["multibase"].encode()).hexdigest()[:_FINGERPRINT_DIGITS]
    return " ".join(digits[start : start + _GROUP] for start in range(0, len(digits), _GROUP))


async def own_card(services: Services, session: AsyncSession) -> InstanceCard:
    """Our own card: one SELECT."""
    listed = await services.keyring.public_keys(session, INSTANCE_ACTOR_ID)
    addresses, settings = services.addresses, services.settings
    return InstanceCard(
        domain=domain_of(addresses.origin),
        actor_uri=addresses.instance_actor,
        inbox_url=addresses.part(addresses.instance_actor, "inbox"),
        instance_keys=tuple(
            {"id": key["id"], "multibase": key["publicKeyMultibase"]}
            for key in multikeys(addresses.instance_actor, listed)
        ),
        handle_domain=normalise_domain(addresses.domain),
        legal_name=settings.legal_name,
        region=settings.region,
        contact=settings.contact_email,
        software="tertulia",
        software_version=settings.software_version,
        implements=(PEERING,),
    )


def peering_object(card: InstanceCard) -> JsonObject:
    """The card as it is sent: a `Peering` (our own vocabulary), without an id."""
    return {
        "type": "Peering",
        "attributedTo": card.actor_uri,
        "domain": card.domain,
        "handleDomain": card.handle_domain,
        "legalName": card.legal_name,
        "region": card.region,
        "contact": card.contact,
        "software": card.software,
        "softwareVersion": card.software_version,
        "assertionMethod": [
            {
                "id": key["id"],
                "type": "Multikey",
                "controller": card.actor_uri,
                "publicKeyMultibase": key["multibase"],
            }
            for key in card.instance_keys
        ],
    }


def card_from(document: Any, *, actor_uri: str, inbox_url: str) -> InstanceCard:
    """The card in a normalised `Peering` object that `actor_uri` sent. Raises CardRefused."""
    if not isinstance(document, dict) or document.get("type") != "Peering":
        raise CardRefused("the proposal holds no Peering")
    domain = domain_of(actor_uri)
    if document.get("attributedTo") != actor_uri or _domain(document.get("domain")) != domain:
        raise CardRefused("the Peering is about another instance than the one that sent it")
    keys = [_key(node, actor_uri) for node in document.get("assertionMethod", ())]
    if not 0 < len(keys) <= MAX_KEYS:
        raise CardRefused("the Peering lists no keys, or too many")
    return InstanceCard(
        domain=domain,
        actor_uri=actor_uri,
        inbox_url=inbox_url,
        instance_keys=tuple(keys),
        handle_domain=_domain(document.get("handleDomain")),
        implements=(PEERING,),
        **{name: text(document.get(term)) for name, term in _TEXTS.items()},
    )


_TEXTS: Final = {
    "legal_name": "legalName", "region": "region", "contact": "contact", "software": "software",
    "software_version": "softwareVersion",
}  # fmt: skip


def usable_key(key_id: object, multibase: object) -> dict[str, str] | None:
    """A row of `Peer.instance_keys`; None for what is no key that could verify anything."""
    try:
        key = PublicKey.from_multibase(str(multibase))
    except KeyRejected:
        return None
    return {"id": str(key_id), "multibase": key.multibase}


def keys_of(draft: ActorDraft) -> tuple[dict[str, str], ...]:
    """The keys that an actor lists, each once, Ed25519 first, as rows of `Peer.instance_keys`."""
    found = {key["multibase"]: key for one in draft.public_keys if (key := _row(one)) is not None}
    return tuple(sorted(found.values(), key=lambda key: not key["multibase"].startswith(ED25519_MULTIBASE)))


def _row(key: PublicKeyDraft) -> dict[str, str] | None:
    if not key.pem:
        return usable_key(key.key_id, key.multibase)
    try:
        return {"id": key.key_id, "multibase": PublicKey.from_pem(key.pem).multibase}
    except KeyRejected:
        return None


def text(value: object) -> str:
    """One line that somebody else wrote, as it is shown: without control characters, bounded."""
    return "".join(c if c.isprintable() else " " for c in value).strip()[:MAX_TEXT] if isinstance(value, str) else ""


def put_card(peer: Peer, card: InstanceCard) -> None:
    """Write down what the instance says of itself, its keys included."""
    for name in ("actor_uri", "inbox_url", "handle_domain", *_TEXTS, "fingerprint"):
        setattr(peer, name, getattr(card, name))
    peer.instance_keys, peer.implements = list(card.instance_keys), list(card.implements)


def _key(node: JsonObject, actor_uri: str) -> dict[str, str]:
    key = usable_key(node.get("id"), node.get("publicKeyMultibase"))
    if key is None or node.get("controller") != actor_uri or domain_of(key["id"]) != domain_of(actor_uri):
        raise CardRefused("the Peering lists a key that can't be the instance's")
    return key


def _domain(value: object) -> str:
    try:
        return normalise_domain(value) if isinstance(value, str) else ""
    except ValueError:
        return ""
