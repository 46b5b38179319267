"""Digests: what is lost without a trace is found by comparing, and mended; nobody learns or loses more by it."""

from datetime import timedelta

from sqlalchemy import delete, select, update

from federation.dereference import fetch_signed
from federation.sync.digests import POSTS, DigestPage, digests_url, parse_digests
from inbox.sync.compare import compare_once
from inbox.sync.figures import SyncFigures, sync_figures
from models.activities import Delivery
from models.sync import DigestDay, DigestMark, PeerSync
from server.commands.peer_sync import is_open, lines_of
from tests.api.across import ACCOUNTS, STATUSES, Json, Pair, body, open_pair
from tests.conftest import Clock
from tests.peers import Office, run_until_idle
from tests.sync.test_restored import visible


async def lose_log(office: Office, *, without_trace: bool = True) -> None:
    """The queue and the log are gone; without a trace, no peer can see from numbers that there was anything."""
    async with office.services.database.unit_of_work() as unit:
        await unit.session.execute(delete(Delivery))
        if not without_trace:
            await unit.session.execute(update(PeerSync).values(last_number=PeerSync.last_number + 40))


async def compare(office: Office, other: Office, *others: Office) -> SyncFigures:
    while await compare_once(office.services, other.host):
        pass
    await run_until_idle(office, *others)
    return await sync_figures(office.services, other.host)


async def digests(office: Office, other: Office, days: int = 3) -> DigestPage:
    """What `other` says to have told `office`."""
    today = office.services.clock().date()
    first = today - timedelta(days=days)
    answer = await fetch_signed(office.services, digests_url(other.origin, first, today))
    return parse_digests(answer.body, first, today)


async def say_things(pair: Pair) -> tuple[list[Json], Json]:
    """Twenty posts with edits and deletions, boosts, and one of the office alone; those that are there at the end."""
    written = []
    for number in range(20):
        visibility = ("public", "unlisted", "private")[number % 3]
        text = f"Número {number} #calidad"
        post = body(await pair.ana.api.post(STATUSES, {"status": text, "visibility": visibility}))
        if number % 4 == 0:
            body(await pair.ana.api.put(f"{STATUSES}/{post['id']}", {"status": f"{text}, mejor dicho"}))
        if number % 5 == 4:
            body(await pair.ana.api.delete(f"{STATUSES}/{post['id']}"))
        else:
            written.append(post)
    body(await pair.ana.api.post(f"{STATUSES}/{written[0]['id']}/reblog"))
    inside = body(await pair.ana.api.post(STATUSES, {"status": "Aquí #calidad", "local_only": True}))
    return written, inside


async def test_what_was_lost_with_queue_and_log_is_found_and_mended_both_offices_end_alike(
    two_offices: tuple[Office, Office], clock: Clock
) -> None:
    pair = await open_pair(two_offices)
    madrid, lisbon = pair.offices
    dora = await pair.seat(madrid, "dora")  # nobody in Lisbon follows her
    body(await pair.bea.api.post("/api/v1/tags/calidad/follow"))
    await run_until_idle(madrid, lisbon)
    before = [await pair.ana.post(f"Antes {number}") for number in range(3)]
    await run_until_idle(madrid, lisbon)
    kept = await pair.bea.home()
    assert len(kept) == 3

    clock.advance(days=1)
    written, inside = await say_things(pair)
    body(await pair.ana.api.put(f"{STATUSES}/{before[0]['id']}", {"status": "Antes, de otra manera"}))
    body(await pair.ana.api.delete(f"{STATUSES}/{before[1]['id']}"))
    topical = body(await dora.api.post(STATUSES, {"status": "Dora dice #calidad"}))
    body(await dora.api.post(STATUSES, {"status": "Dora no dice nada"}))
    # The other way, an unfollow is lost, too, and a request.
    body(await pair.ana.api.post(f"{ACCOUNTS}/{await pair.ana.number(pair.bea)}/unfollow"))
    cem = await pair.seat(lisbon, "cem")
    body(await cem.api.post(f"{ACCOUNTS}/{await cem.number(dora)}/follow"))
    for office in (madrid, lisbon):
        await lose_log(office)
    clock.advance(days=1)
    await run_until_idle(madrid, lisbon)
    assert len(await pair.bea.home()) == 3

    results = [await compare(office, other, other) for office, other in ((lisbon, madrid), (madrid, lisbon))]
    assert [(found.compare_error, found.unrepaired, found.is_comparing) for found in results] == [(None, 0, False)] * 2
    assert [(found.differing_days, found.repaired, found.missing) for found in results] == [(2, 21, 21), (0, 1, 1)]

    seats = [pair.ana.acct, dora.acct]
    here, there = [
        await visible(office, seat.person.token, seats) for office, seat in ((madrid, pair.ana), (lisbon, pair.bea))
    ]
    posts_here, posts_there = here[pair.ana.acct]["posts"], there[pair.ana.acct]["posts"]
    assert posts_here.pop(inside["uri"])["text"].startswith("Aquí")
    assert posts_here.keys() == posts_there.keys()
    for uri, post in posts_here.items():
        assert posts_there[uri] == post
    assert len(posts_here) == len(written) + 2 + 1  # what was left of before, and a boost
    assert topical["uri"] in there[dora.acct]["posts"]  # by its topic
    assert {topical["uri"], *(post["uri"] for post in written if post["visibility"] == "public")} <= set(
        there["#calidad"]
    )
    assert inside["uri"] not in there["#calidad"]
    # In the place of their date, and nobody is notified.
    assert [post["uri"] for post in await pair.bea.home()][:2] != [post["uri"] for post in kept][:2]
    assert await pair.bea.heard() == []
    assert (await pair.bea.relationship(pair.ana))["followed_by"] is False
    assert (await cem.relationship(dora))["following"] is True

    # Now somebody follows Dora: another look brings what else she said, and one more finds nothing.
    assert (await compare(lisbon, madrid)).repaired == 1
    found = await compare(lisbon, madrid)
    assert (found.differing_days, found.missing, is_open(found)) == (0, 0, False), found
    assert any("nothing differed" in line for line in lines_of(found))


