"""Instance and what belongs to it: rules, pages, blocks, announcements, emoji (Mastodon 4.5)."""

from marshmallow import fields, validate

from api.answers.accounts import AccountEntity, EmojiEntity
from api.answers.fields import Address, Entity, IdString, Timestamp, list_of, nested, nullable, required
from api.answers.statuses import MentionEntity, StatusTagEntity

ACCESS = ("public", "authenticated", "disabled")


class RuleEntity(Entity):
    """Rule."""

    id = required(IdString)
    text = required(fields.String)
    hint = required(fields.String)
    translations = required(fields.Dict)


class FeedAccessEntity(Entity):
    """Who may read a kind of timeline, for local and remote posts."""

    local = required(fields.String, validate=validate.OneOf(ACCESS))
    remote = required(fields.String, validate=validate.OneOf(ACCESS))


class TimelinesAccessEntity(Entity):
    """configuration.timelines_access."""

    live_feeds = nested(FeedAccessEntity)
    hashtag_feeds = nested(FeedAccessEntity)
    trending_link_feeds = nested(FeedAccessEntity)


class UrlsEntity(Entity):
    """configuration.urls."""

    streaming = required(fields.String, validate=validate.Regexp(r"^wss?://"))
    status = nullable(Address)
    about = required(Address)
    privacy_policy = nullable(Address)
    terms_of_service = nullable(Address)


class VapidEntity(Entity):
    """configuration.vapid."""

    public_key = required(fields.String)


class AccountLimitsEntity(Entity):
    """configuration.accounts."""

    max_featured_tags = required(fields.Integer)
    max_pinned_statuses = required(fields.Integer)
    max_profile_fields = required(fields.Integer)
    profile_field_name_limit = required(fields.Integer)
    profile_field_value_limit = required(fields.Integer)
    max_display_name_length = required(fields.Integer)
    max_note_length = required(fields.Integer)


class StatusLimitsEntity(Entity):
    """configuration.statuses."""

    max_characters = required(fields.Integer)
    max_media_attachments = required(fields.Integer)
    characters_reserved_per_url = required(fields.Integer)
    supported_mime_types = fields.List(fields.String(), required=True)


class MediaLimitsEntity(Entity):
    """configuration.media_attachments."""

    supported_mime_types = fields.List(fields.String(), required=True)
    description_limit = required(fields.Integer)
    image_size_limit = required(fields.Integer)
    image_matrix_limit = required(fields.Integer)
    video_size_limit = required(fields.Integer)
    video_frame_rate_limit = required(fields.Integer)
    video_matrix_limit = required(fields.Integer)


class PollLimitsEntity(Entity):
    """configuration.polls."""

    max_options = required(fields.Integer)
    max_characters_per_option = required(fields.Integer)
    min_expiration = required(fields.Integer)
    max_expiration = required(fields.Integer)


class LimitsEntity(Entity):
    """configuration of the older document."""

    accounts = nested(AccountLimitsEntity)
    statuses = nested(StatusLimitsEntity)
    media_attachments = nested(MediaLimitsEntity)
    polls = nested(PollLimitsEntity)


class TranslationSupportEntity(Entity):
    """configuration.translation."""

    enabled = required(fields.Boolean)


class ConfigurationEntity(LimitsEntity):
    """configuration."""

    urls = nested(UrlsEntity)
    vapid = nested(VapidEntity)
    translation = nested(TranslationSupportEntity)
    timelines_access = nested(TimelinesAccessEntity)
    limited_federation = required(fields.Boolean)


class ActiveUsersEntity(Entity):
    """usage.users."""

    active_month = required(fields.Integer)


class UsageEntity(Entity):
    """usage."""

    users = nested(ActiveUsersEntity)


class ThumbnailEntity(Entity):
    """thumbnail."""

    url = required(Address)
    blurhash = nullable(fields.String)
    versions = required(fields.Dict)
    description = required(fields.String)


class IconEntity(Entity):
    """icon[]."""

    src = required(Address)
    size = required(fields.String)


class RegistrationsEntity(Entity):
    """registrations: accounts are made by the administrators."""

    enabled = required(fields.Boolean)
    approval_required = required(fields.Boolean)
    reason_required = required(fields.Boolean)
    message = nullable(fields.String)
    min_age = nullable(fields.Integer)
    url = nullable(fields.String)


