"""What an Accept header asks for, and what caches may keep."""

import pytest

from federation.serving.negotiation import LD_JSON, Representation, cache_control, negotiate, prefers_json

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (None, Representation.HTML),
        ("", Representation.HTML),
        ("*/*", Representation.HTML),
        ("application/json", Representation.HTML),
        (BROWSER, Representation.HTML),
        ("application/activity+json", Representation.ACTIVITY),
        ("APPLICATION/Activity+JSON; charset=utf-8", Representation.ACTIVITY),
        ("application/activity+json, application/ld+json", Representation.ACTIVITY),
        (f"{LD_JSON}, application/activity+json", Representation.LINKED_DATA),
        ("application/ld+json; profile=https://www.w3.org/ns/activitystreams", Representation.LINKED_DATA),
        ("application/ld+json", Representation.LINKED_DATA),
        ('application/ld+json; profile="https://example.org/other"', Representation.HTML),
        ('application/ld+json; profile="https://a.test/x https://www.w3.org/ns/activitystreams"',
         Representation.LINKED_DATA),
        ("text/html;q=0.5, application/activity+json;q=0.9", Representation.ACTIVITY),
        ("text/html, application/activity+json;q=0.9", Representation.HTML),
        ("application/activity+json, text/html", Representation.ACTIVITY),
        ("application/activity+json;q=0, text/html;q=0.1", Representation.HTML),
        ("application/activity+json;q=x", Representation.HTML),
        ("application/activity+json;q=nan", Representation.HTML),
        ('",,,"' * 500, Representation.HTML),
    ],
)  # fmt: skip
def test_the_first_of_the_preferred_types_wins(accept: str | None, wanted: Representation) -> None:
    assert negotiate(accept) is wanted


@pytest.mark.parametrize(
    ("accept", "as_json"),
    [
        (None, False),
        ("*/*", False),
        ("application/xrd+xml", False),
        ("application/json", True),
        ("application/jrd+json", True),
        ("application/xrd+xml, application/json", False),
        ("application/json, application/xrd+xml", True),
    ],
)
def test_host_meta_is_xml_unless_json_is_asked_for(accept: str | None, as_json: bool) -> None:
    assert prefers_json(accept) is as_json


def test_only_what_is_for_everybody_may_be_kept() -> None:
    assert cache_control(is_for_everybody=True, seconds=60) == "public, max-age=60"
    assert "no-store" in cache_control(is_for_everybody=False)
