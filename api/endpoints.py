"""An endpoint of the client API as data: address, handler, who may call it, what it takes and gives.

The route table, the OpenAPI description, `docs/api.md` and the tests of access read the same rows.
"""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any

from aiohttp import web
from marshmallow.fields import Field

from api.call import Call
from api.schemas.fields import Args
from models.values import dataclass

Handler = Callable[[Call], Awaitable[Any]]
FindToken = Callable[[web.Request], str | None]


class Access(StrEnum):
    """Who may call an endpoint."""

    ANYBODY = "anybody"  # never needs a token: what an app reads before anybody has signed in
    READER = "reader"  # people's content: in a closed network for our own people, in an open one for everybody
    APP = "app"  # any valid token, an application's own included
    USER = "user"
    MODERATOR = "moderator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Many:
    """An answer that is a list of one kind of entity."""

    entity: str


def many(entity: str) -> Many:
    """`returns=many("StatusEntity")`."""
    return Many(entity)


@dataclass(frozen=True, slots=True)
class Either:
    """An answer that is an entity of one kind or of another."""

    entities: tuple[str, ...]


def either(*entities: str) -> Either:
    """`returns=either("StatusEntity", "ScheduledStatusEntity")`."""
    return Either(entities)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one address.

    `scope` is what the token must cover, several separated by spaces when any of them is enough. `args` validates
    query, form and JSON together; without it the handler reads the body itself. `returns` describes the answer: an
    entity by its name (`api.answers.entity_named`), many of it, either of several, a field where it is something plain,
    None for an empty object. `limit` names
    a further window of `api.limits`. `body_bytes` is the largest body, where it isn't the server's usual one, `form`
    describes a form that the handler reads by itself (pairs of a name and `file` or `text`), `produces` the media type
    of the answer. `find_token` says where the token is, where that isn't only the `Authorization` header. `refusal` is
    what an answer other than success looks like, where it says more than others. `is_kept`: the answer is made of
    the database, the viewer and the address and of nothing else, so that it is kept (`api.keeping`).
    """

    method: str
    path: str
    handler: Handler
    access: Access = Access.USER
    scope: str = ""
    args: type[Args] | None = None
    returns: str | Many | Either | Field[Any] | None = None
    limit: str = ""
    body_bytes: int | None = None
    produces: str = "application/json"
    form: tuple[tuple[str, str], ...] = ()
    find_token: FindToken | None = None
    refusal: str = "ErrorEntity"
    is_kept: bool = False

    @property
    def name(self) -> str:
        """The handler with its room and module: the operation id of the OpenAPI description."""
        return f"{self.handler.__module__.removeprefix('api.')}.{self.handler.__name__}"
