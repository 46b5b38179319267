"""From the normal form of a Note, Question, Article, Page, Event, Image, Video or Audio to a StatusDraft."""

import html
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from federation.activity import id_of
from federation.json_ld.dates import clamp, parse_time
from federation.json_ld.languages import canonical_language
from federation.json_ld.strict_json import DocumentRefused, JsonObject
from federation.json_ld.terms import ACTIVITY_TYPES, ACTOR_TYPES, COLLECTION_TYPES, OTHER_TYPES, PUBLIC
from federation.parse.event import event_of
from federation.parse.media import attachments_of, page_url
from federation.parse.poll import poll_of
from federation.parse.tags import emojis_of, hashtags_of, mentions_of, object_links_of
from federation.trust.origins import has_origin, same_origin
from models.visibility import Visibility
from social.drafts import InteractionPolicyDraft, InteractionRule, QuoteDraft, StatusDraft

_NO_STATUS = ACTIVITY_TYPES | ACTOR_TYPES | COLLECTION_TYPES | OTHER_TYPES | {"Tombstone", "QuoteAuthorization"}
_MAX_TITLE = 1000
_MAX_TYPE = 32


def status_draft(
    document: JsonObject, *, now: datetime, followers_url: str | None = None, from_client: bool = False
) -> StatusDraft:
    """Return the status in a normalised object; raises DocumentRefused.

    Dates later than `now` become `now`. `followers_url` is the author's followers collection, where the caller knows
    it. With `from_client` the object may lack an id and an author, as objects posted to an outbox do.
    """
    kind = document.get("type")
    if not isinstance(kind, str) or kind in _NO_STATUS:
        raise DocumentRefused("type", "the object is not a status")
    if not document.keys().isdisjoint(("publicKeyPem", "publicKey", "inbox", "publicKeyMultibase")):
        raise DocumentRefused("type", "a status can't hold keys or an inbox")
    author, groups = _owner(document)
    uri = document.get("id")
    if not from_client:
        _check_identity(uri, author)
    to, cc, audience = (tuple(document.get(name, ())) for name in ("to", "cc", "audience"))
    content, source_text, source_type = _content(document)
    tags = document.get("tag", [])
    parent = document.get("inReplyTo")
    title = _title(document)
    published_at = clamp(parse_time(document.get("published")), now=now) or now
    is_vote = kind == "Note" and title is not None and parent is not None and not content
    return StatusDraft(
        uri=uri,
        type=_type_name(kind),
        attributed_to=author,
        url=_url(document, uri),
        title=None if is_vote else title,
        content_html=content,
        summary=document.get("summary") or None,
        language=_language(document),
        content_map=dict(document.get("contentMap", {})),
        source_text=source_text,
        source_media_type=source_type,
        in_reply_to_uri=parent,
        context_uri=document.get("context") or document.get("conversation"),
        to=to,
        cc=cc,
        audience=tuple(dict.fromkeys((*audience, *groups))),
        visibility=visibility_of(to, (*cc, *audience), followers_url or _guessed_followers(author, (*to, *cc))),
        is_sensitive=document.get("sensitive", False),
        published_at=published_at,
        updated_at=_updated_at(document, published_at, now),
        mentions=mentions_of(tags),
        tags=hashtags_of(tags),
        emojis=emojis_of(tags, uri),
        attachments=attachments_of(document),
        poll=poll_of(document, now=now),
        quote=_quote(document),
        event=event_of(document),
        interaction_policy=_policy(document.get("interactionPolicy")),
        vote_name=title if is_vote else None,
        takes_replies=document.get("commentsEnabled"),
        replies_uri=id_of(document.get("replies")),
    )


def visibility_of(to: Iterable[str], cc: Iterable[str], followers_url: str | None) -> Visibility:
    """Return what Mastodon's addressing conventions make of `to` and `cc` (with `audience`, where there is one).

    Public in `to` is public, Public in `cc` unlisted, the author's followers in either private; the rest is direct.
    """
    to, cc = tuple(to), tuple(cc)
    if PUBLIC in to:
        return Visibility.PUBLIC
    if PUBLIC in cc:
        return Visibility.UNLISTED
    if followers_url is not None and (followers_url in to or followers_url in cc):
        return Visibility.PRIVATE
    return Visibility.DIRECT


def _type_name(kind: str) -> str:
    """The type as it is kept; of an unknown one that is an IRI, or endless, its last word."""
    return kind if len(kind) <= _MAX_TYPE else re.split(r"[#/:]", kind)[-1][:_MAX_TYPE] or "Object"


