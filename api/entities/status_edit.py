"""StatusEdit: how a status read before, and how it reads now."""

from collections.abc import Collection, Sequence
from typing import Any

from api.call import Api, Json
from api.entities.account import emoji_entities
from api.entities.media import media_entity
from api.times import timestamp
from models.statuses import Attachment, Poll, Status, StatusEdit


def former_version(edit: StatusEdit, account: Json, api: Api, *, kept_ids: Collection[int], emojis: list[Json]) -> Json:
    """A version from the history. Files of ours that were taken off are gone, and so they are here."""
    files = [stored for stored in edit.attachments if stored.get("remote_url") or stored.get("id") in kept_ids]
    media = [media_entity(_row(stored), api) for stored in files]
    version = {
        "content": edit.content_html,
        "spoiler_text": edit.summary,
        "sensitive": edit.is_sensitive,
        "created_at": timestamp(edit.created_at),
        "account": account,
        "media_attachments": media,
        "emojis": emoji_entities(emojis, api),
    }
    return version | _poll(edit.poll_options)


def present_version(
    status: Status, account: Json, api: Api, *, attachments: Sequence[Attachment], poll: Poll | None
) -> Json:
    """The newest version: what the status says."""
    version = {
        "content": status.content_html,
        "spoiler_text": status.summary,
        "sensitive": status.is_sensitive,
        "created_at": timestamp(status.edited_at or status.published_at),
        "account": account,
        "media_attachments": [media_entity(attachment, api) for attachment in attachments],
        "emojis": emoji_entities(status.emojis, api),
    }
    return version | _poll([option["title"] for option in poll.options] if poll is not None else None)


def _poll(titles: list[str] | None) -> Json:
    return {} if titles is None else {"poll": {"options": [{"title": title} for title in titles]}}


def _row(stored: dict[str, Any]) -> Attachment:
    """An attachment as the history remembers it; older entries remember less."""
    values: dict[str, Any] = {"id": 0, "kind": "unknown", "state": "ready", "meta": {}} | stored
    values.pop("url", None)
    return Attachment(**values)
