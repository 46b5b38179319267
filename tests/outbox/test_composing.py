"""Composing: what people write becomes HTML as Mastodon makes it, and nobody waits for strangers."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.compose import MARKDOWN, PLAIN
from content.lengths import counted_length, visible_length
from models.visibility import Visibility
from outbox import composing
from outbox.composing import Quoting, compose, find_mentioned, quote_policy
from social.drafts import PollDraft, QuoteDraft, StatusDraft
from tests.fixtures_offices import OpenOffice
from tests.peers import Office
from tests.web.writing import counted_statements

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("Hello", 5),
        ("https://example.com/" + "x" * 300, 23),
        ("see https://a.io", 4 + 23),
        ("@ana@lisbon.example hi", len("@ana hi")),
        ("@ana hi", 7),
        ("👩‍👩‍👧‍👦", 1),
        ("👍🏽🇪🇸🇵🇹", 3),
        ("e\u0301a", 2),
        ("नमस्ते", 4),
    ],
)
def test_text_is_counted_as_mastodon_counts_it(text: str, length: int) -> None:
    assert counted_length(text) == length


def test_markdown_is_counted_as_it_is_typed_but_for_links_and_domains() -> None:
    assert counted_length("**@ana@lisbon.example** `@bob@lisbon.example`", MARKDOWN) == len(
        "**@ana** `@bob@lisbon.example`"
    )


@given(st.text())
def test_no_text_is_shorter_than_nothing_or_longer_than_typed(text: str) -> None:
    assert 0 <= visible_length(text) <= len(text)
    assert bool(visible_length(text)) == bool(text)


async def test_mentions_hashtags_links_and_audience_are_found(office: Office) -> None:
    ana, bob = await office.create_person("ana"), await office.create_person("bob")
    services = office.services
    draft = await compose(
        services, ana.account, "Hi @bob and @nobody, #Innovación at https://www.example.com/a/very/long/path/to/things",
        visibility=Visibility.UNLISTED, language="es",
    )  # fmt: skip
    assert draft.content_html == (
        f'<p>Hi <span class="h-card" translate="no"><a href="{office.origin}/@bob" class="u-url mention">@<span>'
        f'bob</span></a></span> and @nobody, <a href="{office.origin}/tags/innovacion" class="mention hashtag" '
        'rel="tag">#<span>Innovación</span></a> at <a href="https://www.example.com/a/very/long/path/to/things" '
        'target="_blank" rel="nofollow noopener noreferrer" translate="no"><span class="invisible">https://www.</span>'
        '<span class="ellipsis">example.com/a/very/long/path/t</span><span class="invisible">o/things</span></a></p>'
    )
    assert [mention.href for mention in draft.mentions] == [bob.uri]
    assert [(tag.name, tag.display) for tag in draft.tags] == [("innovacion", "Innovación")]
    assert (draft.to, draft.cc) == ((ana.followers_url,), (PUBLIC, bob.uri))
    assert (draft.type, draft.language, draft.is_sensitive, draft.source_text is not None) == (
        "Note",
        "es",
        False,
        True,
    )


async def test_markdown_warning_poll_and_quote_go_into_the_draft(office: Office) -> None:
    ana = await office.create_person("ana")
    poll = PollDraft((("Sí", 0), ("No", 0)))
    policy = quote_policy(ana.account, "followers", Visibility.PUBLIC)
    draft = await compose(
        office.services, ana.account, "**Lunch?** <script>", visibility=Visibility.PUBLIC, content_type=MARKDOWN,
        summary="Food", poll=poll, quoting=Quoting(QuoteDraft("https://x.test/1"), policy),
    )  # fmt: skip
    assert draft.content_html == "<p><strong>Lunch?</strong> &lt;script&gt;</p>"
    assert (draft.type, draft.poll, draft.summary, draft.is_sensitive) == ("Question", poll, "Food", True)
    assert draft.quote == QuoteDraft("https://x.test/1")
    assert draft.interaction_policy == policy
    rules = [quote_policy(ana.account, word, kind).can_quote for word, kind in _POLICIES]
    assert [rule.automatic for rule in rules if rule] == [(PUBLIC,), (ana.followers_url,), (ana.uri,), (ana.uri,)]


_POLICIES = [
    ("public", Visibility.PUBLIC),
    ("followers", Visibility.UNLISTED),
    ("nobody", Visibility.PUBLIC),
    ("public", Visibility.PRIVATE),
]


async def test_known_people_cost_one_query_however_many_and_however_long_ago(
    two_offices: tuple[Office, Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    madrid, lisbon = two_offices
    for name in ("bob", "rui", "eva"):
        await lisbon.create_person(name)
    names = [f"{name}@{lisbon.domain}" for name in ("bob", "rui", "eva", "nobody")]
    assert list(await find_mentioned(madrid.services, names)) == names[:3]

    async def asked(*_args: object, **_more: object) -> None:
        raise AssertionError("the network was asked for somebody we know")

    monkeypatch.setattr(composing, "resolve_handle", asked)
    madrid.services.clock.advance(days=30)  # type: ignore[attr-defined]
    with counted_statements(madrid.services.database) as statements:
        assert list(await find_mentioned(madrid.services, names[:3])) == names[:3]
    assert len(statements) == 1


async def test_who_does_not_answer_in_time_stays_text(open_office: OpenOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    madrid = await open_office("madrid", federation="open")
    ana = await madrid.create_person("ana")

    async def never(*_args: object, **_more: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(composing, "resolve_handle", never)
    monkeypatch.setattr(composing, "LOOKUP_SECONDS", 0.01)
    draft: StatusDraft = await compose(
        madrid.services, ana.account, "@slow@far.test @ana", visibility=Visibility.PUBLIC, content_type=PLAIN
    )
    assert [mention.href for mention in draft.mentions] == [ana.uri]
    assert "<p>@slow@far.test <span" in draft.content_html
