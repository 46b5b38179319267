"""Tag: a hashtag, in short as statuses carry it, or with its use in the last week."""

from datetime import date, timedelta
from typing import Any

from api.call import Api, Json

DAYS = 7


def status_tag_entity(name: str, api: Api) -> Json:
    """A hashtag of a status."""
    return {"name": name, "url": api.services.addresses.tag(name)}


def tag_entity(
    tag: Any, api: Api, *, history: list[Json], following: bool | None = None, featuring: bool | None = None
) -> Json:
    """A hashtag by itself; `following` and `featuring` are given for a viewer."""
    entity: Json = {
        "id": str(tag.id),
        "name": tag.display_name or tag.name,
        "url": api.services.addresses.tag(tag.name),
        "history": history,
    }
    if following is not None:
        entity["following"] = following
    if featuring is not None:
        entity["featuring"] = featuring
    return entity


def history_entity(today: date, used: dict[date, tuple[int, int]]) -> list[Json]:
    """The last seven days, newest first: `used` has (uses, accounts) by day. Clients want strings."""
    days = [today - timedelta(days=number) for number in range(DAYS)]
    return [
        {
            "day": str(_epoch_seconds(day)),
            "uses": str(used.get(day, (0, 0))[0]),
            "accounts": str(used.get(day, (0, 0))[1]),
        }
        for day in days
    ]


def _epoch_seconds(day: date) -> int:
    return (day - date(1970, 1, 1)).days * 86_400
