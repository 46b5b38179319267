"""Remote HTML made harmless: the allow-list of Mastodon, and what is left when no HTML is wanted.

Owns what other people's markup may look like with us. Promises that the result contains nothing but the elements,
attributes, classes and link schemes listed here, every link with `rel` and `target`, and that the work stays within
about a tenth of a second for the largest input: the HTML parsing algorithm takes quadratic time (and memory) for
deeply nested elements, for unclosed formatting elements with attributes and for thousands of attributes, so input that
could do that loses its markup and keeps its text. Nothing fails: any string has a result.
"""

import html as standard
import re

import nh3

MAX_INPUT_CHARACTERS = 262_144
MAX_TAGS = 5_000
MAX_WITHOUT_TAG = 10_000
MAX_REFERENCES = 20_000
MAX_DISTINCT_FORMATTING = 5
FEW_TAGS = 100
MAX_HREF_CHARACTERS = 2_000

LINK_SCHEMES = frozenset({"http", "https", "dat", "dweb", "ipfs", "ipns", "ssb", "gopher", "xmpp", "magnet", "gemini"})
LINK_REL = "nofollow noopener noreferrer"

_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_ELEMENTS = {
    "p", "br", "span", "a", "del", "s", "pre", "blockquote", "code", "b", "strong", "u",
    "i", "em", "ul", "ol", "li", "ruby", "rt", "rp",
}  # fmt: skip
_REMOVED_WITH_CONTENT = {
    "audio", "iframe", "math", "noembed", "noframes", "noscript", "object", "script", "select", "style", "svg",
    "template", "textarea", "title", "video", "xmp",
}  # fmt: skip
_ATTRIBUTES: dict[str, set[str]] = {
    "*": set(),  # without this, lang and title are kept everywhere
    "a": {"href", "class", "translate"},
    "span": {"class", "translate"},
    "p": {"class"},
    "ol": {"start", "reversed"},
    "li": {"value"},
}

_MICROFORMAT = re.compile(r"(?:h|p|u|dt|e)-[a-z0-9-]+")
_CLASSES = frozenset({"mention", "hashtag", "ellipsis", "invisible", "quote-inline"})
_HIDING_CLASSES = frozenset({"ellipsis", "invisible"})
_NUMBER = re.compile(r"-?[0-9]{1,6}", re.ASCII)

_UNBROKEN = re.compile(rf"<[^<]{{{MAX_WITHOUT_TAG}}}")
_OLD_FORMATTING = re.compile(r"(?i)</?(?:big|font|nobr|small|strike|tt)(?=[\s/>])[^<>]*>")
_FORMATTING = re.compile(r"(?i)<(b|code|em|i|s|strong|u)[\s/][^<>]*>")
_DISTINCT_FORMATTING = re.compile(r"(?i)<(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/]")
_HEADING = re.compile(r"<(/?)h[1-6]>")
_TAG = re.compile(r"<[^<>]*>")
_LINE_BREAKS = (
    ("<br>", "\n"), ("<li>", "\n"),
    ("</p>", "\n\n"), ("</pre>", "\n\n"), ("<blockquote>", "\n\n"), ("</blockquote>", "\n\n"),
)  # fmt: skip
_BLANK_LINES = re.compile(r"\n{3,}")


def sanitize(html: str) -> str:
    """HTML from elsewhere (content, summary, biography) with Mastodon's elements, attributes and classes only.

    Headings become bold paragraphs. Input beyond 256 Ki characters is cut off.
    """
    return _clean(_CLEANER, html)


def sanitize_field(html: str) -> str:
    """The value of a profile field: like `sanitize`, but no part of a link's text can be hidden."""
    return _clean(_FIELD_CLEANER, html)


def plain_text(html: str) -> str:
    """The text of HTML with line breaks, for search, previews and notifications. It is not escaped."""
    html = _valid(html)
    affordable = _affordable(html)
    return _as_text(_without_markup(html) if affordable is None else _TEXT_CLEANER.clean(affordable).replace("\n", " "))


