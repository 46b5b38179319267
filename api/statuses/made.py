"""The answer to whoever posts, made of what was just written instead of being read again.

A status that nobody has seen has no marks, its author's filters say nothing of it, and its parts are at hand. So is its
author, as this very transaction found them, with one post more; what else is theirs (role, preferences, the app that
they write with) was looked for before. Asked for afterwards is only, of an answer, whether the conversation is muted.
What quotes or is posted in a community depends on more: it is loaded like any other (`api.loading`).
"""

from collections import namedtuple
from operator import attrgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, select

from api.call import Call, Json
from api.entities.account import COLUMNS
from api.entities.status import status_entity
from api.entities.status_page import StatusPage
from api.loading import marks_at_a_glance
from federation.documents import StatusBundle
from models.accounts import User
from models.base import BigInt
from models.oauth import Application
from models.questions import Glance, Question
from social.preferences import Preferences, preferences_from

_WRITER: Final = Question(
    select(User.preferences, User.role, Application.name, Application.website)
    .outerjoin(Application, Application.id == bindparam("application_id", type_=BigInt))
    .where(User.id == bindparam("user_id", type_=BigInt))
)
_NAMES: Final = tuple(column.key for column in COLUMNS)
_Author = namedtuple("_Author", _NAMES)  # type: ignore[misc]
_values_of: Final = attrgetter(*_NAMES[:-1])  # all but the role, which stands with the user


class Writer(NamedTuple):
    """What belongs to whoever posts, beside their account; of the app, where it is one, its name and website."""

    preferences: Preferences
    role: str | None
    application: Any


class _Application(NamedTuple):
    name: str
    website: str | None


async def find_writer(glance: Glance, call: Call) -> Writer:
    """Whoever calls, as they are now."""
    application_id = call.bearer.application_id if call.bearer is not None else None
    values = {"user_id": call.user_id, "application_id": application_id}
    preferences, role, name, website = (await glance.ask(_WRITER, values))[0]
    return Writer(preferences_from(preferences), role, None if name is None else _Application(name, website))


def is_at_hand(made: StatusBundle) -> bool:
    """Whether `made_json` can tell all of it."""
    return made.status.quote_state is None and made.status.group_id is None


async def made_json(call: Call, made: StatusBundle, writer: Writer) -> Json:
    """The entity of a status that the caller has just posted, once it is committed."""
    status = made.status
    page = StatusPage(call.me, call.services.clock())
    page.statuses = {status.id: status}
    page.accounts = {status.account_id: _after(made, writer)}
    page.attachments = {status.id: made.attachments}
    page.mentions = {status.id: made.mentions}
    page.tags = {status.id: sorted(made.tags, key=lambda tag: tag.name)}
    page.polls = {} if made.poll is None else {status.id: made.poll}
    if status.application_id is not None and writer.application is not None:
        page.applications = {status.application_id: writer.application}
    if status.in_reply_to_id is not None:
        async with call.database.glancing() as glance:
            page.marks = await marks_at_a_glance(glance, call.me, [status])
    return status_entity(status.id, page, call.api)


def _after(made: StatusBundle, writer: Writer) -> Any:
    """The author of what was made, with it in their counts: those in the row are from before."""
    author: Any = _Author._make((*_values_of(made.author), writer.role))
    return author._replace(statuses_count=author.statuses_count + 1, last_status_at=made.status.created_at)
