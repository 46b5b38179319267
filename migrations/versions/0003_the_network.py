"""The network

Revision 0003, after 0002. Each area has a pair of functions; the newest comes down first.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from migrations.column_types import BIG, JSON, TIME

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


SEARCH_OF_SQLITE = (
    "CREATE VIRTUAL TABLE status_words USING fts5(words, content='status_texts', content_rowid='status_id',"
    " columnsize=0, tokenize=\"unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc' tokenchars '='\")",
    "CREATE TRIGGER status_texts_made AFTER INSERT ON status_texts BEGIN"
    " INSERT INTO status_words (rowid, words) VALUES (new.status_id, new.words); END",
    "CREATE TRIGGER status_texts_changed AFTER UPDATE ON status_texts BEGIN"
    " INSERT INTO status_words (status_words, rowid, words) VALUES ('delete', old.status_id, old.words);"
    " INSERT INTO status_words (rowid, words) VALUES (new.status_id, new.words); END",
    "CREATE TRIGGER status_texts_gone AFTER DELETE ON status_texts BEGIN"
    " INSERT INTO status_words (status_words, rowid, words) VALUES ('delete', old.status_id, old.words); END",
)


def upgrade() -> None:
    _add_communities()
    _add_search()
    _extend_peers()
    _add_feed_keys()
    _add_peer_trends()
    _add_topics()
    _add_sync()
    _add_featured_tags()


def downgrade() -> None:
    _drop_featured_tags()
    _drop_sync()
    _drop_topics()
    op.drop_table("peer_trends")
    op.drop_table("feed_keys")
    _reduce_peers()
    _drop_search()
    _drop_communities()


def _add_communities() -> None:
    op.create_table(
        "communities",
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("is_private", sa.Boolean(), nullable=False),
        sa.Column("posting", sa.String(length=16), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("default_for", sa.String(length=16), nullable=True),
        sa.Column("created_by_id", BIG, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("archived_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_communities_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["accounts.id"], name=op.f("fk_communities_created_by_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_communities")),
        sa.UniqueConstraint("default_for", name=op.f("uq_communities_default_for")),
    )
    op.create_table(
        "memberships",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("invited_by_id", BIG, nullable=True),
        sa.Column("joined_at", TIME, nullable=True),
        sa.Column("banned_until", TIME, nullable=True),
        sa.Column("ban_reason", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_memberships_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["community_id"], ["accounts.id"], name=op.f("fk_memberships_community_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
        sa.UniqueConstraint("community_id", "account_id", name=op.f("uq_memberships_community_id_account_id")),
    )
    op.create_index("ix_memberships_state", "memberships", ["community_id", "state", "id"])
    op.create_index("ix_memberships_account", "memberships", ["account_id", "state"])
    op.create_table(
        "community_acts",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("actor_id", BIG, nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("target_id", BIG, nullable=True),
        sa.Column("status_id", BIG, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["accounts.id"], name=op.f("fk_community_acts_actor_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["community_id"], ["accounts.id"], name=op.f("fk_community_acts_community_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["accounts.id"], name=op.f("fk_community_acts_target_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_community_acts")),
    )
    op.create_index("ix_community_acts_community", "community_acts", ["community_id", "id"])
    op.add_column("reports", sa.Column("community_id", BIG, nullable=True))
    op.create_index(op.f("ix_reports_community_id"), "reports", ["community_id"])
    for name in ("locked_at", "removed_at", "featured_at"):
        op.add_column("statuses", sa.Column(name, TIME, nullable=True))


def _drop_communities() -> None:
    for name in ("featured_at", "removed_at", "locked_at"):
        op.drop_column("statuses", name)
    op.drop_index(op.f("ix_reports_community_id"), table_name="reports")
    op.drop_column("reports", "community_id")
    for table in ("community_acts", "memberships", "communities"):
        op.drop_table(table)


def _add_search() -> None:
    op.create_table(
        "status_texts",
        sa.Column("status_id", BIG, autoincrement=False, nullable=False),
        sa.Column("words", sa.Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(
            ["status_id"], ["statuses.id"], name=op.f("fk_status_texts_status_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("status_id", name=op.f("pk_status_texts")),
    )
    if op.get_bind().dialect.name == "sqlite":
        for statement in SEARCH_OF_SQLITE:
            op.get_bind().exec_driver_sql(statement)
    else:
        op.create_index("ix_status_texts_words", "status_texts", ["words"], postgresql_using="gin")


def _drop_search() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.get_bind().exec_driver_sql("DROP TABLE status_words")
    op.drop_table("status_texts")


_PEER_TEXTS = ("legal_name", "handle_domain", "region", "contact", "software", "software_version", "fingerprint",
               "key_conflict")  # fmt: skip
_PEER_TIMES = (
    *("pinned_at", "key_conflict_at", "proposed_at", "expires_at", "sent_at", "confirmed_at", "activated_at"),
    *("suspended_at", "suspended_by_them_at", "ended_at", "removal_asked_at", "removal_done_at"),
)
_PEER_NULLABLE = {
    "actor_uri": sa.Text(), "inbox_url": sa.Text(), "proposal_uri": sa.Text(), "ping_uri": sa.Text(),
    "proposed_by": sa.String(length=8), "ended_by": sa.String(length=8),
}  # fmt: skip


def _extend_peers() -> None:
    with op.batch_alter_table("peers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_limited", sa.Boolean(), nullable=False, server_default="0"))
        for name in _PEER_TEXTS:
            batch_op.add_column(sa.Column(name, sa.Text(), nullable=False, server_default=""))
        for name in ("instance_keys", "implements"):
            batch_op.add_column(sa.Column(name, JSON, nullable=False, server_default="[]"))
        for name, kind in _PEER_NULLABLE.items():
            batch_op.add_column(sa.Column(name, kind, nullable=True))
        for name in _PEER_TIMES:
            batch_op.add_column(sa.Column(name, TIME, nullable=True))
    op.create_table(
        "peering_lists",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("entries", JSON, nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("updated_at", TIME, nullable=True),
        sa.Column("fetched_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_peering_lists")),
    )
    # Confirmed by each side alone, before there was a handshake: it goes on, as a peer without a pinned key.
    peers = sa.table("peers", sa.column("state"), sa.column("is_limited", sa.Boolean()), sa.column("activated_at"),
                     sa.column("updated_at"))  # fmt: skip
    op.execute(
        peers.update()
        .where(peers.c.state == "confirmed")
        .values(state="active", is_limited=True, activated_at=peers.c.updated_at)
    )


def _reduce_peers() -> None:
    op.drop_table("peering_lists")
    peers = sa.table("peers", sa.column("state"))
    op.execute(peers.delete().where(peers.c.state.in_(("proposed", "confirmed"))))
    op.execute(peers.update().where(peers.c.state == "active").values(state="confirmed"))
    with op.batch_alter_table("peers", schema=None) as batch_op:
        for name in (
            *_PEER_TIMES,
            *_PEER_NULLABLE,
            "implements",
            "instance_keys",
            *reversed(_PEER_TEXTS),
            "is_limited",
        ):
            batch_op.drop_column(name)


def _add_feed_keys() -> None:
    op.create_table(
        "feed_keys",
        sa.Column("user_id", BIG, autoincrement=False, nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_feed_keys_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_feed_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_feed_keys_key_hash")),
    )


def _add_peer_trends() -> None:
    op.create_table(
        "peer_trends",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("published_at", TIME, nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("fetched_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_peer_trends")),
    )


def _add_topics() -> None:
    """Hashtags are the same whatever their accents; they have actors, synonyms, and archives at other offices."""
    op.add_column("tags", sa.Column("canonical_id", BIG, nullable=True))
    op.add_column("tags", sa.Column("kept_since", TIME, nullable=True))
    op.create_index(
        "ix_tags_canonical", "tags", ["canonical_id"],
        postgresql_where=sa.text("canonical_id IS NOT NULL"), sqlite_where=sa.text("canonical_id IS NOT NULL"),
    )  # fmt: skip
    op.create_table(
        "tag_forms",
        sa.Column("tag_id", BIG, nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("uses", BIG, nullable=False),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_tag_forms_tag_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tag_id", "form", name=op.f("pk_tag_forms")),
    )
    op.add_column("accounts", sa.Column("topic", sa.Text(), nullable=True))
    op.create_index(
        "ix_accounts_topic", "accounts", ["topic"],
        postgresql_where=sa.text("topic IS NOT NULL"), sqlite_where=sa.text("topic IS NOT NULL"),
    )  # fmt: skip
    op.create_table(
        "topic_subscriptions",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("tag_id", BIG, nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("topic_uri", sa.Text(), nullable=False),
        sa.Column("follow_uri", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("position", BIG, nullable=True),
        sa.Column("pages", BIG, nullable=False),
        sa.Column("stored", BIG, nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("accepted_at", TIME, nullable=True),
        sa.Column("complete_at", TIME, nullable=True),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["tag_id"], ["tags.id"], name=op.f("fk_topic_subscriptions_tag_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic_subscriptions")),
        sa.UniqueConstraint("tag_id", "domain", name=op.f("uq_topic_subscriptions_tag_id_domain")),
        sa.UniqueConstraint("topic_uri", name=op.f("uq_topic_subscriptions_topic_uri")),
        sa.UniqueConstraint("follow_uri", name=op.f("uq_topic_subscriptions_follow_uri")),
    )
    op.create_table(
        "topic_announcements",
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("status_id", BIG, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_topic_announcements_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["status_id"], ["statuses.id"], name=op.f("fk_topic_announcements_status_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "status_id", name=op.f("pk_topic_announcements")),
    )
    op.create_index("ix_topic_announcements_status_id", "topic_announcements", ["status_id"])
    op.create_table(
        "archived_posts",
        sa.Column("status_id", BIG, nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("edited_at", TIME, nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["status_id"], ["statuses.id"], name=op.f("fk_archived_posts_status_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("status_id", name=op.f("pk_archived_posts")),
    )
    _fold_tags()


def _drop_topics() -> None:
    """What was merged stays merged: two names that differ by their accents alone can't be told apart any more."""
    for table in ("archived_posts", "topic_announcements", "topic_subscriptions", "tag_forms"):
        op.drop_table(table)
    op.drop_index("ix_accounts_topic", "accounts")
    op.drop_column("accounts", "topic")
    op.drop_index("ix_tags_canonical", "tags")
    op.drop_column("tags", "kept_since")
    op.drop_column("tags", "canonical_id")


