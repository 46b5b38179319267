"""StatusSource: a status as it was typed."""

from api.call import Json
from content.compose import PLAIN
from content.html import plain_text
from models.statuses import Status


def status_source(status: Status) -> Json:
    """The source; of what wasn't typed here, its text without markup. `content_type` tells plain from Markdown."""
    text = status.source_text if status.source_text is not None else plain_text(status.content_html)
    return {
        "id": str(status.id),
        "text": text,
        "spoiler_text": status.summary,
        "content_type": status.source_media_type or PLAIN,
    }
