"""What people do in communities: the verbs of `communities`, done and told to the other servers in one unit of work.

The client API, the pages and the command line call these and nothing below them. Each is the verb of its name with the
services in front, `await act(services, unit, group, actor, …)`, and gives back the verb's `Change`; it raises what the
verb raises. Wherever `trusted` is taken it is for the office's own command line.

A community of another office is looked after there: `_refuse_remote` says so.
"""

from collections.abc import Awaitable, Callable
from functools import update_wrapper
from typing import Concatenate, ParamSpec

from communities import admission, groups, membership, moderation, ranks, reports
from communities.changes import Action, Change
from communities.groups import Wish
from communities.standings import CommunityRefused
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from outbox.communities import composer, tell
from outbox.communities_elsewhere import decline
from outbox.follows import publish_follow, publish_unfollow
from social.follows import ACCEPTED, find_follow

P = ParamSpec("P")
Verb = Callable[Concatenate[UnitOfWork, Account, Account, P], Awaitable[Change]]
Act = Callable[Concatenate[Services, UnitOfWork, Account, Account, P], Awaitable[Change]]


def _told(verb: Verb[P]) -> Act[P]:
    """A verb of a community, and what the others hear of it."""

    async def act(
        services: Services, unit: UnitOfWork, group: Account, actor: Account, /, *args: P.args, **kwargs: P.kwargs
    ) -> Change:
        _refuse_remote(group)
        return await tell(services, unit, await verb(unit, group, actor, *args, **kwargs))

    update_wrapper(act, verb)
    return act


def _refuse_remote(group: Account) -> None:
    if not group.is_local:
        raise CommunityRefused("This community belongs to another office, whose moderators look after it there.")


approve = _told(admission.approve)
reject = _told(admission.reject)
invite = _told(admission.invite)
withdraw_invitation = _told(admission.withdraw_invitation)
set_role = _told(ranks.set_role)
appoint = _told(ranks.appoint)
ban = _told(ranks.ban)
unban = _told(ranks.unban)
remove_post = _told(moderation.remove_post)
restore_post = _told(moderation.restore_post)
lock = _told(moderation.lock)
unlock = _told(moderation.unlock)
pin = _told(moderation.pin)
unpin = _told(moderation.unpin)
report = _told(reports.report)
resolve = _told(reports.resolve)
archive = _told(groups.archive)
unarchive = _told(groups.unarchive)


async def create(services: Services, unit: UnitOfWork, owner: Account, name: str, wish: Wish) -> Change:
    """Make a community of this office. Raises CommunityRefused for a bad or taken name."""
    make_keys, compose = services.keyring.create_keys, composer(services)
    change = await groups.create(unit, name, wish, make_keys=make_keys, compose=compose, owner=owner)
    return await tell(services, unit, change)


async def update(
    services: Services, unit: UnitOfWork, group: Account, actor: Account, wish: Wish, *, trusted: bool = False
) -> Change:
    """Change what a community is. Raises NotAllowed and CommunityRefused."""
    _refuse_remote(group)
    change = await groups.update(unit, group, actor, wish, compose=composer(services), trusted=trusted)
    return await tell(services, unit, change)


async def join(services: Services, unit: UnitOfWork, group: Account, account: Account) -> Change:
    """Get in, ask to, or accept an invitation: `Change.action` says which.

    Raises NoSuchCommunity and CommunityRefused; FollowRefused when the community's office can't be asked.
    """
    if group.is_local:
        return await tell(services, unit, await membership.join(unit, group, account))
    follow = await publish_follow(services, unit, account, group)
    action = Action.JOIN if follow.state == ACCEPTED else Action.REQUEST
    return Change(action=action, group=group, actor=account, follow=follow)


async def leave(services: Services, unit: UnitOfWork, group: Account, account: Account) -> Change:
    """Leave, take a request back, or decline an invitation. Raises CommunityRefused for who stays."""
    if group.is_local:
        return await tell(services, unit, await membership.leave(unit, group, account))
    if await decline(services, unit, group, account):
        return Change(action=Action.LEAVE, group=group, actor=account)
    follow = await find_follow(unit, account, group)
    is_new = await publish_unfollow(services, unit, account, group)
    return Change(action=Action.LEAVE, group=group, actor=account, follow=follow, is_new=is_new)
