"""Drafts: what somebody wants the social graph to hold, before any row exists.

A draft is the second of the four shapes of data. `federation.parse` makes one from a peer's document, `api` makes one
from a client's request, and the verbs of `social` turn it into rows. Drafts are values: frozen, without a session,
without network. They promise structure only. HTML inside them is **raw**: it is sanitised when it is stored. Bounds
(mentions, tags, attachments, options) are already applied by whoever made the draft.
"""

from dataclasses import field
from datetime import datetime

from models.values import dataclass
from models.visibility import Visibility


@dataclass(frozen=True, slots=True)
class MentionDraft:
    """A mention: `href` decides who is meant, `name` is only what the author's server displayed."""

    href: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class TagDraft:
    """A hashtag: `name` is the NFKC-casefolded key without `#`, `display` the author's spelling without `#`."""

    name: str
    display: str
    href: str | None = None


@dataclass(frozen=True, slots=True)
class EmojiDraft:
    """A custom emoji (FEP-9098); `shortcode` has no colons and belongs to the domain of the document."""

    shortcode: str
    image_url: str
    uri: str | None = None
    media_type: str | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AttachmentDraft:
    """A file elsewhere: `kind` is image, video, audio, link or unknown; `focus` is (x, y), each from -1 to 1."""

    url: str
    kind: str = "unknown"
    media_type: str | None = None
    description: str | None = None
    blurhash: str | None = None
    width: int | None = None
    height: int | None = None
    focus: tuple[float, float] | None = None
    preview_url: str | None = None
    duration_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class PollDraft:
    """A poll: `options` are (title, votes or 0); `closed_at` is set when the author's server closed it.

    `hides_totals` is a wish of local authors: votes are shown when it is over.
    """

    options: tuple[tuple[str, int], ...]
    is_multiple: bool = False
    closes_at: datetime | None = None
    closed_at: datetime | None = None
    voters_count: int | None = None
    hides_totals: bool = False


@dataclass(frozen=True, slots=True)
class EventDraft:
    """When and where an Event takes place (FEP-8a8e; Mobilizon's dialect)."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    location_name: str | None = None
    location_address: str | None = None
    location_url: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    timezone: str | None = None
    status: str | None = None
    join_mode: str | None = None
    is_online: bool | None = None
    maximum_attendees: int | None = None


@dataclass(frozen=True, slots=True)
class QuoteDraft:
    """The status quoted, and the stamp that allows it (FEP-044f) where the author has one."""

    uri: str
    authorization_uri: str | None = None


@dataclass(frozen=True, slots=True)
class InteractionRule:
    """Who may do one thing at once (`automatic`), and who only when asked (`manual`): ids of actors or collections."""

    automatic: tuple[str, ...] = ()
    manual: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InteractionPolicyDraft:
    """The author's wishes (FEP-044f, GoToSocial); None means that nothing was said."""

    can_like: InteractionRule | None = None
    can_reply: InteractionRule | None = None
    can_announce: InteractionRule | None = None
    can_quote: InteractionRule | None = None


@dataclass(frozen=True, slots=True)
class StatusDraft:
    """A status as its author's server, or a client, describes it.

    `type` is the ActivityStreams type; every type but Note and Question is meant to be shown with its `title` and a
    link to `url`. `visibility` is a first reading of the addressing: a caller that knows the author's followers
    collection asks `federation.parse.visibility_of` again. A vote is not a status: see `is_vote`.
    """

    uri: str | None
    type: str
    attributed_to: str | None
    url: str | None = None
    title: str | None = None
    content_html: str = ""
    summary: str | None = None
    language: str | None = None
    content_map: dict[str, str] = field(default_factory=dict)
    source_text: str | None = None
    source_media_type: str | None = None
    in_reply_to_uri: str | None = None
    context_uri: str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    visibility: Visibility = Visibility.DIRECT
    is_sensitive: bool = False
    published_at: datetime | None = None
    updated_at: datetime | None = None
    mentions: tuple[MentionDraft, ...] = ()
    tags: tuple[TagDraft, ...] = ()
    emojis: tuple[EmojiDraft, ...] = ()
    attachments: tuple[AttachmentDraft, ...] = ()
    poll: PollDraft | None = None
    quote: QuoteDraft | None = None
    event: EventDraft | None = None
    interaction_policy: InteractionPolicyDraft | None = None
    vote_name: str | None = None
    # Whether replies are open, as servers say it that have no Lock; None says nothing.
    takes_replies: bool | None = None
    replies_uri: str | None = None

    @property
    def is_vote(self) -> bool:
        """A Note with a name, a parent and no content answers a poll (Mastodon's convention)."""
        return self.vote_name is not None


@dataclass(frozen=True, slots=True)
class PublicKeyDraft:
    """A key that an actor lists: PEM (`publicKey`) or Multikey (`assertionMethod`, FEP-521a); one of the two is set."""

    key_id: str
    owner: str
    pem: str | None = None
    multibase: str | None = None


@dataclass(frozen=True, slots=True)
class FieldDraft:
    """A row of a profile's table; `value_html` is raw."""

    name: str
    value_html: str


@dataclass(frozen=True, slots=True)
class CommunityDraft:
    """What a Group says of itself in terms of our own; `kind` is one of those that we know, `rules` are raw."""

    kind: str
    is_private: bool = False
    posting: str = "members"
    rules: tuple[str, ...] = ()
    archived_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ActorDraft:
    """An actor as its server describes it; every address here has the origin of `uri`, or was left out."""

    uri: str
    type: str
    preferred_username: str
    inbox: str
    name: str | None = None
    summary_html: str = ""
    url: str | None = None
    outbox: str | None = None
    shared_inbox: str | None = None
    followers: str | None = None
    following: str | None = None
    featured: str | None = None
    featured_tags: str | None = None
    icon: AttachmentDraft | None = None
    image: AttachmentDraft | None = None
    fields: tuple[FieldDraft, ...] = ()
    is_locked: bool = False
    discoverable: bool | None = None
    indexable: bool | None = None
    also_known_as: tuple[str, ...] = ()
    moved_to: str | None = None
    published_at: datetime | None = None
    emojis: tuple[EmojiDraft, ...] = ()
    public_keys: tuple[PublicKeyDraft, ...] = ()
    implements: tuple[str, ...] = ()
    moderators_url: str | None = None
    posting_restricted_to_mods: bool = False
    is_suspended: bool = False
    is_memorial: bool = False
    webfinger: str | None = None
    attribution_domains: tuple[str, ...] = ()
    community: CommunityDraft | None = None

    @property
    def is_bot(self) -> bool:
        """Services and applications act by themselves."""
        return self.type in ("Service", "Application")

    @property
    def is_group(self) -> bool:
        """Groups distribute what others write (FEP-1b12)."""
        return self.type == "Group"
