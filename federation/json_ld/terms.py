"""Our vocabulary: which names the rest of the server uses for which IRIs, and what shape their values get.

Documents name the same thing in many ways (`Emoji`, `toot:Emoji`, `http://joinmastodon.org/ns#Emoji`; `quoteUrl`,
`quoteUri`, `_misskey_quote`). Here every IRI gets one short name, and every short name one `Kind`. Terms that are not
in these tables do not exist for us: the normaliser drops them, and the raw bytes keep them.
"""

from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
PUBLIC_ALIASES = frozenset({"as:Public", "Public"})

AS2 = "https://www.w3.org/ns/activitystreams#"

NAMESPACES: dict[str, tuple[str, ...]] = {
    "as": (AS2, "http://www.w3.org/ns/activitystreams#"),
    "ldp": ("http://www.w3.org/ns/ldp#",),
    "toot": ("http://joinmastodon.org/ns#", "https://joinmastodon.org/ns#"),
    "schema": ("http://schema.org#", "http://schema.org/", "https://schema.org/", "https://schema.org#"),
    "sec": ("https://w3id.org/security#",),
    "ostatus": ("http://ostatus.org#",),
    "fedibird": ("http://fedibird.com/ns#", "https://fedibird.com/ns#"),
    "misskey": ("https://misskey-hub.net/ns#",),
    "litepub": ("http://litepub.social/ns#", "https://litepub.social/ns#"),
    "quotes": ("https://w3id.org/fep/044f#",),
    "features": ("https://w3id.org/fep/7aa9#",),
    "gts": ("https://gotosocial.org/ns#",),
    "lemmy": ("https://join-lemmy.org/ns#",),
    "pt": ("https://joinpeertube.org/ns#",),
    "mz": ("https://joinmobilizon.org/ns#",),
    "ical": ("http://www.w3.org/2002/12/cal/ical#",),
    "wf": ("https://purl.archive.org/socialweb/webfinger#",),
    "capabilities": ("https://w3id.org/fep/844e#", "https://w3id.org/fep/844e/"),
    "sm": ("http://smithereen.software/ns#",),
    "tertulia": ("urn:tertulia:",),
}
"""Our prefix for a namespace, and the spellings of it that peers use; the first one is what we write."""


class Kind(Enum):
    """The shape that a property's values are brought into."""

    __hash__ = object.__hash__  # members are singletons; hashing their names would show in every document's time

    ID = auto()  # str: the first id
    IDS = auto()  # list[str]
    AUDIENCE = auto()  # list[str], with the aliases of Public replaced
    NODE = auto()  # str | dict, or a list of them when there are several
    ITEMS = auto()  # list[str | dict]
    NODES = auto()  # list[dict]; a bare id becomes {"id": ...}
    MEDIA = auto()  # list[dict]; a bare id becomes {"url": [{"href": ...}]}
    LINKS = auto()  # list[dict] with href
    HREF = auto()  # str: the first URL, left out when it is too long
    TEXT = auto()  # str, and a language map beside it
    STRING = auto()  # str
    STRINGS = auto()  # list[str]
    TIME = auto()  # str, ISO 8601 in UTC
    TIME_OR_BOOLEAN = auto()  # the same, or a boolean
    INTEGER = auto()  # int
    NUMBER = auto()  # int | float
    NUMBERS = auto()  # list[int | float]
    BOOLEAN = auto()  # bool


class Term(NamedTuple):
    """A property of our vocabulary."""

    name: str
    kind: Kind


ID_KINDS = frozenset(
    {Kind.ID, Kind.IDS, Kind.AUDIENCE, Kind.NODE, Kind.ITEMS, Kind.NODES, Kind.MEDIA, Kind.LINKS, Kind.HREF}
)
"""Kinds whose strings are references; JSON-LD contexts coerce them with `"@type": "@id"`."""

