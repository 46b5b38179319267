"""Making a community and changing it: one form, which comes back with what was typed when it is refused."""

from dataclasses import replace
from typing import Any, Final

from aiohttp import web

from communities.groups import NAME_CHARACTERS, POSTING, Wish
from communities.standings import CommunityRefused, NotAllowed
from content.media_limits import DESCRIPTION_CHARACTERS
from models.accounts import Account
from models.communities import Kind
from outbox import community_acts as acts
from policy.limits import COMMUNITY_RULES_CHARACTERS, DISPLAY_NAME_CHARACTERS, NOTE_CHARACTERS
from social.quotas import QuotaReached
from web.community_pages import PATH, place_here, seat_here
from web.forms import Form
from web.refusals import sentence_of
from web.rendering import redirection
from web.uploads import PICTURE_FORM_BYTES, PictureRefused, stored_picture
from web.visits import Visit

KINDS: Final = tuple(kind.value for kind in Kind)
READERS: Final = ("everybody", "members")


async def show_new_community(visit: Visit) -> web.StreamResponse:
    """GET /communities/new."""
    visit.required()
    return _page(visit, _blank())


async def post_new_community(visit: Visit) -> web.StreamResponse:
    """POST /communities/new: leads to the community."""
    viewer, form = visit.required(), await visit.form()
    try:
        async with visit.services.database.unit_of_work() as unit:
            owner = await unit.session.get_one(Account, viewer.id)
            change = await acts.create(visit.services, unit, owner, form.text("name"), _wish(form))
    except (CommunityRefused, QuotaReached) as refused:
        return _page(visit, _again(form, sentence_of(visit.texts, refused)), status=422)
    return redirection(f"{PATH}/{change.group.id}")


async def show_edit(visit: Visit) -> web.StreamResponse:
    """GET /communities/{id}/edit, for owners."""
    async with visit.reading() as reading:
        seat = await seat_here(visit, reading, needed="own")
    community, group = seat.place.community, seat.group
    values = _blank() | {
        "title": group.display_name, "description": group.note_source, "rules": community.rules,
        "kind": community.kind, "posting": community.posting, "readers": READERS[community.is_private],
        "picture_description": group.avatar_description or "",
    }  # fmt: skip
    return _page(visit, values, seat=seat)


async def post_edit(visit: Visit) -> web.StreamResponse:
    """POST /communities/{id}/edit, with a picture if there is to be another: leads to the community."""
    viewer, form = visit.required(), await visit.form(file_bytes=PICTURE_FORM_BYTES)
    async with visit.reading() as reading:
        seat = await seat_here(visit, reading, needed="own")
    try:
        picture = await stored_picture(visit, form, "picture")
        async with visit.services.database.unit_of_work() as unit:
            account = await unit.session.get_one(Account, viewer.id)
            place = await place_here(visit, unit.session, account)
            wish = _wish(form, was_given=place.community.default_for is not None)
            shows = form.text("picture_description")[:DESCRIPTION_CHARACTERS]
            wish = replace(wish, avatar_url=picture, avatar_description=shows)
            await acts.update(visit.services, unit, place.group, account, wish)
    except NotAllowed:
        raise
    except CommunityRefused as refused:
        return _page(visit, _again(form, sentence_of(visit.texts, refused)), seat=seat, status=422)
    except PictureRefused as refused:
        return _page(visit, _again(form, visit.texts(refused.text)), seat=seat, status=422)
    return redirection(f"{PATH}/{place.group.id}")


def _wish(form: Form, *, was_given: bool = False) -> Wish:
    """What was typed; who belongs to a community of everybody is given, so its kind isn't asked."""
    kind, posting = form.text("kind"), form.text("posting")
    return Wish(
        display_name=form.text("title") or None,
        description=form.text("description").replace("\r\n", "\n"),
        rules=form.text("rules").replace("\r\n", "\n"),
        kind=Kind(kind) if kind in KINDS and not was_given else None,
        is_private=None if was_given else form.text("readers") == "members" or kind == Kind.HIDDEN,
        posting=posting if posting in POSTING else None,
    )


def _blank() -> dict[str, str]:
    return {
        "name": "", "title": "", "description": "", "rules": "", "kind": Kind.OPEN.value, "posting": "members",
        "readers": "everybody", "picture_description": "", "error": "",
    }  # fmt: skip


def _again(form: Form, error: str) -> dict[str, str]:
    return {name: form.text(name) or value for name, value in _blank().items()} | {"error": error}


def _page(visit: Visit, values: dict[str, str], *, status: int = 200, **more: Any) -> web.Response:
    limits = {
        "name": NAME_CHARACTERS, "title": DISPLAY_NAME_CHARACTERS, "description": NOTE_CHARACTERS,
        "rules": COMMUNITY_RULES_CHARACTERS, "picture_description": DESCRIPTION_CHARACTERS,
    }  # fmt: skip
    choices = {"kind": KINDS, "posting": POSTING, "readers": READERS}
    shown = {"seat": None, **more}
    return visit.page("community_form.html", status=status, values=values, limits=limits, choices=choices, **shown)
