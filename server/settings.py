"""The settings of one office: read from a TOML file and from `TERTULIA_*` in the environment, which wins.

Owns the way to a `Settings` (whose fields `server.settings_table` describes), and the rules that concern several
settings together. Promises that a `Settings` is consistent as a whole. Whatever is wrong, unknown names included, is
raised as one `SettingsError` with a sentence a problem, so that an administrator corrects everything in one go.
"""

import importlib.util
import json
import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import marshmallow
from sqlalchemy.engine import URL

from server import setting_kinds as kinds
from server.setting_kinds import ListenAddress, Network
from server.settings_table import PREFIX, SETTINGS, Setting, Settings

__all__ = [
    "CONFIG_VARIABLE",
    "SETTINGS",
    "ListenAddress",
    "Network",
    "Setting",
    "Settings",
    "SettingsError",
    "check_data_dir_belongs",
    "load_settings",
    "settings_help",
]

_NOT_SETTINGS = ("TERTULIA_TEST_", "TERTULIA_BACKUP_PASSPHRASE")  # of the tests, and of one command
CONFIG_VARIABLE = "TERTULIA_CONFIG"

# Names that can't be bought and resolve only inside a network: RFC 6761, RFC 6762, RFC 8375, ICANN 2024 (.internal).
_PRIVATE_SUFFIXES = (".test", ".internal", ".local", ".home.arpa")


class SettingsError(Exception):
    """The server can't start with these settings. `problems` are sentences, each says what to do."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _Value(marshmallow.fields.Field[Any]):
    def __init__(self, setting: Setting) -> None:
        default = marshmallow.missing if setting.default is None else setting.kind.parse(setting.default)
        super().__init__(
            required=setting.is_required,
            load_default=default,
            error_messages={"required": "is missing: set it to the host of this office, such as madrid.example"},
        )
        self._parse: Callable[[object], Any] = setting.kind.parse

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        try:
            return self._parse(value)
        except ValueError as problem:
            raise marshmallow.ValidationError(str(problem)) from problem


SettingsSchema = marshmallow.Schema.from_dict(
    {setting.name: _Value(setting) for setting in SETTINGS}, name="SettingsSchema"
)


def load_settings(config_path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the settings of `config_path` (or of the file that `TERTULIA_CONFIG` names) and of `environ`.

    An empty variable counts as not set. Raises SettingsError with every problem at once.
    """
    if config_path is None and environ.get(CONFIG_VARIABLE):
        config_path = Path(environ[CONFIG_VARIABLE])
    written, places, problems = _collect(config_path, environ)
    values: dict[str, Any] = {}
    try:
        values = SettingsSchema().load(written)
    except marshmallow.ValidationError as refused:
        wrong = refused.messages_dict
        problems += [f"{places.get(name, _variable(name))} {' and '.join(wrong[name])}." for name in wrong]
        values = refused.valid_data if isinstance(refused.valid_data, dict) else {}
    if "domain" in values and ("origin" in values or "origin" not in written):
        _derive(values)
        problems += _http_problems(values)
    problems += _storage_problems(values)
    problems += _community_problems(values)
    if problems:
        raise SettingsError(problems)
    return Settings(**values)


def settings_help() -> str:
    """The table of settings as text for `--help`."""
    return "\n".join(
        f"{item.variable} ({item.documented_default.replace('`', '')})\n  {item.help}" for item in SETTINGS
    )


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _collect(
    config_path: Path | None, environ: Mapping[str, str]
) -> tuple[dict[str, object], dict[str, str], list[str]]:
    """Values as written, where each was written, and the names that are no settings."""
    from_file, problems = _read_file(config_path)
    known = {setting.name for setting in SETTINGS}
    problems += [
        f"{name} in {config_path} is no setting: {_hint(name, known)}" for name in from_file if name not in known
    ]
    written = {name: value for name, value in from_file.items() if name in known}
    places = {name: f"{name} in {config_path}" for name in written}
    variables = {_variable(name): name for name in known}
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable.startswith(_NOT_SETTINGS) or variable == CONFIG_VARIABLE:
            continue
        if variable not in variables:
            problems.append(f"{variable} in the environment is no setting: {_hint(variable, set(variables))}")
        elif environ[variable].strip():
            written[variables[variable]] = environ[variable]
            places[variables[variable]] = variable
    return written, places, problems


def _read_file(path: Path | None) -> tuple[dict[str, object], list[str]]:
    if path is None:
        return {}, []
    try:
        return tomllib.loads(path.read_text("utf-8")), []
    except OSError as problem:
        return {}, [f"The settings file {path} can't be read ({problem.strerror}): correct --config."]
    except ValueError as problem:  # TOMLDecodeError and UnicodeDecodeError
        return {}, [f"The settings file {path} is no valid TOML: {problem}."]


