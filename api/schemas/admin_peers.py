"""What administrators send and get about peers; not in Mastodon."""

from marshmallow import fields, validate

from api.schemas.fields import Args, Entity, Flag, IdString, Text, Timestamp, list_of, nullable, required
from federation.peers import PeerState


class PeerProposalArgs(Args):
    """Whom to propose to; `limited` admits a server that knows no handshake."""

    domain = Text(300, required=True)
    limited = Flag(load_default=False)
    note = Text(2000, load_default="")


class PeerEndArgs(Args):
    """`delete_content` has everything of the peer removed here."""

    delete_content = Flag(load_default=False)


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
