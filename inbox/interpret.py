"""From an activity to what a handler needs to know before it runs: the draft in it, activities in it, references.

`interpret` is pure. `prove_inner` asks, for activities that a community announces (FEP-1b12), whether each proves by
itself who did it; that may need a key from another server.
"""

from datetime import datetime

from federation.activity import Activity, activity_from, is_activity
from federation.json_ld import DocumentRefused
from federation.parse import status_draft
from federation.proofs import is_proven, raw_objects
from federation.services import Services
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
        incoming.inner = [interpret(inner, inbox_id, now) for inner in _announced(activity)]
    refer(incoming)
    return incoming


def refer(incoming: Incoming) -> None:
    """Collect the references, again once it is known what is proven."""
    handler = handler_for(incoming)
    incoming.references = handler.references(incoming) if handler else References()


def _announced(activity: Activity) -> list[Activity]:
    """The activities inside an Announce: usually one; PieFed sends several at once."""
    value = activity.document.get("object")
    embedded = [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]
    return [activity_from(item, b"") for item in embedded[:MAX_ANNOUNCED] if is_activity(item)]


async def prove_inner(services: Services, incoming: Incoming) -> None:
    """Find out which announced activities carry their own actor's proof."""
    raw = raw_objects(incoming.activity.raw)
    for inner in incoming.inner:
        document = raw.get(inner.activity.id or "")
        inner.is_proven = document is not None and await is_proven(services, document, inner.activity.actor)
    refer(incoming)
