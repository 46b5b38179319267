"""How far the import of a CSV file is. Tertulia's own: Mastodon has only pages for it."""

from marshmallow import fields

from api.answers.fields import Entity, IdString, Timestamp, list_of, nullable, required


class FailureEntity(Entity):
    """A row that couldn't be done."""

    row = required(fields.Integer)
    text = required(fields.String)
    reason = required(fields.String)


class ImportEntity(Entity):
    """How far an import is."""

    id = required(IdString)
    kind = required(fields.String)
    mode = required(fields.String)
    state = required(fields.String)
    total = required(fields.Integer)
    processed = required(fields.Integer)
    succeeded = required(fields.Integer)
    failures = list_of(FailureEntity)
    created_at = required(Timestamp)
    finished_at = nullable(Timestamp)
