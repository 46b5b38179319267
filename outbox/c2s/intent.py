"""From the body of a POST to an outbox to what its owner wants: pure, and strict about whose it is.

A bare object is wrapped in a Create (ActivityPub §6.2.1). Ids of the client are forgotten, `actor` and `attributedTo`
are the owner or absent, recipients of the activity and of its object are one list (§6.2), and nothing that could pass
for an actor, a key or an inbox gets in (case O31). Raises DocumentRefused or ClientRefused.
"""

from typing import Any

from federation.activity import id_of, is_activity
from federation.json_ld import JsonObject, normalise, parse_document
from models.values import dataclass
from outbox.c2s.refusals import forbidden, malformed

RECIPIENTS = ("to", "cc", "audience", "bto", "bcc")
MAX_OBJECTS = 100
_ASSIGNED = frozenset({"id", "proof", "signature"})
_KEYS = frozenset({"publicKey", "publicKeyPem", "publicKeyMultibase", "assertionMethod", "inbox", "endpoints"})
_KEY_TYPES = frozenset({"CryptographicKey", "Multikey", "Key"})


@dataclass(frozen=True, slots=True)
class Intent:
    """An activity that the owner of an outbox wants to be done.

    `document` is its normal form without id; `object` is its embedded object, where there is exactly one; `object_ids`
    are the ids of all objects. `removed` names the members that were null: a client removes by it (§6.3).
    """

    type: str
    document: JsonObject
    object: JsonObject | None = None
    object_ids: tuple[str, ...] = ()
    removed: frozenset[str] = frozenset()

    @property
    def object_id(self) -> str:
        """The id of the one object. Raises ClientRefused."""
        if len(self.object_ids) != 1:
            raise malformed(f"{self.type} needs exactly one object, named by its id.")
        return self.object_ids[0]

    @property
    def embedded(self) -> JsonObject:
        """The one embedded object. Raises ClientRefused."""
        if self.object is None:
            raise malformed(f"{self.type} needs exactly one object, in full.")
        return self.object

    @property
    def target_id(self) -> str:
        """The id of the target. Raises ClientRefused."""
        target = id_of(self.document.get("target"))
        if target is None:
            raise malformed(f"{self.type} needs a target.")
        return target

    @property
    def content(self) -> str:
        """The text of the activity itself: a reaction, or why somebody is reported."""
        return str(self.document.get("content", ""))

    def recipients(self, *names: str) -> tuple[str, ...]:
        """The ids under these names, of the activity and of its object, each once."""
        parts = [self.document, *([self.object] if self.object is not None else [])]
        return tuple(dict.fromkeys(uri for name in names for part in parts for uri in part.get(name, ())))


def read_intent(body: bytes, owner_uri: str) -> Intent:
    """What `owner_uri` wants. Raises DocumentRefused for what can't be read, ClientRefused for what can't be done."""
    raw = parse_document(body)
    document = {name: value for name, value in normalise(raw).items() if name not in _ASSIGNED}
    if not is_activity(document):
        document = {"type": "Create", "actor": owner_uri, "object": document}
        raw = {"object": raw}
    _check_owner(owner_uri, document.get("actor"))
    objects = _listed(document.get("object"))
    only = objects[0] if len(objects) == 1 and isinstance(objects[0], dict) else None
    removed = _removed(raw.get("object"))
    if only is None and len(objects) == 1 and removed and document["type"] == "Update":
        only = {"id": objects[0]}  # nothing but nulls beside the id
    if only is not None:
        if only.get("id") != owner_uri or document["type"] != "Update":
            _check_no_keys(only)  # an actor's own document lists its keys: `profiles` sees that they stay as they are
        if document["type"] in ("Create", "Update"):
            _check_owner(owner_uri, only.get("attributedTo"))
    return Intent(
        type=str(document["type"]),
        document={**document, "actor": owner_uri},
        object=only,
        object_ids=tuple(dict.fromkeys(uri for item in objects if (uri := id_of(item)))),
        removed=removed,
    )


def _listed(value: Any) -> list[Any]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    if len(values) > MAX_OBJECTS:
        raise malformed(f"An activity may have {MAX_OBJECTS} objects at most.")
    return values


def _check_owner(owner_uri: str, value: Any) -> None:
    named = {id_of(item) for item in _listed(value)}
    if named - {owner_uri}:
        raise forbidden("You can post for yourself only: actor and attributedTo are you, or absent.")


def _check_no_keys(value: Any) -> None:
    """Keys and inboxes are made by the server alone, wherever in the object they stand (FEP-fe34)."""
    if isinstance(value, dict):
        if value.get("type") in _KEY_TYPES or not _KEYS.isdisjoint(value):
            raise malformed("Keys and inboxes can't be made by clients.")
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            _check_no_keys(item)


def _removed(raw: Any) -> frozenset[str]:
    return frozenset(name for name, value in raw.items() if value is None) if isinstance(raw, dict) else frozenset()
