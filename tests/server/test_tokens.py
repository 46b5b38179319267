"""Access tokens: who they let in, for what, and for how long."""

from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request
from aiohttp.web import HTTPForbidden
from sqlalchemy import select

from access.secrets import hash_secret
from access.tokens import Bearers
from models.oauth import AccessToken
from server import users
from server.tokens import BearerTokens
from tests.conftest import Clock
from tests.peers import Office


def request(token: str | None, method: str = "GET", scheme: str = "Bearer") -> Any:
    headers = {} if token is None else {"Authorization": f"{scheme} {token}"}
    return make_mocked_request(method, "/outbox", headers=headers)


async def test_a_token_names_its_owner(office: Office) -> None:
    alice = await office.create_person("alice")
    bearer = BearerTokens(Bearers(office.services.database))
    for scheme in ("Bearer", "bearer", "BEARER"):
        found = await bearer(request(alice.token, scheme=scheme))
        assert found is not None
        assert found.uri == alice.uri


@pytest.mark.parametrize("token", [None, "", "wrong", "x" * 5000, "ä"])
async def test_what_is_no_token_names_nobody(office: Office, token: str | None) -> None:
    await office.create_person("alice")
    assert await BearerTokens(Bearers(office.services.database))(request(token)) is None


async def test_another_scheme_is_no_token(office: Office) -> None:
    alice = await office.create_person("alice")
    assert await BearerTokens(Bearers(office.services.database))(request(alice.token, scheme="Basic")) is None


async def test_a_token_in_the_query_is_ignored(office: Office) -> None:
    alice = await office.create_person("alice")
    asked = make_mocked_request("GET", f"/outbox?access_token={alice.token}")
    assert await BearerTokens(Bearers(office.services.database))(asked) is None


async def test_reading_does_not_allow_writing(office: Office) -> None:
    reader = await office.create_person("reader", scopes="read")
    bearer = BearerTokens(Bearers(office.services.database))
    assert await bearer(request(reader.token)) is not None
    with pytest.raises(HTTPForbidden) as refused:
        await bearer(request(reader.token, "POST"))
    assert 'scope="write"' in refused.value.headers["WWW-Authenticate"]
    with pytest.raises(HTTPForbidden):
        await bearer(request(reader.token), "push")


async def test_only_the_hash_is_stored(office: Office) -> None:
    alice = await office.create_person("alice")
    async with office.services.database.reading() as session:
        (stored,) = await session.scalars(select(AccessToken))
    assert stored.token_hash == hash_secret(alice.token)
    assert alice.token not in repr(vars(stored))


async def test_a_suspension_ends_a_token_within_seconds(office: Office, clock: Clock) -> None:
    alice = await office.create_person("alice")
    bearer = BearerTokens(Bearers(office.services.database))
    assert await bearer(request(alice.token)) is not None
    async with office.services.database.unit_of_work() as unit:
        await users.suspend_user(unit, await users.get_user(unit.session, "alice"))
    clock.advance(seconds=6)
    assert await bearer(request(alice.token)) is None


async def test_the_last_use_is_noted_once_an_hour(office: Office, clock: Clock) -> None:
    alice = await office.create_person("alice")
    bearer = BearerTokens(Bearers(office.services.database))

    async def last_used() -> Any:
        async with office.services.database.reading() as session:
            return await session.scalar(select(AccessToken.last_used_at))

    await bearer(request(alice.token))
    first = await last_used()
    assert first is not None
    clock.advance(seconds=10)
    await bearer(request(alice.token))
    assert await last_used() == first
    clock.advance(hours=1)
    await bearer(request(alice.token))
    assert await last_used() > first
