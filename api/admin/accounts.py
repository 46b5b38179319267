"""Accounts as moderators see them, and what they do about them (`social.moderation`).

Nobody waits for an approval here, so `approve` and `reject` are refused. Everything that changes something is for who
stands above the account (`policy.roles`): not oneself, not one's own rank.
"""

from sqlalchemy import select

from api.admin.account_filters import conditions
from api.call import Call, Json
from api.endpoints import Access, Endpoint, many
from api.entities.admin import admin_account_entities, admin_account_entity
from api.errors import Forbidden, NotFound, invalid
from api.pagination import Keyset, Page, page
from api.schemas.admin import ActionArgs, AdminAccountsArgs, AdminAccountsV2Args
from models import UnitOfWork
from models.accounts import Account, User
from models.relations import Report
from outbox.profile import publish_account_deletion
from social.accounts import remove_account
from social.moderation import REMOTE_ACTIONS, act, audit, check_authority, lift, user_of


async def list_accounts(call: Call) -> Page:
    """Accounts, the newest first, narrowed down by filters."""
    keyset = Keyset.of(call)
    query = select(Account.id).outerjoin(User, User.account_id == Account.id).where(*conditions(call.args))
    async with call.database.reading() as session:
        ids = keyset.arrange(await session.scalars(keyset.apply(query, Account.id)))
        found = await admin_account_entities(call.api, session, ids)
    return page(call, list(found.values()), ids)


async def list_accounts_v2(call: Call) -> Page:
    """The same with the filters of version 2."""
    return await list_accounts(call)


async def get_admin_account(call: Call) -> Json:
    """One account with the person behind it."""
    async with call.database.reading() as session:
        found = await admin_account_entities(call.api, session, [call.id()])
    for entity in found.values():
        return entity
    raise NotFound


async def refuse_decision(call: Call) -> Json:
    """Nobody is waiting: administrators make the accounts of their people themselves."""
    await get_admin_account(call)
    raise Forbidden


async def post_action(call: Call) -> Json:
    """Warn (`none`), mark as sensitive, disable, silence or suspend an account, and resolve its reports."""
    args = call.args
    async with call.database.unit_of_work() as unit:
        target, user = await _target(call, unit)
        if user is None and args["type"] not in REMOTE_ACTIONS:
            raise invalid("type", "is for people of this office only", code="ERR_INCLUSION")
        report = await unit.session.get(Report, args["report_id"]) if args.get("report_id") else None
        if args.get("report_id") and (report is None or report.target_id != target.id):
            raise NotFound
        me = await unit.session.get_one(Account, call.me.id)
        await act(unit, me, target, args["type"], user=user, report=report, text=args["text"])
        _look_anew(call, unit, user)
    return {}


async def post_enable(call: Call) -> Json:
    """Let somebody sign in again."""
    return await _lift(call, "disable")


async def post_unsilence(call: Call) -> Json:
    """Show an account in public again."""
    return await _lift(call, "silence")


async def post_unsuspend(call: Call) -> Json:
    """Bring a suspended account back."""
    return await _lift(call, "suspend")


async def post_unsensitive(call: Call) -> Json:
    """Take what an account posts as it says from now on."""
    return await _lift(call, "sensitive")


async def delete_account(call: Call) -> Json:
    """Remove a suspended account and all that it wrote, for good; peers get a Delete for one of ours."""
    async with call.database.unit_of_work() as unit:
        target, user = await _target(call, unit)
        if target.suspended_at is None or (target.is_local and user is None):
            raise Forbidden
        entity = admin_account_entity(target, user, call.api)
        audit(unit, call.me, "destroy", "Account", target.id, {"acct": target.acct})
        if user is None:
            await remove_account(unit, target)
        else:
            await publish_account_deletion(call.services, unit, target)
            await unit.session.delete(user)
        _look_anew(call, unit, user)
    return entity


async def _lift(call: Call, action: str) -> Json:
    async with call.database.unit_of_work() as unit:
        target, user = await _target(call, unit)
        if action == "disable" and user is None:
            raise Forbidden
        await lift(unit, call.me, target, action, user)
        _look_anew(call, unit, user)
        return admin_account_entity(target, user, call.api)


async def _target(call: Call, unit: UnitOfWork) -> tuple[Account, User | None]:
    """Whom it is about. Raises NotFound, and Forbidden for who is not below the moderator."""
    target = await unit.session.get(Account, call.id())
    if target is None or target.gone_at is not None:
        raise NotFound
    user = await user_of(unit.session, target)
    check_authority(call.bearer.role if call.bearer else None, call.me, target, user)
    return target, user


def _look_anew(call: Call, unit: UnitOfWork, user: User | None) -> None:
    """Have the person's tokens looked up again at their next use."""
    if user is not None:
        user_id = user.id
        unit.after_commit(lambda: call.api.bearers.forget(user_id=user_id))


_ONE = "/api/v1/admin/accounts/{id}"
_READ, _WRITE = "admin:read:accounts", "admin:write:accounts"
ENDPOINTS = (
    Endpoint("GET", "/api/v1/admin/accounts", list_accounts, Access.MODERATOR, _READ, AdminAccountsArgs,
             many("AdminAccountEntity")),
    Endpoint("GET", "/api/v2/admin/accounts", list_accounts_v2, Access.MODERATOR, _READ, AdminAccountsV2Args,
             many("AdminAccountEntity")),
    Endpoint("GET", _ONE, get_admin_account, Access.MODERATOR, _READ, returns="AdminAccountEntity"),
    Endpoint("POST", f"{_ONE}/approve", refuse_decision, Access.MODERATOR, _WRITE, returns="AdminAccountEntity"),
    Endpoint("POST", f"{_ONE}/reject", refuse_decision, Access.MODERATOR, _WRITE, returns="AdminAccountEntity"),
    Endpoint("DELETE", _ONE, delete_account, Access.ADMIN, _WRITE, returns="AdminAccountEntity"),
    Endpoint("POST", f"{_ONE}/action", post_action, Access.MODERATOR, _WRITE, ActionArgs),
    Endpoint("POST", f"{_ONE}/enable", post_enable, Access.MODERATOR, _WRITE, returns="AdminAccountEntity"),
    Endpoint("POST", f"{_ONE}/unsilence", post_unsilence, Access.MODERATOR, _WRITE, returns="AdminAccountEntity"),
    Endpoint("POST", f"{_ONE}/unsuspend", post_unsuspend, Access.MODERATOR, _WRITE, returns="AdminAccountEntity"),
    Endpoint("POST", f"{_ONE}/unsensitive", post_unsensitive, Access.MODERATOR, _WRITE, returns="AdminAccountEntity"),
)  # fmt: skip
