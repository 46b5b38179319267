"""Small and fast

Revision 0005, after 0004. Each area has a pair of functions; the newest comes down first.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.column_types import BIG, JSON, TIME

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    _add_wishes()
    _add_lessees()
    _count_digests_again()
    _add_index_filling()
    _add_joined_up_to()


def downgrade() -> None:
    _drop_joined_up_to()
    op.drop_table("index_filling")
    _count_digests_again()
    _drop_lessees()
    _drop_wishes()


def _add_wishes() -> None:
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("again_at", TIME, nullable=True))
        jobs.add_column(sa.Column("again_payload", JSON, nullable=True))


def _drop_wishes() -> None:
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_column("again_payload")
        jobs.drop_column("again_at")


_LEASED = ("inbound_activities", "deliveries", "jobs")


def _add_lessees() -> None:
    for name in _LEASED:
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("leased_by", sa.String(16), nullable=True))


def _drop_lessees() -> None:
    for name in _LEASED:
        with op.batch_alter_table(name) as table:
            table.drop_column("leased_by")


def _count_digests_again() -> None:
    """What is kept of finished days knows of no communities, or of too many kinds: it is counted when asked for."""
    op.execute(sa.text("DELETE FROM digest_days"))
    op.execute(sa.text("DELETE FROM digest_marks"))


def _add_index_filling() -> None:
    op.create_table(
        "index_filling",
        sa.Column("id", BIG, nullable=False),
        sa.Column("below", BIG, nullable=True),
        sa.Column("completed_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_index_filling"),
    )


def _add_joined_up_to() -> None:
    with op.batch_alter_table("communities") as communities:
        communities.add_column(sa.Column("joined_up_to", BIG, nullable=True))


def _drop_joined_up_to() -> None:
    with op.batch_alter_table("communities") as communities:
        communities.drop_column("joined_up_to")
