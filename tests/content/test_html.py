"""Remote HTML: the allow-list holds against every trick, honest markup passes, and the time stays linear."""

import re
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from content.html import MAX_INPUT_CHARACTERS, plain_text, sanitize, sanitize_field, text_of_sanitized

REL = 'target="_blank" rel="nofollow noopener noreferrer"'

ATTACKS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.test></sCrIpT >",
    "<img src=x onerror=alert(1)>",
    "<p onclick=alert(1) style='position:fixed' id=x>x</p>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' java\tscript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='javascript&colon;alert(1)'>x</a>",
    "<a href='\x01javascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='vbscript:x'>x</a>",
    "<a href='//evil.test/'>x</a>",
    "<a href='/relative'>x</a>",
    "<a href='file:///etc/passwd'>x</a>",
    "<a href=https://good.test/ onmouseover=alert(1) ping=https://evil.test style=x download>x</a>",
    "<svg><script>alert(1)</script><a xlink:href='javascript:alert(1)'>x</a></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<style>p{background:url(https://evil.test)}</style>",
    "<base href=https://evil.test/>",
    "<form action=https://evil.test><input name=password><button>ok</button></form>",
    "<iframe src=https://evil.test></iframe><object data=x></object><embed src=x>",
    "<textarea><script>alert(1)</script></textarea>",
    "<title><img src=x onerror=alert(1)></title>",
    "<template><script>alert(1)</script></template>",
    "<!--><script>alert(1)</script>-->",
    "<!--!><img src=x onerror=alert(1)>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<p/onclick=alert(1)>",
    "<<script>alert(1);//<</script>",
    "<a href='https://x.test' class='mention evil quote-inline btn h-CARD u-\"x'>x</a>",
    "<meta http-equiv=refresh content='0;url=https://evil.test'>",
    "<xmp><script>alert(1)</script></xmp><plaintext><script>alert(1)</script>",
    "<h1 onclick=x><script>y</script><h2><h1></h1>",
    "<ol start='1\" onclick=x' type=a><li value='javascript:1'>x</ol>",
    "<link rel=stylesheet href=https://evil.test/x.css>",
    "<video src=x onerror=alert(1)></video><audio autoplay src=x></audio>",
    "<p title='x' lang=en>x</p>",
    "<span translate=yes lang=en dir=rtl>x</span>",
    "<a href='https://x.test/\"><script>alert(1)</script>'>x</a>",
]

_ALLOWED_TAG = re.compile(
    r"</?(?:p|br|del|s|pre|blockquote|code|b|strong|u|i|em|ul|ruby|rt|rp)>"
    r'|<(?:p|span|a)(?: (?:class|translate|href|target|rel)="[^"<>]*")*>|</(?:span|a|ol|li)>'
    r'|<ol(?: start="-?\d+"| reversed="")*>|<li(?: value="-?\d+")?>'
)
_CLASS = re.compile(r'class="([^"]*)"')
_HREF = re.compile(r'href="([^"]*)"')


def assert_harmless(html: str) -> None:
    assert "<" not in _ALLOWED_TAG.sub("", html)
    assert ">" not in _ALLOWED_TAG.sub("", html)
    for names in _CLASS.findall(html):
        for name in names.split():
            assert re.fullmatch(r"(h|p|u|dt|e)-[a-z0-9-]+|mention|hashtag|ellipsis|invisible|quote-inline", name)
    for href in _HREF.findall(html):
        assert re.match(r"(https?|dat|dweb|ipfs|ipns|ssb|gopher|gemini|xmpp|magnet):", href, re.IGNORECASE)
    assert html.count("<a ") == html.count(REL)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("wrap", ["{}", "<p>before {} after</p>", "<blockquote><a href=https://x.test>{}", "{0}{0}"])
def test_nothing_outside_the_allow_list_survives(attack: str, wrap: str) -> None:
    for html in (sanitize(wrap.format(attack)), sanitize_field(wrap.format(attack))):
        assert_harmless(html)
        assert "alert(1)" not in html or "<script" not in html


@given(st.text(alphabet="<>/='\" abph1!-&;:\n", max_size=80))
def test_any_text_becomes_harmless(text: str) -> None:
    assert_harmless(sanitize(text))


@given(st.text())
def test_no_text_makes_it_fail(text: str) -> None:
    assert_harmless(sanitize(text))
    plain_text(text)


@given(st.text(alphabet="<>/='\" abphlirueo1!-&;:\n", max_size=120))
@example(
    "<ul><li value=3>a</li><li>b<br>c</li></ul><pre>x\ny</pre><p class=mention>&lt;p&gt;<a href='https://a.b/?>'>c</a>"
)
def test_what_was_sanitised_has_the_same_text_without_a_parser(text: str) -> None:
    html = sanitize(text)
    assert text_of_sanitized(html) == plain_text(html)


def test_lone_surrogates_and_nul_are_left_out() -> None:
    assert sanitize("a\ud800b\0c") == "abc"
    assert plain_text("a\ud800b\0c") == "abc"


