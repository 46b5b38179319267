"""The addresses under which others read us: HTTP around `resources`, `collections` and `wellknown`.

Handlers find out who reads and what was asked for; everything else happens elsewhere. Browsers get HTML from `pages`,
which the web floor provides and which decides by the browser's own session. A ReadRefused becomes a problem document.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Final

import structlog
from aiohttp import web
from multidict import CIMultiDict

from federation import stream_routes as stream
from federation.keeping import Asking, Visit, Whole, etag, kept
from federation.services import Services
from federation.serving import resources, topics, wellknown
from federation.serving.answers import Answer, ReadRefused, cache_header, not_found, problem_answer
from federation.serving.communities import ROLE_COLLECTIONS
from federation.serving.negotiation import VARY, negotiate, prefers_json
from federation.serving.peering_list import LIST_PATH, peering_list_answer
from federation.serving.read_gate import NOBODY, Reader, identify, is_signed
from federation.serving.resources import ActorPages
from federation.serving.vouching import with_word_of_host
from federation.site import Bearer, FindReader, Handler, Pages, Site, account_of, number_of
from federation.trends import PATH as TRENDS_PATH
from federation.trust.actor_tokens import token_in, vouched_by
from keys.requests import HttpMessage
from models.accounts import INSTANCE_ACTOR_ID

log = structlog.get_logger(__name__)

_WELL_KNOWN_SECONDS: Final = 600
# What says who reads; without any of these, everybody is the same stranger.
_PROOFS: Final = frozenset({"authorization", "signature", "signature-input"})
_CORS: Final = {"Access-Control-Allow-Origin": "*"}


def routes(services: Services, *, pages: Pages | None = None, bearer: Bearer | None = None) -> list[web.RouteDef]:
    """Every GET of ActivityPub and of discovery; `bearer` says whose token a request carries, if it is valid."""
    site = Site(services, pages, bearer, ActorPages(services))
    user = r"/users/{account_id:\d{1,19}}"
    status = user + r"/statuses/{status_id:\d{1,19}}"
    read: dict[str, Handler] = {
        "/actor/outbox": stream.get_instance_outbox,
        TRENDS_PATH: stream.get_trends,
        f"{user}/outbox": stream.get_outbox,
        f"{user}/followers": stream.get_followers,
        f"{user}/following": stream.get_following,
        f"{user}/followers_synchronization": stream.get_followers_synchronization,
        f"{user}/actor_token": stream.get_actor_token,
        f"{user}/collections/featured": stream.get_featured,
        f"{user}/collections/tags": stream.get_featured_tags,
        f"{user}/collections/{{name:{'|'.join(ROLE_COLLECTIONS)}}}": stream.get_roles,
        f"{user}/quote_authorizations/{{quote_id:\\d{{1,19}}}}": stream.get_quote_authorization,
        f"{status}/activity": stream.get_status_activity,
        f"{status}/replies": stream.get_replies,
        f"{status}/{{name:likes|shares}}": stream.get_count,
        "/tags/{name}/outbox": stream.get_topic_outbox,
        "/tags/{name}/followers": stream.get_topic_followers,
        r"/tags/{name}/announces/{number:\d{1,19}}": stream.get_announcement,
        LIST_PATH: lambda site, _, reader: peering_list_answer(site.services, reader),
        r"/contexts/{context_id:\d{1,19}}": stream.get_context,
        r"/activities/{activity_id:\d{1,19}}": stream.get_activity,
        r"/follows/{follow_id:\d{1,19}}": stream.get_follow,
    }
    open_to_all: dict[str, Callable[[Site, web.Request], Awaitable[Answer]]] = {
        "/actor": get_instance_actor,
        "/.well-known/webfinger": get_webfinger,
        "/.well-known/host-meta": get_host_meta,
        "/.well-known/host-meta.json": get_host_meta,
        "/.well-known/nodeinfo": get_nodeinfo_links,
        r"/nodeinfo/{version:2\.[01]}": get_nodeinfo,
    }
    return [
        *(web.get(path, partial(_serve_open, site, handler)) for path, handler in open_to_all.items()),
        *(web.get(path, partial(_serve, site, handler)) for path, handler in read.items()),
        web.get(user, partial(_serve_either, site, get_actor, show_profile, find_reader=_actor_reader)),
        web.get(status, partial(_serve_either, site, get_status, show_status, find_reader=_reader)),
        web.get("/tags/{name}", partial(_serve_either, site, get_topic, show_tag, find_reader=_actor_reader)),
    ]


def message_of(services: Services, request: web.Request) -> HttpMessage:
    """A GET as signatures see it; scheme and authority are ours by configuration, no header can change them."""
    return HttpMessage(
        method=request.method,
        scheme=services.addresses.scheme,
        authority=services.addresses.authority,
        target=request.raw_path,
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers],
    )


# Who reads, and what becomes of the answer.


async def _serve(site: Site, handler: Handler, request: web.Request) -> web.Response:
    """Answer in ActivityStreams, whatever the Accept header says."""
    try:
        return await _answer(site, handler, request, _reader)
    except ReadRefused as refused:
        return _refuse(request, refused)


async def _serve_either(
    site: Site,
    handler: Handler,
    show: Callable[[Site, web.Request], Awaitable[web.StreamResponse]],
    request: web.Request,
    *,
    find_reader: FindReader,
) -> web.StreamResponse:
    """Answer in ActivityStreams or in HTML."""
    wanted = negotiate(request.headers.get("Accept"))
    if not wanted.is_activitystreams:
        try:
            response = await show(site, request)
        except ReadRefused as refused:
            if site.pages is not None:
                response = await site.pages.refused(request, refused)
            else:
                response = _sentence(refused.detail, refused.status)
        response.headers["Vary"] = VARY
        return response
    try:
        return await _answer(site, handler, request, find_reader, content_type=wanted.value)
    except ReadRefused as refused:
        return _refuse(request, refused)


async def _serve_open(
    site: Site, handler: Callable[[Site, web.Request], Awaitable[Answer]], request: web.Request
) -> web.Response:
    """Answer everybody, without looking at signatures: verifying one here could wait for us to verify one there."""

    async def make() -> Whole:
        return _whole(await handler(site, request), seconds=_WELL_KNOWN_SECONDS)

    try:
        return (await kept(site.services.database.kept, _key(request), make)).response(request)
    except ReadRefused as refused:
        response = _refuse(request, refused)
        response.headers.update(_CORS)
        return response


async def _answer(
    site: Site, handler: Handler, request: web.Request, find_reader: FindReader, *, content_type: str | None = None
) -> web.Response:
    """The answer to this reader. Who shows neither a signature nor a token gets what everybody gets: it is kept."""

    async def make() -> Whole:
        return _whole(await handler(site, request, await find_reader(site, request)), content_type=content_type)

    if _shows_proof(request):
        return (await make()).response(request)
    return (await kept(site.services.database.kept, _key(request), make)).response(request)


def _key(request: web.BaseRequest) -> tuple[str, str, str]:
    return "activitypub", request.raw_path, request.headers.get("Accept", "")


def _shows_proof(request: web.BaseRequest) -> bool:
    return not _PROOFS.isdisjoint(map(str.lower, request.headers))


def door(request: web.BaseRequest, _remote: str) -> Asking:
    """The way to what is kept for whoever shows neither a signature nor a token."""

    visit = None if _shows_proof(request) else Visit(_key(request), lambda _whole: {})
    return lambda: visit


async def _reader(site: Site, request: web.Request) -> Reader:
    owner = None
    if site.bearer is not None and request.headers.get("Authorization", "")[:7].lower() == "bearer ":
        owner = await site.bearer(request)
        if owner is None:
            raise ReadRefused(401, "token", "The token is not valid here.")
    reader = await identify(site.services, message_of(site.services, request), owner)
    token = token_in(request.headers.get("Authorization")) if reader.is_instance else None
    if token is None:
        return reader
    return replace(reader, vouched_by=await vouched_by(site.services, reader.actor_uri or "", token))


async def _actor_reader(site: Site, request: web.Request) -> Reader:
    """Who reads an actor: whoever can't prove to be a peer is a stranger, never refused, for the stranger may need the
    key to verify us first. Where everybody reads everything, nobody has to be identified."""
    if not site.services.settings.is_closed:
        return NOBODY
    try:
        return await _reader(site, request)
    except ReadRefused:
        return NOBODY


def _whole(answer: Answer, *, content_type: str | None = None, seconds: int = 180) -> Whole:
    headers = CIMultiDict(
        {
            "Content-Type": content_type if content_type and answer.status in (200, 410) else answer.content_type,
            "Vary": VARY,
            "Cache-Control": cache_header(answer, seconds),
            "X-Content-Type-Options": "nosniff",
            **answer.headers,
        }
    )
    if answer.status == 200:
        headers["ETag"] = etag(answer.body)
    return Whole(answer.body, headers, answer.status, proof=answer.proof)


def _refuse(request: web.Request, refused: ReadRefused) -> web.Response:
    log.info("read.refused", status=refused.status, reason=refused.reason, detail=refused.detail, path=request.path)
    return _whole(problem_answer(refused)).response(request)


# Open to all.


async def get_instance_actor(site: Site, request: web.Request) -> Answer:
    """The actor that signs for this server."""
    return await site.actors.answer(INSTANCE_ACTOR_ID, NOBODY)


async def get_webfinger(site: Site, request: web.Request) -> Answer:
    """WebFinger (RFC 7033)."""
    query = request.query
    return await wellknown.webfinger_answer(site.services, query.getall("resource", []), query.getall("rel", []))


async def get_host_meta(site: Site, request: web.Request) -> Answer:
    """host-meta (RFC 6415)."""
    as_json = request.path.endswith(".json") or prefers_json(request.headers.get("Accept"))
    return wellknown.host_meta_answer(site.services, as_json=as_json)


async def get_nodeinfo_links(site: Site, request: web.Request) -> Answer:
    """NodeInfo discovery."""
    return wellknown.nodeinfo_links_answer(site.services)


async def get_nodeinfo(site: Site, request: web.Request) -> Answer:
    """NodeInfo 2.0 or 2.1."""
    return await wellknown.nodeinfo_answer(site.services, request.match_info["version"])


# In two representations.


async def get_actor(site: Site, request: web.Request, reader: Reader) -> Answer:
    """An actor, or its key stub. What isn't there for strangers may be there for who signs."""
    try:
        return await site.actors.answer(account_of(request), reader)
    except ReadRefused:
        if not reader.is_anonymous or not is_signed(message_of(site.services, request)):
            raise
        try:
            reader = await _reader(site, request)
        except ReadRefused:
            raise not_found() from None
        return await site.actors.answer(account_of(request), reader)


