"""What people do in communities: the verbs of `communities`, done and told to the other servers in one unit of work.

The client API, the pages and the command line call these and nothing below them. Each is the verb of its name with the
services in front, `await act(services, unit, group, actor, …)`, and gives back the verb's `Change`; it raises what the
verb raises. Wherever `trusted` is taken it is for the office's own command line.

In a community of another office our moderators look after posts and people as far as its roles are known here: the
verb is done here at once, and said to the host. What only the host can do is refused.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import update_wrapper
from typing import Concatenate, ParamSpec

from communities import admission, groups, membership, moderation, ranks, reports
from communities.changes import Action, Change
from communities.groups import Wish
from communities.remote import presume_member
from communities.standings import CommunityRefused
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.communities import Role
from models.statuses import Status
from outbox.communities import composer, tell
from outbox.communities_elsewhere import decline, flag_to_host, resolve_at_host, say_to_host
from outbox.follows import publish_follow, publish_unfollow
from outbox.publish import activity_uri
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


def _said(verb: Verb[P]) -> Act[P]:
    """The same of a verb that goes in a community of another office, too: its host is told, and tells the others."""

    async def act(
        services: Services, unit: UnitOfWork, group: Account, actor: Account, /, *args: P.args, **kwargs: P.kwargs
    ) -> Change:
        if kwargs.get("trusted"):
            _refuse_remote(group)
        change = await verb(unit, group, actor, *args, **kwargs)
        return await (tell if group.is_local else say_to_host)(services, unit, change)

    update_wrapper(act, verb)
    return act


def _refuse_remote(group: Account) -> None:
    if not group.is_local:
        raise CommunityRefused("This community belongs to another office, which alone can do this.")


approve = _told(admission.approve)
reject = _told(admission.reject)
invite = _said(admission.invite)
withdraw_invitation = _said(admission.withdraw_invitation)
appoint = _told(ranks.appoint)
ban = _said(ranks.ban)
unban = _said(ranks.unban)
remove_post = _said(moderation.remove_post)
restore_post = _said(moderation.restore_post)
lock = _said(moderation.lock)
unlock = _said(moderation.unlock)
pin = _said(moderation.pin)
unpin = _said(moderation.unpin)
archive = _told(groups.archive)
unarchive = _told(groups.unarchive)


async def set_role(
    services: Services, unit: UnitOfWork, group: Account, actor: Account, target: Account, role: Role, *,
    trusted: bool = False,
) -> Change:  # fmt: skip
    """Give a member another role; owners may step down themselves. Raises NotAllowed and CommunityRefused."""
    if group.is_local:
        return await tell(services, unit, await ranks.set_role(unit, group, actor, target, role, trusted=trusted))
    async with unit.session.begin_nested():
        await presume_member(unit, group, target)
        change = await ranks.set_role(unit, group, actor, target, role)
    return await say_to_host(services, unit, change)


async def report(
    services: Services, unit: UnitOfWork, group: Account, reporter: Account, target: Account,
    statuses: Sequence[Status] = (), *, comment: str = "", category: str = "other",
) -> Change:  # fmt: skip
    """Report somebody to a community's moderators, for posts in it. Raises CommunityRefused.

    The host of a community elsewhere doesn't learn by whom.
    """
    uri = None if group.is_local else activity_uri(unit)
    change = await reports.report(unit, group, reporter, target, statuses, comment=comment, category=category, uri=uri)
    if uri is None:
        return await tell(services, unit, change)
    await flag_to_host(services, unit, change, uri, statuses)
    return change


async def resolve(
    services: Services, unit: UnitOfWork, group: Account, actor: Account, report_id: int, *, is_resolved: bool = True,
    trusted: bool = False,
) -> Change:  # fmt: skip
    """Close a report, or open it again. Raises NotAllowed, and CommunityRefused when there is none."""
    is_trusted = trusted and group.is_local
    change = await reports.resolve(unit, group, actor, report_id, is_resolved=is_resolved, trusted=is_trusted)
    return await (tell if group.is_local else resolve_at_host)(services, unit, change)


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