_PLAIN_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)


def _folded(name: str) -> str:
    """The name of a hashtag as it is from this revision on: what it was, without accents."""
    decomposed = unicodedata.normalize("NFKD", name.replace("\u200c", ""))
    bare = "".join(character for character in decomposed if not 0x0300 <= ord(character) < 0x0370)
    return unicodedata.normalize("NFKC", bare).translate(_PLAIN_LETTERS) or name


def _fold_tags() -> None:
    """Give every hashtag its new name; of several that are one now the oldest takes everything over."""
    connection = op.get_bind()
    groups: dict[str, list[sa.Row[tuple[int, str, str]]]] = defaultdict(list)
    query = "SELECT id, name, display_name FROM tags ORDER BY id"
    for row in connection.execute(sa.text(query)).all():
        groups[_folded(row.name)].append(row)
    for name, rows in groups.items():
        keeper = rows[0].id
        for row in rows:
            _count_form(connection, keeper, row)
            if row.id != keeper:
                _take_over(connection, keeper, row.id)
        if rows[0].name != name:
            connection.execute(sa.text("UPDATE tags SET name = :name WHERE id = :id"), {"name": name, "id": keeper})
        if len(rows) > 1:
            connection.execute(sa.text(_MOST_USED_FORM), {"id": keeper})


