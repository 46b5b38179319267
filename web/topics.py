"""The page of a topic: what it is called, who follows it, and the button that follows it at every office."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web
from sqlalchemy import exists, select

from content.hashtags import normalise_hashtag
from models import UnitOfWork
from models.accounts import Account
from models.relations import TagFollow
from models.statuses import Tag
from models.values import dataclass
from outbox.subscriptions import request_subscriptions
from social.quotas import QuotaReached
from social.tag_families import family_of
from social.tag_follows import follow_tag, unfollow_tag
from social.tags import find_or_create_tag
from web.access import Reading
from web.markup import tag_path
from web.refusals import missing, not_allowed
from web.rendering import redirection
from web.visits import Visit

Verb = Callable[[UnitOfWork, Account, Tag], Awaitable[Any]]
TOPIC_ACTIONS: Final[dict[str, Verb]] = {"follow": follow_tag, "unfollow": unfollow_tag}


@dataclass(frozen=True, slots=True)
class Topic:
    """A hashtag as its page shows it: `shown` is how it is written most, `synonyms` what is read as one with it."""

    name: str
    shown: str
    synonyms: tuple[str, ...] = ()
    is_followed: bool = False


async def load_topic(reading: Reading, name: str) -> Topic:
    """The topic of a hashtag in normal form; one that nobody has used is shown as it was asked for. Two SELECTs."""
    family = await family_of(reading.session, name)
    tag = next((one for one in family if one.name == name), None)
    is_followed = False
    if tag is not None and reading.viewer is not None:
        follows = exists().where(TagFollow.tag_id == tag.id, TagFollow.account_id == reading.viewer.id)
        is_followed = bool(await reading.session.scalar(select(follows)))
    return Topic(
        name,
        tag.display_name if tag is not None else name,
        tuple(one.display_name for one in family if one.name != name),
        is_followed,
    )


async def post_topic_action(visit: Visit) -> web.StreamResponse:
    """POST /tags/{name}/follow and /unfollow: leads back to the topic."""
    viewer = visit.required()
    await visit.form()
    written = visit.request.match_info["name"]
    name = normalise_hashtag(written)
    if not name:
        raise missing()
    verb = TOPIC_ACTIONS[visit.request.match_info["action"]]
    try:
        async with visit.services.database.unit_of_work() as unit:
            account = await unit.session.get_one(Account, viewer.id)
            tag = await find_or_create_tag(unit, name, written.lstrip("#"))
            if await verb(unit, account, tag):
                await request_subscriptions(unit, tag)
    except QuotaReached as error:
        raise not_allowed() from error
    return redirection(tag_path(name))
