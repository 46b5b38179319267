"""Across two offices, seen by their client APIs: follows of every kind, blocks, mutes, blocked domains, moves."""

from tests.api.across import ACCOUNTS, STATUSES, body, open_pair
from tests.peers import Office

TwoOffices = tuple[Office, Office]


async def test_following_is_seen_from_both_sides_and_so_is_its_end(two_offices: TwoOffices) -> None:
    pair = await open_pair(two_offices, is_connected=False)
    ana, bea = pair.ana, pair.bea
    made = await bea.about(ana, "follow", notify=True, reblogs=False, languages=["es"])
    assert (made["notifying"], made["showing_reblogs"], made["languages"]) == (True, False, ["es"])
    there = await bea.relationship(ana)
    here = await ana.relationship(bea)
    assert (there["following"], there["requested"], here["followed_by"]) == (True, False, True)
    assert await ana.heard() == [("follow", bea.acct)]
    (follower,) = await ana.get(f"{ACCOUNTS}/{ana.id}/followers")
    (followed,) = await bea.get(f"{ACCOUNTS}/{bea.id}/following")
    assert (follower["acct"], followed["acct"]) == (bea.acct, ana.acct)
    assert ((await ana.account(ana))["followers_count"], (await bea.account(bea))["following_count"]) == (1, 1)

    # `notify` rings for a post, `languages` leaves out what is written in others, `reblogs` leaves out boosts.
    wanted = await ana.post("Hola", language="es")
    unread = await ana.post("Hello", language="en")
    carl = await pair.seat(pair.madrid, "carl")
    boosted = await carl.post("De Carl", language="es")
    await ana.act(boosted, "reblog")
    assert [status["uri"] for status in await bea.home()] == [wanted["uri"]]
    assert ("status", ana.acct) in await bea.heard()
    await bea.about(ana, "follow", notify=False, reblogs=True, languages=[])
    await ana.act(boosted, "unreblog")
    await ana.act(boosted, "reblog")
    assert (await bea.sees(boosted["uri"]))["reblog"]["account"]["acct"] == carl.acct
    assert await bea.finds(unread["uri"]) is None

    await bea.about(ana, "unfollow")
    assert (await ana.relationship(bea))["followed_by"] is False
    assert await ana.get(f"{ACCOUNTS}/{ana.id}/followers") == []
    later = await ana.post("Later", visibility="private")
    assert await bea.finds(later["uri"]) is None
    # The other way round: who is followed ends it.
    await bea.about(ana, "follow")
    assert (await ana.about(bea, "remove_from_followers"))["followed_by"] is False
    assert (await bea.relationship(ana))["following"] is False


async def test_a_locked_account_decides(two_offices: TwoOffices) -> None:
    pair = await open_pair(two_offices, is_connected=False)
    ana, bea = pair.ana, pair.bea
    await ana.change(locked=True)
    asked = await bea.about(ana, "follow")
    assert (asked["following"], asked["requested"], (await bea.account(ana))["locked"]) == (False, True, True)
    assert (await ana.heard(), (await ana.relationship(bea))["requested_by"]) == ([("follow_request", bea.acct)], True)
    (request,) = await ana.get("/api/v1/follow_requests")
    private = await ana.post("For followers", visibility="private")
    await ana.do(f"/api/v1/follow_requests/{request['id']}/reject")
    refused = await bea.relationship(ana)
    assert (refused["following"], refused["requested"], await bea.home()) == (False, False, [])

    await bea.about(ana, "follow")
    assert (await bea.about(ana, "unfollow"))["requested"] is False
    assert await ana.get("/api/v1/follow_requests") == []
    await bea.about(ana, "follow")
    assert (await ana.do(f"/api/v1/follow_requests/{request['id']}/authorize"))["followed_by"] is True
    assert (await bea.relationship(ana))["following"] is True
    second = await ana.post("For followers too", visibility="private")
    seen = await bea.sees(second["uri"])
    assert (seen["visibility"], await bea.finds(private["uri"])) == ("private", None)
    # What is for followers is nobody else's, neither by number nor by address.
    dan = await pair.seat(pair.lisbon, "dan")
    assert await dan.status_of(seen) == 404
    assert (await dan.get("/api/v2/search", q=second["uri"], resolve=True))["statuses"] == []
    assert (await dan.get(f"{ACCOUNTS}/{await dan.number(ana)}/statuses")) == []
    assert (await bea.api.post(f"{STATUSES}/{seen['id']}/reblog")).status in (403, 404, 422)


