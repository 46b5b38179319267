"""The pages that browsers read, as one table of addresses.

pages = web_pages(services, is_password=…, hash_password=…)
app.add_routes(federation.routes.routes(services, pages=pages.federation, bearer=…))
app.add_routes(pages.routes())
"""

from functools import partial

from aiohttp import web

from access.sessions import Sessions
from federation.services import Services
from models.values import dataclass
from policy.rates import RateLimiter
from web.actions import ACCOUNT_ACTIONS, STATUS_ACTIONS, post_account_action, post_status, post_status_action
from web.community_buttons import (
    COMMUNITY_ACTIONS,
    PERSON_ACTIONS,
    POST_ACTIONS,
    post_community_action,
    post_invitation,
    post_person_action,
    post_post_action,
    post_report_resolved,
)
from web.community_forms import post_edit, post_new_community, show_edit, show_new_community
from web.community_pages import show_communities, show_community, show_log, show_members, show_moderation
from web.consent import post_consent, show_code, show_consent
from web.feeds import post_feed_key, show_archive, show_feed, show_feed_key
from web.finding import LOOKUPS_AT_ONCE, LOOKUPS_PER_SECOND, post_find, show_find
from web.granted import post_revocation, post_session_end, show_access
from web.home import show_home
from web.notices import show_notifications
from web.offices import OFFICE_ACTIONS, post_office_action, show_offices
from web.pages import WebPages, show_profile, show_status
from web.passwords import HashPassword, IsPassword, Passwords
from web.rendering import Renderer
from web.sign_in import post_sign_in, post_sign_out, show_sign_in
from web.sign_in_limits import SignInLimits
from web.statics import PREFIX, Statics
from web.topics import TOPIC_ACTIONS, post_topic_action
from web.visits import Handler, Site, visiting

_COMMUNITY = r"/communities/{community_id:\d{1,19}}"
_ACCT = r"/@{acct:[^/@]{1,128}(?:@[^/@]{1,255})?}"


@dataclass(frozen=True, slots=True)
class WebFloor:
    """The pages of one office: `federation` answers browsers at the addresses of ActivityPub."""

    site: Site
    federation: WebPages

    def routes(self) -> list[web.RouteDef]:
        """Every address of this floor."""
        return _routes(self.site)

    def feeds(self) -> list[web.RouteDef]:
        """Feeds and archives of topics. Feeds look like topics, so these routes come before those of `federation`."""
        return [
            web.get(r"/tags/{name:[^/.]+}.{kind:rss|atom}", partial(show_feed, self.site)),
            web.get("/tags/{name}/archive.zip", partial(visiting, self.site, show_archive)),
        ]


def web_pages(services: Services, *, is_password: IsPassword, hash_password: HashPassword) -> WebFloor:
    """The pages of an office. The two functions are those of the server's password hash; they run in threads."""
    is_limited = services.rates.is_on
    site = Site(
        services=services,
        passwords=Passwords(is_password, hash_password),
        sessions=Sessions(services.database),
        renderer=Renderer(),
        statics=Statics(),
        sign_ins=SignInLimits(is_on=is_limited),
        lookups=RateLimiter(is_on=is_limited, per_second=LOOKUPS_PER_SECOND, burst=LOOKUPS_AT_ONCE),
    )
    return WebFloor(site, WebPages(site))


def _routes(site: Site) -> list[web.RouteDef]:
    shown: dict[str, Handler] = {
        "/": show_home,
        "/sign-in": show_sign_in,
        "/notifications": show_notifications,
        "/find": show_find,
        "/oauth/authorize": show_consent,
        "/oauth/authorize/": show_consent,
        "/oauth/authorize/native": show_code,
        "/settings/access": show_access,
        "/settings/feeds": show_feed_key,
        "/offices": show_offices,
        "/communities": show_communities,
        "/communities/new": show_new_community,
        _COMMUNITY: show_community,
        f"{_COMMUNITY}/members": show_members,
        f"{_COMMUNITY}/log": show_log,
        f"{_COMMUNITY}/moderation": show_moderation,
        f"{_COMMUNITY}/edit": show_edit,
        _ACCT: show_profile,
        _ACCT + r"/{status_id:\d{1,19}}": show_status,
    }
    sent: dict[str, Handler] = {
        "/sign-in": post_sign_in,
        "/sign-out": post_sign_out,
        "/find": post_find,
        "/oauth/authorize": post_consent,
        "/settings/access/revoke": post_revocation,
        "/settings/feeds": post_feed_key,
        "/settings/access/sessions/end": post_session_end,
        "/compose": post_status,
        "/communities/new": post_new_community,
        f"{_COMMUNITY}/edit": post_edit,
        f"{_COMMUNITY}/invite": post_invitation,
        rf"{_COMMUNITY}/{{action:{'|'.join(COMMUNITY_ACTIONS)}}}": post_community_action,
        rf"{_COMMUNITY}/people/{{account_id:\d{{1,19}}}}/{{action:{'|'.join(PERSON_ACTIONS)}}}": post_person_action,
        rf"{_COMMUNITY}/posts/{{status_id:\d{{1,19}}}}/{{action:{'|'.join(POST_ACTIONS)}}}": post_post_action,
        rf"{_COMMUNITY}/reports/{{report_id:\d{{1,19}}}}/resolve": post_report_resolved,
        rf"/offices/{{peer_id:\d{{1,18}}}}/{{action:{'|'.join(OFFICE_ACTIONS)}}}": post_office_action,
        rf"/tags/{{name}}/{{action:{'|'.join(TOPIC_ACTIONS)}}}": post_topic_action,
        rf"/statuses/{{status_id:\d{{1,19}}}}/{{action:{'|'.join(STATUS_ACTIONS)}}}": post_status_action,
        rf"/accounts/{{account_id:\d{{1,19}}}}/{{action:{'|'.join(ACCOUNT_ACTIONS)}}}": post_account_action,
    }
    return [
        *(web.get(path, partial(visiting, site, handler)) for path, handler in shown.items()),
        *(web.post(path, partial(visiting, site, handler)) for path, handler in sent.items()),
        web.get(PREFIX + "/{digest:[0-9a-f]{16}}/{name}", site.statics.serve),
    ]
