"""Decisions about other servers through the API: the same that `tertulia peer` makes."""

from sqlalchemy import update

from api.answers.admin import AdminDomainBlockEntity, DomainAllowEntity
from models.peers import Peer
from tests.api.admin.conftest import Staff
from tests.api.contract import check

ALLOWS, BLOCKS = "/api/v1/admin/domain_allows", "/api/v1/admin/domain_blocks"


async def test_a_peer_is_confirmed_and_let_go(staff: Staff) -> None:
    api, peers = staff.as_admin, staff.office.services.peers
    made = check(DomainAllowEntity, (await api.post(ALLOWS, {"domain": "LISBON.example."})).json())
    assert made["domain"] == "lisbon.example"
    assert peers.allows("lisbon.example")
    assert (await api.post(ALLOWS, {"domain": "lisbon.example"})).json() == made
    assert (await api.get(ALLOWS)).json() == [made]
    assert (await api.get(f"{ALLOWS}/{made['id']}")).json() == made
    assert (await api.get(f"{BLOCKS}/{made['id']}")).status == 404
    assert (await api.delete(f"{ALLOWS}/{made['id']}")).json() == {}
    assert not peers.allows("lisbon.example")
    assert (await api.get(ALLOWS)).json() == []
    for refused in ("not a domain", staff.office.domain, ""):
        assert (await api.post(ALLOWS, {"domain": refused})).status == 422, refused


async def test_a_server_is_refused_as_far_as_can_be_promised(staff: Staff) -> None:
    api, peers = staff.as_admin, staff.office.services.peers
    await staff.office.confirm("spam.example")
    body = {"domain": "spam.example", "severity": "suspend", "public_comment": "Spam", "private_comment": "Eva asked"}
    made = check(AdminDomainBlockEntity, (await api.post(BLOCKS, body)).json())
    assert (made["severity"], made["public_comment"], made["private_comment"]) == ("suspend", "Spam", "Eva asked")
    assert not peers.allows("spam.example")
    again = await api.post(BLOCKS, body)
    assert (again.status, again.json()["existing_domain_block"]) == (422, made)
    for kind in ({"severity": "silence"}, {"severity": "noop"}, {"obfuscate": True}):
        assert (await api.post(BLOCKS, {"domain": "other.example", **kind})).status == 422
        assert (await api.put(f"{BLOCKS}/{made['id']}", kind)).status == 422
    changed = (await api.put(f"{BLOCKS}/{made['id']}", {"public_comment": ""})).json()
    assert (changed["public_comment"], changed["private_comment"]) == (None, "Eva asked")
    assert (await api.get(BLOCKS)).json() == [changed]
    (public,) = (await staff.as_moderator.get("/api/v1/instance/domain_blocks")).json()
    assert (public["domain"], public["digest"]) == ("spam.example", made["digest"])
    assert (await api.delete(f"{BLOCKS}/{made['id']}")).json() == {}
    assert (await api.get(BLOCKS)).json() == []
    assert not peers.allows("spam.example")  # nothing decided: in a closed network it stays outside


async def test_decisions_of_before_have_ids_too(staff: Staff) -> None:
    await staff.office.confirm("old.example", "older.example")
    async with staff.office.services.database.unit_of_work() as unit:
        await unit.session.execute(update(Peer).values(id=None))
    listed = check(DomainAllowEntity, (await staff.as_admin.get(ALLOWS)).json())
    assert {one["domain"] for one in listed} == {"old.example", "older.example"}
    page = await staff.as_admin.get(ALLOWS, limit=1)
    following = await staff.as_admin.get(page.links["next"])
    assert [*page.json(), *following.json()] == listed
