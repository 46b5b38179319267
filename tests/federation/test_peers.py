"""Who may talk to us: closed and open networks, every spelling of a domain, changes here and elsewhere."""

import pytest
from sqlalchemy import event

from federation.peers import PeerDirectory, PeerState, domain_of
from models import Database
from tests.conftest import Clock


async def directory(database: Database, *, is_closed: bool = True) -> PeerDirectory:
    peers = PeerDirectory(database, is_closed=is_closed)
    async with database.unit_of_work() as unit:
        await peers.admit(unit, "good.test")
        await peers.suspend(unit, "evil.test")
        await peers.end(unit, "müller.test")
    return await peers.refreshed()


GOOD = ["good.test", "GOOD.test", "good.test.", "good.test:443", "good.test:80"]
BAD = [
    "evil.test", "EVIL.Test", "evil.test.", "evil.test:443", "evil.test:8443", "a.evil.test", "a.b.EVIL.test.:8443",
    "müller.test", "MÜLLER.test", "xn--mller-kva.test", "www.xn--mller-kva.test",
]  # fmt: skip
STRANGE = ["", ".", "good.test@evil.test", "good.test/evil.test", "good.test:x", "..", "a..b", "good.test#"]


@pytest.mark.parametrize("host", GOOD)
async def test_a_confirmed_peer_may_talk_in_any_spelling(database: Database, host: str) -> None:
    assert (await directory(database)).allows(host)
    assert (await directory(database, is_closed=False)).allows(host)


@pytest.mark.parametrize("host", BAD)
async def test_a_forbidden_peer_may_not_in_any_spelling(database: Database, host: str) -> None:
    assert not (await directory(database)).allows(host)
    assert not (await directory(database, is_closed=False)).allows(host)


@pytest.mark.parametrize("host", STRANGE)
async def test_what_is_no_host_may_not(database: Database, host: str) -> None:
    assert not (await directory(database)).allows(host)
    assert not (await directory(database, is_closed=False)).allows(host)


@pytest.mark.parametrize("host", ["other.test", "sub.good.test", "good.test:8443", "notgood.test", "127.0.0.1:9000"])
async def test_a_closed_network_knows_only_the_exact_names_of_its_peers(database: Database, host: str) -> None:
    assert not (await directory(database)).allows(host)
    assert (await directory(database, is_closed=False)).allows(host)


async def test_a_decision_of_its_own_beats_one_about_the_name_above(database: Database) -> None:
    peers = await directory(database, is_closed=False)
    async with database.unit_of_work() as unit:
        await peers.admit(unit, "honest.evil.test")
    assert peers.allows("honest.evil.test")
    assert not peers.allows("other.evil.test")
    assert not peers.allows("a.honest.evil.test")


async def test_our_own_host_is_nobody_s_to_decide(database: Database) -> None:
    peers = await directory(database)
    assert peers.allows("office.test")
    async with database.unit_of_work() as unit:
        for change in (peers.admit, peers.suspend, peers.end):
            with pytest.raises(ValueError, match="own peer"):
                await change(unit, "OFFICE.test.")


@pytest.mark.parametrize(
    "url", ["https://good.test@evil.test/", "https://good.test:pw@evil.test/x", "nonsense", "https://"]
)
async def test_a_url_with_a_second_meaning_belongs_to_no_peer(database: Database, url: str) -> None:
    peers = await directory(database, is_closed=False)
    assert not peers.allows_url(url)
    with pytest.raises(ValueError, match=r"."):
        domain_of(url)
    assert peers.allows_url("https://GOOD.test/users/bob#main-key")


async def test_a_change_here_counts_from_its_commit(database: Database) -> None:
    peers = await directory(database)
    async with database.unit_of_work() as unit:
        await peers.suspend(unit, "good.test", "their server was broken into")
        assert peers.allows("good.test")
    assert not peers.allows("good.test")
    assert peers.state_of("Good.test") is PeerState.SUSPENDED
    row = await peers.show("GOOD.test.")
    assert row is not None
    assert (row.state, row.note) == ("suspended", "their server was broken into")
    assert [peer.domain for peer in await peers.list()] == ["evil.test", "good.test", "xn--mller-kva.test"]


async def test_a_change_that_is_rolled_back_does_not_count(database: Database) -> None:
    peers = await directory(database)

    async def end_and_fail() -> None:
        async with database.unit_of_work() as unit:
            await peers.end(unit, "good.test")
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await end_and_fail()
    assert (await peers.refreshed()).allows("good.test")


async def test_a_change_elsewhere_counts_after_seconds_and_costs_no_sql_before(
    database: Database, clock: Clock
) -> None:
    here = await directory(database)
    there = PeerDirectory(database, is_closed=True)
    async with database.unit_of_work() as unit:
        await there.end(unit, "good.test")
    statements: list[str] = []
    async with database.reading() as session:
        engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    clock.advance(seconds=4)
    assert (await here.refreshed()).allows("good.test")
    assert statements == []
    clock.advance(seconds=2)
    assert not (await here.refreshed()).allows("good.test")
    assert [text.partition(" ")[0] for text in statements if text != "BEGIN"] == ["SELECT"]


@pytest.mark.parametrize("domain", ["", "a b", "https://good.test", "user@good.test", "good.test/x"])
async def test_only_domains_can_be_peers(database: Database, domain: str) -> None:
    peers = await directory(database)
    async with database.unit_of_work() as unit:
        with pytest.raises(ValueError, match="not a domain"):
            await peers.admit(unit, domain)