def _hint(name: str, known: set[str]) -> str:
    import difflib  # for who misspelt something, who starts nothing then

    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.75)
    return f"did you mean {close[0]}?" if close else "remove it (docs/configuration.md lists the settings)."


def _derive(values: dict[str, Any]) -> None:
    """Fill in the defaults that follow from other settings."""
    host, port = kinds.split_host_port(values["domain"])
    scheme = "http" if _is_loopback(host) else "https"
    if "origin" not in values:
        shown_port = None if kinds.is_default_port(scheme, port) else port
        values["origin"] = f"{scheme}://{kinds.join_host_port(host, shown_port)}"
    if kinds.is_default_port(values["origin"].partition(":")[0], port):
        values["domain"] = kinds.join_host_port(host, None)
    if "database_url" not in values and "data_dir" in values:
        file = URL.create("sqlite+aiosqlite", database=str(values["data_dir"] / "tertulia.db"))
        values["database_url"] = file.render_as_string(hide_password=False)


def _http_problems(values: Mapping[str, Any]) -> list[str]:
    """Plain http is refused for every host that strangers might reach: it would show private posts on the way."""
    origin = values["origin"]
    if origin.startswith("https://"):
        return []
    allowed: tuple[Network, ...] = values.get("allowed_addresses", ())
    hosts = [urlsplit(origin).hostname or "", kinds.split_host_port(values["domain"])[0]]
    public = [host for host in hosts if not _may_be_plain(host, allowed)]
    if not public:
        return []
    return [
        f"TERTULIA_ORIGIN is {origin}, but {public[0]} is not a loopback address and plain http shows everybody on "
        f"the way what is private: set TERTULIA_ORIGIN=https://{values['domain']} behind a TLS proxy (see deploy/), "
        "or, inside a test network, put its addresses into TERTULIA_ALLOWED_ADDRESSES."
    ]


def _community_problems(values: Mapping[str, Any]) -> list[str]:
    """A network has one community of everybody."""
    if not values.get("network_community") or values.get("default_communities") not in ("network", "both"):
        return []
    return [
        f"TERTULIA_NETWORK_COMMUNITY is {values['network_community']}, but this office makes one of its own: set "
        "TERTULIA_DEFAULT_COMMUNITIES to office or none, or leave the other empty."
    ]


def _storage_problems(values: dict[str, Any]) -> list[str]:
    """A bucket needs a name and the library; the secret is read from its file."""
    if values.get("media_storage") != "s3":
        return []
    problems = []
    if not values.get("s3_bucket"):
        problems.append("TERTULIA_S3_BUCKET is missing: with media_storage = s3 it names the bucket.")
    if importlib.util.find_spec("botocore") is None:
        problems.append("TERTULIA_MEDIA_STORAGE is s3, but its library isn't installed: pip install 'tertulia[s3]'.")
    if values.get("s3_secret_key_file"):
        try:
            values["s3_secret_key"] = Path(values["s3_secret_key_file"]).read_text("utf-8").strip()
        except (OSError, ValueError) as problem:
            problems.append(f"TERTULIA_S3_SECRET_KEY_FILE can't be read ({problem}): correct the path.")
    return problems


def _is_loopback(host: str) -> bool:
    address = kinds.address_of(host)
    return address.is_loopback if address else host == "localhost" or host.endswith(".localhost")


def _may_be_plain(host: str, allowed: tuple[Network, ...]) -> bool:
    address = kinds.address_of(host)
    if _is_loopback(host):
        return True
    if address is not None:
        return any(address in network for network in allowed)
    return bool(allowed) and (host.endswith(_PRIVATE_SUFFIXES) or "." not in host)


def check_data_dir_belongs(settings: Settings) -> None:
    """Mark the data directory with the domain at the first start, and refuse another domain's directory later.

    A second domain on the same data would speak with the first one's ids and keys. The mark is
    `<data_dir>/instance.json`, written atomically. Raises SettingsError.
    """
    mark = settings.data_dir / "instance.json"
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not mark.exists():
            draft = settings.data_dir / f".instance.json.{os.getpid()}"
            draft.write_text(json.dumps({"domain": settings.domain}) + "\n", "utf-8")
            draft.replace(mark)
        owner = json.loads(mark.read_text("utf-8"))["domain"]
    except OSError as problem:
        raise SettingsError(
            [f"The data directory {settings.data_dir} can't be used ({problem.strerror}): let this user write there."]
        ) from problem
    except (ValueError, KeyError, TypeError) as problem:
        raise SettingsError(
            [f'{mark} is damaged: write {{"domain": "…"}} with the domain that this data belongs to into it.']
        ) from problem
    if owner != settings.domain:
        raise SettingsError(
            [
                f"The data directory {settings.data_dir} belongs to {owner}, but TERTULIA_DOMAIN is {settings.domain}: "
                f"set TERTULIA_DOMAIN={owner}, or choose another TERTULIA_DATA_DIR for the new office."
            ]
        )
