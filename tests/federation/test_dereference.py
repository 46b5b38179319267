"""Fetching documents: signed, at home, strictly ActivityPub, and never twice more than needed."""

from typing import Any

import pytest
from aiohttp import web

from federation.client import BudgetExhausted, FetchBudget, RemoteError
from federation.dereference import (
    ACCEPT,
    AccessDenied,
    Gone,
    HostNotAllowed,
    HostTroubled,
    NotFound,
    UnusableDocument,
    fetch_document,
    is_activitypub,
)
from federation.services import Services
from keys.keypairs import PublicKey
from keys.requests import HttpMessage
from keys.signing import Scheme
from keys.verification import verify_request
from tests.federation.conftest import RemoteActor, World

AS2 = "https://www.w3.org/ns/activitystreams"
PROFILE = f'application/ld+json; profile="{AS2}"'


def note(uri: str, **changes: Any) -> dict[str, Any]:
    return {"@context": AS2, "id": uri, "type": "Note", "content": "hello", **changes}


def message_of(request: web.BaseRequest) -> HttpMessage:
    headers = [(name.decode(), value.decode()) for name, value in request.raw_headers]
    return HttpMessage(request.method, "http", request.headers["Host"], request.raw_path, headers)


async def signed_by_instance(services: Services, request: web.BaseRequest) -> str:
    """The scheme in which the request is validly signed by our instance actor; fails when it isn't."""

    async def find(key_id: str) -> PublicKey | None:
        async with services.database.reading() as session:
            rows = await services.keyring.public_keys(session, 1)
        return {row.key_id: PublicKey.from_pem(row.public_pem) for row in rows}.get(key_id)

    return (await verify_request(message_of(request), find_key=find, now=services.clock())).scheme


@pytest.mark.parametrize(
    "content_type", ["application/activity+json", "application/activity+json; charset=utf-8", PROFILE]
)
async def test_a_document_at_home_is_fetched_and_signed_for(
    services: Services, world: World, content_type: str
) -> None:
    uri = world.url("good.test", "/notes/1?page=2")
    world.publish(uri, note(uri), content_type=content_type)
    found = await fetch_document(services, uri)
    assert (found.url, found.document["id"], found.document["content"]) == (uri, uri, "hello")
    assert b'"hello"' in found.raw
    assert world.visits == [f"GET {uri}"]
    assert world.requests[0].headers.getall("Accept") == [ACCEPT]
    assert await signed_by_instance(services, world.requests[0]) == "cavage"


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html", "application/json", "image/png", "", "application/ld+json", "text/plain",
        'application/ld+json; profile="https://evil.test/ns"', "application/octet-stream",
        f'application/ld+json; profile="{AS2}x"', f'application/ld+json; profile="{AS2}"; profile="x"',
        f"application/ld+json; profile='{AS2}'", f"application/json; profile=\"{AS2}\"",
    ],
)  # fmt: skip
async def test_what_is_not_served_as_activitypub_is_not_believed(
    services: Services, world: World, content_type: str
) -> None:
    uri = world.url("good.test", "/uploads/evil.json")
    world.publish(uri, note(uri), content_type=content_type)
    with pytest.raises(UnusableDocument):
        await fetch_document(services, uri)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("APPLICATION/Activity+JSON", True),
        (f'application/ld+json;profile="{AS2}"', True),
        (f'application/ld+json; charset=utf-8; profile="x:y {AS2}"', True),
        (f"application/ld+json; profile={AS2}", True),
        ("", False),
        ("application/activity+jsonp", False),
        ('application/ld+json; profile="', False),
        ("application/ld+json; " + "a=b; " * 10_000, False),
    ],
)
def test_content_types_are_read_strictly(content_type: str, expected: bool) -> None:
    assert is_activitypub(content_type) is expected


async def test_another_id_of_the_same_origin_is_asked_there_once(services: Services, world: World) -> None:
    short, uri = world.url("good.test", "/s/1"), world.url("good.test", "/notes/1")
    world.publish(short, note(uri, content="copy"))
    world.publish(uri, note(uri))
    assert (await fetch_document(services, short)).document["content"] == "hello"
    assert world.visits == [f"GET {short}", f"GET {uri}"]


