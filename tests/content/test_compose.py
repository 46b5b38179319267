"""What people write becomes the HTML that Mastodon would make of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.compose import MARKDOWN, PLAIN, MentionLink, find_entities, normalise_hashtag, render
from content.html import sanitize

KNOWN = {
    "bob": MentionLink("https://madrid.test/@bob", "bob", "bob"),
    "carol@lisbon.test": MentionLink("https://lisbon.test/@carol", "Carol", "carol@lisbon.test"),
    "bob@127.0.0.1:8080": MentionLink("http://127.0.0.1:8080/@bob", "bob", "bob@127.0.0.1:8080"),
    "ana@madrid.localhost:8001": MentionLink("http://madrid.localhost:8001/@ana", "ana", "ana@madrid.localhost:8001"),
}


def html_of(text: str, content_type: str = PLAIN) -> str:
    return render(text, content_type, KNOWN, lambda tag: f"https://madrid.test/tags/{tag}")


def mention(url: str, name: str) -> str:
    return f'<span class="h-card" translate="no"><a href="{url}" class="u-url mention">@<span>{name}</span></a></span>'


def hashtag(name: str, normal: str) -> str:
    return f'<a href="https://madrid.test/tags/{normal}" class="mention hashtag" rel="tag">#<span>{name}</span></a>'


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("@bob hi", ["bob"]),
        ("hi @bob.", ["bob"]),
        ("(@bob)", ["bob"]),
        ("@Bob and @BOB", ["bob"]),
        ("@carol@Lisbon.test, thanks", ["carol@lisbon.test"]),
        ("@bob@127.0.0.1:8080: hi", ["bob@127.0.0.1:8080"]),
        ("@ana@madrid.localhost:8001.", ["ana@madrid.localhost:8001"]),
        ("@bob@[::1]:8080", ["bob@[::1]:8080"]),
        ("@a.b-c_d@x-y.example.", ["a.b-c_d@x-y.example"]),
        ("@bob@münchen.example", ["bob@münchen.example"]),
        ("@bob@x.test:123456", ["bob@x.test"]),
        ("bob@lisbon.test", []),
        ("x=@bob", []),
        ("https://lisbon.test/@carol", []),
        ("/@bob", []),
        ("@ bob", []),
        ("@@bob", ["bob"]),
        ("@bob@", ["bob"]),
        ("@bob-", ["bob"]),
    ],
)
def test_mentions_are_found(text: str, mentions: list[str]) -> None:
    assert find_entities(text).mentions == mentions


@pytest.mark.parametrize(
    ("text", "hashtags"),
    [
        ("#innovación, #año! #größe?", ["innovación", "año", "größe"]),
        ("#हिन्दी #ไทย #日本語 #ελληνικά #עברית", ["हिन्दी", "ไทย", "日本語", "ελληνικά", "עברית"]),
        ("#innovacio\u0301n", ["innovacio\u0301n"]),
        ("#Fun #fun #FUN", ["Fun"]),
        ("#2024_25 #a1 #1a", ["2024_25", "a1", "1a"]),
        ("#123 #1 # #_ #- #٣", []),
        ("a#b https://x.test/#c &#39; /#d =#e )#f", []),
        ("(#one)", ["one"]),
        ("#one#two", ["one"]),
        ("#one.#two", ["one", "two"]),
        ("#a·b·", ["a·b"]),
        ("＃全角", ["全角"]),
        ("#" + "x" * 100, ["x" * 100]),
        ("#" + "x" * 101, []),
        ("#<b>x</b>", []),
        ("#🌻", []),
    ],
)
def test_hashtags_are_found(text: str, hashtags: list[str]) -> None:
    assert find_entities(text).hashtags == hashtags


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://x.test.", ["https://x.test"]),
        ("(https://x.test/a)", ["https://x.test/a"]),
        ("https://en.test/wiki/A_(b)", ["https://en.test/wiki/A_(b)"]),
        ("https://x.test/a?b=1&c=%20#d, and", ["https://x.test/a?b=1&c=%20#d"]),
        ("«https://x.test/ñ»", ["https://x.test/ñ»"]),
        ("「https://x.test/」", ["https://x.test/"]),
        ("https://x.test/@bob #tag", ["https://x.test/@bob"]),
        ("HTTPS://X.test/", ["HTTPS://X.test/"]),
        ("http://localhost:8001/a http://127.0.0.1:8080/", ["http://localhost:8001/a", "http://127.0.0.1:8080/"]),
        ("https://[::1]:8080/x", ["https://[::1]:8080/x"]),
        ("gemini://x.test/ xmpp:a@b.test magnet:?xt=urn:1", ["gemini://x.test/", "xmpp:a@b.test", "magnet:?xt=urn:1"]),
        ("x.test www.x.test https:// https://x ftp://x.test javascript:alert(1) data:text/html,x", []),
        ("xhttps://x.test", []),
        ("https://x.test/" + "a" * 2000, []),
        ("https://x.test/<script>", ["https://x.test/"]),
    ],
)
def test_links_are_found(text: str, links: list[str]) -> None:
    assert find_entities(text).links == links


def test_plain_text_becomes_paragraphs() -> None:
    assert html_of(" one\ntwo\r\n\r\n\n\nthree <b>&\"' ") == (
        "<p>one<br />two</p><p>three &lt;b&gt;&amp;&quot;&#39;</p>"
    )
    assert html_of("") == html_of(" \n\n ") == ""


def test_mention_of_somebody_we_know_is_a_link() -> None:
    assert html_of("@carol@Lisbon.test!") == f"<p>{mention('https://lisbon.test/@carol', 'Carol')}!</p>"
    assert html_of("@nobody@lisbon.test") == "<p>@nobody@lisbon.test</p>"


def test_two_accounts_of_one_name_are_told_apart() -> None:
    assert html_of("@bob @bob@127.0.0.1:8080") == (
        f"<p>{mention('https://madrid.test/@bob', 'bob')} "
        f"{mention('http://127.0.0.1:8080/@bob', 'bob@127.0.0.1:8080')}</p>"
    )


def test_hashtag_links_to_its_normal_form() -> None:
    assert html_of("#Größe") == f"<p>{hashtag('Größe', 'grosse')}</p>"


def test_long_link_is_shortened_and_complete() -> None:
    url = "https://www.x.test/a/very/long/path/that/goes/on?x=1&y=2"
    assert html_of(url) == (
        '<p><a href="https://www.x.test/a/very/long/path/that/goes/on?x=1&amp;y=2" target="_blank" '
        'rel="nofollow noopener noreferrer" translate="no"><span class="invisible">https://www.</span>'
        '<span class="ellipsis">x.test/a/very/long/path/that/g</span>'
        '<span class="invisible">oes/on?x=1&amp;y=2</span></a></p>'
    )
    assert '<span class="">x.test/a</span>' in html_of("https://x.test/a")


def test_markdown_is_rendered_within_the_allow_list() -> None:
    assert html_of("# Title\n\nHi **@bob** and `@bob`\n#fun\n\n- a\n- b\n\n```py\n#x <y>\nz\n```", MARKDOWN) == (
        f"<p><strong>Title</strong></p><p>Hi <strong>{mention('https://madrid.test/@bob', 'bob')}</strong> and "
        f"<code>@bob</code><br />{hashtag('fun', 'fun')}</p><ul><li>a</li><li>b</li></ul>"
        "<pre><code>#x &lt;y&gt;\nz\n</code></pre>"
    )


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<b onclick=x>y</b>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,x)",
        "[x](/relative)",
        "<javascript:alert(1)>",
        "![x](https://evil.test/pixel.png)",
        "[x]: javascript:alert(1)\n\n[x]",
        '[x](https://x.test "onclick=alert(1)")',
        '```"><script>alert(1)</script>\nx\n```',
    ],
)
def test_markdown_cannot_smuggle_markup(text: str) -> None:
    html = html_of(text, MARKDOWN)
    assert sanitize(html).count("<a") == html.count("<a")
    for forbidden in ("<script", "<img", "<b ", 'href="java', 'href="data', 'href="/', "title="):
        assert forbidden not in html


def test_markdown_link_is_a_link() -> None:
    assert html_of("[site](https://x.test/?a=1&b=2)", MARKDOWN) == (
        '<p><a href="https://x.test/?a=1&amp;b=2" target="_blank" rel="nofollow noopener noreferrer">site</a></p>'
    )


def test_code_and_link_texts_in_markdown_name_nobody() -> None:
    entities = find_entities("`@bob #a` [#b @bob](https://x.test) #c\n\n    @bob", MARKDOWN)
    assert (entities.mentions, entities.hashtags) == ([], ["c"])


@given(st.text(alphabet="<>&\"'@#:/.()[]*_`\n abhtps", max_size=60))
def test_composed_html_survives_our_own_sanitiser(text: str) -> None:
    for content_type in (PLAIN, MARKDOWN):
        html = html_of(text, content_type)
        assert sanitize(html).count("<") == html.count("<")


@pytest.mark.parametrize(
    "piece",
    ["@", "@a", "@a.", "@a@", "@a@b.", "@a@b-", "a@", "#", "#a", "##a#", "#·", "#_", "https://", "https://x.y/)",
     "https://x.y/.", "https://x.y/(", "xmpp:", "xmpp:a", "magnet:?", "@a@[", "@a@a:1", "\n", "\n\n", "<", "&", "·"],
)  # fmt: skip
def test_long_adversarial_text_stays_cheap(piece: str) -> None:
    text = (piece * 262_144)[:262_144]
    find_entities(text)
    html_of(text)


@pytest.mark.parametrize("piece", ["*a ", "**", "[", "[a](", "`", "> ", "- ", "![", "[a][", "[[[](", "<a@b.c>", "~~"])
def test_adversarial_markdown_stays_cheap(piece: str) -> None:
    text = (piece * 262_144)[:262_144]
    html_of(text, MARKDOWN)
    html_of(text[:20_000], MARKDOWN)


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("Innovación", "innovacion"),
        ("INNOVACION", "innovacion"),
        ("innovacio\u0301n", "innovacion"),
        ("#AÑO", "ano"),
        ("Größe", "grosse"),
        ("ＡＢＣ", "abc"),
        ("Łódź", "lodz"),
        ("ガーデン", "ガーデン"),
        ("ｶﾞｰﾃﾞﾝ", "ガーデン"),
        ("हिन्दी", "हिन्दी"),
        ("می\u200cخواهم", "میخواهم"),
        ("ﬁn", "fin"),
        ("123", ""),
        ("a b", ""),
        ("<b>", ""),
        ("", ""),
        ("x" * 100_000, ""),
    ],
)
def test_hashtags_have_one_normal_form(name: str, normal: str) -> None:
    assert normalise_hashtag(name) == normal
    assert normalise_hashtag(normal) == normal
