"""Posting and deleting statuses."""

import re
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from api.access import visible_status
from api.call import Call, Json
from api.endpoints import Endpoint, either
from api.entities.scheduled_status import scheduled_status
from api.errors import ApiError, NotFound, invalid
from api.loading import status_json
from api.schemas.posting import DeleteArgs, PostArgs
from api.statuses.made import Writer, find_writer, is_at_hand, made_json
from content.compose import PLAIN
from federation.documents import StatusBundle
from models.accounts import Account
from models.statuses import Attachment, ScheduledStatus, Status
from models.visibility import Visibility
from outbox.posting import (
    PollWish,
    Post,
    PostRefused,
    ReferenceMissing,
    check_post,
    find_community,
    find_parent,
    find_quoted,
    normalise_post,
    prepare_post,
    publish_post,
)
from outbox.scheduled import check_time, schedule_post
from outbox.statuses import publish_deletion
from policy.authority import may_delete
from social.idempotency import is_taken, kept_key, made_before, settle_key, take_key
from social.preferences import Preferences
from social.uploads import detach_uploads, forget_files_of

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}", re.IGNORECASE | re.ASCII)
Made = Status | ScheduledStatus


async def post_status(call: Call) -> Any:
    """Post a new status; with `scheduled_at`, have it posted later. The same `Idempotency-Key` gives the same again."""
    key = call.request.headers.get("Idempotency-Key", "").strip()
    key = kept_key(key) if key else ""
    async with call.database.glancing() as glance:
        is_repeated = bool(key) and await is_taken(glance, call.me.id, key, call.services.clock())
        writer = await find_writer(glance, call)
    if is_repeated:
        async with call.database.reading() as session:
            earlier = await made_before(session, call.me.id, key, call.services.clock())
        if earlier is not None:
            return await _answer(call, earlier, writer)
    try:
        post = normalise_post(_read_post(call, writer.preferences))
        check_post(post)
        return await _answer(call, await _make(call, post, key), writer)
    except PostRefused as refused:
        raise refusal(refused) from refused
    except ReferenceMissing as missing:
        raise NotFound(str(missing)) from missing


def refusal(refused: PostRefused) -> ApiError:
    """422 with the field."""
    return invalid(refused.field, str(refused))


def _read_post(call: Call, preferences: Preferences) -> Post:
    """The post with the defaults of its author."""
    args = call.args
    visibility = args.get("visibility") or _usual_visibility(call, preferences)
    sensitive, local_only = args.get("sensitive"), args.get("local_only")
    is_reply = args.get("in_reply_to_id") is not None
    if local_only is None:
        local_only = preferences.stays_in_office(visibility=visibility, is_reply=is_reply)
    return read_text(
        call,
        Post(
            visibility=Visibility(visibility),
            sensitive=preferences.is_sensitive if sensitive is None else sensitive,
            local_only=local_only,
            in_reply_to_id=args.get("in_reply_to_id"),
            community_id=args.get("community_id"),
            quoted_status_id=args.get("quoted_status_id"),
            quote_approval_policy=args.get("quote_approval_policy") or preferences.quote_policy,
            application_id=call.bearer.application_id if call.bearer is not None else None,
            language=preferences.language,
        ),
    )


def _usual_visibility(call: Call, preferences: Preferences) -> str:
    """That of the author; in a community as wide as the community is."""
    if "community_id" in call.args:
        return Visibility.PUBLIC.value
    return preferences.visibility_for(is_locked=call.me.is_locked)


def read_text(call: Call, post: Post) -> Post:
    """`post` with what new statuses and edits have in common; a language that is none isn't taken over."""
    args = call.args
    poll = args.get("poll")
    return replace(
        post,
        text=args["status"],
        content_type=args.get("content_type") or post.content_type or PLAIN,
        spoiler_text=args["spoiler_text"],
        language=read_language(args.get("language")) or post.language,
        media_ids=tuple(args["media_ids"]),
        poll=PollWish(**(poll | {"options": tuple(poll["options"])})) if poll else None,
    )