_MOST_USED_FORM = """
    UPDATE tags SET display_name = (
        SELECT form FROM tag_forms WHERE tag_id = :id ORDER BY uses DESC, form LIMIT 1
    ) WHERE id = :id
"""


def _count_form(connection: sa.Connection, keeper: int, row: "sa.Row[tuple[int, str, str]]") -> None:
    uses = connection.execute(sa.text("SELECT count(*) FROM status_tags WHERE tag_id = :id"), {"id": row.id}).scalar()
    connection.execute(
        sa.text(
            "INSERT INTO tag_forms (tag_id, form, uses) VALUES (:id, :form, :uses)"
            " ON CONFLICT (tag_id, form) DO UPDATE SET uses = tag_forms.uses + excluded.uses"
        ),
        {"id": keeper, "form": row.display_name, "uses": uses},
    )


def _take_over(connection: sa.Connection, keeper: int, gone: int) -> None:
    for table, owner in (("status_tags", "status_id"), ("tag_follows", "account_id"), ("featured_tags", "account_id")):
        connection.execute(
            sa.text(
                f"UPDATE {table} SET tag_id = :keeper WHERE tag_id = :gone AND NOT EXISTS"
                f" (SELECT 1 FROM {table} AS kept WHERE kept.tag_id = :keeper AND kept.{owner} = {table}.{owner})"
            ),
            {"keeper": keeper, "gone": gone},
        )
        connection.execute(sa.text(f"DELETE FROM {table} WHERE tag_id = :gone"), {"gone": gone})
    connection.execute(sa.text("DELETE FROM tags WHERE id = :gone"), {"gone": gone})


