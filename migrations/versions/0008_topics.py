"""Topics

Revision 0008, after 0007. What is in the archive of a topic is marked where the hashtag is, so that an index has it in
its order; there is a place for the totals of hashtags that very many posts carry; and PostgreSQL finds hashtags by the
beginning of their names, whatever the order of its letters.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.column_types import BIG, JSON, TIME

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    _mark_archived()
    _add_totals()
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("ix_tags_name_prefix", "tags", ["name"], postgresql_ops={"name": "text_pattern_ops"})


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_tags_name_prefix", table_name="tags")
    op.drop_table("topic_totals")
    op.drop_index("ix_status_tags_archived", table_name="status_tags")
    op.drop_column("status_tags", "is_archived")


def _mark_archived() -> None:
    """Public posts of our own people that aren't for the office alone; boosts carry no hashtags."""
    op.add_column("status_tags", sa.Column("is_archived", sa.Boolean(), server_default=sa.false(), nullable=False))
    true = "1" if op.get_bind().dialect.name == "sqlite" else "true"
    ours = f"SELECT id FROM statuses WHERE is_local = {true} AND visibility = 'public' AND is_local_only <> {true}"
    op.execute(sa.text(f"UPDATE status_tags SET is_archived = {true} WHERE status_id IN ({ours})"))
    op.create_index(
        "ix_status_tags_archived", "status_tags", ["tag_id", "status_id"],
        sqlite_where=sa.text("is_archived = 1"), postgresql_where=sa.text("is_archived"),
    )  # fmt: skip


def _add_totals() -> None:
    op.create_table(
        "topic_totals",
        sa.Column("tag_id", BIG, nullable=False),
        sa.Column("posts", JSON, nullable=False),
        sa.Column("archived", BIG, nullable=False),
        sa.Column("up_to", BIG, nullable=False),
        sa.Column("counted_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name="fk_topic_totals_tag_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tag_id", name="pk_topic_totals"),
    )
