"""Resolve: moderators of a community have dealt with a report to it (Lemmy's word); the Undo opens it again."""

from typing import Any

from sqlalchemy import select

from communities.reports import resolve
from communities.standings import CommunityError, place_of
from federation.activity import id_of
from federation.trust.origins import same_origin
from inbox.incoming import Handler, Outcome, Scene
from models.accounts import Account
from models.communities import Role
from models.relations import Report


async def apply_resolve(scene: Scene) -> Outcome:
    """Of a report by one of ours to a community elsewhere, or to a community of ours by who moderates it."""
    return await _set_resolved(scene, scene.activity.object_id, is_resolved=True)


async def reopened(scene: Scene, embedded: dict[str, Any]) -> bool:
    """The same, taken back."""
    return await _set_resolved(scene, id_of(embedded.get("object")), is_resolved=False) is Outcome.APPLIED


async def _set_resolved(scene: Scene, uri: str | None, *, is_resolved: bool) -> Outcome:
    query = select(Report).where(Report.uri == uri, Report.community_id.is_not(None))
    report = (await scene.unit.session.scalars(query)).first()
    group = await scene.unit.session.get(Account, report.community_id) if report is not None else None
    if report is None or group is None:
        return Outcome.UNRELATED
    try:
        if not await _may_resolve(scene, group):
            return Outcome.NOT_ENTITLED
        change = await resolve(
            scene.unit, group, scene.sender, report.id, is_resolved=is_resolved, trusted=not group.is_local
        )
    except CommunityError:
        return Outcome.FORBIDDEN
    return Outcome.APPLIED if change.is_new else Outcome.DUPLICATE


async def _may_resolve(scene: Scene, group: Account) -> bool:
    if not group.is_local and same_origin(scene.sender.uri, group.uri):
        return True
    place = await place_of(scene.unit.session, group, scene.sender, now=scene.unit.now)
    return place.standing.has(Role.MODERATOR)


HANDLER = Handler(apply_resolve, "A report to a community was dealt with by its moderators")