_NUMBERED = (
    ("uq_deliveries_log", ["host", "log_number"], True, "log_number IS NOT NULL"),
    ("ix_deliveries_unnumbered", ["host", "id"], False, "log_number IS NULL"),
)


def _add_sync() -> None:
    op.add_column("deliveries", sa.Column("log_number", BIG, nullable=True))
    for name, columns, is_unique, rows in _NUMBERED:
        op.create_index(
            name, "deliveries", columns, unique=is_unique, postgresql_where=sa.text(rows), sqlite_where=sa.text(rows)
        )
    op.add_column("remote_hosts", sa.Column("keeps_log", sa.Boolean(), nullable=True))
    op.create_table(
        "sync_state",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("generation", sa.String(length=32), nullable=False),
        sa.Column("previous", sa.String(length=32), nullable=True),
        sa.Column("resumed_from", TIME, nullable=True),
        sa.Column("restored_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_state")),
    )
    op.create_table(
        "peer_sync",
        sa.Column("host", sa.Text(), nullable=False),
        *(sa.Column(name, BIG, nullable=False) for name in ("last_number", "branched_at")),
        sa.Column("their_number", BIG, nullable=True),
        sa.Column("generation", sa.String(length=32), nullable=True),
        *(sa.Column(name, BIG, nullable=False) for name in ("number", "newest")),
        *(sa.Column(name, TIME, nullable=True) for name in ("checked_at", "in_sync_at", "gap_due_at", "cut_at")),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("echo_since", TIME, nullable=True),
        sa.Column("echo_after", BIG, nullable=False),
        sa.Column("echoed_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_peer_sync")),
    )
    op.create_table(
        "log_receipts",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("generation", sa.String(length=32), nullable=False),
        *(sa.Column(name, BIG, nullable=False) for name in ("first_number", "last_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_receipts")),
    )
    op.create_index("ix_log_receipts_host", "log_receipts", ["host", "first_number"])


def _drop_sync() -> None:
    for table in ("log_receipts", "peer_sync", "sync_state"):
        op.drop_table(table)
    op.drop_column("remote_hosts", "keeps_log")
    for name, *_ in reversed(_NUMBERED):
        op.drop_index(name, "deliveries")
    op.drop_column("deliveries", "log_number")


def _add_featured_tags() -> None:
    op.add_column("accounts", sa.Column("featured_tags_url", sa.Text(), nullable=True))


def _drop_featured_tags() -> None:
    op.drop_column("accounts", "featured_tags_url")
