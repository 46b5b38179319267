"""Status and what is inside it (Mastodon 4.5)."""

from typing import Any

from marshmallow import fields, validate

from api.answers.accounts import AccountEntity, EmojiEntity
from api.answers.fields import Address, Entity, IdString, Timestamp, list_of, nested, nullable, required
from api.answers.filters import FilterResultEntity
from api.answers.media import MediaEntity

VISIBILITIES = ("public", "unlisted", "private", "direct")


QUOTE_STATES = ("pending", "accepted", "rejected", "revoked", "deleted", "unauthorized")


class MentionEntity(Entity):
    """Status.mentions[]."""

    id = required(IdString)
    username = required(fields.String)
    url = required(Address)
    acct = required(fields.String)


class StatusTagEntity(Entity):
    """Status.tags[]."""

    name = required(fields.String)
    url = required(Address)


class StatusApplicationEntity(Entity):
    """Status.application."""

    name = required(fields.String)
    website = nullable(fields.String)


class PollOptionEntity(Entity):
    """Poll.options[]."""

    title = required(fields.String)
    votes_count = nullable(fields.Integer)


class PollEntity(Entity):
    """Poll; `voted` and `own_votes` are there for who is signed in."""

    id = required(IdString)
    expires_at = nullable(Timestamp)
    expired = required(fields.Boolean)
    multiple = required(fields.Boolean)
    votes_count = required(fields.Integer)
    voters_count = nullable(fields.Integer)
    options = list_of(PollOptionEntity)
    emojis = list_of(EmojiEntity)
    voted = fields.Boolean()
    own_votes = fields.List(fields.Integer())


class CardAuthorEntity(Entity):
    """PreviewCard.authors[]."""

    name = required(fields.String)
    url = required(fields.String)
    account = nested(AccountEntity, allow_none=True)


class CardEntity(Entity):
    """PreviewCard."""

    url = required(Address)
    title = required(fields.String)
    description = required(fields.String)
    language = nullable(fields.String)
    type = required(fields.String, validate=validate.OneOf(("link", "photo", "video", "rich")))
    author_name = required(fields.String)
    author_url = required(fields.String)
    provider_name = required(fields.String)
    provider_url = required(fields.String)
    html = required(fields.String)
    width = required(fields.Integer)
    height = required(fields.Integer)
    image = nullable(Address)
    image_description = required(fields.String)
    embed_url = required(fields.String)
    blurhash = nullable(fields.String)
    published_at = nullable(Timestamp)
    authors = list_of(CardAuthorEntity)


class QuoteEntity(Entity):
    """Status.quote: the quoted status, or (within a quote) its id."""

    state = required(fields.String, validate=validate.OneOf(QUOTE_STATES))
    quoted_status = fields.Nested(lambda: StatusEntity(), allow_none=True)
    quoted_status_id = fields.String(allow_none=True)


class QuoteApprovalEntity(Entity):
    """Who may quote: `public`, `followers`, `unsupported_policy`; and what that means for the viewer."""

    automatic = list_of(fields.String())
    manual = list_of(fields.String())
    current_user = required(fields.String, validate=validate.OneOf(("automatic", "manual", "denied", "unknown")))


class StatusCommunityEntity(Entity):
    """Status.community: where it was posted; whether its thread is locked, it was removed, or is shown first."""

    id = required(IdString)
    username = required(fields.String)
    acct = required(fields.String)
    display_name = required(fields.String)
    url = required(Address)
    locked = required(fields.Boolean)
    removed = required(fields.Boolean)
    pinned = required(fields.Boolean)


class StatusEntity(Entity):
    """Status; `favourited` and its like are there for who is signed in, `pinned` on one's own."""

    id = required(IdString)
    created_at = required(Timestamp)
    in_reply_to_id = nullable(IdString)
    in_reply_to_account_id = nullable(IdString)
    sensitive = required(fields.Boolean)
    spoiler_text = required(fields.String)
    visibility = required(fields.String, validate=validate.OneOf(VISIBILITIES))
    language = nullable(fields.String)
    uri = required(Address)
    url = nullable(Address)
    replies_count = required(fields.Integer)
    reblogs_count = required(fields.Integer)
    favourites_count = required(fields.Integer)
    quotes_count = required(fields.Integer)
    edited_at = nullable(Timestamp)
    content = required(fields.String)
    local_only = required(fields.Boolean)
    community = nested(StatusCommunityEntity, allow_none=True)
    reblog: Any = nested(lambda: StatusEntity(), allow_none=True)
    application = nested(StatusApplicationEntity, allow_none=True)
    account = nested(AccountEntity)
    media_attachments = list_of(MediaEntity)
    mentions = list_of(MentionEntity)
    tags = list_of(StatusTagEntity)
    emojis = list_of(EmojiEntity)
    card = nested(CardEntity, allow_none=True)
    poll = nested(PollEntity, allow_none=True)
    quote = nested(QuoteEntity, allow_none=True)
    quote_approval = nested(QuoteApprovalEntity)
    favourited = fields.Boolean()
    reblogged = fields.Boolean()
    bookmarked = fields.Boolean()
    muted = fields.Boolean()
    pinned = fields.Boolean()
    filtered = fields.List(fields.Nested(FilterResultEntity))
    text = fields.String()
