"""Our statuses as the world reads them: Note, Question, Article, Page and Event (ActivityStreams 2.0, ActivityPub §6).

Lists are lists even with one entry, because half of the network reads nothing else. `contentMap` is there when the
language is known, `updated` only after an edit. A quote is said in every spelling that is read somewhere (`quote` of
FEP-044f, `quoteUri`, `_misskey_quote`, the link of FEP-e232).

Pure: a bundle in, a dict out.
"""

from datetime import datetime
from typing import Any, Final

from federation.documents import contexts as emitted_contexts
from federation.documents.audience import addressing
from federation.documents.bundles import StatusBundle
from federation.documents.emojis import emoji_tags
from federation.documents.wire_time import wire_time
from federation.json_ld.strict_json import JsonObject
from federation.json_ld.terms import PUBLIC
from models.accounts import Account
from models.addresses import LocalAddresses
from models.statuses import Attachment, Poll, Status, Tag
from models.visibility import Visibility

AS2_MEDIA_TYPE: Final = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
MISSKEY_QUOTE: Final = "https://misskey-hub.net/ns#_misskey_quote"

_REFUSED_QUOTES = ("rejected", "revoked", "deleted")
_ATTACHMENT_TYPES = {"image": "Image", "video": "Video", "audio": "Audio"}
_PLAYED = ("video", "audio")


def status_document(bundle: StatusBundle, addresses: LocalAddresses) -> JsonObject:
    """The document of a status that is not a boost, with its `@context`."""
    return {"@context": status_context(bundle.status), **embedded_status(bundle, addresses)}


def status_context(status: Status) -> emitted_contexts.Context:
    """The context for a document that holds this status."""
    return emitted_contexts.EVENT if status.object_type == "Event" else emitted_contexts.STATUS


def embedded_status(bundle: StatusBundle, addresses: LocalAddresses) -> JsonObject:
    """The same without `@context`, as the object of an activity or the item of a collection."""
    status = bundle.status
    audience = addressing(bundle, addresses)
    document: JsonObject = {
        "id": status.uri,
        "type": status.object_type,
        "attributedTo": bundle.author.uri,
        "to": audience.to,
        "cc": audience.cc,
        "published": wire_time(status.published_at),
        "url": status.url or addresses.status_page(bundle.author.username, status.id),
        "content": status.content_html,
        "sensitive": status.is_sensitive,
        "tag": _tags(bundle, addresses),
        "attachment": [_attachment(attachment, addresses) for attachment in bundle.attachments],
        **_texts(status),
        **_thread(bundle, addresses),
        **_quote(status),
        **_counts(status),
        "interactionPolicy": _policy(bundle),
    }
    if status.edited_at is not None:
        document["updated"] = wire_time(status.edited_at)
    if bundle.group is not None:
        document["audience"] = [bundle.group.uri]
    if bundle.poll is not None:
        document |= _poll(bundle.poll)
    if status.event:
        document |= _event(status.event)
    return document


def _texts(status: Status) -> JsonObject:
    found: JsonObject = {}
    if status.title:
        found["name"] = status.title
    if status.summary:
        found["summary"] = status.summary
    if status.language:
        found["contentMap"] = {status.language: status.content_html}
    if status.source_text and status.source_media_type not in (None, "text/plain"):
        found["source"] = {"content": status.source_text, "mediaType": status.source_media_type}
    return found


def _thread(bundle: StatusBundle, addresses: LocalAddresses) -> JsonObject:
    """FEP-7888: a reply keeps its thread's `context`; a thread that has none gets ours, where we list what we know."""
    status = bundle.status
    context = status.context_uri or addresses.context(status.conversation_id)
    replies = addresses.replies(status.uri)
    found: JsonObject = {
        "context": context,
        "conversation": context,
        "replies": {"id": replies, "type": "Collection", "first": f"{replies}?page=true"},
    }
    if bundle.parent_uri is not None:
        found["inReplyTo"] = bundle.parent_uri
    return found


def _counts(status: Status) -> JsonObject:
    return {
        "likes": {"id": f"{status.uri}/likes", "type": "Collection", "totalItems": status.favourites_count},
        "shares": {"id": f"{status.uri}/shares", "type": "Collection", "totalItems": status.boosts_count},
    }


def _quote(status: Status) -> JsonObject:
    if not status.quote_uri or status.quote_state in _REFUSED_QUOTES:
        return {}
    found: JsonObject = dict.fromkeys(("quote", "quoteUri", "_misskey_quote"), status.quote_uri)
    if status.quote_authorization_uri:
        found["quoteAuthorization"] = status.quote_authorization_uri
    return found


