"""Who asks for digests, who answers, and what neither of them can bring about."""

from datetime import date, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import select, update

from federation.dereference import fetch_signed
from federation.json_ld import JsonObject
from federation.sync.digests import (
    DIGESTS_PATH,
    ITEMS_PATH,
    POSTS_PATH,
    digests_url,
    items_url,
    parse_digests,
    parse_items,
    parse_posts,
    posts_url,
)
from federation.sync.marks import SYNC_CAPABILITY
from federation.sync.pages import PageUnreadable
from inbox.sync.compare import compare_once
from inbox.sync.figures import sync_figures
from keys.integrity_proofs import add_proof
from keys.keypairs import generate_ed25519
from keys.signing import Scheme
from models.peers import Peer
from models.relations import Follow
from models.statuses import Status
from policy.limits import DIGEST_DAYS_AT_ONCE
from policy.rates import RateLimiter
from social.digests import Digest, digest_of
from tests.api.across import body, open_pair
from tests.conftest import Clock
from tests.fixtures_offices import OpenRemote
from tests.peers import Office
from tests.remote_peers import RemoteActor, RemoteServer

DAY = date(2026, 11, 5)
ORIGIN = "https://peer.example"
NOTHING = {"digest": "0" * 64, "count": 0}
SOMETHING = {"digest": "ab" * 32, "count": 1}
ED25519 = Scheme.RFC9421_ED25519


async def admit(office: Office, other: RemoteServer) -> None:
    """As if it had made the handshake, and said that it keeps a log."""
    await office.services.hosts.announced(other.host, [SYNC_CAPABILITY])
    async with office.services.database.unit_of_work() as unit:
        await office.services.peers.admit(unit, other.host)


