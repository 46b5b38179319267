"""Flag: a peer reports one of our accounts, with or without statuses (Mastodon's shape)."""

from inbox.communities_here import act_here
from inbox.incoming import Handler, Outcome, Scene
from models.accounts import Account
from social.accounts import preload_accounts
from social.reports import file_report
from social.statuses import preload_statuses


async def apply_flag(scene: Scene) -> Outcome:
    """Keep the report of the first local account that is named, or whose status is; the rest is context (O25)."""
    done = await act_here(scene)
    if done is not None:
        return done
    local = [uri for uri in scene.activity.object_ids if scene.unit.addresses.is_local(uri)]
    await preload_accounts(scene.unit, local)
    await preload_statuses(scene.unit, local)
    statuses = [status for uri in local if (status := scene.unit.statuses.get(uri))]
    accounts = [account for uri in local if (account := scene.unit.accounts.get(uri))]
    target = accounts[0] if accounts else None
    if target is None and statuses:
        target = await scene.unit.session.get(Account, statuses[0].account_id)
    if target is None or not target.is_local:
        return Outcome.INVALID
    filed = await file_report(
        scene.unit,
        scene.sender,
        target,
        status_uris=[status.uri for status in statuses if status.account_id == target.id],
        comment=scene.activity.content or "",
        uri=scene.activity.id,
    )
    return Outcome.APPLIED if filed is not None else Outcome.DUPLICATE


HANDLER = Handler(apply_flag, "A report for our moderators, or for those of a community of ours")
