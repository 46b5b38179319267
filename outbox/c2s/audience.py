"""Whom a client addresses: visibility, the people who are named, and those who are reached without being named.

`to`, `cc` and `audience` say who is known to read it, by Mastodon's conventions (`federation.parse.visibility_of`).
`bto` and `bcc` reach people whom no document names (ActivityPub §6, case O48); collections can't be addressed that way,
for what reaches everybody who follows is said. People whom the text of a post names are told of it, unless the post is
for single persons: there the client's word about who may read is the last one.
"""

from collections.abc import Iterable

from federation.json_ld.terms import PUBLIC
from federation.parse import visibility_of
from models.accounts import Account
from models.values import dataclass
from models.visibility import Visibility
from outbox.c2s.intent import Intent
from outbox.c2s.lookup import Lookup
from outbox.c2s.refusals import ClientRefused, malformed

MAX_ADDRESSED = 50


@dataclass(frozen=True, slots=True)
class Audience:
    """URIs of actors: `named` openly, `silent` by `bto` and `bcc`; `group` is the community it is posted in."""

    visibility: Visibility
    named: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    group: str | None = None


def visibility_for(intent: Intent, owner: Account) -> Visibility:
    """What the open addressing makes of it."""
    to, rest = intent.recipients("to"), intent.recipients("cc", "audience")
    return visibility_of(to, rest, owner.followers_url)


async def audience_of(intent: Intent, lookup: Lookup, owner: Account, named_in_text: Iterable[Account]) -> Audience:
    """Resolve everybody whom the client addresses. Raises ClientRefused.

    Who can't be found is passed over in a public post (clients address the followers of others, too); a post for single
    persons is refused then, because its author counts on each of them.
    """
    visibility = visibility_for(intent, owner)
    collections = {PUBLIC, owner.followers_url}
    own = {owner.uri, *collections}
    blind = intent.recipients("bto", "bcc")
    if not collections.isdisjoint(blind):
        raise malformed("bto and bcc are for single persons: address the public or your followers openly.")
    open_uris = [uri for uri in intent.recipients("to", "cc", "audience") if uri not in own]
    blind = tuple(uri for uri in blind if uri not in own and uri not in open_uris)
    if len(open_uris) + len(blind) > MAX_ADDRESSED:
        raise malformed(f"A post may be addressed to {MAX_ADDRESSED} people at most.")
    found = await _resolve(open_uris, lookup, is_each_needed=visibility is Visibility.DIRECT)
    silent = await _resolve(blind, lookup, is_each_needed=True)
    if visibility is not Visibility.DIRECT:
        found += [account for account in named_in_text if account.uri != owner.uri]
    groups = [account.uri for account in found if account.is_group]
    named = dict.fromkeys(account.uri for account in found if not account.is_group)
    return Audience(
        visibility,
        tuple(named),
        tuple(dict.fromkeys(account.uri for account in silent if account.uri not in named)),
        groups[0] if groups and visibility.is_public else None,
    )


async def _resolve(uris: Iterable[str], lookup: Lookup, *, is_each_needed: bool) -> list[Account]:
    found = []
    for uri in uris:
        account = await lookup.actor(uri)
        if account is not None:
            found.append(account)
        elif is_each_needed:
            raise ClientRefused(400, "recipient", f"{uri} can't be reached; nothing was sent to anybody.")
    return found
