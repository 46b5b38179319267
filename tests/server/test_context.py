"""Opening the services of an office: what is made at the first start, and what stops a start."""

import asyncio
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from federation.peers.finding import instance_actor_name
from keys.keypairs import KeyKind
from models.accounts import INSTANCE_ACTOR_ID, Account, Keypair
from server.context import open_services
from server.migrate import DatabaseNotReady
from server.settings import Settings, SettingsError, load_settings
from tests.remote_peers import pooled_rsa


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    return load_settings(None, environ)


async def test_the_first_start_makes_the_instance_actor_and_the_next_keeps_it(settings: Settings) -> None:
    for _ in range(2):
        async with open_services(settings, new_rsa=pooled_rsa) as services:
            async with services.database.reading() as session:
                (actor,) = await session.scalars(select(Account))
                assert await session.scalar(select(func.count()).select_from(Keypair)) == 2
            assert (actor.id, actor.uri) == (INSTANCE_ACTOR_ID, "http://madrid.localhost:8001/actor")
            assert (actor.username, actor.actor_type) == ("madrid.localhost", "Application")
            key = await services.keyring.signing_key(INSTANCE_ACTOR_ID, KeyKind.ED25519)
            assert key.key_id.startswith(actor.uri)


async def test_the_instance_actor_follows_the_settings(settings: Settings) -> None:
    async with open_services(settings, new_rsa=pooled_rsa):
        pass
    renamed = replace(settings, instance_name="Oficina de Madrid")
    async with open_services(renamed, new_rsa=pooled_rsa) as services, services.database.reading() as session:
        actor = await session.get(Account, INSTANCE_ACTOR_ID)
    assert actor is not None
    assert actor.display_name == "Oficina de Madrid"


async def test_two_processes_may_start_at_once(settings: Settings) -> None:
    async def start() -> None:
        async with open_services(settings, new_rsa=pooled_rsa):
            pass

    await asyncio.gather(start(), start())


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("madrid.example", "madrid.example"),
        ("madrid.localhost:8001", "madrid.localhost"),
        ("127.0.0.1:8080", "127.0.0.1"),
        ("[::1]:8080", "instance.actor"),
        ("[::1]", "instance.actor"),
    ],
)
def test_the_instance_actor_is_named_after_the_host(domain: str, name: str) -> None:
    assert instance_actor_name(domain) == name


async def test_the_server_key_is_for_this_user_only(settings: Settings) -> None:
    async with open_services(settings, new_rsa=pooled_rsa):
        assert stat.S_IMODE(settings.server_key_file.stat().st_mode) == 0o600


async def test_another_server_key_opens_nothing(settings: Settings) -> None:
    async with open_services(settings, new_rsa=pooled_rsa):
        pass
    settings.server_key_file.write_text("00" * 32)
    with pytest.raises(SettingsError, match=r"server\.key is not the key of this database"):
        async with open_services(settings, new_rsa=pooled_rsa):
            pass


async def test_the_data_of_another_domain_is_refused(settings: Settings) -> None:
    async with open_services(settings, new_rsa=pooled_rsa):
        pass
    with pytest.raises(SettingsError, match=r"belongs to madrid\.localhost"):
        async with open_services(replace(settings, domain="lisbon.localhost:8001")):
            pass


async def test_an_embedded_database_is_made_and_migrated_on_the_spot(tmp_path: Path) -> None:
    settings = load_settings(None, {"TERTULIA_DOMAIN": "madrid.localhost:8001", "TERTULIA_DATA_DIR": str(tmp_path)})
    async with open_services(settings, new_rsa=pooled_rsa) as services:
        assert await services.database.is_reachable()
    assert Path(make_url(settings.database_url).database or "").parent == tmp_path


async def test_postgresql_is_never_migrated_by_a_start(postgres_url_without_tables: str, settings: Settings) -> None:
    empty = replace(settings, database_url=postgres_url_without_tables)
    with pytest.raises(DatabaseNotReady, match="run `tertulia migrate`"):
        async with open_services(empty, new_rsa=pooled_rsa):
            pass
