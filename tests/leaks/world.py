"""One world with all that `cases.WHO_MAY` names: Madrid has it, Lisbon is its peer, three other servers look on.

Everything is made through the client API by the people it belongs to, while colleagues and strangers listen to streams
and get pushes. Communities are made and moderated by the verbs of their floor, as the command line does it.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import Any

import aiohttp
from sqlalchemy import select

from communities.admission import invite
from communities.groups import Wish, create
from communities.moderation import remove_post
from models.accounts import Account
from models.communities import Kind
from models.peers import Peer
from models.statuses import Status
from outbox.communities import composer, tell
from outbox.peering.policies import change_policy
from tests.api.rich_office import ALL_SCOPES, made
from tests.leaks.askers import Asker, Given, employee, foreigner, instance, passer_by
from tests.leaks.cases import Address, Secret
from tests.leaks.listening import Ears, listening
from tests.media_files import png
from tests.peers import Client, Office, Person, run_until_idle
from tests.remote_peers import RemoteServer

STATUSES, ACCOUNTS = "/api/v1/statuses", "/api/v1/accounts"
LINK = "https://news.example/zqlink"
Json = dict[str, Any]


@dataclass
class World:
    """What was made. `open` are addresses that everybody may name, by kind: of ana, mia, the private community …

    `nothings` are the answers for what isn't there, each asked for once.
    """

    madrid: Office
    lisbon: Office
    limited: RemoteServer
    narrowed: RemoteServer
    unknown: RemoteServer
    askers: dict[str, Asker]
    people: dict[str, Person]
    secrets: list[Secret]
    open: dict[str, list[Address]]
    ears: Ears
    nothings: dict[Any, Given] = field(default_factory=dict)

    def api(self, name: str) -> Client:
        person = self.people[name]
        return person.office.api(person)

    async def settle(self) -> None:
        await run_until_idle(self.madrid, self.lisbon)

    async def post(self, name: str, text: str, **more: Any) -> Json:
        """A status that has reached whom it reaches."""
        written: Json = await made(self.api(name), STATUSES, {"status": text, **more})
        await self.settle()
        return written

    async def uploaded(self, name: str, description: str) -> Json:
        form = aiohttp.FormData({"description": description})
        form.add_field("file", BytesIO(png()), filename="wall.png", content_type="image/png")
        return dict(await made(self.api(name), "/api/v2/media", form))

    def keep(self, name: str, *words: str, about: str | None = None, past: bool = False,
             **addresses: Address | str) -> None:  # fmt: skip
        """Note a secret; an address of one part may be a plain string."""
        given = {kind: value if isinstance(value, tuple) else (value,) for kind, value in addresses.items()}
        self.secrets.append(Secret(name, words, given, about, past))


@asynccontextmanager
async def open_world(madrid: Office, lisbon: Office, servers: Sequence[RemoteServer]) -> AsyncIterator[World]:
    """Make it all. Nothing is on its way any more. `servers`: a limited peer, one with a policy, a stranger."""
    limited, narrowed, unknown = servers
    await madrid.confirm(lisbon, limited, narrowed)
    await lisbon.confirm(madrid)
    people = {name: await madrid.create_person(name, scopes=ALL_SCOPES) for name in ("ana", "mia", "ivo", "mal")}
    people |= {name: await lisbon.create_person(name, scopes=ALL_SCOPES) for name in ("zoe", "yan")}
    await _narrow(madrid, narrowed, visibilities=["public", "unlisted"], topics=["zqopen"])
    carol, nora, eve = await limited.actor("carol"), await narrowed.actor("nora"), await unknown.actor("eve")
    askers = [passer_by(madrid), instance(madrid, lisbon), *(foreigner(madrid, one) for one in (carol, nora, eve))]
    askers += [await employee(madrid, person) for name, person in people.items() if name != "ana"]
    async with AsyncExitStack() as stack:
        ears = await stack.enter_async_context(
            listening([people[name] for name in ("mia", "ivo", "mal", "zoe", "yan")])
        )
        world = World(
            madrid, lisbon, limited, narrowed, unknown, {one.name: one for one in askers}, people, [], {}, ears
        )
        for follower in (carol, nora):
            assert (await follower.post(people["ana"].inbox_url, follower.follow(people["ana"].uri))).status == 202
        for name, followee in (("mia", "ana"), ("zoe", "ana"), ("mia", "zoe")):
            await _follow(world, name, followee)
        await _controls(world)
        await _for_the_office(world)
        await _in_private(world)
        await _across_offices(world)
        await _in_hiding(world)
        await _ones_own(world)
        await world.settle()
        yield world


async def _narrow(madrid: Office, server: RemoteServer, **rules: Any) -> None:
    async with madrid.services.database.unit_of_work() as unit:
        await change_policy(madrid.services, unit, await unit.session.get_one(Peer, server.host), rules)


async def _follow(world: World, follower: str, followee: str) -> None:
    api, target = world.api(follower), world.people[followee]
    acct = target.name if target.office is api.office else target.acct
    found = (await api.get(f"{ACCOUNTS}/search", q=acct, resolve=True)).json()
    await made(api, f"{ACCOUNTS}/{found[0]['id']}/follow")
    await world.settle()


async def _controls(world: World) -> None:
    ana, mia, zoe = (world.people[name] for name in ("ana", "mia", "zoe"))
    told = await world.post("ana", "zqpublic #zqopen https://news.example/zqopenlink")
    world.open = {
        "account": [(str(ana.id),), (str(mia.id),)],
        "actor": [(str(ana.id),), (str(mia.id),)],
        "profile": [("ana",), ("mia",)],
        "status": [(told["id"],)],
        "object": [(str(ana.id), told["id"])],
        "page": [("ana", told["id"])],
        "tag": [("zqopen",)],
        "word": [("zqpublic",)],
        "context": [(await _conversation(world, told),)],
        "url": [(told["uri"],)],
        "handle": [(mia.name,)],
        "export": [("follows",), ("lists",), ("bookmarks",)],
        "version": [("2.0",), ("2.1",)],
        "link": [("https://news.example/zqopenlink",)],
    }
    private = await world.post("ana", "zqfollowers #zqintimate", visibility="private")
    world.keep("followers-only post", "zqfollowers", "zqintimate", private["id"], tag="zqintimate",
               word="zqfollowers", **await _of(world, private))  # fmt: skip
    guarded = await world.post("ana", "zqnarrowed #zqguarded")
    world.keep("post that a policy keeps from a peer", "zqnarrowed", "zqguarded", guarded["id"], tag="zqguarded",
               word="zqnarrowed", **await _of(world, guarded))  # fmt: skip
    whisper = await world.post("ana", f"@mia @{zoe.acct} zqwhisper", visibility="direct")
    world.keep("private message", "zqwhisper", whisper["id"], word="zqwhisper", **await _of(world, whisper))
    gone = await world.post("ana", "zqerased #zqerasedtag")
    addresses = await _of(world, gone)
    del addresses["url"]  # it is repeated by who is asked for it
    assert (await world.api("ana").delete(f"{STATUSES}/{gone['id']}")).status == 200
    await world.settle()
    world.keep("deleted post", "zqerased", past=True, **addresses)


async def _for_the_office(world: World) -> None:
    picture = await world.uploaded("ana", "zqpicture")
    inside: Json = {"local_only": True}
    post = await world.post("ana", f"zqbefore #zqoffice {LINK}", media_ids=[picture["id"]], **inside)
    await made(world.api("mal"), f"{STATUSES}/{post['id']}/favourite")
    await made(world.api("mal"), f"{STATUSES}/{post['id']}/bookmark")
    edited = await world.api("ana").put(
        f"{STATUSES}/{post['id']}", {"status": f"zqmerger #zqoffice {LINK}", "media_ids": [picture["id"]]}
    )
    assert edited.status == 200, edited.body
    await made(world.api("ana"), f"{STATUSES}/{post['id']}/pin")
    reply = await world.post("mia", "zqreply #zqoffice", in_reply_to_id=post["id"])
    boost = await made(world.api("mal"), f"{STATUSES}/{post['id']}/reblog")
    quote = await world.post("mal", "zqquote", quoted_status_id=post["id"])
    poll = await world.post("ana", "zqasked", poll={"options": ["zqyes", "zqno"], "expires_in": 600}, **inside)
    await made(world.api("mal"), f"/api/v1/polls/{poll['poll']['id']}/votes", {"choices": [0]})
    await world.post("zoe", "zqolá #zqopen")
    from_zoe = next(
        one for one in (await world.api("mia").get("/api/v1/timelines/home")).json() if "zqolá" in one["content"]
    )
    answer = await world.post("mia", f"@{world.people['zoe'].acct} zqcandid", in_reply_to_id=from_zoe["id"], **inside)
    ana = str(world.people["ana"].id)
    keep = world.keep
    keep("office post", "zqmerger", post["id"], word="zqmerger", **await _of(world, post))
    keep("office post, before it was edited", "zqbefore", word="zqbefore")
    keep("office post's hashtag", "zqoffice", tag="zqoffice", word="zqoffice")
    keep("office post's picture", "zqpicture", _key(picture))
    keep("office post's link", "zqlink", link=LINK, word=LINK)
    keep("office poll", "zqasked", "zqyes", poll["id"], poll=poll["poll"]["id"], word="zqyes")
    keep("answer to an office post", "zqreply", reply["id"], word="zqreply")
    keep("boost of an office post", boost["id"], object=(boost["account"]["id"], boost["id"]))
    keep("quote of an office post", "zqquote", quote["id"], quote=(ana, quote["id"]), word="zqquote")
    keep("office answer to a post from elsewhere", "zqcandid", answer["id"], status=answer["id"])


async def _community(world: World, name: str, wish: Wish, *more: str) -> Account:
    """One of ana's with mia in it; `more` are invited."""
    services = world.madrid.services
    async with services.database.unit_of_work() as unit:
        ana = await unit.session.get_one(Account, world.people["ana"].id)
        change = await create(
            unit, name, wish, make_keys=services.keyring.create_keys, compose=composer(services), owner=ana
        )
        await tell(services, unit, change)
        for person in ("mia", *more):
            uri = world.people[person].uri
            target = (await unit.session.scalars(select(Account).where(Account.uri == uri))).one()
            await tell(services, unit, await invite(unit, change.group, ana, target))
    await made(world.api("mia"), f"{ACCOUNTS}/{change.group.id}/follow")
    return change.group


