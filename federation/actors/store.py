"""From an ActorDraft to rows: the account and its public keys, made or brought up to date.

The identity of an actor is its URI and nothing else. Names may change; a name that somebody else has goes to whom the
domain's WebFinger confirms. What the draft can't change: whether we suspended the account, that it is gone, its counts,
and its class (a person does not become a group, O31). Text is sanitised here and nowhere later.

Never touches the network. Raises ActorRefused or ActorGone, and has changed nothing then.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Text, bindparam, func, select

from communities.remote import remember
from communities.topics import TOPICS, topic_name
from content.html import sanitize, sanitize_field
from content.names import sanitize_name
from federation.peers.memory import PeerMemory
from federation.trust.origins import same_origin
from keys.keypairs import KeyRejected, PublicKey
from models import UnitOfWork
from models.accounts import Account, Keypair
from social.accounts import account_by_uri
from social.drafts import ActorDraft, AttachmentDraft, EmojiDraft, PublicKeyDraft
from social.tombstones import buried

MAX_FIELD_CHARACTERS: Final = 255
MAX_DESCRIPTION_CHARACTERS: Final = 1_500
# Within a class a type may change: Mastodon's bots are people who say so, Friendica's pages are organizations.
_CLASSES: Final = {"Group": "group", "Application": "application"}

# Made once: building a statement costs more than SQLite needs for running it.
_NAMESAKE: Final = select(Account).where(
    func.lower(Account.username) == func.lower(bindparam("name", type_=Text())),
    func.coalesce(Account.domain, "") == bindparam("domain"),
    Account.uri != bindparam("uri"),
)
_KEYS_OF: Final = select(Keypair).where(
    (Keypair.account_id == bindparam("owner")) | Keypair.key_id.in_(bindparam("listed", expanding=True))
)


class ActorRefused(Exception):
    """There is no such actor for us: not an actor, not at home, not itself, or not who it says."""


class ActorGone(Exception):
    """The actor existed and doesn't any more (404, 410, Tombstone), or was deleted here. `uri` is what was asked."""

    def __init__(self, uri: str) -> None:
        super().__init__(f"{uri} is gone")
        self.uri = uri


async def store_actor(
    unit: UnitOfWork,
    draft: ActorDraft,
    handle_domain: str,
    *,
    is_confirmed: bool = False,
    sharers: Collection[str] = (),
    memory: PeerMemory | None = None,
) -> Account:
    """Make the actor's account, or bring it up to date, keys included.

    `handle_domain` is the domain of its handle, `is_confirmed` whether that domain's WebFinger says so too, `sharers`
    the actors that rightly have the same name. Keys cached in `memory` are forgotten at the commit. Five statements
    for a new actor, two and the changes for a known one. Raises ActorRefused and ActorGone.
    """
    if unit.addresses.is_local(draft.uri):
        raise ActorRefused("that is one of our own actors")
    account = await account_by_uri(unit, draft.uri)
    if account is not None and account.gone_at is not None:
        raise ActorGone(draft.uri)
    if account is None:
        if await buried(unit, [draft.uri]):
            raise ActorGone(draft.uri)
        username = await _free_name(unit, draft, handle_domain, is_confirmed, sharers)
        if username is None:
            raise ActorRefused(f"{draft.preferred_username}@{handle_domain} is another actor")
        account = Account(id=unit.new_id(), uri=draft.uri, username=username, domain=handle_domain,
                          created_at=min(draft.published_at or unit.now, unit.now))  # fmt: skip
        unit.session.add(account)
        unit.accounts[draft.uri] = account
    else:
        if _class_of(account.actor_type) != _class_of(draft.type):
            raise ActorRefused(f"a {account.actor_type} can't become a {draft.type}")
        await _rename(unit, account, draft, handle_domain, is_confirmed, sharers)
    _describe(account, draft, unit.now)
    await _store_keys(unit, account, draft.public_keys)
    if account.is_group:
        await remember(unit, account, draft.community)
    if memory is not None:
        unit.after_commit(lambda: memory.keys.forget_actor(draft.uri))
    return account


def _class_of(actor_type: str) -> str:
    return _CLASSES.get(actor_type, "individual")


async def _rename(
    unit: UnitOfWork, account: Account, draft: ActorDraft, domain: str, is_confirmed: bool, sharers: Collection[str]
) -> None:
    """Follow a change of the handle; one that another actor has stays with that other unless WebFinger decides."""
    had = (account.username.partition(":")[0].lower(), account.domain)
    if had == (draft.preferred_username.lower(), domain) and not (":" in account.username and is_confirmed):
        if ":" not in account.username:
            account.username = draft.preferred_username  # the case may have changed
        return
    username = await _free_name(unit, draft, domain, is_confirmed, sharers)
    if username is not None:
        account.username, account.domain = username, domain


