"""Queues

Revision 0006, after 0005. PostgreSQL forgets what it counted of the states of queues, and counts them no more
(`models.postgresql.never_count`).
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_QUEUES = ("inbound_activities", "deliveries", "jobs")
_EVERYTHING = -1  # as many values as the server's settings say


def upgrade() -> None:
    _count_states(0)


def downgrade() -> None:
    _count_states(_EVERYTHING)


def _count_states(values: int) -> None:
    """Naming the type once more, which changes no row, is what makes it forget; the partial indexes are made anew."""
    if op.get_bind().dialect.name == "sqlite":
        return
    for queue in _QUEUES:
        op.execute(sa.text(f"ALTER TABLE {queue} ALTER COLUMN state SET STATISTICS {values}"))
        op.execute(sa.text(f"ALTER TABLE {queue} ALTER COLUMN state TYPE VARCHAR(16)"))