class ContactEntity(Entity):
    """contact; strangers in a closed network get no account."""

    email = required(fields.String)
    account = nested(AccountEntity, allow_none=True)


class InstanceEntity(Entity):
    """Instance (v2)."""

    domain = required(fields.String)
    title = required(fields.String)
    version = required(fields.String)
    source_url = required(Address)
    description = required(fields.String)
    usage = nested(UsageEntity)
    thumbnail = nested(ThumbnailEntity)
    icon = list_of(IconEntity)
    languages = fields.List(fields.String(), required=True)
    configuration = nested(ConfigurationEntity)
    registrations = nested(RegistrationsEntity)
    api_versions = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    contact = nested(ContactEntity)
    rules = list_of(RuleEntity)


class StreamingUrlEntity(Entity):
    """urls of the older document."""

    streaming_api = required(fields.String, validate=validate.Regexp(r"^wss?://"))


class StatsEntity(Entity):
    """stats of the older document."""

    user_count = required(fields.Integer)
    status_count = required(fields.Integer)
    domain_count = required(fields.Integer)


class InstanceV1Entity(Entity):
    """Instance (v1)."""

    uri = required(fields.String)
    title = required(fields.String)
    short_description = required(fields.String)
    description = required(fields.String)
    email = required(fields.String)
    version = required(fields.String)
    urls = nested(StreamingUrlEntity)
    stats = nested(StatsEntity)
    thumbnail = required(Address)
    languages = fields.List(fields.String(), required=True)
    registrations = required(fields.Boolean)
    approval_required = required(fields.Boolean)
    invites_enabled = required(fields.Boolean)
    configuration = nested(LimitsEntity)
    contact_account = nested(AccountEntity, allow_none=True)
    rules = list_of(RuleEntity)


class DocumentEntity(Entity):
    """ExtendedDescription, PrivacyPolicy."""

    updated_at = nullable(Timestamp)
    content = required(fields.String)


class TermsEntity(Entity):
    """TermsOfService."""

    effective_date = required(fields.String)
    effective = required(fields.Boolean)
    content = required(fields.String)
    succeeded_by = nullable(fields.String)


class ActivityEntity(Entity):
    """A week of the office: numbers in strings."""

    week = required(fields.String)
    statuses = required(fields.String)
    logins = required(fields.String)
    registrations = required(fields.String)


class DomainBlockEntity(Entity):
    """DomainBlock: a server that this office refuses."""

    domain = required(fields.String)
    digest = required(fields.String)
    severity = required(fields.String)
    comment = required(fields.String)


class LanguageEntity(Entity):
    """A language that posts can be marked with."""

    code = required(fields.String)
    name = required(fields.String)


class OEmbedEntity(Entity):
    """oEmbed 1.0, `rich`."""

    type = required(fields.String)
    version = required(fields.String)
    title = required(fields.String)
    author_name = required(fields.String)
    author_url = required(Address)
    provider_name = required(fields.String)
    provider_url = required(Address)
    cache_age = required(fields.Integer)
    html = required(fields.String)
    width = required(fields.Integer)
    height = nullable(fields.Integer)


class AnnouncementStatusEntity(Entity):
    """Announcement.statuses[]."""

    id = required(IdString)
    url = required(Address)


class ReactionEntity(Entity):
    """Announcement.reactions[]; custom emoji have addresses."""

    name = required(fields.String)
    count = required(fields.Integer)
    me = fields.Boolean()
    url = fields.String()
    static_url = fields.String()


class AnnouncementEntity(Entity):
    """Announcement; `read` is there for a viewer, not in streams."""

    id = required(IdString)
    content = required(fields.String)
    starts_at = nullable(Timestamp)
    ends_at = nullable(Timestamp)
    all_day = required(fields.Boolean)
    published = required(fields.Boolean)
    published_at = nullable(Timestamp)
    updated_at = required(Timestamp)
    read = fields.Boolean()
    mentions = list_of(MentionEntity)
    statuses = list_of(AnnouncementStatusEntity)
    tags = list_of(StatusTagEntity)
    emojis = list_of(EmojiEntity)
    reactions = list_of(ReactionEntity)
