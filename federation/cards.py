"""Preview cards: what the first link of a post leads to, fetched by a job after the post.

Owns the rows of PreviewCard. A page is fetched at most once a day, whoever links to it: the row is claimed before the
fetch. Bounded: five seconds, one megabyte of HTML, three redirects, the guarded client; nothing of a page but plain
text and the address of a picture is kept, and the picture is shown through our proxy. Links in direct messages are
left alone: some work only once, and all of them are between two people.

On failure: no card; it isn't tried again before tomorrow.
"""

import asyncio
from datetime import timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Table, or_, select, update

from content.pages import PageFacts, first_link, page_facts
from federation.client import RemoteError
from federation.remote_media import headers_for_hop
from federation.services import Services
from jobs.queue import enqueue_job
from models import UnitOfWork
from models.accounts import Account
from models.insertion import insert_of
from models.statuses import Mention, PreviewCard, Status
from models.visibility import Visibility
from social.search.index import index_later

FETCH_CARD: Final = "fetch_card"
ACCEPT: Final = "text/html, application/xhtml+xml"
MAX_PAGE_BYTES: Final = 1_048_576
MAX_ANSWER_BYTES: Final = 33_554_432
TOTAL_SECONDS: Final = 5.0
KEPT: Final = timedelta(days=1)
UNDERWAY: Final = timedelta(minutes=1)
SPREAD_SECONDS: Final = 45
_TYPES: Final = ("text/html", "application/xhtml+xml")
_NOBODY_ELSE_S: Final = (Visibility.DIRECT, Visibility.LIMITED)
_CARDS: Table = PreviewCard.__table__  # type: ignore[assignment]

log = structlog.get_logger(__name__)


class CardUnderway(Exception):
    """Somebody else is fetching this page just now: try again."""


async def request_card(services: Services, unit: UnitOfWork, status: Status) -> None:
    """Have the link of a new or edited status looked at, once this is committed.

    For what came from elsewhere a little later: a page that a known person links to isn't asked by all offices at once.
    """
    if not services.settings.has_link_previews or status.visibility in _NOBODY_ELSE_S:
        return
    if 'href="http' not in status.content_html or first_link(status.content_html) is None:
        if status.card_id is not None:
            status.card_id = None
        return
    due_in = 0 if unit.addresses.is_local(status.uri) else status.id % SPREAD_SECONDS
    payload = {"status_id": status.id}
    await enqueue_job(unit, FETCH_CARD, payload, unique_key=f"{FETCH_CARD}:{status.id}", due_in=due_in)


async def fetch_card(services: Services, payload: dict[str, Any]) -> None:
    """Give a status the card of its link. Raises CardUnderway."""
    status_id = int(payload["status_id"])
    url = await _link_of(services, status_id)
    if url is None:
        return
    async with services.database.unit_of_work() as unit:
        is_ours = await _claim(unit, url)
    if is_ours:
        facts = await _page(services, url)
        if facts is not None:
            async with services.database.unit_of_work() as unit:
                await unit.session.execute(update(PreviewCard).where(PreviewCard.url == url).values(**_columns(facts)))
    await _attach(services, status_id, url, may_wait=not is_ours)


async def _link_of(services: Services, status_id: int) -> str | None:
    async with services.database.reading() as session:
        status = await session.get(Status, status_id)
        if status is None:
            return None
        mentioned = await session.execute(
            select(Account.uri, Account.url)
            .join(Mention, Mention.account_id == Account.id)
            .where(Mention.status_id == status_id)
        )
        others: set[str | None] = {address for row in mentioned for address in row}
        others |= {status.quote_uri, status.url, status.uri}
    link = first_link(status.content_html, others)
    return None if link is None or services.addresses.is_local(link) else link


async def _claim(unit: UnitOfWork, url: str) -> bool:
    """Whether it is on us to fetch this page now."""
    insert = insert_of(unit.session.get_bind().dialect.name == "sqlite")
    blank = {column.name: "" for column in _CARDS.columns if column.name in _TEXTS}
    statement = (
        insert(_CARDS)
        .values(id=unit.new_id(), url=url, card_type="link", width=0, height=0, **blank, created_at=unit.now,
                fetched_at=unit.now)
        .on_conflict_do_update(
            index_elements=["url"],
            set_={"fetched_at": unit.now},
            where=or_(_CARDS.c.fetched_at.is_(None), _CARDS.c.fetched_at < unit.now - KEPT),
        )
        .returning(_CARDS.c.id)
    )  # fmt: skip
    return (await unit.session.scalar(statement)) is not None


async def _attach(services: Services, status_id: int, url: str, *, may_wait: bool) -> None:
    async with services.database.unit_of_work() as unit:
        card = (await unit.session.scalars(select(PreviewCard).where(PreviewCard.url == url))).one()
        if card.title:
            await unit.session.execute(update(Status).where(Status.id == status_id).values(card_id=card.id))
            index_later(unit, status_id)
        elif may_wait and card.fetched_at is not None and unit.now - card.fetched_at < UNDERWAY:
            raise CardUnderway(url)


async def _page(services: Services, url: str) -> PageFacts | None:
    async def sign(method: str, hop: str, body: bytes | None) -> dict[str, str]:
        return await headers_for_hop(services, method, hop, is_signed=False)

    address = url if services.addresses.scheme == "http" else url.replace("http://", "https://", 1)
    try:
        async with services.client.download(
            address, accept=ACCEPT, sign=sign, max_bytes=MAX_ANSWER_BYTES, total_seconds=TOTAL_SECONDS
        ) as download:
            content_type = download.headers.get("Content-Type", "")
            if download.status != 200 or content_type.partition(";")[0].strip().lower() not in _TYPES:
                return None
            body = bytearray()
            async for piece in download.pieces:
                body += piece
                if len(body) >= MAX_PAGE_BYTES:
                    break
    except RemoteError as refused:
        log.info("a linked page can't be shown", url=url, reason=str(refused))
        return None
    return await asyncio.to_thread(page_facts, bytes(body[:MAX_PAGE_BYTES]), content_type, download.url)


_TEXTS: Final = frozenset(
    {"title", "description", "author_name", "author_url", "provider_name", "provider_url", "image_description"}
)


def _columns(facts: PageFacts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in type(facts).__slots__}