async def _in_private(world: World) -> None:
    club = await _community(world, "club", Wish(kind=Kind.BY_INVITATION, display_name="Club"))
    picture = await world.uploaded("mia", "zqsnapshot")
    post = await world.post("mia", f"@club zqclubpost #zqclubtag {LINK}b", media_ids=[picture["id"]])
    reply = await world.post("ana", "zqcomment #zqclubtag", in_reply_to_id=post["id"])
    await made(world.api("ana"), f"{STATUSES}/{post['id']}/favourite")
    removed = await world.post("mia", "@club zqretired")
    services = world.madrid.services
    async with services.database.unit_of_work() as unit:
        status = await unit.session.get_one(Status, int(removed["id"]))
        group, ana = [await unit.session.get_one(Account, one) for one in (club.id, world.people["ana"].id)]
        await tell(services, unit, await remove_post(unit, group, ana, status))
        boost = (await unit.session.scalars(select(Status).where(Status.boost_of_id == int(post["id"])))).one()
    mia, number = str(world.people["mia"].id), str(club.id)
    for kind, value in (("account", number), ("actor", number), ("profile", "club"), ("handle", "club")):
        world.open[kind].append((value,))
    keep = world.keep
    keep("private community's post", "zqclubpost", post["id"], word="zqclubpost", **await _of(world, post))
    keep("private community's hashtag", "zqclubtag", tag="zqclubtag", word="zqclubtag")
    keep("private community's picture", "zqsnapshot", _key(picture))
    keep("private community's comment", "zqcomment", reply["id"], word="zqcomment")
    keep("private community's boost of a post", str(boost.id), object=(number, str(boost.id)))
    keep("post removed from a private community", "zqretired", removed["id"], word="zqretired",
         **await _of(world, removed))  # fmt: skip
    words = (f'"id":"{mia}"', f"/users/{mia}", 'href="/@mia"')
    belonging = (number, world.people["mia"].uri)
    keep("private community's members", *words, about="members", members=number, belonging=belonging)
    keep("who is in a private community", f'"id":"{number}"', f"/users/{number}", about="groups", groups=mia)


