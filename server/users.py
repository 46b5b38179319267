"""The people of this office: made, found, suspended and deleted by an administrator.

Owns the rules for names and the order of steps. A person is an `Account` (the actor that peers see) and a `User` (who
signs in). Names are matched without case and never given twice, not even after a deletion: a new owner of an old name
would receive what was meant for the former one.

Raises UserRefused with a sentence for the administrator.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from communities.defaults import take_in
from communities.topics import PREFIX
from content.names import sanitize_name
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account, User
from models.events import Event, Kind
from models.oauth import AccessToken, Session
from outbox.communities import tell
from outbox.network_community import request_joining
from outbox.profile import publish_account_deletion, publish_account_update
from policy.roles import ROLES
from social.accounts import account_by_handle, new_local_account
from social.digests import digests_changed
from social.moderation import tell_staff

MAX_NAME_CHARACTERS = 30
MAX_EMAIL_CHARACTERS = 254
RESERVED_NAMES = frozenset(
    "about abuse account accounts actor admin administrator api auth contact everyone here home host hostmaster inbox"
    " info instance instance.actor internal mod moderator nodeinfo noreply no-reply oauth office outbox owner"
    " postmaster public root security settings staff support system tag tags tertulia webfinger webmaster www".split()
)
_NAME = re.compile(r"[a-z0-9_]+(?:[a-z0-9_.-]+[a-z0-9_]+)?")
_EMAIL = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+")


class UserRefused(Exception):
    """What an administrator asked for can't be done; the message says why and what to do."""


class Person(NamedTuple):
    """Somebody of this office: the actor and the part that signs in."""

    account: Account
    user: User


def check_name(name: str) -> str:
    """The name as it is stored. Raises UserRefused when it is no name or a reserved one."""
    if len(name) > MAX_NAME_CHARACTERS or not _NAME.fullmatch(name):
        raise UserRefused(
            f"{name!r} is no user name: use 1 to {MAX_NAME_CHARACTERS} of a-z, 0-9, _ and, inside, dots and hyphens."
        )
    if name in RESERVED_NAMES or name.startswith(PREFIX):
        raise UserRefused(f"The name {name} is reserved, because people would take it for the office: choose another.")
    return name


def check_email(email: str) -> str:
    """The address in the form that is stored. Raises UserRefused."""
    if len(email) > MAX_EMAIL_CHARACTERS or not _EMAIL.fullmatch(email):
        raise UserRefused(f"{email!r} is no e-mail address: write it like ana@madrid.example.")
    return email.lower()


async def create_user(
    unit: UnitOfWork,
    services: Services,
    *,
    name: str,
    email: str,
    password_hash: str | None,
    display_name: str = "",
    is_admin: bool = False,
) -> Person:
    """Make a person with keys. `password_hash` None means that nobody signs in with a password. Raises UserRefused."""
    name, email = check_name(name), check_email(email)
    if await account_by_handle(unit.session, name, None) is not None:
        raise UserRefused(f"The name {name} is taken, or was: names are never given twice. Choose another one.")
    if await unit.session.scalar(select(User.id).where(func.lower(User.email) == email)) is not None:
        raise UserRefused(f"The address {email} belongs to another user: each needs an address of their own.")
    account = new_local_account(unit, name, display_name=sanitize_name(display_name))
    await unit.session.flush()
    user = User(
        id=unit.new_id(),
        account_id=account.id,
        email=email,
        password_hash=password_hash,
        role="admin" if is_admin else "user",
        created_at=unit.now,
    )
    unit.session.add(user)
    await services.keyring.create_keys(unit, account)
    for change in await take_in(unit, account, is_owner=is_admin):
        await tell(services, unit, change)
    await request_joining(services, unit)
    await tell_staff(unit, "admin.sign_up", account)
    return Person(account, user)


async def list_users(session: AsyncSession) -> Sequence[Person]:
    """Everybody who has not been deleted, by name."""
    rows = await session.execute(
        select(Account, User)
        .join(User, User.account_id == Account.id)
        .where(Account.gone_at.is_(None))
        .order_by(Account.username)
    )
    return [Person(account, user) for account, user in rows]


async def get_user(session: AsyncSession, name: str) -> Person:
    """The person with this name (a leading @ is allowed). Raises UserRefused."""
    row = (
        await session.execute(
            select(Account, User)
            .join(User, User.account_id == Account.id)
            .where(func.lower(Account.username) == name.removeprefix("@").lower(), Account.domain.is_(None))
            .where(Account.gone_at.is_(None))
        )
    ).first()
    if row is None:
        raise UserRefused(f"There is no user {name}: `tertulia user list` shows all of them.")
    return Person(row[0], row[1])


def check_may_sign_in(person: Person) -> None:
    """Raises UserRefused for somebody who is suspended."""
    if person.user.disabled_at is not None or person.account.suspended_at is not None:
        raise UserRefused(f"@{person.account.username} is suspended and can't sign in.")


async def suspend_user(unit: UnitOfWork, person: Person) -> bool:
    """Take sign-in, tokens and sessions away and hide the account; False when that was so already."""
    was_active = person.account.suspended_at is None
    if was_active:
        person.account.suspended_at = person.account.updated_at = unit.now
        digests_changed(unit)
    person.user.disabled_at = person.user.disabled_at or unit.now
    await sign_out(unit, person.user)
    return was_active


async def delete_user(unit: UnitOfWork, services: Services, person: Person) -> None:
    """Delete the account here and, by a Delete of the actor, everywhere; its name stays taken."""
    await sign_out(unit, person.user)
    await publish_account_deletion(services, unit, person.account)
    await unit.session.delete(person.user)


async def rotate_keys(unit: UnitOfWork, services: Services, person: Person) -> None:
    """Give the account new keys; the old ones verify for a while.

    Peers learn them from an Update of the actor, which is enqueued in the transaction that makes the keys and proven
    with the old ones: the new ones can't be read before the commit.
    """
    await services.keyring.rotate(unit, person.account)
    await publish_account_update(services, unit, person.account)


async def set_role(unit: UnitOfWork, person: Person, role: str) -> bool:
    """Make somebody user, moderator or admin; False when they are that already. Raises UserRefused."""
    if role not in ROLES:
        raise UserRefused(f"{role!r} is no role: choose among {', '.join(ROLES)}.")
    had = person.user.role
    person.user.role = role
    if had != role:
        person.account.updated_at = unit.now  # the profile shows it
    await unit.session.flush()
    return had != role


async def sign_out(unit: UnitOfWork, user: User) -> None:
    """End every session and revoke every token of a user."""
    await unit.session.execute(
        update(AccessToken)
        .where(AccessToken.user_id == user.id, AccessToken.revoked_at.is_(None))
        .values(revoked_at=unit.now)
    )
    await unit.session.execute(
        update(Session).where(Session.user_id == user.id, Session.expires_at > unit.now).values(expires_at=unit.now)
    )
    unit.emit(Event(Kind.ACCESS_ENDED, account_id=user.account_id))
