"""Error: what every refusal looks like."""

from marshmallow import fields

from api.answers.fields import Entity, required


class DetailEntity(Entity):
    """What is wrong with a field."""

    error = required(fields.String)
    description = required(fields.String)


class ErrorEntity(Entity):
    """Error: a sentence, and for refused fields the details of each."""

    error = required(fields.String)
    error_description = fields.String()
    details = fields.Dict(keys=fields.String(), values=fields.List(fields.Nested(DetailEntity)))