async def test_digests_tell_a_peer_what_it_was_told_and_nobody_else_anything(
    two_offices: tuple[Office, Office], open_remote: OpenRemote
) -> None:
    pair = await open_pair(two_offices)
    madrid, lisbon = pair.offices
    dora = await pair.seat(madrid, "dora")  # nobody follows her
    told = [await pair.ana.post("Hola", visibility=kind) for kind in ("public", "unlisted", "private")]
    hidden = [
        await pair.ana.post("Aquí", local_only=True),
        await pair.ana.post(f"@{pair.bea.acct} a solas", visibility="direct"),
        await dora.post("Nadie me sigue"),
        await dora.post("De verdad", visibility="private"),
    ]
    other = await open_remote()
    await admit(madrid, other)
    person, instance = await other.actor("mal"), await other.actor("instance", uri=f"{other.origin}/actor")
    peer = await _instance_of(lisbon)
    today = madrid.services.clock().date()
    numbers = [int(post["id"]) for post in (*told, *hidden)]
    asked = {
        DIGESTS_PATH: digests_url(madrid.origin, today, today),
        ITEMS_PATH: items_url(madrid.origin, "posts", today, 0),
        POSTS_PATH: posts_url(madrid.origin, numbers),
    }
    for url in asked.values():
        assert (await madrid.get(url)).status == 401
        assert (await person.get(url)).status == 404
    # Its own digests: of what it was told, which is nothing.
    assert (await instance.get(asked[DIGESTS_PATH])).json["days"] == {}
    assert (await instance.get(asked[ITEMS_PATH])).json["items"] == []
    assert (await instance.get(asked[POSTS_PATH])).json["posts"] == []
    # Lisbon gets what Ana's followers get, and no word more.
    listed = parse_items(await peer(asked[ITEMS_PATH]), "posts", 0, madrid.origin)
    assert [item.uri for item in listed.items] == [post["uri"] for post in told]
    assert parse_posts(await peer(asked[POSTS_PATH]), numbers).keys() == set(numbers[:3])
    assert parse_digests(await peer(asked[DIGESTS_PATH]), today, today).of(today, "posts").count == 3
    # A policy keeps from it what it isn't for.
    await _narrow(madrid, lisbon, {"visibilities": ["public"]})
    assert parse_posts(await peer(asked[POSTS_PATH]), numbers).keys() == {numbers[0]}
    assert parse_digests(await peer(asked[DIGESTS_PATH]), today, today).of(today, "posts").count == 1
    assert len(parse_items(await peer(asked[ITEMS_PATH]), "posts", 0, madrid.origin).items) == 1
    await _narrow(madrid, lisbon, None)
    # Once nobody there follows her any more, nothing.
    await pair.bea.about(pair.ana, "unfollow")
    assert orjson.loads(await peer(asked[POSTS_PATH])) == {"posts": []}
    for nonsense in (f"{DIGESTS_PATH}?from=yesterday", f"{DIGESTS_PATH}?from=2026-11-02&until=2026-11-01"):
        assert (await instance.get(f"{madrid.origin}{nonsense}")).status == 400
    assert (await instance.get(f"{madrid.origin}{ITEMS_PATH}?kind=secrets&day={today}")).status == 404
    long = (await instance.get(digests_url(madrid.origin, date(2020, 1, 1), today))).json
    assert date.fromisoformat(long["until"]) - date(2020, 1, 1) == timedelta(days=DIGEST_DAYS_AT_ONCE - 1)
    # Who asks too often waits; others don't.
    madrid.services.peers.memory.digest_requests = RateLimiter(per_second=0.001, burst=3)
    statuses = [(await instance.get(asked[DIGESTS_PATH])).status for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert await peer(asked[DIGESTS_PATH])
    await madrid.suspend(other)
    assert (await instance.get(asked[DIGESTS_PATH])).status == 403


async def _narrow(office: Office, other: Office, policy: JsonObject | None) -> None:
    async with office.services.database.unit_of_work() as unit:
        await unit.session.execute(update(Peer).where(Peer.domain == other.host).values(policy=policy))
    await office.services.peers.load()


async def _instance_of(office: Office) -> Any:
    async def ask(url: str) -> bytes:
        return (await fetch_signed(office.services, url)).body

    return ask


class Liar:
    """A peer whose answers are made up."""

    def __init__(self, office: Office, remote: RemoteServer) -> None:
        self.office, self.remote = office, remote
        self.today = office.services.clock().date()

    def says(self, days: JsonObject, *, follows: JsonObject = NOTHING, **more: Any) -> None:
        """These digests, whatever days are asked for."""
        first = self.today - timedelta(days=self.office.services.settings.sync_digest_days)
        while first <= self.today:
            last = min(first + timedelta(days=DIGEST_DAYS_AT_ONCE - 1), self.today)
            said = {day: found for day, found in days.items() if first.isoformat() <= day <= last.isoformat()}
            page = {"from": first.isoformat(), "until": last.isoformat(), "follows": follows, "days": said, **more}
            self._serve(digests_url("", first, last), page)
            first = last + timedelta(days=1)

    def lists(self, kind: str, day: date | None, items: list[JsonObject], *, following: object = None) -> None:
        self._serve(items_url("", kind, day, 0), {"items": items, "next": following})

    def gives(self, numbers: list[int], posts: list[JsonObject]) -> None:
        said = [{"number": str(number), "activity": orjson.dumps(post).decode()} for number, post in
                zip(numbers, posts, strict=True)]  # fmt: skip
        self._serve(posts_url("", numbers), {"posts": said})

    def _serve(self, path: str, document: JsonObject) -> None:
        self.remote.documents[path] = orjson.dumps(document)

    async def is_compared(self) -> str | None:
        while await compare_once(self.office.services, self.remote.host):
            pass
        await self.office.run_until_idle()
        return (await sync_figures(self.office.services, self.remote.host)).compare_error


async def test_a_peer_that_lies_brings_nothing_in_and_takes_nothing_away(
    office: Office, remote: RemoteServer, open_remote: OpenRemote, clock: Clock
) -> None:
    elsewhere = await open_remote()
    await office.confirm(elsewhere)
    await admit(office, remote)
    ana = await office.create_person("ana")
    carol, mal, victim = await remote.actor("carol"), await remote.actor("mal"), await elsewhere.actor("victim")
    for actor in (carol, victim):
        await office.api(ana).post(f"/api/v1/accounts/{await _number(office, ana, actor)}/follow")
        await office.run_until_idle()
        follow = actor.server.received[-1].json
        await actor.post(f"{office.origin}/inbox", actor.activity("Accept", follow))
    arrived = {}
    for name, actor in (("kept", carol), ("gone", carol), ("elsewhere", victim)):
        arrived[name] = actor.note(f"<p>{name}</p>")
        await actor.post(f"{office.origin}/inbox", actor.create(arrived[name]))
        actor.server.publish(arrived[name])
    await office.run_until_idle()
    remote.withdraw(arrived["gone"]["id"])
    elsewhere.withdraw(arrived["elsewhere"]["id"])  # which is nothing that the peer could say

    def proven(actor: RemoteActor, note: JsonObject, key: Any = None) -> JsonObject:
        return add_proof(actor.create(note), key=key or actor.ed25519, verification_method=actor.key_id(ED25519),
                         now=clock())  # fmt: skip

    good, forged, strange, direct, other = (carol.note(f"<p>{name}</p>") for name in "abcde")
    direct |= {"to": [ana.uri], "cc": []}
    unfollowed = mal.note("<p>not followed</p>")
    foreign = victim.note("<p>of another office</p>")
    liar = Liar(office, remote)
    today = liar.today.isoformat()
    given = {
        good["id"]: proven(carol, good),
        forged["id"]: proven(carol, forged, generate_ed25519()),
        strange["id"]: {**proven(carol, strange), "object": {**strange, "content": "<p>altered</p>"}},
        direct["id"]: proven(carol, direct),
        unfollowed["id"]: proven(mal, unfollowed),
        other["id"]: proven(carol, carol.note("<p>something else</p>")),
        f"{remote.origin}/notes/foreign": proven(victim, foreign),
    }
    numbers = list(range(101, 101 + len(given)))
    items = [{"number": str(number), "id": uri, "version": 0} for number, uri in zip(numbers, given, strict=True)]
    liar.lists("posts", liar.today, items)
    liar.gives(numbers, list(given.values()))
    truth = {"digest": digest_of(ana.uri, carol.uri, "accepted").hexadecimal, "count": 1}
    liar.says({today: {"posts": SOMETHING}}, follows=truth)
    assert await liar.is_compared() is None
    async with office.services.database.reading() as session:
        found = set(await session.scalars(select(Status.uri)))
    assert found == {good["id"], arrived["kept"]["id"], arrived["elsewhere"]["id"]}
    figures = await sync_figures(office.services, remote.host)
    assert (figures.missing, figures.repaired, figures.unrepaired) == (9, 2, 7)  # `kept` is still where it was

    # Of follows it tells about our people and its own alone; what we don't know of is undone there.
    ids = [(ana.uri, mal.uri), (victim.uri, carol.uri), (f"{office.origin}/users/404", carol.uri)]
    follows = [{"number": str(number), "id": who, "of": of, "state": "accepted"} for number, (who, of) in
               enumerate([*ids, (ana.uri, carol.uri)], 1)]  # fmt: skip
    liar.lists("follows", None, follows)
    liar.says({}, follows=SOMETHING)
    remote.received.clear()
    await liar.is_compared()
    assert [(one.type, one.json["actor"], one.json["object"]["object"]) for one in remote.received] == [
        ("Undo", ana.uri, mal.uri)
    ]
    async with office.services.database.reading() as session:
        assert len(set(await session.scalars(select(Follow.id)))) == 2

    # What makes no sense moves nothing.
    stranger = {"number": "1", "id": arrived["elsewhere"]["id"], "version": 0}
    for said in ([stranger], [items[1], items[0]], "many", [{**items[0], "version": -1}]):
        liar.lists("posts", liar.today, said)  # type: ignore[arg-type]
        liar.says({today: {"posts": SOMETHING}}, follows=truth)
        assert "PageUnreadable" in (await liar.is_compared() or "")
    liar.says({today: {"posts": {"digest": "xyz", "count": 1}}}, follows=truth)
    assert "PageUnreadable" in (await liar.is_compared() or "")


async def _number(office: Office, person: Any, actor: RemoteActor) -> str:
    found = body(await office.api(person).get("/api/v1/accounts/search", q=actor.acct, resolve=True))
    return str(found[0]["id"])


@pytest.mark.parametrize(
    "said",
    [
        [],
        {"from": "2026-11-05", "until": "2026-12-01", "days": {}},
        {"from": "2026-11-04", "until": "2026-11-06", "days": {}},
        {"from": "2026-11-05", "until": "2026-11-04", "days": {}},
        {"from": "2026-11-05", "until": "2026-11-06", "days": {"2026-11-07": {}}},
        {"from": "2026-11-05", "until": "2026-11-06", "days": {f"2026-11-{n:02}": {} for n in range(1, 33)}},
        {"from": "2026-11-05", "until": "2026-11-06", "days": {"2026-11-05": {"posts": {**SOMETHING, "count": -1}}}},
        {"from": "2026-11-05", "until": "2026-11-06", "days": {"2026-11-05": {"posts": {**SOMETHING, "digest": "ab"}}}},
    ],
)
def test_digests_of_other_days_or_without_sense_are_no_answer(said: object) -> None:
    last = DAY + timedelta(days=1)
    good = {"from": "2026-11-05", "until": "2026-11-06", "days": {"2026-11-05": {"posts": SOMETHING}}}
    assert parse_digests(orjson.dumps(good), DAY, last).of(DAY, "posts") == Digest(int("ab" * 32, 16), 1)
    with pytest.raises(PageUnreadable):
        parse_digests(orjson.dumps(said), DAY, last)


@pytest.mark.parametrize(
    "said",
    [
        {"items": [{"number": "1", "id": "https://other.example/1", "version": 0}]},
        {"items": [{"number": "1", "id": f"{ORIGIN}/{'x' * 2000}", "version": 0}]},
        {"items": [{"number": n, "id": f"{ORIGIN}/1", "version": 0} for n in ("2", "1")]},
        {"items": [{"number": str(n + 1), "id": f"{ORIGIN}/{n}", "version": 0} for n in range(1001)]},
        {"items": [{"number": "1", "id": f"{ORIGIN}/1", "version": 0}], "next": "9"},
        {"items": [], "next": "1"},
        {"items": [{"number": "1" * 25, "id": f"{ORIGIN}/1", "version": 0}]},
    ],
)
def test_lists_that_are_endless_or_of_others_are_no_answer(said: JsonObject) -> None:
    good = {"items": [{"number": "1", "id": f"{ORIGIN}/1", "version": 5}], "next": "1"}
    page = parse_items(orjson.dumps(good), "posts", 0, ORIGIN)
    assert ([item.version for item in page.items], page.following) == ([5], 1)
    with pytest.raises(PageUnreadable):
        parse_items(orjson.dumps(said), "posts", 0, ORIGIN)
