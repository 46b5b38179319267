"""Rows of one small office, built in memory: alice and bob here, carol on a peer."""

from datetime import UTC, datetime
from typing import Any

from keys.keypairs import generate_ed25519, generate_rsa
from models.accounts import Account, Keypair
from models.addresses import LocalAddresses
from models.statuses import Attachment, Poll, Status, Tag

ADDRESSES = LocalAddresses("https://office.test", "office.test")
NOW = datetime(2026, 3, 2, 9, 30, 0, 250_000, tzinfo=UTC)
RSA_PRIVATE = generate_rsa()
RSA_PEM = RSA_PRIVATE.public.pem
OLD_RSA_PEM = generate_rsa().public.pem
ED25519_PRIVATE = generate_ed25519()
ED25519 = ED25519_PRIVATE.public

ALICE_ID, BOB_ID, CAROL_ID = 1001, 1002, 2001


def local_account(number: int, username: str, **more: Any) -> Account:
    uri = ADDRESSES.actor(number)
    values: dict[str, Any] = {
        "id": number, "uri": uri, "username": username, "domain": None, "actor_type": "Person",
        "url": ADDRESSES.profile(username), "display_name": username.title(), "note_html": "", "fields": [],
        "emojis": [], "inbox_url": f"{uri}/inbox", "shared_inbox_url": ADDRESSES.shared_inbox,
        "outbox_url": f"{uri}/outbox", "followers_url": f"{uri}/followers", "following_url": f"{uri}/following",
        "featured_url": f"{uri}/collections/featured", "is_locked": False, "is_bot": False, "is_discoverable": True,
        "is_indexable": False, "is_posting_restricted": False, "also_known_as": [], "implements": [],
        "followers_count": 0, "following_count": 0, "statuses_count": 0, "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    return Account(**{**values, **more})


def remote_account(number: int, username: str, domain: str, **more: Any) -> Account:
    uri = f"https://{domain}/users/{username}"
    values: dict[str, Any] = {
        "uri": uri, "domain": domain, "url": f"https://{domain}/@{username}", "inbox_url": f"{uri}/inbox",
        "shared_inbox_url": f"https://{domain}/inbox", "outbox_url": f"{uri}/outbox",
        "followers_url": f"{uri}/followers", "following_url": f"{uri}/following", "featured_url": None,
    }  # fmt: skip
    return local_account(number, username, **{**values, **more})


def local_status(number: int, author: Account, **more: Any) -> Status:
    values: dict[str, Any] = {
        "id": number, "uri": ADDRESSES.status(author.id, number), "url": None, "account_id": author.id,
        "object_type": "Note", "visibility": "public", "content_html": "<p>Good morning</p>", "summary": "",
        "is_sensitive": False, "is_local_only": False, "language": "en", "conversation_id": number, "emojis": [],
        "replies_count": 0, "boosts_count": 0, "favourites_count": 0, "quotes_count": 0, "published_at": NOW,
        "created_at": NOW,
    }  # fmt: skip
    return Status(**{**values, **more})


def keypair(number: int, account: Account, name: str, kind: str, pem: str, **more: Any) -> Keypair:
    return Keypair(id=number, account_id=account.id, key_id=f"{account.uri}#{name}", kind=kind, public_pem=pem,
                   created_at=NOW, **more)  # fmt: skip


def keypairs(account: Account) -> list[Keypair]:
    """What `Keyring.public_keys` returns: oldest first."""
    return [
        keypair(1, account, "main-key", "rsa", RSA_PEM),
        keypair(2, account, "ed25519-key", "ed25519", ED25519.pem),
    ]


def picture(number: int, author: Account, status: Status | None = None, **more: Any) -> Attachment:
    values: dict[str, Any] = {
        "id": number, "account_id": author.id, "status_id": status.id if status else None, "position": 0,
        "media_type": "image/png", "storage_key": f"{number}.png", "description": "A plan", "blurhash": "LEHV6n",
        "width": 640, "height": 480, "focal_point": [0.25, -0.5], "created_at": NOW,
    }  # fmt: skip
    return Attachment(**{**values, **more})


def tag(number: int, display: str) -> Tag:
    return Tag(id=number, name=display.casefold(), display_name=display, created_at=NOW)


def poll(number: int, status: Status, **more: Any) -> Poll:
    values: dict[str, Any] = {
        "id": number, "status_id": status.id, "is_multiple": False, "voters_count": 3,
        "options": [{"title": "Monday", "votes": 2}, {"title": "Friday", "votes": 1}], "closes_at": NOW,
    }  # fmt: skip
    return Poll(**{**values, **more})


ALICE = local_account(ALICE_ID, "alice")
BOB = local_account(BOB_ID, "bob")
CAROL = remote_account(CAROL_ID, "carol", "peer.test")