async def test_an_id_that_does_not_confirm_itself_is_refused(services: Services, world: World) -> None:
    uri = world.url("good.test", "/notes/1")
    world.publish(uri, note(uri + "/2"))
    world.publish(uri + "/2", note(uri + "/3"))
    world.publish(uri + "/3", note(uri + "/3"))
    with pytest.raises(UnusableDocument):
        await fetch_document(services, uri)
    assert len(world.visits) == 2


async def test_nobody_speaks_for_another_origin(services: Services, world: World, carol: RemoteActor) -> None:
    fake = world.url("evil.test", "/x")
    world.publish(fake, carol.document(inbox=world.url("evil.test", "/inbox")))
    with pytest.raises(UnusableDocument):
        await fetch_document(services, fake)
    assert world.visits == [f"GET {fake}"]


@pytest.mark.parametrize("variant", ["#x", "/", "/../1"])
async def test_an_id_is_an_exact_string(services: Services, world: World, variant: str) -> None:
    uri = world.url("good.test", "/notes/1")
    world.publish(uri, note(uri + variant))
    with pytest.raises(RemoteError):
        await fetch_document(services, uri)


async def test_an_https_id_is_not_found_over_http(services: Services, world: World) -> None:
    uri = world.url("good.test", "/notes/1")
    world.publish(uri, note(uri.replace("http:", "https:")))
    with pytest.raises(UnusableDocument):
        await fetch_document(services, uri)


async def test_an_international_id_is_what_was_asked_for(services: Services, world: World) -> None:
    uri = world.url("good.test", "/users/josé")
    world.publish(world.url("good.test", "/users/jos%C3%A9"), note(uri))
    assert (await fetch_document(services, uri)).document["id"] == uri


async def test_an_open_redirector_gives_nothing(services: Services, world: World) -> None:
    redirector, fake = world.url("good.test", "/redirect"), world.url("evil.test", "/notes/1")
    world.redirect(redirector, fake)
    world.publish(fake, note(world.url("good.test", "/notes/1")))
    with pytest.raises(UnusableDocument):
        await fetch_document(services, redirector)


async def test_a_redirect_to_the_home_of_a_document_is_followed_and_signed_again(
    services: Services, world: World
) -> None:
    old, uri = world.url("old.test", "/notes/1"), world.url("good.test", "/notes/1")
    world.redirect(old, uri)
    world.publish(uri, note(uri))
    assert (await fetch_document(services, old)).document["id"] == uri
    for request in world.requests:
        assert await signed_by_instance(services, request) == "cavage"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, NotFound), (410, Gone), (401, AccessDenied), (403, AccessDenied), (406, UnusableDocument),
        (429, HostTroubled), (500, HostTroubled), (503, HostTroubled), (304, HostTroubled),
    ],
)  # fmt: skip
async def test_each_refusal_has_its_own_error(
    services: Services, world: World, status: int, error: type[RemoteError]
) -> None:
    uri = world.url("good.test", "/notes/1")
    world.publish(uri, note(uri), status=status)
    with pytest.raises(error) as caught:
        await fetch_document(services, uri)
    assert type(caught.value) is error
    assert len(world.visits) == (2 if status in (401, 403) else 1)


async def test_a_tombstone_is_gone(services: Services, world: World) -> None:
    uri = world.url("good.test", "/notes/1")
    world.publish(uri, {"@context": AS2, "id": uri, "type": "Tombstone"})
    with pytest.raises(Gone):
        await fetch_document(services, uri)


@pytest.mark.parametrize("status", [200, 404, 410])
async def test_only_the_server_that_was_asked_can_say_that_something_is_gone(
    services: Services, world: World, status: int
) -> None:
    uri, elsewhere = world.url("good.test", "/redirect"), world.url("evil.test", "/x")
    world.redirect(uri, elsewhere)
    world.publish(elsewhere, {"@context": AS2, "id": elsewhere, "type": "Tombstone"}, status=status)
    with pytest.raises(UnusableDocument):
        await fetch_document(services, uri)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"id": 1}', b"\xff\xfe", b'{"id":"a","id":"b"}', b"[" * 100_000])
