"""Templates and the headers of every page.

Promises that text is escaped wherever a template shows it (what is HTML already has been sanitised and is marked so),
that an unknown name in a template is an error, and that no page runs a script, loads anything from elsewhere, or can be
framed.
"""

from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from aiohttp import web

from content.html import plain_text
from web.faces import hue, initials, shown_name
from web.markup import host_of_link, original_url, post_html, profile_path, status_path, tag_path
from web.texts import LANGUAGES, Texts
from web.times import long_time, short_time

if TYPE_CHECKING:
    from jinja2 import Environment

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; img-src 'self'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "same-origin",
    "Vary": "Accept, Accept-Language, Cookie",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
EXCERPT_CHARACTERS: Final = 160


@cache
def _templates() -> "Environment":
    """The templates and what they may call. Compiling them takes longer than any page: once a process."""
    # Where everybody uses an app, nobody asks for a page.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        hue=hue,
        initials=initials,
        name_of=shown_name,
        profile_path=profile_path,
        status_path=status_path,
        tag_path=tag_path,
        host_of=host_of_link,
        original_url=original_url,
        post_html=post_html,
        excerpt=excerpt,
    )
    return environment


class Renderer:
    """The templates of one application."""

    def __init__(self) -> None:
        self._texts = {language: Texts(language) for language in LANGUAGES}

    def texts(self, language: str) -> Texts:
        """The sentences of a language."""
        return self._texts[language]

    def page(self, template: str, *, texts: Texts, status: int = 200, **values: Any) -> web.Response:
        """A page in a language; `values` are the names that its template uses, `now` among them."""
        now = values["now"]
        html = (
            _templates()
            .get_template(template)
            .render(
                t=texts,
                ago=partial(short_time, now=now, texts=texts),
                moment=partial(long_time, texts=texts),
                **values,
            )
        )
        return web.Response(text=html, status=status, content_type="text/html", headers=HEADERS)


def allow_form_targets(response: web.Response, redirect_uri: str) -> web.Response:
    """Let the answer to a form of this page lead to an application (CSP 3 §6.3.4).

    Chrome checks every hop of the redirects after a form, and web clients send people on to other hosts of theirs:
    only the scheme can be said.
    """
    scheme = scheme_of(redirect_uri)
    targets = {"": "", "urn": "", "http": " http: https:"}.get(scheme, f" {scheme}:")
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.replace(
        "form-action 'self'", f"form-action 'self'{targets}"
    )
    return response


def scheme_of(uri: str) -> str:
    """The scheme in lower case; empty for what has none."""
    try:
        return urlsplit(uri).scheme.lower()
    except ValueError:
        return ""


def redirection(path: str) -> web.Response:
    """Go on to a path with GET (RFC 9110 §15.4.4)."""
    return web.Response(status=303, headers={**HEADERS, "Location": path})


def excerpt(html: str, characters: int = EXCERPT_CHARACTERS) -> str:
    """The beginning of a post as text on one line."""
    text = " ".join(plain_text(html).split())
    return text if len(text) <= characters else text[: characters - 1].rstrip() + "…"
