"""Topics: every hashtag is an actor of this office, under the address that its posts name as the tag's `href`.

A topic is not a person: it has no user, no keys of its own (it speaks with those of the instance actor, under key ids
of its own), reads nothing, and is in no list of people. Its row is made when somebody follows it or asks for it, and
says nothing that doesn't follow from the name: `topic_account` makes the same without a database.
"""

import hashlib
import re
from base64 import b32encode
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content.hashtags import normalise_hashtag
from content.html import escape
from models import UnitOfWork
from models.accounts import Account
from models.addresses import LocalAddresses
from models.insertion import insert_missing
from models.statuses import Tag

TOPICS: Final = "urn:tertulia:topics"
"""The capability (FEP-844e) of servers whose hashtags are actors and whose archives carry proofs."""
SUBSCRIBE_TOPICS: Final = "subscribe_topics"
"""The job that brings the subscriptions to other offices' archives up to date (`outbox.subscriptions`)."""
PREFIX: Final = "tag-"

_ASCII: Final = re.compile(r"[a-z0-9_]+")
_HASH_CHARACTERS: Final = 12


def topic_username(name: str) -> str:
    """The user name of a topic: `tag-calidad`; for names outside of ASCII a fixed one made from their hash."""
    return f"{PREFIX}{name}" if _ASCII.fullmatch(name) else hashed_username(name)


def hashed_username(name: str) -> str:
    """`tag-x-` and 12 characters of the SHA-256 in base32, in lower case: the same at every office."""
    digest = b32encode(hashlib.sha256(name.encode()).digest()).decode().lower()
    return f"{PREFIX}x-{digest[:_HASH_CHARACTERS]}"


def topic_name(origin: str, uri: str) -> str | None:
    """The normal form of the hashtag whose actor has this URI at this origin; None when it is no such URI."""
    prefix = f"{origin}/tags/"
    if not uri.startswith(prefix):
        return None
    written = unquote(uri.removeprefix(prefix))
    name = normalise_hashtag(written)
    return name if name and name == written and uri == LocalAddresses(origin, "").tag(name) else None


def topic_row(addresses: LocalAddresses, name: str, display_name: str, *, account_id: int, now: datetime,
              username: str | None = None) -> dict[str, Any]:  # fmt: skip
    """The columns of a topic's account."""
    uri = addresses.tag(name)
    return {
        "id": account_id,
        "uri": uri,
        "username": username or topic_username(name),
        "actor_type": "Service",
        "topic": name,
        "url": uri,
        "display_name": f"#{display_name}",
        "note_html": f"<p>Everything that people of this office say to everybody under #{escape(display_name)}.</p>",
        "inbox_url": addresses.part(uri, "inbox"),
        "shared_inbox_url": addresses.shared_inbox,
        "outbox_url": addresses.part(uri, "outbox"),
        "followers_url": addresses.part(uri, "followers"),
        "is_bot": True,
        "is_discoverable": False,
        "implements": [TOPICS],
        "created_at": now,
        "updated_at": now,
    }


def topic_account(addresses: LocalAddresses, name: str, display_name: str, now: datetime) -> Account:
    """A topic as it would be stored, belonging to no session: for documents about one that has no row yet."""
    columns = topic_row(addresses, name, display_name, account_id=0, now=now)
    defaults: dict[str, Any] = {"fields": [], "emojis": [], "also_known_as": [], "attribution_domains": []}
    return Account(**columns, **defaults, is_locked=False, is_indexable=False, followers_count=0)


async def find_topic(session: AsyncSession, addresses: LocalAddresses, name: str) -> Account | None:
    """The account of a topic of ours, if it has one."""
    return (await session.scalars(select(Account).where(Account.uri == addresses.tag(name)))).first()


async def ensure_topic(unit: UnitOfWork, tag: Tag) -> Account:
    """The account of a hashtag of ours, made when it has none; its name follows how the hashtag is written most.

    Two processes may make it at once: one of them finds the other's. A person who is called like it keeps the name.
    """
    await unit.session.flush()
    account = await find_topic(unit.session, unit.addresses, tag.name)
    for username in (topic_username(tag.name), hashed_username(tag.name)):
        if account is None:
            row = topic_row(unit.addresses, tag.name, tag.display_name, account_id=unit.new_id(), now=unit.now,
                            username=username)  # fmt: skip
            await insert_missing(unit.session, Account, [row])
            account = await find_topic(unit.session, unit.addresses, tag.name)
    assert account is not None
    if account.display_name != f"#{tag.display_name}":
        row = topic_row(unit.addresses, tag.name, tag.display_name, account_id=account.id, now=unit.now)
        account.display_name, account.note_html, account.updated_at = row["display_name"], row["note_html"], unit.now
    unit.accounts[account.uri] = account
    return account


def speaks_topics(account: Account | None) -> bool:
    """Whether the software behind an actor has topics like ours."""
    return account is not None and TOPICS in (account.implements or ())
