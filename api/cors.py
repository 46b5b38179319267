"""Which answers a browser may give to a client of another origin: the API, OAuth, discovery and media, errors too.

No credentials are allowed across origins: clients send tokens in a header, and our cookies stay ours. The pages of
people, among them the consent page, are never readable from elsewhere.
"""

from typing import Final

from aiohttp import web

OPEN: Final = (
    "/api/",
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/userinfo",
    "/.well-known/",
    "/nodeinfo",
    "/media/",
    "/proxy/",
    "/avatars/",
    "/headers/",
)
EXPOSED: Final = (
    "Link, X-RateLimit-Reset, X-RateLimit-Limit, X-RateLimit-Remaining, X-Request-Id, Mastodon-Async-Refresh, "
    "Retry-After"
)
PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Accept, Range",
    "Access-Control-Max-Age": "7200",
}


async def add_cors_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal `on_response_prepare`."""
    if request.path.startswith(OPEN):
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = EXPOSED


async def preflight(_request: web.Request) -> web.Response:
    """OPTIONS: what a browser asks before it lets a client send a token; nobody has to be signed in."""
    return web.Response(status=204, headers=PREFLIGHT)
