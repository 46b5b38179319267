"""Posting as people ask for it: what they may say is checked, what they refer to is found, then it is published.

Three steps, shared by the client API and by scheduled posts. `check_post` is pure and holds the limits. `prepare_post`
may use the network and has no transaction: it finds the parent, the quoted status and the files, as far as the author
may see and use them, and composes the draft. `publish_post` is the transaction. What is refused is said in sentences
that may be shown: PostRefused names the field, ReferenceMissing is for what isn't there for this author.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from communities.posts import check_submission
from communities.standings import NoSuchCommunity
from content.compose import PLAIN
from content.lengths import counted_length, visible_length
from content.media_limits import MAX_ATTACHMENTS
from federation.documents import StatusBundle
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.relations import Follow
from models.statuses import Attachment, Status
from models.values import dataclass
from models.visibility import Visibility
from outbox.communities import check_placement
from outbox.composing import Quoting, compose, quote_policy
from outbox.statuses import publish_status
from policy.authority import may_quote
from policy.limits import (
    CONTENT_WARNING_CHARACTERS,
    POLL_MAX_SECONDS,
    POLL_MIN_SECONDS,
    POLL_OPTION_CHARACTERS,
    POLL_OPTIONS,
    RAW_TEXT_CHARACTERS,
    STATUS_CHARACTERS,
)
from policy.visibility import visible_to
from social.drafts import PollDraft, QuoteDraft, StatusDraft


class PostRefused(Exception):
    """It can't be published like this: `field` is a name of the client API, the message completes "`field` …"."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class ReferenceMissing(Exception):
    """What is answered or quoted isn't there for the author; the message is a whole sentence."""


