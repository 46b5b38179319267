"""What other servers hear of a community that this office hosts, a function for each kind of `Change`.

An act of somebody here becomes an activity of theirs with their proof; one that came from elsewhere is passed on as it
was said. Who gets it in which shape is decided in `outbox.passing_on`. Who reads boosts only hears of removal and
restoring as the boost's Undo and another Announce, of a ban by the end of the follow, and of nothing else.

Requests, invitations and reports are between moderators and whom they concern.
"""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

import orjson

from communities.changes import Action, Change
from communities.standings import community_of
from federation.documents import (
    StatusBundle,
    announce_activity,
    load_bundles,
    resolve_activity,
    undo_act,
    undo_activity,
    update_group_activity,
)
from federation.json_ld.strict_json import JsonObject
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.relations import Report
from models.statuses import Status
from models.visibility import Visibility
from outbox.announcing import keep_word, signed, signed_create
from outbox.enqueue import enqueue_bytes
from outbox.follow_answers import send_accept, send_reject
from outbox.moderation_documents import MODERATE, documents_of
from outbox.passing_on import pass_on, speaks_publicly, to_readers
from outbox.publish import activity_uri, send, send_to
from outbox.readers import Shape

Said = JsonObject | None
Teller = Callable[[Services, UnitOfWork, Change, Said], Awaitable[None]]


async def tell_nobody(services: Services, unit: UnitOfWork, change: Change, said: Said) -> None:
    """What is nobody's business elsewhere, or is answered by whom it concerns."""


async def tell_of_post(services: Services, unit: UnitOfWork, change: Change, said: Said) -> None:
    """The community passes a post on: as its author's Create, and what opens a thread as a boost too."""
    group, status, author = change.group, change.status, change.actor
    if status is None or status.is_local_only:
        return
    await unit.settle()
    if said is None and author.is_local:
        said = await signed_create(services, unit, (await load_bundles(unit.session, [status]))[status.id])
    elif said is not None:
        await keep_word(unit, status, said)
    uri = change.shared.uri if change.shared is not None else None
    if said is not None:
        await pass_on(services, unit, group, said, status=status, uri=uri)
    if change.shared is not None and _is_public(change.shared):
        await _tell_boost(services, unit, group, status, change.shared)


async def tell_of_removal(services: Services, unit: UnitOfWork, change: Change, said: Said) -> None:
    """A post is out of the community, or in it again."""
    await tell_of_act(services, unit, change, said)
    status, shared = change.status, change.shared
    if status is not None and shared is not None and _is_public(shared):
        is_undone = change.action is Action.REMOVE
        await _tell_boost(services, unit, change.group, status, shared, is_undone=is_undone)


async def _tell_boost(
    services: Services, unit: UnitOfWork, group: Account, status: Status, shared: Status, *, is_undone: bool = False
) -> None:
    """To readers of ids: the boost, or its Undo. The row may be gone already."""
    author = await unit.session.get_one(Account, status.account_id)
    bundle = StatusBundle(status=shared, author=group, boosted=status, boosted_author=author)
    document = announce_activity(bundle, unit.addresses)
    if is_undone:
        document = undo_activity(activity_uri(unit), document)
    body = orjson.dumps(await signed(services, unit, group, document))
    await to_readers(services, unit, group, body, shape=Shape.IDS, sender=group, uri=document["id"],
                     kind=document["type"], status=status)  # fmt: skip


def _is_public(shared: Status) -> bool:
    return Visibility(shared.visibility).is_public and not shared.is_local_only


async def tell_of_act(services: Services, unit: UnitOfWork, change: Change, said: Said) -> None:
    """What a moderator did about a post or a person; who is concerned hears of it, member or not."""
    if change.status is not None and change.status.is_local_only:
        return
    for document, shape in await _acts(services, unit, change, said):
        await pass_on(
            services, unit, change.group, document, shape=shape, status=change.status, concerned=change.target
        )


async def _acts(services: Services, unit: UnitOfWork, change: Change, said: Said) -> list[tuple[JsonObject, Shape]]:
    """The activities by which it was, or is now, said; none for what somebody elsewhere did without saying it."""
    if said is not None:
        return [(said, Shape.PEERS if _is_ours(change) else Shape.ACTIVITIES)]
    if not change.actor.is_local:
        return []
    made = documents_of(unit, change, is_public=await speaks_publicly(unit, change.group))
    return [(await signed(services, unit, change.actor, document), shape) for document, shape in made]


