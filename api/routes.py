"""The whole URL table of the client API, in the order of the Mastodon documentation.

Each module lists its endpoints; whatever else is asked below `/api/` is answered 404 in JSON, never as a page.
"""

from collections.abc import Iterable
from functools import cache
from types import ModuleType
from typing import Final

import orjson
from aiohttp import web
from marshmallow import fields

from api import (
    accounts,
    accounts_relations,
    accounts_statuses,
    aliases,
    announcements,
    apps,
    blocks,
    bookmarks,
    conversations,
    custom_emojis,
    directory,
    domain_blocks,
    exports,
    favourites,
    featured_tags,
    filter_parts,
    filters,
    filters_v1,
    follow_requests,
    followed_tags,
    grouped_notifications,
    instance,
    lists,
    markers,
    media,
    mutes,
    notification_policy,
    notification_requests,
    notifications,
    oembed,
    polls,
    preferences,
    profile,
    push,
    reports,
    scheduled_statuses,
    search,
    statuses,
    statuses_actions,
    statuses_edits,
    statuses_quotes,
    statuses_reading,
    suggestions,
    tags,
    timelines,
    trends,
)
from api.admin import accounts as admin_accounts
from api.admin import dimensions, domains, measures, retention
from api.admin import reports as admin_reports
from api.admin import trends as admin_trends
from api.call import Api, Call
from api.cors import preflight
from api.endpoints import Access, Endpoint
from api.oauth import identity, tokens
from api.openapi import describe
from api.serving import json_response, served
from api.streaming import watch

MODULES: Final[tuple[ModuleType, ...]] = (
    apps,
    tokens,
    identity,
    accounts,
    profile,
    accounts_relations,
    accounts_statuses,
    follow_requests,
    suggestions,
    reports,
    preferences,
    directory,
    search,
    aliases,
    exports,
    media,
    bookmarks,
    favourites,
    mutes,
    blocks,
    domain_blocks,
    filters,
    filter_parts,
    filters_v1,
    tags,
    featured_tags,
    followed_tags,
    lists,
    markers,
    conversations,
    statuses,
    statuses_reading,
    statuses_edits,
    statuses_actions,
    statuses_quotes,
    polls,
    scheduled_statuses,
    timelines,
    notifications,
    notification_policy,
    notification_requests,
    grouped_notifications,
    push,
    watch,
    instance,
    trends,
    announcements,
    custom_emojis,
    oembed,
    admin_accounts,
    domains,
    admin_reports,
    dimensions,
    measures,
    retention,
    admin_trends,
)


def endpoints(modules: Iterable[ModuleType] = MODULES) -> tuple[Endpoint, ...]:
    """Every endpoint, in its order."""
    return (*(endpoint for module in modules for endpoint in module.ENDPOINTS), DESCRIPTION)


async def get_openapi(call: Call) -> web.Response:
    """The description of this API, as OpenAPI 3.1."""
    return web.Response(body=_description(call), content_type="application/json")


DESCRIPTION: Final = Endpoint("GET", "/api/openapi.json", get_openapi, Access.ANYBODY, returns=fields.Dict())


def routes(api: Api) -> list[web.RouteDef]:
    """The routes of the API. Add them last: they end with what answers 404 for everything else below `/api/`."""
    table = [web.route(one.method, one.path, served(api, one)) for one in endpoints()]
    # Mastodon.py and toot ask with a slash at the end, and a redirect would lose what they send.
    known = {(route.method, route.path) for route in table}
    table += [
        web.route(route.method, f"{route.path}/", route.handler)
        for route in table
        if not route.path.endswith("/") and (route.method, f"{route.path}/") not in known
    ]
    paths = dict.fromkeys(one.path for one in endpoints())
    table += [web.options(path, preflight) for path in paths if not path.startswith("/api/")]
    table += [web.options(prefix + "{tail:.*}", preflight) for prefix in ("/api/", "/.well-known/", "/nodeinfo")]
    return [*table, web.route("*", "/api/{tail:.*}", no_such_method)]


@cache
def _bytes_of(origin: str, version: str) -> bytes:
    return orjson.dumps(describe(endpoints(), origin=origin, version=version))


def _description(call: Call) -> bytes:
    """Made once for each office: it takes longer than anything else here."""
    return _bytes_of(call.addresses.origin, call.services.settings.software_version)


async def no_such_method(_request: web.Request) -> web.Response:
    """Everything that isn't built."""
    return json_response({"error": "Record not found"}, 404)
