"""The web application of one instance: every route and what happens around each.

No state here is shared between two applications in one process: services, journal, tokens and health are arguments or
made here, and handlers have them bound or, in the client API, find them in the application.
"""

from functools import partial
from urllib.parse import urlsplit

from aiohttp import web

import federation.routes
import inbox.routes
import outbox.file_routes
import outbox.report_routes
import outbox.routes
from access.tokens import Bearers
from api.call import Api
from api.cors import add_cors_headers
from api.limits import ApiLimits
from api.routes import attach_api
from api.serving import door
from api.streaming.watch import attach_streaming
from federation.services import Services
from inbox.fetching import fetch_status
from inbox.journal import Journal
from server.health import Health, health_routes
from server.mailbox import MAILBOX, Mailbox
from server.middlewares import add_security_headers, around_requests
from server.passwords import hash_password, is_password
from server.proxies import Front
from server.settings import Settings
from server.shortcuts import SHORTCUT, Shortcut
from server.tokens import BearerTokens
from server.traffic import Traffic
from web.routes import web_pages


def make_app(
    services: Services,
    settings: Settings,
    *,
    journal: Journal | None = None,
    health: Health | None = None,
    traffic: Traffic | None = None,
) -> web.Application:
    """The application; give it the journal, the health and the traffic that the same process uses elsewhere."""
    traffic, front = traffic or Traffic(), front_of(settings)
    app = web.Application(middlewares=[around_requests(front, traffic)], client_max_size=settings.max_body_bytes)
    bearers = Bearers(services.database)
    bearer = BearerTokens(bearers)
    media = services.media
    pages = web_pages(services, is_password=is_password, hash_password=hash_password)
    app.add_routes(health_routes(health or Health(services.database)))
    if settings.metrics_token and settings.metrics_listen is None:
        from server.metrics import metrics_routes  # off in most offices: they needn't carry its library

        app.add_routes(metrics_routes(services, traffic, settings.metrics_token))
    mail = inbox.routes.door_of(services, journal or Journal(services.database))
    app.add_routes(inbox.routes.routes(mail))
    app.add_routes(outbox.routes.routes(services, bearer=bearer, media=media, fetch_status=fetch_status))
    app.add_routes(outbox.file_routes.routes(services))
    app.add_routes(outbox.report_routes.routes(services, bearer=bearer))
    app.add_routes(pages.feeds())
    app.add_routes(federation.routes.routes(services, pages=pages.federation, bearer=bearer))
    app.add_routes(pages.routes())
    limits = ApiLimits(is_on=settings.rate_limits)
    shown = services.media_addresses.proxied
    clients = Api(services, bearers, media, limits, shown, vapid_public_key=services.push.public_key)
    attach_api(app, clients)
    attach_streaming(app, clients)
    app.on_response_prepare.append(add_security_headers)
    app.on_response_prepare.append(add_cors_headers)
    app[SHORTCUT] = Shortcut(
        app, services.database.kept, front, traffic, api=door(clients), others=federation.routes.door
    )
    app[MAILBOX] = Mailbox(
        app, front, traffic, partial(inbox.routes.take, mail), addresses=services.addresses,
        max_body_bytes=settings.max_body_bytes,
    )  # fmt: skip
    return app


def front_of(settings: Settings) -> Front:
    """The names that this instance answers for: of its origin, and of its handles where they differ."""
    origin = urlsplit(settings.origin)
    return Front(hosts=[origin.netloc, settings.domain], scheme=origin.scheme, trusted=settings.trusted_proxies)
