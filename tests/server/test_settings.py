"""Settings: what is accepted, what is refused, and that everything wrong is told at once."""

from dataclasses import fields
from ipaddress import ip_network
from pathlib import Path

import pytest

from server.settings import (
    SETTINGS,
    Settings,
    SettingsError,
    check_data_dir_belongs,
    load_settings,
    settings_help,
)


def from_environment(**variables: str) -> Settings:
    environ = {"TERTULIA_DOMAIN": "madrid.example"}
    environ.update({f"TERTULIA_{name.upper()}": value for name, value in variables.items()})
    return load_settings(None, environ)


def problems_of(**variables: str) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        from_environment(**variables)
    return refused.value.problems


def test_a_domain_is_all_that_an_office_needs() -> None:
    settings = from_environment()

    assert settings.origin == "https://madrid.example"
    assert settings.database_url == "sqlite+aiosqlite:///data/tertulia.db"
    assert (settings.federation, settings.rate_limits, settings.max_body_bytes) == ("closed", True, 1_048_576)
    assert str(settings.listen) == "127.0.0.1:8080"
    assert settings.server_key_file == Path("data/server.key")
    assert settings.is_embedded
    assert not settings.is_plain_http


def test_a_missing_domain_is_told_with_an_example() -> None:
    with pytest.raises(SettingsError, match=r"TERTULIA_DOMAIN is missing: set it to .* madrid\.example"):
        load_settings(None, {})


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    config = tmp_path / "tertulia.toml"
    config.write_text(
        'domain = "lisbon.example"\nfederation = "open"\nrate_limits = false\nmax_body_bytes = 65536\n'
        'allowed_addresses = ["10.0.0.0/8", "fd00::/8"]\n'
    )

    settings = load_settings(config, {"TERTULIA_FEDERATION": "closed", "TERTULIA_LISTEN": "  "})

    assert (settings.domain, settings.federation, settings.rate_limits) == ("lisbon.example", "closed", False)
    assert settings.max_body_bytes == 65_536
    assert settings.allowed_addresses == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    assert load_settings(None, {"TERTULIA_CONFIG": str(config)}).federation == "open"


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    config = tmp_path / "tertulia.toml"
    config.write_text('rate_limit = true\nlog_format = "xml"\ncolour = "red"\n')

    with pytest.raises(SettingsError) as refused:
        load_settings(
            config, {"TERTULIA_FEDERATION": "half", "TERTULIA_DATABSE_URL": "x", "TERTULIA_TEST_BACKENDS": "x"}
        )

    text = "\n".join(refused.value.problems)
    assert len(refused.value.problems) == 6
    assert f"rate_limit in {config} is no setting: did you mean rate_limits?" in text
    assert f"colour in {config} is no setting: remove it" in text
    assert "TERTULIA_DATABSE_URL in the environment is no setting: did you mean TERTULIA_DATABASE_URL?" in text
    assert "TERTULIA_FEDERATION is 'half', but must be one of closed, open." in text
    assert f"log_format in {config} is 'xml', but must be one of json, text." in text
    assert "TERTULIA_DOMAIN is missing" in text


@pytest.mark.parametrize("content", ["domain = ", "\xff".encode("latin-1").decode("latin-1") + "=1", None])
def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path, content: str | None) -> None:
    config = tmp_path / "tertulia.toml"
    if content is not None:
        config.write_text(content, "latin-1")
    with pytest.raises(SettingsError, match=r"tertulia\.toml"):
        load_settings(config, {"TERTULIA_DOMAIN": "madrid.example"})


@pytest.mark.parametrize(
    ("written", "domain"),
    [
        ("Madrid.Example", "madrid.example"),
        ("madrid.example.", "madrid.example"),
        ("madrid.example:443", "madrid.example"),
        ("madrid.example:8443", "madrid.example:8443"),
        ("málaga.example", "xn--mlaga-xqa.example"),
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("127.9.0.3:9000", "127.9.0.3:9000"),
        ("madrid.localhost:8001", "madrid.localhost:8001"),
        ("[::1]:8080", "[::1]:8080"),
    ],
)
def test_domains_are_normalised(written: str, domain: str) -> None:
    assert from_environment(domain=written).domain == domain


