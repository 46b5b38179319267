"""Across two offices, seen by their client APIs: quotes, who may make them, and what becomes of them."""

from tests.api.across import STATUSES, Json, Seat, body, open_pair
from tests.peers import Office

TwoOffices = tuple[Office, Office]


async def state(seat: Seat, status: Json) -> str:
    """How somebody sees the quote in a status: its state, or "none"."""
    quote = (await seat.again(status))["quote"]
    return "none" if quote is None else str(quote["state"])


async def tries(seat: Seat, quoted: Json) -> int:
    """With what quoting is answered."""
    answer = await seat.api.post(STATUSES, {"status": "Look", "quoted_status_id": quoted["id"]})
    await seat.settle()
    return answer.status


async def test_who_may_quote_is_known_at_the_other_office(two_offices: TwoOffices) -> None:
    pair = await open_pair(two_offices)
    ana, bea = pair.ana, pair.bea
    dan = await pair.seat(pair.lisbon, "dan")
    seen = {}
    for policy in ("public", "followers", "nobody"):
        written = await ana.post(policy, quote_approval_policy=policy)
        seen[policy] = await bea.sees(written["uri"])
    may = [(await seat.again(seen[policy]))["quote_approval"]["current_user"] for policy in seen for seat in (bea, dan)]
    assert may == ["automatic", "automatic", "automatic", "denied", "denied", "denied"]
    assert [await tries(dan, seen[policy]) for policy in ("followers", "nobody")] == [422, 422]
    assert [await tries(seat, seen[policy]) for seat, policy in ((bea, "followers"), (dan, "public"))] == [200, 200]
    assert sorted(await ana.heard()) == [("quote", bea.acct), ("quote", dan.acct)]
    quoters = [await ana.get(f"{STATUSES}/{await _number(ana, seen[policy])}/quotes") for policy in seen]
    assert [[one["account"]["acct"] for one in found] for found in quoters] == [[dan.acct], [bea.acct], []]
    number = await _number(ana, seen["nobody"])
    policy = {"quote_approval_policy": "public"}
    body(await ana.api.put(f"{STATUSES}/{number}/interaction_policy", policy))
    await ana.settle()
    assert (await dan.again(seen["nobody"]))["quote_approval"]["current_user"] == "automatic"
    assert await tries(dan, seen["nobody"]) == 200
    private = await bea.sees((await ana.post("private", visibility="private"))["uri"])
    assert await tries(bea, private) == 422


async def _number(seat: Seat, status: Json) -> str:
    """By which number an office knows a status."""
    (found,) = (await seat.get("/api/v2/search", q=status["uri"]))["statuses"]
    return str(found["id"])


async def test_a_quote_is_seen_on_both_sides_until_it_is_taken_back_or_gone(two_offices: TwoOffices) -> None:
    pair = await open_pair(two_offices)
    ana, bea = pair.ana, pair.bea
    one, two = await ana.post("One"), await ana.post("Two")
    quotes = []
    for original in (one, two):
        quoted = await bea.sees(original["uri"])
        made = await bea.post(f"About {quoted['content']}", quoted_status_id=quoted["id"])
        assert (await bea.again(made))["quote"]["quoted_status"]["uri"] == original["uri"]
        here = await ana.sees(made["uri"])
        assert (here["quote"]["state"], here["quote"]["quoted_status"]["id"]) == ("accepted", original["id"])
        quotes.append((made, here))
    groups = (await ana.get("/api/v2/notifications"))["notification_groups"]
    assert sorted(one["status_id"] for one in groups) == sorted(here["id"] for _, here in quotes)
    # Who quotes hears of an edit of what was quoted.
    await bea.clear()
    await ana.edit(one, status="One, better")
    assert await bea.heard() == [("quoted_update", ana.acct)]
    await ana.act(one, f"quotes/{quotes[0][1]['id']}/revoke")
    assert (await state(bea, quotes[0][0]), await state(ana, quotes[0][1])) == ("revoked", "revoked")
    body(await ana.api.delete(f"{STATUSES}/{two['id']}"))
    await ana.settle()
    assert (await state(bea, quotes[1][0]), await state(ana, quotes[1][1])) == ("deleted", "deleted")
    # A quote that is deleted is counted no more.
    third = await bea.post("Three", quoted_status_id=(await bea.sees((await ana.post("Three"))["uri"]))["id"])
    here = await ana.sees(third["uri"])
    number = here["quote"]["quoted_status"]["id"]
    assert (await ana.get(f"{STATUSES}/{number}"))["quotes_count"] == 1
    body(await bea.api.delete(f"{STATUSES}/{third['id']}"))
    await bea.settle()
    assert ((await ana.get(f"{STATUSES}/{number}"))["quotes_count"], await ana.finds(third["uri"])) == (0, None)


async def test_what_two_of_an_office_quote_of_each_other_is_seen_elsewhere(two_offices: TwoOffices) -> None:
    pair = await open_pair(two_offices)
    ana, bea = pair.ana, pair.bea
    carl = await pair.seat(pair.madrid, "carl")
    original = await carl.post("Original")
    quote = await ana.post("Look", quoted_status_id=original["id"])
    own = await ana.post("Again", quoted_status_id=quote["id"])
    there, own_there = await bea.sees(quote["uri"]), await bea.sees(own["uri"])
    assert (own_there["quote"]["state"], own_there["quote"]["quoted_status"]["uri"]) == ("accepted", quote["uri"])
    assert (there["quote"]["state"], there["quote"]["quoted_status"]["uri"]) == ("accepted", original["uri"])
    assert there["quote"]["quoted_status"]["account"]["acct"] == carl.acct
    (listed,) = await bea.get(f"{STATUSES}/{there['quote']['quoted_status']['id']}/quotes")
    assert listed["id"] == there["id"]
    (here,) = await carl.get(f"{STATUSES}/{original['id']}/quotes")
    await carl.act(original, f"quotes/{here['id']}/revoke")
    assert (await state(ana, quote), await state(bea, there)) == ("revoked", "revoked")
