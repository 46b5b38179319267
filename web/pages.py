"""Profiles, statuses and hashtags for browsers: the other face of the addresses that servers read as ActivityStreams.

`WebPages` is what `federation.routes` asks for (its protocol `Pages`); the same pages are under `/@name` and
`/@name/{id}`. In a closed network a visitor without a session gets the same page whatever was asked for, before
anything is looked up; in an open one strangers read what is public and ours.
"""

from aiohttp import web
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from communities.standings import knows
from content.feed_entries import TYPES
from content.hashtags import normalise_hashtag
from federation.serving.answers import ReadRefused
from federation.serving.negotiation import negotiate
from models.accounts import Account
from models.statuses import Status, Tombstone
from models.visibility import Visibility
from policy.domains import normalise_domain
from social.accounts import account_by_handle
from web.access import readable_status
from web.cards import Card
from web.composing import audience_name
from web.feeds import feed_path
from web.home import blank_form
from web.paging import MAX_ID, max_id_of
from web.refusals import gone, missing
from web.relations import relation_to
from web.rendering import redirection
from web.threads import load_thread
from web.timelines import account_page, pinned_cards, tag_page
from web.topics import load_topic
from web.visits import Site, Visit, visiting


class WebPages:
    """The protocol `federation.routes.Pages`."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def profile(self, request: web.Request, account: Account) -> web.StreamResponse:
        """The profile of a local account."""
        return await visiting(self._site, lambda visit: profile_page(visit, account), request)

    async def status(self, request: web.Request, status: Status) -> web.StreamResponse:
        """A local status in its conversation."""
        return await visiting(self._site, lambda visit: thread_page(visit, status.id), request)

    async def tag(self, request: web.Request, name: str) -> web.StreamResponse:
        """What carries a hashtag."""
        return await visiting(self._site, lambda visit: tag_archive_page(visit, name), request)

    async def refused(self, request: web.Request, refused: ReadRefused) -> web.StreamResponse:
        """What isn't there, or not any more, under an address of ActivityPub."""
        return await visiting(self._site, lambda visit: refused_page(visit, refused), request)


async def show_profile(visit: Visit) -> web.StreamResponse:
    """GET /@name and /@name@host; servers are led to the actor."""
    if _is_for_servers(visit):
        return redirection(_ours(await _account_of_path(visit)).uri)
    if visit.is_stranger_here:
        return closed_page(visit)
    return await profile_page(visit, await _account_of_path(visit))


async def show_status(visit: Visit) -> web.StreamResponse:
    """GET /@name/{status_id}; servers are led to the object."""
    status_id = id_of_path(visit, "status_id")
    if _is_for_servers(visit):
        author = _ours(await _account_of_path(visit))
        return redirection(visit.services.addresses.status(author.id, status_id))
    if visit.is_stranger_here:
        return closed_page(visit)
    return await thread_page(visit, status_id, author=await _account_of_path(visit))


async def profile_page(visit: Visit, account: Account) -> web.Response:
    """An account and what it wrote."""
    if visit.is_stranger_here:
        return closed_page(visit)
    if account.gone_at is not None:
        raise gone()
    if not account.is_active:
        raise missing()
    if not account.is_local:
        visit.required()
    async with visit.reading() as reading:
        if not await knows(reading.session, visit.viewer.id if visit.viewer is not None else None, account):
            raise missing()
        relation = await relation_to(reading.session, visit.viewer, account)
        page = await account_page(reading, account, max_id_of(visit.request))
        pinned = await pinned_cards(reading, account) if page.is_first else []
    return _described(
        visit.page("profile.html", account=account, relation=relation, page=page, pinned=pinned),
        account.uri if account.is_local else None,
    )


async def thread_page(visit: Visit, status_id: int, *, author: Account | None = None) -> web.Response:
    """A status in its conversation; a boost shows what it boosts."""
    if visit.is_stranger_here:
        return closed_page(visit)
    async with visit.reading() as reading:
        status = await readable_status(reading.session, visit.viewer, status_id)
        if status is None or (author is not None and author.id != status.account_id):
            raise await _absence(reading.session, visit, author, status_id)
        if status.boost_of_id is not None:
            status = await readable_status(reading.session, visit.viewer, status.boost_of_id)
            if status is None:
                raise missing()
        thread = await load_thread(reading, status)
    writing = _reply_form(visit.viewer, thread.card) if visit.viewer is not None else None
    return _described(
        visit.page("thread.html", thread=thread, writing=writing),
        status.uri if thread.card.author.is_local else None,
    )


