"""Private conversations through the API: between whom, in which order, and what happens when statuses go."""

from api.answers.conversations import ConversationEntity
from models.events import Kind
from tests.api.contract import check
from tests.api.counting import counted
from tests.conftest import Clock
from tests.peers import Client, Office, run_until_idle

PATH = "/api/v1/conversations"


async def say(api: Client, text: str, **more: object) -> str:
    answer = await api.post("/api/v1/statuses", {"status": text, "visibility": "direct", **more})
    assert answer.status == 200, answer.body
    return str(answer.json()["id"])


async def listed(api: Client) -> list[tuple[str, bool, list[str]]]:
    found = check(ConversationEntity, (await api.get(PATH)).json())
    return [
        (one["last_status"]["id"], one["unread"], [account["username"] for account in one["accounts"]]) for one in found
    ]


async def test_each_participant_has_a_conversation_with_its_last_status(office: Office) -> None:
    ana, ben, eva = [office.api(await office.create_person(name)) for name in ("ana", "ben", "eva")]
    listener = office.services.database.events.subscribe()
    first = await say(ana, "hello @ben")
    await ana.post("/api/v1/statuses", {"status": "public @ben", "visibility": "public"})
    assert await listed(ana) == [(first, False, ["ben"])]
    assert await listed(ben) == [(first, True, ["ana"])]
    assert await listed(eva) == []
    told = {event.account_id for event in listener.take() if event.kind is Kind.CONVERSATION_CHANGED}
    assert told == {office.people["ana"].id, office.people["ben"].id}
    answer = await say(ben, "hello @ana, and @eva", in_reply_to_id=first)
    assert await listed(ana) == [(answer, True, ["ben", "eva"])]
    assert await listed(ben) == [(answer, False, ["ana", "eva"])]
    assert await listed(eva) == [(answer, True, ["ana", "ben"])]
    note = await say(eva, "to myself")
    assert await listed(eva) == [(note, False, ["eva"]), (answer, True, ["ana", "ben"])]


async def test_a_conversation_is_read_unread_and_removed_by_its_owner_alone(office: Office) -> None:
    ana, ben = [office.api(await office.create_person(name)) for name in ("ana", "ben")]
    first = await say(ana, "hello @ben")
    path = f"{PATH}/{(await ben.get(PATH)).json()[0]['id']}"
    assert check(ConversationEntity, (await ben.post(f"{path}/read")).json())["unread"] is False
    assert await listed(ben) == [(first, False, ["ana"])]
    assert (await ben.post(f"{path}/unread")).json()["unread"] is True
    for refused in (
        await ana.post(f"{path}/read"), await ana.post(f"{path}/unread"), await ana.delete(path),
        await ben.post(f"{PATH}/7/read"),
    ):  # fmt: skip
        assert refused.status == 404
    assert (await ben.delete(path)).status == 200
    assert await listed(ben) == []
    assert await listed(ana) == [(first, False, ["ben"])]
    second = await say(ana, "are you there, @ben?", in_reply_to_id=first)
    assert await listed(ben) == [(second, True, ["ana"])]


async def test_deleting_the_last_status_shows_the_one_before_and_then_nothing(office: Office) -> None:
    ana, ben = [office.api(await office.create_person(name)) for name in ("ana", "ben")]
    first = await say(ana, "hello @ben")
    second = await say(ben, "hello @ana", in_reply_to_id=first)
    assert (await ben.delete(f"/api/v1/statuses/{second}")).status == 200
    assert await listed(ana) == [(first, True, ["ben"])]
    assert [one[0] for one in await listed(ben)] == [first]
    assert (await ana.delete(f"/api/v1/statuses/{first}")).status == 200
    assert await listed(ana) == await listed(ben) == []


async def test_whoever_is_muted_or_blocked_starts_no_conversation(office: Office) -> None:
    ana, ben, eva = [office.api(await office.create_person(name)) for name in ("ana", "ben", "eva")]
    await ben.post(f"/api/v1/accounts/{office.people['ana'].id}/mute")
    await ben.post(f"/api/v1/accounts/{office.people['eva'].id}/block")
    await say(ana, "hello @ben")
    await say(eva, "hello @ben")
    assert await listed(ben) == []
    await ben.post(f"/api/v1/accounts/{office.people['ana'].id}/unmute")
    again = await say(ana, "hello again @ben")
    assert await listed(ben) == [(again, True, ["ana"])]


async def test_conversations_are_paged_by_last_status_and_cost_the_same(office: Office, clock: Clock) -> None:
    ana = office.api(await office.create_person("ana"))
    await office.create_person("ben")
    made = [await say(ana, f"{number} @ben") for number in range(40)]
    costs = []
    for limit in (20, 40, 20, 40):
        with counted(office) as statements:
            assert len((await ana.get(PATH, limit=limit)).json()) == limit
        costs.append(len(statements))
    assert costs[2] == costs[3]
    first = await ana.get(PATH, limit=15)
    second = await ana.get(first.links["next"])
    assert [one["last_status"]["id"] for one in [*first.json(), *second.json()]] == made[::-1][:30]
    newer = await ana.get(second.links["prev"])
    assert newer.json() == first.json()


async def test_a_conversation_crosses_offices(two_offices: tuple[Office, Office]) -> None:
    madrid, lisbon = two_offices
    ana, bea = await madrid.create_person("ana"), await lisbon.create_person("bea")
    here, there = madrid.api(ana), lisbon.api(bea)
    await here.get("/api/v2/search", q=f"@{bea.acct}", resolve=True)
    await say(here, f"hello @{bea.acct}")
    await run_until_idle(madrid, lisbon)
    last, unread, people = (await listed(there))[0]
    assert (unread, people) == (True, ["ana"])
    await say(there, f"hello @{ana.acct}", in_reply_to_id=last)
    await run_until_idle(madrid, lisbon)
    assert [(unread, people) for _, unread, people in await listed(here)] == [(True, ["bea"])]
