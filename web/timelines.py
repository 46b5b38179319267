"""Lists of statuses, newest first: the home feed, what an account wrote, what carries a hashtag.

Each is one query for the page (of a hashtag, after one for its synonyms), then the fixed number of `load_cards`.
"""

from sqlalchemy import func, select

from models.accounts import Account
from models.feeds import FeedEntry
from models.insertion import AnySelect
from models.statuses import Status, StatusTag, Tag
from models.visibility import Visibility
from policy.hashtags import tag_known_to
from policy.timelines import not_limited_for, wanted_by
from social.pins import is_pinned_to, pinned_since
from social.tag_families import family_ids, under
from social.trends import LOOKED_AT
from web.access import Reading, listing, rows_of
from web.cards import Card, load_cards
from web.paging import MAX_ID, PAGE_SIZE, Page, cut

MAX_PINNED = 10


async def home_page(reading: Reading, viewer: Account, max_id: int) -> Page[Card]:
    """The home feed of the viewer."""
    feed = FeedEntry.status_id
    query = (
        listing(reading.viewer)
        .join(FeedEntry, feed == Status.id)
        .where(FeedEntry.account_id == viewer.id, feed < max_id)
        .order_by(feed.desc())
    )
    return await _page(reading, query, max_id)


async def account_page(reading: Reading, account: Account, max_id: int) -> Page[Card]:
    """What an account wrote and boosted, as far as the viewer may read it."""
    query = (
        listing(reading.viewer).where(Status.account_id == account.id, Status.id < max_id).order_by(Status.id.desc())
    )
    return await _page(reading, query, max_id)


async def pinned_cards(reading: Reading, account: Account) -> list[Card]:
    """What an account has pinned to its profile, the newest pin first."""
    query = (
        listing(reading.viewer)
        .where(is_pinned_to(account.id))
        .order_by(pinned_since().desc(), Status.id.desc())
        .limit(MAX_PINNED)
    )
    return await load_cards(reading, await rows_of(reading, query))


async def tag_page(reading: Reading, name: str, max_id: int) -> Page[Card]:
    """Public statuses with a hashtag, or a synonym of it."""
    return await _page(reading, await _tagged(reading, name, max_id), max_id)


async def tag_feed(reading: Reading, name: str) -> Page[Card]:
    """The newest of the same for a feed, which carries them out of the office: without what is for the office alone."""
    tagged = await _tagged(reading, name, MAX_ID)
    return await _page(reading, tagged.where(Status.is_local_only.is_(False)), MAX_ID)


async def _tagged(reading: Reading, name: str, max_id: int) -> AnySelect:
    viewer_id = reading.viewer.id if reading.viewer is not None else None
    family = (await reading.session.scalars(family_ids([name]))).all()
    query, column = under(listing(reading.viewer).where(not_limited_for(viewer_id)), family)
    query = query.where(column < max_id, Status.visibility == Visibility.PUBLIC.value).order_by(column.desc())
    if viewer_id is not None:
        return query.where(wanted_by(viewer_id, now=reading.now))
    # Strangers see what is ours: to find none of it mustn't take a look at everything that others have said.
    newest = select(StatusTag.status_id).where(StatusTag.tag_id.in_(family), StatusTag.status_id < max_id)
    oldest = newest.order_by(StatusTag.status_id.desc()).offset(LOOKED_AT).limit(1).scalar_subquery()
    return query.where(column > func.coalesce(oldest, 0))


async def tag_display_name(reading: Reading, name: str) -> str | None:
    """How a hashtag is written most; None when it doesn't exist for the viewer."""
    viewer_id = reading.viewer.id if reading.viewer is not None else None
    query = select(Tag.display_name).where(Tag.name == name, tag_known_to(viewer_id))
    found: str | None = await reading.session.scalar(query)
    return found


async def _page(reading: Reading, query: AnySelect, max_id: int) -> Page[Card]:
    rows, has_more = cut(await rows_of(reading, query.limit(PAGE_SIZE + 1)))
    cards = await load_cards(reading, rows)
    return Page(cards, rows[-1][0].id if has_more else None, is_first=max_id == MAX_ID)