def _owner(document: JsonObject) -> tuple[str | None, tuple[str, ...]]:
    """Return the author and the groups beside it.

    One owner is the rule (FEP-fe34). Two dialects name a group as well: PeerTube's `[Person, Group]`, where exactly
    one of the typed owners is no Group, and Mobilizon's event of a group, whose organiser is in `actor`.
    """
    value = document.get("attributedTo", document.get("actor"))
    owners = value if isinstance(value, list) else [] if value is None else [value]
    ids = list(dict.fromkeys(uri for owner in owners if (uri := id_of(owner))))
    if len(ids) > 1:
        return _person_among_groups(owners)
    organiser = id_of(document.get("actor"))
    if document.get("type") == "Event" and ids and organiser and organiser != ids[0] and same_origin(organiser, ids[0]):
        return organiser, (ids[0],)
    return (ids[0] if ids else None), ()


def _person_among_groups(owners: list[Any]) -> tuple[str, tuple[str, ...]]:
    is_group = {
        owner["id"]: owner.get("type") == "Group" for owner in owners if isinstance(owner, dict) and "id" in owner
    }
    persons = [uri for uri, group in is_group.items() if not group]
    are_typed = all(isinstance(owner, dict) and owner.get("type") in ACTOR_TYPES for owner in owners)
    if not are_typed or len(persons) != 1:
        raise DocumentRefused("owner", "the object must be attributed to exactly one author")
    return persons[0], tuple(uri for uri, group in is_group.items() if group)


def _check_identity(uri: Any, author: str | None) -> None:
    if not isinstance(uri, str) or not has_origin(uri) or "#" in uri:
        raise DocumentRefused("id", "the object's id must be an http(s) URL without user-info and fragment")
    if author is None:
        raise DocumentRefused("owner", "the object is not attributed to anybody")
    if not same_origin(uri, author):
        raise DocumentRefused("owner", "the object and its author must have the same origin")


def _guessed_followers(author: str | None, ids: Iterable[str]) -> str | None:
    """The followers collection of an author that we don't know yet has its origin and most likely says its name."""
    if author is None:
        return None
    return next((uri for uri in ids if "/followers" in uri and uri != author and same_origin(uri, author)), None)


def _content(document: JsonObject) -> tuple[str, str | None, str | None]:
    """Return HTML, and the source with its media type.

    Content that isn't HTML (PeerTube sends Markdown) is shown as the paragraphs of plain text that it is.
    """
    content = document.get("content", "")
    source = document.get("source")
    text = source.get("content") if isinstance(source, dict) else None
    media_type = source.get("mediaType") if isinstance(source, dict) else None
    own_type = str(document.get("mediaType", "text/html")).partition(";")[0].strip().lower()
    if own_type in ("text/markdown", "text/plain") and content:
        return _paragraphs(content), text or content, media_type or own_type
    return content, text, media_type


def _paragraphs(text: str) -> str:
    blocks = [block.strip() for block in text.replace("\r\n", "\n").split("\n\n")]
    return "".join(f"<p>{html.escape(block).replace(chr(10), '<br>')}</p>" for block in blocks if block)


def _title(document: JsonObject) -> str | None:
    name = document.get("name")
    return name.strip()[:_MAX_TITLE] or None if isinstance(name, str) else None


def _url(document: JsonObject, uri: str | None) -> str | None:
    """A page on another host than the status itself could pretend to be it (case O35), so it is left out."""
    url = page_url(document)
    return url if url is not None and (uri is None or same_origin(url, uri)) else None


def _language(document: JsonObject) -> str | None:
    """The language whose entry is the content itself; else what `inLanguage` says; else the only one there is."""
    languages: dict[str, str] = document.get("contentMap") or document.get("summaryMap") or {}
    content = document.get("content")
    for tag, text in languages.items():
        if text == content:
            return tag
    declared = document.get("inLanguage")
    if isinstance(declared, dict):
        declared = declared.get("identifier")
    return canonical_language(declared) or (next(iter(languages)) if len(languages) == 1 else None)


def _updated_at(document: JsonObject, published_at: datetime, now: datetime) -> datetime | None:
    updated_at = clamp(parse_time(document.get("updated")), now=now)
    return updated_at if updated_at is not None and updated_at > published_at else None


def _quote(document: JsonObject) -> QuoteDraft | None:
    uri = document.get("quote") or next(iter(object_links_of(document.get("tag", ()))), None)
    if not isinstance(uri, str) or not has_origin(uri):
        return None
    stamp = document.get("quoteAuthorization")
    return QuoteDraft(uri, stamp if isinstance(stamp, str) and has_origin(stamp) else None)


def _policy(value: Any) -> InteractionPolicyDraft | None:
    if not isinstance(value, dict):
        return None
    return InteractionPolicyDraft(
        can_like=_rule(value.get("canLike")),
        can_reply=_rule(value.get("canReply")),
        can_announce=_rule(value.get("canAnnounce")),
        can_quote=_rule(value.get("canQuote")),
    )


def _rule(value: Any) -> InteractionRule | None:
    if not isinstance(value, dict):
        return None
    automatic = value.get("automaticApproval") or value.get("always") or ()
    manual = value.get("manualApproval") or value.get("approvalRequired") or ()
    return InteractionRule(_with_public(automatic), _with_public(manual))


def _with_public(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(PUBLIC if uri in ("as:Public", "Public") else uri for uri in ids)[:100]
