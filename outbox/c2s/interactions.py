"""Like, EmojiReact, Announce, Flag, Add and Remove (ActivityPub §6.6–§6.8): what the owner does with statuses."""

from functools import partial

from sqlalchemy import select

from federation.client.url_rules import host_of
from models.accounts import INSTANCE_ACTOR_ID, Account
from models.relations import Favourite
from models.statuses import Status
from models.visibility import Visibility
from outbox.c2s.audience import visibility_for
from outbox.c2s.intent import RECIPIENTS, Intent
from outbox.c2s.lookup import Lookup
from outbox.c2s.refusals import forbidden, malformed, unknown
from outbox.c2s.scene import Apply, Scene
from outbox.interactions import publish_favourite
from outbox.profile import publish_pin, publish_unpin
from outbox.reports import publish_report
from outbox.statuses import publish_boost
from social.accounts import preload_accounts
from social.interactions import MAX_REACTION_CHARACTERS
from social.statuses import preload_statuses


async def like(intent: Intent, lookup: Lookup, owner: Account) -> Apply:
    """Like a status; with `content`, react to it (FEP-c0e0)."""
    if len(intent.content) > MAX_REACTION_CHARACTERS:
        raise malformed(f"A reaction has {MAX_REACTION_CHARACTERS} characters at most.")
    if intent.type == "EmojiReact" and not intent.content:
        raise malformed("An EmojiReact needs an emoji as its content.")
    await lookup.status(intent.object_id)
    return partial(_like, intent.object_id, intent.content)


async def _like(uri: str, content: str, scene: Scene) -> str:
    status = await scene.visible_status(uri)
    author = await scene.author_of(status)
    await publish_favourite(scene.services, scene.unit, scene.owner, status, content=content)
    query = select(Favourite.uri).where(
        Favourite.status_id == status.id, Favourite.account_id == scene.owner.id, Favourite.content == content
    )
    known_as = await scene.unit.session.scalar(query)
    more = {"content": content} if content else {}
    return await scene.sent("EmojiReact" if content else "Like", status.uri, uri=known_as, to=author.uri, **more)


async def announce(intent: Intent, lookup: Lookup, owner: Account) -> Apply:
    """Boost a status, for the readers to whom the Announce is addressed."""
    visibility = visibility_for(intent, owner)
    if visibility is Visibility.DIRECT:
        raise malformed("Address an Announce to the public or to your followers.")
    await lookup.status(intent.object_id)
    return partial(_announce, intent.object_id, visibility)


async def _announce(uri: str, visibility: Visibility, scene: Scene) -> str:
    status = await scene.visible_status(uri)
    shared = await publish_boost(scene.services, scene.unit, scene.owner, status, visibility=visibility)
    return shared.uri


async def add(intent: Intent, lookup: Lookup, owner: Account) -> Apply:
    """Pin a status of one's own to the profile."""
    _check_featured(intent, owner)
    return partial(_add, intent.object_id)


async def _add(uri: str, scene: Scene) -> str:
    status = await scene.own_status(uri)
    if status.pinned_at is None:
        await publish_pin(scene.services, scene.unit, scene.owner, status)
    return await scene.sent("Add", status.uri, target=scene.owner.featured_url)


async def remove(intent: Intent, lookup: Lookup, owner: Account) -> Apply:
    """Unpin it."""
    _check_featured(intent, owner)
    return partial(_remove, intent.object_id)


async def _remove(uri: str, scene: Scene) -> str:
    status = await scene.own_status(uri)
    if not await publish_unpin(scene.services, scene.unit, scene.owner, status):
        raise unknown("This pinned post")
    return await scene.sent("Remove", status.uri, target=scene.owner.featured_url)


def _check_featured(intent: Intent, owner: Account) -> None:
    if intent.target_id != owner.featured_url:
        raise forbidden("The target can only be your own featured collection.")


async def flag(intent: Intent, lookup: Lookup, owner: Account) -> Apply:
    """Report an account, with or without statuses; to its own server too when that is addressed."""
    if not intent.object_ids:
        raise malformed("A Flag names an account, statuses, or both.")
    return partial(_flag, intent)


async def _flag(intent: Intent, scene: Scene) -> str:
    unit = scene.unit
    await preload_accounts(unit, intent.object_ids)
    await preload_statuses(unit, intent.object_ids)
    accounts = [account for uri in intent.object_ids if (account := unit.accounts.get(uri))]
    statuses = [await scene.visible_status(uri) for uri in intent.object_ids if unit.statuses.get(uri)]
    target = await _reported(scene, accounts, statuses)
    status_uris = [status.uri for status in statuses if status.account_id == target.id]
    hosts = {host_of(uri) for uri in intent.recipients(*RECIPIENTS) if uri.startswith("http")}
    await publish_report(
        scene.services,
        unit,
        scene.owner,
        target,
        status_uris=status_uris,
        comment=intent.content,
        is_forwarded=host_of(target.uri) in hosts,
    )
    return await scene.sent("Flag", [target.uri, *status_uris], content=intent.content)


async def _reported(scene: Scene, accounts: list[Account], statuses: list[Status]) -> Account:
    target = accounts[0] if accounts else await scene.author_of(statuses[0]) if statuses else None
    if target is None:
        raise unknown("What you report")
    if target.id in (scene.owner.id, INSTANCE_ACTOR_ID):
        raise forbidden("You can report others, not yourself and not the office.")
    return target
