"""What a community of another server passes on: posts, edits, deletions and likes by their authors (FEP-1b12).

Each announced activity is applied under the name of who did it, if that is sure: it proves itself, or its actor lives
where the community does. What its moderators do is `inbox.communities_elsewhere`.
"""

from dataclasses import replace

from federation.json_ld.terms import PUBLIC
from federation.trust.origins import same_origin
from inbox.boosting import boost_by_sender
from inbox.communities_elsewhere import moderated, taken_out
from inbox.incoming import Incoming, Outcome, References, Scene
from models.accounts import Account
from models.statuses import Status
from models.visibility import Visibility
from social.drafts import StatusDraft
from social.statuses import status_by_uri

WITH_OBJECT = frozenset({"Create", "Update"})
PASSED_ON = frozenset({"Create", "Update", "Delete", "Like", "EmojiReact", "Undo", "Add", "Remove", "Invite"})


def inner_references(incoming: Incoming) -> References:
    """What the announced activities are about, and who did them."""
    accounts: list[str] = []
    statuses: list[str] = []
    fresh: list[str] = []
    known: list[str] = []
    for inner in incoming.inner:
        accounts.append(inner.activity.actor)
        accounts += inner.references.accounts
        known += _named(inner)
        if inner.is_proven or inner.type not in WITH_OBJECT:
            statuses += inner.references.statuses
        elif inner.activity.object_id and inner.activity.object_id != incoming.activity.actor:
            # Somebody's word about somebody else: fetched from its own server instead.
            (fresh if inner.type == "Update" else statuses).append(inner.activity.object_id)
    return References(
        accounts=tuple(accounts),
        statuses=tuple(statuses),
        known_accounts=tuple(known),
        known_statuses=tuple(known),
        fresh_accounts=_changed_group(incoming),
        fresh_statuses=tuple(fresh),
    )


def _named(inner: Incoming) -> list[str]:
    """What an activity is about; of an Undo also what the undone one was about."""
    nested = (inner.activity.object or {}).get("object")
    return [*inner.activity.object_ids, *([nested] if isinstance(nested, str) else [])]


def _changed_group(incoming: Incoming) -> tuple[str, ...]:
    """The community, when it announces that it was changed: a profile is news only from its owner, so it is asked."""
    group = incoming.activity.actor
    is_changed = any(inner.type == "Update" and inner.activity.object_id == group for inner in incoming.inner)
    return (group,) if is_changed else ()


async def pass_on(scene: Scene) -> Outcome:
    """Apply each announced activity under the name of who did it, if that is sure."""
    if not scene.sender.is_group:
        return Outcome.FORBIDDEN
    is_heard = scene.sender.id in scene.followed_here or scene.services.settings.is_closed
    if not is_heard and any(inner.type != "Invite" for inner in scene.incoming.inner):
        return Outcome.UNRELATED
    outcomes = [await _pass_on_one(scene, inner) for inner in scene.incoming.inner]
    return Outcome.APPLIED if Outcome.APPLIED in outcomes else outcomes[0]


async def _pass_on_one(scene: Scene, inner: Incoming) -> Outcome:
    done = await moderated(scene, inner)
    if done is not None:
        return done
    handler = scene.handlers.get(inner.type)
    actor = scene.unit.accounts.get(inner.activity.actor)
    if handler is None or inner.type not in PASSED_ON:
        return Outcome.UNSUPPORTED
    is_sure = inner.is_proven or same_origin(inner.activity.actor, scene.sender.uri)
    if inner.type in WITH_OBJECT:
        return await _status_in_group(scene, inner, is_sure=is_sure)
    if not is_sure or actor is None or not actor.is_active or actor.is_local:
        outcome = Outcome.FORBIDDEN
    else:
        within = _as_actor(scene, inner)
        outcome = Outcome.SUPERSEDED if _is_undone(within) else await handler.apply(within)
    if inner.type == "Delete" and outcome is Outcome.FORBIDDEN:
        # Whoever it was: the community doesn't show it any more.
        return await taken_out(scene, inner.activity.object_id)
    return outcome


async def _status_in_group(scene: Scene, inner: Incoming, *, is_sure: bool) -> Outcome:
    """A post to the community: kept as what its author made it, and boosted by the community when it opens a thread.

    A status that its author didn't address to the community is boosted at most: only what was posted in a community
    may be removed by it.
    """
    uri = inner.draft.uri if inner.draft else inner.activity.object_id
    actor = scene.unit.accounts.get(inner.activity.actor)
    if uri is None or actor is None or not actor.is_active:
        return Outcome.INVALID
    if inner.draft is not None and not _is_public(inner.draft) and scene.sender.id not in scene.followed_here:
        return Outcome.UNRELATED  # it is for members, and nobody here is one
    outcome = Outcome.DUPLICATE
    if is_sure and inner.draft is not None and not actor.is_local:
        within = _as_actor(scene, inner)
        if _is_undone(within):
            return Outcome.SUPERSEDED
        outcome = await scene.handlers[inner.type].apply(within)
    status = await status_by_uri(scene.unit, uri)
    if status is None or status.account_id != actor.id:
        return outcome
    if is_sure and inner.draft is not None and status.group_id is None and addresses(inner.draft, scene.sender.uri):
        place(status, inner.draft, scene.sender)
    if status.in_reply_to_uri is None and inner.type == "Create" and status.removed_at is None:
        await scene.unit.session.flush()
        return await boost_by_sender(scene, uri)
    return outcome


def place(status: Status, draft: StatusDraft, group: Account) -> None:
    """It is in the community from now on; what is for the members came to nobody before."""
    status.group_id = group.id
    is_for_members = not _is_public(draft) and group.followers_url in (*draft.to, *draft.cc, *draft.audience)
    if is_for_members and status.visibility == Visibility.DIRECT:
        status.visibility = Visibility.PRIVATE.value


def addresses(draft: StatusDraft, group_uri: str) -> bool:
    """Whether its author posted it in the community."""
    return group_uri in (*draft.audience, *draft.to, *draft.cc)


def _is_public(draft: StatusDraft) -> bool:
    return PUBLIC in (*draft.to, *draft.cc, *draft.audience)


def _is_undone(scene: Scene) -> bool:
    return scene.activity.type != "Undo" and scene.is_undone()


def _as_actor(scene: Scene, inner: Incoming) -> Scene:
    """The same scene with the inner actor on it; the community vouches that it concerns somebody here."""
    actor = scene.unit.accounts[inner.activity.actor]
    assert actor is not None
    inner.group_uri = scene.sender.uri
    return replace(scene, sender=actor, incoming=inner, owner=None)