async def test_a_block_ends_everything_and_a_mute_stays_at_home(two_offices: TwoOffices) -> None:
    pair = await open_pair(two_offices)
    ana, bea = pair.ana, pair.bea
    before = await ana.post("Before")
    seen = await bea.sees(before["uri"])
    blocked = await ana.about(bea, "block")
    assert (blocked["blocking"], blocked["following"], blocked["followed_by"]) == (True, False, False)
    there = await bea.relationship(ana)
    assert (there["blocked_by"], there["following"], there["followed_by"]) == (True, False, False)
    assert await bea.status_of(seen) == 404
    assert await bea.home() == []
    assert (await bea.api.get(f"{ACCOUNTS}/{await bea.number(ana)}/statuses")).json() == []
    assert (await bea.api.post(f"{STATUSES}/{seen['id']}/favourite")).status == 404
    assert (await bea.api.post(f"{ACCOUNTS}/{await bea.number(ana)}/follow")).status == 403
    await bea.post(f"@{ana.acct} why?")
    assert await ana.heard() == []
    await ana.about(bea, "unblock")
    assert (await bea.relationship(ana))["blocked_by"] is False
    assert await bea.status_of(seen) == 200
    await bea.about(ana, "follow")
    assert (await ana.relationship(bea))["followed_by"] is True

    await bea.about(ana, "mute")
    quiet = await ana.post(f"@{bea.acct} quiet")
    assert (await bea.finds(quiet["uri"]), await bea.heard()) == (None, [])
    assert (await ana.relationship(bea))["followed_by"] is True
    shown = await bea.get("/api/v2/search", q=quiet["uri"])
    assert [one["uri"] for one in shown["statuses"]] == [quiet["uri"]]
    await bea.about(ana, "unmute")
    await bea.sees(quiet["uri"])


async def test_a_blocked_domain_is_not_seen_nor_followed_from(two_offices: TwoOffices) -> None:
    pair = await open_pair(two_offices)
    ana, bea = pair.ana, pair.bea
    written = await ana.post("Public #obra")
    await bea.sees(written["uri"])
    assert (await bea.api.post("/api/v1/domain_blocks", {"domain": pair.madrid.domain})).status == 200
    await bea.settle()
    there, here = await bea.relationship(ana), await ana.relationship(bea)
    assert (there["domain_blocking"], there["followed_by"], here["following"]) == (True, False, False)
    assert here["followed_by"] is False
    await ana.post(f"@{bea.acct} hello")
    assert [kind for kind, _ in await bea.heard()] == ["severed_relationships"]
    assert (await bea.home(), await bea.get("/api/v1/timelines/tag/obra")) == ([], [])
    dan = await pair.seat(pair.lisbon, "dan")
    assert [status["uri"] for status in await dan.get("/api/v1/timelines/tag/obra")] == [written["uri"]]
    assert (await bea.api.delete("/api/v1/domain_blocks", {"domain": pair.madrid.domain})).status == 200
    assert [status["uri"] for status in await bea.get("/api/v1/timelines/tag/obra")] == [written["uri"]]


async def test_followers_go_along_when_somebody_moves_to_the_other_office(two_offices: TwoOffices) -> None:
    pair = await open_pair(two_offices)
    ana, bea = pair.ana, pair.bea
    new = await pair.seat(pair.lisbon, "ana_lx")
    carl = await pair.seat(pair.madrid, "carl")
    await carl.about(ana, "follow")
    refused = await ana.api.post("/api/v1/tertulia/move", {"acct": new.acct})
    assert refused.status == 422
    (alias,) = await new.do("/api/v1/tertulia/aliases", {"acct": ana.acct})
    assert alias["acct"] == ana.acct
    await ana.do("/api/v1/tertulia/move", {"acct": new.acct})
    assert (await bea.account(ana))["moved"]["acct"] == new.person.name
    followers = body(await new.api.get(f"{ACCOUNTS}/{new.id}/followers"))
    assert sorted(one["acct"] for one in followers) == ["bea", carl.acct]
    assert (await carl.relationship(new))["following"] is True
    assert (await bea.relationship(ana))["following"] is False
    assert (await bea.api.post(f"{ACCOUNTS}/{await bea.number(ana)}/follow")).status in (403, 422)
