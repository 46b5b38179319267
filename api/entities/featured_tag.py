"""FeaturedTag."""

from datetime import datetime

from api.call import Api, Json
from api.times import date_string
from models.relations import FeaturedTag
from models.statuses import Tag


def featured_tag_entity(
    featured: FeaturedTag, tag: Tag, api: Api, *, statuses_count: int, last_status_at: datetime | None
) -> Json:
    """A hashtag on somebody's profile, with how often they used it."""
    return {
        "id": str(featured.id),
        "name": tag.display_name or tag.name,
        "url": api.services.addresses.tag(tag.name),
        "statuses_count": str(statuses_count),
        "last_status_at": date_string(last_status_at),
    }
