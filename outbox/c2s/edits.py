"""Update (ActivityPub §6.3) of a status: what the client says replaces what was said, the rest stays.

The status as it is now is the document that peers read; the client's members are laid over it, and the result is read
like a new status. Who was reached stays reached: an edit can name more people, but never change who may read. Poll
numbers are taken from the row when the edit is applied, so no vote is lost.
"""

from dataclasses import replace
from functools import partial

from sqlalchemy import select

from federation.documents import StatusBundle, load_bundles, status_document
from federation.json_ld import JsonObject, normalise
from federation.parse import visibility_of
from models.accounts import Account
from models.statuses import Status
from models.values import dataclass
from models.visibility import Visibility
from outbox.c2s.audience import Audience, audience_of
from outbox.c2s.intent import RECIPIENTS, Intent
from outbox.c2s.lookup import Lookup
from outbox.c2s.notes import addressed, client_draft, files_of, mentioned
from outbox.c2s.refusals import malformed, unknown
from outbox.c2s.scene import Apply, Scene
from outbox.c2s.text import Text, read_text
from outbox.c2s.uploads import own_uploads
from outbox.statuses import publish_edit
from social.drafts import PollDraft, QuoteDraft, StatusDraft, TagDraft
from social.polls import poll_of

_TEXT = frozenset({"content", "contentMap", "source", "mediaType"})
_FIXED = ("type", "inReplyTo", "quote")
_READ_ANEW = frozenset({"id", "attributedTo", "attachment", "tag", "replies", "likes", "shares", *RECIPIENTS, *_TEXT})


@dataclass(frozen=True, slots=True)
class Editing:
    """An edit about to be made; `files` None leaves the attachments as they are, `has_new_poll` counts from zero.

    `keeps_files` says that there are attachments, and that they stay.
    """

    uri: str
    draft: StatusDraft
    files: list[JsonObject] | None
    keeps_files: bool
    has_new_poll: bool


async def update_status(intent: Intent, lookup: Lookup, owner: Account) -> Apply:
    """Edit a status of one's own."""
    given = intent.embedded
    bundle = await _present(lookup, owner, intent.object_id)
    current = normalise(status_document(bundle, lookup.services.addresses))
    for name in _FIXED:
        if name in intent.removed or (name in given and given[name] != current.get(name)):
            raise malformed(f"An edit can't change the {name} of a post.")
    text = await _text(intent, bundle, lookup)
    draft = client_draft(_merged(current, intent, bundle, text), text, now=lookup.services.clock())
    audience = await _audience(intent, bundle, text, lookup, owner)
    is_attaching = "attachment" in given or "attachment" in intent.removed
    return partial(
        _update,
        Editing(
            bundle.status.uri,
            addressed(draft, audience),
            files_of(given) if is_attaching else None,
            keeps_files=bool(bundle.attachments) and not is_attaching,
            has_new_poll=_titles(given) not in ([], _titles(current)),
        ),
    )


async def _update(editing: Editing, scene: Scene) -> str:
    unit, owner = scene.unit, scene.owner
    status = await scene.own_status(editing.uri)
    draft = editing.draft
    poll = await poll_of(unit, status)
    if poll is not None and not editing.has_new_poll:
        options = tuple((option["title"], option["votes"]) for option in poll.options)
        draft = replace(
            draft, poll=PollDraft(options, poll.is_multiple, poll.closes_at, poll.closed_at, poll.voters_count)
        )
    if status.quote_uri is not None:
        draft = replace(draft, quote=QuoteDraft(status.quote_uri, status.quote_authorization_uri))
    uploads = None
    if editing.files is not None:
        uploads = await own_uploads(unit, owner, editing.files, status_id=status.id)
    if not (draft.content_html or draft.title or draft.poll or draft.quote or uploads or editing.keeps_files):
        raise malformed("Nothing would be left of it: delete it instead.")
    await publish_edit(scene.services, unit, owner, status, draft, uploads=uploads)
    return await scene.sent("Update", status.uri)


async def _present(lookup: Lookup, owner: Account, uri: str) -> StatusBundle:
    async with lookup.services.database.reading() as session:
        query = select(Status).where(Status.uri == uri, Status.account_id == owner.id, Status.boost_of_id.is_(None))
        status = (await session.scalars(query)).first()
        if status is None:
            raise unknown(uri)
        return (await load_bundles(session, [status]))[status.id]


async def _text(intent: Intent, bundle: StatusBundle, lookup: Lookup) -> Text:
    """What the client writes now, or what was written."""
    status = bundle.status
    if not _TEXT.isdisjoint(intent.embedded) or "content" in intent.removed:
        return await read_text(intent.embedded, lookup)
    hashtags = tuple(TagDraft(tag.name, tag.display_name) for tag in bundle.tags)
    return Text(status.content_html, (), hashtags, status.source_text, status.source_media_type)


def _merged(current: JsonObject, intent: Intent, bundle: StatusBundle, text: Text) -> JsonObject:
    """The object that is read as the status from now on."""
    given = intent.embedded
    merged = {name: value for name, value in current.items() if name not in _READ_ANEW | intent.removed}
    if bundle.status.interaction_policy is None:
        merged.pop("interactionPolicy", None)  # our documents always say one; what wasn't chosen isn't kept
    merged |= {name: value for name, value in given.items() if name not in ("id", "attributedTo", "source")}
    if "contentMap" not in given and bundle.status.language:
        merged["contentMap"] = {bundle.status.language: text.html}
    if not _titles(given) and bundle.poll is not None:
        merged["endTime"] = None  # of a poll that stays as it is; the row knows
    return {name: value for name, value in merged.items() if value is not None}


async def _audience(intent: Intent, bundle: StatusBundle, text: Text, lookup: Lookup, owner: Account) -> Audience:
    status = bundle.status
    visibility = Visibility(status.visibility)
    reached = [account.uri for account in bundle.mentions]
    named = [*text.named, *await mentioned(intent.embedded, lookup)]
    if intent.recipients(*RECIPIENTS):
        _check_same_readers(intent, visibility, owner)
        audience = await audience_of(intent, lookup, owner, named)
        if set(audience.silent) - {account.uri for account in bundle.silent}:
            raise malformed("An edit can't reach more people silently.")
        reached += audience.named
    elif visibility not in (Visibility.DIRECT, Visibility.LIMITED):
        reached += [account.uri for account in named if not account.is_group and account.uri != owner.uri]
    return Audience(visibility, tuple(dict.fromkeys(reached)))


def _check_same_readers(intent: Intent, visibility: Visibility, owner: Account) -> None:
    openly = intent.recipients("to", "cc", "audience")
    if openly and visibility_of(intent.recipients("to"), openly, owner.followers_url) != visibility:
        raise malformed("An edit can't change who may read a post: delete it and write a new one.")


def _titles(document: JsonObject) -> list[str]:
    options = document.get("anyOf") or document.get("oneOf") or ()
    return [str(option.get("name", "")).strip() for option in options]
