"""The one table of settings: every setting's type, kind, default and help text, written at its field of `Settings`.

The schema, the help of the command line and the test of docs/configuration.md derive from `SETTINGS`; how the values
are read is the business of `server.settings`.
"""

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, get_type_hints

from server import setting_kinds as kinds
from server.setting_kinds import Kind, ListenAddress, Network

PREFIX = "TERTULIA_"


@dataclass(frozen=True)
class Setting:
    """One row of the table: what schema, documentation and help know of a setting.

    `default` is as somebody would write it, `derived` tells how a default follows from other settings; with neither
    the setting is required. The name comes from the field of `Settings`.
    """

    kind: Kind
    help: str
    default: str | None = None
    derived: str = ""
    name: str = ""

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()

    @property
    def is_required(self) -> bool:
        return self.default is None and not self.derived

    @property
    def documented_default(self) -> str:
        """The default as docs/configuration.md has to show it."""
        if self.is_required:
            return "required"
        return self.derived or (f"`{self.default}`" if self.default else "empty")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that an administrator can decide; every field is described by its own help text below."""

    domain: Annotated[
        str,
        Setting(
            kinds.DOMAIN,
            "Host, or host:port, of this office's handles (`@ana@madrid.example`). It can't be changed later.",
        ),
    ]
    origin: Annotated[
        str,
        Setting(
            kinds.ORIGIN,
            "Where browsers, apps and peers reach this office. Plain `http://` is for loopback, `*.localhost` and what "
            "`allowed_addresses` covers.",
            derived="`https://` + domain; `http://` + domain on loopback",
        ),
    ]
    listen: Annotated[
        ListenAddress,
        Setting(kinds.LISTEN, "Address and port that the HTTP server listens on.", default="127.0.0.1:8080"),
    ]
    shutdown_delay_seconds: Annotated[
        int,
        Setting(
            kinds.whole_number("seconds", least=0, most=300),
            "How long a process that was told to end goes on serving while `/readyz` says 503, so that a proxy looks "
            "elsewhere in time.",
            default="0",
        ),
    ]
    metrics_token: Annotated[
        str,
        Setting(
            kinds.TEXT,
            "Turns `/metrics` on, for who sends it as `Authorization: Bearer`; `openssl rand -hex 32` makes one.",
            default="",
        ),
    ] = field(repr=False)
    metrics_listen: Annotated[
        ListenAddress | None,
        Setting(
            kinds.LISTEN_OR_NOT,
            "Serves `/metrics` here and not at the office's own address; without a token for whoever reaches it.",
            default="",
        ),
    ]
    data_dir: Annotated[
        Path,
        Setting(
            kinds.PATH,
            "Directory of the database (SQLite), media files and the server key. Relative to the working directory.",
            default="./data",
        ),
    ]
    database_url: Annotated[
        str,
        Setting(
            kinds.DATABASE_URL,
            "Database. A socket directory of PostgreSQL goes into the query: `postgresql://user@/name?host=/run/postgresql`.",
            derived="`sqlite:///` + data_dir + `/tertulia.db`",
        ),
    ] = field(repr=False)
    database_pool_size: Annotated[
        int,
        Setting(
            kinds.whole_number("connections", least=1, most=200),
            "Most connections to the database that one process holds open.",
            default="10",
        ),
    ]
    federation: Annotated[
        str,
        Setting(
            kinds.one_of("closed", "open"),
            "`closed`: only peers that an administrator has confirmed may read or write. `open`: everybody who is not "
            "suspended.",
            default="closed",
        ),
    ]
    allowed_addresses: Annotated[
        tuple[Network, ...],
        Setting(
            kinds.NETWORKS,
            "Networks that outgoing requests may reach although they are private or special, such as other offices in "
            "the same company network.",
            default="",
        ),
    ]
    trusted_proxies: Annotated[
        tuple[Network, ...],
        Setting(
            kinds.NETWORKS,
            "Networks of reverse proxies whose `X-Forwarded-For`, `X-Forwarded-Host` and `X-Request-Id` are believed.",
            default="",
        ),
    ]
    rate_limits: Annotated[
        bool,
        Setting(
            kinds.SWITCH,
            "Answer 429 to peers and clients that ask too much. Turn off only for measurements.",
            default="on",
        ),
    ]
    max_body_bytes: Annotated[
        int,
        Setting(
            kinds.whole_number("bytes", least=16_384, most=67_108_864),
            "Largest activity that an inbox takes; larger ones are answered 413.",
            default="1048576",
        ),
    ]
    delivery_concurrency: Annotated[
        int,
        Setting(
            kinds.whole_number("hosts", least=1, most=1000),
            "Hosts that one process delivers to at the same time. Each host gets its activities in order.",
            default="64",
        ),
    ]
    delivery_give_up_hours: Annotated[
        int,
        Setting(
            kinds.whole_number("hours", least=1, most=720),
            "How long a delivery is tried again before it becomes a dead letter.",
            default="72",
        ),
    ]
    journal_retention_days: Annotated[
        int,
        Setting(
            kinds.whole_number("days", least=1, most=3650),
            "How long received activities and delivery reports are kept after they are done.",
            default="30",
        ),
    ]
    sync_log_days: Annotated[
        int,
        Setting(
            kinds.whole_number("days", least=1, most=3650),
            "How long peers can get again what was sent to them, and what they sent. After longer silence archives and "
            "digests are compared.",
            default="30",
        ),
    ]
    sync_minutes: Annotated[
        int,
        Setting(
            kinds.whole_number("minutes", least=1, most=1440),
            "How often each peer is asked whether there is more than it delivered.",
            default="10",
        ),
    ]
    sync_digest_days: Annotated[
        int,
        Setting(
            kinds.whole_number("days", least=1, most=3650),
            "How far back what we have of each peer is compared with the peer's digests.",
            default="90",
        ),
    ]
    sync_digest_hours: Annotated[
        int,
        Setting(
            kinds.whole_number("hours", least=1, most=720),
            "How often that is done; not with all peers at once.",
            default="24",
        ),
    ]
    media_storage: Annotated[
        str,
        Setting(
            kinds.one_of("disk", "s3"),
            "Where uploads and cached media rest: below data_dir, or in a bucket (install `tertulia[s3]`).",
            default="disk",
        ),
    ]
    s3_endpoint: Annotated[
        str, Setting(kinds.TEXT, "URL of the server that speaks S3; empty for AWS itself.", default="")
    ]
    s3_bucket: Annotated[str, Setting(kinds.TEXT, "Name of the bucket. It stays private.", default="")]
    s3_region: Annotated[str, Setting(kinds.TEXT, "Region that requests are signed for.", default="us-east-1")]
    s3_access_key: Annotated[str, Setting(kinds.TEXT, "Access key; empty for the machine's own role.", default="")] = (
        field(repr=False)
    )
    s3_secret_key: Annotated[str, Setting(kinds.TEXT, "Secret of the access key; better in a file.", default="")] = (
        field(repr=False)
    )
    s3_secret_key_file: Annotated[str, Setting(kinds.TEXT, "File that holds the secret of the access key.", default="")]
    media_cache_size_mb: Annotated[
        int,
        Setting(
            kinds.whole_number("MiB", least=16, most=10_485_760),
            "Most that pictures, sound and film of other servers take here; what was unused longest goes first.",
            default="2048",
        ),
    ]
    media_cache_days: Annotated[
        int,
        Setting(
            kinds.whole_number("days", least=1, most=3650),
            "How long media of other servers stay after somebody last looked at them.",
            default="14",
        ),
    ]
    link_previews: Annotated[
        bool,
        Setting(
            kinds.SWITCH,
            "Fetch the pages that posts link to, and show title and picture below the post.",
            default="on",
        ),
    ]
    trends_min_people: Annotated[
        int,
        Setting(
            kinds.whole_number("people", least=2, most=10_000),
            "Peers are told how much a hashtag is used here only for days on which so many people used it.",
            default="5",
        ),
    ]
    instance_name: Annotated[
        str, Setting(kinds.TEXT, "Name of this office as apps and peers show it.", default="Tertulia")
    ]
    instance_description: Annotated[str, Setting(kinds.TEXT, "One or two sentences about this office.", default="")]
    contact_email: Annotated[str, Setting(kinds.EMAIL, "Where people and peers reach the administrators.", default="")]
    legal_name: Annotated[
        str,
        Setting(
            kinds.TEXT,
            "The company that runs this office, as peers are shown it; `instance_name` by default.",
            default="",
        ),
    ]
    region: Annotated[
        str,
        Setting(
            kinds.TEXT, "Where this office keeps its data (`EU`, `Spain`, `Frankfurt`); peers are shown it.", default=""
        ),
    ]
    default_communities: Annotated[
        str,
        Setting(
            kinds.one_of("both", "office", "network", "none"),
            "Communities that are made at the first start with everybody of the office in them: of the office, of the "
            "network, or both. That of the network is for one office to make; the others name it in "
            "`network_community`.",
            default="office",
        ),
    ]
    network_community: Annotated[
        str,
        Setting(
            kinds.HANDLE,
            "The community of the whole network, where another office hosts it (`network@hq.example`): everybody of "
            "this office joins it by itself, once; who leaves isn't joined again.",
            default="",
        ),
    ]
    peering_list: Annotated[
        bool,
        Setting(
            kinds.SWITCH,
            "Publish who belongs to the network, as a signed list that peers can subscribe to; for a head office.",
            default="off",
        ),
    ]
    log_level: Annotated[
        str,
        Setting(
            kinds.one_of("debug", "info", "warning", "error"), "Least important message that is logged.", default="info"
        ),
    ]
    log_format: Annotated[
        str,
        Setting(
            kinds.one_of("json", "text"), "`json`: one line of JSON a message. `text`: for people.", default="json"
        ),
    ]

    @property
    def server_key_file(self) -> Path:
        """The key under which the private keys of all actors are encrypted (mode 0600)."""
        return self.data_dir / "server.key"

    @property
    def media_dir(self) -> Path:
        """Where media files are stored."""
        return self.data_dir / "media"

    @property
    def is_plain_http(self) -> bool:
        """Whether this instance, and so its peers inside `allowed_addresses`, talk `http`."""
        return self.origin.startswith("http://")

    @property
    def is_embedded(self) -> bool:
        """Whether the database is SQLite, which `tertulia serve` migrates by itself."""
        return self.database_url.startswith("sqlite")


def _table() -> tuple[Setting, ...]:
    hints = get_type_hints(Settings, include_extras=True)
    return tuple(replace(hints[item.name].__metadata__[0], name=item.name) for item in fields(Settings))


SETTINGS: tuple[Setting, ...] = _table()
