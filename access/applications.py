"""Registered applications: what somebody's client is called, where people are sent back to, and what it may ask for.

Anybody may register one (that is how clients work), so nothing here is believed: a name is shown as text, a website is
an http address or none, and a redirect address counts as an exact string only. Addresses with a scheme of an app's own
are as welcome as those of the web; those that a browser would run are not.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from access.scopes import DEFAULT_SCOPE, ScopesRefused, check_scopes
from access.secrets import hash_secret, is_same_secret, is_secret, new_secret
from content.names import sanitize_name
from models import UnitOfWork
from models.oauth import Application

OUT_OF_BAND: Final = "urn:ietf:wg:oauth:2.0:oob"
MAX_NAME_CHARACTERS: Final = 60
MAX_URI_CHARACTERS: Final = 2_000
MAX_URIS: Final = 50
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_RUN_BY_BROWSERS: Final = frozenset({"javascript", "vbscript", "data", "blob", "about", "file", "view-source"})


class ApplicationRefused(Exception):
    """An application can't be registered so: `field` is what is wrong, the message why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Registered(NamedTuple):
    """A new application with its secret, which nobody sees again."""

    application: Application
    secret: str


def register_application(
    unit: UnitOfWork, *, name: str, redirect_uris: Sequence[str], scopes: str = "", website: str | None = None
) -> Registered:
    """Register a client. `redirect_uris` may hold several addresses in one string. Raises ApplicationRefused."""
    secret = new_secret()
    application = Application(
        id=unit.new_id(),
        client_id=new_secret(),
        secret_hash=hash_secret(secret),
        name=_checked_name(name),
        website=_checked_website(website),
        redirect_uris=_checked_uris(redirect_uris),
        scopes=_checked_scopes(scopes),
        created_at=unit.now,
    )
    unit.session.add(application)
    return Registered(application, secret)


async def find_application(session: AsyncSession, client_id: str) -> Application | None:
    """The application with this client id; what has not the shape of one is nobody's."""
    if not is_secret(client_id):
        return None
    return (await session.scalars(select(Application).where(Application.client_id == client_id))).first()


async def authenticate(session: AsyncSession, client_id: str, secret: str) -> Application | None:
    """The application, when the secret is its own."""
    application = await find_application(session, client_id)
    if application is None or not is_same_secret(secret, application.secret_hash):
        return None
    return application


def host_of_website(application: Application) -> str:
    """The host of an application's website as people may see it; empty where there is none."""
    return urlsplit(application.website or "").hostname or ""


def _checked_name(name: str) -> str:
    checked = sanitize_name(name).strip()
    if not checked:
        raise ApplicationRefused("client_name", "can't be blank")
    if len(checked) > MAX_NAME_CHARACTERS:
        raise ApplicationRefused("client_name", f"is too long (maximum is {MAX_NAME_CHARACTERS} characters)")
    return checked


def _checked_website(website: str | None) -> str | None:
    text = (website or "").strip()
    if not text:
        return None
    try:
        parts = urlsplit(text)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address or not text.isprintable() or " " in text or len(text) > MAX_URI_CHARACTERS:
        raise ApplicationRefused("website", "is not a valid URL")
    return text


def _checked_uris(given: Sequence[str]) -> list[str]:
    uris = list(dict.fromkeys(uri for text in given for uri in text.split()))
    if not uris:
        raise ApplicationRefused("redirect_uris", "can't be blank")
    if len(uris) > MAX_URIS:
        raise ApplicationRefused("redirect_uris", f"are too many (maximum is {MAX_URIS})")
    for uri in uris:
        scheme = _SCHEME.match(uri)
        if scheme is None or scheme.group()[:-1].lower() in _RUN_BY_BROWSERS or not uri.isprintable():
            raise ApplicationRefused("redirect_uris", "must be absolute addresses, and none that a browser would run")
        if len(uri) > MAX_URI_CHARACTERS:
            raise ApplicationRefused("redirect_uris", f"are too long (maximum is {MAX_URI_CHARACTERS} characters)")
    return uris


def _checked_scopes(scopes: str) -> str:
    try:
        return check_scopes(scopes) if scopes.strip() else DEFAULT_SCOPE
    except ScopesRefused as refused:
        raise ApplicationRefused("scopes", str(refused)) from None
