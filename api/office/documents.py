"""What an office says about itself before anybody has signed in: the two Instance documents (Mastodon 4.5).

Every number is read from where it is enforced (`policy.limits`, `content.media_limits`), so that nothing can be
announced that isn't so. `domain` has the port, because clients build addresses from it. In a closed network strangers
aren't told who the administrator is: a profile is people's content.
"""

from collections.abc import Sequence
from typing import Any, Final

from api.call import Api, Json
from content.compose import MARKDOWN, PLAIN
from content.html import escape, plain_text
from content.lengths import LINK_CHARACTERS
from content.media_limits import (
    DESCRIPTION_CHARACTERS,
    IMAGE_BYTES,
    IMAGE_MATRIX,
    MAX_ATTACHMENTS,
    SUPPORTED_TYPES,
    VIDEO_BYTES,
    VIDEO_FRAME_RATE,
    VIDEO_MATRIX,
)
from models.office import Rule
from models.values import dataclass
from policy import limits

MASTODON: Final = "4.5.0"
# Mastodon.py takes what follows the + for the version if it is one: a name comes first.
NAME: Final = "tertulia"
API_VERSIONS: Final = {"mastodon": 7, NAME: 1}
LANGUAGES: Final = ["en", "es"]


@dataclass(frozen=True, slots=True)
class OfficeFigures:
    """What the documents count: people here, those of the last month, their statuses, and other offices known."""

    users: int
    active_month: int
    statuses: int
    domains: int


def version_of(api: Api) -> str:
    """`4.5.0+tertulia.<our version>`: parsers of clients read the first part."""
    return f"{MASTODON}+{NAME}.{api.services.settings.software_version}"


def streaming_url(api: Api) -> str:
    """`wss://host[:port]`, `ws://` on plain HTTP."""
    addresses = api.services.addresses
    return f"{'wss' if addresses.scheme == 'https' else 'ws'}://{addresses.authority}"


def rule_entity(rule: Rule) -> Json:
    """A rule of the office."""
    return {"id": str(rule.id), "text": rule.text, "hint": rule.hint, "translations": {}}


def instance_v2(api: Api, figures: OfficeFigures, rules: Sequence[Rule], contact: Json | None) -> Json:
    """Instance (v2)."""
    services = api.services
    settings, thumbnail = services.settings, services.addresses.instance_thumbnail
    return {
        "domain": services.addresses.authority,
        "title": settings.instance_name,
        "version": version_of(api),
        # The software has no public address of its own yet; clients want one in any case.
        "source_url": f"{services.addresses.origin}/",
        "description": settings.instance_description,
        "usage": {"users": {"active_month": figures.active_month}},
        "thumbnail": {"url": thumbnail, "blurhash": None, "versions": {"@1x": thumbnail}, "description": ""},
        "icon": [{"src": thumbnail, "size": "1200x630"}],
        "languages": LANGUAGES,
        "configuration": configuration(api),
        "registrations": {
            "enabled": False,
            "approval_required": False,
            "reason_required": False,
            "message": None,
            "min_age": None,
            "url": None,
        },
        "api_versions": API_VERSIONS,
        "contact": {"email": settings.contact_email, "account": contact},
        "rules": [rule_entity(rule) for rule in rules],
    }


def configuration(api: Api) -> Json:
    """What clients have to know before they offer something."""
    settings, origin = api.services.settings, api.services.addresses.origin
    access = "authenticated" if settings.is_closed else "public"
    feeds = {"local": access, "remote": access}
    return {
        "urls": {
            "streaming": streaming_url(api),
            "status": None,
            "about": f"{origin}/",
            "privacy_policy": None,
            "terms_of_service": None,
        },
        "vapid": {"public_key": api.vapid_public_key},
        **announced_limits(),
        "translation": {"enabled": False},
        "timelines_access": {"live_feeds": feeds, "hashtag_feeds": feeds, "trending_link_feeds": feeds},
        "limited_federation": settings.is_closed,
    }


def announced_limits() -> Json:
    """The numbers that this office enforces, by what they limit."""
    return {
        "accounts": {
            "max_featured_tags": limits.FEATURED_TAGS,
            "max_pinned_statuses": limits.PINNED_BY_ONE,
            "max_profile_fields": limits.PROFILE_FIELDS,
            "profile_field_name_limit": limits.PROFILE_FIELD_CHARACTERS,
            "profile_field_value_limit": limits.PROFILE_FIELD_CHARACTERS,
            "max_display_name_length": limits.DISPLAY_NAME_CHARACTERS,
            "max_note_length": limits.NOTE_CHARACTERS,
        },
        "statuses": {
            "max_characters": limits.STATUS_CHARACTERS,
            "max_media_attachments": MAX_ATTACHMENTS,
            "characters_reserved_per_url": LINK_CHARACTERS,
            "supported_mime_types": [PLAIN, MARKDOWN],
        },
        "media_attachments": {
            "supported_mime_types": list(SUPPORTED_TYPES),
            "description_limit": DESCRIPTION_CHARACTERS,
            "image_size_limit": IMAGE_BYTES,
            "image_matrix_limit": IMAGE_MATRIX,
            "video_size_limit": VIDEO_BYTES,
            "video_frame_rate_limit": VIDEO_FRAME_RATE,
            "video_matrix_limit": VIDEO_MATRIX,
        },
        "polls": {
            "max_options": limits.POLL_OPTIONS,
            "max_characters_per_option": limits.POLL_OPTION_CHARACTERS,
            "min_expiration": limits.POLL_MIN_SECONDS,
            "max_expiration": limits.POLL_MAX_SECONDS,
        },
    }


def instance_v1(api: Api, figures: OfficeFigures, rules: Sequence[Rule], contact: Json | None) -> Json:
    """Instance (v1), which older clients read first."""
    services = api.services
    settings = services.settings
    return {
        "uri": services.addresses.authority,
        "title": settings.instance_name,
        "short_description": settings.instance_description,
        "description": settings.instance_description,
        "email": settings.contact_email,
        "version": version_of(api),
        "urls": {"streaming_api": streaming_url(api)},
        "stats": {
            "user_count": figures.users, "status_count": figures.statuses, "domain_count": figures.domains,
        },
        "thumbnail": services.addresses.instance_thumbnail,
        "languages": LANGUAGES,
        "registrations": False,
        "approval_required": False,
        "invites_enabled": False,
        "configuration": announced_limits(),
        "contact_account": contact,
        "rules": [rule_entity(rule) for rule in rules],
    }  # fmt: skip


def oembed_document(api: Api, status: Any, author: Any, width: int, height: int | None) -> Json:
    """oEmbed 1.0 of a public status: a quotation that links to it, without any script."""
    addresses = api.services.addresses
    name = author.display_name or author.username
    text = escape(plain_text(status.content_html)[:500])
    link = f'<a href="{escape(status.url or status.uri)}">{escape(addresses.handle(author.username))}</a>'
    return {
        "type": "rich",
        "version": "1.0",
        "title": f"{name}: {plain_text(status.content_html)[:80]}",
        "author_name": name,
        "author_url": author.url or author.uri,
        "provider_name": api.services.settings.instance_name,
        "provider_url": f"{addresses.origin}/",
        "cache_age": 86_400,
        "html": f'<blockquote class="tertulia-embed"><p>{text}</p><footer>{link}</footer></blockquote>',
        "width": width,
        "height": height,
    }
