"""Every way out: for each route, by what it is asked, and which secrets it shows to who may know them.

`APP` is for the client API, in one's own office; `PAGES` for the pages, in a browser with a session; `WIRE` for what
the office tells other servers. Whatever is not in here has a reason in `NOTHING`. The keys are the paths of the route
tables, and `test_leaks` compares them: a new route needs a row.

A kind is asked once for each secret that has such an address (`Secret.addresses`), and once for what everybody may name
(`World.open`). `{0}`, `{1}` in a query are the address' values; those of a path fill its places in order.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Ask:
    """One way of asking a route. `shows` are secrets that mia finds there: without any, a test would prove nothing.

    `method` and `document` are for what is asked by a POST: whoever may not know must be answered as for what isn't
    there, and whoever may doesn't ask. `everywhere`: it is asked at the other office, too. `was_sent`: it repeats what
    was delivered to the office that asks, so it is judged like a delivery.
    """

    kind: str = ""
    query: str = ""
    shows: tuple[str, ...] = ()
    method: str = "GET"
    document: str = ""
    everywhere: bool = False
    was_sent: bool = False


Rows = dict[str, tuple[Ask, ...]]
# Kinds made of others by what else stands in the path, or after a handle.
DERIVED: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "feed": ("tag", ("rss",)),
    "atom": ("tag", ("atom",)),
    "favouriting": ("status", ("favourite",)),
    "following": ("account", ("follow",)),
    "joining": ("account", ("join",)),
    "moderators": ("actor", ("moderators",)),
    "publishers": ("actor", ("publishers",)),
    "likes": ("object", ("likes",)),
}

_POSTS: Final = ("office post", "private community's post", "hidden community's post")
_READ: Final = (*_POSTS, "followers-only post", "private message")
_TAGS: Final = ("office post's hashtag", "private community's hashtag", "hidden community's hashtag")

_STATUS = "/api/v1/statuses/{id}"
_ACCOUNT = "/api/v1/accounts/{id}"
_COMMUNITY = "/api/v1/communities/{id}"
APP: Final[Rows] = {
    # Accounts
    "/api/v1/accounts": (Ask("account", "?id[]={0}", ("hidden community",)),),
    "/api/v1/accounts/lookup": (Ask("handle", "?acct={0}", ("hidden community",)),),
    "/api/v1/accounts/search": (Ask("handle", "?q={0}", ("hidden community",)),),
    _ACCOUNT: (Ask("account", shows=("hidden community",)),),
    f"{_ACCOUNT}/followers": (Ask("account"), Ask("members")),
    f"{_ACCOUNT}/following": (
        Ask("account", shows=("hidden community",)),
        Ask("groups", shows=("who is in a private community",)),
    ),
    f"{_ACCOUNT}/endorsements": (Ask("account", shows=("hidden community",)),),
    f"{_ACCOUNT}/statuses": (
        Ask("account", "?limit=40", _READ),
        Ask("account", "?pinned=true", ("office post",)),
        Ask("account", "?only_media=true", ("office post's picture", "private community's picture")),
        Ask("account", "?tagged=zqcipher", ("hidden community's hashtag",)),
    ),
    f"{_ACCOUNT}/featured_tags": (Ask("account"),),
    f"{_ACCOUNT}/lists": (Ask("account", shows=("list",)),),
    "/api/v1/accounts/relationships": (Ask("account", "?id[]={0}", ("hidden community", "note about somebody")),),
    "/api/v1/accounts/familiar_followers": (Ask("account", "?id[]={0}", ("hidden community",)),),
    "/api/v1/accounts/verify_credentials": (Ask(),),
    "/api/v1/profile": (Ask(),),
    "/api/v1/endorsements": (Ask(shows=("hidden community",)),),
    "/api/v1/directory": (Ask(query="?order=new&limit=80"), Ask(query="?local=true&limit=80")),
    "/api/v1/suggestions": (Ask(),),
    "/api/v2/suggestions": (Ask(),),
    "/api/v1/follow_requests": (Ask(),),
    "/api/v1/mutes": (Ask(),),
    "/api/v1/blocks": (Ask(),),
    "/api/v1/bookmarks": (Ask(),),
    "/api/v1/favourites": (Ask(),),
    "/api/v1/tertulia/export/{kind}.csv": (Ask("export", shows=("hidden community", "list")),),
    # Communities
    "/api/v1/communities": (
        Ask(query="?limit=40", shows=("hidden community",)),
        Ask(query="?joined=true", shows=("hidden community",)),
        Ask("word", "?q={0}", ("hidden community",)),
    ),
    "/api/v1/communities/invitations": (Ask(),),
    _COMMUNITY: (Ask("account", shows=("hidden community",)),),
    f"{_COMMUNITY}/members": (Ask("account"), Ask("members", shows=("private community's members",))),
    f"{_COMMUNITY}/timeline": (
        Ask("account", "?limit=40", ("private community's post", "hidden community's post")),
        Ask("account", "?replies=true", ("private community's comment", "hidden community's comment")),
    ),
    **{
        f"{_COMMUNITY}/{part}": (Ask("account"), Ask("members"))
        for part in ("requests", "invitations", "bans", "reports", "log")
    },
    # Search
    "/api/v2/search": (
        Ask("word", "?q={0}", (*_READ, *_TAGS, "scheduled post")[:-1], everywhere=True),
        Ask("tag", "?q={0}&type=hashtags", _TAGS, everywhere=True),
        Ask("handle", "?q=@{0}", ("hidden community",)),
        Ask("url", "?q={0}&resolve=true", (*_READ, "hidden community"), everywhere=True),
        Ask("account", "?q=zqplot&account_id={0}", ("hidden community's post",)),
        Ask(query="?q=from:mia", shows=("hidden community's post",)),
        Ask(query="?q=has:media", shows=("private community's picture",)),
    ),
    "/api/v1/search": (Ask("tag", "?q={0}", _TAGS, everywhere=True),),
    # Statuses
    "/api/v1/statuses": (Ask("status", "?id[]={0}", _READ),),
    _STATUS: (Ask("status", shows=(*_READ, "post removed from a private community")),),
    f"{_STATUS}/context": (
        Ask("status", shows=("answer to an office post", "private community's comment", "hidden community's comment")),
    ),
    f"{_STATUS}/history": (Ask("status", shows=("office post, before it was edited",)),),
    f"{_STATUS}/source": (Ask("status", shows=("private community's post", "hidden community's post")),),
    f"{_STATUS}/reblogged_by": (Ask("status"),),
    f"{_STATUS}/favourited_by": (Ask("status"),),
    f"{_STATUS}/quotes": (Ask("status"),),
    "/api/v1/polls/{id}": (Ask("poll", shows=("office poll",)),),
    # Hashtags
    "/api/v1/tags/{name}": (Ask("tag", shows=_TAGS, everywhere=True),),
    "/api/v1/tertulia/tags/{name}": (Ask("tag", shows=_TAGS, everywhere=True),),
    "/api/v1/tertulia/tags/{name}/archive.zip": (Ask("tag", everywhere=True),),
    "/api/v1/featured_tags": (Ask(),),
    "/api/v1/featured_tags/suggestions": (Ask(),),
    "/api/v1/followed_tags": (Ask(),),
    "/api/v1/trends": (Ask(),),
    "/api/v1/trends/tags": (Ask(),),
    "/api/v1/trends/statuses": (Ask(),),
    "/api/v1/trends/links": (Ask(),),
    # Timelines
    "/api/v1/timelines/public": (
        Ask(query="?limit=40", shows=("office post",)),
        Ask(query="?local=true&limit=40", shows=("office post",)),
        Ask(query="?remote=true&limit=40"),
        Ask(query="?only_media=true", shows=("office post's picture",)),
    ),
    "/api/v1/timelines/tag/{hashtag}": (
        Ask("tag", shows=_TAGS[:1], everywhere=True),
        Ask("tag", "?any[]={0}", everywhere=True),
    ),
    "/api/v1/timelines/home": (Ask(query="?limit=40", shows=_READ),),
    "/api/v1/timelines/link": (Ask("link", "?url={0}", everywhere=True),),
    "/api/v1/timelines/list/{id}": (Ask("list", shows=("followers-only post",)),),
    "/api/v1/conversations": (Ask(shows=("private message",)),),
    # Notifications
    "/api/v1/notifications": (Ask(query="?limit=80", shows=("private message",)),),
    "/api/v2/notifications": (Ask(query="?limit=80", shows=("private message",)),),
    "/api/v1/notifications/requests": (Ask(),),
    # One's own
    "/api/v1/lists": (Ask(shows=("list",)),),
    "/api/v1/lists/{id}": (Ask("list", shows=("list",)),),
    "/api/v1/lists/{id}/accounts": (Ask("list"),),
    "/api/v2/filters": (Ask(shows=("filter",)),),
    "/api/v2/filters/{id}": (Ask("filter", shows=("filter",)),),
    "/api/v2/filters/{filter_id}/keywords": (Ask("filter", shows=("filter",)),),
    "/api/v2/filters/{filter_id}/statuses": (Ask("filter"),),
    "/api/v2/filters/keywords/{id}": (Ask("keyword", shows=("filter",)),),
    "/api/v1/filters": (Ask(shows=("filter",)),),
    "/api/v1/filters/{id}": (Ask("keyword", shows=("filter",)),),
    "/api/v1/scheduled_statuses": (Ask(shows=("scheduled post",)),),
    "/api/v1/scheduled_statuses/{id}": (Ask("scheduled", shows=("scheduled post",)),),
    "/api/v1/media/{id}": (Ask("media", shows=("upload in no post",)),),
    "/api/v1/preferences": (Ask(),),
    "/api/v1/markers": (Ask(query="?timeline[]=home"),),
    # The office
    "/api/v2/instance": (Ask(),),
    "/api/v1/instance": (Ask(),),
    "/api/v1/instance/peers": (Ask(),),
    "/api/v1/instance/activity": (Ask(),),
    "/api/v1/announcements": (Ask(),),
    "/api/oembed": (Ask("url", "?url={0}", everywhere=True),),
}

_PAGE = "/communities/{community_id}"
# What the pages show, with a session or without one.
PAGES: Final[Rows] = {
    "/": (Ask(shows=_READ),),
    "/notifications": (Ask(shows=("private message",)),),
    "/find": (
        Ask("word", "?q={0}", ("hidden community", *_READ), everywhere=True),
        Ask("handle", method="POST", document="q={0}@{domain}"),
    ),
    "/@{acct}": (Ask("profile", shows=("hidden community's post", "office post")),),
    "/@{acct}/{status_id}": (Ask("page", shows=_READ),),
    "/users/{account_id}": (Ask("actor"),),
    "/users/{account_id}/statuses/{status_id}": (Ask("object"),),
    "/tags/{name}": (Ask("tag", shows=_TAGS[:1], everywhere=True),),
    "/tags/{name}.{kind}": (Ask("feed", everywhere=True),),
    "/tags/{name}/archive.zip": (Ask("tag", everywhere=True),),
    "/settings/access": (Ask(),),
    "/communities": (Ask(shows=("hidden community",)),),
    _PAGE: (
        Ask("account", shows=("hidden community", "private community's post", "hidden community's post")),
        Ask("members"),
    ),
    f"{_PAGE}/members": (Ask("account"), Ask("members", shows=("private community's members",))),
    **{f"{_PAGE}/{part}": (Ask("account"), Ask("members")) for part in ("log", "moderation", "edit")},
    f"{_PAGE}/{{action}}": (Ask("joining", method="POST"),),
    "/statuses/{status_id}/{action}": (Ask("favouriting", method="POST"),),
    "/accounts/{account_id}/{action}": (Ask("following", method="POST"),),
    "/compose": (Ask("status", method="POST", document="text=zqtry&audience=public&parent_id={0}"),),
}

_OBJECT = "/users/{account_id}/statuses/{status_id}"
WIRE: Final[Rows] = {
    "/users/{account_id}": (Ask("actor", shows=("hidden community",)),),
    "/users/{account_id}/outbox": (Ask("actor", "?page=true", _POSTS), Ask("actor")),
    "/users/{account_id}/followers": (
        Ask("actor", "?page=true"),
        Ask("actor"),
        Ask("members", "?page=true"),
        Ask("belonging", "?is_follower={1}"),
    ),
    "/users/{account_id}/following": (
        Ask("actor", "?page=true", ("hidden community",)),
        Ask("actor"),
        Ask("groups", "?page=true", ("who is in a private community",)),
    ),
    "/users/{account_id}/followers_synchronization": (Ask("actor"),),
    "/users/{account_id}/actor_token": (Ask("actor"), Ask("token")),
    "/users/{account_id}/collections/featured": (Ask("actor", shows=("office post",)),),
    "/users/{account_id}/collections/tags": (Ask("actor"),),
    "/users/{account_id}/collections/{name}": (Ask("moderators"), Ask("publishers")),
    "/users/{account_id}/quote_authorizations/{quote_id}": (Ask("quote", shows=("quote of an office post",)),),
    _OBJECT: (Ask("object", shows=_READ),),
    f"{_OBJECT}/activity": (Ask("object", shows=_READ),),
    f"{_OBJECT}/replies": (Ask("object", "?page=true", ("answer to an office post",)), Ask("object")),
    f"{_OBJECT}/{{name}}": (Ask("likes"),),
    f"{_OBJECT}/deliveries": (Ask("object"),),
    "/contexts/{context_id}": (
        Ask("context", "?page=true", ("private community's comment", "answer to an office post")),
        Ask("context"),
    ),
    "/activities/{activity_id}": (Ask("activity"),),
    "/follows/{follow_id}": (Ask("follow"),),
    "/tags/{name}": (Ask("tag"),),
    "/tags/{name}/outbox": (Ask("tag", "?page=true"), Ask("tag")),
    "/tags/{name}/followers": (Ask("tag"),),
    "/tags/{name}/announces/{number}": (Ask("announce"),),
    "/.well-known/webfinger": (
        Ask("handle", "?resource=acct:{0}@{domain}"),
        Ask("url", "?resource={0}"),
    ),
    "/.well-known/nodeinfo": (Ask(),),
    "/nodeinfo/{version}": (Ask("version"),),
    "/.well-known/host-meta": (Ask(),),
    "/.well-known/tertulia/trends": (Ask(),),
    "/.well-known/tertulia/peers": (Ask(),),
    "/actor": (Ask(),),
    "/actor/outbox": (Ask(query="?page=true"),),
    "/sync/log": (Ask(query="?after=0", was_sent=True),),
    "/sync/digests": (Ask(query="?from={day}&until={day}", was_sent=True),),
    "/sync/items": tuple(
        Ask(query=f"?kind={kind}&day={{day}}", was_sent=True)
        for kind in ("posts", "topics", "communities", "submissions", "follows", "standings")
    ),
    "/sync/posts": (Ask("status", "?numbers={0}", was_sent=True),),
    "/sync/echo": (Ask(query="?since=2020-01-01T00:00:00Z", was_sent=True),),
    "/users/{account_id}/inbox": (Ask("actor"),),
}


# Whoever may not know can't do anything with it either: asked like `APP`, with the verbs of the table of ids.
_TRIED: Final = '{"status": "zqtry", "%s": "{0}"}'
ACTS: Final[Rows] = {
    "/api/v1/statuses": (
        Ask("status", method="POST", document=_TRIED % "in_reply_to_id"),
        Ask("status", method="POST", document=_TRIED % "quoted_status_id"),
    ),
    "/api/v1/reports": (Ask("account", method="POST", document='{"account_id": "{0}"}'),),
}
ACTS_WITH_IDS: Final = {_STATUS: "status", _ACCOUNT: "account", _COMMUNITY: "account", "/api/v1/polls/{id}": "poll"}

# What is about oneself alone, or was written by the administrator for everybody; and what has a test of its own.
_SETTINGS: Final = "one's own settings, which name nobody and nothing"
_TEXTS: Final = "the office's own texts, the same for everybody"
_DOOR: Final = "signing in, before anybody is somebody"
_IDS: Final = "an id of one's own things: security/test_api_ids asks for those of others"
_LISTENED: Final = "listened to while the world was made: test_leaks has what was heard"
NOTHING: Final[dict[str, str]] = {
    **dict.fromkeys((
        "/api/v1/apps/verify_credentials", "/oauth/userinfo", "/api/v1/push/subscription",
        "/api/v1/notifications/policy", "/api/v2/notifications/policy", "/api/v1/notifications/unread_count",
        "/api/v2/notifications/unread_count", "/api/v1/notifications/requests/merged", "/api/v1/domain_blocks",
        "/api/v1/domain_blocks/preview", "/api/v1/tertulia/aliases", "/settings/feeds", "/communities/new",
    ), _SETTINGS),
    **dict.fromkeys((
        "/.well-known/oauth-authorization-server", "/api/openapi.json", "/api/v1/custom_emojis",
        "/api/v1/instance/rules", "/api/v1/instance/domain_blocks", "/api/v1/instance/extended_description",
        "/api/v1/instance/privacy_policy", "/api/v1/instance/terms_of_service",
        "/api/v1/instance/terms_of_service/{date}", "/api/v1/instance/languages",
        "/api/v1/instance/translation_languages", "/.well-known/host-meta.json", "/healthz", "/readyz",
        "/avatars/original/missing.png", "/headers/original/missing.png", "/instance/thumbnail.png",
        "/static/{digest}/{name}",
    ), _TEXTS),
    **dict.fromkeys((
        "/sign-in", "/oauth/authorize", "/oauth/authorize/native",
    ), _DOOR),
    "/offices": "for administrators: their own office's peers",
    **dict.fromkeys((
        "/api/v1/tertulia/import/{id}", "/api/v2/filters/statuses/{id}", "/api/v1/notifications/{id:[0-9]+}",
        "/api/v1/notifications/requests/{id:[0-9]+}", "/api/v2/notifications/{group_key}",
        "/api/v2/notifications/{group_key}/accounts", "/users/{account_id}/media/{upload_id}",
    ), _IDS),
    "/media/{key}": "who knows the address reads the file: 128 random bits, in answers to readers of the post alone",
    "/proxy/media/{signature}/{address}": "the same, for pictures of other servers",
}  # fmt: skip
