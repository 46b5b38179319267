"""From an activity to what a handler needs to know before it runs: the draft in it, activities in it, references.

`interpret` is pure. `prove_inner` asks, for activities that a community announces (FEP-1b12), whether each proves by
itself who did it; that may need a key from another server.
"""

from datetime import datetime

from federation.activity import Activity, activity_from, is_activity
from federation.json_ld import DocumentRefused, JsonObject, normalise
from federation.parse import status_draft
from federation.services import Services
from federation.trust.origins import same_origin
from federation.trust.proofs import is_proven, raw_objects
from inbox.incoming import Incoming, References
from inbox.registry import handler_for

WITH_STATUS = frozenset({"Create", "Update"})
MAX_ANNOUNCED = 20


def interpret(activity: Activity, inbox_id: int, now: datetime) -> Incoming:
    """Parse the status inside, if there is one, and collect what is referred to. Raises DocumentRefused."""
    incoming = Incoming(activity, inbox_id)
    if activity.type in WITH_STATUS and activity.object is not None and "inbox" not in activity.object:
        try:
            incoming.draft = status_draft(activity.object, now=now)
        except DocumentRefused as error:
            if error.reason != "type":
                raise
    if activity.type == "Announce":
        incoming.inner = _announced(activity, inbox_id, now)
    refer(incoming)
    return incoming


def refer(incoming: Incoming) -> None:
    """Collect the references, again once it is known what is proven."""
    handler = handler_for(incoming)
    incoming.references = handler.references(incoming) if handler else References()


def _announced(activity: Activity, inbox_id: int, now: datetime) -> list[Incoming]:
    """The activities inside an Announce: usually one; PieFed sends several at once. What can't be read is left out."""
    value = activity.document.get("object")
    embedded = [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]
    found = [_inner(item, inbox_id, now) for item in embedded[:MAX_ANNOUNCED] if is_activity(item)]
    return [inner for inner in found if inner is not None]


def _inner(document: JsonObject, inbox_id: int, now: datetime) -> Incoming | None:
    """An announced activity, unless it is malformed or has an id that isn't its actor's to give (O04)."""
    try:
        activity = activity_from(document, b"")
        if activity.id is not None and not same_origin(activity.id, activity.actor):
            return None
        return interpret(activity, inbox_id, now)
    except DocumentRefused:
        return None


async def prove_inner(services: Services, incoming: Incoming) -> None:
    """Find out which announced activities carry their own actor's proof.

    Such a one is read anew from its own bytes: what surrounded it (another context, a second object under the same
    id) was not signed and must not change what it says.
    """
    raw = raw_objects(incoming.activity.raw)
    for place, inner in enumerate(incoming.inner):
        document = raw.get(inner.activity.id or "")
        if document is not None and await is_proven(services, document, inner.activity.actor):
            incoming.inner[place] = _read_alone(inner, document, services.clock())
    refer(incoming)


def _read_alone(inner: Incoming, document: JsonObject, now: datetime) -> Incoming:
    try:
        alone = _inner(normalise(document), inner.inbox_id, now)
    except DocumentRefused:
        return inner
    if alone is None or alone.activity.actor != inner.activity.actor:
        return inner
    alone.is_proven = True
    return alone