@pytest.mark.parametrize(
    "html",
    [
        "<p>Hello<br>world</p>",
        '<p><span class="h-card" translate="no"><a href="https://b.test/@bob" class="u-url mention" '
        f"{REL}>@<span>bob</span></a></span></p>",
        f'<a href="https://b.test/tags/x" class="mention hashtag" {REL}>#<span>x</span></a>',
        f'<a href="https://b.test/a" {REL}><span class="invisible">https://</span><span class="ellipsis">b</span></a>',
        '<p class="quote-inline">RE: x</p>',
        "<pre><code>a &lt; b\n c</code></pre>",
        '<ol start="3" reversed=""><li value="5">x</li></ol><ul><li>y</li></ul>',
        "<p><del>a</del><s>b</s><em>c</em><strong>d</strong><b>e</b><i>f</i><u>g</u></p>",
        "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>",
        "<blockquote><p>x</p></blockquote>",
        '<span class="p-name dt-published e-content">x</span>',
        f'<a href="gemini://b.test/" {REL}>g</a><a href="magnet:?xt=urn:btih:1" {REL}>m</a>',
        "<p>¡Hola, año! 🌻 &amp; &lt;3</p>",
    ],
)
def test_honest_markup_passes_unchanged(html: str) -> None:
    assert sanitize(html) == html


def test_headings_become_bold_paragraphs() -> None:
    assert sanitize('<h1 class="x">Title</h1><h6>Sub</h6>') == (
        "<p><strong>Title</strong></p><p><strong>Sub</strong></p>"
    )


def test_unknown_elements_leave_their_text() -> None:
    assert sanitize("<div><table><tr><td>a</td></tr></table><font>b</font></div>") == "ab"


def test_relations_and_targets_of_links_are_ours() -> None:
    assert sanitize('<a href="https://x.test" rel="me opener" target="_top">x</a>') == (
        f'<a href="https://x.test" {REL}>x</a>'
    )


def test_profile_field_shows_the_whole_link() -> None:
    html = '<a href="https://evil.test/"><span class="invisible">https://evil.test/?</span><span>good.test</span></a>'
    assert "invisible" in sanitize(html)
    assert "invisible" not in sanitize_field(html)
    assert "https://evil.test/?" in plain_text(sanitize_field(html))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hello<br>world</p><p>two</p>", "Hello\nworld\n\ntwo"),
        ("<p>a &amp; b &lt;3&nbsp;c</p>", "a & b <3 c"),
        ('<a href="https://x"><span class="invisible">https://</span><span>x.y</span></a>', "https://x.y"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("<script>x</script>a<style>y</style>", "a"),
        ("plain   text\n here", "plain text here"),
        ("&lt;script&gt;", "<script>"),
        ("", ""),
    ],
)
def test_plain_text_keeps_lines_and_words(html: str, text: str) -> None:
    assert plain_text(html) == text


def numbered(piece: str, count: int) -> str:
    return "".join(piece.replace("#", str(index)) for index in range(count))


FORMATTING = "".join(f"<{name}>" * 3 for name in ("b", "code", "em", "i", "s", "strong", "u"))
FILL = MAX_INPUT_CHARACTERS
# Each of these takes between ten seconds and forever when the parser (or a careless regex) gets it as it is.
EXPENSIVE = {
    "distinct formatting": numbered("<b x=#>", 40_000),
    "distinct formatting, quoted": numbered('<b x="<#">', 30_000),
    "formatting again in each paragraph": "<p>" + FORMATTING + "</p>" + "<p>x" * 60_000,
    "distinct formatting again": "<p>" + numbered("<b x=#>", 10_000) + "</p>" + "<p>x" * 60_000,
    "attributes": "<a " + numbered("a# ", 60_000) + ">",
    "attributes after a bracket": '<a x=">" ' + numbered("a# ", 60_000) + ">",
    "nested lists": "<ul><li>" * 40_000,
    "nested unknown": "<div>" * 60_000,
    "closing what is not open": "<span>" * 30_000 + "</ul>" * 30_000,
    "headings": "<h1><ul>" * 40_000,
    "white space": " " * FILL,
    "newlines": "\n" * FILL,
    "breaks": "<br>\n " * 40_000,
    "less-than": "<" * FILL,
    "ampersands": "&" * FILL,
    "comments": "<!--" * 70_000,
    "quotes": '<a "' * 70_000,
}


@pytest.mark.parametrize("name", EXPENSIVE)
@pytest.mark.parametrize("function", [sanitize, sanitize_field, plain_text])
def test_expensive_input_stays_cheap(name: str, function: Callable[[str], str]) -> None:
    result = function(EXPENSIVE[name][:FILL])
    assert len(result) < 8 * FILL


def test_long_honest_article_keeps_its_markup() -> None:
    paragraph = '<p>Un <strong class="x">párrafo</strong> largo con <a href="https://x.test">enlace</a>.</p>'
    html = sanitize(paragraph * 600)
    assert html.count("<strong>párrafo</strong>") == 600
    assert html.count(REL) == 600
