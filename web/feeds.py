"""Feeds of topics, RSS and Atom, and their archives; and the page that makes the key that a feed reader needs.

What is in them is what the topic's page shows to the same reader, without what is for the office alone: a feed is read
by programs elsewhere. In a closed network nobody gets one without a session or a key (`access.feed_keys`), whatever the
topic. Media are links with their descriptions; nothing is loaded from other servers.
"""

from contextlib import aclosing
from typing import Final

from aiohttp import web

from access.feed_keys import account_of_feed_key, end_feed_key, has_feed_key, make_feed_key
from content.feed_entries import TYPES, Entry, Feed
from content.hashtags import normalise_hashtag
from content.html import escape
from models.accounts import Account
from models.statuses import Attachment
from social.archives import Archive, write_archive
from web.access import Reading
from web.cards import Card
from web.faces import shown_name
from web.markup import tag_path
from web.refusals import missing
from web.rendering import excerpt, redirection
from web.timelines import tag_display_name, tag_feed
from web.visits import Site, Visit

TITLE_CHARACTERS: Final = 80
_HEADERS: Final = {
    "Cache-Control": "private, max-age=300",
    "Referrer-Policy": "no-referrer",
    "Vary": "Cookie",
    "X-Content-Type-Options": "nosniff",
}


async def show_feed(site: Site, request: web.Request) -> web.StreamResponse:
    """GET /tags/{name}.rss and .atom, with a session, with `?key=`, or in an open network without either."""
    viewer = await _viewer(site, request)
    if viewer is None and (site.services.settings.is_closed or "key" in request.query):
        return web.Response(status=401, text="This feed needs a key: /settings/feeds makes one.", headers=_HEADERS)
    key, kind = normalise_hashtag(request.match_info["name"]), request.match_info["kind"]
    if not key:
        return web.Response(status=404, text="There is no such topic.", headers=_HEADERS)
    services = site.services
    async with services.database.reading() as session:
        reading = Reading(session, viewer, services.addresses.origin, services.clock())
        display = await tag_display_name(reading, key) or key
        cards = (await tag_feed(reading, key)).items
    entries = [_entry(site, card) for card in cards]
    feed = Feed(
        title=f"#{display} · {services.settings.instance_name}",
        description=f"#{display}",
        url=services.addresses.origin + tag_path(key),
        feed_url=services.addresses.origin + feed_path(key, kind),
        updated_at=max((entry.updated_at for entry in entries), default=services.clock()),
        entries=entries,
    )
    from content.feeds import write_feed  # an XML library, for the few offices whose topics somebody reads like this

    response = web.Response(body=write_feed(feed, kind), content_type=TYPES[kind], charset="utf-8", headers=_HEADERS)
    response.last_modified = feed.updated_at if entries else None
    return response


async def show_archive(visit: Visit) -> web.StreamResponse:
    """GET /tags/{name}/archive.zip: the whole topic as a file to keep, for who is signed in."""
    viewer, services = visit.required(), visit.services
    key = normalise_hashtag(visit.request.match_info["name"])
    if not key:
        raise missing()
    archive = Archive(key, f"#{key}", viewer.id, services.clock())
    headers = {**_HEADERS, "Cache-Control": "private, no-store", "Content-Type": "application/zip"}
    response = web.StreamResponse(headers={**headers, "Content-Disposition": 'attachment; filename="archive.zip"'})
    await response.prepare(visit.request)
    async with aclosing(write_archive(services.database, services.addresses, archive)) as pieces:
        async for piece in pieces:
            await response.write(piece)
    return response


async def show_feed_key(visit: Visit) -> web.StreamResponse:
    """GET /settings/feeds."""
    signed_in = visit.known()
    async with visit.services.database.reading() as session:
        has_key = await has_feed_key(session, signed_in.user_id)
    return visit.page("feeds.html", key="", has_key=has_key)


async def post_feed_key(visit: Visit) -> web.StreamResponse:
    """POST /settings/feeds with `act`: `make` shows a new key, once; `end` ends it."""
    form, signed_in = await visit.form(), visit.known()
    async with visit.services.database.unit_of_work() as unit:
        if form.text("act") == "end":
            await end_feed_key(unit, signed_in.user_id)
            return redirection("/settings/feeds")
        key = await make_feed_key(unit, signed_in.user_id)
    return visit.page("feeds.html", key=key, has_key=True)


def feed_path(name: str, kind: str) -> str:
    """The feed of a topic on this server."""
    return f"{tag_path(name)}.{kind}"


async def _viewer(site: Site, request: web.Request) -> Account | None:
    """Who reads: by the key when there is one, else by the session."""
    if "key" in request.query:
        async with site.services.database.reading() as session:
            return await account_of_feed_key(session, request.query["key"])
    signed_in = await site.sessions.find(request.cookies.get(site.cookie_name("tertulia_session")))
    return signed_in.account if signed_in is not None else None


def _entry(site: Site, card: Card) -> Entry:
    status = card.status
    warning = f"<p><strong>{escape(status.summary)}</strong></p>" if status.summary else ""
    links = "".join(_link(site, one) for one in card.bundle.attachments)
    text = status.title or status.summary or excerpt(status.content_html, TITLE_CHARACTERS)
    return Entry(
        id=status.uri,
        url=status.url or status.uri,
        title=text or f"@{card.author.acct}",
        content_html=warning + status.content_html + links,
        author=f"{shown_name(card.author)} (@{card.author.acct})",
        published_at=status.published_at,
        updated_at=status.edited_at or status.published_at,
        categories=[tag.display_name for tag in card.bundle.tags],
    )


def _link(site: Site, attachment: Attachment) -> str:
    key = attachment.storage_key
    address = site.services.addresses.media(key) if key else attachment.remote_url
    if not address:
        return ""
    return f'<p><a href="{escape(address)}">{escape(attachment.description or attachment.media_type)}</a></p>'
