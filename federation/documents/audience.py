"""Who a document of ours is addressed to, following Mastodon's conventions (ActivityPub §5, §6).

`to` and `cc` only: `bto` and `bcc` are never built, and who is reached silently is never named (case O48). A status is
addressed to no more people than its visibility allows: the author of a parent is only added where everybody may read
anyway.
"""

from collections.abc import Iterable

from federation.documents.bundles import StatusBundle
from federation.json_ld.terms import PUBLIC
from models.accounts import Account
from models.addresses import LocalAddresses
from models.values import dataclass
from models.visibility import Visibility
from policy.visibility import is_for_members


@dataclass(frozen=True, slots=True)
class Addressing:
    """The two lists of ids, without repetition."""

    to: list[str]
    cc: list[str]


def addressing(bundle: StatusBundle, addresses: LocalAddresses) -> Addressing:
    """The addressing of a status, or of a boost (its author hears of it)."""
    followers_url = followers_of(bundle.author, addresses)
    named = [account.uri for account in bundle.mentions]
    group = [bundle.group.uri] if bundle.group is not None else []
    visibility = Visibility(bundle.status.visibility)
    if bundle.group is not None and is_for_members(bundle.status):
        return _distinct([followers_of(bundle.group, addresses)], [bundle.group.uri])
    if visibility is Visibility.PRIVATE:
        return _distinct([followers_url], [*group, *named, *_uris(bundle.boosted_author)])
    if not visibility.is_public:
        return _distinct(named, [])
    reached = [*group, *named, *_uris(bundle.parent_author, bundle.boosted_author)]
    if visibility is Visibility.PUBLIC:
        return _distinct([PUBLIC], [followers_url, *reached])
    return _distinct([followers_url], [PUBLIC, *reached])


def followers_of(account: Account, addresses: LocalAddresses) -> str:
    """The followers collection of an account."""
    return account.followers_url or addresses.part(account.uri, "followers")


def _uris(*accounts: Account | None) -> list[str]:
    return [account.uri for account in accounts if account is not None]


def _distinct(to: Iterable[str], cc: Iterable[str]) -> Addressing:
    first = list(dict.fromkeys(to))
    return Addressing(first, [uri for uri in dict.fromkeys(cc) if uri not in first])
