"""The timeline of a hashtag, alone or with any, all or none of further ones, newest first.

That of one hashtag is what nearly everybody asks for: an index has it as it is listed. Whatever narrows it down, or
joins several, is walked (`api.walking`), a synonym being another hashtag.
"""

from functools import cache, lru_cache
from typing import Any

from sqlalchemy import bindparam

from api.call import Call
from api.endpoints import Access, Endpoint, many
from api.pagination import Page, PagedQuery
from api.schemas.fields import Several, Text
from api.statuses.pages import rows_page, seen_by, status_page
from api.timelines.reading import PublicArgs, public_heads
from api.walking import WITH_MEDIA, Sieve, tagged, walk
from content.hashtags import normalise_hashtag
from models.base import BigInt
from models.questions import Glance
from models.statuses import StatusTag
from social.tag_families import carries_one_of, families_of, under

MAX_TAGS = 8
_FORMS = 40


class TagArgs(PublicArgs):
    """Which public statuses under a hashtag, with any, all or none of further ones."""

    any = Several(Text(200), most=MAX_TAGS, load_default=list)
    all = Several(Text(200), most=MAX_TAGS, load_default=list)
    none = Several(Text(200), most=MAX_TAGS, load_default=list)


async def get_tag(call: Call) -> Page:
    """View hashtag timeline; `any`, `all` and `none` name further hashtags."""
    args = call.args
    async with call.database.glancing() as glance:
        groups = [await _ids(glance, call.path("hashtag"), *args["any"])]
        groups += [await _ids(glance, name) for name in args["all"]]
        none = await _ids(glance, *args["none"])
    is_local = args["local"] if args["local"] != args["remote"] else None
    is_whole = is_local is None and not args["only_media"] and not none
    if is_whole and [len(group) for group in groups] == [1]:
        return await status_page(call, _tag_page(call.viewer is not None), "public", {"tag": groups[0][0]})
    ways = [*map(tagged, groups), *([WITH_MEDIA] if args["only_media"] else [])]
    sieve = _sieve(call.viewer is not None, is_local, args["only_media"], len(groups), bool(none))
    values: dict[str, Any] = {f"group{number}": group for number, group in enumerate(groups)}
    found = await walk(call, ways, sieve, seen_by(call) | values | {"none": none})
    return await rows_page(call, found.rows, found.cursors, "public")


async def _ids(glance: Glance, *names: str) -> list[int]:
    """The ids of hashtags, as clients write them, and of their synonyms."""
    return await families_of(glance, [normalise_hashtag(name) for name in names])


@cache
def _tag_page(is_signed_in: bool) -> PagedQuery:
    tag = bindparam("tag", type_=BigInt)
    return PagedQuery(lambda: under(public_heads(is_signed_in), [tag])[0], StatusTag.status_id)


@lru_cache(maxsize=_FORMS)
def _sieve(is_signed_in: bool, is_local: bool | None, only_media: bool, groups: int, has_none: bool) -> Sieve:
    """What carries one of each group, and none of `none`."""
    conditions = [carries_one_of(f"group{number}") for number in range(groups)]
    if has_none:
        conditions.append(~carries_one_of("none"))
    return Sieve(lambda: public_heads(is_signed_in, is_local, only_media).where(*conditions))


ENDPOINTS = (
    Endpoint("GET", "/api/v1/timelines/tag/{hashtag}", get_tag, Access.READER, "read:statuses", TagArgs,
             many("StatusEntity"), is_kept=True),
)  # fmt: skip
