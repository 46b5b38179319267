"""Digests of communities: what was posted, what moderators decided, and who is what, is found and mended."""

from datetime import timedelta

from sqlalchemy import delete, select

from communities.standings import place_of
from content.html import plain_text
from federation.dereference import fetch_signed
from federation.json_ld import JsonObject
from federation.sync.digests import Item, parse_posts, posts_url
from inbox.sync.compare import compare_once
from inbox.sync.figures import SyncFigures, sync_figures
from inbox.sync.repair import listed_items
from models.accounts import Account
from models.communities import Role, State
from models.statuses import Status
from social.digests import digest_of
from tests.api.across import STATUSES, Json, Seat, body
from tests.conftest import Clock
from tests.fixtures_offices import OpenOffice, OpenRemote
from tests.inbox.test_group_moderation import community_of
from tests.peers import Office, Person, run_until_idle
from tests.remote_peers import PUBLIC, RemoteActor, RemoteServer
from tests.security.cast import follows, proven, send
from tests.sync.test_digest_limits import SOMETHING, Liar, admit
from tests.sync.test_digests import lose_log
from tests.sync.test_restored import find, in_community, join, post_in, seat

COMMUNITIES = "/api/v1/communities"


class Town:
    """Madrid hosts two communities; Bea, Cem and Eva of Lisbon and Dora of Hamburg belong to them."""

    def __init__(self, offices: tuple[Office, ...]) -> None:
        self.offices = offices
        self.madrid, self.lisbon, self.hamburg = offices
        self.accts = [f"{name}@{self.madrid.domain}" for name in ("obra", "taller")]

    async def settle(self) -> None:
        await run_until_idle(*self.offices)

    async def open(self) -> None:
        for one in self.offices:
            await one.confirm(*(other for other in self.offices if other is not one))
        self.ana, self.dora = await seat(self.madrid, "ana"), await seat(self.hamburg, "dora")
        self.bea, self.cem, self.eva = [await seat(self.lisbon, name) for name in ("bea", "cem", "eva")]
        for name, is_private in (("obra", False), ("taller", True)):
            wish = {"name": name, "title": name, "private": is_private, "kind": "open"}
            body(await self.ana.api.post(COMMUNITIES, wish))
        for acct in self.accts:
            for one in (self.bea, self.cem, self.eva, self.dora):
                await join(one, acct)
                await self.settle()

    async def path(self, one: Seat, acct: str) -> str:
        return f"{COMMUNITIES}/{await find(one, acct)}"

    async def views(self) -> dict[str, list[Json]]:
        """What one person of each office sees of each community."""
        found = {}
        for acct in self.accts:
            seats = (self.ana, self.bea, self.dora)
            found[acct] = [await in_community(one, one.person.office, acct) for one in seats]
            found[acct] = [{name: view[name] for name in view if name != "mine"} for view in found[acct]]
        return found

    async def compare(self, office: Office, other: Office) -> SyncFigures:
        while await compare_once(office.services, other.host):
            pass
        await self.settle()
        return await sync_figures(office.services, other.host)


async def number(one: Seat, uri: str) -> str:
    (found,) = (await one.get("/api/v2/search", q=uri, type="statuses"))["statuses"]
    return str(found["id"])


async def moderate(town: Town, acct: str, by_name: dict[str, Json]) -> None:
    """What Ana decides, and nobody hears."""
    ana, path = town.ana, await town.path(town.ana, acct)
    for verb, name in (("remove", "noise"), ("lock", "thread"), ("pin", "thread")):
        post = await number(ana, by_name[name]["uri"])
        body(await ana.api.post(f"{path}/statuses/{post}/{verb}"))
    body(await ana.api.put(f"{path}/members/{await ana.number(town.bea)}", {"role": "moderator"}))
    body(await ana.api.post(f"{path}/bans", {"account_id": await ana.number(town.eva), "reason": "Basta"}))
    body(await ana.api.patch(path, {"title": f"{acct.partition('@')[0]} nueva"}))


