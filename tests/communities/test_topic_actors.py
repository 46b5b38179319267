"""A topic seen from outside: who may follow it, what it announces and to whom, and what others may tell us."""

from typing import Any

import orjson
import pytest

from communities.topics import TOPICS, ensure_topic
from inbox.archives import ArchiveRefused, read_page
from inbox.incoming import Outcome
from keys.integrity_proofs import add_proof
from keys.signing import Scheme
from social.tags import find_or_create_tag
from tests.graph import journal, status
from tests.peers import Client, Office
from tests.remote_peers import PUBLIC, JsonObject, RemoteActor, RemoteServer
from tests.security.cast import proven, send

STATUSES = "/api/v1/statuses"
IMPLEMENTS = [{"name": "topics", "href": TOPICS}]


async def write(api: Client, text: str, **more: Any) -> dict[str, Any]:
    answer = await api.post(STATUSES, {"status": text, **more})
    assert answer.status == 200, answer.body
    written: dict[str, Any] = answer.json()
    await api.office.run_until_idle()
    return written


def told(server: RemoteServer, kind: str) -> list[Any]:
    """What arrived of a type: the id of its object, and of the object of that."""
    return [received.json["object"] for received in server.received if received.type == kind]


async def test_followers_elsewhere_get_what_our_people_say_to_everybody(office: Office, remote: RemoteServer) -> None:
    carol, api = await remote.actor("carol"), office.api(await office.create_person("ana"))
    topic = f"{office.origin}/tags/innovacion"
    assert await send(office, carol, carol.follow(topic)) == [Outcome.INVALID]  # nobody has used it yet
    first = await write(api, "Una #innovación")
    assert await send(office, carol, carol.follow(topic), to=f"{topic}/inbox") == [Outcome.APPLIED]
    assert remote.received_types() == ["Accept"]
    found = (await office.get("/.well-known/webfinger?resource=acct:%2523innovaci%25C3%25B3n@" + office.domain)).json
    assert found["subject"] == f"acct:tag-innovacion@{office.domain}"
    assert topic in found["aliases"]

    await write(api, "baja la voz #innovación", visibility="unlisted")
    await write(api, "para los míos #innovación", visibility="private")
    await write(api, "solo aquí #innovación", local_only=True)
    assert told(remote, "Announce") == []
    second = await write(api, "Otra #Innovación y otra #innovacion")
    assert told(remote, "Announce") == [second["uri"]]  # the id, once
    announce = next(one.json for one in remote.received if one.type == "Announce")
    assert announce["actor"] == topic
    read = await carol.get(announce["id"])
    assert (read.status, read.json) == (200, announce)
    assert announce["proof"]["verificationMethod"] == f"{topic}#ed25519-key"
    for received in remote.received:
        await remote.verify(received)  # with the key that the topic lists

    assert (await api.put(f"{STATUSES}/{first['id']}", {"status": "ya sin ella"})).status == 200
    assert (await api.put(f"{STATUSES}/{second['id']}", {"status": "tampoco"})).status == 200
    await office.run_until_idle()
    undone = told(remote, "Undo")
    assert [one["object"] for one in undone] == [second["uri"]]  # what was never announced isn't taken back
    assert (await api.put(f"{STATUSES}/{second['id']}", {"status": "de nuevo #innovación"})).status == 200
    await office.run_until_idle()
    announced = [one.json for one in remote.received if one.type == "Announce"]
    assert [one["object"] for one in announced] == [second["uri"]] * 2
    assert len({one["id"] for one in announced}) == 2
    assert (await api.delete(f"{STATUSES}/{second['id']}")).status == 200
    await office.run_until_idle()
    assert [one["id"] for one in told(remote, "Delete")] == [second["uri"]]

    assert await send(office, carol, carol.activity("Undo", carol.follow(topic))) == [Outcome.APPLIED]
    await write(api, "nadie escucha #innovación")
    assert len(told(remote, "Announce")) == 2


async def test_a_topic_is_nobody(office: Office) -> None:
    ana, bea = await office.create_person("ana"), await office.create_person("bea")
    api = office.api(ana)
    await write(api, "#calidad")
    async with office.services.database.unit_of_work() as unit:
        topic = await ensure_topic(unit, await find_or_create_tag(unit, "calidad", "calidad"))
        topic_id = topic.id
    for path in ("/api/v1/directory", "/api/v2/suggestions", "/api/v1/accounts/search?q=tag"):
        assert "tag-calidad" not in (await api.get(path)).body.decode(), path
    found = (await api.get("/api/v1/accounts/lookup", acct="tag-calidad")).json()
    assert (found["display_name"], found["bot"]) == ("#calidad", True)
    assert (await api.post(f"/api/v1/accounts/{topic_id}/follow")).status in (403, 404, 422)
    direct = await write(api, "@tag-calidad @bea hola", visibility="direct")
    assert [one["acct"] for one in direct["mentions"]] == ["bea"]
    assert (await office.api(bea).get(f"{STATUSES}/{direct['id']}")).status == 200