async def _free_name(
    unit: UnitOfWork, draft: ActorDraft, domain: str, is_confirmed: bool, sharers: Collection[str]
) -> str | None:
    """The name to store: the actor's, free now; with a suffix when it is rightly shared; None when it is taken."""
    name = draft.preferred_username
    holder = await unit.session.scalar(_NAMESAKE, {"name": name, "domain": domain, "uri": draft.uri})
    if holder is None:
        return name
    if not is_confirmed:
        return None
    if holder.uri in sharers:
        return f"{name}:{draft.type.lower()}"
    # The name was given to somebody new; who had it is only known by its URI until it is looked up again.
    holder.username = f"{holder.username}:{holder.id}"
    holder.fetched_at = None
    await unit.session.flush()
    return name


def _describe(account: Account, draft: ActorDraft, now: datetime) -> None:
    account.actor_type = draft.type
    account.url = draft.url
    account.display_name = sanitize_name(draft.name or "")
    account.note_html = sanitize(draft.summary_html)
    account.fields = [
        {"name": sanitize_name(field.name, MAX_FIELD_CHARACTERS), "value": sanitize_field(field.value_html)}
        for field in draft.fields
    ]
    account.emojis = [_emoji(emoji) for emoji in draft.emojis]
    account.avatar_url, account.avatar_description = _picture(draft.icon)
    account.header_url, account.header_description = _picture(draft.image)
    account.inbox_url = draft.inbox
    account.shared_inbox_url = draft.shared_inbox
    account.outbox_url = draft.outbox
    account.followers_url = draft.followers
    account.following_url = draft.following
    account.featured_url = draft.featured
    account.featured_tags_url = draft.featured_tags
    account.moderators_url = draft.moderators_url
    account.is_locked = draft.is_locked
    account.is_bot = draft.is_bot
    account.is_discoverable = bool(draft.discoverable)
    account.is_indexable = bool(draft.indexable)
    account.is_posting_restricted = draft.posting_restricted_to_mods
    account.is_memorial = draft.is_memorial
    account.attribution_domains = list(draft.attribution_domains)
    account.also_known_as = list(draft.also_known_as)
    account.moved_to_uri = draft.moved_to
    account.implements = list(draft.implements)
    account.topic = _topic(draft)
    account.updated_at = account.fetched_at = now


def _topic(draft: ActorDraft) -> str | None:
    """The hashtag that an actor is: it must say so, and its URI must be the address of that hashtag at its origin."""
    if draft.type != "Service" or TOPICS not in draft.implements:
        return None
    return topic_name("/".join(draft.uri.split("/", 3)[:3]), draft.uri)


def _picture(picture: AttachmentDraft | None) -> tuple[str | None, str]:
    """The address of a picture and what it shows, in plain text."""
    return (None, "") if picture is None else (picture.url, (picture.description or "")[:MAX_DESCRIPTION_CHARACTERS])


def _emoji(emoji: EmojiDraft) -> dict[str, Any]:
    return {
        "shortcode": emoji.shortcode,
        "url": emoji.image_url,
        "uri": emoji.uri,
        "media_type": emoji.media_type,
        "updated_at": None if emoji.updated_at is None else emoji.updated_at.isoformat(),
    }


async def _store_keys(unit: UnitOfWork, account: Account, drafts: Collection[PublicKeyDraft]) -> None:
    """Make the account's keys those that it lists: a key that it no longer lists verifies nothing any more."""
    listed = {draft.key_id: key for draft in drafts if (key := _usable_key(account, draft)) is not None}
    rows = await unit.session.scalars(_KEYS_OF, {"owner": account.id, "listed": list(listed)})
    for row in rows.all():
        key = listed.pop(row.key_id, None)
        if row.account_id != account.id:
            continue  # another actor of that host listed it first: it can't speak for both
        if key is None:
            await unit.session.delete(row)
        elif row.public_pem != key.pem:
            row.kind, row.public_pem, row.fetched_at = key.kind.value, key.pem, unit.now
    for key_id, key in listed.items():
        unit.session.add(
            Keypair(id=unit.new_id(), account_id=account.id, key_id=key_id, kind=key.kind.value, public_pem=key.pem,
                    created_at=unit.now, fetched_at=unit.now)
        )  # fmt: skip
    await unit.session.flush()


def _usable_key(account: Account, draft: PublicKeyDraft) -> PublicKey | None:
    """The key, when the actor may list it (FEP-fe34: owner and origin agree) and it is fit to verify anything."""
    if draft.owner != account.uri or not same_origin(draft.key_id, account.uri):
        return None
    try:
        return PublicKey.from_pem(draft.pem) if draft.pem else PublicKey.from_multibase(draft.multibase or "")
    except KeyRejected:
        return None
