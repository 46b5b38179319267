"""From an ActorDraft to rows: the account and its public keys, made or brought up to date.

The identity of an actor is its URI and nothing else. Names may change; a name that somebody else has goes to whom the
domain's WebFinger confirms. What the draft can't change: whether we suspended the account, that it is gone, its counts,
and its class (a person does not become a group, O31). Text is sanitised here and nowhere later.

Never touches the network. Raises ActorRefused or ActorGone, and has changed nothing then.
"""

from collections.abc import Collection, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Text, bindparam, func, literal_column, select

from communities.remote import remember
from communities.topics import TOPICS, topic_name
from content.html import sanitize, sanitize_field
from content.names import sanitize_name
from federation.peers.memory import PeerMemory
from federation.trust.origins import same_origin
from keys.keypairs import KeyRejected, PublicKey
from models import UnitOfWork
from models.accounts import Account, Keypair
from models.events import Event, Kind
from models.new_rows import new_row
from models.questions import WORDS, Question, among
from models.statuses import Tombstone
from models.values import dataclass
from social.accounts import account_by_uri, preload_accounts
from social.drafts import ActorDraft, AttachmentDraft, EmojiDraft, PublicKeyDraft
from social.tombstones import buried

MAX_FIELD_CHARACTERS: Final = 255
MAX_DESCRIPTION_CHARACTERS: Final = 1_500
# Within a class a type may change: Mastodon's bots are people who say so, Friendica's pages are organizations.
_CLASSES: Final = {"Group": "group", "Application": "application"}

# Made once: building a statement costs more than SQLite needs for running it. The empty string is a literal, because
# the index on the pair isn't used for a parameter, and thousands of hosts have an `admin`.
_NAME, _DOMAIN = func.lower(Account.username), func.coalesce(Account.domain, literal_column("''"))
_NAMESAKE: Final = select(Account).where(
    func.lower(bindparam("name", type_=Text())) == _NAME,
    bindparam("domain", type_=Text()) == _DOMAIN,
    Account.uri != bindparam("uri"),
)
_NAMESAKES: Final = select(Account).where(among(_NAME, "names", WORDS), among(_DOMAIN, "domains", WORDS))
_KEYS_OF: Final = select(Keypair).where(among(Keypair.account_id, "owners") | among(Keypair.key_id, "listed", WORDS))
# Mostly nothing of it is there, which is asked without objects, and at once.
_IS_THERE: Final = Question(
    select(
        select(Account.id).where(among(Account.uri, "uris", WORDS)).exists(),
        select(Tombstone.uri).where(among(Tombstone.uri, "uris", WORDS)).exists(),
        select(Keypair.id).where(among(Keypair.key_id, "listed", WORDS)).exists(),
        _NAMESAKES.with_only_columns(Account.id).exists(),
    )
)


class ActorRefused(Exception):
    """There is no such actor for us: not an actor, not at home, not itself, or not who it says."""


class ActorGone(Exception):
    """The actor existed and doesn't any more (404, 410, Tombstone), or was deleted here. `uri` is what was asked."""

    def __init__(self, uri: str) -> None:
        super().__init__(f"{uri} is gone")
        self.uri = uri


@dataclass(frozen=True, slots=True)
class Arrival:
    """An actor to be stored. `handle_domain` is the domain of its handle, `is_confirmed` whether that domain's
    WebFinger says so too, `sharers` the actors that rightly have the same name."""

    draft: ActorDraft
    handle_domain: str
    is_confirmed: bool = False
    sharers: Collection[str] = ()

    @property
    def claims(self) -> frozenset[str]:
        """What it wants to have: no two arrivals that want the same may be stored together."""
        handle = f"{self.draft.preferred_username}@{self.handle_domain}".lower()
        return frozenset({self.draft.uri, handle, *(key.key_id for key in self.draft.public_keys)})


