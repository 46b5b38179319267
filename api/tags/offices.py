"""How complete a hashtag is here, office by office. Tertulia's own."""

from api.call import Call, Json
from api.endpoints import Access, Endpoint
from api.tags.pages import tag_name
from api.times import timestamp
from communities.completeness import completeness_of
from policy.hashtags import tag_known_to


async def get_topic(call: Call) -> Json:
    """View how complete a hashtag is: since when each office sends what it writes, and whether its archive is here."""
    name = tag_name(call.path("name"))
    viewer_id = call.viewer.id if call.viewer is not None else None
    async with call.database.reading() as session:
        found = await completeness_of(session, name, is_known=tag_known_to(viewer_id))
    shown = {tag.name: tag.display_name for tag in found.tags}
    return {
        "name": shown.get(name, name),
        "url": call.addresses.tag(name),
        "canonical": found.tags[0].display_name if found.tags else name,
        "synonyms": [tag.display_name for tag in found.tags if tag.name != name],
        "kept": any(tag.kept_since is not None for tag in found.tags),
        "offices": [
            {
                "domain": share.domain or call.addresses.domain,
                "since": timestamp(share.since) if share.since is not None else None,
                "complete": share.is_complete,
                "posts": share.posts,
            }
            for share in found.offices
        ],
    }


ENDPOINTS = (
    Endpoint("GET", "/api/v1/tertulia/tags/{name}", get_topic, Access.READER, "read:statuses", returns="TopicEntity"),
)
