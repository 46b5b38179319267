"""The `@context` of everything we send: one constant for each class of document, at the top of it and nowhere else.

Three rules. Only contexts that every careful peer carries with it are named by URL, so that nobody has to fetch one
to read us; what they lack is defined inline, term by term, under the IRIs that the rest of the network uses. Every
activity's context has the terms of a proof (FEP-8b32), because every activity gets one. And all of them only name
terms: peers with a JSON-LD processor and peers without one read the same document (a test compares both readings).
"""

from collections.abc import Mapping
from typing import Any, Final

from federation.contexts import AS2_URL

Context = list[str | dict[str, Any]]

_PROOF: Final = "https://w3id.org/security/data-integrity/v2"
_REFERENCE: Final = "@id"


def _reference(iri: str) -> dict[str, str]:
    return {"@id": iri, "@type": _REFERENCE}


_EMOJI: Final[Mapping[str, Any]] = {"toot": "http://joinmastodon.org/ns#", "Emoji": "toot:Emoji"}

_POLICY: Final[Mapping[str, Any]] = {
    "gts": "https://gotosocial.org/ns#",
    "interactionPolicy": _reference("gts:interactionPolicy"),
    "canQuote": _reference("gts:canQuote"),
    "automaticApproval": _reference("gts:automaticApproval"),
    "manualApproval": _reference("gts:manualApproval"),
}

_STATUS: Final[Mapping[str, Any]] = {
    **_EMOJI,
    "Hashtag": "as:Hashtag",
    "sensitive": "as:sensitive",
    "blurhash": "toot:blurhash",
    "focalPoint": {"@id": "toot:focalPoint", "@container": "@list"},
    "votersCount": "toot:votersCount",
    "conversation": "http://ostatus.org#conversation",
    "quote": _reference("https://w3id.org/fep/044f#quote"),
    "quoteAuthorization": _reference("https://w3id.org/fep/044f#quoteAuthorization"),
    "quoteUri": "http://fedibird.com/ns#quoteUri",
    "_misskey_quote": "https://misskey-hub.net/ns#_misskey_quote",
    **_POLICY,
}

_EVENT: Final[Mapping[str, Any]] = {
    "mz": "https://joinmobilizon.org/ns#",
    "timezone": "mz:timezone",
    "joinMode": "mz:joinMode",
    "isOnline": "mz:isOnline",
    "ical": "http://www.w3.org/2002/12/cal/ical#",
    "status": "ical:status",
    "schema": "http://schema.org/",
    "address": "schema:address",
    "maximumAttendeeCapacity": "schema:maximumAttendeeCapacity",
}

_QUOTES: Final[Mapping[str, Any]] = {
    "QuoteRequest": "https://w3id.org/fep/044f#QuoteRequest",
    "QuoteAuthorization": "https://w3id.org/fep/044f#QuoteAuthorization",
    "gts": "https://gotosocial.org/ns#",
    "interactingObject": _reference("gts:interactingObject"),
    "interactionTarget": _reference("gts:interactionTarget"),
}

_ACTOR: Final[Mapping[str, Any]] = {
    **_EMOJI,
    "Hashtag": "as:Hashtag",
    "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
    "movedTo": _reference("as:movedTo"),
    "featured": _reference("toot:featured"),
    "featuredTags": _reference("toot:featuredTags"),
    "discoverable": "toot:discoverable",
    "indexable": "toot:indexable",
    "suspended": "toot:suspended",
    "attributionDomains": _reference("toot:attributionDomains"),
    "schema": "http://schema.org#",
    "PropertyValue": "schema:PropertyValue",
    "value": "schema:value",
    "implements": _reference("https://w3id.org/fep/844e#implements"),
    "webfinger": "https://purl.archive.org/socialweb/webfinger#webfinger",
    "lemmy": "https://join-lemmy.org/ns#",
    "moderators": _reference("lemmy:moderators"),
    "postingRestrictedToMods": "lemmy:postingRestrictedToMods",
}

_LEMMY: Final[Mapping[str, Any]] = {"lemmy": "https://join-lemmy.org/ns#"}


def _ours(*names: str) -> dict[str, str]:
    return {"tertulia": "urn:tertulia:", **{name: f"tertulia:{name}" for name in names}}


ACTIVITY: Final[Context] = [AS2_URL, _PROOF]
"""Activities that only name things: Follow, Accept, Undo, Like, Announce, Block, Delete, Move, Flag."""

REACTION: Final[Context] = [AS2_URL, _PROOF, {"EmojiReact": "http://litepub.social/ns#EmojiReact", **_EMOJI}]
"""EmojiReact and the emoji in it (FEP-c0e0)."""

STATUS: Final[Context] = [AS2_URL, _PROOF, dict(_STATUS)]
"""Notes, questions and articles, and the activities and collections that hold them."""

EVENT: Final[Context] = [AS2_URL, _PROOF, {**_STATUS, **_EVENT}]
"""Events (FEP-8a8e, in Mobilizon's words)."""

QUOTE: Final[Context] = [AS2_URL, _PROOF, {**_STATUS, **_QUOTES}]
"""QuoteRequest, its answers, and QuoteAuthorization (FEP-044f)."""

ACTOR: Final[Context] = [AS2_URL, "https://w3id.org/security/v1", "https://www.w3.org/ns/cid/v1", _PROOF, dict(_ACTOR)]
"""Actors and what carries one: keys for draft-cavage in `publicKey`, Multikeys in `assertionMethod` (FEP-521a)."""

GROUP: Final[Context] = [
    *ACTOR[:-1],
    {
        **_ACTOR,
        **_ours("communityKind", "isPrivate", "posting", "rules", "archived", "defaultFor"),
        "sm": "http://smithereen.software/ns#",
        "actorToken": _reference("sm:actorToken"),
    },
]
"""Communities of ours, and what carries one: an actor with what peers know of it besides (docs/FEDERATION.md)."""

MODERATION: Final[Context] = [
    AS2_URL,
    _PROOF,
    {
        **_LEMMY,
        "Lock": "lemmy:Lock",
        "Resolve": "lemmy:Resolve",
        "removeData": "lemmy:removeData",
        **_ours("role"),
    },
]
"""What moderators of a community do (FEP-1b12, and Lemmy's words for what it lacks)."""

PEERING: Final[Context] = [
    AS2_URL,
    "https://www.w3.org/ns/cid/v1",
    _PROOF,
    _ours(
        *("Peering", "Ping", "Pong", "domain", "handleDomain", "legalName", "region", "contact"),
        *("software", "softwareVersion"),
    ),
]
"""What instances say to each other about being peers (docs/decisions/0018-peering.md)."""

COLLECTION: Final[Context] = [AS2_URL]
"""Collections of ids."""

HASHTAGS: Final[Context] = [AS2_URL, {"Hashtag": "as:Hashtag"}]
"""Collections of hashtags."""
