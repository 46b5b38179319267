"""From the normal form of an actor to an ActorDraft.

Everything that decides where we deliver, what we believe and whom we verify must have the origin of the actor's id
(FEP-fe34, cases O46, S03): an inbox elsewhere refuses the actor, any other foreign address or key is left out.
"""

import re
from typing import Any

from federation.json_ld.dates import parse_time
from federation.json_ld.strict_json import DocumentRefused, JsonObject
from federation.json_ld.terms import ACTOR_TYPES
from federation.parse.media import page_url, picture
from federation.parse.tags import emojis_of
from federation.trust.origins import has_origin, origin, same_origin
from models.communities import Kind
from social.drafts import ActorDraft, CommunityDraft, FieldDraft, PublicKeyDraft

MAX_FIELDS = 16
MAX_KEYS = 8
MAX_ALIASES = 50
MAX_CAPABILITIES = 100
MAX_RULES = 100
_MAX_PEM = 16_384
_MAX_NAME = 500

_USERNAME = re.compile(r"[^\s@/\\<>&\"'?#%\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]{1,255}")


def actor_draft(document: JsonObject) -> ActorDraft:
    """Return the actor in a normalised document; raises DocumentRefused."""
    kind, uri = document.get("type"), document.get("id")
    if not isinstance(kind, str) or kind not in ACTOR_TYPES:
        raise DocumentRefused("type", "the object is not an actor")
    if not isinstance(uri, str) or not has_origin(uri) or "#" in uri:
        raise DocumentRefused("id", "an actor's id must be an http(s) URL without user-info and fragment")
    inbox_url = document.get("inbox")
    if not isinstance(inbox_url, str) or not same_origin(inbox_url, uri):
        raise DocumentRefused("inbox", "an actor must have an inbox of its own origin")
    url = page_url(document)
    return ActorDraft(
        uri=uri,
        type=kind,
        preferred_username=_username(document, kind, uri),
        inbox=inbox_url,
        name=_name(document.get("name")),
        summary_html=document.get("summary", ""),
        url=url if url is not None and same_origin(url, uri) else None,
        outbox=_own(document, "outbox", uri),
        shared_inbox=_shared_inbox(document, uri),
        followers=_own(document, "followers", uri),
        following=_own(document, "following", uri),
        featured=_own(document, "featured", uri),
        featured_tags=_own(document, "featuredTags", uri),
        icon=picture(document.get("icon", ())),
        image=picture(document.get("image", ())),
        fields=_fields(document),
        is_locked=document.get("manuallyApprovesFollowers", False),
        discoverable=document.get("discoverable"),
        indexable=document.get("indexable"),
        also_known_as=tuple(document.get("alsoKnownAs", ())[:MAX_ALIASES]),
        moved_to=document.get("movedTo"),
        published_at=parse_time(document.get("published")),
        emojis=emojis_of(document.get("tag", ()), uri),
        public_keys=_keys(document, uri),
        implements=_capabilities(document),
        moderators_url=_moderators(document, kind, uri),
        posting_restricted_to_mods=document.get("postingRestrictedToMods", False),
        is_suspended=document.get("suspended", False),
        is_memorial=document.get("memorial", False),
        webfinger=_handle(document.get("webfinger")),
        attribution_domains=tuple(document.get("attributionDomains", ())[:100]),
        community=_community(document, kind),
    )


def _username(document: JsonObject, kind: str, uri: str) -> str:
    name = document.get("preferredUsername")
    if name is None and kind in ("Application", "Service", "Organization"):
        return origin(uri)[1]  # instance actors of some servers have no name; their host is one
    if not isinstance(name, str) or not _USERNAME.fullmatch(name):
        raise DocumentRefused("username", "an actor must have a usable preferredUsername")
    return name


def _name(value: Any) -> str | None:
    return value.strip()[:_MAX_NAME] or None if isinstance(value, str) else None


def _own(document: JsonObject, name: str, uri: str) -> str | None:
    value = document.get(name)
    return value if isinstance(value, str) and same_origin(value, uri) else None


def _shared_inbox(document: JsonObject, uri: str) -> str | None:
    endpoints = document.get("endpoints")
    return _own(endpoints if isinstance(endpoints, dict) else document, "sharedInbox", uri)


def _fields(document: JsonObject) -> tuple[FieldDraft, ...]:
    rows = [node for node in document.get("attachment", ()) if node.get("type") == "PropertyValue"]
    return tuple(FieldDraft(str(node.get("name", "")), str(node.get("value", ""))) for node in rows[:MAX_FIELDS])


def _keys(document: JsonObject, uri: str) -> tuple[PublicKeyDraft, ...]:
    """The keys that the actor embeds and owns; a key that says to belong to somebody else is no key of this actor."""
    nodes = [*document.get("publicKey", ()), *document.get("assertionMethod", ())]
    found: dict[str, PublicKeyDraft] = {}
    for node in nodes[:MAX_KEYS]:
        draft = _key(node, uri)
        if draft is not None:
            found.setdefault(draft.key_id, draft)
    return tuple(found.values())


def _key(node: JsonObject, uri: str) -> PublicKeyDraft | None:
    key_id, owner = node.get("id"), node.get("owner") or node.get("controller") or uri
    pem, multibase = node.get("publicKeyPem"), node.get("publicKeyMultibase")
    if not isinstance(key_id, str) or not same_origin(key_id, uri) or owner != uri:
        return None
    if isinstance(pem, str) and 0 < len(pem) <= _MAX_PEM:
        return PublicKeyDraft(key_id, uri, pem=pem)
    if isinstance(multibase, str) and 0 < len(multibase) <= _MAX_PEM:
        return PublicKeyDraft(key_id, uri, multibase=multibase)
    return None


def _capabilities(document: JsonObject) -> tuple[str, ...]:
    """FEP-844e: what the software behind the actor implements, said by the actor itself or by its `generator`."""
    generator = document.get("generator")
    nodes = list(document.get("implements", ()))
    if isinstance(generator, dict):
        nodes += generator.get("implements", ())
    hrefs = [href for node in nodes if isinstance(href := node.get("href") or node.get("id"), str)]
    return tuple(dict.fromkeys(hrefs))[:MAX_CAPABILITIES]


def _moderators(document: JsonObject, kind: str, uri: str) -> str | None:
    """FEP-1b12: a group's `attributedTo` is the address of its collection of moderators."""
    found = _own(document, "moderators", uri)
    if found is None and kind == "Group" and isinstance(document.get("attributedTo"), str):
        return _own(document, "attributedTo", uri)
    return found


def _community(document: JsonObject, kind: str) -> CommunityDraft | None:
    """What a Group says in our own terms; None leaves the reading of Lemmy (`communities.standings.told_by`)."""
    entry = document.get("communityKind")
    if kind != "Group" or entry not in {known.value for known in Kind}:
        return None
    is_for_publishers = document.get("posting") == "publishers"
    return CommunityDraft(
        kind=str(entry),
        is_private=document.get("isPrivate", False) or entry == Kind.HIDDEN,
        posting="publishers" if is_for_publishers else "members",
        rules=tuple(str(rule) for rule in document.get("rules", ())[:MAX_RULES]),
        archived_at=parse_time(document.get("archived")),
    )


def _handle(value: Any) -> str | None:
    """FEP-2c59: `alice@good.test`, with or without `acct:`; it is a claim until WebFinger confirms it."""
    handle = str(value or "").removeprefix("acct:").removeprefix("@")
    user, at, host = handle.partition("@")
    return handle if at and host and _USERNAME.fullmatch(user) and len(handle) <= 512 else None
