"""People of an office: what their deletion, suspension and rotation mean to themselves and to peers."""

import pytest

from server import users
from server.passwords import PasswordRefused, generate_password, hash_password, is_password
from server.users import Person, UserRefused
from tests.peers import Office, run_until_idle
from tests.remote_peers import RemoteServer


async def person(office: Office, name: str) -> Person:
    async with office.services.database.reading() as session:
        return await users.get_user(session, name)


@pytest.mark.parametrize("name", ["a", "ana", "ana.garcia", "ana-garcia", "a_b", "7", "x" * 30, "_"])
def test_names_that_can_be(name: str) -> None:
    assert users.check_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "Ana", ".ana", "ana.", "-a", "a-", "a b", "a@b", "x" * 31, "root", "instance.actor"]
)
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(UserRefused):
        users.check_name(name)


def test_a_password_is_known_by_its_hash_only() -> None:
    hashed = hash_password("correct horse")
    assert hashed.startswith("$argon2id$")
    assert is_password(hashed, "correct horse")
    assert not is_password(hashed, "correct horsf")
    assert not is_password(None, "correct horse")
    assert not is_password("nonsense", "correct horse")


@pytest.mark.parametrize("password", ["", "1234567", "x" * 257])
def test_passwords_that_nobody_should_have(password: str) -> None:
    with pytest.raises(PasswordRefused):
        hash_password(password)


def test_made_up_passwords_differ() -> None:
    assert generate_password() != generate_password()


async def test_peers_hear_of_a_deletion(office: Office, remote: RemoteServer) -> None:
    alice = await office.create_person("alice")
    carol = await remote.actor("carol")
    assert (await carol.post(alice.inbox_url, carol.follow(alice.uri))).status == 202
    await office.run_until_idle()
    assert await remote.verify(remote.received.pop())  # from now on the server has the key, as it will need it

    async with office.services.database.unit_of_work() as unit:
        await users.delete_user(unit, office.services, await users.get_user(unit.session, "alice"))
    await office.run_until_idle()

    (delete,) = remote.received
    assert (delete.type, delete.json["object"]) == ("Delete", alice.uri)
    assert await remote.verify(delete)
    assert (await carol.get(alice.uri)).status == 410
    with pytest.raises(UserRefused):
        await person(office, "alice")


async def test_peers_hear_of_new_keys_and_old_signatures_hold(office: Office, remote: RemoteServer) -> None:
    alice = await office.create_person("alice")
    carol = await remote.actor("carol")
    await carol.post(alice.inbox_url, carol.follow(alice.uri))
    await office.run_until_idle()
    (accepted,) = remote.received
    remote.received.clear()

    async with office.services.database.unit_of_work() as unit:
        await users.rotate_keys(unit, office.services, await users.get_user(unit.session, "alice"))
    await run_until_idle(office)

    (update,) = remote.received
    assert update.type == "Update"
    assert (await remote.verify(accepted)).key_id == f"{alice.uri}#main-key"
    assert (await remote.verify(update)).key_id == f"{alice.uri}#main-key-2"


async def test_somebody_suspended_is_hidden(office: Office, remote: RemoteServer) -> None:
    alice = await office.create_person("alice")
    carol = await remote.actor("carol")
    assert (await carol.get(alice.uri)).status == 200
    async with office.services.database.unit_of_work() as unit:
        assert await users.suspend_user(unit, await users.get_user(unit.session, "alice"))
    assert (await carol.get(alice.uri)).status == 404
    assert (await office.get(f"/.well-known/webfinger?resource=acct:{alice.acct}")).status == 404
