"""The account that speaks for the instance itself: it signs fetches and system requests, and nobody signs in as it.

Its id is fixed, its name is the host of the domain (as other servers of the field do it), and it is an `Application`.
Made at the first start; its names follow the settings at every later one.
"""

from sqlalchemy.exc import IntegrityError

from federation.peers.finding import instance_actor_name
from federation.services import Services
from models import UnitOfWork
from models.accounts import INSTANCE_ACTOR_ID, Account
from social.accounts import new_local_account


async def ensure_instance_actor(services: Services) -> None:
    """Make the instance actor with its keys unless it exists, and give it the name that the settings say."""
    async with services.database.reading() as session:
        account = await session.get(Account, INSTANCE_ACTOR_ID)
    if account is None:
        try:
            await _create(services)
        except IntegrityError:  # another process of this office started at the same moment and was quicker
            async with services.database.reading() as session:
                if await session.get(Account, INSTANCE_ACTOR_ID) is None:
                    raise
    elif account.display_name != services.settings.instance_name:
        async with services.database.unit_of_work() as unit:
            await _rename(unit, services)


async def _create(services: Services) -> None:
    async with services.database.unit_of_work() as unit:
        name = instance_actor_name(services.addresses.domain)
        account = new_local_account(
            unit,
            name,
            display_name=services.settings.instance_name,
            actor_type="Application",
            account_id=INSTANCE_ACTOR_ID,
        )
        uri = account.uri = services.addresses.instance_actor
        account.url = f"{services.addresses.origin}/"
        account.inbox_url = unit.addresses.part(uri, "inbox")
        account.outbox_url = unit.addresses.part(uri, "outbox")
        account.followers_url = account.following_url = account.featured_url = None
        account.is_discoverable = False
        unit.accounts[uri] = account
        await unit.session.flush()
        await services.keyring.create_keys(unit, account)


async def _rename(unit: UnitOfWork, services: Services) -> None:
    account = await unit.session.get(Account, INSTANCE_ACTOR_ID)
    assert account is not None
    account.display_name = services.settings.instance_name
    account.updated_at = unit.now
