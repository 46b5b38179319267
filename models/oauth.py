"""Applications, what they may do in whose name, and browser sessions. Of secrets only hashes are stored.

An application asks for an authorization code, a person consents, the code becomes an access token. A token without a
user is the application's own (client credentials).
"""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id


class Application(Base):
    """A registered client. `redirect_uris` are matched exactly; `scopes` is the most that it may ask for."""

    __tablename__ = "applications"

    id: Mapped[Id]
    client_id: Mapped[str] = mapped_column(unique=True)
    secret_hash: Mapped[str]
    name: Mapped[str]
    website: Mapped[str | None]
    redirect_uris: Mapped[list[str]]
    scopes: Mapped[str]
    created_at: Mapped[datetime]


class AuthorizationCode(Base):
    """A person's consent on its way to becoming a token; `code_hash` is the SHA-256 of the code, used once."""

    __tablename__ = "authorization_codes"

    id: Mapped[Id]
    application_id: Mapped[int] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(unique=True)
    redirect_uri: Mapped[str]
    scopes: Mapped[str]
    code_challenge: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class AccessToken(Base):
    """What a client or script presents; `token_hash` is the SHA-256 of the token, scopes are separated by spaces.

    `user_id` None: the application's own token. `application_id` None: made on the command line. `code_id` is the code
    it came from: a code that is presented twice takes its token with it (RFC 6749 section 4.1.2).
    """

    __tablename__ = "access_tokens"

    id: Mapped[Id]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    application_id: Mapped[int | None] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"), index=True)
    code_id: Mapped[int | None] = mapped_column(index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    refresh_hash: Mapped[str | None] = mapped_column(unique=True)
    scopes: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Session(Base):
    """A browser that signed in; `token_hash` is the SHA-256 of the cookie, `user_agent` the browser's own words."""

    __tablename__ = "sessions"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    user_agent: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]


class FeedKey(Base):
    """What opens the feeds of topics for somebody without a session; `key_hash` is its SHA-256."""

    __tablename__ = "feed_keys"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    key_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class PushSubscription(Base):
    """Where the notifications of one access token are pushed (RFC 8030), and with which keys they are sealed.

    `alerts` maps kinds of notification to whether they are wanted; `policy` is all, followed, follower or none;
    `is_standard` tells RFC 8291 from the older draft (`aesgcm`) that some apps still decode. `token_sealed` is the
    access token under the server key: apps with several accounts tell by it whose a push is.
    """

    __tablename__ = "push_subscriptions"

    id: Mapped[Id]
    token_id: Mapped[int] = mapped_column(ForeignKey("access_tokens.id", ondelete="CASCADE"), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    endpoint: Mapped[str]
    p256dh: Mapped[str]
    auth: Mapped[str]
    token_sealed: Mapped[bytes]
    alerts: Mapped[dict[str, bool]]
    policy: Mapped[str] = mapped_column(String(16), default="all")
    is_standard: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class ServerSecret(Base):
    """A secret that all processes of the office share, sealed with the server key: the VAPID key."""

    __tablename__ = "server_secrets"

    name: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]
    created_at: Mapped[datetime]
