"""Filters, version 2 and 1 (Mastodon 4.5 `Filter`, `V1::Filter`)."""

from marshmallow import fields, validate

from api.answers.fields import Entity, IdString, Timestamp, list_of, nullable, required
from policy.filters import ACTIONS, CONTEXTS


class FilterKeywordEntity(Entity):
    """FilterKeyword."""

    id = required(IdString)
    keyword = required(fields.String)
    whole_word = required(fields.Boolean)


class FilterStatusEntity(Entity):
    """FilterStatus."""

    id = required(IdString)
    status_id = required(IdString)


class FilterHeadEntity(Entity):
    """Filter without what it looks for, as results have it."""

    id = required(IdString)
    title = required(fields.String)
    context = list_of(fields.String(validate=validate.OneOf(CONTEXTS)))
    expires_at = nullable(Timestamp)
    filter_action = required(fields.String, validate=validate.OneOf(ACTIONS))


class FilterEntity(FilterHeadEntity):
    """Filter."""

    keywords = list_of(FilterKeywordEntity)
    statuses = list_of(FilterStatusEntity)


class FilterResultEntity(Entity):
    """FilterResult: `Status.filtered[]`."""

    filter = fields.Nested(FilterHeadEntity, required=True)
    keyword_matches = fields.List(fields.String(), required=True, allow_none=True)
    status_matches = fields.List(IdString(), required=True, allow_none=True)


class FilterV1Entity(Entity):
    """V1::Filter: one keyword of a filter."""

    id = required(IdString)
    phrase = required(fields.String)
    context = list_of(fields.String(validate=validate.OneOf(CONTEXTS)))
    whole_word = required(fields.Boolean)
    expires_at = nullable(Timestamp)
    irreversible = required(fields.Boolean)
