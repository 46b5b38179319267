"""Signing in and out.

What fails, fails alike: an unknown name, a wrong password and a suspended user get the same sentence after the same
work. The first sign-in of a user takes over the language of the browser.
"""

import math
from urllib.parse import parse_qsl

import structlog
from aiohttp import web
from sqlalchemy import func, select

from content.names import sanitize_name
from models.accounts import Account, User
from web.authorization import PATH
from web.forms import Form
from web.paths import safe_path
from web.rendering import allow_form_targets, redirection
from web.visits import Visit

log = structlog.get_logger(__name__)

MAX_NAME_CHARACTERS = 254


async def show_sign_in(visit: Visit) -> web.StreamResponse:
    """GET /sign-in?next=…"""
    path = safe_path(visit.request.query.get("next"))
    return redirection(path) if visit.viewer is not None else sign_in_page(visit, path)


def sign_in_page(
    visit: Visit, next_path: str, *, error: str = "", name: str = "", status: int = 200, application: str = ""
) -> web.Response:
    """The form, with what went wrong (a key of the texts), what was typed, and the application that sent one here."""
    response = visit.page(
        "sign_in.html", status=status, next_path=next_path, error=error, name=name, application=application
    )
    path, _, query = next_path.partition("?")
    if path == PATH:
        # Who has consented before goes straight on to the application.
        allow_form_targets(response, dict(parse_qsl(query)).get("redirect_uri", ""))
    return response


async def post_sign_in(visit: Visit) -> web.StreamResponse:
    """POST /sign-in with `login`, `password` and `next`."""
    form = await visit.form()
    name = form.text("login")[:MAX_NAME_CHARACTERS]
    wait = visit.site.sign_ins.seconds_to_wait(visit.request.remote, name, visit.services.clock())
    if wait is not None:
        log.info("sign-in.limited", remote=visit.request.remote)
        response = sign_in_page(visit, form.next, error="sign_in_slow", name=name, status=429)
        response.headers["Retry-After"] = str(math.ceil(wait))
        return response
    user = await _find_user(visit, name)
    is_right = await visit.site.passwords.is_right(user.password_hash if user else None, form.exact("password"))
    if user is None or not is_right:
        log.info("sign-in.refused", remote=visit.request.remote)
        # 403: credentials were given and are insufficient (RFC 9110 §15.5.4); 401 would ask for an HTTP scheme.
        return sign_in_page(visit, form.next, error="sign_in_wrong", name=sanitize_name(name), status=403)
    return await _signed_in(visit, user, form)


async def _find_user(visit: Visit, name: str) -> User | None:
    """The user with this e-mail address or user name who may sign in."""
    is_named = User.email == name.lower() if "@" in name.strip("@") else func.lower(Account.username) == _bare(name)
    query = (
        select(User)
        .join(Account, Account.id == User.account_id)
        .where(is_named, Account.domain.is_(None), User.disabled_at.is_(None))
        .where(Account.suspended_at.is_(None), Account.gone_at.is_(None))
    )
    async with visit.services.database.reading() as session:
        return (await session.scalars(query)).first()


def _bare(name: str) -> str:
    return name.removeprefix("@").lower()


async def _signed_in(visit: Visit, user: User, form: Form) -> web.Response:
    replacing = visit.signed_in.token if visit.signed_in is not None else None
    async with visit.services.database.unit_of_work() as unit:
        mine = await unit.session.get_one(User, user.id)
        if mine.last_seen_at is None:
            mine.locale = visit.texts.language
        token = await visit.site.sessions.start(
            unit, mine, replacing=replacing, user_agent=visit.request.headers.get("User-Agent", "")
        )
    visit.set_session_cookie(token)
    log.info("sign-in.done", user_id=user.id)
    return redirection(form.next)


async def post_sign_out(visit: Visit) -> web.StreamResponse:
    """POST /sign-out."""
    await visit.form()
    if visit.signed_in is not None:
        await visit.site.sessions.end(visit.signed_in)
        visit.set_session_cookie("")
    return redirection("/")
