"""The delivery report of a status, for its author: which inbox has it, when, and what its server said.

`GET /users/{id}/statuses/{status_id}/deliveries?after=…` with the author's bearer token answers `{"deliveries": […],
"next": url | null}`, oldest first, a hundred at a time. Administrators have `tertulia queue report`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial
from typing import Any

import orjson
from aiohttp import web

from federation.services import Services
from models.accounts import Account
from outbox.report import DeliveryLine, report_of_status

Bearer = Callable[[web.Request], Awaitable[Account | None]]
PAGE = 100
MAX_ID = (1 << 63) - 1


def routes(services: Services, *, bearer: Bearer) -> list[web.RouteDef]:
    """The report's address."""
    path = r"/users/{account_id:\d{1,19}}/statuses/{status_id:\d{1,19}}/deliveries"
    return [web.get(path, partial(get_deliveries, services, bearer))]


async def get_deliveries(services: Services, bearer: Bearer, request: web.Request) -> web.Response:
    """Only the author reads it; for anybody else it doesn't exist. It outlives the status, as long as the journal."""
    reader = await bearer(request)
    account_id, status_id = int(request.match_info["account_id"]), int(request.match_info["status_id"])
    after = request.query.get("after", "0")
    if reader is None:
        return _json({"status": 401, "title": "A token is needed", "detail": "Present the author's token."}, 401)
    if reader.id != account_id or status_id > MAX_ID or not after.isdigit() or int(after) > MAX_ID:
        return _json({"status": 404, "title": "No such report", "detail": "There is no report for you here."}, 404)
    async with services.database.reading() as session:
        lines = await report_of_status(session, status_id, account_id=account_id, after_id=int(after), limit=PAGE)
    following = f"{services.addresses.origin}{request.path}?after={lines[-1].id}" if len(lines) == PAGE else None
    return _json({"deliveries": [line_document(line) for line in lines], "next": following})


def line_document(line: DeliveryLine) -> dict[str, Any]:
    """One line as JSON: ids as strings, times in ISO 8601."""
    return {**asdict(line), "id": str(line.id)}


def _json(document: dict[str, Any], status: int = 200) -> web.Response:
    content_type = "application/json" if status == 200 else "application/problem+json"
    headers = {"Cache-Control": "private, no-store", "Vary": "Authorization"}
    return web.Response(status=status, body=orjson.dumps(document), content_type=content_type, headers=headers)