def text_of_sanitized(html: str) -> str:
    """The same of what `sanitize` has made: no parser has to look at it again."""
    return plain_text(html) if "<li " in html else _as_text(html.replace("\n", " "))


def _as_text(marked: str) -> str:
    for tag, breaks in _LINE_BREAKS:
        marked = marked.replace(tag, breaks)
    text = standard.unescape(_TAG.sub("", marked)).replace("\u00a0", " ")
    lines = "\n".join(" ".join(line.split()) for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", lines).strip()


def escape(text: str) -> str:
    """Text as HTML, also inside a quoted attribute; the apostrophe as Mastodon writes it."""
    return standard.escape(text).replace("&#x27;", "&#39;")


def _clean(cleaner: nh3.Cleaner, html: str) -> str:
    html = _valid(html)
    affordable = _affordable(html)
    if affordable is None:
        return escape(_without_markup(html))
    cleaned = cleaner.clean(affordable)
    if "<h" not in cleaned:
        return cleaned
    # Attribute values are escaped in the output, so only elements match. Cleaning again gives the tree that browsers
    # would make of a heading that held a list or a paragraph.
    return cleaner.clean(_HEADING.sub(lambda tag: "</strong></p>" if tag[1] else "<p><strong>", cleaned))


def _valid(html: str) -> str:
    """At most the allowed length, without NUL and lone surrogates."""
    return html[:MAX_INPUT_CHARACTERS].replace("\0", "").encode("utf-8", "ignore").decode()


def _affordable(html: str) -> str | None:
    """The same HTML, or its like without attributes on formatting elements; None when parsing could take too long."""
    tags = html.count("<")
    if tags <= FEW_TAGS and len(html) <= MAX_WITHOUT_TAG:
        return html
    if tags > MAX_TAGS or html.count("&") > MAX_REFERENCES or _UNBROKEN.search(html):
        return None
    html = _FORMATTING.sub(r"<\1>", _OLD_FORMATTING.sub("", html))
    distinct = sum(1 for _ in _DISTINCT_FORMATTING.finditer(html))
    return html if distinct <= MAX_DISTINCT_FORMATTING else None


def _without_markup(html: str) -> str:
    return _TAG.sub(" ", html)


def _filter_attribute(element: str, attribute: str, value: str) -> str | None:
    """The value to keep, or None to drop the attribute."""
    if attribute == "href":
        return value if len(value) <= MAX_HREF_CHARACTERS else None
    if attribute == "class":
        return " ".join(name for name in value.split() if _is_allowed_class(name)) or None
    if attribute == "translate":
        return "no" if value == "no" else None
    if attribute == "reversed":
        return ""
    if attribute in ("start", "value"):
        return value if _NUMBER.fullmatch(value) else None
    return value


def _filter_field_attribute(element: str, attribute: str, value: str) -> str | None:
    kept = _filter_attribute(element, attribute, value)
    if attribute != "class" or kept is None:
        return kept
    return " ".join(name for name in kept.split() if name not in _HIDING_CLASSES) or None


def _is_allowed_class(name: str) -> bool:
    return name in _CLASSES or _MICROFORMAT.fullmatch(name) is not None


def _cleaner(elements: set[str], filter_attribute: object) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=elements,
        clean_content_tags=_REMOVED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=filter_attribute,  # type: ignore[arg-type]
        link_rel=LINK_REL,
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes=set(LINK_SCHEMES),
        url_relative="deny",
    )


_CLEANER = _cleaner(_ELEMENTS | _HEADINGS, _filter_attribute)
_FIELD_CLEANER = _cleaner(_ELEMENTS | _HEADINGS, _filter_field_attribute)
_TEXT_CLEANER = nh3.Cleaner(
    tags={"p", "br", "li", "blockquote", "pre"},
    clean_content_tags=_REMOVED_WITH_CONTENT,
    attributes={"*": set()},
    link_rel=None,
)
