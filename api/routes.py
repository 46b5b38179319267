"""The whole URL table of the client API, in the order of the Mastodon documentation.

Each module lists its endpoints; whatever else is asked below `/api/` is answered 404 in JSON, never as a page.
"""

from collections.abc import Iterable
from types import ModuleType
from typing import Final

from aiohttp import web

from api import timelines
from api.call import Api
from api.cors import preflight
from api.endpoints import Endpoint
from api.serving import json_response, served

MODULES: Final[tuple[ModuleType, ...]] = (timelines,)


def endpoints(modules: Iterable[ModuleType] = MODULES) -> tuple[Endpoint, ...]:
    """Every endpoint, in its order."""
    return tuple(endpoint for module in modules for endpoint in module.ENDPOINTS)


def routes(api: Api) -> list[web.RouteDef]:
    """The routes of the API. Add them last: they end with what answers 404 for everything else below `/api/`."""
    table = [web.route(one.method, one.path, served(api, one)) for one in endpoints()]
    paths = dict.fromkeys(one.path for one in endpoints())
    table += [web.options(path, preflight) for path in paths if not path.startswith("/api/")]
    table += [web.options(prefix + "{tail:.*}", preflight) for prefix in ("/api/", "/.well-known/", "/nodeinfo")]
    return [*table, web.route("*", "/api/{tail:.*}", no_such_method)]


async def no_such_method(_request: web.Request) -> web.Response:
    """Everything that isn't built."""
    return json_response({"error": "Record not found"}, 404)
