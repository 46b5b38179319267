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

from api import search
from api.accounts import (
    aliases,
    blocks,
    directory,
    domain_blocks,
    exports,
    follow_requests,
    mutes,
    preferences,
    profile,
    suggestions,
)
from api.accounts import reading as accounts_reading
from api.accounts import relations as accounts_relations
from api.accounts import reports as accounts_reports
from api.accounts import statuses as accounts_statuses
from api.admin import accounts as admin_accounts
from api.admin import dimensions, domains, measures, peer_policy, peers, retention
from api.admin import reports as admin_reports
from api.admin import tags as admin_tags
from api.admin import trends as admin_trends
from api.call import API, Api, Call
from api.communities import files as communities_files
from api.communities import people as communities_people
from api.communities import posts as communities_posts
from api.communities import single as communities_single
from api.cors import preflight
from api.endpoints import Access, Endpoint
from api.filters import parts as filters_parts
from api.filters import v1 as filters_v1
from api.filters import v2 as filters_v2
from api.notifications import grouped as notifications_grouped
from api.notifications import policy as notifications_policy
from api.notifications import push
from api.notifications import reading as notifications_reading
from api.notifications import requests as notifications_requests
from api.oauth import apps, identity, tokens
from api.office import announcements, instance, trends
from api.office import emojis as office_emojis
from api.serving import json_response, served
from api.statuses import actions as statuses_actions
from api.statuses import bookmarks, favourites, media, oembed, polls
from api.statuses import edits as statuses_edits
from api.statuses import posting as statuses_posting
from api.statuses import quotes as statuses_quotes
from api.statuses import reading as statuses_reading
from api.statuses import scheduled as statuses_scheduled
from api.streaming import watch
from api.tags import archive as tags_archive
from api.tags import featured as tags_featured
from api.tags import followed as tags_followed
from api.tags import offices as tags_offices
from api.tags import single as tags_single
from api.timelines import conversations, hashtags, lists, markers
from api.timelines import reading as timelines_reading

MODULES: Final[tuple[ModuleType, ...]] = (
    apps,
    tokens,
    identity,
    accounts_reading,
    profile,
    accounts_relations,
    accounts_statuses,
    follow_requests,
    suggestions,
    accounts_reports,
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
    filters_v2,
    filters_parts,
    filters_v1,
    tags_single,
    tags_offices,
    tags_archive,
    tags_featured,
    tags_followed,
    communities_single,
    communities_people,
    communities_posts,
    communities_files,
    lists,
    markers,
    conversations,
    statuses_posting,
    statuses_reading,
    statuses_edits,
    statuses_actions,
    statuses_quotes,
    polls,
    statuses_scheduled,
    timelines_reading,
    hashtags,
    notifications_reading,
    notifications_policy,
    notifications_requests,
    notifications_grouped,
    push,
    watch,
    instance,
    trends,
    announcements,
    office_emojis,
    oembed,
    admin_accounts,
    domains,
    peers,
    peer_policy,
    admin_reports,
    dimensions,
    measures,
    retention,
    admin_trends,
    admin_tags,
)


def endpoints(modules: Iterable[ModuleType] = MODULES) -> tuple[Endpoint, ...]:
    """Every endpoint, in its order."""
    return (*(endpoint for module in modules for endpoint in module.ENDPOINTS), DESCRIPTION)


async def get_openapi(call: Call) -> web.Response:
    """The description of this API, as OpenAPI 3.1."""
    return web.Response(body=_description(call), content_type="application/json")


DESCRIPTION: Final = Endpoint("GET", "/api/openapi.json", get_openapi, Access.ANYBODY, returns=fields.Dict())


def attach_api(app: web.Application, api: Api) -> None:
    """Serve the API. Do it last: it ends with what answers 404 for everything else below `/api/`."""
    app[API] = api
    for resource in _resources():
        app.router.register_resource(resource)


@cache
def _resources() -> tuple[web.AbstractResource, ...]:
    """Every address with its handlers, which find the `Api` in the application: parsed once, whoever is served."""
    table = web.UrlDispatcher()
    table.add_routes(_routes())
    return tuple(table.resources())


def _routes() -> list[web.RouteDef]:
    table = [web.route(one.method, one.path, served(one)) for one in endpoints()]
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
    from api.openapi import describe  # apispec is asked once in a while, by developers

    return orjson.dumps(describe(endpoints(), origin=origin, version=version))


def _description(call: Call) -> bytes:
    """Made once for each office: it takes longer than anything else here."""
    return _bytes_of(call.addresses.origin, call.services.settings.software_version)


async def no_such_method(_request: web.Request) -> web.Response:
    """Everything that isn't built."""
    return json_response({"error": "Record not found"}, 404)
