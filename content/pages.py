"""What a page of the web says about itself, and which page a post links to.

Reads OpenGraph, Twitter's tags, plain `<meta>` and `<title>` with libxml2 (decision 0010): in linear time, without
network, without entities, and not deeper than 256 elements. What comes out is text on one line and addresses on the
web; no markup of a page ever gets further. Nothing fails: a page that says nothing has no facts. Runs in a thread.
"""

import re
from collections.abc import Container
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import urljoin, urlsplit

from content.names import sanitize_name
from models.values import dataclass

MAX_URL_CHARACTERS = 2_000
MAX_TITLE_CHARACTERS = 300
MAX_DESCRIPTION_CHARACTERS = 500
_MAX_ELEMENTS = 1_000
_MAX_SIDE = 20_000
_CHARSETS = re.compile(
    r"(?:utf-?8|utf-16(?:le|be)?|us-ascii|latin-?1|iso-8859-\d{1,2}|windows-125\d|koi8-[ru]|shift_jis|euc-(?:jp|kr)"
    r"|gb2312|gbk|gb18030|big5)",
    re.IGNORECASE,
)
_DECLARED = re.compile(rb"charset\s{0,9}=\s{0,9}[\"']?([\w-]{1,20})", re.IGNORECASE)
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?:[-_][a-zA-Z0-9]{2,8}){0,3}")
_NOT_LINKS = frozenset({"mention", "hashtag", "u-url"})
# As the sanitiser writes them, with quotes in values escaped.
_LINK = re.compile(r"<a(?: [^<>]*)?>")
_NAMES_SOMETHING = re.compile(r' class="(?:[^"<>]* )?(?:mention|hashtag|u-url)[" ]')


@dataclass(frozen=True, slots=True)
class PageFacts:
    """A page as it describes itself. Addresses are absolute; texts are plain and may be empty, the title never is."""

    title: str
    description: str = ""
    provider_name: str = ""
    author_name: str = ""
    language: str | None = None
    image_url: str | None = None
    image_description: str = ""
    width: int = 0
    height: int = 0
    published_at: datetime | None = None


def page_facts(body: bytes, content_type: str, url: str) -> PageFacts | None:
    """What the page at `url` says; None when it has no title. `body` may be cut off."""
    root = _parsed(_decoded(body, content_type))
    if root is None:
        return None
    said = _said(root)
    title = _line(said, MAX_TITLE_CHARACTERS, "og:title", "twitter:title") or _title(root)
    if not title:
        return None
    image = _address(url, said, "og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src")
    return PageFacts(
        title=title,
        description=_line(said, MAX_DESCRIPTION_CHARACTERS, "og:description", "twitter:description", "description"),
        provider_name=_line(said, 100, "og:site_name", "application-name") or (urlsplit(url).hostname or ""),
        author_name=_line(said, 100, "author", "article:author:name"),
        language=_language(said, root),
        image_url=image,
        image_description=_line(said, 500, "og:image:alt", "twitter:image:alt") if image else "",
        width=_side(said.get("og:image:width")) if image else 0,
        height=_side(said.get("og:image:height")) if image else 0,
        published_at=_moment(said.get("article:published_time")),
    )


def first_link(content_html: str, others: Container[str | None] = ()) -> str | None:
    """The first address on the web that a post links to, not being a mention, a hashtag, a quote or one of `others`.

    `content_html` is sanitised.
    """
    root = None if _has_only_names(content_html) else _parsed(content_html)
    if root is None:
        return None
    for link in root.iter("a"):
        href = link.get("href", "")
        if not href.lower().startswith(("https://", "http://")) or len(href) > MAX_URL_CHARACTERS or href in others:
            continue
        if _NOT_LINKS & set(link.get("class", "").split()) or "tag" in link.get("rel", "").split():
            continue
        if not any("quote-inline" in above.get("class", "").split() for above in link.iterancestors()):
            return str(href)
    return None


def _has_only_names(content_html: str) -> bool:
    """Whether every link is plainly a mention or a hashtag, as in most posts: those need no parser."""
    links = _LINK.findall(content_html)
    return len(links) == content_html.count("<a") and all(_NAMES_SOMETHING.search(link) for link in links)


def _parsed(text: str) -> Any:
    # 5 MiB that an office in which nobody posts links does without.
    from lxml import etree  # type: ignore[import-untyped]

    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.LxmlError, ValueError):
        return None


def _decoded(body: bytes, content_type: str) -> str:
    declared = _DECLARED.search(content_type.encode("ascii", "replace")) or _DECLARED.search(body[:2_048])
    name = declared[1].decode("ascii") if declared else "utf-8"
    return body.decode(name if _CHARSETS.fullmatch(name) else "utf-8", "replace")


def _said(root: Any) -> dict[str, str]:
    """The first value of every property."""
    found: dict[str, str] = {}
    for element in islice(root.iter("meta"), _MAX_ELEMENTS):
        name = (element.get("property") or element.get("name") or "").strip().lower()
        value = element.get("content")
        if name and value and value.strip():
            found.setdefault(name, value)
    return found


def _title(root: Any) -> str:
    element = next(root.iter("title"), None)
    return sanitize_name(element.text or "", MAX_TITLE_CHARACTERS) if element is not None else ""


def _line(said: dict[str, str], most: int, *names: str) -> str:
    for name in names:
        text = sanitize_name(said.get(name, ""), most)
        if text:
            return text
    return ""


def _address(base: str, said: dict[str, str], *names: str) -> str | None:
    for name in names:
        try:
            address = urljoin(base, said.get(name, "").strip() or "about:blank")
            is_good = urlsplit(address).scheme in ("http", "https") and bool(urlsplit(address).hostname)
        except ValueError:
            continue
        if is_good and len(address) <= MAX_URL_CHARACTERS and address.isprintable():
            return address
    return None


def _language(said: dict[str, str], root: Any) -> str | None:
    text = (root.get("lang") or said.get("og:locale") or "").strip()
    return text.replace("_", "-") if _LANGUAGE.fullmatch(text) else None


def _side(text: str | None) -> int:
    bare = (text or "").strip()
    return int(bare) if bare.isascii() and bare.isdigit() and len(bare) < 6 and int(bare) <= _MAX_SIDE else 0


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and 1990 < moment.year < 2200 else None
