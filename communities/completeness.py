"""How complete the archive of a topic is here: per office since when it sends, and whether all was read."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from communities.totals import OURS, totals_of
from models.statuses import Tag
from models.topics import TopicSubscription
from models.values import dataclass
from social.tag_families import family_of


@dataclass(frozen=True, slots=True)
class OfficeShare:
    """What is here of one office: `domain` None is this one. `since` is None where nobody subscribes to it."""

    domain: str | None
    since: datetime | None
    is_complete: bool
    posts: int


@dataclass(frozen=True, slots=True)
class Completeness:
    """A topic with its synonyms, the canonical hashtag first, and the offices that have something of it."""

    tags: tuple[Tag, ...]
    offices: tuple[OfficeShare, ...]


async def completeness_of(
    session: AsyncSession, name: str, *, is_known: ColumnElement[bool] | None = None
) -> Completeness:
    """A few queries, whatever the number of offices (`communities.totals`). Without tags when nobody has used the name.

    `is_known` is a condition on `Tag`, for who isn't to learn of every hashtag (`policy.hashtags`).
    """
    family = tuple(await family_of(session, name, is_known=is_known))
    posts = (await totals_of(session, name)).posts
    rows = await session.scalars(
        select(TopicSubscription).where(TopicSubscription.tag_id.in_([tag.id for tag in family]))
    )
    by_domain: dict[str, list[TopicSubscription]] = defaultdict(list)
    for row in rows:
        by_domain[row.domain].append(row)
    ours = OfficeShare(None, min((tag.created_at for tag in family), default=None), True, posts[OURS])
    domains = sorted({*by_domain, *posts} - {OURS})
    return Completeness(family, (ours, *(_share(name, by_domain[name], posts[name]) for name in domains)))


def _share(domain: str, rows: list[TopicSubscription], posts: int) -> OfficeShare:
    accepted = [row for row in rows if row.state == "accepted" and row.accepted_at is not None]
    since = max((row.accepted_at for row in accepted if row.accepted_at is not None), default=None)
    is_complete = bool(accepted) and len(accepted) == len(rows) and all(row.complete_at for row in rows)
    return OfficeShare(domain, since, is_complete, posts)