@pytest.mark.parametrize(
    "written",
    [
        "https://madrid.example",
        "madrid.example/",
        "ana@madrid.example",
        "a b",
        "300.1.1.1",
        "m.example:0",
        "m.example:70000",
        "-a.example",
        "::1",
        "madrid.example:",
        "*",
    ],
)
def test_what_is_no_domain_is_refused(written: str) -> None:
    assert [problem.split()[0] for problem in problems_of(domain=written)] == ["TERTULIA_DOMAIN"]


@pytest.mark.parametrize(
    ("variables", "origin"),
    [
        ({"domain": "127.0.0.1:8080"}, "http://127.0.0.1:8080"),
        ({"domain": "localhost:80"}, "http://localhost"),
        ({"domain": "madrid.localhost:8001"}, "http://madrid.localhost:8001"),
        ({"domain": "[::1]:8080"}, "http://[::1]:8080"),
        ({"domain": "127.0.0.1:8080", "origin": "https://127.0.0.1:8080"}, "https://127.0.0.1:8080"),
        (
            {"domain": "10.1.2.3:80", "origin": "http://10.1.2.3:80/", "allowed_addresses": "10.0.0.0/8"},
            "http://10.1.2.3",
        ),
        ({"domain": "web:80", "origin": "http://web", "allowed_addresses": "172.16.0.0/12"}, "http://web"),
        ({"domain": "a.test", "origin": "http://a.test", "allowed_addresses": "10.0.0.0/8"}, "http://a.test"),
        ({"domain": "madrid.example", "origin": "https://Social.Madrid.example:443"}, "https://social.madrid.example"),
    ],
)
def test_an_origin_that_keeps_private_what_is_private(variables: dict[str, str], origin: str) -> None:
    assert from_environment(**variables).origin == origin


@pytest.mark.parametrize(
    "variables",
    [
        {"domain": "madrid.example", "origin": "http://madrid.example"},
        {"domain": "madrid.example", "origin": "http://127.0.0.1:8080"},
        {"domain": "madrid.example", "origin": "http://madrid.example", "allowed_addresses": "10.0.0.0/8"},
        {"domain": "10.1.2.3", "origin": "http://10.1.2.3"},
        {"domain": "10.1.2.3", "origin": "http://10.1.2.3", "allowed_addresses": "10.2.0.0/16"},
        {"domain": "8.8.8.8", "origin": "http://8.8.8.8", "allowed_addresses": "10.0.0.0/8"},
        {"domain": "a.test", "origin": "http://a.test"},
        {"domain": "notlocalhost", "origin": "http://notlocalhost"},
    ],
)
def test_a_public_domain_with_http_is_refused_with_what_to_do(variables: dict[str, str]) -> None:
    (problem,) = problems_of(**variables)
    assert problem.startswith(f"TERTULIA_ORIGIN is {variables['origin']}, but")
    assert f"set TERTULIA_ORIGIN=https://{variables['domain']}" in problem


@pytest.mark.parametrize(
    "origin", ["madrid.example", "ftp://madrid.example", "https://m.example/x", "https://u@m.example"]
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    assert [problem.split()[0] for problem in problems_of(origin=origin)] == ["TERTULIA_ORIGIN"]


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("sqlite:///var/t.db", "sqlite+aiosqlite:///var/t.db"),
        ("sqlite:////var/t.db", "sqlite+aiosqlite:////var/t.db"),
        ("postgres://u:p@h/db", "postgresql+asyncpg://u:p@h/db"),
        ("postgresql://u@/db?host=/tmp/x", "postgresql+asyncpg://u@/db?host=/tmp/x"),
        ("postgresql+asyncpg://u@h:5433/db", "postgresql+asyncpg://u@h:5433/db"),
        ("postgresql://h/db?a=1&sslmode=require", "postgresql+asyncpg://h/db?a=1&ssl=require"),
    ],
)
def test_database_urls_get_an_asynchronous_driver(written: str, url: str) -> None:
    assert from_environment(database_url=written).database_url == url