def _is_ours(change: Change) -> bool:
    """Whether a change of roles is one that other software doesn't know of."""
    return change.action is Action.ROLE and change.role not in MODERATE and change.former_role not in MODERATE


async def tell_of_ban(services: Services, unit: UnitOfWork, change: Change, said: Said) -> None:
    """Somebody is out, and their follow over; or may come back."""
    await tell_of_refusal(services, unit, change, said)
    await tell_of_act(services, unit, change, said)


async def tell_of_update(services: Services, unit: UnitOfWork, change: Change, said: Said) -> None:
    """The community itself is another now: all of it, to everybody who follows it."""
    group = change.group
    await unit.settle()
    document = update_group_activity(
        activity_uri(unit), group, await community_of(unit.session, group),
        await services.keyring.public_keys(unit.session, group.id), unit.addresses,
        is_public=await speaks_publicly(unit, group), at=unit.now,
    )  # fmt: skip
    await send(services, unit, group, document, to_followers=True, ordering_key=group.uri)


async def tell_of_approval(services: Services, unit: UnitOfWork, change: Change, said: Said) -> None:
    """Somebody who asked is in."""
    if change.follow is not None and change.target is not None:
        await send_accept(services, unit, change.group, change.target, follow_uri=change.follow.uri)


async def tell_of_refusal(services: Services, unit: UnitOfWork, change: Change, said: Said) -> None:
    """Somebody who asked isn't in, or somebody who was in isn't any more."""
    if change.follow is not None and change.target is not None:
        await send_reject(services, unit, change.group, change.target, follow_uri=change.follow.uri)


async def tell_of_invitation(services: Services, unit: UnitOfWork, change: Change, said: Said) -> None:
    """Somebody is invited, or isn't any more."""
    target = change.target
    if target is None or target.is_local:
        return
    for document, _ in await _acts(services, unit, change, said):
        sender = change.actor if change.actor.is_local else change.group
        await enqueue_bytes(
            unit, account=sender, uri=f"{document['id']}#invitation", activity_type=str(document["type"])[:32],
            object_uri=change.group.uri, body=orjson.dumps(document), inbox_urls=[target.inbox_url],
            ordering_key=change.group.uri, gate=services.peers,
        )  # fmt: skip


async def tell_of_resolution(services: Services, unit: UnitOfWork, change: Change, said: Said) -> None:
    """Who reported hears that it was dealt with, or isn't yet."""
    report = await unit.session.get(Report, change.report_id or 0)
    if report is None or report.uri is None or not change.actor.is_local:
        return
    reporter = await unit.session.get_one(Account, report.account_id)
    document = resolve_activity(
        activity_uri(unit), actor_uri=change.actor.uri, group=change.group, report_uri=report.uri, to=[reporter.uri]
    )
    if change.action is Action.REOPEN:
        document = undo_act(activity_uri(unit), document)
    await send_to(services, unit, change.actor, document, reporter, ordering_key=report.uri)


TELLERS: Final[Mapping[Action, Teller]] = MappingProxyType(
    {
        Action.CREATE: tell_nobody,
        Action.UPDATE: tell_of_update,
        Action.ARCHIVE: tell_of_update,
        Action.UNARCHIVE: tell_of_update,
        Action.JOIN: tell_nobody,
        Action.REQUEST: tell_nobody,
        Action.LEAVE: tell_nobody,
        Action.INVITE: tell_of_invitation,
        Action.UNINVITE: tell_of_invitation,
        Action.APPROVE: tell_of_approval,
        Action.REJECT: tell_of_refusal,
        Action.ROLE: tell_of_act,
        Action.BAN: tell_of_ban,
        Action.UNBAN: tell_of_ban,
        Action.REMOVE: tell_of_removal,
        Action.RESTORE: tell_of_removal,
        Action.LOCK: tell_of_act,
        Action.UNLOCK: tell_of_act,
        Action.PIN: tell_of_act,
        Action.UNPIN: tell_of_act,
        Action.ANNOUNCE: tell_of_post,
        Action.REPORT: tell_nobody,
        Action.RESOLVE: tell_of_resolution,
        Action.REOPEN: tell_of_resolution,
    }
)
