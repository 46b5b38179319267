import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from keys.keypairs import KeyRejected, ServerKey, load_server_key


@pytest.fixture
def server_key() -> ServerKey:
    return ServerKey(bytes(range(32)))


def test_what_is_sealed_opens(server_key: ServerKey) -> None:
    sealed = server_key.seal(b"secret", bound_to=b"account 1")
    assert b"secret" not in sealed
    assert server_key.open(sealed, bound_to=b"account 1") == b"secret"


def test_sealing_twice_gives_two_texts(server_key: ServerKey) -> None:
    assert server_key.seal(b"secret") != server_key.seal(b"secret")


def test_a_sealed_value_does_not_open_in_another_place(server_key: ServerKey) -> None:
    with pytest.raises(KeyRejected):
        server_key.open(server_key.seal(b"secret", bound_to=b"account 1"), bound_to=b"account 2")


def test_a_sealed_value_does_not_open_under_another_key(server_key: ServerKey) -> None:
    with pytest.raises(KeyRejected):
        ServerKey(bytes(32)).open(server_key.seal(b"secret"))


def test_any_altered_byte_is_noticed(server_key: ServerKey) -> None:
    sealed = server_key.seal(b"secret")
    for position in range(len(sealed)):
        altered = bytearray(sealed)
        altered[position] ^= 1
        with pytest.raises(KeyRejected):
            server_key.open(bytes(altered))
        with pytest.raises(KeyRejected):
            server_key.open(sealed[:position])


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_secrets_of_another_size_are_refused(size: int) -> None:
    with pytest.raises(KeyRejected):
        ServerKey(bytes(size))


def test_the_key_file_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "server.key"
    sealed = load_server_key(path).seal(b"secret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_server_key(path).open(sealed) == b"secret"
    assert [entry.name for entry in path.parent.iterdir()] == ["server.key"]


def test_processes_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    path = tmp_path / "server.key"
    with ThreadPoolExecutor(8) as pool:
        loaded = list(pool.map(load_server_key, [path] * 16))
    sealed = loaded[0].seal(b"secret")
    assert {key.open(sealed) for key in loaded} == {b"secret"}


@pytest.mark.parametrize("content", ["", "00" * 16, "zz" * 32, "ü"])
def test_a_damaged_key_file_is_refused_and_kept(tmp_path: Path, content: str) -> None:
    path = tmp_path / "server.key"
    path.write_text(content, "utf-8")
    with pytest.raises(KeyRejected):
        load_server_key(path)
    assert path.read_text("utf-8") == content
