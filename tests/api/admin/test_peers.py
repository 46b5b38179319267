"""Peers through the administration API: a handshake of two offices, what is refused, suspension and the end."""

from collections.abc import AsyncIterator

import pytest

from api.answers.admin_peers import PeerEntity
from models.accounts import Account
from models.statuses import Status
from tests.api.admin.conftest import SCOPES, Staff
from tests.api.contract import check
from tests.conftest import NewDatabase
from tests.graph import count
from tests.peers import Client, Office, office, run_until_idle
from tests.remote_peers import RemoteServer

PEERS = "/api/v1/admin/peers"
Pair = tuple[tuple[Office, Client], tuple[Office, Client]]


@pytest.fixture
async def pair(new_database_url: NewDatabase) -> AsyncIterator[Pair]:
    """Two offices that don't know each other, each with its administrator."""
    async with office("madrid", new_database_url) as madrid, office("lisbon", new_database_url) as lisbon:
        admins = [await one.create_person("ada", is_admin=True, scopes=SCOPES) for one in (madrid, lisbon)]
        yield (madrid, madrid.api(admins[0])), (lisbon, lisbon.api(admins[1]))


async def only(api: Client) -> dict[str, object]:
    (found,) = check(PeerEntity, (await api.get(PEERS)).json())
    return dict(found)


async def test_two_administrators_agree_suspend_and_end(pair: Pair) -> None:
    (madrid, here), (lisbon, there) = pair
    made = check(PeerEntity, (await here.post(PEERS, {"domain": lisbon.domain, "note": "Our sister"})).json())
    assert (made["state"], made["proposed_by"], made["software"]) == ("proposed", "us", "tertulia")
    assert (await here.post(f"{PEERS}/{made['id']}/confirm")).status == 422  # one side alone can't
    await run_until_idle(madrid, lisbon)
    seen = await only(there)
    assert (seen["state"], seen["proposed_by"], seen["domain"]) == ("proposed", "them", madrid.domain)
    assert (await there.post(f"{PEERS}/{seen['id']}/confirm")).json()["state"] == "confirmed"
    await run_until_idle(madrid, lisbon)
    assert [(await only(api))["state"] for api in (here, there)] == ["active", "active"]

    alice, bob = await madrid.create_person("alice"), await lisbon.create_person("bob")
    found = (await madrid.api(alice).get("/api/v2/search", q=f"@{bob.acct}", resolve=True)).json()["accounts"][0]
    await madrid.api(alice).post(f"/api/v1/accounts/{found['id']}/follow")
    await run_until_idle(madrid, lisbon)
    posted = (await lisbon.api(bob).post("/api/v1/statuses", {"status": "Bom dia"})).json()
    await run_until_idle(madrid, lisbon)
    home = (await madrid.api(alice).get("/api/v1/timelines/home")).json()
    assert [status["uri"] for status in home] == [posted["uri"]]
    mine = (
        await madrid.api(alice).post("/api/v1/statuses", {"status": "Answer", "in_reply_to_id": home[0]["id"]})
    ).json()

    assert (await here.post(f"{PEERS}/{made['id']}/suspend")).json()["state"] == "suspended"
    assert not madrid.services.peers.allows(lisbon.domain)
    await run_until_idle(madrid, lisbon)
    told = await only(there)
    assert (told["state"], told["missing"]) == (
        "suspended", f"suspended by {madrid.domain}: an administrator there has to resume",
    )  # fmt: skip
    assert (await there.post(f"{PEERS}/{told['id']}/resume")).status == 422
    assert (await here.post(f"{PEERS}/{made['id']}/resume")).json()["state"] == "active"
    await run_until_idle(madrid, lisbon)
    assert (await only(there))["state"] == "active"

    assert (await here.post(f"{PEERS}/{made['id']}/end", {"delete_content": True})).json()["state"] == "ended"
    await run_until_idle(madrid, lisbon)
    gone = await only(here)
    assert gone["content_deleted_at"] is not None
    assert (await madrid.api(alice).get("/api/v1/timelines/home")).json() == [
        (await madrid.api(alice).get(f"/api/v1/statuses/{mine['id']}")).json()
    ]
    assert (await madrid.api(alice).get(f"/api/v1/accounts/{alice.id}")).json()["following_count"] == 0
    assert await count(madrid, Account, Account.domain.is_not(None)) == 0
    assert await count(madrid, Status) == 1
    told = await only(there)
    assert (told["state"], told["ended_by"]) == ("ended", "them")
    assert not lisbon.services.peers.allows(madrid.domain)
    assert (await there.post(f"{PEERS}/{told['id']}/end")).status == 200
    assert await count(lisbon, Account, Account.domain.is_not(None)) > 0  # nobody there wanted it deleted


async def test_what_can_not_be_is_refused(staff: Staff, remote: RemoteServer) -> None:
    api = staff.as_admin
    for domain in ("not a domain", staff.office.domain, "127.0.0.9:9", remote.host, ""):
        assert (await api.post(PEERS, {"domain": domain})).status == 422, domain
    for verb in ("confirm", "reject", "suspend", "resume", "end"):
        assert (await api.post(f"{PEERS}/1/{verb}")).status == 404
    made = check(PeerEntity, (await api.post(PEERS, {"domain": remote.host, "limited": True})).json())
    assert (made["state"], made["limited"], made["software"]) == ("active", True, "mastodon")
    assert any("No topic archives" in limit for limit in made["limits"])
    assert (await api.get(f"{PEERS}/{made['id']}")).json() == made
    for verb in ("confirm", "reject", "resume"):
        assert (await api.post(f"{PEERS}/{made['id']}/{verb}")).status == 422, verb
    assert (await api.post(f"{PEERS}/{made['id']}/end")).json()["state"] == "ended"
    await staff.office.run_until_idle()
    assert remote.received == []  # it wouldn't understand