async def test_what_a_log_that_was_cut_does_not_tell_digests_bring_without_anybody_asking(
    two_offices: tuple[Office, Office], clock: Clock
) -> None:
    pair = await open_pair(two_offices)
    madrid, lisbon = pair.offices
    await pair.ana.post("Uno")
    lost = [body(await pair.ana.api.post(STATUSES, {"status": f"Dos {number}"})) for number in range(3)]
    await lose_log(madrid, without_trace=False)
    await lisbon.workers.watch.begin()
    await run_until_idle(madrid, lisbon)
    for post in lost:
        await pair.bea.sees(post["uri"])
    found = await sync_figures(lisbon.services, madrid.host)
    assert (found.cut_at, found.behind, found.repaired, is_open(found)) == (None, 0, 3, False), found
    # The regular look comes by itself, once in a while, and each peer has its own time.
    lost = [body(await pair.ana.api.post(STATUSES, {"status": "Tres"}))]
    await lose_log(madrid)
    await lisbon.workers.watch.compare_when_due()
    await run_until_idle(madrid, lisbon)
    assert await pair.bea.finds(lost[0]["uri"]) is None
    clock.advance(hours=28)
    await lisbon.workers.watch.compare_when_due()
    await run_until_idle(madrid, lisbon)
    assert await pair.bea.finds(lost[0]["uri"]) is not None


async def test_the_digests_of_a_day_are_made_once_and_again_when_the_day_changes(
    two_offices: tuple[Office, Office], clock: Clock
) -> None:
    pair = await open_pair(two_offices)
    madrid, lisbon = pair.offices
    first, second = await pair.ana.post("Uno"), await pair.ana.post("Dos", visibility="private")
    day = clock().date()
    fresh = (await digests(lisbon, madrid)).of(day, POSTS)
    assert fresh.count == 2
    clock.advance(days=2)

    async def kept() -> list[tuple[int, bool]]:
        async with madrid.services.database.reading() as session:
            rows = await session.execute(select(DigestMark.revision, DigestMark.is_valid).where(DigestMark.day == day))
            return [(row.revision, row.is_valid) for row in rows]

    assert await kept() == []
    assert (await digests(lisbon, madrid)).of(day, POSTS) == fresh
    assert await kept() == [(0, True)]
    async with madrid.services.database.unit_of_work() as unit:  # what is kept is what is told
        await unit.session.execute(update(DigestDay).values(count=7))
    assert (await digests(lisbon, madrid)).of(day, POSTS).count == 14  # a public and a private subject
    await pair.ana.post("Otro día")
    assert await kept() == [(0, True)]
    await pair.ana.edit(first, status="Uno, corregido")
    assert await kept() == [(1, False)]
    edited = (await digests(lisbon, madrid)).of(day, POSTS)
    assert (edited.count, edited == fresh, await kept()) == (2, False, [(1, True)])
    body(await pair.ana.api.delete(f"{STATUSES}/{second['id']}"))
    assert await kept() == [(2, False)]
    assert (await digests(lisbon, madrid)).of(day, POSTS).count == 1
    # Nobody who is suspended is told of.
    boss = await pair.seat(madrid, "boss", is_admin=True, scopes="read write follow push admin:read admin:write")
    await boss.do(f"/api/v1/admin/accounts/{pair.ana.id}/action", {"type": "suspend"})
    assert await kept() == [(3, False)]
    assert (await digests(lisbon, madrid)).days == {}
