"""Update of the owner's own profile, and Move to another account (ActivityPub §6.3, FEP-7628).

An Update is partial. Clients like to send the whole actor back, so members that can't be changed may be there as long
as they say what is so already: a type, a name, an inbox or a key that differs is refused (case O31).
"""

from datetime import timedelta
from functools import partial
from typing import Any, Final

from content.html import plain_text, sanitize, sanitize_field
from content.names import sanitize_name
from federation.actors.store import MAX_FIELD_CHARACTERS
from federation.documents import actor_document
from federation.json_ld import JsonObject, normalise
from federation.parse.actor import MAX_FIELDS
from federation.parse.media import first_url
from federation.trust.origins import has_origin
from models.accounts import Account
from outbox.c2s.edits import update_status
from outbox.c2s.intent import Intent
from outbox.c2s.lookup import Lookup
from outbox.c2s.notes import require_found
from outbox.c2s.refusals import forbidden, malformed
from outbox.c2s.scene import Apply, Scene
from outbox.c2s.uploads import own_uploads
from outbox.profile import publish_account_update, publish_move
from policy.limits import MOVE_COOLDOWN_DAYS

MAX_ALIASES: Final = 10
_EDITABLE: Final = frozenset(
    """
    name summary attachment icon image manuallyApprovesFollowers discoverable indexable alsoKnownAs
    """.split()
)
_IGNORED: Final = frozenset({"types", "nameMap", "summaryMap", "published", "updated", "tag"})
_SWITCHES: Final = {
    "manuallyApprovesFollowers": "is_locked",
    "discoverable": "is_discoverable",
    "indexable": "is_indexable",
}
_PICTURES: Final = {"icon": "avatar_url", "image": "header_url"}


async def update(intent: Intent, lookup: Lookup, owner: Account) -> Apply:
    """Update of the owner's profile, or of a status of theirs."""
    if intent.object_id != owner.uri:
        return await update_status(intent, lookup, owner)
    current = await _present(lookup, owner)
    for name, value in intent.embedded.items():
        if name not in _EDITABLE | _IGNORED and current.get(name) != value:
            raise forbidden(f"The {name} of a profile can't be changed by a client.")
    return partial(_update_profile, intent)


async def _present(lookup: Lookup, owner: Account) -> JsonObject:
    services = lookup.services
    async with services.database.reading() as session:
        account = await session.get_one(Account, owner.id)
        keypairs = await services.keyring.public_keys(session, owner.id)
        return normalise(actor_document(account, keypairs, services.addresses))


async def _update_profile(intent: Intent, scene: Scene) -> str:
    owner, given = scene.owner, {**dict.fromkeys(intent.removed), **intent.embedded}
    if "name" in given:
        owner.display_name = sanitize_name(str(given["name"] or ""))
    if "summary" in given:
        owner.note_html = sanitize(str(given["summary"] or ""))
        owner.note_source = plain_text(owner.note_html)
    if "attachment" in given:
        owner.fields = _fields(given["attachment"] or ())
    for name, attribute in _SWITCHES.items():
        if name in given:
            setattr(owner, attribute, bool(given[name]))
    if "alsoKnownAs" in given:
        owner.also_known_as = _aliases(given["alsoKnownAs"] or ())
    for name, attribute in _PICTURES.items():
        if name in given:
            setattr(owner, attribute, await _picture(scene, given[name], getattr(owner, attribute)))
    await publish_account_update(scene.services, scene.unit, owner)
    return await scene.sent("Update", owner.uri)


def _fields(nodes: Any) -> list[dict[str, Any]]:
    rows = [node for node in nodes if node.get("type") == "PropertyValue"]
    if len(rows) > MAX_FIELDS:
        raise malformed(f"A profile may have {MAX_FIELDS} fields at most.")
    return [
        {
            "name": sanitize_name(str(node.get("name", "")), MAX_FIELD_CHARACTERS),
            "value": sanitize_field(str(node.get("value", ""))),
        }
        for node in rows
    ]


def _aliases(uris: Any) -> list[str]:
    aliases = list(dict.fromkeys(uris))
    if len(aliases) > MAX_ALIASES or not all(has_origin(uri) for uri in aliases):
        raise malformed(f"alsoKnownAs lists {MAX_ALIASES} actors at most, by their ids.")
    return aliases


async def _picture(scene: Scene, nodes: Any, current: str | None) -> str | None:
    """The address of an image that the owner uploaded, or of the one that is there already."""
    if not nodes:
        return None
    if current is not None and first_url(nodes[0]) == current:
        return current
    (upload,) = await own_uploads(scene.unit, scene.owner, nodes[:1])
    if not upload.media_type.startswith("image/"):
        raise malformed("A picture of a profile must be an image.")
    # From now on the profile names the file: it can't be attached, nor be tidied away as a forgotten upload.
    await scene.unit.session.delete(upload)
    return scene.unit.addresses.media(upload.storage_key or "")


async def move(intent: Intent, lookup: Lookup, owner: Account) -> Apply:
    """Move to an account that lists this one in its `alsoKnownAs`; it is asked anew."""
    if intent.object_ids not in ((), (owner.uri,)):
        raise forbidden("You can move your own account only.")
    if intent.target_id == owner.uri:
        raise malformed("The target of a Move is another account.")
    target = require_found(intent.target_id, await lookup.actor(intent.target_id, refresh=True))
    return partial(_move, target.uri)


async def _move(uri: str, scene: Scene) -> str:
    owner, target = scene.owner, await scene.account(uri)
    if owner.moved_at is not None and scene.unit.now - owner.moved_at < timedelta(days=MOVE_COOLDOWN_DAYS):
        raise forbidden(f"An account can move once in {MOVE_COOLDOWN_DAYS} days.")
    if target.moved_to_uri is not None:
        raise forbidden("The other account has moved itself.")
    await publish_move(scene.services, scene.unit, owner, target)
    return await scene.sent("Move", owner.uri, target=target.uri)
