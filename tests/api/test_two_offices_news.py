"""Across two offices, seen by their client APIs: notifications, events, reports, and what moderators do."""

from typing import Any

from models.events import Kind
from tests.api.across import ACCOUNTS, STATUSES, Seat, body, open_pair
from tests.api.streams import watching
from tests.conftest import Clock
from tests.peers import Office

TwoOffices = tuple[Office, Office]
ADMIN = "read write follow admin:read admin:write"


async def groups(seat: Seat) -> list[tuple[str, list[str]]]:
    """Kind and who is behind every group, newest first."""
    found = await seat.get("/api/v2/notifications")
    names = {one["id"]: one["acct"] for one in found["accounts"]}
    return [
        (one["type"], [names[number] for number in one["sample_account_ids"]]) for one in found["notification_groups"]
    ]


async def test_what_happens_at_the_other_office_comes_as_an_event(two_offices: TwoOffices) -> None:
    pair = await open_pair(two_offices)
    ana, bea = pair.ana, pair.bea
    async with (
        watching(pair.lisbon, bea.person, "user") as home,
        watching(pair.lisbon, bea.person, "public:remote") as public,
        watching(pair.lisbon, bea.person, "direct") as direct,
    ):
        written = await ana.post("Hola")
        told = [await home.next(), await public.next()]
        assert [(one.event, one.payload["uri"]) for one in told] == [("update", written["uri"])] * 2
        number = told[0].payload["id"]
        await ana.edit(written, status="Mejor")
        edited = [await home.next(), await public.next()]
        assert {(one.event, one.payload["content"]) for one in edited} == {("status.update", "<p>Mejor</p>")}
        body(await ana.api.delete(f"{STATUSES}/{written['id']}"))
        await ana.settle()
        gone = [await home.next(), await public.next()]
        assert {(one.event, one.raw) for one in gone} == {("delete", number)}
        private = await ana.post(f"@{bea.acct} secreto", visibility="direct")
        talk = await direct.next()
        assert (talk.event, talk.payload["last_status"]["uri"]) == ("conversation", private["uri"])
        events = [await home.next()]
        while events[-1].event != "notification":
            events.append(await home.next())
        assert (events[-1].payload["type"], events[-1].payload["account"]["acct"]) == ("mention", ana.acct)


async def test_a_report_reaches_the_moderators_of_the_other_office_without_a_name(two_offices: TwoOffices) -> None:
    pair = await open_pair(two_offices)
    ana, bea = pair.ana, pair.bea
    boss = await pair.seat(pair.lisbon, "boss", is_admin=True, scopes=ADMIN)
    seen = await ana.sees((await bea.post("Compra ya"))["uri"])
    number = await ana.number(bea)
    await ana.do("/api/v1/reports", {"account_id": number, "status_ids": [seen["id"]], "comment": "spam",
                                     "category": "spam", "forward": True})  # fmt: skip
    (report,) = await boss.get("/api/v1/admin/reports")
    assert (report["comment"], report["target_account"]["account"]["acct"]) == ("spam", "bea")
    assert [one["uri"] for one in report["statuses"]] == [seen["uri"]]
    assert ana.acct not in str(report)
    assert report["account"]["domain"] == pair.madrid.domain
    assert [kind for kind, _ in await boss.heard()] == ["admin.report"]
    await ana.do("/api/v1/reports", {"account_id": number, "comment": "only here"})
    assert len(await boss.get("/api/v1/admin/reports")) == 1