@dataclass(frozen=True, slots=True)
class Stored:
    """An actor's account, and the keys that are its own by their ids."""

    account: Account
    keys: dict[str, PublicKey]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What there is already of what arrivals claim; `namesakes` are all who may have one of the names."""

    buried: Collection[str] = ()
    namesakes: Sequence[Account] = ()
    keys: dict[str, Keypair] = field(default_factory=dict)
    keys_of: dict[int, list[Keypair]] = field(default_factory=dict)


class _There(NamedTuple):
    """Whether there is anything of what arrivals claim."""

    has_accounts: bool
    has_graves: bool
    has_keys: bool
    has_namesakes: bool


async def surroundings(unit: UnitOfWork, arrivals: Sequence[Arrival]) -> Surroundings:
    """Look up what several arrivals claim: one statement for several, and more only for what is there."""
    uris = [one.draft.uri for one in arrivals]
    # Of a single one it is asked last: it is mostly known, and keeps its name.
    there = await _what_is_there(unit, arrivals) if len(uris) > 1 else None
    if there and not there.has_accounts:
        for uri in uris:
            unit.accounts.setdefault(uri)
    await preload_accounts(unit, uris)
    known = {uri: unit.accounts[uri] for uri in uris}
    named = [one for one in arrivals if not _keeps_name(known[one.draft.uri], one)]
    if there is None and named:
        there = await _what_is_there(unit, arrivals)
    gone = await buried(unit, uris) if there and there.has_graves else ()
    owners = [account.id for account in known.values() if account is not None]
    keys: Sequence[Keypair] = ()
    if owners or (there and there.has_keys):
        keys = (await unit.session.scalars(_KEYS_OF, {"owners": owners, "listed": _listed(arrivals)})).all()
    keys_of: dict[int, list[Keypair]] = {}
    for key in keys:
        keys_of.setdefault(key.account_id, []).append(key)
    namesakes: Sequence[Account] = ()
    if named and there and there.has_namesakes:
        namesakes = (await unit.session.scalars(_NAMESAKES, _names(named))).all()
    return Surroundings({uri for uri, _ in gone}, namesakes, {key.key_id: key for key in keys}, keys_of)


async def _what_is_there(unit: UnitOfWork, arrivals: Sequence[Arrival]) -> _There:
    uris = [one.draft.uri for one in arrivals]
    asked = {"uris": uris, "listed": _listed(arrivals), **_names(arrivals)}
    return _There(*(await unit.session.ask(_IS_THERE, asked))[0])


def _listed(arrivals: Sequence[Arrival]) -> list[str]:
    return [key.key_id for one in arrivals for key in one.draft.public_keys]


def _names(arrivals: Sequence[Arrival]) -> dict[str, list[str]]:
    return {"names": [one.draft.preferred_username.lower() for one in arrivals],
            "domains": [one.handle_domain for one in arrivals]}  # fmt: skip


async def store_actor(
    unit: UnitOfWork,
    draft: ActorDraft,
    handle_domain: str,
    *,
    is_confirmed: bool = False,
    memory: PeerMemory | None = None,
) -> Account:
    """Make the actor's account, or bring it up to date, keys included.

    Keys cached in `memory` are forgotten at the commit. Four statements for a new actor, two and the changes for a
    known one. Raises ActorRefused and ActorGone.
    """
    arrival = Arrival(draft, handle_domain, is_confirmed)
    stored = await store_arrival(unit, arrival, await surroundings(unit, [arrival]))
    if memory is not None:
        unit.after_commit(lambda: memory.keys.forget_actor(draft.uri))
    await unit.session.flush()
    return stored.account


async def store_arrival(unit: UnitOfWork, arrival: Arrival, around: Surroundings) -> Stored:
    """The same for one of several whose surroundings are known; what is new is written with the next flush.

    Cached keys are forgotten by the caller.
    """
    draft = arrival.draft
    if unit.addresses.is_local(draft.uri):
        raise ActorRefused("that is one of our own actors")
    account = await account_by_uri(unit, draft.uri)
    if account is not None and account.gone_at is not None:
        raise ActorGone(draft.uri)
    if account is None:
        if draft.uri in around.buried:
            raise ActorGone(draft.uri)
        username = await _free_name(unit, arrival, around)
        if username is None:
            raise ActorRefused(f"{draft.preferred_username}@{arrival.handle_domain} is another actor")
        account = new_row(
            Account,
            id=unit.new_id(),
            uri=draft.uri,
            username=username,
            domain=arrival.handle_domain,
            created_at=min(draft.published_at or unit.now, unit.now),
            **_description(draft, unit.now),
        )
        unit.session.insert(account)
        unit.accounts[draft.uri] = account
    else:
        if _class_of(account.actor_type) != _class_of(draft.type):
            raise ActorRefused(f"a {account.actor_type} can't become a {draft.type}")
        await _rename(unit, account, arrival, around)
        for name, value in _description(draft, unit.now).items():
            setattr(account, name, value)
    keys = await _store_keys(unit, account, draft.public_keys, around)
    if account.is_group:
        await remember(unit, account, draft.community)
    return Stored(account, keys)


def _class_of(actor_type: str) -> str:
    return _CLASSES.get(actor_type, "individual")


def _keeps_name(account: Account | None, arrival: Arrival) -> bool:
    """Whether the account is called as the actor is, but for upper and lower case."""
    if account is None:
        return False
    had = (account.username.partition(":")[0].lower(), account.domain)
    wanted = (arrival.draft.preferred_username.lower(), arrival.handle_domain)
    return had == wanted and not (":" in account.username and arrival.is_confirmed)


async def _rename(unit: UnitOfWork, account: Account, arrival: Arrival, around: Surroundings) -> None:
    """Follow a change of the handle; one that another actor has stays with that other unless WebFinger decides."""
    if _keeps_name(account, arrival):
        if ":" not in account.username:
            account.username = arrival.draft.preferred_username  # the case may have changed
        return
    username = await _free_name(unit, arrival, around)
    if username is not None:
        account.username, account.domain = username, arrival.handle_domain


async def _holder(unit: UnitOfWork, arrival: Arrival, around: Surroundings) -> Account | None:
    """Who else has the name."""
    name, domain, uri = arrival.draft.preferred_username, arrival.handle_domain, arrival.draft.uri
    if not name.isascii():  # databases differ in what they call lower case
        return await unit.session.scalar(_NAMESAKE, {"name": name, "domain": domain, "uri": uri})
    wanted = (name.lower(), domain)
    return next((one for one in around.namesakes
                 if (one.username.lower(), one.domain or "") == wanted and one.uri != uri), None)  # fmt: skip


async def _free_name(unit: UnitOfWork, arrival: Arrival, around: Surroundings) -> str | None:
    """The name to store: the actor's, free now; with a suffix when it is rightly shared; None when it is taken."""
    draft, name = arrival.draft, arrival.draft.preferred_username
    holder = await _holder(unit, arrival, around)
    if holder is None:
        return name
    if not arrival.is_confirmed:
        return None
    if holder.uri in arrival.sharers:
        return f"{name}:{draft.type.lower()}"
    # The name was given to somebody new; who had it is only known by its URI until it is looked up again.
    holder.username = f"{holder.username}:{holder.id}"
    holder.fetched_at = None
    await unit.session.flush()
    return name


