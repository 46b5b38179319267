"""The ways in which peers write the same thing: one test for each (reference, §3d)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from federation.json_ld import DocumentRefused
from models.visibility import Visibility
from social.drafts import MentionDraft, TagDraft
from tests.federation.documents import (
    AS2,
    BOB,
    NOTE_ID,
    NOW,
    PUBLIC,
    activity,
    actor,
    note,
    read_activity,
    read_actor,
    read_status,
)

ALICE = "https://our.test/users/1"


@pytest.mark.parametrize("value", [ALICE, [ALICE], {"id": ALICE}, [{"id": ALICE}], {"@id": ALICE}, [None, ALICE]])
def test_one_object_however_it_is_wrapped(value: Any) -> None:
    found = read_activity(activity(object=value))
    assert (found.object_id, found.object_ids, found.object) == (ALICE, (ALICE,), None)


@pytest.mark.parametrize("tag", [{"type": "Hashtag", "name": "#sol"}, [{"type": "Hashtag", "name": "#sol"}]])
def test_tag_may_be_an_object_or_a_list(tag: Any) -> None:
    assert read_status(note(tag=tag)).tags == (TagDraft("sol", "sol"),)


@pytest.mark.parametrize(
    "tag",
    [
        {"type": "Hashtag", "name": "sol"},
        {"type": "Hashtag", "name": "#sol", "href": None},
        {"type": "as:Hashtag", "name": "#sol"},
        {"type": AS2 + "#Hashtag", "name": "#sol"},
        {"type": ["Hashtag"], "name": ["#sol"]},
        {"type": "Hashtag", "nameMap": {"es": "#sol"}},
        {"name": "#sol"},
        {"type": "Hashtag", "name": "＃ｓｏｌ"},
        {"type": "Hashtag", "name": "#SOL"},
    ],
)
def test_hashtags_in_every_spelling(tag: Any) -> None:
    assert [found.name for found in read_status(note(tag=tag)).tags] == ["sol"]


@pytest.mark.parametrize(
    "name", ["#", "", "#a b", "#<b>", "#" + "x" * 101, "#" + "x" * 100_000, "#123", "#\u200b", "#a\x00"]
)
def test_what_can_be_no_hashtag_is_left_out(name: str) -> None:
    found = read_status(note(tag=[{"type": "Hashtag", "name": name}, {"type": "Hashtag", "name": "#bien"}])).tags
    assert [tag.name for tag in found if tag.name != "a"] == ["bien"]


def test_hashtags_are_folded_once() -> None:
    tags = [{"type": "Hashtag", "name": name} for name in ("#Größe", "#GRÖSSE", "#größe", "#Ⅷ")]
    assert [(tag.name, tag.display) for tag in read_status(note(tag=tags)).tags] == [("grosse", "Größe"), ("viii", "Ⅷ")]


def test_ten_thousand_tags_and_mentions_are_capped() -> None:
    tags = [{"type": "Hashtag", "name": f"#tag{n}"} for n in range(500)]
    mentions = [{"type": "Mention", "href": f"https://a.test/{n}"} for n in range(500)]
    draft = read_status(note(tag=tags + mentions, attachment=[_image(n) for n in range(40)]))
    assert (len(draft.tags), len(draft.mentions), len(draft.attachments)) == (100, 50, 16)


def test_a_mention_is_resolved_by_href_only() -> None:
    tag = [
        {"type": "Mention", "href": "https://evil.test/mal", "name": "@boss@our.test"},
        {"type": "Mention", "name": "@x@y.test"},
    ]
    assert read_status(note(tag=tag)).mentions == (MentionDraft("https://evil.test/mal", "@boss@our.test"),)


@pytest.mark.parametrize("owner", [BOB, [BOB], {"id": BOB, "type": "Person"}, [{"id": BOB}], [BOB, BOB]])
def test_one_author_however_it_is_wrapped(owner: Any) -> None:
    assert read_status(note(attributedTo=owner)).attributed_to == BOB


def test_a_person_and_a_group_are_an_author_and_an_audience() -> None:
    group = "https://good.test/groups/1"
    for owners in (
        [{"type": "Person", "id": BOB}, {"type": "Group", "id": group}],
        [{"type": "Group", "id": group}, {"type": "Person", "id": BOB}],
    ):
        draft = read_status(note(type="Video", attributedTo=owners))
        assert (draft.attributed_to, draft.audience) == (BOB, (group,))


@pytest.mark.parametrize(
    "owners",
    [
        [BOB, "https://good.test/users/mal"],
        ["https://good.test/users/mal", BOB],
        [{"type": "Person", "id": BOB}, {"type": "Person", "id": "https://good.test/users/mal"}],
        [{"type": "Person", "id": BOB}, "https://good.test/groups/1"],
        [{"type": "Group", "id": BOB}, {"type": "Group", "id": "https://good.test/groups/1"}],
        [],
        None,
        "",
    ],
)
def test_two_authors_or_none_are_refused(owners: Any) -> None:
    with pytest.raises(DocumentRefused):
        read_status(note(attributedTo=owners))


@pytest.mark.parametrize(
    "value", [BOB, [BOB], {"id": BOB, "type": "Person", "publicKey": {"publicKeyPem": "evil"}}, [BOB, {"id": BOB}]]
)
def test_an_embedded_actor_is_only_its_id(value: Any) -> None:
    assert read_activity(activity(actor=value)).actor == BOB


@pytest.mark.parametrize(
    "url",
    [
        "https://good.test/@bob/1",
        ["https://good.test/@bob/1"],
        {"type": "Link", "href": "https://good.test/@bob/1"},
        [
            {"type": "Link", "href": "https://good.test/v.mp4", "mediaType": "video/mp4"},
            {"type": "Link", "href": "https://good.test/@bob/1", "mediaType": "text/html"},
        ],
        [
            {"type": "Link", "href": "magnet:?xt=1"},
            {"type": "Link", "href": "https://good.test/@bob/1", "mediaType": "text/html; charset=utf-8"},
        ],
    ],
)
def test_url_as_text_list_or_links(url: Any) -> None:
    assert read_status(note(url=url)).url == "https://good.test/@bob/1"


def test_a_page_on_another_host_is_left_out() -> None:
    assert read_status(note(url="https://evil.test/login")).url is None


@pytest.mark.parametrize(
    ("value", "parent"),
    [(ALICE, ALICE), ([ALICE], ALICE), ({"id": ALICE, "type": "Note"}, ALICE), (None, None), ("", None), ([], None)],
)
def test_in_reply_to_in_every_shape(value: Any, parent: str | None) -> None:
    assert read_status(note(inReplyTo=value)).in_reply_to_uri == parent


def test_a_null_summary_is_none_and_sensitive_stands_alone() -> None:
    draft = read_status(note(summary=None, sensitive=True))
    assert (draft.summary, draft.is_sensitive) == (None, True)
    assert read_status(note(summary="", sensitive=None)).summary is None


@pytest.mark.parametrize(
    ("value", "flag"), [(True, True), ("true", True), (False, False), ("false", False), (1, True), ("si", False)]
)
def test_booleans_in_every_shape(value: Any, flag: bool) -> None:
    assert read_status(note(sensitive=value)).is_sensitive is flag


def test_markdown_content_becomes_escaped_paragraphs_and_stays_as_the_source() -> None:
    draft = read_status(note(mediaType="text/markdown", content="*a* <b>\n\nc"))
    assert draft.content_html == "<p>*a* &lt;b&gt;</p><p>c</p>"
    assert (draft.source_text, draft.source_media_type) == ("*a* <b>\n\nc", "text/markdown")


def test_a_name_instead_of_content_is_a_title() -> None:
    draft = read_status(note(content=..., name="Título"))
    assert (draft.title, draft.content_html, draft.is_vote) == ("Título", "", False)


def test_a_name_with_a_parent_and_no_content_is_a_vote() -> None:
    draft = read_status(note(content=..., name="Sí", inReplyTo=ALICE))
    assert (draft.vote_name, draft.is_vote, draft.title) == ("Sí", True, None)
    assert not read_status(note(name="Sí", inReplyTo=ALICE)).is_vote


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (["Note", "https://ext.example/Haiku"], "Note"),
        (["https://ext.example/Haiku", "Note"], "Note"),
        (AS2 + "#Note", "Note"),
        ("as:Note", "Note"),
        (["Object", "Article"], "Article"),
        ("Haiku", "Haiku"),
        ("https://ext.example/Haiku", "https://ext.example/Haiku"),
    ],
)
def test_the_known_type_decides(value: Any, kind: str) -> None:
    assert read_status(note(type=value)).type == kind


@pytest.mark.parametrize(
    "types",
    [["Note", "Delete"], ["Delete", "Note"], ["Create", "Announce"], ["Note", "Person"], ["Person", "Collection"]],
)
def test_types_that_exclude_each_other_are_refused(types: list[str]) -> None:
    with pytest.raises(DocumentRefused):
        read_activity(activity(type=types))
    with pytest.raises(DocumentRefused):
        read_status(note(type=types))


@pytest.mark.parametrize(("members", "visibility"), [
    ({"to": [PUBLIC]}, Visibility.PUBLIC),
    ({"to": "as:Public"}, Visibility.PUBLIC),
    ({"to": ["Public"]}, Visibility.PUBLIC),
    ({"to": ..., "cc": [PUBLIC]}, Visibility.UNLISTED),
    ({"to": ..., "audience": [PUBLIC]}, Visibility.UNLISTED),
    ({"to": [BOB + "/followers"], "cc": PUBLIC}, Visibility.UNLISTED),
    ({"to": [BOB + "/followers"]}, Visibility.PRIVATE),
    ({"to": ALICE, "cc": BOB + "/followers"}, Visibility.PRIVATE),
    ({"to": [ALICE]}, Visibility.DIRECT),
    ({"to": ...}, Visibility.DIRECT),
    ({"to": [PUBLIC.upper(), "as:public", "PUBLIC", "https://evil.test/ns#Public"]}, Visibility.DIRECT),
    ({"to": ["https://evil.test/followers"]}, Visibility.DIRECT),
])  # fmt: skip
def test_addressing_in_every_shape(members: dict[str, Any], visibility: Visibility) -> None:
    assert read_status(note(**members)).visibility is visibility


def test_a_known_followers_collection_decides_over_the_guess() -> None:
    document = note(to=["https://good.test/c/9"])
    assert read_status(document).visibility is Visibility.DIRECT
    assert read_status(document, followers_url="https://good.test/c/9").visibility is Visibility.PRIVATE


def test_the_language_und_is_no_language() -> None:
    draft = read_status(note(**{"@context": [AS2, {"@language": "und"}], "contentMap": {"und": "<p>hola</p>"}}))
    assert (draft.language, draft.content_map, draft.content_html) == (None, {}, "<p>hola</p>")


def test_the_default_language_of_a_context_is_the_language() -> None:
    draft = read_status(note(**{"@context": [AS2, {"@language": "pt-br"}]}))
    assert (draft.language, draft.content_html) == ("pt-BR", "<p>hola</p>")


@pytest.mark.parametrize(
    ("members", "language", "content"),
    [
        ({"content": "b", "contentMap": {"en": "a", "es": "b"}}, "es", "b"),
        ({"content": ..., "contentMap": {"es": "b"}}, "es", "b"),
        ({"content": "b", "contentMap": {"de": "other"}}, "de", "b"),
        ({"content": "b", "contentMap": {"de": "x", "en": "y"}}, None, "b"),
        ({"content": "b", "contentMap": "es"}, None, "b"),
        ({"content": "b", "contentMap": {"en_US!!": "b", "es": "b", "fr": 5, "": "x"}}, "es", "b"),
        ({"content": {"@value": "b", "@language": "es"}}, "es", "b"),
        ({"content": ["b", "c"]}, None, "b"),
    ],
)
def test_language_maps_in_every_shape(members: dict[str, Any], language: str | None, content: str) -> None:
    draft = read_status(note(**members))
    assert (draft.language, draft.content_html) == (language, content)


def test_ten_thousand_languages_are_capped() -> None:
    languages = {f"{chr(97 + n // 676)}{chr(97 + n // 26 % 26)}{chr(97 + n % 26)}": "x" for n in range(5000)}
    assert len(read_status(note(contentMap=languages)).content_map) == 100


@pytest.mark.parametrize(
    "attachment",
    [
        {"type": "Document", "mediaType": "image/png", "href": "https://good.test/1.png"},
        {"type": "Image", "url": "https://good.test/1.png"},
        {"type": "Image", "url": ["https://good.test/1.png", "https://good.test/2.png"]},
        {"type": "Image", "url": [{"type": "Link", "href": "https://good.test/1.png", "mediaType": "image/png"}]},
        [{"type": "Link", "mediaType": "image/png", "href": "https://good.test/1.png"}],
    ],
)
def test_attachments_in_every_shape(attachment: Any) -> None:
    (found,) = read_status(note(attachment=attachment)).attachments
    assert (found.url, found.kind) == ("https://good.test/1.png", "image")


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:image/png;base64," + "A" * 5000, "", None, 5, "file:///etc/passwd"]
)
def test_attachments_without_an_address_are_left_out(url: Any) -> None:
    assert read_status(note(attachment={"type": "Image", "url": url})).attachments == ()


@pytest.mark.parametrize("emoji_id", [None, "", "https://evil.test/emoji/1", "_:b0"])
def test_an_emoji_without_an_id_of_its_own_still_shows(emoji_id: Any) -> None:
    tag = {
        "type": "Emoji",
        "id": emoji_id,
        "name": ":sol:",
        "icon": {"type": "Image", "url": "https://good.test/sol.png"},
    }
    (found,) = read_status(note(tag=tag)).emojis
    assert (found.shortcode, found.image_url, found.uri) == ("sol", "https://good.test/sol.png", None)


@pytest.mark.parametrize("name", [":verified\u200b:", ":a b:", "::", "", ":<script>:", ":" + "x" * 65 + ":"])
def test_emoji_with_impossible_names_are_left_out(name: str) -> None:
    tag = {"type": "Emoji", "name": name, "icon": {"type": "Image", "url": "https://good.test/sol.png"}}
    assert read_status(note(tag=tag)).emojis == ()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.678901234Z", datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)),
        ("2026-01-02T03:04Z", datetime(2026, 1, 2, 3, 4, tzinfo=UTC)),
        ("2026-01-02 03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05+0200", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", NOW),
        ("2026-02-01T13:00:00Z", NOW),
        ("9999-12-31T23:59:59-12:00", NOW),
        ("ayer", NOW),
        ("", NOW),
        (5, NOW),
        (None, NOW),
    ],
)
def test_dates_in_every_shape(text: Any, moment: datetime) -> None:
    assert read_status(note(published=text)).published_at == moment


def test_updated_counts_only_after_publication() -> None:
    assert read_status(note(updated="2025-01-01T00:00:00Z")).updated_at is None
    assert read_status(note(updated="2027-01-01T00:00:00Z")).updated_at == NOW


def test_polls_are_bounded_and_lenient() -> None:
    options = [{"type": "Note", "name": f"{n}", "replies": {"totalItems": "3"}} for n in range(100)]
    draft = read_status(note(type="Question", anyOf=options, closed=True, endTime="2026-01-03T00:00:00Z"))
    assert draft.poll is not None
    assert (len(draft.poll.options), draft.poll.options[0], draft.poll.is_multiple) == (20, ("0", 3), True)
    assert draft.poll.closed_at == datetime(2026, 1, 3, tzinfo=UTC)
    for votes in (-5, 10**12, None, "many"):
        draft = read_status(note(type="Question", oneOf={"name": "a", "replies": {"totalItems": votes}}))
        assert draft.poll is not None
        assert draft.poll.options == (("a", 0),)


def test_an_actor_of_a_server_with_habits() -> None:
    document = actor(
        alsoKnownAs="https://old.test/bob",
        icon=["https://good.test/i.png"],
        manuallyApprovesFollowers="true",
        attachment={"type": "PropertyValue", "name": "Web", "value": "x"},
        name=["Bob"],
        url=[{"type": "Link", "href": "https://good.test/@bob", "mediaType": "text/html"}],
        endpoints={"sharedInbox": "https://good.test/inbox"},
    )
    draft = read_actor(document)
    assert draft.also_known_as == ("https://old.test/bob",)
    assert draft.icon is not None
    assert (draft.icon.url, draft.is_locked, draft.name) == ("https://good.test/i.png", True, "Bob")
    assert (draft.url, draft.shared_inbox) == ("https://good.test/@bob", "https://good.test/inbox")
    assert len(draft.fields) == 1


def test_a_quote_has_one_meaning_in_all_dialects() -> None:
    quoted = "https://other.test/1"
    for name in ("quote", "quoteUrl", "quoteUri", "_misskey_quote"):
        draft = read_status(note(**{name: quoted}))
        assert draft.quote is not None, name
        assert draft.quote.uri == quoted
    both = read_status(note(_misskey_quote="https://other.test/2", quote=quoted)).quote
    assert both is not None
    assert both.uri == quoted


def test_ids_keep_their_exact_spelling() -> None:
    for uri in (
        NOTE_ID + "/",
        NOTE_ID + "?a=%7E&b=~",
        "https://GOOD.test/x",
        "https://good.test/a/../b",
        "https://good.test//x",
    ):
        assert read_status(note(id=uri)).uri == uri


def _image(n: int) -> dict[str, Any]:
    return {"type": "Image", "url": f"https://good.test/{n}.png"}
