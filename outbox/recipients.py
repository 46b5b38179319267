"""Who receives what: the inboxes for a status and for what concerns single accounts.

Only remote, active accounts have an inbox to deliver to; between local accounts everything is a call. Followers are
not listed here: `outbox.enqueue` selects their inboxes in the database.
"""

from collections.abc import Iterable

from federation.documents import StatusBundle
from models.accounts import Account
from models.visibility import Visibility
from policy.visibility import is_for_members

WITH_FOLLOWERS = frozenset({Visibility.PUBLIC, Visibility.UNLISTED, Visibility.PRIVATE})


def inboxes_of(accounts: Iterable[Account | None]) -> list[str]:
    """Their inboxes, shared ones where there are, each once."""
    urls = (account.delivery_url for account in accounts if account and not account.is_local and account.is_active)
    return list(dict.fromkeys(urls))


def status_inboxes(bundle: StatusBundle) -> list[str]:
    """Inboxes that get a status besides the followers': of who is mentioned, answered, boosted, or hosts the group.

    Who is reached silently gets it in an inbox of their own: a shared one couldn't tell for whom it is (O48).
    """
    if is_for_members(bundle.status):
        return inboxes_of([bundle.group])  # its host passes it on to the members, and to nobody else
    others: list[Account | None] = [*bundle.mentions]
    if Visibility(bundle.status.visibility).is_public:
        others += [bundle.parent_author, bundle.boosted_author, bundle.group]
    silent = [account.inbox_url for account in bundle.silent if not account.is_local and account.is_active]
    return list(dict.fromkeys([*inboxes_of(others), *silent]))


def goes_to_followers(bundle: StatusBundle) -> bool:
    """Whether the followers get it too."""
    return Visibility(bundle.status.visibility) in WITH_FOLLOWERS and not is_for_members(bundle.status)
