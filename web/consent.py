"""The consent page: a person decides whether an application may act in their name.

GET shows who asks for what, or the sign-in form before it; POST is the decision. No script is needed, nothing frames
the page, and the decision needs the token of the form. There is no Cross-Origin-Opener-Policy: clients open this in a
popup and look at it from outside.
"""

from collections.abc import Sequence
from typing import Final

import structlog
from aiohttp import web

from access.applications import host_of_website
from access.codes import issue_code
from access.grants import has_consented
from access.secrets import is_secret
from access.sessions import SignedIn
from web.authorization import AuthorizationRefused, AuthorizationRequest, read_authorization
from web.forms import Query
from web.refusals import missing
from web.rendering import allow_form_targets, redirection
from web.sign_in import sign_in_page
from web.texts import Texts
from web.visits import Visit

log = structlog.get_logger(__name__)

# Asked for as one, but granted and shown as what they are.
_WHOLE: Final = frozenset({"profile", "read", "write", "follow", "push", "offline_access", "admin:read", "admin:write"})


async def show_consent(visit: Visit) -> web.StreamResponse:
    """GET /oauth/authorize, with or without a slash at its end."""
    try:
        async with visit.services.database.reading() as session:
            asked = await read_authorization(session, Query(visit.request.query))
    except AuthorizationRefused as refused:
        return visit.message("authorize_title", refused.text, status=400)
    if visit.signed_in is None or asked.must_sign_in:
        return sign_in_page(visit, asked.path_afterwards, application=asked.application.name)
    is_visit = visit.request.method == "GET" and "Sec-Purpose" not in visit.request.headers
    if is_visit and not asked.must_consent and await _has_consented(visit, asked):
        return await _granted(visit, visit.signed_in, asked)
    return _consent_page(visit, asked)


async def post_consent(visit: Visit) -> web.StreamResponse:
    """POST /oauth/authorize with the parameters of the request and `decision` (`allow` or `deny`)."""
    form = await visit.form()
    try:
        async with visit.services.database.reading() as session:
            asked = await read_authorization(session, form)
    except AuthorizationRefused as refused:
        return visit.message("authorize_title", refused.text, status=400)
    if visit.signed_in is None:
        return sign_in_page(visit, asked.path_afterwards, application=asked.application.name)
    if form.text("decision") == "allow":
        return await _granted(visit, visit.signed_in, asked)
    log.info("consent.denied", application=asked.application.id)
    return redirection(asked.answer(error="access_denied", error_description="The person said no."))


async def show_code(visit: Visit) -> web.StreamResponse:
    """GET /oauth/authorize/native?code=…: what the person carries over to an application that has no address."""
    code, error = visit.request.query.get("code"), visit.request.query.get("error")
    if error == "access_denied":
        return visit.message("denied_title", "denied", status=200)
    if code is None or not is_secret(code):
        raise missing()
    return visit.page("code.html", code=code)


def scope_sentences(scopes: Sequence[str], texts: Texts) -> list[str]:
    """Each scope in words."""
    return [_sentence(scope, texts) for scope in scopes]


def _sentence(scope: str, texts: Texts) -> str:
    if scope in _WHOLE:
        return texts(f"scope_{scope.replace(':', '_')}")
    area, _, part = scope.rpartition(":")
    return texts(f"scope_{area.replace(':', '_')}_part", what=texts(f"part_{part}"))


def _consent_page(visit: Visit, asked: AuthorizationRequest) -> web.Response:
    response = visit.page(
        "consent.html",
        asked=asked,
        application=asked.application,
        website_host=host_of_website(asked.application),
        sentences=scope_sentences(asked.scopes.split(), visit.texts),
    )
    return allow_form_targets(response, asked.redirect_uri)


async def _has_consented(visit: Visit, asked: AuthorizationRequest) -> bool:
    if visit.signed_in is None:
        return False
    now = visit.services.clock()
    async with visit.services.database.reading() as session:
        return await has_consented(session, visit.signed_in.user_id, asked.application.id, asked.scopes, now)


async def _granted(visit: Visit, signed_in: SignedIn, asked: AuthorizationRequest) -> web.Response:
    async with visit.services.database.unit_of_work() as unit:
        code = issue_code(
            unit,
            asked.application,
            user_id=signed_in.user_id,
            redirect_uri=asked.redirect_uri,
            scopes=asked.scopes,
            challenge=asked.challenge,
        )
    log.info("consent.given", application=asked.application.id, user_id=signed_in.user_id)
    return redirection(asked.answer(code=code))
