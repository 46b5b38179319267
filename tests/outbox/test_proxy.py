"""proxyUrl: documents of peers for those who may read them, and no relay (case N21)."""

from typing import Any

import aiohttp
import pytest

from tests.outbox.clients import done, post_form, proxy, written
from tests.peers import Office, Person, run_until_idle
from tests.remote_peers import AS2, PUBLIC, RemoteActor, RemoteServer


@pytest.fixture
async def alice(office: Office) -> Person:
    return await office.create_person("alice")


@pytest.fixture
async def carol(remote: RemoteServer) -> RemoteActor:
    return await remote.actor("carol")


async def test_public_documents_and_actors_come_as_they_are(alice: Person, carol: RemoteActor) -> None:
    note = carol.note(unheardOf={"kept": True})
    answer = await proxy(alice, note["id"])
    assert answer.status == 200, answer.text
    assert answer.headers["Content-Type"] == "application/activity+json"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.json["unheardOf"] == {"kept": True}
    assert (await proxy(alice, carol.uri)).json["id"] == carol.uri


async def test_only_people_of_this_office_ask(office: Office, alice: Person, carol: RemoteActor) -> None:
    note = carol.note()
    assert (await office.post("/proxyUrl", {"id": note["id"]})).status == 401
    assert (await proxy(alice, note["id"], token="made-up")).status == 401
    poster = await office.create_person("poster", scopes="write")
    assert (await proxy(poster, note["id"])).status == 403
    reader = await office.create_person("reader", scopes="read")
    assert (await proxy(reader, note["id"])).status == 200
    assert ("GET", carol.server.path_of(note["id"])) in carol.server.requests


async def test_what_is_for_others_is_not_handed_on(office: Office, alice: Person, carol: RemoteActor) -> None:
    bob = await office.create_person("bob")
    documents: list[dict[str, Any]] = [
        carol.note(to=[bob.uri], cc=[]),
        carol.note(to=[], cc=[]),
        carol.note(to=[carol.followers_url], cc=[]),
        carol.note(to=[f"{carol.server.origin}/users/dave/followers"], cc=[]),
    ]
    secret = carol.note(to=[bob.uri], cc=[])
    documents.append(carol.activity("Create", secret, to=[PUBLIC]))  # a public activity around a private object
    documents.append({"id": carol.server.new_uri("pages"), "type": "OrderedCollectionPage",
                      "orderedItems": [carol.note(), secret]})  # fmt: skip
    documents.append({"id": carol.server.new_uri("pages"), "type": "OrderedCollection",
                      "first": {"type": "OrderedCollectionPage", "orderedItems": [carol.create(secret)]}})  # fmt: skip
    documents.append({"id": carol.server.new_uri("pages"), "type": "Collection",
                      "items": [{"type": "Note", "content": "for whom?", "attributedTo": carol.uri}]})  # fmt: skip
    for document in documents:
        carol.server.publish(document)
        assert (await proxy(alice, document["id"])).status == 404, document
    assert (await proxy(bob, documents[0]["id"])).status == 200
    collection: dict[str, Any] = {"id": carol.server.new_uri("pages"), "type": "OrderedCollection",
                  "orderedItems": [carol.note(), carol.uri]}  # fmt: skip
    carol.server.publish(collection)
    assert (await proxy(alice, collection["id"])).status == 200


async def test_followers_read_what_is_for_followers(two_offices: tuple[Office, Office]) -> None:
    madrid, lisbon = two_offices
    alice, bob, eve = (
        await madrid.create_person("alice"),
        await lisbon.create_person("bob"),
        await lisbon.create_person("eve"),
    )
    await done(bob, {"type": "Follow", "object": alice.uri})
    await run_until_idle(madrid, lisbon)
    private = (await done(alice, {"type": "Note", "content": "x", "to": [alice.followers_url]})).removesuffix(
        "/activity"
    )
    assert (await proxy(bob, private)).status == 200
    assert (await proxy(eve, private)).status == 404  # the instance may read it for bob, eve may not
    assert (await proxy(eve, (await written(alice))["id"])).status == 200


async def test_it_is_no_relay_and_no_telescope(
    office: Office, alice: Person, carol: RemoteActor, remote: RemoteServer, stranger: RemoteServer
) -> None:
    mal = await stranger.actor("mal")
    note = mal.note()
    asked = len(stranger.requests)
    assert (await proxy(alice, note["id"])).status == 403
    assert len(stranger.requests) == asked
    for uri in (
        "file:///etc/passwd", "ftp://elsewhere.test/", "javascript:alert(1)", "", "http://", "https://user@elsewhere.test/",
        "x" * 3000,
    ):  # fmt: skip
        assert (await proxy(alice, uri)).status in (400, 403), uri
    refusals = {
        (await proxy(alice, uri)).text for uri in ("http://10.0.0.1/", "http://[::1]:9/", "http://unknown.test/")
    }
    assert len(refusals) == 1
    own = await written(alice)
    assert (await proxy(alice, own["id"])).status == 400
    remote.documents["/page"] = b"<html></html>"
    foreign = {"@context": AS2, "id": note["id"], "type": "Note", "to": [PUBLIC], "attributedTo": mal.uri}
    remote.documents["/copy"] = foreign
    for path, status in (("/page", 502), ("/copy", 502), ("/nothing", 404)):
        assert (await proxy(alice, f"{remote.origin}{path}")).status == status
    gone = carol.note()["id"]
    remote.withdraw(gone)
    assert (await proxy(alice, gone)).status == 404


async def test_the_form_is_read_strictly_and_a_flood_is_slowed(alice: Person, carol: RemoteActor) -> None:
    assert (await post_form(alice, "/proxyUrl", aiohttp.FormData({"url": carol.uri}))).status == 400
    assert (await alice.office.post("/proxyUrl", {"id": carol.uri}, token=alice)).status == 415
    statuses = [(await proxy(alice, "nonsense")).status for _ in range(65)]
    assert set(statuses) == {400, 429}
    answer = await proxy(alice, "nonsense")
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) >= 1
