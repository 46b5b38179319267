"""The notifications page: what happened to the viewer, newest first. What was shown has been read."""

from aiohttp import web
from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from communities.notices import REPORTED, REQUESTED
from models.accounts import Account
from models.aliases import alias_of
from models.feeds import Notification
from models.relations import Follow, Report
from models.statuses import Status
from models.values import dataclass
from policy.notifications import COMMUNITY_KINDS
from social.follows import PENDING
from web.access import readable
from web.paging import MAX_ID, PAGE_SIZE, Page, cut, max_id_of
from web.texts import DEFAULT_LANGUAGE, Texts
from web.visits import Visit

_author = alias_of(Account)


@dataclass(frozen=True, slots=True)
class Notice:
    """One line: `sentence` is a key of the texts, `is_open_request` whether it can be accepted or declined.

    `community_path` is where what happened in a community is looked after or seen.
    """

    row: Notification
    sender: Account
    status: Status | None
    author: Account | None
    is_open_request: bool
    community_path: str = ""

    @property
    def sentence(self) -> str:
        key = f"notice_{self.row.kind.replace('.', '_')}"
        return key if key in Texts(DEFAULT_LANGUAGE) else "notice_other"


async def show_notifications(visit: Visit) -> web.StreamResponse:
    """GET /notifications."""
    viewer = visit.required()
    async with visit.services.database.reading() as session:
        page = await notices_page(session, viewer, max_id_of(visit.request))
    unread = [notice.row.id for notice in page.items if notice.row.read_at is None]
    if unread and visit.request.method == "GET" and "Sec-Purpose" not in visit.request.headers:
        async with visit.services.database.unit_of_work() as unit:
            await unit.session.execute(
                update(Notification)
                .where(Notification.account_id == viewer.id, Notification.id.in_(unread))
                .values(read_at=unit.now)
            )
        visit.unread = max(0, visit.unread - len(unread))
    return visit.page("notifications.html", page=page)


async def notices_page(session: AsyncSession, viewer: Account, max_id: int) -> Page[Notice]:
    """One page, in two queries. Statuses that can't be read any more are left out, their notices stay."""
    query = (
        select(Notification, Account, Status, _author(), Report.community_id)
        .join(Account, Account.id == Notification.from_account_id)
        .outerjoin(Status, and_(Status.id == Notification.status_id, readable(viewer)))
        .outerjoin(_author(), _author().id == Status.account_id)
        .outerjoin(Report, and_(Notification.kind == REPORTED, Report.id == Notification.subject_id))
        .where(Notification.account_id == viewer.id, Notification.id < max_id, Notification.is_filtered.is_(False))
        .where(Account.suspended_at.is_(None), Account.gone_at.is_(None))
        .order_by(Notification.id.desc())
        .limit(PAGE_SIZE + 1)
    )
    rows, has_more = cut((await session.execute(query)).all())
    pending = select(Follow.follower_id).where(Follow.followee_id == viewer.id, Follow.state == PENDING)
    asking = set(await session.scalars(pending.where(Follow.follower_id.in_([sender.id for _, sender, *_ in rows]))))
    items = [
        Notice(
            row, sender, status, author, row.kind == "follow_request" and sender.id in asking,
            _community_path(row, sender, community_id),
        )
        for row, sender, status, author, community_id in rows
    ]  # fmt: skip
    return Page(items, items[-1].row.id if has_more else None, is_first=max_id == MAX_ID)


def _community_path(row: Notification, sender: Account, reported_to: int | None) -> str:
    """Requests and reports lead to where they are answered; empty for what is about no community."""
    if row.kind not in COMMUNITY_KINDS:
        return ""
    if row.kind == REPORTED:
        return f"/communities/{reported_to}/moderation" if reported_to is not None else ""
    number = sender.id if sender.is_group else row.subject_id
    return f"/communities/{number}/moderation" if row.kind == REQUESTED else f"/communities/{number}"
