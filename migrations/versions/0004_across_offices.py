"""Across offices

Revision 0004, after 0003. Each area has a pair of functions; the newest comes down first.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.column_types import BIG, JSON, TIME

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    _index_communities()
    _add_peer_policies()
    _add_peer_figures()
    _add_digests()


def downgrade() -> None:
    _drop_digests()
    _drop_peer_figures()
    _drop_peer_policies()
    _forget_indexes_of_communities()


def _index_communities() -> None:
    op.create_index("ix_memberships_role", "memberships", ["community_id", "role", "account_id"])
    is_group = sa.text("actor_type = 'Group'")
    op.create_index("ix_accounts_groups", "accounts", ["id"], postgresql_where=is_group, sqlite_where=is_group)


def _forget_indexes_of_communities() -> None:
    op.drop_index("ix_accounts_groups", "accounts")
    op.drop_index("ix_memberships_role", "memberships")


def _add_peer_policies() -> None:
    with op.batch_alter_table("peers") as peers:
        peers.add_column(sa.Column("policy", JSON, nullable=True))


def _add_peer_figures() -> None:
    op.create_table(
        "peer_counts",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("count", BIG, nullable=False),
        sa.PrimaryKeyConstraint("host", "day", "name", name="pk_peer_counts"),
    )
    with op.batch_alter_table("remote_hosts") as hosts:
        hosts.add_column(sa.Column("clock_ahead_seconds", sa.Float(), nullable=True))
        hosts.add_column(sa.Column("clock_seen_at", TIME, nullable=True))


def _drop_peer_figures() -> None:
    with op.batch_alter_table("remote_hosts") as hosts:
        hosts.drop_column("clock_seen_at")
        hosts.drop_column("clock_ahead_seconds")
    op.drop_table("peer_counts")


def _drop_peer_policies() -> None:
    with op.batch_alter_table("peers") as peers:
        peers.drop_column("policy")


_COMPARED = ("differing_days", "missing", "repaired", "unrepaired")


def _add_digests() -> None:
    with op.batch_alter_table("peer_sync") as batch_op:
        batch_op.add_column(sa.Column("compare_day", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("compared_at", TIME, nullable=True))
        for name in _COMPARED:
            batch_op.add_column(sa.Column(name, BIG, nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("compare_error", sa.Text(), nullable=True))
    op.create_table(
        "digest_marks",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("revision", BIG, nullable=False),
        sa.Column("is_valid", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_digest_marks")),
    )
    op.create_table(
        "digest_days",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject_id", BIG, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("count", BIG, nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject_id", "day", name=op.f("pk_digest_days")),
    )
    op.create_index("ix_digest_days_day", "digest_days", ["day"])


def _drop_digests() -> None:
    for table in ("digest_days", "digest_marks"):
        op.drop_table(table)
    with op.batch_alter_table("peer_sync") as batch_op:
        for name in ("compare_day", "compared_at", *_COMPARED, "compare_error"):
            batch_op.drop_column(name)
