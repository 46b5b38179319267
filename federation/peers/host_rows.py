"""The rows of `remote_hosts`: how a host is read, and the set-based statements that write many of them.

Written in the order of the hosts' names, so that two PostgreSQL transactions don't wait for each other. Nothing here
decides anything; `federation.peers.hosts` does.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Table, bindparam, delete, select, update

from jobs.circuit import HEALTHY, Circuit
from jobs.leases import is_queued
from keys.signing import Scheme
from models import Database, UnitOfWork
from models.activities import Delivery, RemoteHost
from models.bulk import Bulk
from models.insertion import updating
from models.questions import WORDS, Question, Row, among
from models.signals import DELIVERIES
from models.values import dataclass

HEALTH = ("failures", "first_failure_at", "open_until", "failing_days", "last_success_at", "last_error")
SCHEME = ("scheme", "scheme_learned_at", "accepts_ed25519", "keeps_log")
CONTACT = ("last_inbound_at", "open_until", "failing_days")
_NEW = {"failures": 0, "failing_days": 0}  # of a host that has no row yet, whatever is written of it
FORGOTTEN_AFTER = timedelta(days=90)

_HOSTS: Table = RemoteHost.__table__  # type: ignore[assignment]
_DELIVERIES: Table = Delivery.__table__  # type: ignore[assignment]
_COLUMNS = (
    "host", "failures", "first_failure_at", "open_until", "failing_days", "scheme", "scheme_learned_at",
    "accepts_ed25519", "keeps_log", "last_success_at", "last_inbound_at", "last_error",
)  # fmt: skip
_KNOWN = Question(select(*(_HOSTS.c[name] for name in _COLUMNS)).where(among(_HOSTS.c.host, "hosts", WORDS)))


@dataclass(slots=True)
class KnownHost:
    """One host in memory; a host without a row has the defaults."""

    circuit: Circuit = HEALTHY
    scheme: Scheme | None = None
    scheme_learned_at: datetime | None = None
    accepts_ed25519: bool | None = None
    keeps_log: bool | None = None
    last_success_at: datetime | None = None
    last_inbound_at: datetime | None = None
    last_error: str | None = None

    def columns(self) -> dict[str, Any]:
        """The values as they are stored."""
        circuit = self.circuit
        return {
            "failures": circuit.failures,
            "first_failure_at": circuit.first_failure_at,
            "open_until": circuit.open_until,
            "failing_days": circuit.failing_days,
            "scheme": self.scheme,
            "scheme_learned_at": self.scheme_learned_at,
            "accepts_ed25519": self.accepts_ed25519,
            "keeps_log": self.keeps_log,
            "last_success_at": self.last_success_at,
            "last_inbound_at": self.last_inbound_at,
            "last_error": self.last_error,
        }


async def read_hosts(unit: UnitOfWork, hosts: Sequence[str]) -> dict[str, KnownHost]:
    """What is stored about these hosts; those without a row are left out."""
    return _known_hosts(await unit.session.ask(_KNOWN, {"hosts": hosts}))


async def glance_at_hosts(database: Database, hosts: Sequence[str]) -> dict[str, KnownHost]:
    """The same without a session: what is asked for every host that is about to matter."""
    return _known_hosts(await database.glance_together(_KNOWN, "hosts", hosts))


async def write_hosts(unit: UnitOfWork, hosts: dict[str, KnownHost], columns: Sequence[str]) -> None:
    """Insert hosts, or update these columns of theirs and no others: another process may have written the rest."""
    if not hosts:
        return
    rows = []
    for host in sorted(hosts):
        values = hosts[host].columns()
        rows.append({"host": host, "updated_at": unit.now, **_NEW} | {name: values[name] for name in columns})
    is_sqlite = unit.session.get_bind().dialect.name == "sqlite"
    await _upsert(is_sqlite, tuple(columns)).write(unit.session, rows)


@cache
def _upsert(is_sqlite: bool, columns: tuple[str, ...]) -> Bulk:
    """Made once: building a statement costs more than SQLite needs for running it."""
    names = ("host", "updated_at", *_NEW, *(name for name in columns if name not in _NEW))
    return Bulk(updating(is_sqlite, RemoteHost, ("host",), (*columns, "updated_at")), names, has_each_once=True)


async def make_due(unit: UnitOfWork, hosts: Iterable[str]) -> None:
    """Make the waiting deliveries of these hosts due now, and wake the workers."""
    parameters = [{"for_host": host} for host in sorted(hosts)]
    if not parameters:
        return
    statement = (
        update(_DELIVERIES)
        .where(_DELIVERIES.c.host == bindparam("for_host"), is_queued(_DELIVERIES))
        .where(_DELIVERIES.c.lease_until.is_(None), _DELIVERIES.c.due_at > unit.now)
        .values(due_at=unit.now)
    )
    await unit.session.execute(statement, parameters)
    unit.signal(DELIVERIES)


async def forget_stale_hosts(unit: UnitOfWork) -> None:
    """Delete what is known of hosts that nothing was heard of, sent to or learnt for 90 days."""
    await unit.session.execute(delete(_HOSTS).where(_HOSTS.c.updated_at < unit.now - FORGOTTEN_AFTER))


def _known_hosts(rows: Iterable[Row]) -> dict[str, KnownHost]:
    return {row[0]: _known_host(SimpleNamespace(**dict(zip(_COLUMNS, row, strict=True)))) for row in rows}


def _known_host(row: Any) -> KnownHost:
    circuit = Circuit(row.failures, row.first_failure_at, row.open_until, row.failing_days)
    return KnownHost(
        circuit=HEALTHY if circuit == HEALTHY else circuit,
        scheme=Scheme(row.scheme) if row.scheme in set(Scheme) else None,
        scheme_learned_at=row.scheme_learned_at,
        accepts_ed25519=row.accepts_ed25519,
        keeps_log=row.keeps_log,
        last_success_at=row.last_success_at,
        last_inbound_at=row.last_inbound_at,
        last_error=row.last_error,
    )