async def peer_with_topic(office: Office, server: RemoteServer) -> tuple[RemoteActor, RemoteActor]:
    """A peer that has topics, subscribed to under #calidad: its topic and carol."""
    async with office.services.database.unit_of_work() as unit:
        await office.services.peers.admit(unit, server.host, is_limited=False)
    await server.actor("instance", uri=f"{server.origin}/actor", type="Application", handle=server.address,
                       implements=IMPLEMENTS)  # fmt: skip
    topic = await server.actor(
        "tag-calidad", uri=f"{server.origin}/tags/calidad", type="Service", implements=IMPLEMENTS
    )
    reader = office.api(await office.create_person("rosa"))
    assert (await reader.post("/api/v1/tags/Calidad/follow")).status == 200
    await office.run_until_idle()
    follow = next(received.json for received in server.received if received.type == "Follow")
    assert (follow["actor"], follow["object"]) == (f"{office.origin}/actor", topic.uri)
    assert await send(office, topic, topic.activity("Accept", follow)) == [Outcome.APPLIED]
    return topic, await server.actor("carol")


def create_of(author: RemoteActor, *, tag: str | None = "#calidad", to: str = PUBLIC) -> JsonObject:
    uri = author.server.new_uri("notes")
    tags = [{"type": "Hashtag", "name": tag, "href": f"{author.server.origin}/tags/x"}] if tag else []
    note = {"id": uri, "type": "Note", "attributedTo": author.uri, "to": [to], "cc": [], "content": "<p>x</p>",
            "tag": tags}  # fmt: skip
    context = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v2",
               {"Hashtag": "as:Hashtag"}]  # fmt: skip
    return {"@context": context, "id": f"{uri}/activity", "type": "Create", "actor": author.uri, "to": [to], "cc": [],
            "object": note}  # fmt: skip


async def test_a_topic_tells_only_what_its_own_people_signed(
    office: Office, remote: RemoteServer, open_remote: Any
) -> None:
    evil = await open_remote()
    await office.confirm(evil)
    topic, carol = await peer_with_topic(office, remote)
    mal = await evil.actor("mal")
    honest, altered = create_of(carol), proven(carol, create_of(carol))
    altered["object"] = {**altered["object"], "content": "<p>said by nobody</p>"}
    followers = f"{carol.uri}/followers"
    cases = [
        (proven(carol, honest), Outcome.APPLIED),
        (proven(mal, create_of(mal)), Outcome.FOREIGN_AUTHOR),
        (create_of(carol), Outcome.NOT_PROVEN),
        (altered, Outcome.NOT_PROVEN),
        (add_proof(create_of(carol), key=mal.ed25519, verification_method=mal.key_id(Scheme.RFC9421_ED25519),
                   now=remote.clock()), Outcome.NOT_PROVEN),
        (proven(carol, create_of(carol, tag="#ventas")), Outcome.WITHOUT_TAG),
        (proven(carol, create_of(carol, tag=None)), Outcome.WITHOUT_TAG),
        (proven(carol, create_of(carol, to=followers)), Outcome.NOT_PUBLIC),
    ]  # fmt: skip
    for create, outcome in cases:
        assert await send(office, topic, topic.activity("Announce", create)) == [outcome]
        assert (await status(office, create["object"]["id"]) is not None) == (outcome is Outcome.APPLIED)
    assert (await send(office, topic, topic.activity("Announce", proven(carol, honest)))) == [Outcome.DUPLICATE]

    ours = await write(office.api(await office.create_person("ana")), "#calidad nuestra")
    assert await send(office, topic, topic.activity("Announce", ours["uri"])) == [Outcome.FOREIGN_AUTHOR]
    counted = [outcome for _, _, outcome in await journal(office)].count(Outcome.FOREIGN_AUTHOR)
    assert counted == 2  # with its host in the journal, where it is counted


COLLECTION = "https://peer.test/tags/calidad/outbox"


def page(**more: Any) -> bytes:
    items = [{"type": "Announce", "object": {"type": "Create"}}]
    return orjson.dumps({"id": f"{COLLECTION}?before=900", "type": "OrderedCollectionPage", "partOf": COLLECTION,
                         "orderedItems": items, "next": f"{COLLECTION}?before=800", **more})  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        page(next=f"{COLLECTION}?before=900"),
        page(next=f"{COLLECTION}?before=901"),
        page(next="https://evil.test/tags/calidad/outbox?before=1"),
        page(next="https://peer.test/tags/other/outbox?before=1"),
        page(next=f"{COLLECTION}?before=-1"),
        page(next={"id": f"{COLLECTION}?before=1"}),
        page(orderedItems=[]),
        page(orderedItems=[{}] * 501),
        page(orderedItems="all of it"),
        page(partOf="https://peer.test/tags/other/outbox"),
        page(id=f"{COLLECTION}?before=700"),
        b"[]",
        b'{"id": "' + b"x" * 5_000_000 + b'"}',
    ],
)
def test_an_archive_can_not_loop_lead_elsewhere_or_never_end(body: bytes) -> None:
    url = f"{COLLECTION}?before=900"
    assert read_page(page(), collection=COLLECTION, url=url, position=900).following == 800
    with pytest.raises(ArchiveRefused):
        read_page(body, collection=COLLECTION, url=url, position=900)
