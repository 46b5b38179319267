"""Notifications in groups (v2): one line for all who liked a post within half a day.

An answer holds each account and each status once, however many groups are about them. A page is three parts: the groups
that begin on it, their newest members, and what these are about; the number of queries doesn't depend on its length.
"""

from typing import Any

from sqlalchemy import delete, func, select

from api.call import Call, Json
from api.endpoints import Endpoint, many
from api.entities.notification import distinct, group_entity, is_complete, partial_account
from api.errors import NotFound
from api.loading import account_entities
from api.notifications.loading import load_parts
from api.notifications.queries import (
    COLUMNS,
    LOOK_BACK,
    SAMPLES,
    Place,
    group_members,
    group_page,
    grouped_kinds,
    members,
    of_the_present,
    place_of,
    placed,
    unread,
)
from api.pagination import Keyset, Page, page
from api.schemas.notifications import GroupAccountsArgs, GroupCountArgs, GroupPageArgs
from api.times import timestamp
from models.feeds import Notification


async def get_groups(call: Call) -> Page:
    """Get all grouped notifications."""
    keyset, grouped = Keyset.of(call), grouped_kinds(call.args)
    async with call.database.reading() as session:
        found = (await session.execute(group_page(call, keyset, grouped))).all()
        cursors = _cursors(found, keyset)
        wanted = {row.newest for row in found}
        groups: dict[Place, list[Any]] = {}
        if wanted:
            query = group_members(call, max(wanted), min(wanted), grouped)
            for row in await session.execute(query):
                groups.setdefault(place_of(row, grouped), []).append(row)
        shown = [rows for rows in groups.values() if any(row.id in wanted for row in rows)]
        answer = await _answer(call, session, shown, grouped)
    return page(call, answer, cursors)


def _cursors(found: Any, keyset: Keyset) -> list[int]:
    """Where the pages around this one begin; a look-back that was used up ends the page where it ended."""
    is_used_up = len(found) < keyset.limit and sum(row.seen for row in found) >= LOOK_BACK
    if keyset.min_id is not None:
        return [row.oldest for row in found] + ([max(row.newest for row in found)] if is_used_up else [])
    return [row.newest for row in found] + ([min(row.oldest for row in found)] if is_used_up else [])


async def _answer(call: Call, session: Any, shown: list[list[Any]], grouped: tuple[str, ...]) -> Json:
    newest = [rows[0] for rows in shown]
    samples = {rows[0].id: distinct(row.from_account_id for row in rows)[:SAMPLES] for rows in shown}
    everybody = [number for listed in samples.values() for number in listed]
    parts = await load_parts(call.api, session, newest, call.me, everybody)
    groups, statuses, full, partial = [], [], [], []
    for row in newest:
        if not is_complete(row, parts):
            continue
        known = [number for number in samples[row.id] if number in parts.accounts]
        on_page = {
            "page_min_id": str(row.page_oldest or row.id),
            "page_max_id": str(row.id),
            "latest_page_notification_at": timestamp(row.created_at),
        }
        key = place_of(row, grouped).key
        groups.append(group_entity(row, parts, key, count=row.size, sample_ids=known, page=on_page))
        statuses += [row.status_id] if "status_id" in groups[-1] else []
        full += known[:1]
        partial += known[1:]
    is_short = call.args.get("expand_accounts") == "partial_avatars"
    full = distinct(full if is_short else [*full, *partial])
    answer: Json = {
        "accounts": [parts.accounts[number] for number in full],
        "statuses": [parts.statuses[number] for number in distinct(statuses)],
        "notification_groups": groups,
    }
    if is_short:
        answer["partial_accounts"] = [
            partial_account(parts.accounts[number]) for number in distinct(partial) if number not in full
        ]
    return answer


async def get_group(call: Call) -> Json:
    """Get a single notification group: all of it, whatever page it would be on."""
    conditions = [Notification.account_id == call.me.id, *members(call.path("group_key"))]
    query = of_the_present(select(*COLUMNS).where(*conditions)).order_by(Notification.id.desc()).limit(LOOK_BACK)
    async with call.database.reading() as session:
        rows = (await session.execute(query)).all()
        if not rows:
            raise NotFound
        senders = distinct(row.from_account_id for row in rows)[:SAMPLES]
        parts = await load_parts(call.api, session, rows[:1], call.me, senders)
    if not is_complete(rows[0], parts):
        raise NotFound
    known = [number for number in senders if number in parts.accounts]
    group = group_entity(rows[0], parts, call.path("group_key"), count=len(rows), sample_ids=known)
    return {
        "accounts": [parts.accounts[number] for number in known],
        "statuses": [parts.statuses[rows[0].status_id]] if "status_id" in group else [],
        "notification_groups": [group],
    }


async def get_group_accounts(call: Call) -> Page:
    """Get accounts of all notifications in a notification group."""
    keyset = Keyset.of(call)
    conditions = [Notification.account_id == call.me.id, *members(call.path("group_key"))]
    query = of_the_present(select(Notification.id, Notification.from_account_id).where(*conditions))
    async with call.database.reading() as session:
        rows = keyset.arrange(await session.execute(keyset.apply(query, Notification.id)))
        senders = distinct(row.from_account_id for row in rows)
        accounts = await account_entities(call.api, session, senders)
    return page(call, accounts, [row.id for row in rows])


async def dismiss_group(call: Call) -> Json:
    """Dismiss a single notification group; one that is gone already stays gone."""
    conditions = [Notification.account_id == call.me.id, *members(call.path("group_key"))]
    async with call.database.unit_of_work() as unit:
        await unit.session.execute(delete(Notification).where(*conditions).execution_options(synchronize_session=False))
    return {}


async def get_unread_group_count(call: Call) -> Json:
    """Get the number of unread notification groups: those after the marker, up to `limit`."""
    query = unread(call, [Notification.id, Notification.kind, *placed(grouped_kinds(call.args))])
    seen = query.limit(LOOK_BACK).subquery()
    groups = select(seen.c.kind, seen.c.place_status, seen.c.place_number).distinct().limit(call.args["limit"])
    async with call.database.reading() as session:
        count = await session.scalar(select(func.count()).select_from(groups.subquery()))
    return {"count": count or 0}


READ, WRITE = "read:notifications", "write:notifications"
GROUP = "/api/v2/notifications/{group_key}"
ENDPOINTS = (
    Endpoint(
        "GET",
        "/api/v2/notifications",
        get_groups,
        scope=READ,
        args=GroupPageArgs,
        returns="GroupedNotificationsEntity",
        is_kept=True,
    ),
    Endpoint(
        "GET",
        "/api/v2/notifications/unread_count",
        get_unread_group_count,
        scope=READ,
        args=GroupCountArgs,
        returns="CountEntity",
    ),
    Endpoint("GET", GROUP, get_group, scope=READ, returns="GroupedNotificationsEntity"),
    Endpoint(
        "GET",
        GROUP + "/accounts",
        get_group_accounts,
        scope=f"{READ} {WRITE}",
        args=GroupAccountsArgs,
        returns=many("AccountEntity"),
    ),
    Endpoint("POST", GROUP + "/dismiss", dismiss_group, scope=WRITE),
)