def _description(draft: ActorDraft, now: datetime) -> dict[str, Any]:
    """The columns that an actor's document decides, its name apart."""
    avatar_url, avatar_description = _picture(draft.icon)
    header_url, header_description = _picture(draft.image)
    return {
        "actor_type": draft.type,
        "url": draft.url,
        "display_name": sanitize_name(draft.name or ""),
        "note_html": sanitize(draft.summary_html),
        "fields": [
            {"name": sanitize_name(field.name, MAX_FIELD_CHARACTERS), "value": sanitize_field(field.value_html)}
            for field in draft.fields
        ],
        "emojis": [_emoji(emoji) for emoji in draft.emojis],
        "avatar_url": avatar_url,
        "avatar_description": avatar_description,
        "header_url": header_url,
        "header_description": header_description,
        "inbox_url": draft.inbox,
        "shared_inbox_url": draft.shared_inbox,
        "outbox_url": draft.outbox,
        "followers_url": draft.followers,
        "following_url": draft.following,
        "featured_url": draft.featured,
        "featured_tags_url": draft.featured_tags,
        "moderators_url": draft.moderators_url,
        "is_locked": draft.is_locked,
        "is_bot": draft.is_bot,
        "is_discoverable": bool(draft.discoverable),
        "is_indexable": bool(draft.indexable),
        "is_posting_restricted": draft.posting_restricted_to_mods,
        "is_memorial": draft.is_memorial,
        "attribution_domains": list(draft.attribution_domains),
        "also_known_as": list(draft.also_known_as),
        "moved_to_uri": draft.moved_to,
        "implements": list(draft.implements),
        "topic": _topic(draft),
        "updated_at": now,
        "fetched_at": now,
    }


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


async def _store_keys(
    unit: UnitOfWork, account: Account, drafts: Collection[PublicKeyDraft], around: Surroundings
) -> dict[str, PublicKey]:
    """Make the account's keys those that it lists: a key that it no longer lists verifies nothing any more."""
    listed = {draft.key_id: key for draft in drafts if (key := _usable_key(account, draft)) is not None}
    for row in around.keys_of.get(account.id, ()):
        key = listed.get(row.key_id)
        if key is not None and row.public_pem == key.pem:
            continue
        unit.emit(Event(Kind.KEYS_CHANGED, account_id=account.id))
        if key is None:
            await unit.session.delete(row)
        else:
            row.kind, row.public_pem, row.fetched_at = key.kind.value, key.pem, unit.now
    own: dict[str, PublicKey] = {}
    for key_id, key in listed.items():
        found = around.keys.get(key_id)
        if found is not None and found.account_id != account.id:
            continue  # another actor of that host listed it first: it can't speak for both
        own[key_id] = key
        if found is None:
            unit.session.insert(
                new_row(Keypair, id=unit.new_id(), account_id=account.id, key_id=key_id, kind=key.kind.value,
                        public_pem=key.pem, created_at=unit.now, fetched_at=unit.now)
            )  # fmt: skip
    return own


def _usable_key(account: Account, draft: PublicKeyDraft) -> PublicKey | None:
    """The key, when the actor may list it (FEP-fe34: owner and origin agree) and it is fit to verify anything."""
    if draft.owner != account.uri or not same_origin(draft.key_id, account.uri):
        return None
    try:
        return PublicKey.from_pem(draft.pem) if draft.pem else PublicKey.from_multibase(draft.multibase or "")
    except KeyRejected:
        return None
