"""What a page says about itself, in whatever shape; and which of a post's links leads to one."""

import pytest

from content.pages import PageFacts, first_link, page_facts

URL = "https://news.test/a/b"
PAGE = """<!doctype html><html lang="es-ES"><head><meta charset="utf-8"><title>Not this</title>
<meta property="og:title" content="La fábrica &amp; la ciudad"><meta name="description" content="not this either">
<meta property="og:description" content="Un   texto <b>largo</b>"><meta property="og:site_name" content="Noticias">
<meta property="og:image" content="/picture.jpg"><meta property="og:image:width" content="1200">
<meta property="og:image:height" content="630"><meta property="og:image:alt" content="A factory">
<meta name="author" content="Ana"><meta property="article:published_time" content="2026-01-02T03:04:05+01:00">
</head><body><meta property="og:title" content="second"></body></html>"""


def test_a_page_describes_itself() -> None:
    facts = page_facts(PAGE.encode(), "text/html", URL)
    assert facts is not None
    assert (facts.title, facts.description) == ("La fábrica & la ciudad", "Un texto largo")
    assert (facts.provider_name, facts.author_name, facts.language) == ("Noticias", "Ana", "es-ES")
    assert (facts.image_url, facts.image_description) == ("https://news.test/picture.jpg", "A factory")
    assert (facts.width, facts.height) == (1200, 630)
    assert facts.published_at is not None
    assert facts.published_at.isoformat() == "2026-01-02T03:04:05+01:00"


@pytest.mark.parametrize(
    ("body", "content_type", "title"),
    [
        (b"<title>Plain</title>", "text/html", "Plain"),
        (b"<meta name='twitter:title' content='Bird'>", "text/html", "Bird"),
        ("<title>Año</title>".encode("latin-1"), "text/html; charset=ISO-8859-1", "Año"),
        ("<meta charset=shift_jis><title>日本</title>".encode("shift_jis"), "text/html", "日本"),
        ("<title>Año</title>".encode(), "text/html; charset=hex", "Año"),
        (b'<?xml version="1.0" encoding="utf-8"?><html><head><title>X</title></head></html>', "text/html", "X"),
        (b"<title>a\x00b</title>", "text/html", None),
        (b"<title>cut off", "text/html", "cut off"),
        (b"<title>  \xe2\x80\x8b </title>", "text/html", None),
        (b"", "text/html", None),
        (b"\xff\xfe\x00", "text/html", None),
        (b"<div>" * 50_000 + b"<title>deep</title>", "text/html", None),
    ],
)
def test_titles_of_all_kinds(body: bytes, content_type: str, title: str | None) -> None:
    facts = page_facts(body, content_type, URL)
    if title is not None:
        assert facts is not None
        assert facts.title == title


@pytest.mark.parametrize(
    "content",
    [
        "javascript:alert(1)",
        "data:image/svg+xml,<svg/>",
        "file:///etc/passwd",
        "http://[",
        "https://x.test/" + "a" * 3_000,
    ],
)
def test_only_addresses_on_the_web_are_pictures(content: str) -> None:
    page = (
        f'<title>x</title><meta property="og:image" content="{content}"><meta property="og:image:width" content="9e9">'
    )
    facts = page_facts(page.encode(), "text/html", URL)
    assert facts == PageFacts("x", provider_name="news.test")


def test_markup_of_a_page_goes_no_further() -> None:
    page = b'<title>x</title><meta property="og:title" content="&lt;script&gt;alert(1)&lt;/script&gt;\xe2\x80\xae hi">'
    facts = page_facts(page, "text/html", URL)
    assert facts is not None
    assert facts.title == "alert(1) hi"


def test_an_entity_bomb_costs_nothing() -> None:
    lines = ["<!DOCTYPE html [<!ENTITY a0 'ha'>", *(f"<!ENTITY a{n + 1} '&a{n};&a{n};'>" for n in range(40)), "]>"]
    page = "\n".join([*lines, "<title>&a40;</title>"]).encode()
    facts = page_facts(page, "text/html", URL)
    assert facts is None or len(facts.title) < 400


def test_the_first_link_that_is_no_mention_hashtag_or_quote() -> None:
    html = (
        '<p><a href="https://a.test/@ana" class="u-url mention">@ana</a> '
        '<a href="https://a.test/tags/x" rel="tag">#x</a> <a href="https://a.test/known">known</a> '
        '<a href="mailto:x@a.test">mail</a> <a href="HTTPS://b.test/page">b</a> <a href="https://c.test">c</a></p>'
    )
    assert first_link(html, {"https://a.test/known"}) == "HTTPS://b.test/page"
    assert first_link('<p class="quote-inline">RE: <a href="https://q.test">q</a></p>') is None
    assert first_link('<p><a href="https://a.test/@ana" class="u-url mention">@ana</a></p>') is None
    hidden = '<a href="https://a.test/&quot; class=&quot;mention&quot;" class="ellipsis">a</a>'
    assert first_link(f'<a href="https://a.test/@ana" class="mention">@ana</a>{hidden}') is not None
    assert first_link("") is None
    assert first_link("just text") is None