async def get_status(site: Site, request: web.Request, reader: Reader) -> Answer:
    """A status."""
    account_id, status_id = account_of(request), number_of(request, "status_id")
    return await with_word_of_host(
        site.services, reader, status_id,
        lambda who: resources.status_answer(site.services, who, account_id, status_id),
    )  # fmt: skip


async def get_topic(site: Site, request: web.Request, reader: Reader) -> Answer:
    """The actor of a hashtag, or its key stub."""
    return await topics.topic_answer(site.services, reader, request.match_info["name"])


async def show_profile(site: Site, request: web.Request) -> web.StreamResponse:
    """A profile for browsers."""
    async with site.services.database.reading() as session:
        account = await resources.active_account(session, account_of(request), None)
    return await site.pages.profile(request, account) if site.pages else _sentence("This is the address of an account.")


async def show_status(site: Site, request: web.Request) -> web.StreamResponse:
    """A status for browsers. Without pages there is no session either, so the browser is nobody in particular."""
    account_id, status_id = account_of(request), number_of(request, "status_id")
    async with site.services.database.reading() as session:
        if site.pages is not None:
            status = await resources.local_status(session, account_id, status_id)
            return await site.pages.status(request, status)
        if await resources.published_status(session, NOBODY, account_id, status_id) is None:
            raise not_found()
    return _sentence("This is the address of a post.")


async def show_tag(site: Site, request: web.Request) -> web.StreamResponse:
    """A hashtag for browsers."""
    name = request.match_info["name"]
    return await site.pages.tag(request, name) if site.pages else _sentence("This is the address of a hashtag.")


def _sentence(text: str, status: int = 200) -> web.Response:
    page = f"<!doctype html><html lang=en><meta charset=utf-8><title>Tertulia</title><p>{text}</p></html>"
    headers = {"Vary": VARY, "Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
    return web.Response(text=page, status=status, content_type="text/html", headers=headers)
