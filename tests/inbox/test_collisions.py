"""What two units store at the same moment is stored once, and nobody's activity fails for it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from federation.actors import store_fetched
from federation.actors.resolve import fetch_actor
from federation.client import FetchBudget
from federation.peers import domain_of
from federation.peers.finding import visiting
from federation.services import Services
from inbox.fetching import fetch_status
from inbox.process import InboxWorker
from models.accounts import Keypair
from models.activities import InboundActivity
from models.new_rows import WritingSession
from models.statuses import Status, Tag
from tests.graph import account, count, journal, notices, status
from tests.peers import Office, Person
from tests.remote_peers import PUBLIC, RemoteActor
from tests.security.cast import follows

Run = Callable[[], Awaitable[Any]]
_side: ContextVar[str] = ContextVar("side", default="")


async def cross(office: Office, monkeypatch: pytest.MonkeyPatch, uri: str, *, quicker: Run, slower: Run) -> list[Any]:
    """Run both so that each has looked for the row with this URI in vain before the quicker one stores it.

    On SQLite, where units come one after the other, the slower one only begins when the quicker one has ended.
    """
    tasks: dict[str, asyncio.Task[Any]] = {}
    has_looked = {"quicker": asyncio.Event(), "slower": asyncio.Event()}
    flush = WritingSession.flush

    async def hold(session: WritingSession, *arguments: Any) -> None:
        side = _side.get()
        if (
            side
            and not has_looked[side].is_set()
            and any(getattr(row, "uri", None) == uri for row in session.unwritten)
        ):
            has_looked[side].set()
            if side == "slower":
                await asyncio.wait([tasks["quicker"]])
            elif not office.services.database.is_sqlite:
                await has_looked["slower"].wait()
        await flush(session, *arguments)

    async def run(side: str, work: Run) -> Any:
        if side == "slower" and office.services.database.is_sqlite:
            await asyncio.wait([tasks["quicker"]])  # which waits for the lock that this one would hold meanwhile
        _side.set(side)
        return await work()

    with monkeypatch.context() as patched:
        patched.setattr(WritingSession, "flush", hold)
        for side, work in (("quicker", quicker), ("slower", slower)):
            tasks[side] = asyncio.create_task(run(side, work))
        async with asyncio.timeout(20):
            results = await asyncio.gather(*tasks.values())
    assert has_looked["quicker"].is_set()
    assert office.services.database.is_sqlite or has_looked["slower"].is_set()
    return results


@pytest.mark.parametrize("is_fetched_first", [True, False], ids=["fetched_first", "delivered_first"])
async def test_a_status_is_delivered_while_it_is_fetched(
    office: Office, alice: Person, carol: RemoteActor, monkeypatch: pytest.MonkeyPatch, is_fetched_first: bool
) -> None:
    await follows(office, alice, carol)
    mention = {"type": "Mention", "href": alice.uri, "name": f"@{alice.acct}"}
    hashtag = {"type": "Hashtag", "href": f"{carol.uri}/obra", "name": "#obra"}
    note = carol.note(to=[PUBLIC], cc=[alice.uri], tag=[mention, hashtag])
    assert (await carol.post(f"{office.origin}/inbox", carol.create(note))).status == 202

    async def fetch() -> Status | None:
        return await fetch_status(office.services, note["id"], budget=FetchBudget(5))

    deliver = InboxWorker(office.services, office.journal).run_once
    pair: tuple[Run, Run] = (fetch, deliver) if is_fetched_first else (deliver, fetch)
    results = await cross(office, monkeypatch, note["id"], quicker=pair[0], slower=pair[1])
    fetched = results[0 if is_fetched_first else 1]
    stored = await status(office, note["id"])
    assert stored is not None
    assert (fetched.id, stored.replies_count) == (stored.id, 0)
    assert (await journal(office))[-1] == ("Create", "done", "duplicate" if is_fetched_first else "applied")
    async with office.services.database.reading() as session:
        attempts = list(await session.scalars(select(InboundActivity.attempts)))
    assert set(attempts) == {1}
    assert ("mention", carol.uri) in await notices(alice)
    assert (await count(office, Status), await count(office, Tag)) == (1, 1)
    author = await account(office, carol.uri)
    assert author is not None
    assert author.statuses_count == 1


async def test_an_actor_is_introduced_twice_at_once(
    office: Office, carol: RemoteActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = await fetch_actor(office.services, carol.uri)
    elsewhere = visiting(office.services, domain_of(carol.uri))  # as another process would, which shares no memory

    async def store(services: Services) -> int:
        return (await store_fetched(services, draft)).account.id

    quicker, slower = partial(store, office.services), partial(store, elsewhere)
    one, other = await cross(office, monkeypatch, carol.uri, quicker=quicker, slower=slower)
    assert one == other
    found = await account(office, carol.uri)
    assert found is not None
    async with office.services.database.reading() as session:
        keys = list(await session.scalars(select(Keypair.key_id).where(Keypair.account_id == found.id)))
    assert len(keys) == len(set(keys)) == len(draft.public_keys)
