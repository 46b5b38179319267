"""What a request says, in whatever form: query, urlencoded form, multipart form and JSON, as one dictionary.

Names with brackets become structure: `id[]=1`, `poll[options][]=a`, `fields_attributes[0][name]=x`,
`keywords_attributes[][keyword]=y` (an element ends where a key comes again, as in Rack). JSON wins over the query. The
endpoint's schema then says what it means (webargs); refusals are 422 with a sentence for each field.

Bounded: so many parameters, so deep, and no NUL, which PostgreSQL can't store.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

import orjson
from aiohttp import web
from aiohttp.http import HttpProcessingError
from webargs.aiohttpparser import AIOHTTPParser

from api.errors import ApiError, Unprocessable
from api.schemas.fields import Args

MAX_PARAMETERS: Final = 2_000
MAX_DEPTH: Final = 6
UPLOADS: Final = web.RequestKey("uploads", list[web.FileField])
FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_PARTS = re.compile(r"\[([^\[\]]*)\]")
_DEPTH: Final = 32


class ClientParser(AIOHTTPParser):
    """webargs with one more location: everything that a client may have put anywhere."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {"client": None}  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.__location_map__ = {**self.__location_map__, "client": "load_client"}

    async def load_client(self, req: web.Request, schema: Any) -> dict[str, Any]:
        """Query, form and JSON of a request."""
        return await everything(req)

    def handle_error(self, error: Any, req: Any, schema: Any, **_: Any) -> Any:
        """Raises Unprocessable with what is wrong with each field."""
        raise refusal(error.messages.get("client", error.messages))


_PARSER = ClientParser()


async def read_arguments(request: web.Request, schema: type[Args]) -> dict[str, Any]:
    """The arguments of a request as its schema understands them. Raises Unprocessable."""
    found: dict[str, Any] = await _PARSER.parse(_made(schema), request, location="client")
    return found


@cache
def _made(schema: type[Args]) -> Args:
    """The one instance of a schema: making it copies every field, which costs more than most arguments."""
    return schema()


async def everything(request: web.Request) -> dict[str, Any]:
    """All parameters of a request by name. Raises ApiError for a body that can't be read."""
    pairs = list(request.query.items())
    body: dict[str, Any] = {}
    if request.can_read_body:
        if request.content_type in FORMS:
            pairs += await _form(request)
        else:
            body = await _json(request)
    if len(pairs) > MAX_PARAMETERS:
        raise ApiError(400, f"A request may have {MAX_PARAMETERS} parameters at most")
    found = {**structured(pairs), **body}
    _refuse_nul(found)
    return found


async def _form(request: web.Request) -> list[tuple[str, Any]]:
    try:
        pairs = list((await request.post()).items())
    except (ValueError, LookupError, HttpProcessingError) as error:
        raise ApiError(400, "The form can't be read") from error
    request[UPLOADS] = [value for _, value in pairs if isinstance(value, web.FileField)]
    return pairs


def close_uploads(request: web.Request) -> None:
    """Let go of the files of a form that `everything` has read."""
    for upload in request.get(UPLOADS, ()):
        upload.file.close()


async def _json(request: web.Request) -> dict[str, Any]:
    data = await request.read()
    if not data.strip():
        return {}
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "The body can't be read: send JSON or a form") from error
    if not isinstance(found, dict):
        raise ApiError(400, "The body has to be a JSON object")
    return {name.removesuffix("[]"): value for name, value in found.items()}


def structured(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Names with brackets as nested lists and dictionaries; of a plain name that comes twice, the last."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        head, bracket, _ = name.partition("[")
        parts = _PARTS.findall(name[len(head) :]) if bracket else []
        if bracket and (not head or "".join(f"[{part}]" for part in parts) != name[len(head) :]):
            head, parts = name, []
        if len(parts) > MAX_DEPTH:
            raise ApiError(400, "A parameter is nested too deeply")
        _put(found, head, parts, value)
    return found


def _put(target: dict[str, Any], key: str, parts: list[str], value: Any) -> None:
    if not parts:
        target[key] = value
    elif parts[0] == "":
        held = target.setdefault(key, [])
        if not isinstance(held, list):
            held = target[key] = [held]
        if len(parts) == 1:
            held.append(value)
            return
        inner = parts[1]
        if not held or not isinstance(held[-1], dict) or (len(parts) == 2 and inner in held[-1]):
            held.append({})
        _put(held[-1], inner, parts[2:], value)
    else:
        inside = target.get(key)
        if not isinstance(inside, dict):
            inside = target[key] = {}
        _put(inside, parts[0], parts[1:], value)


def _refuse_nul(value: Any, depth: int = 0) -> None:
    if depth > _DEPTH:
        raise ApiError(400, "The request is nested too deeply")
    if isinstance(value, str):
        if "\x00" in value:
            raise Unprocessable("Validation failed: text can't contain NUL characters")
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            _refuse_nul(name, depth + 1)
            _refuse_nul(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _refuse_nul(inner, depth + 1)


def refusal(messages: Any) -> Unprocessable:
    """The answer for marshmallow's messages: a sentence, and the details by field."""
    details: dict[str, list[dict[str, str]]] = {}
    for field, text in _flat(messages):
        details.setdefault(field or "request", []).append({"error": "ERR_INVALID", "description": text})
    sentences = "; ".join(f"{field}: {entry['description']}" for field, found in details.items() for entry in found)
    return Unprocessable(f"Validation failed: {sentences[:1_000]}", details=details)


def _flat(messages: Any, path: str = "") -> Iterable[tuple[str, str]]:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            yield from _flat(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(messages, list | tuple):
        for inner in messages:
            yield from _flat(inner, path)
    else:
        yield path, str(messages)