def read_language(text: str | None) -> str | None:
    """A language tag in its usual case (`pt-BR`); None for what is none."""
    text = (text or "").strip().replace("_", "-")
    if _LANGUAGE.fullmatch(text) is None:
        return None
    primary, *rest = text.split("-")
    return "-".join([primary.lower(), *(part.upper() if len(part) == 2 else part.title() for part in rest)])


async def _make(call: Call, post: Post, key: str) -> StatusBundle | Made:
    """Publish the post, or keep it for later; what another request made meanwhile under the same key."""
    scheduled_at: datetime | None = call.args.get("scheduled_at")
    ready = None
    if scheduled_at is None:
        ready = await prepare_post(call.services, call.me, post)
    else:
        check_time(scheduled_at, call.services.clock())
        async with call.database.reading() as session:
            await find_parent(session, call.me, post.in_reply_to_id)
            await find_quoted(session, call.me, post.quoted_status_id)
            await find_community(session, call.me, post, now=call.services.clock())
    async with call.database.unit_of_work() as unit:
        earlier = await take_key(unit, call.me.id, key) if key else None
        if earlier is not None:
            return earlier
        author = await unit.session.find_one(Account, call.me.id)
        made: StatusBundle | ScheduledStatus
        if scheduled_at is not None:
            made = await schedule_post(unit, author, post, scheduled_at, idempotency_key=key or None)
        else:
            assert ready is not None
            made = await publish_post(call.services, unit, author, ready)
        if key:
            await settle_key(
                unit,
                author.id,
                key,
                status_id=made.status.id if isinstance(made, StatusBundle) else None,
                scheduled_id=made.id if isinstance(made, ScheduledStatus) else None,
            )
    return made


async def _answer(call: Call, made: StatusBundle | Made, writer: Writer) -> Json:
    if isinstance(made, StatusBundle):
        return await made_json(call, made, writer) if is_at_hand(made) else await shown(call, made.status.id)
    async with call.database.reading() as session:
        if isinstance(made, ScheduledStatus):
            return await scheduled_json(call, session, made)
        return await shown(call, made.id, session)


async def scheduled_json(call: Call, session: Any, row: ScheduledStatus) -> Json:
    """A scheduled status with its files."""
    media_ids = row.params["media_ids"]
    files = []
    if media_ids:
        found = await session.scalars(select(Attachment).where(Attachment.id.in_(media_ids)))
        by_id = {upload.id: upload for upload in found}
        files = [by_id[number] for number in media_ids if number in by_id]
    return scheduled_status(row, files, call.api)


async def shown(call: Call, status_id: int, session: Any = None) -> Json:
    """The entity of a status as the caller sees it now. Raises NotFound."""
    if session is None:
        async with call.database.reading() as opened:
            return await shown(call, status_id, opened)
    entity = await status_json(call.api, session, status_id, call.viewer)
    if entity is None:
        raise NotFound
    return entity


async def delete_status(call: Call) -> Json:
    """Delete a status of one's own; the answer has its source, to be written anew ("delete & redraft")."""
    async with call.database.unit_of_work() as unit:
        status = await visible_status(call, unit.session, call.id())
        me = await unit.session.get_one(Account, call.me.id)
        if status.account_id != me.id or not may_delete(me, status):
            raise NotFound
        entity = await shown(call, status.id, unit.session)
        entity["text"] = status.source_text or ""
        entity["spoiler_text"] = status.summary
        if call.args["delete_media"]:
            await forget_files_of(unit, Attachment.status_id == status.id)
        else:
            await detach_uploads(unit, status.id)
        await publish_deletion(call.services, unit, me, status)
    return entity


ENDPOINTS = (
    Endpoint("POST", "/api/v1/statuses", post_status, scope="write:statuses", args=PostArgs,
             returns=either("StatusEntity", "ScheduledStatusEntity"), limit="posts"),
    Endpoint("DELETE", "/api/v1/statuses/{id}", delete_status, scope="write:statuses", args=DeleteArgs,
             returns="StatusEntity", limit="deletions"),
)  # fmt: skip
