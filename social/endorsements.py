"""Accounts that somebody features on their profile: only whom they follow, and only while they do."""

from sqlalchemy import delete

from models import UnitOfWork
from models.accounts import Account
from models.insertion import insert_missing
from models.relations import Endorsement
from social.follows import is_following


class NotFollowed(Exception):
    """Only somebody whom one follows can be featured."""


async def endorse(unit: UnitOfWork, account: Account, target: Account) -> None:
    """Feature `target`; again changes nothing. Raises NotFollowed."""
    if not await is_following(unit, account, target.id):
        raise NotFollowed
    row = {"id": unit.new_id(), "account_id": account.id, "target_id": target.id, "created_at": unit.now}
    await insert_missing(unit.session, Endorsement, [row])


async def unendorse(unit: UnitOfWork, account: Account, target: Account) -> None:
    """Feature `target` no more."""
    await unit.session.execute(
        delete(Endorsement)
        .where(Endorsement.account_id == account.id, Endorsement.target_id == target.id)
        .execution_options(synchronize_session=False)
    )