def _tags(bundle: StatusBundle, addresses: LocalAddresses) -> list[JsonObject]:
    found = [_mention(account, addresses) for account in bundle.mentions]
    found += [hashtag_object(tag, addresses) for tag in bundle.tags]
    found += emoji_tags(bundle.status.emojis)
    quoted = _quote(bundle.status).get("quote")
    if quoted:
        found.append({"type": "Link", "mediaType": AS2_MEDIA_TYPE, "rel": MISSKEY_QUOTE, "href": quoted})
    return found


def _mention(account: Account, addresses: LocalAddresses) -> JsonObject:
    return {
        "type": "Mention",
        "href": account.uri,
        "name": f"@{account.username}@{account.domain or addresses.domain}",
    }


def hashtag_object(tag: Tag, addresses: LocalAddresses) -> JsonObject:
    """A Hashtag, in `tag` of a status or in the collection of featured ones."""
    return {"type": "Hashtag", "href": addresses.tag(tag.name), "name": f"#{tag.display_name}"}


def _attachment(attachment: Attachment, addresses: LocalAddresses) -> JsonObject:
    family = attachment.media_type.partition("/")[0]
    url = addresses.media(attachment.storage_key) if attachment.storage_key else attachment.remote_url
    document: JsonObject = {
        "type": _ATTACHMENT_TYPES.get(family, "Document"),
        "mediaType": attachment.media_type,
        "url": url,
    }
    for name, value in (
        ("name", attachment.description),
        ("blurhash", attachment.blurhash),
        ("width", attachment.width),
        ("height", attachment.height),
        ("focalPoint", attachment.focal_point),
        ("duration", _duration(attachment)),
    ):
        if value is not None:
            document[name] = value
    if attachment.preview_key and family in _PLAYED:
        document["icon"] = {"type": "Image", "url": addresses.media(attachment.preview_key)}
    return document


def _duration(attachment: Attachment) -> str | None:
    """How long sound or film plays (ISO 8601), where that was measured."""
    seconds = ((attachment.meta or {}).get("original") or {}).get("duration")
    return None if seconds is None else f"PT{round(float(seconds), 3):g}S"


def _poll(poll: Poll) -> JsonObject:
    """Mastodon's use of Question (FEP-9967): options are Notes with a name, votes are counted in their `replies`."""
    options = [
        {
            "type": "Note",
            "name": option["title"],
            "replies": {"type": "Collection", "totalItems": option.get("votes", 0)},
        }
        for option in poll.options
    ]
    found: JsonObject = {"anyOf" if poll.is_multiple else "oneOf": options, "votersCount": poll.voters_count}
    if poll.closes_at is not None:
        found["endTime"] = wire_time(poll.closes_at)
    if poll.closed_at is not None:
        found["closed"] = wire_time(poll.closed_at)
    return found


def _event(event: dict[str, Any]) -> JsonObject:
    """An `EventDraft` as it rests in the row (FEP-8a8e, in Mobilizon's words)."""
    place = {
        "name": event.get("location_name"),
        "address": event.get("location_address"),
        "url": event.get("location_url"),
        "latitude": event.get("latitude"),
        "longitude": event.get("longitude"),
    }
    found: JsonObject = {
        "startTime": _time(event.get("starts_at")),
        "endTime": _time(event.get("ends_at")),
        "timezone": event.get("timezone"),
        "status": event.get("status"),
        "joinMode": event.get("join_mode"),
        "isOnline": event.get("is_online"),
        "maximumAttendeeCapacity": event.get("maximum_attendees"),
    }
    if any(value is not None for value in place.values()):
        found["location"] = {"type": "Place", **_present(place)}
    return _present(found)


def _time(text: str | None) -> str | None:
    return wire_time(datetime.fromisoformat(text)) if text else None


def _policy(bundle: StatusBundle) -> JsonObject:
    """Who may quote: the rule in the row, else whoever may read. It is always said: silence means nobody (FEP-044f)."""
    rule = bundle.status.interaction_policy
    if rule is None:
        is_public = Visibility(bundle.status.visibility).is_public
        rule = {"automatic": [PUBLIC if is_public else bundle.author.uri]}
    return {"canQuote": _rule(rule)}


def _rule(rule: dict[str, Any]) -> JsonObject:
    return {"automaticApproval": list(rule.get("automatic", ())), "manualApproval": list(rule.get("manual", ()))}


def _present(values: JsonObject) -> JsonObject:
    return {name: value for name, value in values.items() if value is not None}