@dataclass(frozen=True, slots=True)
class PollWish:
    """A poll as it is asked for; `expires_in` in seconds."""

    options: tuple[str, ...]
    expires_in: int
    multiple: bool = False
    hide_totals: bool = False

    def draft(self, now: datetime) -> PollDraft:
        return PollDraft(
            options=tuple((title, 0) for title in self.options),
            is_multiple=self.multiple,
            closes_at=now + timedelta(seconds=self.expires_in),
            hides_totals=self.hide_totals,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What somebody wants to say, with their defaults filled in."""

    text: str = ""
    content_type: str = PLAIN
    spoiler_text: str = ""
    visibility: Visibility = Visibility.PUBLIC
    sensitive: bool = False
    language: str | None = None
    local_only: bool = False
    in_reply_to_id: int | None = None
    quoted_status_id: int | None = None
    quote_approval_policy: str | None = None
    media_ids: tuple[int, ...] = ()
    poll: PollWish | None = None
    community_id: int | None = None
    application_id: int | None = None

    @property
    def refers_to_something(self) -> bool:
        """Whether something that is there already belongs to it: what it answers or quotes, or files."""
        return self.in_reply_to_id is not None or self.quoted_status_id is not None or bool(self.media_ids)


@dataclass(frozen=True, slots=True)
class ReadyPost:
    """A post of which everything is found; what may have changed meanwhile is looked at again when it is published."""

    post: Post
    draft: StatusDraft


def normalise_post(post: Post) -> Post:
    """Line breaks as we keep them; a content warning without a text is the text (as in Mastodon)."""
    text = post.text.replace("\r\n", "\n").replace("\r", "\n").strip()
    warning = " ".join(post.spoiler_text.split())
    if not text and warning and not post.media_ids:
        text, warning = warning, ""
    poll = post.poll
    if poll is not None:
        poll = replace(poll, options=tuple(title for option in poll.options if (title := " ".join(option.split()))))
    media_ids = tuple(dict.fromkeys(post.media_ids))
    return replace(post, text=text, spoiler_text=warning, poll=poll, media_ids=media_ids)


def check_post(post: Post) -> None:
    """The limits, for a post that went through `normalise_post`. Raises PostRefused."""
    if not post.text and not post.media_ids and post.quoted_status_id is None:
        raise PostRefused("text", "can't be blank")
    check_length(post.text, post.content_type, post.spoiler_text)
    if len(post.media_ids) > MAX_ATTACHMENTS:
        raise PostRefused("media_ids", f"can't be more than {MAX_ATTACHMENTS}")
    if post.poll is not None:
        if post.media_ids:
            raise PostRefused("media_ids", "can't be attached to a poll")
        check_poll(post.poll)


def check_length(text: str, content_type: str, spoiler_text: str) -> None:
    """Raises PostRefused for a text that is too long, alone or with its content warning."""
    warning_length = visible_length(spoiler_text)
    if warning_length > CONTENT_WARNING_CHARACTERS:
        raise PostRefused("spoiler_text", f"is longer than {CONTENT_WARNING_CHARACTERS} characters")
    is_long = len(text) > RAW_TEXT_CHARACTERS or counted_length(text, content_type) + warning_length > STATUS_CHARACTERS
    if is_long:
        raise PostRefused("text", f"character limit of {STATUS_CHARACTERS} exceeded")


def check_poll(poll: PollWish) -> None:
    """Raises PostRefused for a poll outside the limits."""
    if len(poll.options) < 2:
        raise PostRefused("poll.options", "must have more than one item")
    if len(poll.options) > POLL_OPTIONS:
        raise PostRefused("poll.options", f"can't contain more than {POLL_OPTIONS} items")
    if any(visible_length(title) > POLL_OPTION_CHARACTERS or len(title) > 4 * POLL_OPTION_CHARACTERS
           for title in poll.options):  # fmt: skip
        raise PostRefused("poll.options", f"can't be longer than {POLL_OPTION_CHARACTERS} characters each")
    if len(set(poll.options)) != len(poll.options):
        raise PostRefused("poll.options", "contain duplicate items")
    if poll.expires_in < POLL_MIN_SECONDS:
        raise PostRefused("poll.expires_in", f"is too soon: at least {POLL_MIN_SECONDS} seconds")
    if poll.expires_in > POLL_MAX_SECONDS:
        raise PostRefused("poll.expires_in", f"is too far into the future: at most {POLL_MAX_SECONDS} seconds")


async def prepare_post(
    services: Services, author: Account, post: Post, *, scheduled_id: int | None = None
) -> ReadyPost:
    """Find what a checked post refers to and compose it. Raises PostRefused and ReferenceMissing."""
    parent = quoted = None
    if post.refers_to_something:
        async with services.database.reading() as session:
            parent = await find_parent(session, author, post.in_reply_to_id)
            quoted = await find_quoted(session, author, post.quoted_status_id)
            check_uploads(await own_uploads(session, author, post.media_ids, scheduled_id=scheduled_id), post.media_ids)
    if quoted is not None and quoted.visibility == Visibility.PRIVATE and post.visibility.is_public:
        post = replace(post, visibility=Visibility.PRIVATE)
    draft = await compose(
        services,
        author,
        post.text,
        visibility=post.visibility,
        content_type=post.content_type,
        summary=post.spoiler_text,
        is_sensitive=post.sensitive,
        parent=parent,
        language=post.language,
        poll=post.poll.draft(services.clock()) if post.poll is not None else None,
        quoting=_quoting(author, post, quoted),
    )
    if quoted is not None and quoted.account_id != author.id and post.visibility is Visibility.DIRECT:
        await _check_quoted_is_mentioned(services, draft, quoted)
    return ReadyPost(post, draft)


def _quoting(author: Account, post: Post, quoted: Status | None) -> Quoting:
    policy = None
    if post.quote_approval_policy is not None:
        policy = quote_policy(author, post.quote_approval_policy, post.visibility)
    return Quoting(QuoteDraft(quoted.uri) if quoted is not None else None, policy)


async def _check_quoted_is_mentioned(services: Services, draft: StatusDraft, quoted: Status) -> None:
    async with services.database.reading() as session:
        quoted_author = await session.get_one(Account, quoted.account_id)
    if quoted_author.uri not in {mention.href for mention in draft.mentions}:
        raise PostRefused("quoted_status_id", "is by somebody who isn't mentioned in this private message")


async def find_parent(session: AsyncSession, author: Account, status_id: int | None) -> Status | None:
    """What is answered; of a boost, what it boosts. Raises ReferenceMissing."""
    parent = await _visible(session, author, status_id)
    if status_id is not None and parent is None:
        raise ReferenceMissing("The post you are trying to reply to does not appear to exist.")
    return parent


async def find_quoted(session: AsyncSession, author: Account, status_id: int | None) -> Status | None:
    """What is quoted, if its author's policy may allow it. Raises ReferenceMissing and PostRefused."""
    quoted = await _visible(session, author, status_id)
    if quoted is None:
        if status_id is not None:
            raise ReferenceMissing("The post you are trying to quote does not appear to exist.")
        return None
    quoted_author = await session.get_one(Account, quoted.account_id)
    query = select(Follow.id).where(
        Follow.follower_id == author.id, Follow.followee_id == quoted_author.id, Follow.state == "accepted"
    )
    is_follower = (await session.scalar(query)) is not None
    may_ask = not quoted_author.is_local and bool((quoted.interaction_policy or {}).get("manual"))
    if not may_quote(author, quoted, quoted_author, is_follower=is_follower) and not may_ask:
        raise PostRefused("quoted_status_id", "can't be quoted: its author doesn't allow it")
    return quoted


async def _visible(session: AsyncSession, author: Account, status_id: int | None) -> Status | None:
    if status_id is None:
        return None
    status = (await session.scalars(select(Status).where(Status.id == status_id, visible_to(author.id)))).first()
    return await _visible(session, author, status.boost_of_id) if status is not None and status.is_boost else status


async def own_uploads(
    session: AsyncSession,
    author: Account,
    media_ids: Sequence[int],
    *,
    scheduled_id: int | None = None,
    status_id: int | None = None,
) -> list[Attachment]:
    """Those of the author's own files that no status has (or `status_id` has), in the order asked for.

    A scheduled post finds its own files, which nothing else may take.
    """
    if not media_ids:
        return []
    is_free = or_(Attachment.status_id.is_(None), Attachment.status_id == (status_id or 0))
    is_kept = Attachment.scheduled_id.is_(None) if scheduled_id is None else Attachment.scheduled_id == scheduled_id
    found = await session.scalars(
        select(Attachment)
        .where(Attachment.id.in_(media_ids), Attachment.account_id == author.id, is_free, is_kept)
        .with_for_update()
    )
    by_id = {upload.id: upload for upload in found}
    return [by_id[media_id] for media_id in media_ids if media_id in by_id]


def check_uploads(uploads: Sequence[Attachment], media_ids: Sequence[int]) -> None:
    """Raises PostRefused when one is missing, unfinished, or doesn't go with the others."""
    missing = set(media_ids) - {upload.id for upload in uploads}
    if missing:
        listed = ", ".join(str(media_id) for media_id in sorted(missing))
        raise PostRefused("media_ids", f"{listed} not found or already attached to another post")
    if any(upload.state != "ready" for upload in uploads):
        raise PostRefused("media_ids", "have not finished processing: try again in a moment")
    if len(uploads) > 1 and any(upload.kind in ("audio", "video") for upload in uploads):
        raise PostRefused("media_ids", "can't hold a video or audio and other files together")


async def publish_post(
    services: Services, unit: UnitOfWork, author: Account, ready: ReadyPost, *, scheduled_id: int | None = None
) -> StatusBundle:
    """Publish a prepared post. `author` belongs to the unit. Raises PostRefused when a file was taken meanwhile."""
    post = ready.post
    uploads = await own_uploads(unit.session, author, post.media_ids, scheduled_id=scheduled_id)
    check_uploads(uploads, post.media_ids)
    for upload in uploads:
        upload.scheduled_id = None
    return await publish_status(
        services,
        unit,
        author,
        ready.draft,
        group=await _community(unit.session, post.community_id),
        is_local_only=post.local_only,
        uploads=uploads,
        application_id=post.application_id,
    )


async def _community(session: AsyncSession, community_id: int | None) -> Account | None:
    """The community to post in; whether it exists for the author is asked when it is posted."""
    group = await session.get(Account, community_id) if community_id is not None else None
    if community_id is not None and (group is None or not group.is_group):
        raise NoSuchCommunity
    return group


async def find_community(session: AsyncSession, author: Account, post: Post, *, now: datetime) -> None:
    """Make sure that what is for later could be posted in its community now. Raises CommunityError."""
    group = await _community(session, post.community_id)
    if group is None:
        return
    parent = await find_parent(session, author, post.in_reply_to_id)
    check_placement(group, parent, post.visibility)
    await check_submission(session, group, author, parent=parent, visibility=post.visibility, now=now)


def params_of(post: Post, *, idempotency_key: str | None) -> dict[str, Any]:
    """A post as it is kept until its time, in the words of the client API (`ScheduledStatus.params`)."""
    poll = post.poll
    return {
        "text": post.text,
        "content_type": post.content_type,
        "spoiler_text": post.spoiler_text,
        "visibility": post.visibility.value,
        "sensitive": post.sensitive,
        "language": post.language,
        "local_only": post.local_only,
        "in_reply_to_id": post.in_reply_to_id,
        "quoted_status_id": post.quoted_status_id,
        "quote_approval_policy": post.quote_approval_policy,
        "media_ids": list(post.media_ids),
        "poll": None
        if poll is None
        else {
            "options": list(poll.options),
            "expires_in": poll.expires_in,
            "multiple": poll.multiple,
            "hide_totals": poll.hide_totals,
        },
        "community_id": post.community_id,
        "application_id": post.application_id,
        "idempotency": idempotency_key,
    }


def post_of(params: dict[str, Any]) -> Post:
    """The post that was kept as `params_of` writes it."""
    poll = params["poll"]
    names = {name for name in Post.__slots__ if name in params}
    values = {name: params[name] for name in names}
    return Post(
        **values
        | {
            "visibility": Visibility(params["visibility"]),
            "media_ids": tuple(params["media_ids"]),
            "poll": PollWish(**(poll | {"options": tuple(poll["options"])})) if poll else None,
        }
    )