@pytest.mark.parametrize(
    "written", ["mysql://h/db", "tertulia.db", "sqlite://", "sqlite:///:memory:", "postgresql://h:x/d"]
)
def test_other_databases_are_refused(written: str) -> None:
    assert [problem.split()[0] for problem in problems_of(database_url=written)] == ["TERTULIA_DATABASE_URL"]


def test_the_password_of_the_database_is_never_shown() -> None:
    assert "s3cret" not in repr(from_environment(database_url="postgresql://u:s3cret@h/db"))
    assert "s3cret" not in problems_of(database_url="mysql://u:s3cret@h/db")[0]


def test_the_database_follows_the_data_directory(tmp_path: Path) -> None:
    settings = from_environment(data_dir=str(tmp_path))
    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path}/tertulia.db"


def test_networks_are_written_with_commas_and_single_addresses_are_networks() -> None:
    settings = from_environment(allowed_addresses="127.0.0.0/8, 10.0.0.7", trusted_proxies="fd00::/8")
    assert settings.allowed_addresses == (ip_network("127.0.0.0/8"), ip_network("10.0.0.7/32"))
    assert settings.trusted_proxies == (ip_network("fd00::/8"),)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("allowed_addresses", "10.0.0.0/33"),
        ("trusted_proxies", "proxy.example"),
        ("rate_limits", "maybe"),
        ("listen", "8080"),
        ("listen", "127.0.0.1"),
        ("max_body_bytes", "1 MiB"),
        ("max_body_bytes", "1"),
        ("delivery_concurrency", "0"),
        ("database_pool_size", "-1"),
        ("journal_retention_days", "1.5"),
        ("contact_email", "it"),
        ("network_community", "everyone"),
        ("log_level", "loud"),
    ],
)
def test_wrong_values_are_refused(name: str, value: str) -> None:
    (problem,) = problems_of(**{name: value})
    assert problem.startswith(f"TERTULIA_{name.upper()} ")
    assert problem.endswith(".")


def test_a_network_has_one_community_of_everybody() -> None:
    assert from_environment(network_community="@all@hq.example").network_community == "all@hq.example"
    (problem,) = problems_of(network_community="all@hq.example", default_communities="both")
    assert "makes one of its own" in problem


def test_values_of_the_wrong_type_in_the_file_are_refused(tmp_path: Path) -> None:
    config = tmp_path / "tertulia.toml"
    config.write_text(
        "domain = 7\nallowed_addresses = [1]\nmax_body_bytes = true\ndata_dir = ''\n[federation]\nmode = 'open'\n"
    )
    with pytest.raises(SettingsError) as refused:
        load_settings(config, {})
    names = {problem.split()[0] for problem in refused.value.problems}
    assert names == {"domain", "allowed_addresses", "max_body_bytes", "data_dir", "federation"}


def test_the_table_describes_every_field() -> None:
    assert [setting.name for setting in SETTINGS] == [item.name for item in fields(Settings)]
    assert all(setting.help.endswith(".") and setting.kind.label for setting in SETTINGS)
    assert all(setting.variable in settings_help() for setting in SETTINGS)


def test_a_data_directory_keeps_its_domain(tmp_path: Path) -> None:
    data_dir = str(tmp_path / "data")
    check_data_dir_belongs(from_environment(data_dir=data_dir))
    check_data_dir_belongs(from_environment(data_dir=data_dir))

    with pytest.raises(SettingsError) as refused:
        check_data_dir_belongs(from_environment(domain="lisbon.example", data_dir=data_dir))

    (problem,) = refused.value.problems
    assert "belongs to madrid.example, but TERTULIA_DOMAIN is lisbon.example" in problem
    assert "set TERTULIA_DOMAIN=madrid.example, or choose another TERTULIA_DATA_DIR" in problem
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["instance.json"]


@pytest.mark.parametrize("content", ["", "[]", "{}", "{"])
def test_a_damaged_mark_is_no_permission(tmp_path: Path, content: str) -> None:
    (tmp_path / "instance.json").write_text(content)
    with pytest.raises(SettingsError, match="is damaged"):
        check_data_dir_belongs(from_environment(data_dir=str(tmp_path)))


def test_a_data_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="can't be used"):
        check_data_dir_belongs(from_environment(data_dir=str(tmp_path / "file" / "data")))