async def test_what_a_community_announced_and_decided_without_being_heard_is_found_and_mended(
    open_office: OpenOffice, clock: Clock
) -> None:
    names = ("madrid", "lisbon", "hamburg")
    town = Town(tuple([await open_office(name) for name in names]))
    await town.open()
    before: dict[str, dict[str, Json]] = {}
    for acct in town.accts:
        said = {"thread": (town.ana, "Empezamos"), "noise": (town.cem, "Vendo bici"), "gone": (town.cem, "Adeus"),
                "own": (town.bea, "Uma pergunta"), "far": (town.dora, "Moin"), "eva": (town.eva, "Olá")}  # fmt: skip
        before[acct] = {name: await post_in(one, acct, text) for name, (one, text) in said.items()}
    await town.settle()
    views = await town.views()
    for acct in town.accts:
        assert [len(view["posts"]) for view in views[acct]] == [6] * 3
        assert views[acct][1:] == [views[acct][0]] * 2

    clock.advance(days=1)
    for acct in town.accts:
        mine = before[acct]
        body(await town.ana.api.put(f"{STATUSES}/{mine['thread']['id']}", {"status": "Empezamos de nuevo"}))
        body(await town.bea.api.put(f"{STATUSES}/{mine['own']['id']}", {"status": "Duas perguntas"}))
        body(await town.cem.api.delete(f"{STATUSES}/{mine['gone']['id']}"))
        for one, text in ((town.ana, "Nuevo"), (town.bea, "Novo"), (town.dora, "Neu")):
            thread = await post_in(one, acct, text)
            await post_in(one, acct, f"{text}, otra vez", in_reply_to_id=thread["id"])
        await moderate(town, acct, mine)
    for office in town.offices:
        await lose_log(office)
    # What Dora had said in the private one arrived in Lisbon, and failed.
    async with town.lisbon.services.database.unit_of_work() as unit:
        await unit.session.execute(delete(Status).where(Status.uri == before[town.accts[1]]["far"]["uri"]))
    clock.advance(days=1)
    await town.settle()
    views = await town.views()
    assert all(view[0] != view[1] and view[0] != view[2] for view in views.values())

    madrid, lisbon, hamburg = town.offices
    results = [await town.compare(*pair) for pair in (
        (madrid, lisbon), (madrid, hamburg), (lisbon, madrid), (hamburg, madrid), (lisbon, hamburg))]  # fmt: skip
    assert [(found.compare_error, found.unrepaired) for found in results] == [(None, 0)] * 5, results
    await settled(town, before)
    await only_offices_of_members_are_told(town)
    # Another look finds nothing.
    for pair in ((madrid, lisbon), (madrid, hamburg), (lisbon, madrid), (hamburg, madrid)):
        found = await town.compare(*pair)
        assert (found.differing_days, found.missing) == (0, 0), (pair[0].name, pair[1].name, found)


async def only_offices_of_members_are_told(town: Town) -> None:
    """Dora leaves the private community: Hamburg isn't told of it any more; what it knows anyway stays as it is."""
    services, origin = town.hamburg.services, town.madrid.origin
    async with town.madrid.services.database.reading() as session:
        query = select(Account.uri).where(Account.username.in_(["obra", "taller"])).order_by(Account.username)
        public, private = await session.scalars(query)

    async def told(kind: str) -> list[Item]:
        today = services.clock().date()
        days = [today - timedelta(days=number) for number in range(4)] if kind == "communities" else [None]
        return [item for day in days for item in await listed_items(services, origin, kind, day)]

    async def given(numbers: list[int]) -> int:
        return len(parse_posts((await fetch_signed(services, posts_url(origin, numbers))).body, numbers))

    assert {item.of for item in await told("standings")} == {public, private}
    inside = [item.number for item in await told("communities") if item.of == private and item.state != "removed"]
    assert await given(inside) == len(inside) == 10
    body(await town.dora.api.post(f"{await town.path(town.dora, town.accts[1])}/leave"))
    await town.settle()
    assert [{item.of for item in await told(kind)} for kind in ("standings", "communities")] == [{public}] * 2
    assert await given(inside) == 0


async def settled(town: Town, before: dict[str, dict[str, Json]]) -> None:
    """All see the same, and it is what was meant."""
    for acct, (mine, theirs, far) in (await town.views()).items():
        assert theirs == mine
        assert far == mine
        assert mine["shown"]["title"].endswith("nueva")
        assert ("bea", "moderator") in mine["staff"]
        posts = mine["posts"]
        assert {name: before[acct][name]["uri"] in posts for name in before[acct]} == {
            "thread": True, "noise": False, "gone": False, "own": True, "far": True, "eva": True}  # fmt: skip
        assert len(posts) == 4 + 6
        thread = posts[before[acct]["thread"]["uri"]]
        assert thread["text"] == "Empezamos de nuevo"
        assert (thread["community"]["locked"], thread["community"]["pinned"]) == (True, True)
        assert posts[before[acct]["own"]["uri"]]["text"] == "Duas perguntas"
        assert await banned(town.bea, await town.path(town.bea, acct)) == ["eva"]
        # In the home timelines of members, too, in the place of its date; nobody hears of it.
        assert "Neu" in [plain_text(post["reblog"]["content"]) for post in await town.bea.home() if post["reblog"]]


async def banned(one: Seat, path: str) -> list[str]:
    return [ban["account"]["username"] for ban in await one.get(f"{path}/bans")]


def posted(author: RemoteActor, group: RemoteActor | None, text: str) -> JsonObject:
    to = {} if group is None else {"to": [PUBLIC, group.uri], "cc": [], "audience": group.uri}
    return author.note(f"<p>{text}</p>", **to)


