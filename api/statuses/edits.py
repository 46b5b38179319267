"""Editing statuses: text, files with their descriptions, poll, and who may quote."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import visible_status
from api.call import Call, Json
from api.endpoints import Endpoint
from api.errors import NotFound, invalid
from api.schemas.posting import EditArgs, PolicyArgs
from api.statuses.posting import read_text, refusal, shown
from content.compose import PLAIN
from content.lengths import visible_length
from content.media_limits import DESCRIPTION_CHARACTERS
from models.accounts import Account
from models.statuses import Status
from outbox.editing import prepare_edit, publish_post_edit, publish_quote_policy
from outbox.posting import Post, PostRefused


async def put_status(call: Call) -> Json:
    """Edit a status of one's own. What isn't said (text, files, poll) is taken out."""
    async with call.database.reading() as session:
        status = await _own(call, session)
    post = read_text(
        call,
        Post(
            sensitive=call.args.get("sensitive", False),
            content_type=status.source_media_type or PLAIN,
            language=status.language,
            quote_approval_policy=call.args.get("quote_approval_policy"),
        ),
    )
    changes = _media_changes(call.args["media_attributes"])
    try:
        edited = await prepare_edit(call.services, call.me, status, post)
        async with call.database.unit_of_work() as unit:
            me = await unit.session.get_one(Account, call.me.id)
            status = await _own(call, unit.session)
            await publish_post_edit(call.services, unit, me, status, edited, media_changes=changes)
    except PostRefused as refused:
        raise refusal(refused) from refused
    return await shown(call, status.id)


async def put_interaction_policy(call: Call) -> Json:
    """Say who may quote a status of one's own from now on."""
    async with call.database.unit_of_work() as unit:
        status = await _own(call, unit.session)
        me = await unit.session.get_one(Account, call.me.id)
        await publish_quote_policy(call.services, unit, me, status, call.args["quote_approval_policy"])
    return await shown(call, status.id)


async def _own(call: Call, session: AsyncSession) -> Status:
    """The status, if it is the caller's and no boost. Raises NotFound."""
    status = await visible_status(call, session, call.id())
    if status.account_id != call.me.id or status.is_boost:
        raise NotFound
    return status


def _media_changes(attributes: Iterable[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """New values for columns of attachments. Raises Unprocessable."""
    changes: dict[int, dict[str, Any]] = {}
    for one in attributes:
        wanted: dict[str, Any] = {}
        if "description" in one:
            wanted["description"] = one["description"].strip() or None
            if visible_length(one["description"]) > DESCRIPTION_CHARACTERS:
                raise invalid("description", f"is longer than {DESCRIPTION_CHARACTERS} characters")
        if "focus" in one:
            wanted["focal_point"] = _focus(one["focus"])
        changes[one["id"]] = wanted
    return changes


def _focus(text: str) -> list[float]:
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError as error:
        raise invalid("focus", "has to be two numbers from -1 to 1, such as 0.5,-0.2") from error
    if not (-1 <= x <= 1 and -1 <= y <= 1):
        raise invalid("focus", "has to be two numbers from -1 to 1, such as 0.5,-0.2")
    return [x, y]


ENDPOINTS = (
    Endpoint("PUT", "/api/v1/statuses/{id}", put_status, scope="write:statuses", args=EditArgs, returns="StatusEntity",
             limit="posts"),
    Endpoint("PUT", "/api/v1/statuses/{id}/interaction_policy", put_interaction_policy, scope="write:statuses",
             args=PolicyArgs, returns="StatusEntity"),
)  # fmt: skip
