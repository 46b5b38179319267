"""What a community of ours passes on to those who follow it from elsewhere (FEP-1b12), and to whom in which shape.

Of whole activities go out: posts and replies, edits and deletions by their authors, likes, and what moderators do, each
as its author signed it. Who reads ids only gets a boost of what opens a thread, and edits and deletions as their
authors sent them. What is for the members goes only to readers of whole activities who keep it among them: an id would
be of no use to others, who can't fetch it. Nothing is told of what stays in the office.

All that is about one thread reaches a host in the order in which it happened. A post is one delivery an inbox, made
with a fixed number of queries; for a community with many followers by the job that `outbox.spreading` describes.
"""

import orjson

from communities.standings import stays_inside
from federation.documents import group_announce_activity
from federation.json_ld.strict_json import JsonObject
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.communities import Community
from models.statuses import Status
from outbox.announcing import keep_word, signed, stored_uri
from outbox.enqueue import enqueue_bytes, spreads_later
from outbox.publish import activity_uri
from outbox.readers import Shape, community_readers, inboxes_reading
from policy.communities import is_secret
from policy.visibility import is_for_members


async def hosted_community(unit: UnitOfWork, status: Status) -> Account | None:
    """The community of ours that a status was posted in, where others may hear of it."""
    if status.group_id is None or status.is_local_only:
        return None
    group = await unit.session.get(Account, status.group_id)
    if group is None or not group.is_local or not group.is_active or await stays_inside(unit.session, group):
        return None
    return group


async def speaks_publicly(unit: UnitOfWork, group: Account) -> bool:
    """Whether what the community says may be addressed to everybody."""
    community = await unit.session.get(Community, group.id)
    return community is not None and not community.is_private and not is_secret(community)


async def pass_on(
    services: Services, unit: UnitOfWork, group: Account, said: str | JsonObject, *, shape: Shape = Shape.ACTIVITIES,
    status: Status | None = None, uri: str | None = None, concerned: Account | None = None,
) -> None:  # fmt: skip
    """Announce an activity, complete as it was said, or the id of a post.

    `status` is what it is about, `uri` the id of the Announce; who is `concerned` gets it too, member or not.
    """
    is_public = await speaks_publicly(unit, group) and (status is None or not is_for_members(status))
    document = group_announce_activity(
        uri or activity_uri(unit), group=group, announced=said, is_public=is_public, at=unit.now
    )
    if not is_public:
        shape &= Shape.FOR_MEMBERS
    await to_readers(
        services, unit, group, orjson.dumps(await signed(services, unit, group, document)), shape=shape,
        sender=group, uri=stored_uri(document), kind="Announce", status=status, concerned=concerned,
    )  # fmt: skip


async def pass_on_by_status(services: Services, unit: UnitOfWork, status: Status, said: JsonObject) -> None:
    """Announce what somebody did about a status, if a community of ours is where it was posted."""
    group = await hosted_community(unit, status)
    if group is not None and status.removed_at is None:
        await pass_on(services, unit, group, said, status=status)


async def pass_on_own(
    services: Services, unit: UnitOfWork, account: Account, status: Status, document: JsonObject
) -> None:
    """The same of what somebody here did: `document` is their activity as yet without a proof."""
    group = await hosted_community(unit, status)
    if group is not None and status.removed_at is None:
        said = await signed(services, unit, account, {**document, "audience": [group.uri]})
        await pass_on(services, unit, group, said, status=status)


async def pass_on_change(
    services: Services, unit: UnitOfWork, status: Status, author: Account, said: JsonObject
) -> None:
    """Tell everybody who follows the community of a post's edit, or of its deletion by its author."""
    group = await hosted_community(unit, status)
    if group is None or (status.removed_at is not None and said["type"] == "Update"):
        return
    if not author.is_local:
        await keep_word(unit, status, said)
    await pass_on(services, unit, group, said, status=status)
    opens_thread = status.in_reply_to_uri is None and not is_for_members(status)
    if opens_thread and ("proof" in said or "signature" in said):
        await to_readers(
            services, unit, group, orjson.dumps(said), shape=Shape.IDS, sender=author if author.is_local else group,
            uri=f"{said['id']}#passed-on-by-{group.id}", kind=str(said["type"])[:32], status=status,
        )  # fmt: skip


async def to_readers(
    services: Services, unit: UnitOfWork, group: Account, body: bytes, *, shape: Shape, sender: Account, uri: str,
    kind: str, status: Status | None = None, concerned: Account | None = None,
) -> None:  # fmt: skip
    """Queue ready bytes for those who follow the community and read this shape, under the signature of `sender`."""
    await unit.session.flush()
    object_uri = status.uri if status is not None else group.uri
    key = unit.addresses.context(status.conversation_id) if status is not None else group.uri
    is_full, spread = services.peers.is_full, None
    urls = [] if concerned is None else await inboxes_reading(unit.session, shape, [concerned], is_full=is_full)
    if spreads_later(group, None):
        later = {"ordering_key": key, "community_id": group.id, "shape": shape.value}
        urls, spread = [], {"inbox_urls": urls, **later}
    else:
        readers = await community_readers(unit.session, group.id, is_full=is_full)
        urls = list(dict.fromkeys([*readers.inboxes(shape), *urls]))
        if not urls:
            return
    await enqueue_bytes(
        unit,
        account=sender,
        uri=uri,
        activity_type=kind,
        object_uri=object_uri,
        body=body,
        inbox_urls=urls,
        ordering_key=key,
        gate=services.peers,
        status_id=status.id if status is not None else None,
        visibility=status.visibility if status is not None else "direct",
        spread=spread,
    )
