"""A page of notifications as bytes: three queries where the accounts and statuses on it were rendered before.

The first finds the notifications, each with the stamp of who caused it; then come the heads of their statuses and what
the viewer did to those (`api.statuses.pages`). What is rare (a report, a warning, cut follows, somebody who moved) and
a viewer with filters is left to `api.notifications.loading`, which gives the same entities.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

import orjson
from sqlalchemy import Text, bindparam, select

from api.call import Call, Json
from api.entities.notification import WITH_STATUS
from api.loading import account_entities
from api.notifications.loading import entities_of
from api.notifications.queries import COLUMNS, of_the_present, place_of, wanted_kinds
from api.pagination import AnySelect, Keyset, Page, PagedQuery, page
from api.statuses.pages import ACCOUNT_STAMP, VIEWER, Found, found_by_id, joined, raw
from api.times import timestamp
from models.accounts import Account
from models.base import BigInt
from models.feeds import Notification
from models.questions import WORDS, among
from policy.notifications import Kind

_PLAIN: Final = WITH_STATUS | {Kind.FOLLOW, Kind.FOLLOW_REQUEST, Kind.ADMIN_SIGN_UP}
_NAMES: Final = tuple(column.key for column in COLUMNS)


class _Row:
    """A notification with who caused it: `stamp` is that of the account."""

    id: int
    kind: str
    from_account_id: int
    status_id: int | None
    is_filtered: bool
    created_at: datetime

    def __init__(self, values: Sequence[Any]) -> None:
        self.__dict__.update(zip(_NAMES, values, strict=False))
        self.has_moved = values[len(_NAMES)] is not None
        self.stamp = tuple(values[len(_NAMES) + 1 :])


@cache
def _listed(has_account: bool, has_filtered: bool, is_one_kind: bool) -> PagedQuery:
    """The viewer's own of the wanted types, from senders who are still there (`queries.listed`). One type has an index
    of its own, newest first; of several those that aren't wanted are passed over."""

    def query() -> AnySelect:
        stamp = [raw(Account, name) for name in ACCOUNT_STAMP]
        kind = Notification.kind
        is_wanted = kind == bindparam("kind", type_=Text) if is_one_kind else among(kind, "kinds", WORDS)
        listed = of_the_present(select(*COLUMNS, Account.moved_to_uri, *stamp))
        listed = listed.where(Notification.account_id == VIEWER, is_wanted)
        if has_account:
            return listed.where(Notification.from_account_id == bindparam("sender", type_=BigInt))
        return listed if has_filtered else listed.where(Notification.is_filtered.is_(False))

    return PagedQuery(query, Notification.id)


async def notification_page(call: Call) -> Page:
    """The page that the request asks for."""
    args, keyset = call.args, Keyset.of(call)
    sender, kinds = args.get("account_id"), wanted_kinds(args)
    listed = _listed(sender is not None, args["include_filtered"], len(kinds) == 1)
    question, cursors = listed.question(keyset)
    values = {**cursors, "viewer": call.me.id, "sender": sender, "kinds": kinds, "kind": kinds[0] if kinds else ""}
    async with call.database.glancing() as glance:
        rows = keyset.arrange(_Row(values) for values in await glance.ask(question, values))
        status_ids = list(dict.fromkeys(row.status_id for row in rows if row.status_id is not None))
        found = await found_by_id(call, glance, status_ids)
    is_plain = all(row.kind in _PLAIN and not row.has_moved for row in rows) and not found.has_filters
    ids = [row.id for row in rows]
    if not is_plain:
        async with call.database.reading() as session:
            return page(call, await entities_of(call.api, session, rows, call.me), ids)
    return page(call, await _joined(call, rows, found), ids, found.proof())


async def _joined(call: Call, rows: Sequence[_Row], found: Found) -> bytes:
    statuses = await joined(call, found)
    accounts = await _accounts(call, rows)
    made = [
        _bytes_of(row, accounts[row.from_account_id], statuses.get(row.status_id or 0, b""))
        for row in rows
        if row.from_account_id in accounts and (row.kind not in WITH_STATUS or row.status_id in statuses)
    ]
    return b"[" + b",".join(made) + b"]"


async def _accounts(call: Call, rows: Sequence[_Row]) -> dict[int, bytes]:
    kept = call.api.accounts
    stamps = {row.from_account_id: row.stamp for row in rows}
    found = {number: data[0] for number, stamp in stamps.items() if (data := kept.get(number, stamp)) is not None}
    missing = [number for number in stamps if number not in found]
    if missing:
        async with call.database.reading() as session:
            for entity in await account_entities(call.api, session, missing):
                number = int(entity["id"])
                found[number] = orjson.dumps(entity)
                kept.put(number, stamps[number], found[number])
    return found


def _bytes_of(row: _Row, account: bytes, status: bytes) -> bytes:
    plain: Json = {
        "id": str(row.id),
        "type": row.kind,
        "created_at": timestamp(row.created_at),
        "group_key": place_of(row).key,
    }
    if row.is_filtered:
        plain["filtered"] = True
    entity = b'%b,"account":%b' % (orjson.dumps(plain)[:-1], account)
    return entity + (b',"status":%b}' % status if row.kind in WITH_STATUS else b"}")
