"""One request as a handler sees it, and what every handler shares."""

from collections.abc import Callable
from dataclasses import field
from typing import Any, Final

from aiohttp import web

from access.tokens import Bearer, Bearers
from api.errors import NotFound, Unauthorized
from api.limits import ApiLimits
from api.renderings import ACCOUNTS_BYTES, STATUSES_BYTES, Renderings
from content.media import MediaStore
from federation.expiring import Expiring
from federation.services import Services
from models import Database
from models.accounts import Account
from models.addresses import LocalAddresses
from models.values import dataclass

MAX_ID: Final = 2**63 - 1
Json = dict[str, Any]


@dataclass(slots=True)
class Api:
    """The collaborators of the client API of one instance."""

    services: Services
    bearers: Bearers
    media: MediaStore
    limits: ApiLimits
    # The address under which our own people get a remote picture (`federation.media_addresses`).
    shown: Callable[[str], str] = str
    # What was rendered before: statuses in two parts, accounts whole.
    statuses: Renderings = field(default_factory=lambda: Renderings(STATUSES_BYTES))
    accounts: Renderings = field(default_factory=lambda: Renderings(ACCOUNTS_BYTES))
    # What the office documents announce for Web Push; empty where push isn't set up.
    vapid_public_key: str = ""
    # Answers that everybody gets and that may be some seconds old, as bytes.
    kept: Expiring[str, bytes] = field(default_factory=lambda: Expiring(max_entries=200))


# Where an application keeps the one that its handlers serve: the handlers themselves belong to every application.
API: Final = web.AppKey("api", Api)


@dataclass(slots=True)
class Call:
    """A request with its caller and its validated arguments."""

    api: Api
    request: web.Request
    bearer: Bearer | None
    args: dict[str, Any] = field(default_factory=dict)

    @property
    def services(self) -> Services:
        return self.api.services

    @property
    def database(self) -> Database:
        return self.api.services.database

    @property
    def addresses(self) -> LocalAddresses:
        return self.api.services.addresses

    @property
    def viewer(self) -> Account | None:
        """Who asks; None for the public and for an application on its own."""
        return self.bearer.account if self.bearer is not None else None

    @property
    def me(self) -> Account:
        """Who asks, where the endpoint has made sure that it is somebody."""
        if self.viewer is None:
            raise Unauthorized("This method requires an authenticated user")
        return self.viewer

    @property
    def user_id(self) -> int:
        """The user behind `me`."""
        if self.bearer is None or self.bearer.user_id is None:
            raise Unauthorized("This method requires an authenticated user")
        return self.bearer.user_id

    def path(self, name: str) -> str:
        """A parameter of the path, decoded."""
        return self.request.match_info[name]

    def id(self, name: str = "id") -> int:
        """A parameter of the path as an id. Raises NotFound for what can't be one."""
        return id_of(self.request.match_info[name])


def id_of(text: str) -> int:
    """An id that a client sends. Raises NotFound for what can't be one."""
    if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > MAX_ID:
        raise NotFound
    return int(text)
