"""Inbox forwarding (ActivityPub §7.1.2): replies to our accounts reach those accounts' followers elsewhere.

What arrives for the first time, answers (or edits, deletes an answer to) a public status of ours, is itself for those
followers or for everybody, and proves itself (FEP-8b32 or Linked Data Signature) is passed on as it came, byte for
byte, to the followers of the answered author. Without a proof it would be worth nothing there. It isn't sent back to
where it comes from, and never to more people than its author addressed.
"""

from sqlalchemy import select

from federation.activity import Activity
from federation.json_ld.terms import PUBLIC
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.activities import OutboundActivity
from models.relations import Follow
from models.statuses import Status
from models.visibility import Visibility
from outbox.enqueue import enqueue_bytes
from social.drafts import StatusDraft


async def forward_to_followers(
    services: Services, unit: UnitOfWork, activity: Activity, draft: StatusDraft | None, *, about: Status | None = None
) -> int:
    """Queue the activity for the followers of the local author whom it answers; returns for how many inboxes."""
    parent_uri = draft.in_reply_to_uri if draft is not None else about.in_reply_to_uri if about is not None else None
    if parent_uri is None or not unit.addresses.is_local(parent_uri) or not activity.raw:
        return 0
    if "proof" not in activity.document and "signature" not in activity.document:
        return 0
    parent = unit.statuses.get(parent_uri) or await _status(unit, parent_uri)
    if parent is None or not Visibility(parent.visibility).is_public:
        return 0
    author = await unit.session.get_one(Account, parent.account_id)
    if not _is_for_followers(author, draft, about):
        return 0
    uri = f"{activity.dedup_key}#forwarded-by-{author.id}"
    if await unit.session.scalar(select(OutboundActivity.id).where(OutboundActivity.uri == uri)) is not None:
        return 0
    inbox_urls = await _follower_inboxes(unit, author, except_domain_of=activity.actor)
    if inbox_urls:
        await enqueue_bytes(
            unit,
            account=author,
            uri=uri,
            activity_type=activity.type,
            object_uri=activity.object_id,
            body=activity.raw,
            inbox_urls=inbox_urls,
            ordering_key=activity.object_id or activity.dedup_key,
            gate=services.peers,
        )
    return len(inbox_urls)


def _is_for_followers(author: Account, draft: StatusDraft | None, about: Status | None) -> bool:
    if draft is None:
        return about is not None and Visibility(about.visibility).is_public
    return not {PUBLIC, author.followers_url}.isdisjoint((*draft.to, *draft.cc, *draft.audience))


async def _status(unit: UnitOfWork, uri: str) -> Status | None:
    return (await unit.session.scalars(select(Status).where(Status.uri == uri))).first()


async def _follower_inboxes(unit: UnitOfWork, author: Account, *, except_domain_of: str) -> list[str]:
    sender_domain = select(Account.domain).where(Account.uri == except_domain_of).scalar_subquery()
    urls = await unit.session.scalars(
        select(Account.shared_inbox_url)
        .distinct()
        .join(Follow, Follow.follower_id == Account.id)
        .where(
            Follow.followee_id == author.id,
            Follow.state == "accepted",
            Account.domain.is_not(None),
            Account.domain != sender_domain,
            Account.shared_inbox_url.is_not(None),
        )
    )
    return [url for url in urls if url]