async def _across_offices(world: World) -> None:
    crew = await _community(world, "crew", Wish(kind=Kind.BY_INVITATION, display_name="Crew"), "zoe")
    await world.settle()
    zoe = world.api("zoe")
    acct = f"crew@{world.madrid.domain}"
    found = (await zoe.get("/api/v2/search", q=f"@{acct}", resolve=True, type="accounts")).json()["accounts"]
    assert [one["acct"] for one in found] == [acct]
    await made(zoe, f"{ACCOUNTS}/{found[0]['id']}/follow")
    await world.settle()
    post = await world.post("mia", "@crew zqcrewpost #zqcrewtag")
    seen = [one for one in (await zoe.get("/api/v1/timelines/home")).json() if "zqcrewpost" in str(one)]
    reply = await world.post("zoe", "zqovertime", in_reply_to_id=(seen[0]["reblog"] or seen[0])["id"])
    number = str(crew.id)
    for kind, value in (("account", number), ("actor", number)):
        world.open[kind].append((value,))
    world.keep("post in a private community of two offices", "zqcrewpost", "zqcrewtag", post["id"], tag="zqcrewtag",
               word="zqcrewpost", **await _of(world, post))  # fmt: skip
    world.keep("comment in a private community of two offices", "zqovertime", word="zqovertime", url=reply["uri"])
    world.keep("private community's token", f'"issuer":"{crew.uri}"', token=number)