PROPERTIES: dict[Kind, str] = {
    Kind.ID: """
        as:inReplyTo as:context ostatus:conversation ldp:inbox as:outbox as:followers as:following as:liked
        as:sharedInbox as:oauthAuthorizationEndpoint as:oauthTokenEndpoint litepub:oauthRegistrationEndpoint
        as:uploadMedia as:proxyUrl toot:featured toot:featuredTags as:movedTo lemmy:moderators as:partOf as:next as:prev
        as:describes quotes:quote quotes:quoteAuthorization fedibird:quoteUri as:quoteUrl as:quoteUri
        misskey:_misskey_quote litepub:quoteUrl gts:interactingObject gts:interactionTarget gts:approvedBy
        gts:likeAuthorization gts:replyAuthorization gts:announceAuthorization features:featureAuthorization
        sec:owner sec:controller sec:creator as:participants mz:participants as:subject as:relationship
        as:contextHistory litepub:listMessage as:wall sm:actorToken
    """,
    Kind.IDS: """
        as:alsoKnownAs as:streams toot:attributionDomains gts:automaticApproval gts:manualApproval gts:always
        gts:approvalRequired
    """,
    Kind.AUDIENCE: "as:to as:cc as:bto as:bcc as:audience",
    Kind.NODE: """
        as:actor as:object as:target as:origin as:instrument as:result as:attributedTo as:replies as:likes as:shares
        as:first as:last as:current as:generator as:endpoints as:source as:preview gts:interactionPolicy gts:canLike
        gts:canReply gts:canAnnounce gts:canQuote schema:address schema:inLanguage as:emojiReactions as:comments
        as:dislikes features:featuredObject
    """,
    Kind.ITEMS: "as:items",
    Kind.NODES: """
        as:tag as:oneOf as:anyOf as:location schema:location sec:publicKey sec:assertionMethod capabilities:implements
        as:implements
    """,
    Kind.MEDIA: "as:attachment as:icon as:image",
    Kind.LINKS: "as:url",
    Kind.HREF: "as:href",
    Kind.TEXT: "as:content as:name as:summary schema:name",
    Kind.STRING: """
        as:preferredUsername as:mediaType as:hreflang toot:blurhash schema:value sec:publicKeyPem sec:publicKeyMultibase
        wf:webfinger as:duration as:units misskey:_misskey_content misskey:_misskey_reaction schema:streetAddress
        schema:postalCode schema:addressLocality schema:addressRegion schema:addressCountry schema:identifier
        mz:timezone mz:joinMode mz:repliesModerationOption ical:status as:formerType as:accuracyUnits
        schema:propertyID pt:uuid pt:support schema:eventStatus tertulia:domain tertulia:handleDomain
        tertulia:legalName tertulia:region tertulia:contact tertulia:software tertulia:softwareVersion
        tertulia:communityKind tertulia:posting tertulia:defaultFor tertulia:role
    """,
    Kind.STRINGS: "as:rel tertulia:rules",
    Kind.TIME: """
        as:published as:updated as:startTime as:endTime as:deleted sec:expiration schema:uploadDate tertulia:archived
    """,
    Kind.TIME_OR_BOOLEAN: "as:closed",
    Kind.INTEGER: """
        as:totalItems as:width as:height as:startIndex toot:votersCount schema:maximumAttendeeCapacity
        schema:remainingAttendeeCapacity mz:participantCount pt:size pt:fps pt:state pt:views pt:commentsPolicy
        pt:latencyMode
    """,
    Kind.NUMBER: "as:latitude as:longitude as:altitude as:radius as:accuracy",
    Kind.NUMBERS: "toot:focalPoint",
    Kind.BOOLEAN: """
        as:manuallyApprovesFollowers as:sensitive toot:discoverable toot:indexable toot:memorial toot:suspended
        litepub:invisible litepub:directMessage lemmy:postingRestrictedToMods lemmy:stickied lemmy:removeData
        lemmy:distinguished pt:commentsEnabled mz:commentsEnabled pt:downloadEnabled pt:waitTranscoding
        schema:isLiveBroadcast mz:isOnline mz:anonymousParticipationEnabled misskey:isCat mz:draft
        gts:hidesToPublicFromUnauthedWeb gts:hidesCcPublicFromUnauthedWeb tertulia:isPrivate
    """,
}

RENAMED = {
    "quotes:quote": "quote",
    "litepub:quoteUrl": "quoteUrl",
    "ostatus:conversation": "conversation",
    "sec:expiration": "expires",
    "schema:inLanguage": "inLanguage",
}

MAPPED = ("content", "name", "summary")
"""Texts that may come as language maps, in `contentMap`, `nameMap` and `summaryMap`."""

