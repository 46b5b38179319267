"""One request of a browser: who sits there, which language they read, and how an answer gets to them.

Every page goes through `visiting`: it finds the session, runs the handler, turns what the handler refuses into a page,
and sets the cookies. Handlers take a Visit and return a response.
"""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from aiohttp import web

from access.secrets import is_secret
from access.sessions import LIFETIME, Sessions, SignedIn
from communities.standings import CommunityRefused, NoSuchCommunity
from federation.services import Services
from models.accounts import Account
from models.values import dataclass
from policy.rates import RateLimiter
from policy.roles import Permission, may
from web.access import Reading
from web.forms import Form, FormRefused, form_token, read_form
from web.languages import accepted_language, known_language
from web.passwords import Passwords
from web.paths import safe_path
from web.refusals import PageRefused, SignInNeeded, sentence_of
from web.rendering import Renderer, redirection
from web.sign_in_limits import SignInLimits
from web.statics import Statics
from web.texts import Texts


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages of one office share."""

    services: Services
    passwords: Passwords
    sessions: Sessions
    renderer: Renderer
    statics: Statics
    sign_ins: SignInLimits
    lookups: RateLimiter

    @property
    def is_https(self) -> bool:
        return self.services.addresses.scheme == "https"

    def cookie_name(self, name: str) -> str:
        """With https under a prefix that binds the cookie to this host (RFC 6265bis §4.1.3.2)."""
        return f"__Host-{name}" if self.is_https else name


class Visit:
    """A request with its visitor."""

    def __init__(self, site: Site, request: web.Request, signed_in: SignedIn | None) -> None:
        self.site = site
        self.services = site.services
        self.request = request
        self.signed_in = signed_in
        self.asked_language = known_language(request.query.get("lang")) or ""
        self.texts: Texts = site.renderer.texts(self._language())
        self.here = safe_path(request.raw_path) if request.method in ("GET", "HEAD") else "/"
        self.unread = signed_in.unread if signed_in is not None else 0
        self._guest_secret = request.cookies.get(site.cookie_name("tertulia_form"))
        self._cookies: dict[str, tuple[str, int]] = {}

    @property
    def viewer(self) -> Account | None:
        return self.signed_in.account if self.signed_in is not None else None

    @property
    def is_stranger_here(self) -> bool:
        """Whether this visitor may read nothing at all: nobody does in a closed network without a session."""
        return self.viewer is None and self.services.settings.is_closed

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reading]:
        """A database session that reads on behalf of the viewer."""
        async with self.services.database.reading() as session:
            yield Reading(session, self.viewer, self.services.addresses.origin, self.services.clock())

    def required(self) -> Account:
        """The viewer. Raises SignInNeeded when nobody is signed in."""
        if self.viewer is None:
            raise SignInNeeded
        return self.viewer

    @property
    def looks_after_offices(self) -> bool:
        """Whether the viewer decides which offices this one talks to."""
        return self.signed_in is not None and may(self.signed_in.role, Permission.MANAGE_FEDERATION)

    def known(self) -> SignedIn:
        """The viewer's session. Raises SignInNeeded when there is none."""
        if self.signed_in is None:
            raise SignInNeeded
        return self.signed_in

    def form_token(self) -> str:
        """The token for a form on this page; sets the cookie that belongs to it when there is none yet."""
        if self.signed_in is not None:
            return form_token(self.signed_in.token)
        if not is_secret(self._guest_secret):
            self._guest_secret = secrets.token_urlsafe(32)
            self._cookies["tertulia_form"] = (self._guest_secret, int(LIFETIME.total_seconds()))
        return form_token(self._guest_secret or "")

    async def form(self, *, file_bytes: int = 0) -> Form:
        """The form that was sent, with files where it may have so many bytes. Raises FormRefused."""
        if self.signed_in is not None:
            return await read_form(self.request, self.signed_in.token, file_bytes=file_bytes)
        return await read_form(self.request, self._guest_secret if is_secret(self._guest_secret) else None)

    def page(self, template: str, *, status: int = 200, **values: Any) -> web.Response:
        """A rendered page."""
        settings = self.services.settings
        return self.site.renderer.page(
            template,
            texts=self.texts,
            status=status,
            now=self.services.clock(),
            visit=self,
            viewer=self.viewer,
            unread=self.unread,
            office=settings.instance_name,
            office_description=settings.instance_description,
            contact_email=settings.contact_email,
            origin=self.services.addresses.origin,
            local_picture=self.local_picture,
            static_url=self.site.statics.url,
            **values,
        )

    def message(self, title: str, text: str, *, status: int) -> web.Response:
        """A page with a heading and a sentence; both are keys of the texts."""
        return self.page("message.html", status=status, heading=self.texts(title), sentence=self.texts(text))

    def local_picture(self, account: Account) -> str | None:
        """The path of an account's picture when it is in our own media store."""
        url, prefix = account.avatar_url or "", self.services.addresses.media("")
        return url[len(self.services.addresses.origin) :] if url.startswith(prefix) else None

    def set_session_cookie(self, token: str) -> None:
        """Keep the browser signed in; an empty token signs it out."""
        self._cookies["tertulia_session"] = (token, int(LIFETIME.total_seconds()) if token else 0)

    def write_cookies(self, response: web.StreamResponse) -> None:
        """Add what was set during the visit."""
        for name, (value, max_age) in self._cookies.items():
            response.set_cookie(
                self.site.cookie_name(name),
                value,
                max_age=max_age,
                path="/",
                httponly=True,
                samesite="Lax",
                secure=self.site.is_https,
            )

    def _language(self) -> str:
        chosen = known_language(self.signed_in.locale) if self.signed_in is not None else None
        return self.asked_language or chosen or accepted_language(self.request.headers.get("Accept-Language"))


Handler = Callable[[Visit], Awaitable[web.StreamResponse]]


async def visiting(site: Site, handler: Handler, request: web.Request) -> web.StreamResponse:
    """Answer a browser: find its session, run the handler, show what it refuses as a page."""
    signed_in = await site.sessions.find(request.cookies.get(site.cookie_name("tertulia_session")))
    visit = Visit(site, request, signed_in)
    if signed_in is not None and signed_in.must_note:
        await site.sessions.note(signed_in)
        if signed_in.must_renew:
            visit.set_session_cookie(signed_in.token)
    try:
        response = await handler(visit)
    except SignInNeeded:
        response = redirection(f"/sign-in?next={quote(visit.here, safe='/@')}")
    except FormRefused as refused:
        text = {403: "form_stale", 413: "form_too_large"}.get(refused.status, "form_malformed")
        response = visit.message("form_title", text, status=refused.status)
    except PageRefused as refused:
        response = visit.message(refused.title, refused.text, status=refused.status)
    except NoSuchCommunity:
        response = visit.message("missing_title", "missing", status=404)
    except CommunityRefused as refusal:
        sentence = sentence_of(visit.texts, refusal)
        response = visit.page("message.html", status=403, heading=visit.texts("form_title"), sentence=sentence)
    if not response.prepared:  # what was sent in pieces is gone already
        visit.write_cookies(response)
    return response
