"""Sanitised HTML made ready for our pages: mentions and hashtags stay here, links elsewhere say where they lead.

Owns what becomes of links in posts and profiles. Promises that the host of every link that leaves us can be read: in
the link's own text or, where that text says something else (or hides it), behind it. Classes of remote markup are
claims, so a link is a mention only when it points to an account that the post really names. What comes in has been
through `content.html` or `content.compose`: attributes are quoted, anchors are closed and never nested.
"""

import html
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlsplit

from markupsafe import Markup, escape

from content.hashtags import normalise_hashtag
from content.html import LINK_REL
from models.accounts import Account
from models.statuses import Tag

_ANCHOR = re.compile(r'<a((?: [a-z-]+="[^"]*")*)>(.*?)</a>', re.DOTALL)
_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')
_INVISIBLE = re.compile(r'<span class="invisible"[^<>]*>[^<>]*</span>')
_TAG = re.compile(r"<[^<>]*>")
_SCHEME = re.compile(r"(?i)^(?:https?://)?(?:www\.)?")
_END_OF_HOST = ("", "/", "?", "#")


def profile_path(account: Account) -> str:
    """The page of an account on this server."""
    return f"/@{quote(account.acct, safe='@:')}"


def status_path(author: Account, status_id: int) -> str:
    """The page of a status on this server."""
    return f"{profile_path(author)}/{status_id}"


def tag_path(name: str) -> str:
    """The page of a hashtag on this server."""
    return f"/tags/{quote(name, safe='')}"


def host_of_link(url: str | None) -> str | None:
    """The host that a link really leads to, None for what isn't a link of the web."""
    try:
        parts = urlsplit(url or "")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return None
        return parts.hostname if parts.port in (None, 80, 443) else f"{parts.hostname}:{parts.port}"
    except ValueError:
        return None


def original_url(uri: str, url: str | None) -> str | None:
    """Where to read something at its home: its page when that is on the host of its id, else the id (case O35)."""
    home = host_of_link(uri)
    return url if home is not None and host_of_link(url) == home else uri if home is not None else None


def post_html(content_html: str, origin: str, mentions: Iterable[Account] = (), tags: Iterable[Tag] = ()) -> Markup:
    """The content of a post, or a biography; `origin` is ours."""
    if "<a " not in content_html:
        return Markup(content_html)
    pages: dict[str, str] = {}
    for account in mentions:
        pages.update({address: profile_path(account) for address in (account.uri, account.url) if address})
    names = {tag.name for tag in tags}
    return Markup(_ANCHOR.sub(lambda found: _anchor(found[1], found[2], origin, pages, names), content_html))


def _anchor(attributes: str, inner: str, origin: str, pages: Mapping[str, str], names: set[str]) -> str:
    href = html.unescape(dict(_ATTRIBUTE.findall(attributes)).get("href", ""))
    if href in pages:
        return f'<a href="{escape(pages[href])}" class="mention">{inner}</a>'
    shown = html.unescape(_TAG.sub("", _INVISIBLE.sub("", inner))).strip()
    name = normalise_hashtag(shown) if shown.startswith("#") else ""
    if name and name in names:
        return f'<a href="{escape(tag_path(name))}" class="hashtag" rel="tag">{inner}</a>'
    if href.startswith(f"{origin}/"):
        return f'<a href="{escape(href)}">{inner}</a>'
    host = host_of_link(href)
    if host is None:
        return f"<span>{inner}</span>"
    suffix = "" if _shows_host(shown, host) else f' <span class="host">(<bdi>{escape(host)}</bdi>)</span>'
    return f'<a href="{escape(href)}" rel="{LINK_REL}" target="_blank">{inner}</a>{suffix}'


def _shows_host(shown: str, host: str) -> bool:
    """Whether a text begins with the host and nothing that makes it another one."""
    text = _SCHEME.sub("", shown).lower()
    host = host.removeprefix("www.")
    return text.startswith(host) and text[len(host) : len(host) + 1] in _END_OF_HOST
