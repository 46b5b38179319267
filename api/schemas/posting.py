"""What a client says when it posts, edits, schedules or votes."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any, Final

from marshmallow import fields, pre_load

from api.schemas.fields import Args, Flag, Id, Several, Text, Whole, ids, one_of
from content.compose import MARKDOWN, PLAIN

POSTED_VISIBILITIES: Final = ("public", "unlisted", "private", "direct")
QUOTE_POLICIES: Final = ("public", "followers", "nobody")
# Far more than is published: what is too long is refused with a sentence that says how much is allowed.
_MOST_TEXT: Final = 200_000
_MOST_MEDIA: Final = 100
_FAR: Final = 10**9


class _Blanks(Args):
    """Lists without what is blank in them: forms send `media_ids[]=` for none."""

    LISTS: tuple[str, ...] = ()

    @pre_load
    def leave_out_blanks(self, data: Any, **_: Any) -> Any:
        """`[""]`, `[null]` and `{}` are nothing."""
        if not isinstance(data, Mapping):
            return data
        cleaned = dict(data)
        for name in self.LISTS:
            value = cleaned.get(name)
            if isinstance(value, list):
                cleaned[name] = [item for item in value if item not in ("", None, {})]
            elif value == {}:
                del cleaned[name]
        return cleaned


class PollArgs(_Blanks):
    """`poll` of a new status; times in seconds."""

    LISTS = ("options",)

    options = Several(Text(_MOST_TEXT), most=_MOST_MEDIA, required=True)
    expires_in = Whole(-_FAR, _FAR, required=True)
    multiple = Flag(load_default=False)
    hide_totals = Flag(load_default=False)


class _TextArgs(_Blanks):
    LISTS = ("media_ids", "poll", "media_attributes")

    status = Text(_MOST_TEXT, load_default="")
    content_type = one_of(PLAIN, MARKDOWN)
    spoiler_text = Text(_MOST_TEXT, load_default="")
    sensitive = Flag()
    language = Text(35)
    media_ids = ids(most=_MOST_MEDIA, load_default=list)
    poll = fields.Nested(PollArgs)
    quote_approval_policy = one_of(*QUOTE_POLICIES)


class PostArgs(_TextArgs):
    """A new status."""

    visibility = one_of(*POSTED_VISIBILITIES)
    local_only = Flag()
    in_reply_to_id = Id()
    community_id = Id()
    quoted_status_id = Id()
    scheduled_at = fields.AwareDateTime(format="iso", default_timezone=UTC)


class MediaAttributesArgs(Args):
    """What changes about a file of a posted status; `focus` is `x,y`, each from -1 to 1."""

    KEEPS_EMPTY = frozenset({"description"})

    id = Id(required=True)
    description = Text(_MOST_TEXT)
    focus = Text(64)


class EditArgs(_TextArgs):
    """A status as it shall be from now on."""

    media_attributes = Several(fields.Nested(MediaAttributesArgs), most=_MOST_MEDIA, load_default=list)


class DeleteArgs(Args):
    """Whether the files go at once, or may be used again."""

    delete_media = Flag(load_default=False)


class ReblogArgs(Args):
    """For whom a boost is."""

    visibility = one_of("public", "unlisted", "private")


class PolicyArgs(Args):
    """Who may quote a status."""

    quote_approval_policy = one_of(*QUOTE_POLICIES, required=True)


class ManyStatusesArgs(Args):
    """The statuses that are asked for."""

    id = ids(most=_MOST_MEDIA, load_default=list)


class VoteArgs(Args):
    """The numbers of the chosen options."""

    choices = Several(Whole(-1, _FAR), most=_MOST_MEDIA, required=True)


class ScheduleArgs(Args):
    """Another time for a scheduled status."""

    scheduled_at = fields.AwareDateTime(format="iso", default_timezone=UTC, required=True)