async def test_what_can_not_be_read_is_refused(services: Services, world: World, body: bytes) -> None:
    uri = world.url("good.test", "/notes/1")
    world.publish(uri, body)
    with pytest.raises(UnusableDocument):
        await fetch_document(services, uri)


def speaking_only(scheme: str, document: dict[str, Any], services: Services, challenge: str | None = None) -> Any:
    """A handler that lets in only who signs in this way."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if await signed_by_instance(services, request) == scheme:
            return web.json_response(document, content_type="application/activity+json")
        return web.Response(status=401, headers={} if challenge is None else {"Accept-Signature": challenge})

    return answer


async def test_who_refuses_one_way_of_signing_is_asked_in_the_other_which_is_remembered(
    services: Services, world: World
) -> None:
    uri = world.url("good.test", "/notes/1")
    world.handle(uri, speaking_only("rfc9421", note(uri), services))
    await fetch_document(services, uri)
    assert len(world.visits) == 2
    await fetch_document(services, uri)
    assert len(world.visits) == 3
    assert services.hosts.scheme_for(world.host("good.test")) is Scheme.RFC9421_RSA
    world.handle(uri, speaking_only("cavage", note(uri), services))
    await fetch_document(services, uri)
    await fetch_document(services, uri)
    assert len(world.visits) == 6
    assert services.hosts.scheme_for(world.host("good.test")) is Scheme.CAVAGE_RSA


async def test_a_challenge_is_answered_with_what_it_asks_for(services: Services, world: World) -> None:
    uri = world.url("good.test", "/notes/1")
    challenge = 'please=("@method" "@target-uri" "@authority");created;nonce="abc";alg="ed25519"'
    world.handle(uri, speaking_only("rfc9421", note(uri), services, challenge))
    await fetch_document(services, uri)
    answer = world.requests[1].headers["Signature-Input"]
    assert answer.startswith('please=("@method" "@target-uri" "@authority")')
    assert 'nonce="abc"' in answer
    assert "#ed25519-key" in answer


async def test_public_documents_teach_nothing_about_signatures(services: Services, world: World) -> None:
    uri = world.url("good.test", "/notes/1")
    world.publish(uri, note(uri))
    await services.hosts.learned(world.host("good.test"), Scheme.RFC9421_ED25519)
    await fetch_document(services, uri)
    assert services.hosts.scheme_for(world.host("good.test")) is Scheme.RFC9421_ED25519


async def test_every_request_counts_against_the_budget(services: Services, world: World) -> None:
    uri = world.url("good.test", "/notes/1")
    world.redirect(uri, uri + "/2")
    world.publish(uri + "/2", note(uri + "/2"))
    budget = FetchBudget(3)
    await fetch_document(services, uri, budget=budget)
    assert budget.remaining == 1
    with pytest.raises(BudgetExhausted):
        await fetch_document(services, uri, budget=budget)


@pytest.mark.parametrize("url", ["http://office.test/users/1", "http://office.test", "http://OFFICE.test./users/1"])
async def test_we_never_ask_ourselves(services: Services, world: World, url: str) -> None:
    with pytest.raises(HostNotAllowed):
        await fetch_document(services, url)
    assert world.visits == []


@pytest.mark.parametrize("is_closed", [True])
async def test_in_a_closed_network_only_confirmed_peers_are_asked(services: Services, world: World) -> None:
    uri, elsewhere = world.url("good.test", "/notes/1"), world.url("other.test", "/notes/1")
    world.publish(uri, note(uri))
    with pytest.raises(HostNotAllowed):
        await fetch_document(services, uri)
    async with services.database.unit_of_work() as unit:
        await services.peers.admit(unit, world.host("good.test"))
    await fetch_document(services, uri)
    world.redirect(uri, elsewhere)
    world.publish(elsewhere, note(elsewhere))
    with pytest.raises(HostNotAllowed):
        await fetch_document(services, uri)
    assert world.visits == [f"GET {uri}"] * 2


async def test_in_an_open_network_a_suspended_peer_is_not_asked(services: Services, world: World) -> None:
    async with services.database.unit_of_work() as unit:
        await services.peers.suspend(unit, "evil.test")
    with pytest.raises(HostNotAllowed):
        await fetch_document(services, world.url("EVIL.test", "/notes/1"))
    assert world.visits == []
