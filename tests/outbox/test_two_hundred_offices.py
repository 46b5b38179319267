"""Two hundred offices together: a post to a community of fifty thousand, and what is looked at for all at once."""

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from sqlalchemy import String, cast, event, func, insert, literal, select, text, update

from communities.groups import COMMUNITIES
from federation.peers import PeerState
from federation.sync.marks import SYNC_CAPABILITY
from models.accounts import Account
from models.activities import Delivery, Job, RemoteHost
from models.bulk import FEW as FEW_ROWS
from models.peers import Peer
from models.relations import Follow
from outbox.spreading import spread_activities
from server.metrics import Figures
from server.traffic import Traffic
from tests.communities.hosting import host
from tests.peers import Office, Person

OFFICES, MEMBERS = 200, 50_000
FEW = tuple(f"few{place}.example" for place in range(FEW_ROWS + 1))
FIRST_ID = 1_000_000


async def crowd(office: Office, group: Account) -> None:
    """Full peers with members, as rows: a fixed number of statements."""
    numbers = select(literal(0).label("n")).cte(recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < MEMBERS - 1))
    name = literal("office") + cast(numbers.c.n % OFFICES, String) + ".example"
    origin, number = literal("https://") + name, cast(numbers.c.n, String)
    uri = origin + literal("/users/") + number
    names = [f"office{place}.example" for place in range(OFFICES)]
    async with office.services.database.unit_of_work() as unit:
        when = literal(unit.now, Account.created_at.type)
        peers = [{"id": unit.new_id(), "domain": one, "state": PeerState.ACTIVE.value, "created_at": unit.now,
                  "updated_at": unit.now} for one in names]  # fmt: skip
        await unit.session.execute(insert(Peer), peers)
        hosts = [{"host": one, "keeps_log": True, "updated_at": unit.now} for one in names]
        await unit.session.execute(insert(RemoteHost), hosts)
        accounts: dict[str, Any] = {
            "id": numbers.c.n + FIRST_ID, "uri": uri, "username": literal("member") + number, "domain": name,
            "inbox_url": uri + literal("/inbox"), "shared_inbox_url": origin + literal("/inbox"),
            "implements": literal([COMMUNITIES, SYNC_CAPABILITY], Account.implements.type), "created_at": when,
            "updated_at": when,
        }  # fmt: skip
        follows: dict[str, Any] = {
            "id": numbers.c.n + FIRST_ID, "uri": uri + literal("/follow"), "follower_id": numbers.c.n + FIRST_ID,
            "followee_id": literal(group.id), "state": literal("accepted"), "created_at": when,
        }  # fmt: skip
        for table, values in ((Account, accounts), (Follow, follows)):
            rows = select(*values.values()).select_from(numbers)
            await unit.session.execute(insert(table).from_select(list(values), rows))
            # As PostgreSQL does by itself within a minute. What was planned when the table had three rows (a look for
            # the account of each follow among it) would go through all of them for each.
            await unit.session.execute(text(f"ANALYZE {table.__tablename__}"))
        wanted = update(Account).where(Account.id == group.id)
        await unit.session.execute(wanted.values(followers_count=Account.followers_count + MEMBERS))
        for table in ("peers", "remote_hosts"):
            await unit.session.execute(text(f"ANALYZE {table}"))
    await office.services.peers.load()


class Statements:
    """How many a piece of work takes."""

    def __init__(self, office: Office) -> None:
        self._seen: list[str] = []
        database = office.services.database
        for engine in {database._writer, database._reader}:
            event.listen(engine.sync_engine, "before_cursor_execute", lambda *call: self._seen.append(call[2]))

    async def of(self, work: Callable[[], Awaitable[Any]], name: str) -> int:
        self._seen.clear()
        started = perf_counter()
        await work()
        spent = [one for one in self._seen if not one.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "PRAGMA"))]
        print(f"{name}: {len(spent)} statements, {(perf_counter() - started) * 1000:.0f} ms")
        return len(spent)


async def test_a_post_to_fifty_thousand_members_is_one_delivery_an_office_and_looking_after_all_costs_the_same(
    office: Office,
) -> None:
    ana, boss = await office.create_person("ana"), await admin(office)
    async with office.services.database.unit_of_work() as unit:  # as PostgreSQL sometimes does, before it knows many
        await unit.session.execute(text("ANALYZE accounts"))
    group = await host(ana)
    services, statements = office.services, Statements(office)

    async def post() -> None:
        answer = await office.api(ana).post("/api/v1/statuses", {"status": "@afterwork Hola a todos"})
        assert answer.status == 200, answer.body

    async def spread() -> None:
        await spread_activities(services, {"account_id": group.id})

    async def peers() -> None:
        answer = await office.api(boss).get("/api/v1/admin/peers", limit=200)
        assert len(answer.json()) in (len(FEW), OFFICES)

    async def look() -> None:
        office.workers.watch._looked_at = None
        await office.workers.watch.ask_the_silent()
        await office.workers.watch.compare_when_due()

    async def measure() -> None:
        await Figures(services, Traffic()).read()

    await services.peers.refreshed()
    async with services.database.unit_of_work() as unit:
        for peer in FEW:  # what is fewer is written together with what is written elsewhere
            await services.peers.admit(unit, peer)
            unit.session.add(RemoteHost(host=peer, keeps_log=True, updated_at=unit.now))
    for work in (look, measure):
        await work()  # what is asked once
    alone = {work.__name__: await statements.of(work, f"{work.__name__} (2)") for work in (peers, look, measure)}
    await crowd(office, group)
    spent = {work.__name__: await statements.of(work, f"{work.__name__} (200)")
             for work in (peers, look, measure, post, spread)}  # fmt: skip
    async with services.database.reading() as session:
        rows = await session.execute(select(Delivery.host, func.count()).group_by(Delivery.host))
        queued = {row[0]: row[1] for row in rows}
        jobs = await session.scalar(select(func.count(Job.id)).where(Job.kind == "compare_digests"))
    assert (len(queued), set(queued.values())) == (OFFICES, {1})
    assert jobs == OFFICES + len(FEW)
    assert [name for name in alone if spent[name] > alone[name] + 1] == []  # one asks for who is new
    assert spent["post"] + spent["spread"] < 80


async def admin(office: Office) -> Person:
    return await office.create_person("boss", is_admin=True, scopes="read write admin:read admin:write")
