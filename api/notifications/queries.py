"""Which notifications, and how they are grouped: the queries that lists and groups share.

A group is made of what happened to one status, or of new followers, within half a day. Its key says all of that
(`favourite-<status>-<half day>`), so that nothing has to be stored; everything else stands alone (`ungrouped-<id>`).
Ids of notifications begin with their time, so a half day is a range of ids.

Lists look back over `LOOK_BACK` notifications at most, whatever the length of the table: a page ends there, and the
next one goes on from there.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, func, select

from api.call import Call
from api.errors import NotFound
from api.pagination import AnySelect, Keyset
from models.accounts import Account
from models.feeds import Marker, Notification
from models.ids import SMALL_SEQUENCE_BITS
from models.values import dataclass
from policy.notifications import COMMUNITY_KINDS, KINDS, Kind

LOOK_BACK: Final = 1_000
SAMPLES: Final = 8
GROUPABLE: Final = (Kind.FAVOURITE.value, Kind.REBLOG.value, Kind.FOLLOW.value, Kind.ADMIN_SIGN_UP.value)
_OF_STATUS: Final = frozenset({Kind.FAVOURITE.value, Kind.REBLOG.value})
HALF_DAY: Final = 12 * 3_600_000 << SMALL_SEQUENCE_BITS
_KEY = re.compile(
    r"(?P<kind>favourite|reblog|follow|admin\.sign_up|ungrouped)(?:-(?P<status>\d{1,19}))?-(?P<place>\d{1,19})",
    re.ASCII,
)
COLUMNS: Final = (
    Notification.id,
    Notification.kind,
    Notification.from_account_id,
    Notification.status_id,
    Notification.subject_id,
    Notification.is_filtered,
    Notification.created_at,
)


@dataclass(frozen=True, slots=True)
class Place:
    """What belongs together: a kind, its status (0 for none), and the half day, or the id of what stands alone."""

    kind: str
    status_id: int
    number: int
    is_group: bool

    @property
    def key(self) -> str:
        """As clients get it, and give it back."""
        if not self.is_group:
            return f"ungrouped-{self.number}"
        return f"{self.kind}-{self.status_id}-{self.number}" if self.status_id else f"{self.kind}-{self.number}"


def place_of(row: Any, grouped: Iterable[str] = GROUPABLE) -> Place:
    """Where a notification belongs; what was held back stands alone."""
    if row.kind not in grouped or row.is_filtered:
        return Place(row.kind, 0, row.id, False)
    return Place(row.kind, row.status_id if row.kind in _OF_STATUS else 0, row.id // HALF_DAY, True)


def members(group_key: str) -> list[ColumnElement[bool]]:
    """The conditions of belonging to a group. Raises NotFound for what is no key."""
    match = _KEY.fullmatch(group_key)
    if match is None or len(group_key) > 80:
        raise NotFound
    kind, status, number = match["kind"], match["status"], int(match["place"])
    if kind == "ungrouped":
        if status is not None or number >= 1 << 63:
            raise NotFound
        return [Notification.id == number]
    last = (number + 1) * HALF_DAY - 1
    if (kind in _OF_STATUS) != (status is not None) or last >= 1 << 63 or int(status or 0) >= 1 << 63:
        raise NotFound
    conditions = [Notification.kind == kind, Notification.id.between(number * HALF_DAY, last)]
    if status is not None:
        conditions.append(Notification.status_id == int(status))
    return [*conditions, Notification.is_filtered.is_(False)]


def wanted_kinds(args: Mapping[str, Any]) -> list[str]:
    """The types that a request asks for; those that nobody knows are passed over, our own come by their names only."""
    asked = args.get("types")
    wanted = KINDS if asked is None else [kind for kind in (*KINDS, *COMMUNITY_KINDS) if kind in asked]
    return [kind for kind in wanted if kind not in args["exclude_types"]]


def grouped_kinds(args: Mapping[str, Any]) -> tuple[str, ...]:
    """The types that a client wants grouped, of those that can be."""
    asked = args.get("grouped_types")
    return GROUPABLE if asked is None else tuple(kind for kind in GROUPABLE if kind in asked)


def listed(call: Call) -> tuple[ColumnElement[bool], ...]:
    """The conditions of a list: the viewer's own, of the wanted types, from senders who are still there."""
    args = call.args
    conditions = [Notification.account_id == call.me.id, Notification.kind.in_(wanted_kinds(args))]
    if args.get("account_id") is not None:
        conditions.append(Notification.from_account_id == args["account_id"])
    elif not args["include_filtered"]:
        conditions.append(Notification.is_filtered.is_(False))
    return tuple(conditions)


def of_the_present(query: AnySelect) -> AnySelect:
    """Leave out what comes from somebody who was suspended or has gone."""
    return query.join(Account, Account.id == Notification.from_account_id).where(
        Account.suspended_at.is_(None), Account.gone_at.is_(None)
    )


def unread(call: Call, columns: Sequence[Any]) -> AnySelect:
    """Columns of the notifications after the viewer's marker, oldest first."""
    marker = select(Marker.last_read_id).where(Marker.account_id == call.me.id, Marker.timeline == "notifications")
    query = select(*columns).where(*listed(call), Notification.id > func.coalesce(marker.scalar_subquery(), 0))
    return of_the_present(query).order_by(Notification.id)


def placed(grouped: Sequence[str]) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Two columns that, with the kind, are the same for what belongs together: status and number of its `Place`."""
    is_grouped = and_(Notification.kind.in_(grouped), Notification.is_filtered.is_(False))
    of_status = and_(is_grouped, Notification.kind.in_(_OF_STATUS))
    status = case((of_status, func.coalesce(Notification.status_id, 0)), else_=0)
    number = case((is_grouped, Notification.id // HALF_DAY), else_=Notification.id)
    return status.label("place_status"), number.label("place_number")


def group_page(call: Call, keyset: Keyset, grouped: Sequence[str]) -> AnySelect:
    """The groups of a page, each with its newest and oldest id within the look-back, and how many that are."""
    window = Keyset(LOOK_BACK, keyset.max_id, keyset.since_id, keyset.min_id)
    inner = of_the_present(select(Notification.id, Notification.kind, *placed(grouped)).where(*listed(call)))
    seen = window.apply(inner, Notification.id).subquery()
    newest, oldest = func.max(seen.c.id).label("newest"), func.min(seen.c.id).label("oldest")
    query = select(newest, oldest, func.count().label("seen")).group_by(
        seen.c.kind, seen.c.place_status, seen.c.place_number
    )
    return query.order_by(oldest.asc() if keyset.min_id is not None else newest.desc()).limit(keyset.limit)


def group_members(call: Call, top: int, bottom: int, grouped: Sequence[str]) -> AnySelect:
    """The newest of each group up to `top`, with the size of the group and its oldest id from `bottom` on."""
    inner = of_the_present(select(*COLUMNS, *placed(grouped)).where(*listed(call), Notification.id <= top))
    seen = inner.order_by(Notification.id.desc()).limit(LOOK_BACK).subquery()
    together = [seen.c.kind, seen.c.place_status, seen.c.place_number]
    on_page = case((seen.c.id >= bottom, seen.c.id))
    ranked = select(
        seen,
        func.row_number().over(partition_by=together, order_by=seen.c.id.desc()).label("rank"),
        func.count().over(partition_by=together).label("size"),
        func.min(on_page).over(partition_by=together).label("page_oldest"),
    ).subquery()
    return select(ranked).where(ranked.c.rank <= SAMPLES).order_by(ranked.c.id.desc())
