"""The staff of an office: an administrator, a moderator, and somebody without any role."""

from dataclasses import dataclass

import pytest

from server import users
from tests.peers import Client, Office, Person

SCOPES = "read write follow push admin:read admin:write"


@dataclass(frozen=True)
class Staff:
    """People with all scopes, and their clients."""

    office: Office
    admin: Person
    moderator: Person
    user: Person

    @property
    def as_admin(self) -> Client:
        return self.office.api(self.admin)

    @property
    def as_moderator(self) -> Client:
        return self.office.api(self.moderator)


async def make_moderator(office: Office, name: str) -> Person:
    """Somebody with the role of a moderator and all scopes."""
    person = await office.create_person(name, scopes=SCOPES)
    async with office.services.database.unit_of_work() as unit:
        await users.set_role(unit, await users.get_user(unit.session, name), "moderator")
    return person


@pytest.fixture
async def staff(office: Office) -> Staff:
    admin = await office.create_person("ada", is_admin=True, scopes=SCOPES)
    moderator = await make_moderator(office, "mo")
    user = await office.create_person("uma", scopes=SCOPES)
    return Staff(office, admin, moderator, user)
