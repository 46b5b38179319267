"""What the buttons do: write, answer, favourite, boost, vote, delete, follow. Each is a POST that leads to a page.

Everything is done by the verbs of `outbox` in one unit of work. A status that the viewer can't read is answered like
one that doesn't exist. Doing something twice changes nothing.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from communities.standings import knows
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.statuses import Status
from models.visibility import Visibility
from outbox.composing import compose
from outbox.follows import publish_accept, publish_follow, publish_reject, publish_unfollow
from outbox.interactions import publish_favourite, publish_unfavourite, publish_votes
from outbox.statuses import NotAllowed, publish_boost, publish_deletion, publish_status, publish_unboost
from social.follows import PENDING, FollowRefused, find_follow
from social.polls import VoteRefused, poll_of
from web.access import readable_status
from web.composing import TextRefused, check_text, chosen_audience
from web.forms import Form
from web.home import blank_form
from web.markup import profile_path, status_path
from web.pages import id_of_path
from web.refusals import missing, not_allowed
from web.rendering import redirection
from web.visits import Visit

MAX_WARNING_CHARACTERS = 500

StatusAction = Callable[[Services, UnitOfWork, Account, Status, Form], Awaitable[None]]
AccountAction = Callable[[Services, UnitOfWork, Account, Account], Awaitable[None]]


async def post_status(visit: Visit) -> web.StreamResponse:
    """POST /compose with `text`, `summary`, `audience`, `parent_id`, `community_id`: leads to where it is read."""
    viewer, form = visit.required(), await visit.form()
    summary = form.text("summary")[:MAX_WARNING_CHARACTERS]
    visibility, is_local_only = chosen_audience(form.text("audience"))
    parent_id, community_id = form.number("parent_id") or 0, form.number("community_id") or 0
    try:
        text = check_text(form.text("text"))
    except TextRefused as refused:
        again = blank_form(
            text=form.text("text"),
            summary=summary,
            audience=form.text("audience"),
            parent_id=parent_id,
            community_id=community_id,
            error=refused.text,
        )
        return visit.page("compose.html", status=422, writing=again)
    parent = await _parent(visit, viewer, parent_id)
    draft = await compose(
        visit.services,
        viewer,
        text,
        visibility=visibility,
        summary=summary,
        parent=parent,
        language=visit.texts.language,
    )
    async with visit.services.database.unit_of_work() as unit:
        author = await unit.session.get_one(Account, viewer.id)
        group = await unit.session.get(Account, community_id) if community_id else None
        if community_id and (group is None or not group.is_group):
            raise missing()
        published = await publish_status(visit.services, unit, author, draft, group=group, is_local_only=is_local_only)
    written = published.status
    if community_id:
        return redirection(f"/communities/{community_id}")
    leads_home = parent is None and written.visibility != Visibility.DIRECT
    return redirection("/" if leads_home else status_path(viewer, written.id))


async def _parent(visit: Visit, viewer: Account, parent_id: int) -> Status | None:
    """What is answered. Raises PageRefused when it isn't there for the viewer (any more)."""
    if not parent_id:
        return None
    async with visit.services.database.reading() as session:
        parent = await readable_status(session, viewer, parent_id)
    if parent is None or parent.is_boost:
        raise missing()
    return parent


async def post_status_action(visit: Visit) -> web.StreamResponse:
    """POST /statuses/{id}/{action}."""
    viewer, form = visit.required(), await visit.form()
    action = STATUS_ACTIONS[visit.request.match_info["action"]]
    try:
        async with visit.services.database.unit_of_work() as unit:
            account = await unit.session.get_one(Account, viewer.id)
            status = await readable_status(unit.session, account, id_of_path(visit, "status_id"))
            if status is None or status.is_boost:
                raise missing()
            await action(visit.services, unit, account, status, form)
    except (NotAllowed, VoteRefused) as error:
        raise not_allowed() from error
    return redirection(form.next)


async def _favourite(services: Services, unit: UnitOfWork, account: Account, status: Status, form: Form) -> None:
    await publish_favourite(services, unit, account, status)


async def _unfavourite(services: Services, unit: UnitOfWork, account: Account, status: Status, form: Form) -> None:
    await publish_unfavourite(services, unit, account, status)


async def _boost(services: Services, unit: UnitOfWork, account: Account, status: Status, form: Form) -> None:
    await publish_boost(services, unit, account, status)


async def _unboost(services: Services, unit: UnitOfWork, account: Account, status: Status, form: Form) -> None:
    await publish_unboost(services, unit, account, status)


async def _delete(services: Services, unit: UnitOfWork, account: Account, status: Status, form: Form) -> None:
    await publish_deletion(services, unit, account, status)


async def _vote(services: Services, unit: UnitOfWork, account: Account, status: Status, form: Form) -> None:
    poll, choices = await poll_of(unit, status), form.numbers("choice")
    if poll is None or not choices:
        raise VoteRefused("there is nothing to vote on, or nothing was chosen")
    await publish_votes(services, unit, account, status, poll, choices)


STATUS_ACTIONS: dict[str, StatusAction] = {
    "favourite": _favourite,
    "unfavourite": _unfavourite,
    "boost": _boost,
    "unboost": _unboost,
    "delete": _delete,
    "vote": _vote,
}


async def post_account_action(visit: Visit) -> web.StreamResponse:
    """POST /accounts/{id}/{action}."""
    viewer, form = visit.required(), await visit.form()
    action = ACCOUNT_ACTIONS[visit.request.match_info["action"]]
    try:
        async with visit.services.database.unit_of_work() as unit:
            account = await unit.session.get_one(Account, viewer.id)
            other = await unit.session.get(Account, id_of_path(visit, "account_id"))
            if other is None or not other.is_active or not await knows(unit.session, account.id, other):
                raise missing()
            await action(visit.services, unit, account, other)
    except FollowRefused as error:
        raise not_allowed("follow_refused") from error
    return redirection(form.next if form.text("next") else profile_path(other))


async def _follow(services: Services, unit: UnitOfWork, account: Account, other: Account) -> None:
    await publish_follow(services, unit, account, other)


async def _unfollow(services: Services, unit: UnitOfWork, account: Account, other: Account) -> None:
    await publish_unfollow(services, unit, account, other)


async def _accept(services: Services, unit: UnitOfWork, account: Account, other: Account) -> None:
    follow = await find_follow(unit, other, account)
    if follow is not None and follow.state == PENDING:
        await publish_accept(services, unit, follow, other, account)


async def _decline(services: Services, unit: UnitOfWork, account: Account, other: Account) -> None:
    follow = await find_follow(unit, other, account)
    if follow is not None and follow.state == PENDING:
        await publish_reject(services, unit, account, other, follow_uri=follow.uri, follow=follow)


ACCOUNT_ACTIONS: dict[str, AccountAction] = {
    "follow": _follow,
    "unfollow": _unfollow,
    "accept": _accept,
    "decline": _decline,
}
