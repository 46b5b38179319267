"""Further names of tables: narrow ones say the same in SQL, and know only their own columns."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import aliased

from models.accounts import Account
from models.aliases import narrow_alias
from models.statuses import Status


def test_a_condition_over_a_narrow_alias_is_the_same_sql() -> None:
    whole, narrow = aliased(Account), narrow_alias(Account, "id", "gone_at")
    by_whole = select(whole.id).where(whole.id == Status.account_id, whole.gone_at.is_(None)).correlate_except(whole)
    by_narrow = (
        select(narrow.c.id).where(narrow.c.id == Status.account_id, narrow.c.gone_at.is_(None)).correlate_except(narrow)
    )
    queries = [str(select(Status.id).where(asked.exists())) for asked in (by_whole, by_narrow)]
    assert queries[0] == queries[1]
    assert narrow.c.gone_at.type is Account.__table__.c.gone_at.type


def test_a_column_that_was_not_named_is_an_error() -> None:
    narrow = narrow_alias(Account, "id")
    with pytest.raises(AttributeError):
        _ = narrow.c.gone_at
    with pytest.raises(KeyError):
        narrow_alias(Account, "nothing")
