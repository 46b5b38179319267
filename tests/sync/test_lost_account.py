"""An account that was made after the backup its office was restored from: what becomes of it, here and elsewhere."""

from contextlib import AsyncExitStack
from pathlib import Path

from sqlalchemy import select

from inbox.sync.figures import SyncFigures
from models.activities import Delivery, InboundActivity
from models.statuses import Status
from server.backup.restoring import restore
from server.backup.saving import save
from server.commands.peer_sync import is_open
from tests.api.across import STATUSES, body
from tests.conftest import Clock, NewDatabase
from tests.end_to_end.instance import free_port
from tests.fixtures_offices import OpenOffice
from tests.peers import Office, run_until_idle, settings_for
from tests.sync.test_digests import compare
from tests.sync.test_restored import PASSPHRASE, join, post_in, quiet, running, seat


async def posts_of(office: Office, author_uri: str) -> set[str]:
    async with office.services.database.reading() as session:
        return set(await session.scalars(select(Status.content_html).where(Status.uri.startswith(author_uri))))


async def test_what_others_have_of_a_lost_account_stays_with_them_and_its_name_may_be_given_anew(
    open_office: OpenOffice, new_database_url: NewDatabase, tmp_path: Path, clock: Clock
) -> None:
    lisbon = await open_office("lisbon")
    port = free_port("127.0.0.1")
    settings = settings_for(f"madrid.localhost:{port}", await new_database_url(), tmp_path / "madrid")
    async with AsyncExitStack() as stack:
        madrid = await stack.enter_async_context(running(settings, port, clock))
        await madrid.confirm(lisbon)
        await lisbon.confirm(madrid)
        await seat(madrid, "ana")
        bea = await seat(lisbon, "bea")
        body(await bea.api.post("/api/v1/communities", {"name": "obra", "title": "Obra", "kind": "open"}))
        body(await bea.api.post("/api/v1/tags/calidad/follow"))
        await run_until_idle(madrid, lisbon)
        backup = tmp_path / "backup"
        await save(settings, madrid.services.database, backup, PASSPHRASE, progress=quiet, cost=10)
        dora, obra = await seat(madrid, "dora"), f"obra@{lisbon.domain}"
        body(await bea.api.post(f"/api/v1/accounts/{await bea.number(dora)}/follow"))
        await join(dora, obra)
        await run_until_idle(madrid, lisbon)
        for text in ("Uno", "Dos #calidad"):
            said = body(await dora.api.post(STATUSES, {"status": text}))
        await post_in(dora, obra, "Tres")
        await run_until_idle(madrid, lisbon)
        known = await posts_of(lisbon, dora.person.uri)
        assert len(known) == 3
        await stack.aclose()

        await restore(settings, backup, PASSPHRASE, replace=True, progress=quiet)
        madrid = await stack.enter_async_context(running(settings, port, clock))
        clock.advance(minutes=31)
        await madrid.workers.watch.begin()
        await run_until_idle(madrid, lisbon)
        path = dora.person.uri.removeprefix(madrid.origin)
        assert (await madrid.get(path)).status in (401, 404)  # nobody is there, and nobody is gone

        # Who writes to her is answered that there is nobody, once.
        number = (await bea.finds(said["uri"]) or {})["id"]
        body(await bea.api.post(STATUSES, {"status": f"@{dora.acct} ?", "in_reply_to_id": number}))
        body(await bea.api.post(STATUSES, {"status": f"@{dora.acct} a solas", "visibility": "direct"}))
        body(await bea.api.post(f"{STATUSES}/{number}/favourite"))
        await run_until_idle(madrid, lisbon)
        async with lisbon.services.database.reading() as session:
            assert set(await session.scalars(select(Delivery.state))) == {"done"}
        async with madrid.services.database.reading() as session:
            columns = (InboundActivity.activity_type, InboundActivity.body, InboundActivity.outcome)
            came = (await session.execute(select(*columns).order_by(InboundActivity.id))).all()
            outcomes = {(kind, outcome) for kind, sent, outcome in came if dora.person.uri.encode() in sent}
        assert outcomes == {
            ("Follow", "invalid"), ("Accept", "unrelated"), ("Announce", "invalid"), ("Like", "unrelated"),
            ("Create", "applied"),
        }  # fmt: skip

        async def both() -> tuple[SyncFigures, SyncFigures]:
            return await compare(lisbon, madrid, madrid), await compare(madrid, lisbon, lisbon)

        assert [is_open(found) for found in await both()] == [False, False]
        assert await posts_of(lisbon, dora.person.uri) == known
        assert not (await bea.relationship(dora))["following"]
        # The name is free: whoever gets it is somebody else for everybody.
        anew = await seat(madrid, "dora")
        assert anew.person.uri != dora.person.uri
        clock.advance(days=1, minutes=1)  # so long a handle is taken to mean whom it meant
        found = await bea.get("/api/v1/accounts/search", q=f"@{dora.acct}", resolve=True)
        (new,) = [one["id"] for one in found if one["acct"] == dora.acct]
        body(await bea.api.post(f"/api/v1/accounts/{new}/follow"))
        await run_until_idle(madrid, lisbon)
        again = body(await anew.api.post(STATUSES, {"status": "Otra vez"}))
        await run_until_idle(madrid, lisbon)
        assert await bea.finds(again["uri"]) is not None
        assert await posts_of(lisbon, dora.person.uri) == known
        assert [is_open(found) for found in await both()] == [False, False]
