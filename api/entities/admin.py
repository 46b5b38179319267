"""Entities for moderators: accounts with the person behind them, reports, and decisions about other servers."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.call import Api, Json
from api.entities.account import account_entity
from api.times import timestamp
from models.accounts import Account, User
from models.base import BigInt
from models.peers import Peer
from policy.roles import role_entity

_WITH_USERS = (
    select(Account, User)
    .outerjoin(User, User.account_id == Account.id)
    .where(Account.id.in_(bindparam("ids", expanding=True, type_=BigInt)))
)


def admin_account_entity(account: Account, user: User | None, api: Api) -> Json:
    """Admin::Account; of others' accounts there is no person to tell of. We keep no IP addresses."""
    return {
        "id": str(account.id),
        "username": account.username,
        "domain": account.domain,
        "created_at": timestamp(account.created_at),
        "email": user.email if user is not None else None,
        "ip": None,
        "confirmed": user is not None,
        "suspended": account.suspended_at is not None,
        "silenced": account.limited_at is not None,
        "sensitized": account.sensitized_at is not None,
        "disabled": user is not None and user.disabled_at is not None,
        "approved": user is not None,
        "locale": user.locale if user is not None else None,
        "invite_request": None,
        "ips": [],
        "account": account_entity(account, api, role=user.role if user is not None else None),
        "role": role_entity(user.role) if user is not None else None,
    }


async def admin_account_entities(api: Api, session: AsyncSession, ids: Sequence[int]) -> dict[int, Json]:
    """The accounts with these ids, by id and in their order: one SELECT."""
    if not ids:
        return {}
    rows = await session.execute(_WITH_USERS, {"ids": sorted(set(ids))})
    found = {account.id: admin_account_entity(account, user, api) for account, user in rows}
    return {number: found[number] for number in dict.fromkeys(ids) if number in found}


def domain_allow_entity(peer: Peer) -> Json:
    """Admin::DomainAllow: a confirmed peer."""
    return {"id": str(peer.id), "domain": peer.domain, "created_at": timestamp(peer.created_at)}


def admin_domain_block_entity(peer: Peer, digest: str) -> Json:
    """Admin::DomainBlock: a peer that is refused altogether, so that media and reports need no rule of their own."""
    return {
        "id": str(peer.id),
        "domain": peer.domain,
        "digest": digest,
        "created_at": timestamp(peer.created_at),
        "severity": "suspend",
        "reject_media": False,
        "reject_reports": False,
        "private_comment": peer.note or None,
        "public_comment": peer.public_comment or None,
        "obfuscate": False,
    }


def figure_entity(
    key: str, unit: str | None, total: int, previous: int | None, data: Sequence[tuple[str, int]]
) -> Json:
    """Admin::Measure: numbers are strings, `data` is by day."""
    entity: dict[str, Any] = {"key": key, "unit": unit, "total": str(total)}
    if previous is not None:
        entity["previous_total"] = str(previous)
    entity["data"] = [{"date": day, "value": str(value)} for day, value in data]
    return entity
