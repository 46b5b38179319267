"""RSS 2.0 and Atom (RFC 4287) of a list of posts. Pure: text and sanitised HTML come in, bytes go out.

Promises well-formed XML whatever the texts hold: everything is written by ElementTree, and characters that XML 1.0 has
no place for (§2.2) are left out.
"""

import re
from email.utils import format_datetime
from typing import Final
from xml.etree import ElementTree

from content.feed_entries import TYPES, Feed

ATOM: Final = "http://www.w3.org/2005/Atom"
DUBLIN_CORE: Final = "http://purl.org/dc/elements/1.1/"
_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ElementTree.register_namespace("atom", ATOM)
ElementTree.register_namespace("dc", DUBLIN_CORE)


def write_feed(feed: Feed, kind: str) -> bytes:
    """The feed as `rss` or `atom`."""
    root = _rss(feed) if kind == "rss" else _atom(feed)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _rss(feed: Feed) -> ElementTree.Element:
    root = ElementTree.Element("rss", version="2.0")
    channel = ElementTree.SubElement(root, "channel")
    _add(channel, "title", feed.title)
    _add(channel, "link", feed.url)
    _add(channel, "description", feed.description)
    _add(channel, "lastBuildDate", format_datetime(feed.updated_at))
    _add(channel, f"{{{ATOM}}}link", href=feed.feed_url, rel="self", type=TYPES["rss"])
    for entry in feed.entries:
        item = ElementTree.SubElement(channel, "item")
        _add(item, "title", entry.title)
        _add(item, "link", entry.url)
        _add(item, "guid", entry.id, isPermaLink="false")
        _add(item, "pubDate", format_datetime(entry.published_at))
        _add(item, f"{{{DUBLIN_CORE}}}creator", entry.author)
        _add(item, "description", entry.content_html)
        for category in entry.categories:
            _add(item, "category", category)
    return root


def _atom(feed: Feed) -> ElementTree.Element:
    root = ElementTree.Element(f"{{{ATOM}}}feed")
    _add(root, f"{{{ATOM}}}id", feed.url)
    _add(root, f"{{{ATOM}}}title", feed.title)
    _add(root, f"{{{ATOM}}}subtitle", feed.description)
    _add(root, f"{{{ATOM}}}updated", feed.updated_at.isoformat())
    _add(root, f"{{{ATOM}}}link", href=feed.url, rel="alternate", type="text/html")
    _add(root, f"{{{ATOM}}}link", href=feed.feed_url, rel="self", type=TYPES["atom"])
    for entry in feed.entries:
        item = ElementTree.SubElement(root, f"{{{ATOM}}}entry")
        _add(item, f"{{{ATOM}}}id", entry.id)
        _add(item, f"{{{ATOM}}}title", entry.title)
        _add(item, f"{{{ATOM}}}link", href=entry.url, rel="alternate", type="text/html")
        _add(item, f"{{{ATOM}}}published", entry.published_at.isoformat())
        _add(item, f"{{{ATOM}}}updated", entry.updated_at.isoformat())
        author = ElementTree.SubElement(item, f"{{{ATOM}}}author")
        _add(author, f"{{{ATOM}}}name", entry.author)
        _add(item, f"{{{ATOM}}}content", entry.content_html, type="html")
        for category in entry.categories:
            _add(item, f"{{{ATOM}}}category", term=category)
    return root


def _add(parent: ElementTree.Element, name: str, text: str = "", **attributes: str) -> None:
    found = ElementTree.SubElement(parent, name, {key: _NO_XML.sub("", value) for key, value in attributes.items()})
    found.text = _NO_XML.sub("", text) or None
