"""Refusals and failures as the other side sees them: a problem document (RFC 9457), or a page for browsers.

Promises that nothing of our insides gets out: a sentence that is meant for strangers, the status, and the request id
that leads an administrator to the line in the log.
"""

import html
from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol

import orjson
from aiohttp import web

CONTENT_TYPE = "application/problem+json"
_SENTENCES = {
    400: "The request is malformed.",
    401: "The request has to be authenticated, and wasn't.",
    403: "This is not allowed.",
    404: "There is nothing here, or nothing that you may see.",
    405: "This method doesn't exist here.",
    406: "There is no representation of this that the request accepts.",
    410: "This is gone for good.",
    413: "The body is larger than this server takes.",
    415: "This media type is not understood here.",
    421: "This server doesn't answer for the host that was asked for.",
    429: "Too many requests: try again later.",
    500: "Something went wrong here. The administrators find it in the log under the request id.",
    503: "This is not possible at the moment: try again later.",
}


class Asker(Protocol):
    """A request, as far as it says which form an answer shall have."""

    @property
    def headers(self) -> Mapping[str, str]: ...


class Problem(Exception):
    """An answer other than success. `detail` is a sentence for strangers, `headers` go out with it."""

    def __init__(self, status: int, detail: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(detail or title_of(status))
        self.status = status
        self.detail = detail
        self.headers = headers or {}


def title_of(status: int) -> str:
    """The phrase of a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def problem_response(request: Asker, problem: Problem, request_id: str) -> web.Response:
    """The answer for a problem: HTML when the request prefers it, otherwise `application/problem+json`."""
    status = problem.status
    detail = problem.detail or _SENTENCES.get(status, "")
    headers = {**problem.headers, "Cache-Control": "no-store", "Vary": "Accept"}
    if wants_page(request):
        return web.Response(status=status, text=_page(status, detail, request_id), content_type="text/html",
                            headers=headers)  # fmt: skip
    document = {
        "type": "about:blank",
        "title": title_of(status),
        "status": status,
        "instance": f"urn:request:{request_id}",
    }
    if detail:
        document["detail"] = detail
    return web.Response(status=status, body=orjson.dumps(document), content_type=CONTENT_TYPE, headers=headers)


def problem_of(error: web.HTTPException) -> Problem:
    """The problem that one of aiohttp's exceptions stands for, with its headers, such as `Allow`."""
    text = error.text or ""
    is_default = not text or text.startswith(f"{error.status}: ")
    detail = text if not is_default and error.content_type == "text/plain" else ""
    if not detail and error.reason not in ("", title_of(error.status)):
        detail = f"{error.reason}."
    headers = {name: value for name, value in error.headers.items() if not name.lower().startswith("content-")}
    return Problem(error.status, detail, headers)


def wants_page(request: Asker) -> bool:
    """Whether a browser asks: it names text/html, and no server or app does."""
    accept = request.headers.get("Accept", "")
    return "text/html" in accept and "json" not in accept


def _page(status: int, detail: str, request_id: str) -> str:
    title = html.escape(f"{status} {title_of(status)}")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title></head>\n<body><main><h1>{title}</h1><p>{html.escape(detail)}</p>"
        f"<p><small>{html.escape(request_id)}</small></p></main></body></html>\n"
    )
