"""What is forged is refused and never stored; what is honest is stored before it is answered 202 (S01–S32, O04)."""

import pytest

from keys.signing import Scheme
from models.activities import InboundActivity
from tests.graph import count, follower_uris, journal
from tests.peers import Office
from tests.remote_peers import (
    ALTERED_BODY,
    STALE_DATE,
    UNSIGNED,
    WRONG_KEY,
    RemoteServer,
    Tamper,
    foreign_actor,
)

FORGERIES = {
    "unsigned": UNSIGNED,
    "wrong key": WRONG_KEY,
    "altered body": ALTERED_BODY,
    "stale date": STALE_DATE,
}


@pytest.mark.parametrize("scheme", list(Scheme))
async def test_an_honest_activity_is_accepted_in_every_scheme(
    office: Office, remote: RemoteServer, scheme: Scheme
) -> None:
    alice, carol = await office.create_person("alice"), await remote.actor("carol")
    answer = await carol.post(alice.inbox_url, carol.follow(alice.uri), scheme=scheme)
    assert answer.status == 202
    assert await journal(office) == [("Follow", "queued", None)]
    await office.run_until_idle()
    assert await follower_uris(office, alice.uri) == [carol.uri]
    assert remote.received_types() == ["Accept"]


@pytest.mark.parametrize("scheme", list(Scheme))
@pytest.mark.parametrize("forgery", list(FORGERIES))
async def test_a_forged_activity_is_refused_and_not_stored(
    office: Office, remote: RemoteServer, forgery: str, scheme: Scheme
) -> None:
    alice, carol = await office.create_person("alice"), await remote.actor("carol")
    follow = carol.follow(alice.uri)
    answer = await carol.post(alice.inbox_url, follow, tamper=FORGERIES[forgery], scheme=scheme)
    assert answer.status == 401
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json["detail"]
    await office.run_until_idle()
    assert await count(office, InboundActivity) == 0
    assert await follower_uris(office, alice.uri) == []


async def test_nobody_speaks_for_somebody_else(office: Office, remote: RemoteServer) -> None:
    alice, carol, mal = await office.create_person("alice"), await remote.actor("carol"), await remote.actor("mal")
    answer = await mal.post(alice.inbox_url, mal.follow(alice.uri), tamper=foreign_actor(carol.uri))
    assert answer.status == 401
    assert await count(office, InboundActivity) == 0


async def test_a_replayed_request_is_refused_the_second_time(office: Office, remote: RemoteServer) -> None:
    alice, carol = await office.create_person("alice"), await remote.actor("carol")
    answer = await carol.post(alice.inbox_url, carol.follow(alice.uri), tamper=Tamper(copies=2))
    assert answer.status == 401
    assert await count(office, InboundActivity) == 1


async def test_the_same_activity_sent_twice_has_one_effect(office: Office, remote: RemoteServer) -> None:
    alice, carol = await office.create_person("alice"), await remote.actor("carol")
    follow = carol.follow(alice.uri)
    for inbox_url in (alice.inbox_url, f"{office.origin}/inbox"):
        for scheme in (Scheme.CAVAGE_RSA, Scheme.RFC9421_RSA):
            assert (await carol.post(inbox_url, follow, scheme=scheme)).status == 202
    await office.run_until_idle()
    assert await count(office, InboundActivity) == 2
    assert await follower_uris(office, alice.uri) == [carol.uri]


async def test_an_activity_id_of_another_server_is_refused(
    office: Office, remote: RemoteServer, stranger: RemoteServer
) -> None:
    alice, carol = await office.create_person("alice"), await remote.actor("carol")
    follow = {**carol.follow(alice.uri), "id": f"{stranger.origin}/follows/1"}
    assert (await carol.post(alice.inbox_url, follow)).status == 403
    assert await count(office, InboundActivity) == 0


async def test_a_server_that_nobody_confirmed_is_refused_without_being_asked_for_its_key(
    office: Office, stranger: RemoteServer
) -> None:
    alice, mal = await office.create_person("alice"), await stranger.actor("mal")
    answer = await mal.post(alice.inbox_url, mal.follow(alice.uri))
    assert answer.status == 403
    assert stranger.requests == []
    await office.confirm(stranger)
    assert (await mal.post(alice.inbox_url, mal.follow(alice.uri))).status == 202


async def test_a_suspended_peer_is_refused_at_once(office: Office, remote: RemoteServer) -> None:
    alice, carol = await office.create_person("alice"), await remote.actor("carol")
    assert (await carol.post(alice.inbox_url, carol.follow(alice.uri))).status == 202
    await office.suspend(remote)
    assert (await carol.post(alice.inbox_url, carol.follow(alice.uri))).status == 403


@pytest.mark.filterwarnings("ignore:Sending a large body")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[1]", 400),
        (b'"text"', 400),
        (b"\xff\xfe{}", 400),
        (b'{"id":1,"id":2}', 400),
        (b'{"type":"Follow","actor":NaN}', 400),
        (b"[" * 100_000, 400),
        (b'{"a":' * 100_000, 400),
        (b'{"type":"Create","n":' + b"9" * 6000 + b"}", 400),
        (b'{"type":"Create","n":1e400}', 400),
        (b'{"type":"Create"}', 400),
        (b" " * 1_100_000, 413),
    ],
)
async def test_a_malformed_body_is_refused_before_anything_else(office: Office, body: bytes, status: int) -> None:
    answer = await office.post("/inbox", body)
    assert answer.status == status
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert await count(office, InboundActivity) == 0


async def test_a_loud_peer_is_told_to_wait(open_office, open_remote) -> None:  # type: ignore[no-untyped-def]
    office, remote = await open_office(), await open_remote()
    await office.confirm(remote)
    alice, carol = await office.create_person("alice"), await remote.actor("carol")
    rates = office.services.rates  # the office's own buckets, made small
    rates._burst, rates._per_second = 2.0, 0.01
    answers = [(await carol.post(alice.inbox_url, carol.follow(alice.uri))) for _ in range(3)]
    assert [answer.status for answer in answers] == [202, 202, 429]
    assert int(answers[-1].headers["Retry-After"]) >= 1


async def test_an_unknown_type_is_accepted_and_journalled_as_unsupported(office: Office, remote: RemoteServer) -> None:
    alice, carol = await office.create_person("alice"), await remote.actor("carol")
    assert (await carol.post(alice.inbox_url, carol.activity("Juggle", alice.uri))).status == 202
    await office.run_until_idle()
    assert await journal(office) == [("Juggle", "done", "unsupported")]


async def test_a_deleted_stranger_is_believed_without_a_stir(office: Office, remote: RemoteServer) -> None:
    carol = await remote.actor("carol")
    remote.withdraw(carol.uri, 410)
    answer = await carol.post(f"{office.origin}/inbox", carol.activity("Delete", carol.uri))
    assert answer.status == 202
    await office.run_until_idle()
    assert await count(office, InboundActivity) == 0


async def test_an_inbox_that_does_not_exist_is_only_told_to_who_signs(office: Office, remote: RemoteServer) -> None:
    carol = await remote.actor("carol")
    for number in (42, 9_223_372_036_854_775_807, 9_999_999_999_999_999_999):
        inbox_url = f"{office.origin}/users/{number}/inbox"
        follow = carol.follow(f"{office.origin}/users/{number}")
        assert (await carol.post(inbox_url, follow, tamper=UNSIGNED)).status == 401
        assert (await carol.post(inbox_url, carol.follow(follow["object"]))).status == 404
    assert await count(office, InboundActivity) == 0
