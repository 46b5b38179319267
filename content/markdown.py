"""Markdown (CommonMark) as far as a post needs it: no HTML, no images, headings as bold paragraphs.

The text between the markup goes through a callable that escapes it and links what it names. What comes out stays
within the elements that other servers keep. CommonMark parsing is not linear for every input, so a text longer than
any post is not for this module (`content.compose.MAX_MARKDOWN_CHARACTERS`).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from content.html import LINK_REL, LINK_SCHEMES, escape

RenderText = Callable[[str], str]


def render_markdown(text: str, render_text: RenderText) -> str:
    """The HTML of a Markdown text; `render_text` makes HTML of the plain pieces."""
    tokens = _PARSER.parse(text)
    for block in tokens:
        _link_names(block.children or [], render_text)
    return "".join(_drop_newlines(_PARSER.renderer.render(tokens, _PARSER.options, {})))


def text_parts(text: str) -> list[str]:
    """The pieces of a Markdown text in which names are looked for: neither code nor the text of links."""
    return [token.content for block in _PARSER.parse(text) for token in _linkable(block.children or [])]


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}, renderer_cls=_Renderer)
    parser.enable("strikethrough").disable(["image", "hr", "html_block", "html_inline"])
    parser.validateLink = _is_acceptable_link  # type: ignore[method-assign]
    return parser


def _is_acceptable_link(url: str) -> bool:
    scheme, colon, rest = url.partition(":")
    return bool(colon and rest) and scheme.lower() in LINK_SCHEMES


def _linkable(children: Sequence[Token]) -> Iterator[Token]:
    depth = 0
    for token in children:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type == "text" and depth == 0:
            yield token


def _link_names(children: Sequence[Token], render_text: RenderText) -> None:
    for token in _linkable(children):
        token.type = "html_inline"
        token.content = render_text(token.content)


def _drop_newlines(html: str) -> Iterator[str]:
    """Clients show content with its white space, so only the newlines of code may stay."""
    for index, part in enumerate(html.split("<pre>")):
        code, end, rest = part.partition("</pre>") if index else ("", "", part)
        yield f"<pre>{code}{end}{rest.replace(chr(10), '')}" if index else rest.replace("\n", "")


class _Renderer(RendererHTML):
    """Headings, code blocks and links as the allow-list of other servers has them."""

    def heading_open(self, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        return "<p><strong>"

    def heading_close(self, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        return "</strong></p>"

    def fence(self, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        return f"<pre><code>{escape(tokens[index].content)}</code></pre>"

    def link_open(self, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        href = escape(str(tokens[index].attrGet("href") or ""))
        return f'<a href="{href}" target="_blank" rel="{LINK_REL}">'


_PARSER = _parser()
