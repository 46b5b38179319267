"""Reading: threads in their order, for whom they are, at a fixed cost; several statuses; what strangers get."""

from typing import Any

from api.answers.status_extras import ContextEntity
from api.answers.statuses import StatusEntity
from api.statuses.reading import depth_first
from models.statuses import Status
from tests.api.contract import check
from tests.api.counting import counted
from tests.api.test_statuses_posting import PATH, post
from tests.fixtures_offices import OpenOffice
from tests.peers import Office


def test_a_thread_is_told_depth_first_and_oldest_first() -> None:
    edges = [(2, 1), (3, 1), (4, 2), (6, 2), (5, 3), (7, 4)]
    assert depth_first(1, edges) == [2, 4, 7, 6, 3, 5]
    assert depth_first(9, edges) == []


async def test_a_thread_shows_what_the_viewer_may_see(office: Office) -> None:
    ana, bob, eva = [await office.create_person(name) for name in ("ana", "bob", "eva")]
    root = await post(ana, "root")
    one = await post(bob, "one", in_reply_to_id=root["id"])
    secret = await post(bob, "@ana secret", in_reply_to_id=root["id"], visibility="direct")
    below = await post(ana, "below", in_reply_to_id=one["id"])
    answer = await post(ana, "@bob in public after all", in_reply_to_id=secret["id"])

    async def context(person: Any, status_id: str) -> tuple[list[str], list[str]]:
        found = check(ContextEntity, (await office.api(person).get(f"{PATH}/{status_id}/context")).json())
        return [one["id"] for one in found["ancestors"]], [one["id"] for one in found["descendants"]]

    everything = [one["id"], below["id"], secret["id"], answer["id"]]
    assert await context(ana, root["id"]) == ([], everything)
    assert await context(eva, root["id"]) == ([], [one["id"], below["id"], answer["id"]])
    assert await context(eva, answer["id"]) == ([root["id"]], [])
    assert await context(bob, below["id"]) == ([root["id"], one["id"]], [])


async def test_a_long_thread_costs_as_much_as_a_short_one(office: Office) -> None:
    ana, bob = await office.create_person("ana"), await office.create_person("bob")
    root = parent = await post(ana, "root")
    costs = []
    for _ in range(2):
        for number in range(10):
            parent = await post(bob if number % 2 else ana, f"deeper {number}", in_reply_to_id=parent["id"])
            await post(bob, f"wider {number}", in_reply_to_id=root["id"])
        await office.api(ana).get(f"{PATH}/{root['id']}")  # the token is remembered for some seconds from here
        with counted(office) as statements:
            found = (await office.api(ana).get(f"{PATH}/{root['id']}/context")).json()
        costs.append((len(statements), len(found["descendants"])))
    assert [length for _, length in costs] == [20, 40]
    assert costs[0][0] == costs[1][0]
    chain = (await office.api(ana).get(f"{PATH}/{parent['id']}/context")).json()["ancestors"]
    assert [status["id"] for status in chain[:2]] == [root["id"], chain[1]["id"]]
    assert len(chain) == 20


async def test_several_are_had_at_once_as_far_as_they_may_be_seen(office: Office) -> None:
    ana, bob = await office.create_person("ana"), await office.create_person("bob")
    one, two = await post(ana, "one"), await post(ana, "two")
    secret = await post(bob, "x", visibility="direct")
    wanted = [two["id"], secret["id"], one["id"], "1", two["id"]]
    found = check(StatusEntity, (await office.api(ana).get(PATH, id=wanted)).json())
    assert [status["id"] for status in found] == [two["id"], one["id"]]
    assert (await office.api(ana).get(PATH)).json() == []


async def test_strangers_read_what_is_public_where_the_network_is_open(open_office: OpenOffice) -> None:
    office = await open_office("madrid", federation="open")
    ana = await office.create_person("ana")
    public, local = await post(ana, "public"), await post(ana, "local", local_only=True)
    private = await post(ana, "private", visibility="private")
    nobody = office.api()
    for name in ("", "/context", "/history", "/favourited_by", "/reblogged_by"):
        assert (await nobody.get(f"{PATH}/{public['id']}{name}")).status == 200
        for hidden in (local, private):
            assert (await nobody.get(f"{PATH}/{hidden['id']}{name}")).status == 404
    assert (await nobody.get(f"{PATH}/{public['id']}/source")).status == 401
    async with office.services.database.unit_of_work() as unit:
        parent = await unit.session.get_one(Status, int(public["id"]))
        for number in [unit.new_id() for _ in range(62)]:
            unit.session.add(
                Status(id=number, uri=f"{parent.uri}#{number}", account_id=ana.id, in_reply_to_id=parent.id,
                       conversation_id=parent.conversation_id, published_at=unit.now, created_at=unit.now)
            )  # fmt: skip
    assert len((await nobody.get(f"{PATH}/{public['id']}/context")).json()["descendants"]) == 60
    assert len((await office.api(ana).get(f"{PATH}/{public['id']}/context")).json()["descendants"]) == 62
