"""What is pinned to an account: a person's own posts, and what a community's moderators show first in it."""

from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, func, or_

from models.statuses import Status


def is_pinned_to(account_id: SQLColumnExpression[int] | Any) -> ColumnElement[bool]:
    """The condition on statuses; an account is either a person or a community, so one side is always empty."""
    return or_(
        and_(Status.account_id == account_id, Status.pinned_at.is_not(None)),
        and_(Status.group_id == account_id, Status.featured_at.is_not(None), Status.removed_at.is_(None)),
    )


def pinned_since() -> ColumnElement[Any]:
    """When it was pinned, for sorting."""
    return func.coalesce(Status.featured_at, Status.pinned_at)
