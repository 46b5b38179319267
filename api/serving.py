"""From an `Endpoint` to what aiohttp calls: who asks, may they, what do they say, and the answer as JSON.

Everything that a handler raises becomes `{"error": …}` here. What nobody foresaw is logged with all of it and answered
500 without any of it. Cancellation passes through.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

import orjson
import structlog
from aiohttp import web

from access.secrets import hash_secret
from access.tokens import Bearer
from api.arguments import close_uploads, read_arguments
from api.call import API, Api, Call
from api.endpoints import Access, Endpoint
from api.errors import ApiError, Forbidden, Unauthorized, Unprocessable, as_api_error
from api.keeping import HEADERS, kept_answer, key
from api.pagination import Page
from federation.keeping import Asking, Door, Visit, Whole
from models.values import dataclass
from policy.roles import is_staff

JSON: Final = "application/json"
_PREFIX: Final = "bearer "

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with another status than 200, or with headers of its own."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] | None = None


def served(endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The aiohttp handler of an endpoint, for every application that has an `API`."""

    async def handle(request: web.Request) -> web.StreamResponse:
        headers: dict[str, str] = {}
        try:
            return _answer(await _call(request.app[API], endpoint, request, headers), headers)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            refused = ApiError(error.status, _sentence(error), headers=_kept(error))
        except web.RequestPayloadError:  # packed or cut into pieces in a way that can't be undone
            refused = ApiError(400, "The body can't be read")
        except Exception as error:
            refused = as_api_error(error) or _hung_up(error, request) or _failure(error, endpoint)
        return json_response(refused.body, refused.status, {**headers, **refused.headers})

    return handle


async def _call(api: Api, endpoint: Endpoint, request: web.Request, headers: dict[str, str]) -> Any:
    if endpoint.body_bytes is not None:
        request = request.clone(client_max_size=endpoint.body_bytes)
    bearer = await bearer_of(api, request, endpoint)
    headers.update(_counted(api, endpoint, request.remote, bearer))
    check_access(api, endpoint, bearer)
    ask = partial(_ask, api, endpoint, request, bearer)
    if not endpoint.is_kept or request.can_read_body:
        return await ask()
    return (await kept_answer(api, endpoint, request, _viewer_id(bearer), ask)).response(request, headers)


def door(api: Api) -> Door:
    """The way to what is kept of the client API, for whose token is known, of the right kind and within its limits."""

    def ask(request: web.BaseRequest, remote: str) -> Asking:
        token = presented_token(request)
        token_hash = None if token is None else hash_secret(token)
        return partial(_visit, api, request.raw_path, remote, token_hash)

    return ask


def _visit(api: Api, path: str, remote: str, token_hash: str | None) -> Visit | None:
    bearer = None if token_hash is None else api.bearers.recognised(token_hash)
    if bearer is None and token_hash is not None:
        return None
    return Visit(key(path, _viewer_id(bearer)), partial(_admitted, api, remote, bearer))


def _admitted(api: Api, remote: str, bearer: Bearer | None, whole: Whole) -> Mapping[str, str] | None:
    try:
        check_access(api, whole.terms, bearer)
        return _counted(api, whole.terms, remote, bearer)
    except ApiError:  # which the handler puts into words
        return None


def _viewer_id(bearer: Bearer | None) -> int | None:
    return None if bearer is None or bearer.account is None else bearer.account.id


async def _ask(api: Api, endpoint: Endpoint, request: web.Request, bearer: Bearer | None) -> Any:
    try:
        args = await read_arguments(request, endpoint.args) if endpoint.args is not None else {}
        return await endpoint.handler(Call(api, request, bearer, args))
    finally:
        close_uploads(request)


async def bearer_of(api: Api, request: web.Request, endpoint: Endpoint) -> Bearer | None:
    """Who presents a token; None without one, and for a worthless one where none is needed."""
    token = (endpoint.find_token or presented_token)(request)
    bearer = await api.bearers.find(token)
    if bearer is None and token is not None and endpoint.access is not Access.ANYBODY:
        raise Unauthorized
    return bearer


def presented_token(request: web.BaseRequest) -> str | None:
    """The bearer token of the `Authorization` header (RFC 6750); the query would end up in logs."""
    header = request.headers.get("Authorization", "")
    return header[len(_PREFIX) :].strip() if header[: len(_PREFIX)].lower() == _PREFIX else None


def check_access(api: Api, endpoint: Endpoint, bearer: Bearer | None) -> None:
    """Raises Unauthorized without a token that is needed, Forbidden without its scope or the role."""
    if endpoint.access is Access.ANYBODY:
        return
    if bearer is None:
        if endpoint.access is Access.READER and not api.services.settings.is_closed:
            return
        raise Unauthorized("This method requires an authenticated user")
    if endpoint.scope and not any(bearer.allows(scope) for scope in endpoint.scope.split()):
        raise Forbidden("This action is outside the authorized scopes")
    if endpoint.access is Access.APP or (endpoint.access is Access.READER and not api.services.settings.is_closed):
        return
    if bearer.account is None:
        raise Unprocessable("This method requires an authenticated user")
    if endpoint.access is Access.MODERATOR and not is_staff(bearer.role):
        raise Forbidden
    if endpoint.access is Access.ADMIN and bearer.role != "admin":
        raise Forbidden


def _counted(api: Api, endpoint: Endpoint, remote: str | None, bearer: Bearer | None) -> dict[str, str]:
    """Take from the windows that the request falls into; the headers are those of the last. Raises TooMany."""
    now = api.services.clock()
    is_person = bearer is not None and bearer.account is not None
    who = str(bearer.token_id) if bearer is not None and is_person else remote or ""
    headers = api.limits.take("person" if is_person else "address", who, now)
    return api.limits.take(endpoint.limit, who, now) if endpoint.limit else headers


def _answer(found: Any, headers: Mapping[str, str]) -> web.StreamResponse:
    if isinstance(found, web.StreamResponse):
        if not found.prepared:
            for name, value in headers.items():
                found.headers.setdefault(name, value)
        return found
    if isinstance(found, Page):
        return json_response(found.items, 200, {**headers, "Link": found.link} if found.link else headers)
    if isinstance(found, Reply):
        return json_response(found.body, found.status, {**headers, **(found.headers or {})})
    return json_response(found, 200, headers)


def json_response(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """JSON, never cached by anybody but the client itself; `bytes` are JSON already."""
    data = body if isinstance(body, bytes) else orjson.dumps({} if body is None else body)
    response = web.Response(body=data, status=status, content_type=JSON, charset="utf-8", headers=headers)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _hung_up(error: Exception, request: web.Request) -> ApiError | None:
    """An answer that nobody gets, when the client has gone before all of its body was there: no failure of ours."""
    is_gone = isinstance(error, ConnectionResetError) and request.transport is None
    return ApiError(400, "The body isn't complete") if is_gone else None


def _failure(error: Exception, endpoint: Endpoint) -> ApiError:
    log.exception("an endpoint failed", endpoint=f"{endpoint.method} {endpoint.path}", exc_info=error)
    return ApiError(500, "Something went wrong here. The administrators find it in the log under the request id.")


def _sentence(error: web.HTTPException) -> str:
    return "The body is too large" if error.status == 413 else error.reason


def _kept(error: web.HTTPException) -> dict[str, str]:
    return {name: value for name, value in error.headers.items() if not name.lower().startswith("content-")}
