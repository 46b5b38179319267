"""From what people write to the HTML that goes out, the same as Mastodon makes.

Two steps. `find_entities` says, without asking anybody, which accounts, hashtags and links a text names; the caller
looks the accounts up; `render` makes the HTML. A mention of nobody we know stays text. Everything that is not markup
of ours is escaped, so there is nothing to sanitise afterwards. Pure; nothing fails.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from content.entities import Entity, EntityKind, scan
from content.hashtags import normalise_hashtag
from content.html import LINK_REL, escape
from models.values import dataclass

__all__ = [
    "MARKDOWN",
    "PLAIN",
    "Entities",
    "MentionLink",
    "find_entities",
    "is_markdown",
    "normalise_hashtag",
    "render",
]

PLAIN = "text/plain"
MARKDOWN = "text/markdown"
MAX_MARKDOWN_CHARACTERS = 20_000

_PREFIXES = ("https://www.", "http://www.", "https://", "http://", "xmpp:")
_SHOWN_CHARACTERS = 30


@dataclass(frozen=True, slots=True)
class Entities:
    """What a text names, each once, in order. Mentions are lower-case `name` or `name@host[:port]`."""

    mentions: list[str]
    hashtags: list[str]
    links: list[str]


@dataclass(frozen=True, slots=True)
class MentionLink:
    """The account behind a mention: its page, its name, and the full address that tells two of one name apart."""

    url: str
    username: str
    acct: str


def find_entities(text: str, content_type: str = PLAIN) -> Entities:
    """The mentions, hashtags (as written, without `#`) and links of a text. Code in Markdown names nobody."""
    parts = text_parts(text, content_type)
    found = [entity for part in parts for entity in scan(part)]
    return Entities(
        mentions=_unique(entity.value for entity in found if entity.kind is EntityKind.MENTION),
        hashtags=_unique_hashtags(entity.value for entity in found if entity.kind is EntityKind.HASHTAG),
        links=list(dict.fromkeys(entity.value for entity in found if entity.kind is EntityKind.LINK)),
    )


def render(
    text: str, content_type: str, mention_links: Mapping[str, MentionLink], tag_url: Callable[[str], str]
) -> str:
    """The HTML of a text. `mention_links` has the keys of `Entities.mentions`; `tag_url` takes a normalised hashtag."""
    links = _Links(mention_links, tag_url)
    text = text.replace("\0", "")
    if is_markdown(text, content_type):
        from content.markdown import render_markdown

        return render_markdown(text, links.inline)
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    paragraphs = [part.strip("\n") for part in links.inline(text).split("\n\n")]
    return "".join(f"<p>{part.replace(chr(10), '<br />')}</p>" for part in paragraphs if part)


class _Links:
    """Turns the entities of one text into anchors."""

    def __init__(self, mention_links: Mapping[str, MentionLink], tag_url: Callable[[str], str]) -> None:
        self._mention_links = mention_links
        self._tag_url = tag_url
        usernames = Counter(
            username for username, _ in {(link.username.lower(), link.acct) for link in mention_links.values()}
        )
        self._ambiguous = {username for username, accounts in usernames.items() if accounts > 1}

    def inline(self, text: str) -> str:
        """Escaped HTML of a piece of text, with links; white space as it was."""
        pieces: list[str] = []
        position = 0
        for entity in scan(text):
            pieces.append(escape(text[position : entity.start]))
            pieces.append(self._anchor(entity, text[entity.start : entity.end]))
            position = entity.end
        pieces.append(escape(text[position:]))
        return "".join(pieces)

    def _anchor(self, entity: Entity, written: str) -> str:
        if entity.kind is EntityKind.LINK:
            return link_html(entity.value)
        if entity.kind is EntityKind.HASHTAG:
            return self._hashtag(entity.value, written)
        link = self._mention_links.get(entity.value.lower())
        return escape(written) if link is None else self._mention(link)

    def _hashtag(self, name: str, written: str) -> str:
        normal = normalise_hashtag(name)
        if not normal:
            return escape(written)
        url = escape(self._tag_url(normal))
        return f'<a href="{url}" class="mention hashtag" rel="tag">#<span>{escape(name)}</span></a>'

    def _mention(self, link: MentionLink) -> str:
        shown = link.acct if link.username.lower() in self._ambiguous else link.username
        return (
            f'<span class="h-card" translate="no"><a href="{escape(link.url)}" class="u-url mention">'
            f"@<span>{escape(shown)}</span></a></span>"
        )


def link_html(url: str) -> str:
    """A link that shows the host and the beginning of the path, the rest hidden but there for copying."""
    prefix = next((prefix for prefix in _PREFIXES if url.lower().startswith(prefix)), "")
    rest = url[len(prefix) :]
    shown, hidden = rest[:_SHOWN_CHARACTERS], rest[_SHOWN_CHARACTERS:]
    return (
        f'<a href="{escape(url)}" target="_blank" rel="{LINK_REL}" translate="no">'
        f'<span class="invisible">{escape(url[: len(prefix)])}</span>'
        f'<span class="{"ellipsis" if hidden else ""}">{escape(shown)}</span>'
        f'<span class="invisible">{escape(hidden)}</span></a>'
    )


def is_markdown(text: str, content_type: str) -> bool:
    """Whether the text is read as Markdown: a longer one than any post stays plain."""
    return content_type == MARKDOWN and len(text) <= MAX_MARKDOWN_CHARACTERS


def text_parts(text: str, content_type: str) -> list[str]:
    """The pieces of a text in which names are looked for: all of it, but for the code and links of Markdown."""
    if not is_markdown(text, content_type):
        return [text]
    # Most posts are plain: the parser comes with the first that isn't.
    from content.markdown import text_parts as parts_of_markdown

    return parts_of_markdown(text)


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name.lower() for name in names))


def _unique_hashtags(names: Iterable[str]) -> list[str]:
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(normalise_hashtag(name), name)
    first.pop("", None)
    return list(first.values())
