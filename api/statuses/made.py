"""The answer to whoever posts, made of what was just written instead of being read again.

A status that nobody has seen has no marks, its author's filters say nothing of it, and its parts are at hand. Asked for
is what is kept beside it: the author as committed, with the new counts, the app it was written with, and of an answer
whether the conversation is muted. What quotes or is posted in a community depends on more: it is loaded like any other
(`api.loading`).
"""

from collections import namedtuple
from typing import Any, Final

from sqlalchemy import bindparam, select

from api.call import Call, Json
from api.entities.account import COLUMNS
from api.entities.status import status_entity
from api.entities.status_page import StatusPage
from api.loading import marks_at_a_glance
from federation.documents import StatusBundle
from models.accounts import Account
from models.base import BigInt
from models.oauth import Application
from models.questions import Glance, Question

_ID: Final = bindparam("id", type_=BigInt)
_AUTHOR: Final = Question(select(*COLUMNS).where(Account.id == _ID))
_APPLICATION: Final = Question(select(Application.name, Application.website).where(Application.id == _ID))
_Author = namedtuple("_Author", [column.key for column in COLUMNS])  # type: ignore[misc]
_Application = namedtuple("_Application", ["name", "website"])


def is_at_hand(made: StatusBundle) -> bool:
    """Whether `made_json` can tell all of it."""
    return made.status.quote_state is None and made.status.group_id is None


async def made_json(call: Call, made: StatusBundle) -> Json:
    """The entity of a status that the caller has just posted, once it is committed."""
    status = made.status
    page = StatusPage(call.me, call.services.clock())
    page.statuses = {status.id: status}
    page.attachments = {status.id: made.attachments}
    page.mentions = {status.id: made.mentions}
    page.tags = {status.id: sorted(made.tags, key=lambda tag: tag.name)}
    page.polls = {} if made.poll is None else {status.id: made.poll}
    async with call.database.glancing() as glance:
        page.accounts = {status.account_id: _Author._make((await glance.ask(_AUTHOR, {"id": status.account_id}))[0])}
        page.applications = await _application(glance, status.application_id)
        if status.in_reply_to_id is not None:
            page.marks = await marks_at_a_glance(glance, call.me, [status])
    return status_entity(status.id, page, call.api)


async def _application(glance: Glance, application_id: int | None) -> dict[int, Any]:
    found = [] if application_id is None else await glance.ask(_APPLICATION, {"id": application_id})
    return {application_id: _Application._make(found[0])} if application_id is not None and found else {}
