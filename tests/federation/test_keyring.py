"""Private keys: sealed at rest, opened once, replaced with an overlap."""

import asyncio

import pytest
from sqlalchemy import event, select, update

from federation.trust.keyring import Keyring, NoSigningKey
from keys.keypairs import KeyKind, KeyRejected, PrivateKey, ServerKey, generate_rsa
from models import Database
from models.accounts import Account, Keypair
from tests.conftest import Clock
from tests.federation.conftest import NewAccount


@pytest.fixture
async def alice(database: Database, keyring: Keyring, new_account: NewAccount) -> Account:
    account = await new_account("alice")
    async with database.unit_of_work() as unit:
        await keyring.create_keys(unit, account)
    return account


async def rows_of(database: Database, account: Account) -> list[Keypair]:
    async with database.reading() as session:
        statement = select(Keypair).where(Keypair.account_id == account.id).order_by(Keypair.id)
        return list(await session.scalars(statement))


async def listed_ids(database: Database, keyring: Keyring, account: Account) -> list[str]:
    async with database.reading() as session:
        return [row.key_id.partition("#")[2] for row in await keyring.public_keys(session, account.id)]


async def test_an_account_gets_one_key_of_each_kind(database: Database, keyring: Keyring, alice: Account) -> None:
    assert await listed_ids(database, keyring, alice) == ["main-key", "ed25519-key"]
    assert (await keyring.signing_key(alice.id, KeyKind.RSA)).key_id == f"{alice.uri}#main-key"
    ed25519 = await keyring.signing_key(alice.id, KeyKind.ED25519)
    rows = await rows_of(database, alice)
    assert [row.kind for row in rows] == ["rsa", "ed25519"]
    assert rows[1].public_pem == ed25519.private.public.pem


async def test_private_keys_rest_sealed(database: Database, alice: Account) -> None:
    for row in await rows_of(database, alice):
        assert row.private_sealed is not None
        assert b"PRIVATE" not in row.private_sealed


async def test_a_sealed_key_opens_under_its_own_name_only(database: Database, keyring: Keyring, alice: Account) -> None:
    async with database.unit_of_work() as unit:
        statement = update(Keypair).where(Keypair.account_id == alice.id, Keypair.kind == "rsa")
        await unit.session.execute(statement.values(key_id=f"{alice.uri}#another"))
    with pytest.raises(KeyRejected):
        await keyring.signing_key(alice.id, KeyKind.RSA)


async def test_another_server_key_opens_nothing(database: Database, alice: Account) -> None:
    with pytest.raises(KeyRejected):
        await Keyring(database, ServerKey(b"x" * 32)).signing_key(alice.id, KeyKind.RSA)


async def test_who_has_no_key_can_not_sign(keyring: Keyring, new_account: NewAccount) -> None:
    carol = await new_account("carol", domain="peer.test")
    with pytest.raises(NoSigningKey):
        await keyring.signing_key(carol.id, KeyKind.RSA)


async def test_many_who_sign_at_once_open_the_key_once(
    database: Database, keyring: Keyring, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    parse = PrivateKey.from_pem
    monkeypatch.setattr(PrivateKey, "from_pem", lambda pem: opened.append(pem) or parse(pem))
    found = await asyncio.gather(*(keyring.signing_key(alice.id, KeyKind.RSA) for _ in range(20)))
    assert len(opened) == 1
    assert len({id(key.private) for key in found}) == 1

    statements: list[str] = []
    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    await keyring.signing_key(alice.id, KeyKind.RSA)
    assert statements == []


async def test_after_a_rotation_new_keys_sign_and_old_ones_still_verify_for_a_week(
    database: Database, keyring: Keyring, alice: Account, clock: Clock
) -> None:
    await keyring.signing_key(alice.id, KeyKind.RSA)
    async with database.unit_of_work() as unit:
        await keyring.rotate(unit, alice)
    assert (await keyring.signing_key(alice.id, KeyKind.RSA)).key_id == f"{alice.uri}#main-key-2"
    assert await listed_ids(database, keyring, alice) == ["main-key", "ed25519-key", "main-key-2", "ed25519-key-2"]
    clock.advance(days=6, hours=23)
    assert len(await listed_ids(database, keyring, alice)) == 4
    clock.advance(hours=2)
    assert await listed_ids(database, keyring, alice) == ["main-key-2", "ed25519-key-2"]


async def test_a_second_rotation_leaves_the_end_of_the_first_alone(
    database: Database, keyring: Keyring, alice: Account, clock: Clock
) -> None:
    for _ in range(2):
        async with database.unit_of_work() as unit:
            await keyring.rotate(unit, alice)
        clock.advance(days=4)
    assert await listed_ids(database, keyring, alice) == ["main-key-2", "ed25519-key-2", "main-key-3", "ed25519-key-3"]


async def test_a_rotation_that_is_rolled_back_changes_nothing(
    database: Database, keyring: Keyring, alice: Account
) -> None:
    async def rotate_and_fail() -> None:
        async with database.unit_of_work() as unit:
            await keyring.rotate(unit, alice)
            raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        await rotate_and_fail()
    assert (await keyring.signing_key(alice.id, KeyKind.RSA)).key_id == f"{alice.uri}#main-key"
    assert await listed_ids(database, keyring, alice) == ["main-key", "ed25519-key"]


async def test_another_process_notices_a_rotation_within_minutes(
    database: Database, keyring: Keyring, alice: Account, server_key: ServerKey, clock: Clock
) -> None:
    worker = Keyring(database, server_key)
    before = await worker.signing_key(alice.id, KeyKind.RSA)
    clock.advance(minutes=6)
    assert (await worker.signing_key(alice.id, KeyKind.RSA)).private is before.private
    async with database.unit_of_work() as unit:
        await keyring.rotate(unit, alice)
    assert await worker.signing_key(alice.id, KeyKind.RSA) == before
    clock.advance(minutes=6)
    assert (await worker.signing_key(alice.id, KeyKind.RSA)).key_id == f"{alice.uri}#main-key-2"


def test_by_default_keys_are_new() -> None:
    assert generate_rsa().public.pem != generate_rsa().public.pem
