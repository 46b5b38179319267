"""What administrators get to know about peers; not in Mastodon."""

from marshmallow import fields, validate

from api.answers.fields import Entity, IdString, Timestamp, list_of, nested, nullable, required
from federation.peers import PeerState


class PeerPolicyEntity(Entity):
    """What a peer may receive (null: everything), whether boosts by it have effects here, and activities a minute."""

    visibilities = fields.List(fields.String(), required=True, allow_none=True)
    topics = fields.List(fields.String(), required=True, allow_none=True)
    communities = fields.List(fields.String(), required=True, allow_none=True)
    media = required(fields.Boolean)
    boosts = required(fields.Boolean)
    inbound_per_minute = nullable(fields.Integer)
    outbound_per_minute = nullable(fields.Integer)


class PeerSyncEntity(Entity):
    """How far both have heard each other out; `behind` is what we lack, `their_behind` what they lack. Of digests:
    what the comparison that is under way, or the last one, found and mended."""

    takes_part = required(fields.Boolean)
    in_sync_at = nullable(Timestamp)
    checked_at = nullable(Timestamp)
    behind = required(fields.Integer)
    their_behind = nullable(fields.Integer)
    oldest_missing_at = nullable(Timestamp)
    is_restoring = required(fields.Boolean)
    cut_at = nullable(Timestamp)
    last_error = nullable(fields.String)
    compared_at = nullable(Timestamp)
    is_comparing = required(fields.Boolean)
    differing_days = required(fields.Integer)
    missing = required(fields.Integer)
    repaired = required(fields.Integer)
    unrepaired = required(fields.Integer)
    compare_error = nullable(fields.String)


class PeerHealthEntity(Entity):
    """How a peer is: `verdict` in a sentence, and what it comes from; counts are since `since`."""

    domain = required(fields.String)
    state = required(fields.String)
    verdict = required(fields.String)
    since = required(Timestamp)
    software = required(fields.String)
    software_version = required(fields.String)
    last_received_at = nullable(Timestamp)
    last_delivered_at = nullable(Timestamp)
    last_error = nullable(fields.String)
    circuit = nullable(fields.String)
    queued = required(fields.Integer)
    dead = required(fields.Integer)
    oldest_queued_at = nullable(Timestamp)
    delivery_p50_seconds = nullable(fields.Float)
    delivery_p95_seconds = nullable(fields.Float)
    deliveries = required(fields.Dict, values=fields.Integer())
    accepted = required(fields.Integer)
    refusals = required(fields.Dict, values=fields.Integer())
    signature_failures = required(fields.Integer)
    outcomes = required(fields.Dict, values=fields.Integer())
    clock_ahead_seconds = nullable(fields.Float)
    clock_seen_at = nullable(Timestamp)
    sync = nested(PeerSyncEntity)


class PeerEntity(Entity):
    """A peer: what it says of itself, its key, how far it has come, what is missing."""

    id = required(IdString)
    domain = required(fields.String)
    state = fields.String(required=True, validate=validate.OneOf([state.value for state in PeerState]))
    limited = required(fields.Boolean)
    missing = required(fields.String)
    limits = list_of(fields.String())
    proposed_by = nullable(fields.String)
    legal_name = required(fields.String)
    handle_domain = required(fields.String)
    region = required(fields.String)
    contact = required(fields.String)
    software = required(fields.String)
    software_version = required(fields.String)
    fingerprint = required(fields.String)
    key_pinned = required(fields.Boolean)
    refused_fingerprint = nullable(fields.String)
    note = required(fields.String)
    created_at = required(Timestamp)
    proposed_at = nullable(Timestamp)
    expires_at = nullable(Timestamp)
    confirmed_at = nullable(Timestamp)
    activated_at = nullable(Timestamp)
    suspended_at = nullable(Timestamp)
    suspended_by_them_at = nullable(Timestamp)
    ended_at = nullable(Timestamp)
    ended_by = nullable(fields.String)
    content_deletion_asked_at = nullable(Timestamp)
    content_deleted_at = nullable(Timestamp)
