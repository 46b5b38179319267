"""An office with as many posts as wanted, written by the database itself: a million takes minutes, not hours.

Authors of one peer wrote them all, one a second, a fifth of them answers and a tenth boosts; one person here follows
them all, has everything in the home timeline, and is told of some of it. The rows are those that receiving makes; the
index of search isn't written (`bench.search` measures that).
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Text, case, cast, delete, insert, literal, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from bench.people import WORDS
from models import Database, UnitOfWork
from models.accounts import Account
from models.base import Base, BigInt, UtcDateTime
from models.feeds import FeedEntry, Notification
from models.ids import SEQUENCE_BITS, milliseconds
from models.relations import Follow
from models.statuses import Status, StatusTag, Tag

AUTHORS = 200
AT_ONCE = 20_000
NOTIFICATIONS = 400
HOST = "peer.test"
BOOST_EVERY, ANSWER_EVERY = 10, 5
KINDS = ("favourite", "reblog", "mention")
Report = Callable[[str], None]


class Filling:
    """What was written so far; `fill` goes on from there, so that one office can be measured at several sizes."""

    def __init__(self, database: Database, reader_id: int, most: int) -> None:
        self._database = database
        self._reader_id = reader_id
        self._start = datetime.now(UTC) - timedelta(seconds=most + 60)
        self._first_author = 0
        self._tag_id = 0
        self.written = 0

    async def fill(self, count: int, report: Report) -> None:
        """Write until there are `count` posts, then bring PostgreSQL's statistics up to date, as it does by itself in a
        minute. SQLite has none in an office, and so it has none here."""
        if not self.written:
            await self._begin()
        while self.written < count:
            async with self._database.unit_of_work() as unit:
                if not self._database.is_sqlite:  # the rows are right: looking every reference up takes half the time
                    await unit.session.execute(text("SET LOCAL session_replication_role = replica"))
                await self._write(unit.session, min(count, self.written + AT_ONCE))
            if self.written % (AT_ONCE * 10) == 0:
                report(f"{self.written} of {count} posts written")
        async with self._database.unit_of_work() as unit:
            await unit.session.execute(delete(Notification).where(Notification.account_id == self._reader_id))
            await unit.session.execute(insert(Notification), self._notifications(unit))
        if not self._database.is_sqlite:
            async with self._database.engine.connect() as connection:
                plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
                await plain.exec_driver_sql("VACUUM ANALYZE")

    async def close(self) -> None:
        """Let go of the database."""
        await self._database.close()

    def _id(self, number: int) -> int:
        """The id of a post: posts are a second apart, and so are their ids."""
        return (milliseconds(self._start) + number * 1000) << SEQUENCE_BITS

    async def _begin(self) -> None:
        async with self._database.unit_of_work() as unit:
            self._first_author = unit.new_id(self._start)
            self._tag_id = unit.new_id()
            people = [_author(self._first_author + number, number, self._start) for number in range(AUTHORS)]
            await unit.session.execute(insert(Account), people)
            follows = [_follow(unit.new_id(), self._reader_id, one, self._start) for one in people]
            await unit.session.execute(insert(Follow), follows)
            tag = {"id": self._tag_id, "name": "library", "display_name": "library", "created_at": self._start}
            await unit.session.execute(insert(Tag), [tag])

    async def _write(self, session: AsyncSession, end: int) -> None:
        """Posts from `written` to `end`, each with its tag and its place in the timeline."""
        start, self.written = self.written, end
        number = _numbers(start, end)
        step = literal(1000 << SEQUENCE_BITS, BigInt)
        status_id = literal(self._id(0), BigInt) + number * step
        author_id, parent_author_id = (
            literal(self._first_author, BigInt) + one % AUTHORS for one in (number, number - 1)
        )
        is_boost = number % BOOST_EVERY == BOOST_EVERY - 1
        is_answer = number % ANSWER_EVERY == ANSWER_EVERY - 2
        uri = literal(f"https://{HOST}/statuses/", Text) + cast(number, Text)
        content = f'<p>{WORDS}<a href="https://{HOST}/tags/library" rel="tag">#<span>library</span></a></p>'
        at = literal(self._start + timedelta(seconds=start), UtcDateTime())
        await _insert(session, Status, {
            "id": status_id, "uri": uri, "url": uri, "account_id": author_id, "conversation_id": status_id,
            "language": literal("en"), "content_html": case((is_boost, literal("")), else_=literal(content)),
            "boost_of_id": case((is_boost, status_id - step)), "in_reply_to_id": case((is_answer, status_id - step)),
            "in_reply_to_account_id": case((is_answer, parent_author_id)), "published_at": at, "created_at": at,
        })  # fmt: skip
        await _insert(session, StatusTag, {"status_id": status_id, "tag_id": literal(self._tag_id, BigInt)}, ~is_boost)
        await _insert(session, FeedEntry, {"account_id": literal(self._reader_id, BigInt), "status_id": status_id})

    def _notifications(self, unit: UnitOfWork) -> list[dict[str, Any]]:
        """The newest posts, favourited, boosted or as mentions: what is told is about statuses, mostly."""
        return [
            {
                "id": unit.new_small_id(), "account_id": self._reader_id, "kind": KINDS[number % len(KINDS)],
                "from_account_id": self._first_author + number % AUTHORS, "status_id": (status := self._told(number)),
                "subject_id": status, "created_at": unit.now,
            }
            for number in range(NOTIFICATIONS)
        ]  # fmt: skip

    def _told(self, number: int) -> int:
        """The id of a recent post that is no boost."""
        return self._id(self.written - 1 - (number % 40) * BOOST_EVERY - number % (BOOST_EVERY - 1) - 1)


def _numbers(start: int, end: int) -> Any:
    """The numbers of a range, as a column."""
    first = select(literal(start, BigInt).label("number")).cte("numbers", recursive=True)
    rest = select(first.c.number + 1).where(first.c.number + 1 < literal(end, BigInt))
    return first.union_all(rest).c.number


async def _insert(session: AsyncSession, table: type[Base], made: dict[str, Any], *only: Any) -> None:
    rows = select(*made.values()).where(*only)
    await session.execute(insert(table.__table__).from_select(list(made), rows))  # type: ignore[arg-type]


def _author(account_id: int, number: int, now: datetime) -> dict[str, Any]:
    uri = f"https://{HOST}/users/author{number}"
    return {
        "id": account_id, "uri": uri, "url": f"https://{HOST}/@author{number}", "username": f"author{number}",
        "domain": HOST, "display_name": f"Author {number} of the benchmark", "note_html": "<p>Writes a lot.</p>",
        "inbox_url": f"{uri}/inbox", "created_at": now, "updated_at": now,
    }  # fmt: skip


def _follow(follow_id: int, reader_id: int, author: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "id": follow_id, "uri": f"https://office.test/follows/{follow_id}", "follower_id": reader_id,
        "followee_id": author["id"], "state": "accepted", "created_at": now, "accepted_at": now,
    }  # fmt: skip
