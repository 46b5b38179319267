"""What happens around every request: an id, the host check, errors turned into answers, one line in the log.

It is one function rather than a chain, because every inbound activity pays for it. Whatever a handler raises ends
here: refusals become problem documents (RFC 9457) with a sentence that strangers may read, everything unforeseen
becomes a 500 without details and a line in the log with all of them. Cancellation passes through.
"""

import logging
import time

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from federation.json_ld import DocumentRefused
from federation.peers import PeerRefused
from keys.refusals import SignatureRefused
from server.logs import LogContext, log_request
from server.problems import Problem, problem_of, problem_response
from server.proxies import Front
from server.traffic import Traffic

HEALTH_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data: http: https:; media-src 'self' http: https:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

log = structlog.get_logger(__name__)


def around_requests(front: Front, traffic: Traffic | None = None) -> Middleware:
    """The middleware of one server."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.perf_counter()
        request_id = front.request_id(request)
        request = front.believed(request)
        with LogContext(request_id):
            response = await _answer(front, request, handler, request_id)
            seconds = time.perf_counter() - started
            if traffic is not None:
                traffic.note(request, response.status, seconds)
            log_access(request_id, request.method, request.path, response.status, seconds, request.remote)
        return response

    return middleware


async def _answer(front: Front, request: web.Request, handler: Handler, request_id: str) -> web.StreamResponse:
    try:
        if request.path not in HEALTH_PATHS:
            front.check_host(request)
        response = await handler(request)
    except web.HTTPException as error:
        if error.status < 400 or error.content_type not in ("text/plain", "application/octet-stream"):
            response = _as_response(error)
        else:
            response = problem_response(request, problem_of(error), request_id)
    except ConnectionResetError as error:
        is_gone = request.transport is None  # before all of its body was there: nobody gets the answer
        problem = Problem(400, "The body isn't complete.") if is_gone else problem_for(error)
        response = problem_response(request, problem, request_id)
    except Exception as error:
        response = problem_response(request, problem_for(error), request_id)
    if not response.prepared:
        response.headers["X-Request-Id"] = request_id
    return response


def _as_response(error: web.HTTPException) -> web.Response:
    """A redirect, or an answer that its handler has written in full: aiohttp takes exceptions for them only raised."""
    headers = error.headers.copy()
    headers.popall("Content-Length", None)
    return web.Response(status=error.status, body=error.body, headers=headers)


def problem_for(error: Exception) -> Problem:
    """What is answered where a handler raised this; what nobody foresaw is in the log."""
    match error:
        case Problem():
            return error
        case SignatureRefused():
            return Problem(401, f"The signature was refused ({error.reason}): {error.detail}.")
        case PeerRefused():
            return Problem(403, f"{error}.")
        case DocumentRefused():
            return Problem(413 if error.too_large else 400, f"The document was refused: {error.detail}.")
    log.exception("request failed", exc_info=error)
    return Problem(500)


def log_access(request_id: str, method: str, path: str, status: int, seconds: float, remote: str | None) -> None:
    """The line of a request, without its query, which can hold tokens and what people search for."""
    fields = {
        "request_id": request_id,
        "method": method,
        "path": path,
        "status": status,
        "milliseconds": round(seconds * 1000, 1),
        "remote": remote,
    }
    log_request(__name__, logging.DEBUG if path in HEALTH_PATHS else logging.INFO, fields)


async def add_security_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Signal `on_response_prepare`: what a browser must not do with our answers. Handlers may be stricter."""
    headers = response.headers
    headers["Server"] = "Tertulia"
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    if headers.get("Content-Type", "").startswith("text/html"):
        headers.setdefault("Content-Security-Policy", PAGE_POLICY)
