"""Sessions and applications: where somebody is signed in, what acts in their name, and how to end either."""

from datetime import datetime

from aiohttp import web

from access.applications import host_of_website
from access.grants import list_grants, revoke_application, revoke_token
from models.values import dataclass
from web.consent import scope_sentences
from web.rendering import redirection
from web.visits import Visit

PATH = "/settings/access"
_BROWSERS = (
    *(("Edg", "Edge"), ("OPR/", "Opera"), ("Vivaldi", "Vivaldi"), ("SamsungBrowser", "Samsung Internet")),
    *(("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari")),
)
_SYSTEMS = (
    *(("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows")),
    *(("CrOS", "ChromeOS"), ("Mac OS X", "macOS"), ("Linux", "Linux")),
)


@dataclass(frozen=True, slots=True)
class ShownGrant:
    """An application as its row shows it; `name` is empty for a script's token."""

    name: str
    host: str
    sentences: list[str]
    created_at: datetime
    last_used_at: datetime | None
    field: str
    value: int


async def show_access(visit: Visit) -> web.StreamResponse:
    """GET /settings/access."""
    signed_in = visit.known()
    sessions = await visit.site.sessions.of_user(signed_in.user_id)
    async with visit.services.database.reading() as session:
        grants = await list_grants(session, signed_in.user_id, visit.services.clock())
    shown = [
        ShownGrant(
            name=grant.application.name if grant.application is not None else "",
            host=host_of_website(grant.application) if grant.application is not None else "",
            sentences=scope_sentences(grant.scopes, visit.texts),
            created_at=grant.created_at,
            last_used_at=grant.last_used_at,
            field="application_id" if grant.application is not None else "token_id",
            value=grant.application.id if grant.application is not None else grant.token_id,
        )
        for grant in grants
    ]
    return visit.page(
        "access.html", sessions=sessions, present_id=signed_in.session_id, grants=shown, browser_name=browser_name
    )


async def post_revocation(visit: Visit) -> web.StreamResponse:
    """POST /settings/access/revoke with `application_id` or `token_id`."""
    form = await visit.form()
    signed_in = visit.known()
    application_id, token_id = form.number("application_id"), form.number("token_id")
    async with visit.services.database.unit_of_work() as unit:
        if application_id is not None:
            await revoke_application(unit, signed_in.user_id, application_id)
        elif token_id is not None:
            await revoke_token(unit, token_id, user_id=signed_in.user_id)
    return redirection(PATH)


async def post_session_end(visit: Visit) -> web.StreamResponse:
    """POST /settings/access/sessions/end with `session_id`, or with `others` for all but the present one."""
    form = await visit.form()
    signed_in = visit.known()
    session_id = form.number("session_id")
    if form.text("others"):
        await visit.site.sessions.end_others(signed_in)
    elif session_id is not None:
        await visit.site.sessions.end_one(signed_in.user_id, session_id)
    return redirection(PATH)


def browser_name(user_agent: str) -> str:
    """`Firefox, Linux`: what people recognise of a browser's own words; empty when there is nothing to recognise."""
    found = [next((name for mark, name in table if mark in user_agent), "") for table in (_BROWSERS, _SYSTEMS)]
    return ", ".join(name for name in found if name)