async def test_a_host_that_lies_decides_about_its_own_community_and_about_nothing_else(
    office: Office, remote: RemoteServer, open_remote: OpenRemote, clock: Clock
) -> None:
    elsewhere = await open_remote()
    await office.confirm(elsewhere)
    await admit(office, remote)
    ana = await office.create_person("ana")
    victim, mona = await elsewhere.actor("victim"), await remote.actor("mona")
    garden, other = [
        await host.actor(name, uri=f"{host.origin}/c/{name}", type="Group",
                         **community_of(host, f"{host.origin}/c/{name}", mona))
        for host, name in ((remote, "garden"), (elsewhere, "other"))
    ]  # fmt: skip
    for actor in (garden, other, victim):
        await follows(office, ana, actor)
    inside, outside = posted(victim, garden, "inside"), posted(victim, None, "outside")
    in_other = posted(victim, other, "in another community")
    elsewhere.publish(inside)
    assert await send(office, victim, victim.create(outside)) == ["applied"]
    for group, note in ((garden, inside), (other, in_other)):
        create = proven(victim, victim.create(note))
        announced = group.activity("Announce", create, to=[PUBLIC], cc=[group.followers_url])
        assert await send(office, group, announced) == ["applied"]
    mine = body(await office.api(ana).post(STATUSES, {"status": "De Ana"}))
    await office.run_until_idle()
    clock.advance(minutes=11)

    good, forged = posted(victim, garden, "good"), posted(victim, garden, "forged")
    elsewhere.withdraw(forged["id"], 404)
    astray = posted(victim, other, "for others")
    elsewhere.withdraw(astray["id"], 404)
    given = [
        proven(victim, victim.create(good)),
        {**proven(victim, victim.create(forged)), "object": {**forged, "content": "<p>altered</p>"}},
        proven(victim, victim.create(astray)),
    ]
    numbers = [101, 102, 103]
    items = [listed(number, create["object"]["id"], garden) for number, create in zip(numbers, given, strict=True)]
    items += [listed(104 + n, uri, garden, "removed") for n, uri in enumerate((outside["id"], in_other["id"],
                                                                              mine["uri"]))]  # fmt: skip
    liar = Liar(office, remote)
    liar.lists("communities", liar.today, items)
    liar.gives(numbers, given)
    lies = {liar.today.isoformat(): {"communities": SOMETHING}}
    truth = {"digest": follow_digest(ana, garden), "count": 1}
    # From an office that doesn't tell of communities, silence is no word about them.
    liar.says(lies, follows=truth)
    assert await liar.is_compared() is None
    before = await standing(office)
    liar.says(lies, follows=truth, kinds=["communities"])
    assert await liar.is_compared() is None
    names = {**before, good["id"]: (garden.uri, False), inside["id"]: (garden.uri, True)}
    assert await standing(office) == names
    assert (await office.api(ana).get(f"/api/v1/accounts/{await number_of(office, victim)}/statuses")).status == 200

    # Roles and bans: of its own community, in its own name.
    people = [listed(1, mona.uri, garden, "emperor"), listed(2, victim.uri, garden, "banned"),
              listed(3, ana.uri, garden, "publisher")]  # fmt: skip
    liar.lists("standings", None, people)
    liar.says({}, follows=truth, kinds=["standings"], standings=SOMETHING)
    assert await liar.is_compared() is None
    assert await place(office, garden, ana) == (State.MEMBER, Role.PUBLISHER)
    assert (await place(office, garden, victim))[0] is State.BANNED
    for kind, item in (
        ("standings", listed(1, ana.uri, other, "owner")),
        ("communities", listed(1, good["id"], other)),
    ):
        liar.lists(kind, liar.today if kind == "communities" else None, [item])
        liar.says(lies, follows=truth, kinds=["communities", "standings"], standings=SOMETHING)
        assert "PageUnreadable" in (await liar.is_compared() or "")
        liar.lists("standings", None, people)
    assert await standing(office) == names


def listed(number: int, uri: str, group: RemoteActor, state: str = "shown") -> JsonObject:
    return {"number": str(number), "id": uri, "version": 0, "of": group.uri, "state": state}


def follow_digest(ana: Person, group: RemoteActor) -> str:
    return digest_of(ana.uri, group.uri, "accepted").hexadecimal


async def standing(office: Office) -> dict[str, tuple[str | None, bool]]:
    """In which community each post is, and whether it was taken out of it."""
    query = select(Status.uri, Account.uri, Status.removed_at).outerjoin(Account, Account.id == Status.group_id)
    async with office.services.database.reading() as session:
        rows = await session.execute(query.where(Status.boost_of_id.is_(None)))
        return {uri: (group, removed_at is not None) for uri, group, removed_at in rows}


async def place(office: Office, group: RemoteActor, who: Person | RemoteActor) -> tuple[State | None, Role]:
    async with office.services.database.reading() as session:
        rows = [(await session.scalars(select(Account).where(Account.uri == one.uri))).one() for one in (group, who)]
        found = (await place_of(session, *rows, now=office.services.clock())).standing
        return found.state, found.role


async def number_of(office: Office, actor: RemoteActor) -> int:
    async with office.services.database.reading() as session:
        return (await session.scalars(select(Account.id).where(Account.uri == actor.uri))).one()
