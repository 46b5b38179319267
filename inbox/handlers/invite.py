"""Invite: a moderator invites somebody into a community (ActivityStreams; FEP-1b12 has no word for it)."""

from inbox.communities_here import act_here
from inbox.incoming import Handler, Incoming, Outcome, References, Scene
from inbox.invitations import invited
from social.accounts import account_by_uri


def invite_references(incoming: Incoming) -> References:
    """The community may be one that nobody here has heard of."""
    activity = incoming.activity
    return References(accounts=(*activity.object_ids[:1], *((activity.target_id,) if activity.target_id else ())))


async def apply_invite(scene: Scene) -> Outcome:
    """One of our people, into a community of another server; or somebody into one of ours."""
    uri = scene.activity.object_id
    group = await account_by_uri(scene.unit, uri) if uri else None
    if group is None or not group.is_group:
        return Outcome.UNRELATED
    return (await act_here(scene) or Outcome.UNRELATED) if group.is_local else await invited(scene, group)


HANDLER = Handler(apply_invite, "Somebody may join a community by accepting", invite_references)
