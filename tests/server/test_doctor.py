"""What the doctor finds: each thing that is wrong, with a sentence that says what to do, and nothing else."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from server.doctor import Finding, Verdict, check_clock, check_database, examine
from server.settings import Settings, load_settings
from server.tls_check import Door, look_at
from tests.conftest import Clock
from tests.federation.loopback_servers import certificate_for
from tests.peers import Office
from tests.remote_peers import RemoteServer
from tests.server.command_line import CommandLine


async def findings(settings: Settings) -> dict[str, Finding]:
    return {finding.check: finding async for finding in examine(settings)}


async def test_an_office_that_runs_is_fine(two_offices: tuple[Office, Office]) -> None:
    madrid, lisbon = two_offices
    found = await findings(madrid.settings)
    # Where ffmpeg isn't installed, the doctor says so.
    assert {finding.verdict for check, finding in found.items() if check != "media"} == {Verdict.FINE}
    for check in (
        "settings",
        "database",
        "own name",
        "own server",
        "own WebFinger",
        "own actor",
        "clock",
        f"peer {lisbon.domain}",
    ):
        assert check in found
    assert "tertulia" in found[f"peer {lisbon.domain}"].sentence.lower()


async def test_a_server_that_does_not_run_is_found(environ: dict[str, str]) -> None:
    found = await findings(load_settings(None, environ | {"TERTULIA_DOMAIN": "madrid.localhost:9"}))
    for check in ("own server", "own WebFinger", "own actor"):
        assert found[check].verdict is Verdict.WRONG
    assert "tertulia serve" in found["own server"].sentence
    assert found["peers"].verdict is Verdict.NOTE


async def test_a_peer_that_does_not_answer_is_found(office: Office) -> None:
    await office.confirm("127.0.0.9:9")
    found = await findings(office.settings)
    assert found["peer 127.0.0.9:9"].verdict is Verdict.WRONG
    assert "DNS and firewall" in found["peer 127.0.0.9:9"].sentence


async def test_a_peer_of_other_make_is_fine(office: Office, remote: RemoteServer) -> None:
    found = await findings(office.settings)
    assert found[f"peer {remote.host}"] == Finding(
        f"peer {remote.host}", Verdict.FINE, "It answers and runs mastodon 4.5.0."
    )


async def test_a_peer_that_does_not_take_us_for_one_is_found(two_offices: tuple[Office, Office]) -> None:
    madrid, lisbon = two_offices
    await lisbon.suspend(madrid)
    found = (await findings(madrid.settings))[f"peer {lisbon.domain}"]
    assert found.verdict is Verdict.WRONG
    assert "doesn't take what we sign for that of a peer" in found.sentence
    assert f"`tertulia peer show {madrid.domain}`" in found.sentence
    assert "firewall" not in found.sentence


async def test_names_and_certificates_are_looked_at(tmp_path: Path, clock: Clock) -> None:
    async def looked_at(name: str, days: int, *, is_trusted: bool = True) -> Door:
        server_side, client_side = certificate_for(tmp_path, name, valid_for=timedelta(days=days))
        server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=server_side)
        async with server:
            port = server.sockets[0].getsockname()[1]
            context = client_side if is_trusted else None
            return await look_at(f"localhost:{port}", is_plain=False, context=context)

    fresh = await looked_at("localhost", 60)
    assert (fresh.problem, fresh.soon(clock())) == (None, False)
    ending = await looked_at("localhost", 3)
    assert (ending.problem, ending.soon(clock())) == (None, True)
    for name, days, is_trusted in (("localhost", -1, True), ("other.test", 60, True), ("localhost", 60, False)):
        problem = (await looked_at(name, days, is_trusted=is_trusted)).problem
        assert problem is not None
        assert "The certificate of localhost is refused" in problem
    assert "Nothing speaks TLS" in ((await look_at("localhost:9", is_plain=False)).problem or "")
    assert (await look_at("localhost:9", is_plain=True)).problem is None
    assert "DNS" in ((await look_at("no-such-office.invalid", is_plain=True)).problem or "")


async def test_a_wrong_clock_is_found(office: Office, remote: RemoteServer, clock: Clock) -> None:
    peers = await office.services.peers.list()
    assert (await check_clock(office.services, peers)).verdict is Verdict.FINE
    clock.offset = timedelta(minutes=5)
    found = await check_clock(office.services, peers)
    assert found.verdict is Verdict.WRONG
    assert "NTP" in found.sentence


async def test_a_server_key_that_others_can_read_is_found(office: Office) -> None:
    office.settings.server_key_file.chmod(0o644)
    found = (await findings(office.settings))["server key"]
    assert found.verdict is Verdict.WRONG
    assert "chmod 600" in found.sentence


async def test_an_empty_postgresql_has_to_be_migrated(postgres_url_without_tables: str, office: Office) -> None:
    found = await check_database(replace(office.settings, database_url=postgres_url_without_tables))
    assert found.verdict is Verdict.WRONG
    assert "tertulia migrate" in found.sentence


async def test_a_database_out_of_reach_is_found(office: Office) -> None:
    settings = replace(office.settings, database_url="postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    found = await findings(settings)
    assert found["database"].verdict is Verdict.WRONG
    assert "own server" not in found


def test_the_exit_code_tells_whether_something_is_wrong(run: CommandLine) -> None:
    run.environ["TERTULIA_DOMAIN"] = "madrid.localhost:9"
    outcome = run("doctor")
    assert outcome.exit_code == 1
    assert "WRONG own server" in outcome.output
    listed = run("doctor", "--json").json
    assert {"check": "own server", "verdict": "wrong"}.items() <= next(
        finding for finding in listed if finding["check"] == "own server"
    ).items()


@pytest.mark.parametrize("as_json", [True, False])
def test_wrong_settings_are_findings(as_json: bool) -> None:
    outcome = CommandLine({"TERTULIA_FEDERATION": "half"})("doctor", *(["--json"] if as_json else []))
    assert outcome.exit_code == 1
    assert "TERTULIA_DOMAIN" in outcome.output
