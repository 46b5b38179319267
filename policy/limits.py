"""The numbers: how much of anything one stranger may ask of us, and how much our own people may write.

Sources of the first are in `docs/FEDERATION.md`. The second are announced to clients in the instance documents and
enforced with 422; those of files are in `content.media_limits`.
"""

from typing import Final

FETCHES_PER_ACTIVITY: Final = 50
THREAD_DEPTH_AT_ONCE: Final = 4
COLLECTION_PAGES: Final = 20
PINNED_STATUSES: Final = 10
REPORT_COMMENT_CHARACTERS: Final = 5_000
MOVE_COOLDOWN_DAYS: Final = 7
ACTOR_FRESH_HOURS: Final = 24
INBOUND_ATTEMPTS: Final = 8
COMMUNITY_POSTS: Final = 40  # of a community of another server, read when one of ours gets in
ROLE_HOLDERS: Final = 100  # of each role in a community of another server
# Asking about who belongs to a community of another server, and for its tokens: of one host; its burst, too.
TOKENS_AN_HOUR: Final = 600
MEMBERS_ASKED_AN_HOUR: Final = 600
COMMUNITIES_TRIED: Final = 5  # of a reader who looks up the address of a post that is for members of one
# Proposals of instances that nobody here knows.
PROPOSAL_DAYS: Final = 14
PROPOSALS_WAITING: Final = 100
PROPOSALS_WAITING_OF_A_SITE: Final = 20  # of one registered name, as far as the last two labels tell
PEERING_LIST_ENTRIES: Final = 500
PEERING_LIST_BYTES: Final = 2_097_152
PEERING_BYTES: Final = 16_384
KNOCKS_AN_HOUR: Final = 10  # of one host; its burst, too
ALL_KNOCKS_AN_HOUR: Final = 200

# What is written here. Where a client assumes Mastodon's number, ours is at least that.
STATUS_CHARACTERS: Final = 5_000  # text and content warning together, as `content.lengths` counts them
RAW_TEXT_CHARACTERS: Final = 20_000  # the same as it is typed: a link of any length counts as 23
CONTENT_WARNING_CHARACTERS: Final = 500
STATUS_MENTIONS: Final = 50
STATUS_HASHTAGS: Final = 100
POLL_OPTIONS: Final = 10
POLL_OPTION_CHARACTERS: Final = 100
POLL_MIN_SECONDS: Final = 300
POLL_MAX_SECONDS: Final = 2_629_746  # a month
PROFILE_FIELDS: Final = 16
PROFILE_FIELD_CHARACTERS: Final = 255  # of a label, and of a value
DISPLAY_NAME_CHARACTERS: Final = 100
NOTE_CHARACTERS: Final = 2_000
PINNED_BY_ONE: Final = 5
# Up to so many followers are reached in the transaction that posts; more of them by a job right after it.
FOLLOWERS_AT_ONCE: Final = 100
SCHEDULED_STATUSES: Final = 300
SCHEDULED_A_DAY: Final = 25
SCHEDULED_AHEAD_SECONDS: Final = 300
SCHEDULED_AHEAD_DAYS: Final = 3_650
# What one of our people may have of each; more is answered 422.
COMMUNITY_RULES_CHARACTERS: Final = 5_000
COMMUNITIES_OF_ONE: Final = 100
LISTS: Final = 50
LIST_MEMBERS: Final = 500
FILTERS: Final = 100
FILTER_KEYWORDS: Final = 100
FILTER_KEYWORD_CHARACTERS: Final = 512
FILTER_STATUSES: Final = 500
TITLE_CHARACTERS: Final = 256
FEATURED_TAGS: Final = 10
FOLLOWED_TAGS: Final = 1000
DOMAIN_BLOCKS: Final = 1000
ATTRIBUTION_DOMAINS: Final = 10
ALIASES: Final = 10
IMPORTED_ROWS: Final = 20_000
# Topics: hashtags without a post that one peer may follow here; pages of an archive in one run and in all, the largest
# page, posts on it, authors to be fetched for one run.
TOPICS_PER_PEER: Final = 20_000
ARCHIVE_PAGES_AT_ONCE: Final = 100
ARCHIVE_PAGES: Final = 20_000
ARCHIVE_PAGE_BYTES: Final = 4_194_304
ARCHIVE_PAGE_POSTS: Final = 500
ARCHIVE_AUTHORS_AT_ONCE: Final = 300
# Digests: how often a peer may ask, what one answer holds, what one comparison does before it goes on in another job.
DIGEST_REQUESTS_AN_HOUR: Final = 2_000  # of one peer; its burst, too
DIGEST_DAYS_AT_ONCE: Final = 31
DIGEST_POSTS_LOOKED_AT: Final = 20_000  # for one answer, of days whose digests aren't kept yet
DIGEST_ITEMS: Final = 1_000  # on a page
DIGEST_ITEM_PAGES: Final = 200  # of one day that anybody reads
DIGEST_POSTS_AT_ONCE: Final = 80
DIGEST_BYTES: Final = 1_048_576  # of posts in one answer
DIGEST_REPAIRS_A_DAY: Final = 20_000  # posts of one day that one comparison fetches
DIGEST_DOUBTS: Final = 300  # posts that a peer doesn't list, and is asked about one by one, in one run