async def tag_archive_page(visit: Visit, name: str) -> web.Response:
    """What carries a hashtag; an empty shelf when nobody has used it."""
    if visit.is_stranger_here:
        return closed_page(visit)
    key = normalise_hashtag(name)
    if not key:
        raise missing()
    async with visit.reading() as reading:
        topic = await load_topic(reading, key)
        page = await tag_page(reading, key, max_id_of(visit.request))
    response = visit.page("tag.html", topic=topic, tag=topic.shown, name=key, page=page)
    for kind, media_type in TYPES.items():
        response.headers.add("Link", f'<{feed_path(key, kind)}>; rel="alternate"; type="{media_type}"')
    return response


async def refused_page(visit: Visit, refused: ReadRefused) -> web.Response:
    """The page for a refusal of the reading side: 410 where a tombstone is, else 404 (or what it says)."""
    if visit.is_stranger_here:
        return closed_page(visit)
    uri = visit.services.addresses.origin + visit.request.path
    async with visit.services.database.reading() as session:
        if refused.status in (404, 410) and await _is_buried(session, uri):
            raise gone()
    raise missing()


def closed_page(visit: Visit) -> web.Response:
    """What this is, and where to sign in; 200 whatever was asked for, so that nothing can be found out."""
    return visit.page("closed.html")


def id_of_path(visit: Visit, name: str) -> int:
    """A number in the address. Raises PageRefused (404) when no id is so large."""
    number = int(visit.request.match_info[name])
    if number > MAX_ID:
        raise missing()
    return number


def _is_for_servers(visit: Visit) -> bool:
    """Whether ActivityStreams is asked for: people paste the addresses of pages, and their servers look them up."""
    return negotiate(visit.request.headers.get("Accept")).is_activitystreams


def _ours(account: Account) -> Account:
    """An account that this server answers for. Raises PageRefused (404)."""
    if not account.is_local:
        raise missing()
    return account


async def _account_of_path(visit: Visit) -> Account:
    """The account of `name` or `name@host`, ours or one that we know; our own name with our domain is ours."""
    name, _, host = visit.request.match_info["acct"].partition("@")
    try:
        domain = normalise_domain(host) if host else None
    except ValueError:
        raise missing() from None
    if domain == normalise_domain(visit.services.addresses.domain):
        domain = None
    async with visit.services.database.reading() as session:
        account = await account_by_handle(session, name, domain)
        viewer_id = visit.viewer.id if visit.viewer is not None else None
        if account is None or not await knows(session, viewer_id, account):
            raise missing()
    return account


async def _absence(session: AsyncSession, visit: Visit, author: Account | None, status_id: int) -> Exception:
    if author is not None and author.is_local:
        uri = visit.services.addresses.status(author.id, status_id)
        if await _is_buried(session, uri):
            return gone()
    return missing()


async def _is_buried(session: AsyncSession, uri: str) -> bool:
    return bool(await session.scalar(select(exists().where(Tombstone.uri == uri))))


def _reply_form(viewer: Account, card: Card) -> dict[str, object]:
    """A reply begins with whom it is for, and reaches no more people than what it answers."""
    people = [card.author, *card.bundle.mentions]
    names = dict.fromkeys(account.acct for account in people if account.id != viewer.id)
    text = "".join(f"@{name} " for name in names)
    status = card.status
    visibility = Visibility.DIRECT if status.visibility == Visibility.LIMITED else status.visibility
    audience = audience_name(visibility, is_local_only=status.is_local_only)
    return blank_form(text=text, audience=audience, parent_id=status.id, summary=status.summary)


def _described(response: web.Response, uri: str | None) -> web.Response:
    """Tell tools where the same thing is in ActivityStreams."""
    if uri is not None:
        response.headers["Link"] = f'<{uri}>; rel="alternate"; type="application/activity+json"'
    return response