async def test_what_moderators_do_is_felt_at_the_other_office(two_offices: TwoOffices) -> None:
    pair = await open_pair(two_offices)
    ana, bea = pair.ana, pair.bea
    boss = await pair.seat(pair.madrid, "boss", is_admin=True, scopes=ADMIN)
    chief = await pair.seat(pair.lisbon, "chief", is_admin=True, scopes=ADMIN)
    dan = await pair.seat(pair.lisbon, "dan")
    written = await ana.post("Antes #obra")
    seen = await bea.sees(written["uri"])

    async def act(seat: Seat, target: str, action: str, verb: str = "action", **more: Any) -> None:
        await seat.do(f"/api/v1/admin/accounts/{target}/{verb}", {"type": action, **more} if action else None)

    async def public() -> list[str]:
        return [one["uri"] for one in await dan.get("/api/v1/timelines/public")]

    # Lisbon's moderators limit or suspend somebody of Madrid for Lisbon.
    there = await chief.number(ana)
    await act(chief, there, "silence")
    assert (await dan.account(ana))["limited"] is True
    assert (await public(), (await bea.sees(written["uri"]))["id"]) == ([], seen["id"])
    await act(chief, there, "", "unsilence")
    assert await public() == [written["uri"]]
    await act(chief, there, "suspend")
    assert (await dan.account(ana))["suspended"] is True
    assert (await bea.status_of(seen), await public()) == (404, [])
    while_away = await ana.post("Mientras")
    await act(chief, there, "", "unsuspend")
    assert (await public(), await bea.finds(while_away["uri"])) == ([written["uri"]], None)

    # Madrid's own suspend: nothing more comes, and who is deleted is gone at both.
    await act(boss, ana.id, "suspend")
    assert (await ana.api.post(STATUSES, {"status": "Después"})).status == 401
    other = await dan.get("/api/v2/search", q=f"{pair.madrid.origin}/@nobody", resolve=True)
    assert other["accounts"] == []
    assert (await boss.api.delete(f"/api/v1/admin/accounts/{ana.id}")).status == 200
    await boss.settle()
    assert (await bea.status_of(seen), await bea.home(), await public()) == (404, [], [])
    assert await bea.get(f"{ACCOUNTS}/{bea.id}/following") == []
    assert (await bea.api.get(f"{ACCOUNTS}/lookup", acct=ana.acct)).status == 404


async def test_every_kind_of_notification_comes_from_the_other_office_once(
    two_offices: TwoOffices, clock: Clock
) -> None:
    pair = await open_pair(two_offices, is_connected=False)
    ana = pair.ana
    boss = await pair.seat(pair.lisbon, "boss", is_admin=True, scopes=ADMIN)
    carl, dan = await pair.seat(pair.madrid, "carl"), await pair.seat(pair.lisbon, "dan")
    await boss.about(ana, "follow", notify=True)
    own = await boss.post("Mine")
    told_now = pair.lisbon.services.database.events.subscribe()
    await ana.about(boss, "follow")
    await boss.change(locked=True)
    await carl.about(boss, "follow")
    here = (await ana.get("/api/v2/search", q=own["uri"], resolve=True))["statuses"][0]
    await ana.act(here, "favourite")
    await ana.act(here, "reblog")
    await ana.post("Look", quoted_status_id=here["id"])
    poll = {"options": ["Té", "Café"], "expires_in": 600}
    written = await ana.post(f"@{boss.acct} hola", poll=poll, quote_approval_policy="public")
    seen = await boss.sees(written["uri"])
    await boss.do(f"/api/v1/polls/{seen['poll']['id']}/votes", {"choices": [0]})
    await boss.act(seen, "reblog")
    await boss.post("About yours", quoted_status_id=seen["id"])
    # Reading it is enough: an edit is no second mention, and neither are new numbers of a poll another edit.
    told = {one["type"]: one["id"] for one in await boss.get("/api/v1/notifications")}
    await boss.do(f"/api/v1/notifications/{told['mention']}/dismiss")
    await ana.edit(written, status=f"@{boss.acct} hola!", poll=poll)
    bought = await dan.post("Compra")
    there = (await ana.get("/api/v2/search", q=bought["uri"], resolve=True))["statuses"][0]
    await ana.do("/api/v1/reports", {"account_id": there["account"]["id"], "status_ids": [there["id"]],
                                     "forward": True})  # fmt: skip
    clock.advance(hours=1)
    await ana.settle()
    heard, grouped = await boss.heard(), await groups(boss)
    body(await boss.api.post("/api/v1/domain_blocks", {"domain": pair.madrid.domain}))
    events = [one.word for one in told_now.take() if one.kind is Kind.NOTIFIED and one.account_id == boss.person.id]
    told_now.close()
    once = ["follow", "follow_request", "favourite", "reblog", "quote", "status", "status", "update", "quoted_update",
            "admin.report", "poll"]  # fmt: skip
    assert sorted(events) == sorted([*once, "mention", "severed_relationships"])
    assert sorted(kind for kind, _ in heard) == sorted([*once, "admin.sign_up"])
    names = {"follow_request": carl.acct, "admin.report": pair.madrid.domain, "admin.sign_up": "dan"}
    assert {kind: name.partition("@")[2] if kind == "admin.report" else name for kind, name in heard} == {
        kind: names.get(kind, ana.acct) for kind in (*once, "admin.sign_up")
    }
    assert sorted((kind, *who) for kind, who in grouped) == sorted(heard)
    # Who blocks a domain has nothing of it left, and is told what that has cut.
    assert await boss.heard() == [("admin.sign_up", "dan"), ("severed_relationships", "boss")]