async def _in_hiding(world: World) -> None:
    wish = Wish(kind=Kind.HIDDEN, display_name="Zqsanctum", description="zqveiled #zqsigil", rules="zqrule")
    cabal = await _community(world, "zqcabal", wish, "ivo")
    await made(world.api("mia"), f"{ACCOUNTS}/{cabal.id}/endorse")
    post = await world.post("mia", "@zqcabal zqplot #zqcipher")
    reply = await world.post("ana", "zqassent #zqcipher", in_reply_to_id=post["id"])
    number = str(cabal.id)
    keep = world.keep
    keep("hidden community", "zqcabal", "Zqsanctum", "zqveiled", "zqrule", number, account=number, actor=number,
         profile="zqcabal", handle="zqcabal", word="zqcabal", url=cabal.uri, tag="zqsigil")  # fmt: skip
    keep("hidden community's post", "zqplot", post["id"], word="zqplot", **await _of(world, post))
    keep("hidden community's comment", "zqassent", reply["id"], word="zqassent")
    keep("hidden community's hashtag", "zqcipher", tag="zqcipher", word="zqcipher")


async def _ones_own(world: World) -> None:
    api, ana = world.api("mia"), str(world.people["ana"].id)
    friends = await made(api, "/api/v1/lists", {"title": "zqfriends"})
    await made(api, f"/api/v1/lists/{friends['id']}/accounts", {"account_ids": [ana]})
    caught = await made(
        api,
        "/api/v2/filters",
        {"title": "zqfilter", "context": ["home"], "keywords_attributes": [{"keyword": "zqtabu"}]},
    )
    later = {"status": "zqlater", "scheduled_at": (world.madrid.services.clock() + timedelta(days=1)).isoformat()}
    scheduled = await made(api, STATUSES, later)
    await made(api, f"{ACCOUNTS}/{ana}/note", {"comment": "zqnoted"})
    await made(api, "/api/v1/reports", {"account_id": world.people["mal"].id, "comment": "zqgrievance"})
    upload = await world.uploaded("mia", "zqdraft")
    world.keep("list", "zqfriends", friends["id"], list=friends["id"])
    world.keep("filter", "zqfilter", "zqtabu", filter=caught["id"], keyword=caught["keywords"][0]["id"])
    world.keep("scheduled post", "zqlater", scheduled["id"], scheduled=scheduled["id"], word="zqlater")
    world.keep("note about somebody", "zqnoted")
    world.keep("upload in no post", "zqdraft", _key(upload), media=upload["id"])
    world.keep("report", "zqgrievance")


def _key(upload: Json) -> str:
    """The part of a file's address that nobody guesses."""
    return str(upload["url"]).rpartition("/")[2].partition(".")[0]


async def _conversation(world: World, status: Json) -> str:
    async with world.madrid.services.database.reading() as session:
        return str((await session.get_one(Status, int(status["id"]))).conversation_id)


async def _of(world: World, status: Json) -> dict[str, Any]:
    """By what a status is asked for."""
    author, name = status["account"]["id"], status["account"]["username"]
    return {
        "status": status["id"],
        "object": (author, status["id"]),
        "page": (name, status["id"]),
        "context": await _conversation(world, status),
        "url": status["uri"],
    }
