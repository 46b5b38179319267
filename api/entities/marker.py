"""Marker."""

from collections.abc import Iterable

from api.call import Json
from api.times import timestamp
from models.feeds import Marker


def markers_entity(markers: Iterable[Marker]) -> Json:
    """Markers by the name of their timeline."""
    return {
        marker.timeline: {
            "last_read_id": str(marker.last_read_id),
            "version": marker.version,
            "updated_at": timestamp(marker.updated_at),
        }
        for marker in markers
    }
