"""The archive of a topic as a ZIP: everything public under a hashtag that somebody may read, for people and programs.

| file | holds |
|---|---|
| `index.html` | all posts, newest first, to be read in any browser: no script, no picture, nothing from elsewhere |
| `posts.jsonl` | one JSON object a line: id, url, author, times, language, text as HTML and plain, tags, poll, media |

Pieces leave while the next ones are being read: memory holds one portion of posts, whatever the size of the archive.
Media are links with their descriptions. What is for the office alone, or for fewer than everybody, isn't in it.
"""

import asyncio
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from dataclasses import field
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, select

from content.html import escape, plain_text
from content.zips import Outflow
from models import Database
from models.accounts import Account
from models.addresses import LocalAddresses
from models.base import BigInt
from models.insertion import AnySelect
from models.statuses import Attachment, Poll, Status, StatusTag, Tag
from models.values import dataclass
from models.visibility import Visibility
from policy.timelines import not_limited_for, wanted_by
from policy.visibility import visible_to
from social.tag_families import family_ids, under

PORTION: Final = 200
_IDS: Final = bindparam("ids", expanding=True, type_=BigInt)


@dataclass(slots=True)
class Post:
    """A post with what belongs to it."""

    status: Status
    author: Account
    tags: list[str] = field(default_factory=list)
    media: list[Attachment] = field(default_factory=list)
    poll: Poll | None = None


@dataclass(frozen=True, slots=True)
class Archive:
    """Whose archive of which topic: `viewer_id` None is the public of an open network."""

    name: str
    title: str
    viewer_id: int | None
    now: datetime


async def write_archive(database: Database, addresses: LocalAddresses, archive: Archive) -> AsyncGenerator[bytes, None]:
    """The ZIP in pieces."""
    flow = Outflow()
    with zipfile.ZipFile(flow, "w", zipfile.ZIP_DEFLATED) as made:
        for name, head, line, tail in _files(addresses, archive):
            with made.open(_info(name, archive.now), "w", force_zip64=True) as file:
                file.write(head.encode())
                async for posts in _portions(database, archive):
                    for post in posts:
                        file.write(line(post).encode())
                    yield flow.take()
                    await asyncio.sleep(0)
                file.write(tail.encode())
    yield flow.take()


def _files(
    addresses: LocalAddresses, archive: Archive
) -> Iterator[tuple[str, str, Callable[[Post], str], str]]:  # fmt: skip
    title = escape(archive.title)
    head = (
        f'<!doctype html>\n<html><head><meta charset="utf-8"><title>{title}</title>'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'"></head>\n'
        f"<body><h1>{title}</h1>\n"
    )
    yield "index.html", head, lambda post: _article(addresses, post), "</body></html>\n"
    yield "posts.jsonl", "", lambda post: orjson.dumps(_object(addresses, post)).decode() + "\n", ""


def _info(name: str, now: datetime) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, now.timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


async def _portions(database: Database, archive: Archive) -> AsyncIterator[list[Post]]:
    """All posts, newest first; five SELECTs a portion, between which nothing is held."""
    async with database.reading() as session:
        family = (await session.scalars(family_ids([archive.name]))).all()
    query, column = under(_query(archive), family)
    query, below = query.order_by(column.desc()), 2**63 - 1
    while True:
        async with database.reading() as session:
            rows = (await session.execute(query.where(column < below))).all()
            posts = {status.id: Post(status, author) for status, author in rows}
            values = {"ids": list(posts)}
            tags = select(StatusTag.status_id, Tag.display_name).join(Tag, Tag.id == StatusTag.tag_id)
            for status_id, name in await session.execute(tags.where(StatusTag.status_id.in_(_IDS)), values):
                posts[status_id].tags.append(name)
            media = select(Attachment).where(Attachment.status_id.in_(_IDS)).order_by(Attachment.position)
            for one in await session.scalars(media, values):
                posts[one.status_id or 0].media.append(one)
            for poll in await session.scalars(select(Poll).where(Poll.status_id.in_(_IDS)), values):
                posts[poll.status_id].poll = poll
        yield list(posts.values())
        if len(rows) < PORTION:
            return
        below = min(posts)


def _query(archive: Archive) -> AnySelect:
    viewer_id = archive.viewer_id
    query = (
        select(Status, Account)
        .join(Account, Account.id == Status.account_id)
        .where(
            Status.visibility == Visibility.PUBLIC.value,
            Status.boost_of_id.is_(None),
        )
        .where(Status.is_local_only.is_(False), visible_to(viewer_id), not_limited_for(viewer_id))
        .limit(PORTION)
    )
    if viewer_id is None:
        return query.where(Account.domain.is_(None))
    return query.where(wanted_by(viewer_id, now=archive.now))


def _address(addresses: LocalAddresses, one: Attachment) -> str:
    return addresses.media(one.storage_key) if one.storage_key else one.remote_url or ""


def _object(addresses: LocalAddresses, post: Post) -> dict[str, Any]:
    status = post.status
    return {
        "id": status.uri,
        "url": status.url or status.uri,
        "author": {"id": post.author.uri, "acct": post.author.acct, "name": post.author.display_name},
        "published": status.published_at,
        "edited": status.edited_at,
        "language": status.language,
        "title": status.title,
        "warning": status.summary,
        "html": status.content_html,
        "text": plain_text(status.content_html),
        "in_reply_to": status.in_reply_to_uri,
        "tags": post.tags,
        "poll": post.poll.options if post.poll is not None else None,
        "media": [
            {"url": _address(addresses, one), "type": one.media_type, "description": one.description}
            for one in post.media
        ],
    }


def _article(addresses: LocalAddresses, post: Post) -> str:
    status = post.status
    name = escape(f"{post.author.display_name or post.author.username} (@{post.author.acct})")
    moment = status.published_at.strftime("%Y-%m-%d %H:%M UTC")
    parts = [f'<article><p><strong>{name}</strong> · <a href="{escape(status.url or status.uri)}">{moment}</a></p>']
    parts += [f"<p><strong>{escape(text)}</strong></p>" for text in (status.title, status.summary) if text]
    parts.append(status.content_html)
    options = post.poll.options if post.poll is not None else ()
    parts += [f"<p>☐ {escape(option['title'])}: {option['votes']}</p>" for option in options]
    for one in post.media:
        address = _address(addresses, one)
        if address:
            parts.append(f'<p><a href="{escape(address)}">{escape(one.description or one.media_type)}</a></p>')
    return "\n".join(parts) + "\n</article><hr>\n"
