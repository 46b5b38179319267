"""What lies between recipients and senders when something happens: one query for a whole batch.

The pairs go in as one JSON value, so that the statement is the same for one and for a thousand, and each fact is a
look-up by an index. `policy.notifications` makes an answer of it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache, partial
from types import SimpleNamespace
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    and_,
    bindparam,
    case,
    cast,
    exists,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.sql.selectable import Subquery

from models.accounts import Account, User
from models.aliases import narrow_alias
from models.base import UtcDateTime
from models.feeds import NotificationPermission, NotificationPolicy
from models.insertion import AnySelect
from models.new_rows import WritingSession
from models.oauth import PushSubscription
from models.postgresql import JSONB
from models.questions import Question
from models.relations import Block, ConversationMute, DomainBlock, Follow, Mute
from models.statuses import Mention, Status
from models.values import dataclass
from models.visibility import Visibility
from policy.notifications import DEFAULT, POLICY_FIELDS, Facts, Policy
from policy.timelines import is_in_force

Triple = tuple[int, int, int | None]


@dataclass(frozen=True, slots=True)
class Known:
    """Between one recipient and one sender, about one status: the facts, what the recipient wants, whether to push."""

    facts: Facts
    policy: Policy
    has_push: bool


async def load_facts(
    session: WritingSession, triples: Iterable[Triple], *, now: datetime
) -> Mapping[tuple[int, int, int], Known]:
    """What is known, by the ids of recipient, sender and status (0 for none).

    Left out is who isn't an active person of this office, and what is about a status that is gone.
    """
    wanted = sorted({(account_id, sender_id, status_id or 0) for account_id, sender_id, status_id in triples})
    question, names = _question(session.get_bind().dialect.name == "sqlite")
    found = await session.ask(question, {"asked": orjson.dumps(wanted).decode(), "now": now})
    rows = [SimpleNamespace(**dict(zip(names, values, strict=True))) for values in found]
    return {(row.recipient_id, row.sender_id, row.status_id): _known(row) for row in rows}


def _known(row: Any) -> Known:
    facts = Facts(
        is_self=row.recipient_id == row.sender_id,
        is_blocked=row.is_blocked,
        is_muted=row.is_muted,
        is_domain_blocked=row.is_domain_blocked,
        is_conversation_muted=row.is_conversation_muted,
        is_permitted=row.is_permitted,
        is_limited=row.limited_at is not None,
        is_private=row.visibility == Visibility.DIRECT.value,
        is_answer=row.is_answer,
        follows=row.follows,
        followed_since=row.followed_since,
        sender_since=row.sender_since,
    )
    if row.for_not_following is None:
        return Known(facts, DEFAULT, row.has_push)
    return Known(facts, Policy(*(getattr(row, name) for name in POLICY_FIELDS)), row.has_push)


@cache
def _question(is_sqlite: bool) -> tuple[Question, tuple[str, ...]]:
    """The query with the names of its columns, made once: to build it takes longer than to run it. Only its SQL is
    kept."""
    return Question(partial(_statement, is_sqlite)), tuple(_statement(is_sqlite).selected_columns.keys())


def _statement(is_sqlite: bool) -> AnySelect:
    asked = _asked(is_sqlite)
    recipient = narrow_alias(Account, "id", "suspended_at", "gone_at")
    sender = narrow_alias(Account, "id", "domain", "limited_at", "created_at")
    theirs = narrow_alias(Follow, "follower_id", "followee_id", "state", "accepted_at", "created_at")
    to_recipient = and_(
        theirs.c.follower_id == asked.c.sender_id,
        theirs.c.followee_id == asked.c.recipient_id,
        theirs.c.state == "accepted",
    )
    return (
        select(
            asked.c.recipient_id,
            asked.c.sender_id,
            asked.c.status_id,
            sender.c.limited_at,
            sender.c.created_at.label("sender_since"),
            Status.visibility,
            func.coalesce(theirs.c.accepted_at, theirs.c.created_at, type_=UtcDateTime()).label("followed_since"),
            *(getattr(NotificationPolicy, name) for name in POLICY_FIELDS),
            *_existences(asked, sender),
        )
        .select_from(asked)
        .join(recipient, recipient.c.id == asked.c.recipient_id)
        .join(User, User.account_id == recipient.c.id)
        .join(sender, sender.c.id == asked.c.sender_id)
        .outerjoin(Status, Status.id == asked.c.status_id)
        .outerjoin(theirs, to_recipient)
        .outerjoin(NotificationPolicy, NotificationPolicy.account_id == recipient.c.id)
        .where(recipient.c.suspended_at.is_(None), recipient.c.gone_at.is_(None))
        .where(or_(asked.c.status_id == 0, Status.id.is_not(None)))
    )


def _asked(is_sqlite: bool) -> Subquery:
    """The triples as rows."""
    if is_sqlite:
        each = func.json_each(bindparam("asked")).table_valued("value")
        parts: list[ColumnElement[int]] = [func.json_extract(each.c.value, f"$[{place}]") for place in range(3)]
    else:
        each = func.jsonb_array_elements(cast(bindparam("asked"), JSONB)).table_valued("value")
        parts = [cast(func.jsonb_extract_path_text(each.c.value, str(place)), BigInteger) for place in range(3)]
    names = ("recipient_id", "sender_id", "status_id")
    return select(*(part.label(name) for part, name in zip(parts, names, strict=True))).subquery("asked")


def _existences(asked: Subquery, sender: FromClause) -> Iterable[ColumnElement[bool]]:
    one, other = asked.c.recipient_id, asked.c.sender_id
    own = narrow_alias(Status, "id", "conversation_id", "account_id", "visibility")
    blocked = or_(
        and_(Block.account_id == one, Block.target_id == other), and_(Block.account_id == other, Block.target_id == one)
    )
    muted = (
        Mute.account_id == one, Mute.target_id == other, Mute.hides_notifications,
        is_in_force(bindparam("now", type_=UtcDateTime())),
    )  # fmt: skip
    muted_conversation = (
        ConversationMute.account_id == one,
        ConversationMute.conversation_id == Status.conversation_id,
    )
    permitted = (NotificationPermission.account_id == one, NotificationPermission.from_account_id == other)
    follows = (Follow.follower_id == one, Follow.followee_id == other, Follow.state == "accepted")
    answered = (
        own.c.conversation_id == Status.conversation_id,
        own.c.account_id == one,
        own.c.visibility == Visibility.DIRECT.value,
    )
    mentions_sender = (
        exists().where(Mention.status_id == own.c.id, Mention.account_id == other).correlate_except(Mention)
    )
    is_private_reply = and_(Status.visibility == Visibility.DIRECT.value, Status.in_reply_to_uri.is_not(None))
    yield exists(select(Block.id).where(blocked).correlate_except(Block)).label("is_blocked")
    yield exists(select(Mute.id).where(*muted).correlate_except(Mute)).label("is_muted")
    yield exists(
        select(DomainBlock.id)
        .where(DomainBlock.account_id == one, DomainBlock.domain == sender.c.domain)
        .correlate_except(DomainBlock)
    ).label("is_domain_blocked")
    yield exists(
        select(ConversationMute.account_id).where(*muted_conversation).correlate_except(ConversationMute)
    ).label("is_conversation_muted")
    yield exists(
        select(NotificationPermission.account_id).where(*permitted).correlate_except(NotificationPermission)
    ).label("is_permitted")
    yield exists(select(Follow.id).where(*follows).correlate_except(Follow)).label("follows")
    written = exists(select(own.c.id).where(*answered, mentions_sender).correlate_except(own))
    yield case((is_private_reply, written), else_=false()).label("is_answer")
    yield exists(
        select(PushSubscription.id).where(PushSubscription.account_id == one).correlate_except(PushSubscription)
    ).label("has_push")
