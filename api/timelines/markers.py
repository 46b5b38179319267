"""Saved positions in timelines, the same on all of somebody's devices."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from api.call import Call, Json
from api.endpoints import Endpoint
from api.entities.marker import markers_entity
from api.errors import ApiError
from api.schemas.markers import MarkersArgs, MarkerTimelinesArgs
from models.feeds import Marker
from social.markers import TIMELINES, set_markers


async def get_markers(call: Call) -> Json:
    """Get saved timeline positions, of the timelines that are named and have one."""
    wanted = [timeline for timeline in call.args["timeline"] if timeline in TIMELINES]
    query = select(Marker).where(Marker.account_id == call.me.id, Marker.timeline.in_(wanted))
    async with call.database.reading() as session:
        return markers_entity(await session.scalars(query))


async def post_markers(call: Call) -> Json:
    """Save your position in a timeline; 409 when another device saves at the same moment."""
    positions: dict[str, int] = {
        timeline: call.args[timeline]["last_read_id"] for timeline in TIMELINES if timeline in call.args
    }
    try:
        async with call.database.unit_of_work() as unit:
            return markers_entity(await set_markers(unit, call.me, positions))
    except IntegrityError as error:
        raise ApiError(409, "Conflict during update, please try again") from error


ENDPOINTS = (
    Endpoint("GET", "/api/v1/markers", get_markers, scope="read:statuses", args=MarkerTimelinesArgs,
             returns="MarkersEntity"),
    Endpoint("POST", "/api/v1/markers", post_markers, scope="write:statuses", args=MarkersArgs,
             returns="MarkersEntity"),
)  # fmt: skip
