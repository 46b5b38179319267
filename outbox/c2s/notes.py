"""Create, Update and Delete of what people write: from a client's object to a draft to the verbs of `outbox`.

A client says what it wants to say; the server says when, under which id, and in which HTML. Poll numbers, stamps of
consent, custom emoji and contexts are none of the client's, so they are left out. An Update is partial (ActivityPub
§6.3): members that are absent stay, members that are null go.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from federation.documents import create_uri
from federation.json_ld import JsonObject
from federation.parse import status_draft
from federation.parse.tags import mentions_of
from models.accounts import Account
from models.values import dataclass
from outbox.c2s.audience import Audience, audience_of
from outbox.c2s.intent import Intent
from outbox.c2s.lookup import Lookup
from outbox.c2s.refusals import forbidden, malformed, unknown
from outbox.c2s.scene import Apply, Scene
from outbox.c2s.text import Text, read_text
from outbox.c2s.uploads import own_uploads
from outbox.c2s.votes import cast_vote
from outbox.statuses import publish_deletion, publish_status
from social.drafts import InteractionPolicyDraft, MentionDraft, PollDraft, QuoteDraft, StatusDraft, TagDraft

STATUS_TYPES = frozenset({"Note", "Question", "Article", "Page", "Event", "Image", "Video", "Audio"})
MEDIA_TYPES = frozenset({"Image", "Video", "Audio"})


@dataclass(frozen=True, slots=True)
class Writing:
    """A status about to be written."""

    draft: StatusDraft
    audience: Audience
    files: Sequence[JsonObject]


async def create(intent: Intent, lookup: Lookup, owner: Account) -> Apply:
    """Create (§6.2): a status, or a vote."""
    document = intent.embedded
    if document.get("type") not in STATUS_TYPES:
        raise malformed(f"You can write {', '.join(sorted(STATUS_TYPES))}.")
    text = await read_text(document, lookup)
    draft = client_draft(document, text, now=lookup.services.clock())
    for uri in (draft.in_reply_to_uri, draft.quote.uri if draft.quote else None):
        if uri is not None:
            await lookup.status(uri)
    if draft.is_vote:
        return partial(cast_vote, draft)
    named = [*text.named, *await mentioned(document, lookup)]
    audience = await audience_of(intent, lookup, owner, named)
    return partial(_create, Writing(addressed(draft, audience), audience, files_of(document)))


async def _create(writing: Writing, scene: Scene) -> str:
    unit, owner, draft = scene.unit, scene.owner, writing.draft
    if draft.in_reply_to_uri is not None:
        parent = await scene.visible_status(draft.in_reply_to_uri)
        draft = replace(draft, in_reply_to_uri=parent.uri)
    if draft.quote is not None:
        await scene.visible_status(draft.quote.uri)
    uploads = await own_uploads(unit, owner, writing.files)
    if not (draft.content_html or draft.title or draft.poll or draft.quote or uploads):
        raise malformed("There is nothing in it: write something, or attach something.")
    audience = writing.audience
    published = await publish_status(
        scene.services,
        unit,
        owner,
        draft,
        group=await scene.account(audience.group) if audience.group else None,
        reached_silently=[await scene.account(uri) for uri in audience.silent],
        uploads=uploads,
    )
    return create_uri(published.status.uri)


async def delete(intent: Intent, lookup: Lookup, owner: Account) -> Apply:
    """Delete (§6.4) of a status of one's own; of a boost it takes the boost back."""
    if intent.object_id == owner.uri:
        raise forbidden("An account is deleted by the administrators of this office.")
    return partial(_delete, intent.object_id)


async def _delete(uri: str, scene: Scene) -> str:
    status = await scene.own_status(uri)
    kind = "Undo" if status.is_boost else "Delete"
    await publish_deletion(scene.services, scene.unit, scene.owner, status)
    return await scene.sent(kind, uri)


async def mentioned(document: JsonObject, lookup: Lookup) -> list[Account]:
    """The accounts behind the Mention tags of an object; `href` alone decides (case O27)."""
    hrefs = [mention.href for mention in mentions_of(document.get("tag", ()))]
    return [account for href in hrefs if (account := await lookup.actor(href)) is not None]


def client_draft(document: JsonObject, text: Text, *, now: datetime) -> StatusDraft:
    """The status in a client's normalised object, as far as it is the client's to say. Raises DocumentRefused and
    ClientRefused."""
    said = {name: value for name, value in document.items() if name not in ("id", "source", "mediaType")}
    said["content"] = document.get("content") or text.html
    draft = status_draft(said, now=now, from_client=True)
    tags: dict[str, TagDraft] = {tag.name: tag for tag in (*draft.tags, *text.hashtags)}
    policy = draft.interaction_policy
    return replace(
        draft,
        uri=None,
        url=None,
        attributed_to=None,
        content_html=text.html,
        source_text=text.source,
        source_media_type=text.source_type,
        published_at=None,
        updated_at=None,
        context_uri=None,
        replies_uri=None,
        tags=tuple(tags.values()),
        emojis=(),
        attachments=(),
        mentions=(),
        poll=_poll(draft, now),
        quote=QuoteDraft(draft.quote.uri) if draft.quote else None,
        interaction_policy=InteractionPolicyDraft(can_quote=policy.can_quote) if policy else None,
    )


def _poll(draft: StatusDraft, now: datetime) -> PollDraft | None:
    """A new poll has no votes, whatever it says; and it needs a choice and a future."""
    if draft.type != "Question":
        return None
    if draft.poll is None or len(draft.poll.options) < 2:
        raise malformed("A Question needs two options at least, in oneOf or anyOf.")
    if draft.poll.closes_at is not None and draft.poll.closes_at <= now:
        raise malformed("The endTime of a Question must be in the future.")
    options = tuple((title, 0) for title, _ in draft.poll.options)
    return PollDraft(options, draft.poll.is_multiple, draft.poll.closes_at)


def addressed(draft: StatusDraft, audience: Audience) -> StatusDraft:
    """The draft for its audience: whoever is addressed openly is named, so that every document says so."""
    return replace(
        draft,
        visibility=audience.visibility,
        to=audience.named,
        cc=(),
        audience=(),
        mentions=tuple(MentionDraft(uri) for uri in audience.named),
    )


def files_of(document: JsonObject) -> list[JsonObject]:
    """What a client attaches; an Image, a Video or an Audio is itself the file."""
    files = list(document.get("attachment", ()))
    if document.get("type") in MEDIA_TYPES and document.get("url"):
        files.insert(0, {"url": document["url"]})
    return files


def require_found(uri: str, account: Account | None) -> Account:
    """The account that was looked up. Raises ClientRefused."""
    if account is None:
        raise unknown(uri)
    return account
