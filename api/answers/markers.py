"""Markers (Mastodon 4.5 `Marker`): how far somebody has read, by timeline."""

from marshmallow import fields

from api.answers.fields import Entity, IdString, Timestamp, nested, required


class MarkerEntity(Entity):
    """Marker."""

    last_read_id = required(IdString)
    version = required(fields.Integer)
    updated_at = required(Timestamp)


class MarkersEntity(Entity):
    """The markers of the timelines that were asked for and have one."""

    home = nested(MarkerEntity, required=False)
    notifications = nested(MarkerEntity, required=False)
