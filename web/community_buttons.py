"""What the buttons on the pages of communities do: each is a POST that leads back to a page.

Everything is done by `outbox.community_acts`; what the rules don't allow is refused there, and `web.visits` shows it.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from aiohttp import web

from communities.standings import Place
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.communities import Role
from models.relations import Report
from models.statuses import Status
from outbox import community_acts as acts
from policy.communities import may_read_files
from social.accounts import account_by_handle
from web.access import readable_status
from web.community_pages import PATH, place_here
from web.forms import Form
from web.pages import id_of_path
from web.refusals import missing
from web.rendering import redirection
from web.visits import Visit

MAX_REASON_CHARACTERS: Final = 500
# How long a ban may be chosen to last, in days; 0 is for good.
BAN_DAYS: Final = (1, 7, 30, 365, 0)

OnCommunity = Callable[[Services, UnitOfWork, Place], Awaitable[object]]
OnPerson = Callable[[Services, UnitOfWork, Place, Account, Form], Awaitable[object]]
OnPost = Callable[[Services, UnitOfWork, Place, Status, Form], Awaitable[object]]


def _reason(form: Form) -> str:
    return form.text("reason")[:MAX_REASON_CHARACTERS]


async def post_community_action(visit: Visit) -> web.StreamResponse:
    """POST /communities/{id}/{action}: leads to the community, or to all of them for who has left."""
    viewer, form = visit.required(), await visit.form()
    async with visit.services.database.unit_of_work() as unit:
        account = await unit.session.get_one(Account, viewer.id)
        place = await place_here(visit, unit.session, account)
        action = visit.request.match_info["action"]
        await COMMUNITY_ACTIONS[action](visit.services, unit, place)
    if form.text("next"):
        return redirection(form.next)
    return redirection(PATH if action == "leave" else f"{PATH}/{place.group.id}")


async def _join(services: Services, unit: UnitOfWork, place: Place) -> None:
    await acts.join(services, unit, place.group, place.account)


async def _leave(services: Services, unit: UnitOfWork, place: Place) -> None:
    await acts.leave(services, unit, place.group, place.account)


async def _archive(services: Services, unit: UnitOfWork, place: Place) -> None:
    await acts.archive(services, unit, place.group, place.account)


async def _unarchive(services: Services, unit: UnitOfWork, place: Place) -> None:
    await acts.unarchive(services, unit, place.group, place.account)


COMMUNITY_ACTIONS: Final[dict[str, OnCommunity]] = {
    "join": _join,
    "leave": _leave,
    "archive": _archive,
    "unarchive": _unarchive,
}


async def post_invitation(visit: Visit) -> web.StreamResponse:
    """POST /communities/{id}/invite with `name`: leads to the moderation page."""
    viewer, form = visit.required(), await visit.form()
    username, _, domain = form.text("name").removeprefix("@").partition("@")
    if domain == visit.services.addresses.domain:
        domain = ""
    async with visit.services.database.unit_of_work() as unit:
        account = await unit.session.get_one(Account, viewer.id)
        place = await place_here(visit, unit.session, account)
        target = await account_by_handle(unit.session, username, domain or None)
        if target is None:
            raise missing()
        await acts.invite(visit.services, unit, place.group, account, target)
    return redirection(f"{PATH}/{place.group.id}/moderation")


async def post_person_action(visit: Visit) -> web.StreamResponse:
    """POST /communities/{id}/people/{account_id}/{action}."""
    viewer, form = visit.required(), await visit.form()
    async with visit.services.database.unit_of_work() as unit:
        account = await unit.session.get_one(Account, viewer.id)
        place = await place_here(visit, unit.session, account)
        target = await unit.session.get(Account, id_of_path(visit, "account_id"))
        if target is None or target.gone_at is not None:
            raise missing()
        await PERSON_ACTIONS[visit.request.match_info["action"]](visit.services, unit, place, target, form)
    return redirection(form.next if form.text("next") else f"{PATH}/{place.group.id}/moderation")


async def _approve(services: Services, unit: UnitOfWork, place: Place, target: Account, form: Form) -> None:
    await acts.approve(services, unit, place.group, place.account, target)


async def _reject(services: Services, unit: UnitOfWork, place: Place, target: Account, form: Form) -> None:
    await acts.reject(services, unit, place.group, place.account, target, reason=_reason(form))


async def _withdraw(services: Services, unit: UnitOfWork, place: Place, target: Account, form: Form) -> None:
    await acts.withdraw_invitation(services, unit, place.group, place.account, target)


async def _role(services: Services, unit: UnitOfWork, place: Place, target: Account, form: Form) -> None:
    wanted = form.text("role")
    if wanted not in set(Role):
        raise missing()
    await acts.set_role(services, unit, place.group, place.account, target, Role(wanted))


async def _ban(services: Services, unit: UnitOfWork, place: Place, target: Account, form: Form) -> None:
    days = form.number("days") or 0
    await acts.ban(
        services, unit, place.group, place.account, target, reason=_reason(form),
        until=unit.now + timedelta(days=days) if days in BAN_DAYS and days else None,
        removes_posts=form.text("removes_posts") == "yes",
    )  # fmt: skip


async def _unban(services: Services, unit: UnitOfWork, place: Place, target: Account, form: Form) -> None:
    await acts.unban(services, unit, place.group, place.account, target, reason=_reason(form))


PERSON_ACTIONS: Final[dict[str, OnPerson]] = {
    "approve": _approve,
    "reject": _reject,
    "withdraw": _withdraw,
    "role": _role,
    "ban": _ban,
    "unban": _unban,
}


async def post_post_action(visit: Visit) -> web.StreamResponse:
    """POST /communities/{id}/posts/{status_id}/{action}. Removed posts are there for who moderates."""
    viewer, form = visit.required(), await visit.form()
    async with visit.services.database.unit_of_work() as unit:
        account = await unit.session.get_one(Account, viewer.id)
        place = await place_here(visit, unit.session, account)
        status = await _post_here(visit, unit, place)
        action = visit.request.match_info["action"]
        await POST_ACTIONS[action](visit.services, unit, place, status, form)
    if action == "report":
        return visit.message("community_reported_title", "community_reported_text", status=200)
    return redirection(form.next if form.text("next") else f"{PATH}/{place.group.id}")


async def _post_here(visit: Visit, unit: UnitOfWork, place: Place) -> Status:
    status_id = id_of_path(visit, "status_id")
    status = await readable_status(unit.session, place.account, status_id)
    if status is None and may_read_files(place.standing):
        status = await unit.session.get(Status, status_id)
    if status is None or status.group_id != place.group.id or status.is_boost:
        raise missing()
    return status


async def _pin(services: Services, unit: UnitOfWork, place: Place, status: Status, form: Form) -> None:
    await acts.pin(services, unit, place.group, place.account, status)


async def _unpin(services: Services, unit: UnitOfWork, place: Place, status: Status, form: Form) -> None:
    await acts.unpin(services, unit, place.group, place.account, status)


async def _lock(services: Services, unit: UnitOfWork, place: Place, status: Status, form: Form) -> None:
    await acts.lock(services, unit, place.group, place.account, status, reason=_reason(form))


async def _unlock(services: Services, unit: UnitOfWork, place: Place, status: Status, form: Form) -> None:
    await acts.unlock(services, unit, place.group, place.account, status, reason=_reason(form))


async def _remove(services: Services, unit: UnitOfWork, place: Place, status: Status, form: Form) -> None:
    await acts.remove_post(services, unit, place.group, place.account, status, reason=_reason(form))


async def _restore(services: Services, unit: UnitOfWork, place: Place, status: Status, form: Form) -> None:
    await acts.restore_post(services, unit, place.group, place.account, status, reason=_reason(form))


async def _report(services: Services, unit: UnitOfWork, place: Place, status: Status, form: Form) -> None:
    """To the moderators of the community, wherever they are. Whoever reads a post may; nobody reports their own."""
    if status.account_id == place.account.id:
        raise missing()
    author = await unit.session.get_one(Account, status.account_id)
    await acts.report(services, unit, place.group, place.account, author, [status], comment=_reason(form))


POST_ACTIONS: Final[dict[str, OnPost]] = {
    "pin": _pin,
    "unpin": _unpin,
    "lock": _lock,
    "unlock": _unlock,
    "remove": _remove,
    "restore": _restore,
    "report": _report,
}


async def post_report_resolved(visit: Visit) -> web.StreamResponse:
    """POST /communities/{id}/reports/{report_id}/resolve."""
    viewer, _ = visit.required(), await visit.form()
    async with visit.services.database.unit_of_work() as unit:
        account = await unit.session.get_one(Account, viewer.id)
        place = await place_here(visit, unit.session, account)
        report = await unit.session.get(Report, id_of_path(visit, "report_id"))
        if report is None or report.community_id != place.group.id or not may_read_files(place.standing):
            raise missing()
        await acts.resolve(visit.services, unit, place.group, account, report.id)
    return redirection(f"{PATH}/{place.group.id}/moderation")
