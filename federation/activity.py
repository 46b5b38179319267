"""An activity as the rest of the server sees it: one actor, bounded lists, and the bytes it came in.

`parse_activity` is pure. It promises that `actor` is exactly one id, that `type` is one type, that ids are absolute
http(s) URLs without user-info or fragment, and that `raw` is what the peer sent, byte for byte (proofs, forwarding and
group announcements need it). It does not decide whether the actor may do this: that is `policy.authority`.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from federation.json_ld import DocumentRefused, JsonObject, normalise, parse_document
from federation.json_ld.dates import parse_time
from federation.json_ld.terms import PUBLIC, is_activity_type
from federation.trust.origins import has_origin

MAX_OBJECTS = 100
"""A Flag or a Delete may name several objects, and this many at most."""


@dataclass(frozen=True)
class Activity:
    """An activity (ActivityStreams 2.0 §4.2) in normal form.

    `object_id` is set when there is exactly one object with an id, `object` when there is exactly one and it is
    embedded; `object_ids` holds the ids of all. `origin` and `instrument` are ids. `published` is aware UTC.
    `id` is None for an anonymous activity, and `dedup_key` then stands in for it.
    """

    id: str | None
    type: str
    actor: str
    document: JsonObject
    raw: bytes
    dedup_key: str
    object_id: str | None = None
    object: JsonObject | None = None
    object_ids: tuple[str, ...] = ()
    target_id: str | None = None
    instrument: str | None = None
    origin: str | None = None
    result: str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    hidden: tuple[str, ...] = field(default=(), repr=False)
    published: datetime | None = None
    content: str | None = None
    summary: str | None = None

    def recipients(self) -> tuple[str, ...]:
        """Every id addressed, each once: `to`, `cc`, `audience`, `bto` and `bcc` in this order."""
        return tuple(dict.fromkeys((*self.to, *self.cc, *self.audience, *self.hidden)))

    @property
    def is_public(self) -> bool:
        """Whether anybody may read it."""
        return is_public(self.recipients())


def is_public(ids: Iterable[str]) -> bool:
    """Whether `ids`, taken from a normalised document, address the public (ActivityPub §5.6)."""
    return PUBLIC in ids


def parse_activity(body: bytes, *, strict: bool = False) -> Activity:
    """Return the activity in `body`; raises DocumentRefused.

    `strict` is for a body whose only authority is a Linked Data Signature: terms that its contexts don't define vanish,
    as they are not covered by the signature.
    """
    document = normalise(parse_document(body), strict=strict)
    return activity_from(document, body)


def activity_from(document: JsonObject, raw: bytes) -> Activity:
    """Return the activity in a normalised `document`, which was sent as `raw`; raises DocumentRefused."""
    kind = document.get("type")
    if not isinstance(kind, str):
        raise DocumentRefused("type", "the activity has no type")
    activity_id = document.get("id")
    if activity_id is not None:
        _check_id(activity_id, "the activity's id")
    objects = _listed(document.get("object"), MAX_OBJECTS, "object")
    only = objects[0] if len(objects) == 1 else None
    object_ids = _object_ids(objects)
    return Activity(
        id=activity_id,
        type=kind,
        actor=_one_actor(document.get("actor")),
        document=document,
        raw=raw,
        dedup_key=activity_id or "sha256:" + _digest(document),
        object_id=object_ids[0] if only is not None and object_ids else None,
        object=only if isinstance(only, dict) else None,
        object_ids=object_ids,
        target_id=_single_id(document, "target"),
        instrument=_single_id(document, "instrument"),
        origin=_single_id(document, "origin"),
        result=_single_id(document, "result"),
        to=tuple(document.get("to", ())),
        cc=tuple(document.get("cc", ())),
        audience=tuple(document.get("audience", ())),
        hidden=(*document.get("bto", ()), *document.get("bcc", ())),
        published=parse_time(document.get("published")),
        content=document.get("content"),
        summary=document.get("summary"),
    )


def is_activity(document: JsonObject) -> bool:
    """Whether a normalised document is an activity: by its type, or, for an unknown type, because it has an actor."""
    kind = document.get("type")
    return isinstance(kind, str) and (is_activity_type(kind) or ("actor" in document and "object" in document))


def id_of(value: Any) -> str | None:
    """Return the id of a normalised reference, which is an id, an embedded object, or absent."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) else None


def _one_actor(value: Any) -> str:
    """FEP-fe34: what several actors would mean is undefined, so exactly one is accepted; an embedded one is only read
    for its id."""
    actors = {id_of(item) for item in _listed(value, MAX_OBJECTS, "actor")}
    actor = actors.pop() if len(actors) == 1 else None
    if actor is None:
        raise DocumentRefused("actor", "the activity must have exactly one actor")
    return _check_id(actor, "the actor's id")


def _object_ids(objects: list[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found for item in objects if (found := id_of(item))))


def _single_id(document: JsonObject, name: str) -> str | None:
    value = document.get(name)
    if value is None or isinstance(value, str):
        return value
    values = _listed(value, MAX_OBJECTS, name)
    return id_of(values[0]) if len(values) == 1 else None


def _listed(value: Any, bound: int, name: str) -> list[Any]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    if len(values) > bound:
        raise DocumentRefused("too-many", f"{name} names more than {bound}")
    return values


def _check_id(uri: str, what: str) -> str:
    if "#" in uri and what == "the actor's id":
        raise DocumentRefused("id", f"{what} has a fragment")
    if not has_origin(uri):
        raise DocumentRefused("id", f"{what} is not an http(s) URL")
    return uri


def _digest(document: JsonObject) -> str:
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()
