"""Move: an account continues elsewhere; its followers here follow the new one (Mastodon; FEP-7628)."""

from datetime import timedelta

from inbox.incoming import Handler, Incoming, MissingReference, Outcome, References, Scene
from outbox.moves import take_followers_along
from policy.limits import MOVE_COOLDOWN_DAYS
from social.accounts import account_by_uri


def target_reference(incoming: Incoming) -> References:
    """The target is fetched anew: what counts is what it says about the sender today."""
    target = incoming.activity.target_id
    return References(fresh_accounts=(target,) if target else ())


async def apply_move(scene: Scene) -> Outcome:
    """Both ways or not at all: the sender moves itself, and the target lists it in `alsoKnownAs` exactly (O16, O17)."""
    sender, target_uri = scene.sender, scene.activity.target_id
    if scene.activity.object_id != sender.uri or target_uri is None or target_uri == sender.uri:
        return Outcome.FORBIDDEN
    if sender.moved_at is not None and scene.unit.now - sender.moved_at < timedelta(days=MOVE_COOLDOWN_DAYS):
        return Outcome.DUPLICATE if sender.moved_to_uri == target_uri else Outcome.FORBIDDEN
    if target_uri in scene.incoming.absent:
        return Outcome.FORBIDDEN  # also when we know it from better days: it isn't there, or on a server we left
    target = await account_by_uri(scene.unit, target_uri)
    if target is None or target_uri in scene.incoming.unheard:
        raise MissingReference(target_uri)
    if not target.is_active or target.moved_to_uri is not None or sender.uri not in target.also_known_as:
        return Outcome.FORBIDDEN
    sender.moved_to_uri, sender.moved_at = target_uri, scene.unit.now
    await take_followers_along(scene.services, scene.unit, sender, target)
    return Outcome.APPLIED


HANDLER = Handler(apply_move, "Local followers follow the new account, which must list the old one", target_reference)
