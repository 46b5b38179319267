"""Who can vouch for what: the origin rules that need no database (O02, O03, O31, O34, O46, S03)."""

from typing import Any

import pytest

from federation.json_ld import DocumentRefused
from federation.trust.origins import NoOrigin, has_origin, origin, same_origin
from tests.federation.documents import BOB, actor, note, read_actor, read_status


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://good.test/x", ("https", "good.test", 443)),
        ("https://GOOD.test:443", ("https", "good.test", 443)),
        ("https://good.test.", ("https", "good.test", 443)),
        ("https://good.test?q", ("https", "good.test", 443)),
        ("http://127.0.0.1:8080/users/1#key", ("http", "127.0.0.1", 8080)),
        ("http://[::1]:8080/", ("http", "[::1]", 8080)),
        ("http://[0:0:0:0:0:0:0:1]/", ("http", "[::1]", 80)),
        ("https://españa.example/ñ", ("https", "xn--espaa-rta.example", 443)),
        ("https://ESPAÑA.example", ("https", "xn--espaa-rta.example", 443)),
        ("http://madrid.localhost:8001/", ("http", "madrid.localhost", 8001)),
    ],
)
def test_the_origin_of_a_url(uri: str, expected: tuple[str, str, int]) -> None:
    assert origin(uri) == expected


@pytest.mark.parametrize(
    "uri",
    [
        "", "good.test", "//good.test/", "ftp://good.test/", "https:good.test", "https:///x", "https://", "https://:80/",
        "https://bob@good.test/", "https://good.test@evil.test/", "https://good.test:0/", "https://good.test:99999/",
        "https://good.test:8x/", "https://a..test/", "https://.test/", "https://good.test\\@evil.test/",
        "https://good.test /", " https://good.test/", "https://good.test/a b", "https://good.test/\n", "https://[::1/",
        "https://[zz]/", "https://good%2etest/", "javascript:alert(1)", "https://good.test/" + "x" * 2000,
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_has_no_origin(uri: str) -> None:
    assert not has_origin(uri)
    assert not same_origin(uri, uri)
    with pytest.raises(NoOrigin):
        origin(uri)


@pytest.mark.parametrize(
    "other",
    ["http://good.test/", "https://good.test:8443/", "https://www.good.test/", "https://good.test.evil.test/"],
)
def test_scheme_port_and_host_all_count(other: str) -> None:
    assert not same_origin(BOB, other)
    assert same_origin(BOB, "https://GOOD.test:443/other")


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "https://evil.test/1"},
        {"attributedTo": "https://evil.test/mal"},
        {"id": "https://good.test:8443/1"},
        {"id": "http://good.test/1"},
        {"id": "https://good.test/1#x"},
        {"id": "https://bob@good.test/1"},
        {"id": ...},
        {"id": None},
        {"id": ""},
        {"id": "_:b1"},
        {"id": "urn:uuid:1"},
        {"id": "https://good.test/" + "x" * 2000},
        {"type": "Person"},
        {"type": "Create"},
        {"type": "Tombstone"},
        {"type": "Collection"},
        {"type": "CryptographicKey"},
        {"type": ...},
        {"publicKeyPem": "-----BEGIN PUBLIC KEY-----"},
        {"publicKey": {"id": BOB + "#key", "publicKeyPem": "x"}},
        {"inbox": BOB + "/inbox"},
    ],
)
def test_a_status_that_its_author_cannot_vouch_for_is_refused(changes: dict[str, Any]) -> None:
    assert read_status(note()).uri
    with pytest.raises(DocumentRefused):
        read_status(note(**changes))


def test_an_object_posted_by_a_client_needs_no_id_yet() -> None:
    draft = read_status(note(id=..., attributedTo=...), from_client=True)
    assert (draft.uri, draft.attributed_to) == (None, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"inbox": "https://evil.test/inbox"},
        {"inbox": ...},
        {"inbox": "http://good.test/inbox"},
        {"id": BOB + "#me"},
        {"id": "https://bob@good.test/users/bob"},
        {"id": ...},
        {"type": "Note"},
        {"type": ["Person", "Note"]},
        {"preferredUsername": ...},
        {"preferredUsername": "a/b"},
        {"preferredUsername": "a@b"},
        {"preferredUsername": "a\u202eb"},
        {"preferredUsername": " "},
    ],
)
def test_an_actor_that_cannot_be_believed_is_refused(changes: dict[str, Any]) -> None:
    assert read_actor(actor()).preferred_username == "bob"
    with pytest.raises(DocumentRefused):
        read_actor(actor(**changes))


def test_foreign_addresses_of_an_actor_are_left_out() -> None:
    evil = "https://evil.test/x"
    draft = read_actor(actor(
        outbox=evil, followers=evil, following=evil, featured=evil, featuredTags=evil, moderators=evil, url=evil,
        endpoints={"sharedInbox": evil},
    ))  # fmt: skip
    found = (draft.outbox, draft.followers, draft.following, draft.featured, draft.featured_tags, draft.moderators_url)
    assert found == (None,) * 6
    assert (draft.url, draft.shared_inbox) == (None, None)


@pytest.mark.parametrize(
    "key",
    [
        {"id": "https://evil.test/key", "owner": BOB, "publicKeyPem": "PEM"},
        {"id": BOB + "#key", "owner": "https://evil.test/mal", "publicKeyPem": "PEM"},
        {"id": BOB + "#key", "owner": "https://good.test/users/eve", "publicKeyPem": "PEM"},
        {"id": BOB + "#key", "owner": BOB},
        {"id": BOB + "#key", "owner": BOB, "publicKeyPem": "P" * 20_000},
        {"owner": BOB, "publicKeyPem": "PEM"},
        BOB + "#key",
    ],
)
def test_keys_that_are_not_the_actors_own_are_left_out(key: Any) -> None:
    assert read_actor(actor(publicKey=key)).public_keys == ()


def test_own_keys_in_both_forms_are_kept() -> None:
    multikey = {"id": BOB + "#ed", "type": "Multikey", "controller": BOB, "publicKeyMultibase": "z6Mk"}
    other = {"id": BOB + "/key2", "owner": BOB, "publicKeyPem": "PEM2"}
    pem = actor()["publicKey"]
    draft = read_actor(actor(publicKey=[pem, other], assertionMethod=multikey))
    assert [(key.key_id, key.pem, key.multibase) for key in draft.public_keys] == [
        (BOB + "#main-key", "PEM", None),
        (BOB + "/key2", "PEM2", None),
        (BOB + "#ed", None, "z6Mk"),
    ]


def test_a_hundred_keys_are_not_all_kept() -> None:
    pems = [{"id": f"{BOB}#{n}", "owner": BOB, "publicKeyPem": "PEM"} for n in range(100)]
    assert len(read_actor(actor(publicKey=pems)).public_keys) == 8


def test_an_instance_actor_without_a_name_is_named_after_its_host() -> None:
    assert read_actor(actor(type="Application", preferredUsername=...)).preferred_username == "good.test"


def test_aliases_are_exact() -> None:
    draft = read_actor(actor(alsoKnownAs=["https://good.test/users/bo", "https://good.test/users/bob/"]))
    assert draft.also_known_as == ("https://good.test/users/bo", "https://good.test/users/bob/")
