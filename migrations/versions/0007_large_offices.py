"""Large offices

Revision 0007, after 0006. What is ours among a million posts of others, what is pinned, locked or removed, what holds a
link and what has media is found by an index of its own, and so are the newest followers and the polls that are open.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Name, table, columns, and of which rows.
_INDEXES: Sequence[tuple[str, str, list[str], str | None]] = (
    ("ix_statuses_local", "statuses", ["is_local", "id"], None),
    ("ix_statuses_pinned", "statuses", ["account_id"], "pinned_at IS NOT NULL"),
    ("ix_statuses_featured", "statuses", ["group_id"], "featured_at IS NOT NULL"),
    ("ix_statuses_locked", "statuses", ["conversation_id", "group_id"], "locked_at IS NOT NULL"),
    ("ix_statuses_removed", "statuses", ["group_id", "id"], "removed_at IS NOT NULL"),
    ("ix_statuses_card", "statuses", ["card_id", "id"], "card_id IS NOT NULL"),
    ("ix_polls_open", "polls", ["closes_at"], "closed_at IS NULL"),
    ("ix_follows_newest", "follows", ["followee_id", "id"], None),
    ("ix_attachments_account", "attachments", ["account_id", "status_id"], "status_id IS NOT NULL"),
    ("ix_attachments_ours", "attachments", ["status_id"], "remote_url IS NULL"),
)


def upgrade() -> None:
    # Not by a batch: SQLite would copy a million rows, and forget the triggers of the index of words.
    op.add_column("statuses", sa.Column("is_local", sa.Boolean(), nullable=False, server_default=sa.false()))
    ours = "SELECT id FROM accounts WHERE domain IS NULL"
    op.execute(sa.text(f"UPDATE statuses SET is_local = {_true()} WHERE account_id IN ({ours})"))
    for name, table, columns, where in _INDEXES:
        condition = None if where is None else sa.text(where)
        op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    for name, table, _, _ in reversed(_INDEXES):
        op.drop_index(name, table_name=table)
    op.drop_column("statuses", "is_local")


def _true() -> str:
    return "1" if op.get_bind().dialect.name == "sqlite" else "true"
