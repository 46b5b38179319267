"""Passing on what others said, as communities and topics do it: an Announce of an id, or of a whole activity.

An id is a boost, which every software reads and then fetches. A whole activity (FEP-1b12) needs no fetching where it
carries its author's proof (FEP-8b32), which covers it together with its own `@context`: it is embedded as it was said.
An inbox gets one of the two shapes. Both have one id; the second is stored under a name of its own.
"""

from typing import Final

import orjson
from sqlalchemy import bindparam, select

from federation.documents import StatusBundle, create_activity, create_uri
from federation.json_ld.strict_json import JsonObject
from federation.services import Services
from keys.integrity_proofs import add_proof
from keys.keypairs import KeyKind
from models import UnitOfWork
from models.accounts import Account
from models.activities import OutboundActivity
from models.insertion import updating
from models.statuses import Status
from models.topics import ArchivedPost

_SENT_CREATE: Final = select(OutboundActivity.body).where(OutboundActivity.uri == bindparam("uri"))


async def signed(services: Services, unit: UnitOfWork, actor: Account, document: JsonObject) -> JsonObject:
    """An activity of one of our accounts with its proof."""
    key = await services.keyring.key_of(actor, KeyKind.ED25519)
    return add_proof(document, key=key.private, verification_method=key.key_id, now=unit.now)


async def signed_create(
    services: Services, unit: UnitOfWork, bundle: StatusBundle, *, is_edit: bool = False
) -> JsonObject:
    """The Create of a status of ours with its author's proof: as it was sent, after an edit as it is now."""
    if not is_edit:
        body = await unit.session.scalar(_SENT_CREATE, {"uri": create_uri(bundle.status.uri)})
        if body is not None:
            sent: JsonObject = orjson.loads(body)
            return sent
    key = await services.keyring.signing_key(bundle.author.id, KeyKind.ED25519)
    document = create_activity(bundle, unit.addresses)
    return add_proof(document, key=key.private, verification_method=key.key_id, now=unit.now)


async def keep_word(unit: UnitOfWork, status: Status, said: JsonObject) -> None:
    """Keep what an author from elsewhere said, with its proof, as the newest state of a post in a community of ours.

    Other members' offices that have missed it get it from here, whose word it needn't be. Without a proof nothing is.
    """
    proof = said.get("proof")
    key_id = proof.get("verificationMethod") if isinstance(proof, dict) else None
    if said.get("type") not in ("Create", "Update") or not isinstance(key_id, str):
        return
    await unit.session.flush()
    is_sqlite = unit.session.get_bind().dialect.name == "sqlite"
    statement = updating(is_sqlite, ArchivedPost, ("status_id",), ("key_id", "edited_at", "body"))
    row = {"status_id": status.id, "key_id": key_id, "edited_at": status.edited_at, "body": orjson.dumps(said)}
    await unit.session.execute(statement, [row])


def stored_uri(document: JsonObject) -> str:
    """Under which name an Announce is stored."""
    uri: str = document["id"]
    return uri if isinstance(document["object"], str) else f"{uri}#create"
