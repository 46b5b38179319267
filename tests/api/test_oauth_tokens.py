"""Codes and tokens: what is worth one, and every way in which something isn't."""

import asyncio
import base64
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select

from api.answers.oauth import TokenEntity, UserinfoEntity
from models.accounts import ActiveDay, User
from models.oauth import AccessToken, AuthorizationCode
from server import users
from tests.api.contract import check
from tests.api.oauth import REDIRECT, VERIFIER, Client, register, send_form
from tests.conftest import Clock
from tests.peers import Office, Person
from tests.remote_peers import Answer


@pytest.fixture
async def ana(office: Office) -> Person:
    return await office.create_person("ana", display_name="Ana García")


@pytest.fixture
async def client(office: Office) -> Client:
    return await register(office)


async def works(office: Office, token: str) -> bool:
    return (await office.api(token).get("/oauth/userinfo")).status == 200


async def test_a_code_becomes_a_token_in_every_form(office: Office, ana: Person, client: Client) -> None:
    base = {"grant_type": "authorization_code", "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    basic = "Basic " + base64.b64encode(f"{client.id}:{client.secret}".encode()).decode()
    named = {"client_id": client.id, "client_secret": client.secret}

    async def as_json() -> Answer:
        return await office.request("POST", "/oauth/token", {**base, **named, "code": await client.code(ana)})

    async def as_form() -> Answer:
        return await client.redeem(await client.code(ana))

    async def by_header() -> Answer:
        fields = {**base, "code": await client.code(ana)}
        return await send_form(office, "/oauth/token", fields, Authorization=basic)

    ways: tuple[Callable[[], Awaitable[Answer]], ...] = (as_json, as_form, by_header)
    for way in ways:
        answer = await way()
        assert answer.status == 200, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        found = check(TokenEntity, answer.json)
        assert (found["token_type"], found["scope"]) == ("Bearer", "read write")
        assert isinstance(found["created_at"], int)
        assert "refresh_token" not in found
        me = await office.api(found["access_token"]).get("/oauth/userinfo")
        assert check(UserinfoEntity, me.json())["preferred_username"] == "ana"
        assert me.json()["sub"] == ana.uri
    async with office.services.database.reading() as session:
        assert len((await session.scalars(select(ActiveDay))).all()) == 1
        assert (await session.scalars(select(User.last_seen_at))).one() is not None


REFUSED: list[tuple[dict[str, str | None], str]] = [
    ({"redirect_uri": REDIRECT[:-1]}, "invalid_grant"),
    ({"redirect_uri": REDIRECT + "/"}, "invalid_grant"),
    ({"redirect_uri": None}, "invalid_grant"),
    ({"code_verifier": VERIFIER[:-1] + "8"}, "invalid_grant"),
    ({"code_verifier": "short"}, "invalid_grant"),
    ({"code_verifier": None}, "invalid_grant"),
    ({"code": "x" * 43}, "invalid_grant"),
    ({"code": None}, "invalid_request"),
    ({"client_secret": "x" * 43}, "invalid_client"),
    ({"client_secret": None}, "invalid_client"),
    ({"client_id": "nobody"}, "invalid_client"),
    ({"client_id": "ü" * 43}, "invalid_client"),
    ({"grant_type": None}, "invalid_request"),
    ({"grant_type": "implicit"}, "unsupported_grant_type"),
    ({"grant_type": "password"}, "unsupported_grant_type"),
]


async def test_a_code_is_worth_nothing_with_anything_wrong(ana: Person, client: Client) -> None:
    code = await client.code(ana)
    for wrong, error in REFUSED:
        answer = await client.redeem(**{"code": code, **wrong})
        assert answer.status == (401 if error == "invalid_client" else 400), (wrong, answer.text)
        assert answer.json["error"] == error
        assert answer.json["error_description"]
    assert (await client.redeem(code)).status == 200


async def test_a_code_is_for_the_client_that_asked(office: Office, ana: Person, client: Client) -> None:
    other = await register(office)
    code = await client.code(ana)
    assert (await other.redeem(code)).json["error"] == "invalid_grant"
    assert (await client.redeem(code)).status == 200


async def test_a_code_that_comes_twice_takes_its_token_with_it(office: Office, ana: Person, client: Client) -> None:
    code = await client.code(ana)
    token = (await client.redeem(code)).json["access_token"]
    assert await works(office, token)
    again = await client.redeem(code)
    assert (again.status, again.json["error"]) == (400, "invalid_grant")
    assert not await works(office, token)
    code = await client.code(ana)
    both = await asyncio.gather(client.redeem(code), client.redeem(code))
    assert sorted(answer.status for answer in both) == [200, 400]
    (token,) = (answer.json["access_token"] for answer in both if answer.status == 200)
    assert not await works(office, token)


async def test_a_code_lives_for_ten_minutes(office: Office, ana: Person, client: Client, clock: Clock) -> None:
    code = await client.code(ana)
    clock.advance(minutes=10, seconds=1)
    assert (await client.redeem(code)).json["error"] == "invalid_grant"


async def test_a_code_of_somebody_suspended_is_worth_nothing(office: Office, ana: Person, client: Client) -> None:
    code = await client.code(ana)
    async with office.services.database.unit_of_work() as unit:
        await users.suspend_user(unit, await users.get_user(unit.session, "ana"))
    assert (await client.redeem(code)).json["error"] == "invalid_grant"


async def test_without_a_challenge_there_is_no_verifier(office: Office, ana: Person, client: Client) -> None:
    plain = {"code_challenge": None, "code_challenge_method": None}
    refused = await client.redeem(await client.code(ana, **plain))
    assert refused.json["error"] == "invalid_grant"
    assert (await client.redeem(await client.code(ana, **plain), code_verifier=None)).status == 200


async def test_only_hashes_of_codes_and_tokens_are_stored(office: Office, ana: Person, client: Client) -> None:
    code = await client.code(ana)
    token = (await client.redeem(code)).json["access_token"]
    async with office.services.database.reading() as session:
        stored = [*await session.scalars(select(AccessToken)), *await session.scalars(select(AuthorizationCode))]
    assert all(secret not in repr(vars(row)) for row in stored for secret in (code, token, client.secret))


async def test_an_application_gets_a_token_of_its_own(office: Office, client: Client) -> None:
    found = check(TokenEntity, (await client.token(grant_type="client_credentials")).json)
    assert found["scope"] == "read"
    refused = await office.api(found["access_token"]).get("/oauth/userinfo")
    assert refused.status in (403, 422)
    escalated = await client.token(grant_type="client_credentials", scope="read admin:write")
    assert (escalated.status, escalated.json["error"]) == (400, "invalid_scope")


async def test_tokens_are_renewed_where_that_was_asked_for(office: Office, ana: Person, clock: Clock) -> None:
    client = await register(office, scopes="read write offline_access")
    code = await client.code(ana, scope="read write offline_access")
    first = check(TokenEntity, (await client.redeem(code)).json)
    assert first["expires_in"] == 7200
    clock.advance(hours=2, seconds=6)
    assert not await works(office, first["access_token"])
    renew = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    for wrong, error in (
        ({"refresh_token": "x" * 43}, "invalid_grant"),
        ({"refresh_token": None}, "invalid_request"),
        ({"scope": "read push"}, "invalid_scope"),
    ):
        assert (await client.token(**{**renew, **wrong})).json["error"] == error
    assert (await (await register(office)).token(**renew)).json["error"] == "invalid_grant"
    second = check(TokenEntity, (await client.token(**renew)).json)
    assert await works(office, second["access_token"])
    # Somebody has both: nobody keeps anything.
    assert (await client.token(**renew)).json["error"] == "invalid_grant"
    assert not await works(office, second["access_token"])
    last = await client.token(grant_type="refresh_token", refresh_token=second["refresh_token"])
    assert last.json["error"] == "invalid_grant"


async def test_a_token_is_given_back_by_its_own_client(office: Office, ana: Person, client: Client) -> None:
    other = await register(office)
    token = (await client.redeem(await client.code(ana))).json["access_token"]

    async def revoke(by: Client, token: str, **more: str) -> Answer:
        fields = {"client_id": by.id, "client_secret": by.secret, "token": token, **more}
        return await send_form(office, "/oauth/revoke", fields)

    for refused in (
        await revoke(other, token),
        await revoke(client, token, client_secret="x"),
        await revoke(client, ana.token),
    ):
        assert (refused.status, refused.json["error"]) == (403, "unauthorized_client")
    assert await works(office, token)
    for given in (token, token, "never-seen", ""):
        answer = await revoke(client, given)
        assert (answer.status, answer.json) == (200, {})
    assert not await works(office, token)


async def test_the_door_stays_open_in_a_closed_network(office: Office) -> None:
    options = {"Origin": "https://phanpy.example", "Access-Control-Request-Method": "POST"}
    for path in ("/oauth/token", "/oauth/revoke", "/.well-known/oauth-authorization-server", "/api/v1/apps"):
        answer = await office.request("OPTIONS", path, headers=options)
        assert answer.status == 204
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    refused = await send_form(office, "/oauth/token", {})
    assert refused.status == 400
    assert refused.headers["Access-Control-Allow-Origin"] == "*"
    assert (await office.api().get("/oauth/userinfo")).status == 401
