"""Small documents for the tests of parsing, and short ways to read them."""

import json
from datetime import UTC, datetime
from typing import Any

from federation.activity import Activity, parse_activity
from federation.json_ld import normalise, parse_document
from federation.parse import actor_draft, status_draft
from social.drafts import ActorDraft, StatusDraft

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
AS2 = "https://www.w3.org/ns/activitystreams"
PUBLIC = AS2 + "#Public"
BOB = "https://good.test/users/bob"
NOTE_ID = BOB + "/statuses/1"


def note(**changes: Any) -> dict[str, Any]:
    """Return a Note of bob's, changed; a change to `...` removes the member."""
    document = {
        "@context": AS2,
        "id": NOTE_ID,
        "type": "Note",
        "attributedTo": BOB,
        "content": "<p>hola</p>",
        "to": [PUBLIC],
        "published": "2026-01-01T00:00:00Z",
    }
    return _changed(document, changes)


def actor(**changes: Any) -> dict[str, Any]:
    document = {
        "@context": [AS2, "https://w3id.org/security/v1"],
        "id": BOB,
        "type": "Person",
        "preferredUsername": "bob",
        "inbox": BOB + "/inbox",
        "outbox": BOB + "/outbox",
        "followers": BOB + "/followers",
        "publicKey": {"id": BOB + "#main-key", "owner": BOB, "publicKeyPem": "PEM"},
    }
    return _changed(document, changes)


def activity(**changes: Any) -> dict[str, Any]:
    document = {"@context": AS2, "id": BOB + "#likes/1", "type": "Like", "actor": BOB, "object": "https://our.test/1"}
    return _changed(document, changes)


def read_status(document: dict[str, Any], **options: Any) -> StatusDraft:
    return status_draft(_normal(document), now=NOW, **options)


def read_actor(document: dict[str, Any]) -> ActorDraft:
    return actor_draft(_normal(document))


def read_activity(document: dict[str, Any], **options: Any) -> Activity:
    return parse_activity(json.dumps(document).encode(), **options)


def _normal(document: dict[str, Any]) -> dict[str, Any]:
    return normalise(parse_document(json.dumps(document).encode()))


def _changed(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = {**document, **changes}
    return {key: value for key, value in merged.items() if value is not ...}
