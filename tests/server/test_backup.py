"""Backup and restore: one file, whatever database, nothing in the clear, nothing half done."""

import asyncio
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import select

from keys.sealed_stream import CHUNK_BYTES, SealRefused
from models.activities import OutboundActivity
from models.statuses import Status
from models.sync import THE_STATE, SyncState
from server.backup.reading import verify
from server.backup.restoring import restore
from server.backup.rows import columns_of, tables_to_save
from server.backup.saving import BackupRefused, Saved, save
from server.context import open_database
from tests.api.across import STATUSES, body
from tests.conftest import NewDatabase
from tests.fixtures_offices import OpenOffice
from tests.media_files import png
from tests.peers import Office, settings_for
from tests.server.command_line import CommandLine

PASSPHRASE = "un caballo, una pila, una grapa"
CHEAP = 10  # of scrypt: what it costs is not what is tested


def quiet(_name: str, _size: int) -> None:
    """Nobody watches."""


async def saved(office: Office, target: Path) -> Saved:
    return await save(office.settings, office.services.database, target, PASSPHRASE, progress=quiet, cost=CHEAP)


async def write(office: Office, token: str, count: int) -> list[str]:
    return [body(await office.api(token).post(STATUSES, {"status": f"Número {n}"}))["uri"] for n in range(count)]


async def test_an_office_is_saved_while_it_is_written_to_and_restored_elsewhere(
    office: Office, new_database_url: NewDatabase, tmp_path: Path
) -> None:
    ana = await office.create_person("ana")
    form = aiohttp.FormData()
    form.add_field("file", png(), filename="foto.png", content_type="image/png")
    media = body(await office.api(ana).post("/api/v2/media", form))
    before = body(await office.api(ana).post(STATUSES, {"status": "Con foto", "media_ids": [media["id"]]}))
    target = tmp_path / "madrid"
    made, written = await asyncio.gather(saved(office, target), write(office, ana.token, 20))
    assert made.rows["statuses"] <= 1 + len(written)
    assert made.files >= 1
    with pytest.raises(BackupRefused, match="already"):
        await saved(office, target)
    raw = target.read_bytes()
    assert b"Con foto" not in raw
    assert target.stat().st_mode & 0o077 == 0
    assert verify(target, PASSPHRASE, progress=quiet).domain == office.domain

    settings = settings_for(office.domain, await new_database_url(), tmp_path / "again")
    assert not [table for table in tables_to_save() if "derived" in dict(columns_of(table)).values()]
    manifest = await restore(settings, target, PASSPHRASE, replace=False, progress=quiet)
    database = open_database(settings)
    try:
        async with database.reading() as session:
            statuses = set(await session.scalars(select(Status.uri)))
            activities = (await session.scalars(select(OutboundActivity.uri))).all()
            state = await session.get_one(SyncState, THE_STATE)
    finally:
        await database.close()
    assert before["uri"] in statuses <= {before["uri"], *written}
    assert len(statuses) == made.rows["statuses"] <= len(activities)
    assert (state.resumed_from, state.restored_at is not None) == (manifest.made_at, True)
    assert settings.server_key_file.read_bytes() == office.settings.server_key_file.read_bytes()
    assert len([path for path in settings.media_dir.rglob("*") if path.is_file()]) == made.files
    with pytest.raises(BackupRefused, match="--replace"):
        await restore(settings, target, PASSPHRASE, replace=False, progress=quiet)
    await restore(settings, target, PASSPHRASE, replace=True, progress=quiet)
    assert list((tmp_path / "again").glob("replaced-*/server.key"))


async def test_a_file_that_is_not_right_changes_nothing(
    office: Office, new_database_url: NewDatabase, tmp_path: Path
) -> None:
    ana = await office.create_person("ana")
    await write(office, ana.token, 1)
    (office.settings.media_dir / "zz").mkdir(parents=True)
    (office.settings.media_dir / "zz" / "zz-large").write_bytes(bytes(range(256)) * 4096)
    target = tmp_path / "madrid"
    await saved(office, target)
    raw = target.read_bytes()
    first, chunk = 42 + 16, CHUNK_BYTES + 16
    parts = [raw[:first], raw[first : first + chunk], raw[first + chunk : first + 2 * chunk], raw[first + 2 * chunk :]]
    harmed = {
        "wrong passphrase": raw,
        "cut off": raw[:-100],
        "cut at a chunk": parts[0] + parts[1],
        "altered": raw[:-5000] + bytes([raw[-5000] ^ 1]) + raw[-4999:],
        "exchanged": parts[0] + parts[2] + parts[1] + parts[3],
        "no backup": b"PK" + raw,
    }
    settings = settings_for(office.domain, await new_database_url(), tmp_path / "again")
    for harm, content in harmed.items():
        target.write_bytes(content)
        passphrase = "otra frase" if harm == "wrong passphrase" else PASSPHRASE
        with pytest.raises(SealRefused) as refusal:
            verify(target, passphrase, progress=quiet)
        assert ("passphrase" in str(refusal.value)) == (harm == "wrong passphrase"), harm
        with pytest.raises(SealRefused):
            await restore(settings, target, passphrase, replace=True, progress=quiet)
    assert not settings.server_key_file.exists()
    assert not settings.media_dir.exists()
    database = open_database(settings)
    try:
        async with database.reading() as session:
            assert (await session.scalars(select(Status.id))).all() == []
    finally:
        await database.close()


async def test_an_office_does_not_take_over_the_name_of_another(
    office: Office, open_office: OpenOffice, tmp_path: Path
) -> None:
    target = tmp_path / "madrid"
    await saved(office, target)
    lisbon = await open_office("lisbon")
    with pytest.raises(BackupRefused, match="take over"):
        await restore(lisbon.settings, target, PASSPHRASE, replace=True, progress=quiet)


def test_the_commands_save_check_and_restore(run: CommandLine, tmp_path: Path) -> None:
    assert run("user", "create", "ana", "--email", "ana@madrid.example", "--password", "correct horse").exit_code == 0
    target, secret = str(tmp_path / "backup"), tmp_path / "passphrase"
    secret.write_text("short", "utf-8")
    assert "at least" in run("backup", target, "--passphrase-file", str(secret)).errors
    secret.write_text(f"{PASSPHRASE}\nnothing of this", "utf-8")
    assert "rows" in run("backup", target, "--passphrase-file", str(secret)).output
    assert "already" in run("backup", target, "--passphrase-file", str(secret)).errors
    run.environ["TERTULIA_BACKUP_PASSPHRASE"] = PASSPHRASE
    assert "is whole" in run("backup", "--verify", target).output
    refused = run("restore", target)
    assert (refused.exit_code, "--replace" in refused.errors) == (1, True)
    assert run("user", "create", "bea", "--email", "bea@madrid.example", "--password", "correct horse").exit_code == 0
    assert "catches up" in run("restore", target, "--replace").output
    assert [user["email"] for user in run("user", "list", "--json").json] == ["ana@madrid.example"]
    run.environ["TERTULIA_BACKUP_PASSPHRASE"] = "another passphrase"
    assert "passphrase is wrong" in run("backup", "--verify", target).errors
