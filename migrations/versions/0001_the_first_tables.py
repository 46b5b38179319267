"""The first tables

Revision 0001, the beginning.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.column_types import BIG, JSON, TIME

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def only(condition: str) -> dict[str, Any]:
    """The rows that a partial index holds, for both databases."""
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=True),
        sa.Column("actor_type", sa.String(length=32), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("note_html", sa.Text(), nullable=False),
        sa.Column("fields", JSON, nullable=False),
        sa.Column("emojis", JSON, nullable=False),
        sa.Column("avatar_url", sa.Text(), nullable=True),
        sa.Column("header_url", sa.Text(), nullable=True),
        sa.Column("inbox_url", sa.Text(), nullable=False),
        sa.Column("shared_inbox_url", sa.Text(), nullable=True),
        sa.Column("outbox_url", sa.Text(), nullable=True),
        sa.Column("followers_url", sa.Text(), nullable=True),
        sa.Column("following_url", sa.Text(), nullable=True),
        sa.Column("featured_url", sa.Text(), nullable=True),
        sa.Column("moderators_url", sa.Text(), nullable=True),
        sa.Column("is_locked", sa.Boolean(), nullable=False),
        sa.Column("is_bot", sa.Boolean(), nullable=False),
        sa.Column("is_discoverable", sa.Boolean(), nullable=False),
        sa.Column("is_indexable", sa.Boolean(), nullable=False),
        sa.Column("is_posting_restricted", sa.Boolean(), nullable=False),
        sa.Column("also_known_as", JSON, nullable=False),
        sa.Column("moved_to_uri", sa.Text(), nullable=True),
        sa.Column("moved_at", TIME, nullable=True),
        sa.Column("implements", JSON, nullable=False),
        sa.Column("followers_count", BIG, nullable=False),
        sa.Column("following_count", BIG, nullable=False),
        sa.Column("statuses_count", BIG, nullable=False),
        sa.Column("last_status_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("fetched_at", TIME, nullable=True),
        sa.Column("featured_fetched_at", TIME, nullable=True),
        sa.Column("suspended_at", TIME, nullable=True),
        sa.Column("gone_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("uri", name="uq_accounts_uri"),
    )
    op.create_index("ix_accounts_domain", "accounts", ["domain"])
    op.create_index(
        "uq_accounts_username_domain",
        "accounts",
        [sa.text("lower(username)"), sa.text("coalesce(domain, '')")],
        unique=True,
    )

    op.create_table(
        "inbound_activities",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("dedup_key", sa.Text(), nullable=False),
        sa.Column("inbox_id", BIG, nullable=False),
        sa.Column("actor_uri", sa.Text(), nullable=False),
        sa.Column("activity_type", sa.String(length=32), nullable=False),
        sa.Column("object_uri", sa.Text(), nullable=True),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_inbound_activities"),
        sa.UniqueConstraint("dedup_key", "inbox_id", name="uq_inbound_activities_dedup_key_inbox_id"),
    )
    op.create_index("ix_inbound_due", "inbound_activities", ["due_at"], **only("state = 'queued'"))
    op.create_index("ix_inbound_inbox", "inbound_activities", ["inbox_id", "id"])
    op.create_index("ix_inbound_received", "inbound_activities", ["received_at"])

    op.create_table(
        "jobs",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("unique_key", sa.Text(), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_due", "jobs", ["due_at"], **only("state = 'queued'"))
    op.create_index("uq_jobs_waiting", "jobs", ["unique_key"], unique=True, **only("state = 'queued'"))

    op.create_table(
        "peers",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("domain", name="pk_peers"),
    )
    op.create_table(
        "remote_hosts",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("scheme", sa.String(length=24), nullable=True),
        sa.Column("scheme_learned_at", TIME, nullable=True),
        sa.Column("accepts_ed25519", sa.Boolean(), nullable=True),
        sa.Column("failures", BIG, nullable=False),
        sa.Column("first_failure_at", TIME, nullable=True),
        sa.Column("open_until", TIME, nullable=True),
        sa.Column("failing_days", BIG, nullable=False),
        sa.Column("last_success_at", TIME, nullable=True),
        sa.Column("last_inbound_at", TIME, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("software", sa.Text(), nullable=True),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("host", name="pk_remote_hosts"),
    )
    op.create_table(
        "tags",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tags"),
        sa.UniqueConstraint("name", name="uq_tags_name"),
    )
    op.create_table(
        "tombstones",
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("owner_uri", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("uri", "owner_uri", name="pk_tombstones"),
    )
    op.create_table(
        "blocks",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("uri", sa.Text(), nullable=True),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("target_id", BIG, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_blocks_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["target_id"], ["accounts.id"], name="fk_blocks_target_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_blocks"),
        sa.UniqueConstraint("account_id", "target_id", name="uq_blocks_account_id_target_id"),
        sa.UniqueConstraint("uri", name="uq_blocks_uri"),
    )
    op.create_index("ix_blocks_target_id", "blocks", ["target_id"])

    op.create_table(
        "follows",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("follower_id", BIG, nullable=False),
        sa.Column("followee_id", BIG, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("shows_boosts", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("accepted_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["followee_id"], ["accounts.id"], name="fk_follows_followee_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["follower_id"], ["accounts.id"], name="fk_follows_follower_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_follows"),
        sa.UniqueConstraint("follower_id", "followee_id", name="uq_follows_follower_id_followee_id"),
        sa.UniqueConstraint("uri", name="uq_follows_uri"),
    )
    op.create_index("ix_follows_followee", "follows", ["followee_id", "state", "follower_id"])

    op.create_table(
        "keypairs",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("public_pem", sa.Text(), nullable=False),
        sa.Column("private_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("fetched_at", TIME, nullable=True),
        sa.Column("retired_at", TIME, nullable=True),
        sa.Column("expires_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_keypairs_account_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_keypairs"),
        sa.UniqueConstraint("key_id", name="uq_keypairs_key_id"),
    )
    op.create_index("ix_keypairs_account_id", "keypairs", ["account_id"])

    op.create_table(
        "outbound_activities",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("activity_type", sa.String(length=32), nullable=False),
        sa.Column("object_uri", sa.Text(), nullable=True),
        sa.Column("status_id", BIG, nullable=True),
        sa.Column("visibility", sa.String(length=16), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_outbound_activities_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_outbound_activities"),
        sa.UniqueConstraint("uri", name="uq_outbound_activities_uri"),
    )
    op.create_index("ix_outbound_account", "outbound_activities", ["account_id", "id"])
    op.create_index("ix_outbound_activities_object_uri", "outbound_activities", ["object_uri"])
    op.create_index("ix_outbound_activities_status_id", "outbound_activities", ["status_id"])

    op.create_table(
        "reports",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("uri", sa.Text(), nullable=True),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("target_id", BIG, nullable=False),
        sa.Column("status_uris", JSON, nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("resolved_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_reports_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["target_id"], ["accounts.id"], name="fk_reports_target_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
        sa.UniqueConstraint("uri", name="uq_reports_uri"),
    )
    op.create_index("ix_reports_target_id", "reports", ["target_id"])

    op.create_table(
        "statuses",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("object_type", sa.String(length=32), nullable=False),
        sa.Column("visibility", sa.String(length=16), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("content_html", sa.Text(), nullable=False),
        sa.Column("source_text", sa.Text(), nullable=True),
        sa.Column("source_media_type", sa.String(length=64), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("is_sensitive", sa.Boolean(), nullable=False),
        sa.Column("is_local_only", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("in_reply_to_id", BIG, nullable=True),
        sa.Column("in_reply_to_uri", sa.Text(), nullable=True),
        sa.Column("in_reply_to_account_id", BIG, nullable=True),
        sa.Column("conversation_id", BIG, nullable=False),
        sa.Column("context_uri", sa.Text(), nullable=True),
        sa.Column("boost_of_id", BIG, nullable=True),
        sa.Column("quote_of_id", BIG, nullable=True),
        sa.Column("quote_uri", sa.Text(), nullable=True),
        sa.Column("quote_state", sa.String(length=16), nullable=True),
        sa.Column("quote_authorization_uri", sa.Text(), nullable=True),
        sa.Column("group_id", BIG, nullable=True),
        sa.Column("emojis", JSON, nullable=False),
        sa.Column("event", JSON, nullable=True),
        sa.Column("interaction_policy", JSON, nullable=True),
        sa.Column("replies_count", BIG, nullable=False),
        sa.Column("boosts_count", BIG, nullable=False),
        sa.Column("favourites_count", BIG, nullable=False),
        sa.Column("quotes_count", BIG, nullable=False),
        sa.Column("published_at", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("edited_at", TIME, nullable=True),
        sa.Column("pinned_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_statuses_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["boost_of_id"], ["statuses.id"], name="fk_statuses_boost_of_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_statuses"),
        sa.UniqueConstraint("uri", name="uq_statuses_uri"),
    )
    op.create_index("ix_statuses_account", "statuses", ["account_id", "id"])
    op.create_index("ix_statuses_conversation", "statuses", ["conversation_id", "id"])
    op.create_index("ix_statuses_group", "statuses", ["group_id", "id"], **only("group_id IS NOT NULL"))
    op.create_index("ix_statuses_in_reply_to", "statuses", ["in_reply_to_id"], **only("in_reply_to_id IS NOT NULL"))
    op.create_index(
        "ix_statuses_orphans",
        "statuses",
        ["in_reply_to_uri"],
        **only("in_reply_to_uri IS NOT NULL AND in_reply_to_id IS NULL"),
    )
    op.create_index("ix_statuses_quote_of", "statuses", ["quote_of_id"], **only("quote_of_id IS NOT NULL"))
    op.create_index(
        "uq_statuses_boost", "statuses", ["boost_of_id", "account_id"], unique=True, **only("boost_of_id IS NOT NULL")
    )

    op.create_table(
        "users",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_seen_at", TIME, nullable=True),
        sa.Column("disabled_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_users_account_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("account_id", name="uq_users_account_id"),
        sa.UniqueConstraint("email", name="uq_users_email"),
    )
    op.create_table(
        "access_tokens",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_used_at", TIME, nullable=True),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_access_tokens_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_access_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_access_tokens_token_hash"),
    )
    op.create_index("ix_access_tokens_user_id", "access_tokens", ["user_id"])

    op.create_table(
        "attachments",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("status_id", BIG, nullable=True),
        sa.Column("position", BIG, nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("remote_url", sa.Text(), nullable=True),
        sa.Column("storage_key", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("blurhash", sa.Text(), nullable=True),
        sa.Column("width", BIG, nullable=True),
        sa.Column("height", BIG, nullable=True),
        sa.Column("focal_point", JSON, nullable=True),
        sa.Column("size_bytes", BIG, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_attachments_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name="fk_attachments_status_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_attachments"),
    )
    op.create_index("ix_attachments_status_id", "attachments", ["status_id"])

    op.create_table(
        "deliveries",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("activity_id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("inbox_url", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("ordering_key", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("last_status", BIG, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["outbound_activities.id"], name="fk_deliveries_activity_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("activity_id", "inbox_url", name="uq_deliveries_activity_id_inbox_url"),
    )
    op.create_index("ix_deliveries_due", "deliveries", ["due_at", "id"], **only("state = 'queued'"))
    op.create_index("ix_deliveries_finished", "deliveries", ["finished_at"], **only("finished_at IS NOT NULL"))
    op.create_index("ix_deliveries_order", "deliveries", ["host", "ordering_key", "id"], **only("state = 'queued'"))

    op.create_table(
        "favourites",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("uri", sa.Text(), nullable=True),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("status_id", BIG, nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_favourites_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name="fk_favourites_status_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_favourites"),
        sa.UniqueConstraint("status_id", "account_id", "content", name="uq_favourites_status_id_account_id_content"),
        sa.UniqueConstraint("uri", name="uq_favourites_uri"),
    )
    op.create_index("ix_favourites_account", "favourites", ["account_id", "id"])

    op.create_table(
        "feed_entries",
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("status_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_feed_entries_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name="fk_feed_entries_status_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "status_id", name="pk_feed_entries"),
    )
    op.create_index("ix_feed_entries_status_id", "feed_entries", ["status_id"])

    op.create_table(
        "mentions",
        sa.Column("status_id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("is_silent", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_mentions_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name="fk_mentions_status_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("status_id", "account_id", name="pk_mentions"),
    )
    op.create_index("ix_mentions_account_id", "mentions", ["account_id"])

    op.create_table(
        "notifications",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("from_account_id", BIG, nullable=False),
        sa.Column("status_id", BIG, nullable=True),
        sa.Column("subject_id", BIG, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("read_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_notifications_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["from_account_id"], ["accounts.id"], name="fk_notifications_from_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name="fk_notifications_status_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_notifications"),
        sa.UniqueConstraint(
            "account_id",
            "kind",
            "from_account_id",
            "subject_id",
            name="uq_notifications_account_id_kind_from_account_id_subject_id",
        ),
    )
    op.create_index("ix_notifications_account", "notifications", ["account_id", "id"])
    op.create_index("ix_notifications_status_id", "notifications", ["status_id"])

    op.create_table(
        "polls",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("status_id", BIG, nullable=False),
        sa.Column("options", JSON, nullable=False),
        sa.Column("is_multiple", sa.Boolean(), nullable=False),
        sa.Column("closes_at", TIME, nullable=True),
        sa.Column("closed_at", TIME, nullable=True),
        sa.Column("voters_count", BIG, nullable=False),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name="fk_polls_status_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_polls"),
        sa.UniqueConstraint("status_id", name="uq_polls_status_id"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("token_hash", name="uq_sessions_token_hash"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])

    op.create_table(
        "status_edits",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("status_id", BIG, nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("content_html", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("is_sensitive", sa.Boolean(), nullable=False),
        sa.Column("attachments", JSON, nullable=False),
        sa.Column("poll_options", JSON, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name="fk_status_edits_status_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_status_edits"),
    )
    op.create_index("ix_status_edits_status_id", "status_edits", ["status_id"])

    op.create_table(
        "status_tags",
        sa.Column("status_id", BIG, nullable=False),
        sa.Column("tag_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name="fk_status_tags_status_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name="fk_status_tags_tag_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("status_id", "tag_id", name="pk_status_tags"),
    )
    op.create_index("ix_status_tags_tag", "status_tags", ["tag_id", "status_id"])

    op.create_table(
        "poll_votes",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("poll_id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("choice", BIG, nullable=False),
        sa.Column("uri", sa.Text(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_poll_votes_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["poll_id"], ["polls.id"], name="fk_poll_votes_poll_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_poll_votes"),
        sa.UniqueConstraint("poll_id", "account_id", "choice", name="uq_poll_votes_poll_id_account_id_choice"),
    )
    op.create_index("ix_poll_votes_account_id", "poll_votes", ["account_id"])


def downgrade() -> None:
    for table in (
        "poll_votes",
        "status_tags",
        "status_edits",
        "sessions",
        "polls",
        "notifications",
        "mentions",
        "feed_entries",
        "favourites",
        "deliveries",
        "attachments",
        "access_tokens",
        "users",
        "statuses",
        "reports",
        "outbound_activities",
        "keypairs",
        "follows",
        "blocks",
        "tombstones",
        "tags",
        "remote_hosts",
        "peers",
        "jobs",
        "inbound_activities",
        "accounts",
    ):
        op.drop_table(table)
