"""What is around every endpoint: tokens, scopes, rate limits, CORS, and errors that tell nothing of our insides."""

from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from access.tokens import Bearer, Bearers
from api.call import API, Api, Call
from api.endpoints import Access, Endpoint
from api.errors import ApiError, Forbidden, TooMany, Unauthorized, Unprocessable, invalid
from api.limits import ApiLimits, Window
from api.serving import check_access, served
from models.database import utc_now
from tests.fixtures_offices import OpenOffice
from tests.peers import Office


def an_api(office: Office) -> Api:
    services = office.services
    return Api(services, Bearers(services.database), services.media, ApiLimits(is_on=False))


async def nothing(_call: Call) -> dict[str, str]:
    return {}


def a_bearer(office: Office, *scopes: str, role: str | None = "user", name: str | None = "ana") -> Bearer:
    account = office.people[name].account if name else None
    return Bearer(account, 1 if name else None, scopes, 1, None, role)


@pytest.mark.parametrize(
    ("access", "scopes", "role", "name", "refusal"),
    [
        (Access.USER, ("read",), "user", "ana", None),
        (Access.USER, ("read:statuses",), "user", "ana", None),
        (Access.USER, ("write",), "user", "ana", Forbidden),
        (Access.USER, ("read",), None, None, Unprocessable),
        (Access.APP, ("read",), None, None, None),
        (Access.READER, ("read",), None, None, Unprocessable),
        (Access.MODERATOR, ("read",), "user", "ana", Forbidden),
        (Access.MODERATOR, ("read",), "moderator", "ana", None),
        (Access.ADMIN, ("read",), "moderator", "ana", Forbidden),
        (Access.ADMIN, ("read",), "admin", "ana", None),
    ],
)
async def test_who_may_call_what(
    office: Office, access: Access, scopes: tuple[str, ...], role: str | None, name: str | None,
    refusal: type[Exception] | None,
) -> None:  # fmt: skip
    await office.create_person("ana")
    endpoint = Endpoint("GET", "/api/x", nothing, access, "read:statuses")
    bearer = a_bearer(office, *scopes, role=role, name=name)
    if refusal is None:
        check_access(an_api(office), endpoint, bearer)
        return
    with pytest.raises(refusal):
        check_access(an_api(office), endpoint, bearer)


async def test_without_a_token_only_what_is_for_anybody_answers(open_office: OpenOffice) -> None:
    closed, opened = await open_office("madrid"), await open_office("lisbon", federation="open")
    for access in Access:
        endpoint = Endpoint("GET", "/api/x", nothing, access, "read")
        for office in (closed, opened):
            may = access is Access.ANYBODY or (access is Access.READER and office is opened)
            if may:
                check_access(an_api(office), endpoint, None)
            else:
                with pytest.raises(Unauthorized):
                    check_access(an_api(office), endpoint, None)


async def test_a_worthless_token_is_refused_and_says_so(office: Office) -> None:
    answer = await office.api("no-such-token").get("/api/v1/timelines/home")
    assert (answer.status, answer.json()["error"]) == (401, "The access token is invalid")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    # What needs no token takes no offence at one that has ended: apps send it along while they sign in anew.
    assert (await office.api("no-such-token").get("/api/v2/instance")).status == 200


async def test_a_token_in_the_query_opens_nothing(office: Office) -> None:
    ana = await office.create_person("ana")
    assert (await office.api().get("/api/v1/timelines/home", access_token=ana.token)).status == 401


def raising(error: Exception) -> Callable[[Call], Awaitable[None]]:
    async def handler(_call: Call) -> None:
        raise error

    return handler


@pytest.mark.parametrize(
    ("error", "status"),
    [(invalid("text", "is too long"), 422), (ApiError(409, "Conflict"), 409), (RuntimeError("secret /etc/path"), 500)],
)
async def test_errors_become_sentences(office: Office, error: Exception, status: int) -> None:
    from aiohttp.test_utils import make_mocked_request

    endpoint = Endpoint("GET", "/api/x", raising(error), Access.ANYBODY)
    app = web.Application()
    app[API] = an_api(office)
    response = await served(endpoint)(make_mocked_request("GET", "/api/x", app=app))
    assert response.status == status
    assert b"secret" not in response.body  # type: ignore[attr-defined]
    assert response.content_type == "application/json"


def test_a_window_is_counted_and_ends_with_429_and_when_to_come_back() -> None:
    limits = ApiLimits(windows={"person": Window(2, 300)})
    now = utc_now()
    assert [limits.take("person", "ana", now)["X-RateLimit-Remaining"] for _ in range(2)] == ["1", "0"]
    with pytest.raises(TooMany) as refused:
        limits.take("person", "ana", now)
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 301
    assert refused.value.headers["X-RateLimit-Reset"].endswith(".000Z")
    limits.take("person", "ben", now)
    assert ApiLimits(is_on=False).take("person", "ana", now) == {}


async def test_answers_say_how_much_is_left(office: Office) -> None:
    ana = await office.create_person("ana")
    answer = await office.api(ana).get("/api/v1/timelines/home")
    assert int(answer.headers["X-RateLimit-Remaining"]) == int(answer.headers["X-RateLimit-Limit"]) - 1