ACTIVITY_TYPES = frozenset(
    """
    Accept Add Announce Arrive Block Create Delete Dislike Flag Follow Ignore Invite Join Leave Like Listen Move Offer
    Read Reject Remove TentativeAccept TentativeReject Travel Undo Update View EmojiReact QuoteRequest LikeRequest
    ReplyRequest AnnounceRequest FeatureRequest Lock Resolve Warn Ping Pong
    """.split()
)
ACTOR_TYPES = frozenset({"Person", "Service", "Application", "Group", "Organization"})
OBJECT_TYPES = frozenset(
    """
    Note Question Article Page Event Image Video Audio Document Place Profile Relationship Tombstone ChatMessage
    QuoteAuthorization LikeAuthorization ReplyAuthorization AnnounceAuthorization FeatureAuthorization
    FeaturedCollection FeaturedItem Peering
    """.split()
)
COLLECTION_TYPES = frozenset({"Collection", "OrderedCollection", "CollectionPage", "OrderedCollectionPage"})
OTHER_TYPES = frozenset(
    """
    Link Mention Hashtag Emoji PropertyValue CryptographicKey Key Multikey PostalAddress CommunityPostTag Infohash
    IdentityProof VerifiableIdentityStatement
    """.split()
)
KNOWN_TYPES = ACTIVITY_TYPES | ACTOR_TYPES | OBJECT_TYPES | COLLECTION_TYPES | OTHER_TYPES

_TYPE_NAMESPACES = {
    "EmojiReact": "litepub", "ChatMessage": "litepub", "Emoji": "toot", "IdentityProof": "toot",
    "PropertyValue": "schema", "PostalAddress": "schema", "Infohash": "pt", "CommunityPostTag": "lemmy",
    "Resolve": "lemmy", "Lock": "lemmy", "Warn": "lemmy", "Multikey": "sec", "QuoteRequest": "quotes",
    "QuoteAuthorization": "quotes", "LikeRequest": "gts", "ReplyRequest": "gts", "AnnounceRequest": "gts",
    "LikeAuthorization": "gts", "ReplyAuthorization": "gts", "AnnounceAuthorization": "gts",
    "FeatureRequest": "features", "FeatureAuthorization": "features", "FeaturedCollection": "features",
    "FeaturedItem": "features", "Peering": "tertulia", "Ping": "tertulia", "Pong": "tertulia",
}  # fmt: skip
_TYPE_ALIASES = {
    "sec:Key": "CryptographicKey", "sec:CryptographicKey": "CryptographicKey", "gts:LikeApproval": "LikeAuthorization",
    "as:Emoji": "Emoji", "as:EmojiReact": "EmojiReact", "as:Lock": "Lock", "as:ChatMessage": "ChatMessage",
    "as:PropertyValue": "PropertyValue",
}  # fmt: skip


def is_activity_type(name: str) -> bool:
    """Whether objects of this type are activities; Question is an object here, as every server uses it."""
    return name in ACTIVITY_TYPES


def spellings(curie: str) -> Iterator[str]:
    """Yield every IRI that `prefix:name` stands for, the canonical one first."""
    prefix, _, name = curie.partition(":")
    for namespace in NAMESPACES[prefix]:
        yield namespace + name


def _terms_by_iri() -> dict[str, Term]:
    found: dict[str, Term] = {}
    for kind, curies in PROPERTIES.items():
        for curie in curies.split():
            name = RENAMED.get(curie, curie.partition(":")[2])
            found.update(dict.fromkeys(spellings(curie), Term(name, kind)))
    return found


def _types_by_iri() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in KNOWN_TYPES - {"Key"}:
        curie = f"{_TYPE_NAMESPACES.get(name, 'as')}:{name}"
        found.update(dict.fromkeys(spellings(curie), name))
    for curie, name in _TYPE_ALIASES.items():
        found.update(dict.fromkeys(spellings(curie), name))
    return found


TERM_OF_IRI = _terms_by_iri()
TYPE_OF_IRI = _types_by_iri()
TERM_OF_NAME = {term.name: term for term in TERM_OF_IRI.values()}
IRI_OF_TYPE = {name: iri for iri, name in reversed(TYPE_OF_IRI.items())}
IRI_OF_NAME = {term.name: iri for iri, term in reversed(TERM_OF_IRI.items())}
