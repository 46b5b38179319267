"""Links in posts: they stay here when they can, and say where they lead when they don't."""

import pytest

from content.html import sanitize
from models.accounts import Account
from models.statuses import Tag
from web.markup import original_url, post_html, profile_path, tag_path

ORIGIN = "https://madrid.test"
JOAO = Account(username="joao", domain="lisbon.test:8080", uri="https://lisbon.test:8080/users/1",
               url="https://lisbon.test:8080/@joao")  # fmt: skip


def shown(html: str, *, mentions: tuple[Account, ...] = (JOAO,), tags: tuple[str, ...] = ()) -> str:
    made = post_html(sanitize(html), ORIGIN, mentions, [Tag(name=name, display_name=name) for name in tags])
    return str(made).replace("<bdi>", "").replace("</bdi>", "")


@pytest.mark.parametrize("href", [JOAO.uri, JOAO.url])
def test_a_mention_leads_to_the_page_here(href: str) -> None:
    html = shown(f'<p><a class="u-url mention" href="{href}">@<span>joao</span></a></p>')
    assert '<a href="/@joao@lisbon.test:8080" class="mention">@<span>joao</span></a>' in html
    assert "_blank" not in html


def test_a_mention_of_nobody_in_particular_shows_its_host() -> None:
    html = shown('<a class="u-url mention" href="https://evil.test/@joao">@joao</a>')
    assert html.endswith('@joao</a> <span class="host">(evil.test)</span>')


def test_a_hashtag_leads_to_the_topic_here() -> None:
    html = shown('<a href="https://lisbon.test/tags/Té" class="hashtag">#<span>Té</span></a>', tags=("te",))
    assert '<a href="/tags/te" class="hashtag" rel="tag">' in html


def test_a_hashtag_that_the_post_does_not_carry_is_a_link_like_others() -> None:
    assert "(lisbon.test)" in shown('<a href="https://lisbon.test/tags/tea" class="hashtag">#tea</a>')


@pytest.mark.parametrize(
    "text",
    ["https://good.test/a", "good.test/a", "www.good.test", "GOOD.test", "http://good.test?x",
     '<span class="invisible">https://</span><span class="ellipsis">good.test/</span><span class="invisible">b</span>'],
)  # fmt: skip
def test_a_text_that_shows_the_host_is_enough(text: str) -> None:
    assert "host" not in shown(f'<a href="https://good.test/abc">{text}</a>')


@pytest.mark.parametrize(
    ("href", "text", "host"),
    [
        ("https://evil.test/", "https://bank.test/", "evil.test"),
        ("https://evil.test/", "bank.test", "evil.test"),
        ("https://evil.test/", '<span class="invisible">evil.test</span>bank.test', "evil.test"),
        ("https://evil.test/", "evil.test.bank.test", "evil.test"),
        ("https://evil.test/", "evil.test@bank.test", "evil.test"),
        ("https://bank.test@evil.test/", "https://bank.test", "evil.test"),
        ("https://evil.test:8443/", "evil.test", "evil.test:8443"),
        ("https://madrid.test.evil.test/", "madrid.test", "madrid.test.evil.test"),
        ("https://evil.test/", "click here", "evil.test"),
        ("https://evil.test/", "", "evil.test"),
    ],
)
def test_a_text_that_hides_the_host_is_followed_by_it(href: str, text: str, host: str) -> None:
    assert f'<span class="host">({host})</span>' in shown(f'<a href="{href}">{text}</a>')


@pytest.mark.parametrize("href", ["xmpp:a@b.test", "magnet:?x", "gemini://x.test/", "https://[bad/"])
def test_what_is_no_link_of_the_web_is_text(href: str) -> None:
    assert "href" not in shown(f'<a href="{href}">x</a>')


def test_links_to_ourselves_need_no_host_and_can_not_be_bent() -> None:
    assert "host" not in shown(f'<a href="{ORIGIN}/@ana">Ana</a>')
    assert f'href="{ORIGIN}//evil.test"' in shown(f'<a href="{ORIGIN}//evil.test">Ana</a>')


@pytest.mark.parametrize(
    "html",
    ['<a href="https://x.test/?a>b&quot;onclick=1">x</a>', '<a href="https://x.test"><a href="https://y.test">x</a></a>',
     "<a href='https://x.test/\"><script>'>x</a>", '<p title="</a>">x</p><a>y</a>', "<a><p></a><b>"],
)  # fmt: skip
def test_markup_stays_whole(html: str) -> None:
    made = shown(html)
    assert sanitize(made).count("<a ") == made.count("<a ")
    assert "<script" not in made
    assert " onclick" not in made.replace('"onclick', "")


@pytest.mark.parametrize(
    ("uri", "url", "expected"),
    [
        ("https://a.test/1", "https://a.test/@x/1", "https://a.test/@x/1"),
        ("https://a.test/1", "https://evil.test/", "https://a.test/1"),
        ("https://a.test/1", "javascript:alert(1)", "https://a.test/1"),
        ("https://a.test/1", None, "https://a.test/1"),
        ("bear:1", "https://a.test/", None),
    ],
)
def test_the_original_is_on_the_host_of_the_id(uri: str, url: str | None, expected: str | None) -> None:
    assert original_url(uri, url) == expected


def test_paths_are_quoted() -> None:
    strange = Account(username='a"b<c>/d', domain=None, uri="https://madrid.test/users/1")
    assert profile_path(strange) == "/@a%22b%3Cc%3E%2Fd"
    assert tag_path("a/b?") == "/tags/a%2Fb%3F"
