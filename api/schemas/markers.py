"""Markers (Mastodon 4.5 `Marker`): how far somebody has read, by timeline."""

from marshmallow import fields

from api.schemas.fields import Args, Entity, Id, IdString, Several, Timestamp, nested, required


class MarkerTimelinesArgs(Args):
    """Which timelines are asked for; others than home and notifications have none."""

    timeline = Several(fields.String(), load_default=list)


class MarkerArgs(Args):
    """The last status or notification that was read."""

    last_read_id = Id(required=True)


class MarkersArgs(Args):
    """The positions to save."""

    home = fields.Nested(MarkerArgs)
    notifications = fields.Nested(MarkerArgs)


class MarkerEntity(Entity):
    """Marker."""

    last_read_id = required(IdString)
    version = required(fields.Integer)
    updated_at = required(Timestamp)


class MarkersEntity(Entity):
    """The markers of the timelines that were asked for and have one."""

    home = nested(MarkerEntity, required=False)
    notifications = nested(MarkerEntity, required=False)
