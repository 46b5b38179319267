"""One's lists as CSV files, in and out, in Mastodon's formats. Tertulia's own: Mastodon has only pages for it.

An import is read at once, so that a file that is none is refused at once, and worked off by a job; how far it came and
which rows failed can be asked for.
"""

from typing import Any, Final

from aiohttp import web

from api.call import Call, Json
from api.endpoints import Endpoint
from api.errors import NotFound, invalid
from api.schemas.fields import Args, Upload, one_of
from api.serving import Reply
from api.times import timestamp, timestamp_or_none
from models.accounts import Account
from models.imports import AccountImport
from outbox.imports import queue_import
from policy.limits import IMPORTED_ROWS
from social.exports import exported_rows
from social.imports import KINDS, MERGE, OVERWRITE, ImportRefused, read_csv, start_import, write_csv

FILE_BYTES: Final = 4 * 1_048_576


class ImportArgs(Args):
    """Which list, whether it is added to what is there (`merge`) or replaces it, and the file (multipart)."""

    kind = one_of(*KINDS, required=True)
    mode = one_of(MERGE, OVERWRITE, load_default=MERGE)
    file = Upload(required=True)


async def get_export(call: Call) -> web.Response:
    """Export a list as CSV: follows, blocks, mutes, domain_blocks, lists or bookmarks."""
    kind = call.path("kind")
    if kind not in KINDS:
        raise NotFound
    async with call.database.reading() as session:
        rows = await exported_rows(session, call.addresses, call.me, kind)
    return web.Response(
        text=write_csv(kind, (row.cells for row in rows)),
        content_type="text/csv",
        charset="utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{kind}.csv"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


async def post_import(call: Call) -> Reply:
    """Import a list from CSV; answered before the work is done."""
    args = call.args
    try:
        rows, failures = read_csv(args["kind"], _bytes(args["file"]), most=IMPORTED_ROWS)
    except ImportRefused as error:
        raise invalid("file", str(error)) from error
    async with call.database.unit_of_work() as unit:
        account = await unit.session.get_one(Account, call.me.id)
        made = start_import(unit, account, args["kind"], args["mode"], rows, failures)
        await unit.session.flush()
        await queue_import(unit, made)
    return Reply(_entity(made), status=202)


async def get_import(call: Call) -> Json:
    """How far an import is, and which rows failed."""
    async with call.database.reading() as session:
        found = await session.get(AccountImport, call.id())
    if found is None or found.account_id != call.me.id:
        raise NotFound
    return _entity(found)


def _bytes(given: Any) -> bytes:
    if isinstance(given, web.FileField):
        return given.file.read()
    if isinstance(given, str):
        return given.encode()
    raise invalid("file", "has to be a CSV file of a multipart form")


def _entity(found: AccountImport) -> Json:
    return {
        "id": str(found.id),
        "kind": found.kind,
        "mode": found.mode,
        "state": found.state,
        "total": found.total,
        "processed": found.position,
        "succeeded": found.succeeded,
        "failures": found.failures,
        "created_at": timestamp(found.created_at),
        "finished_at": timestamp_or_none(found.finished_at),
    }


ENDPOINTS = (
    Endpoint("GET", "/api/v1/tertulia/export/{kind}.csv", get_export, scope="read:accounts", produces="text/csv"),
    Endpoint(
        "POST",
        "/api/v1/tertulia/import",
        post_import,
        scope="write:accounts",
        args=ImportArgs,
        returns="ImportEntity",
        body_bytes=FILE_BYTES,
        limit="uploads",
    ),
    Endpoint("GET", "/api/v1/tertulia/import/{id}", get_import, scope="read:accounts", returns="ImportEntity"),
)
