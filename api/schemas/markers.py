"""What requests say about markers: how far somebody has read, by timeline."""

from marshmallow import fields

from api.schemas.fields import Args, Id, Several


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
