"""Criterion 2 of the network: one of three offices is cut off and comes back from an older backup, and all end alike.

What is compared is what people see: accounts, their posts, hashtags, and communities with what their moderators
decided, object by object through the client API.
"""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from sqlalchemy import update

from content.html import plain_text
from models.activities import Delivery
from server.backup.restoring import restore
from server.backup.saving import save
from server.settings import Settings
from tests.api.across import STATUSES, Json, Seat, body
from tests.conftest import Clock, NewDatabase
from tests.end_to_end.instance import free_port
from tests.fixtures_offices import OpenOffice
from tests.peers import Client, Office, office_of, run_until_idle, settings_for

PASSPHRASE = "tres oficinas y un incendio"
WRITTEN = 300
TAGS = ("calidad", "afterwork", "pausa")
SEEN = ("uri", "spoiler_text", "visibility", "edited_at", "language", "sensitive", "in_reply_to_id", "tags")


def quiet(_name: str, _size: int) -> None:
    """Nobody watches."""


@asynccontextmanager
async def running(settings: Settings, port: int, clock: Clock) -> AsyncIterator[Office]:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        async with office_of(settings, listener, clock=clock) as opened:
            yield opened


async def everything(api: Client, path: str) -> list[Json]:
    """All pages of a list."""
    found: list[Json] = []
    answer = await api.get(path, limit=40)
    while page := body(answer):
        found += page
        following = answer.links.get("next")
        if following is None:
            break
        answer = await api.get(following)
    return found


async def visible(office: Office, token: str, accts: list[str]) -> Json:
    """What somebody of an office sees of these accounts and of the hashtags; ids are each office's own."""
    api = office.api(token)
    uris: dict[str, str] = {}
    seen: Json = {}
    for acct in accts:
        account = body(await api.get("/api/v1/accounts/lookup", acct=acct.removesuffix(f"@{office.domain}")))
        posts = await everything(api, f"/api/v1/accounts/{account['id']}/statuses")
        uris |= {post["id"]: post["uri"] for post in posts}
        seen[acct] = {name: account[name] for name in ("display_name", "note", "locked", "bot")}
        seen[acct]["posts"] = {post["uri"]: post for post in posts}
    for acct in accts:
        seen[acct]["posts"] = {uri: _seen(post, uris) for uri, post in seen[acct]["posts"].items()}
    for tag in TAGS:
        seen[f"#{tag}"] = sorted(post["uri"] for post in await everything(api, f"/api/v1/timelines/tag/{tag}"))
    return seen


async def in_community(seat: Seat, office: Office, acct: str) -> Json:
    """What somebody sees of a community: what it is, where they stand in it, who looks after it, and what is posted."""
    api = office.api(seat.person.token)
    account = body(await api.get("/api/v1/accounts/lookup", acct=acct.removesuffix(f"@{office.domain}")))
    path = f"/api/v1/communities/{account['id']}"
    community = body(await api.get(path))
    posts = await everything(api, f"{path}/timeline?replies=true")
    staff = [
        (member["account"]["username"], role)
        for role in ("owner", "moderator")
        for member in body(await api.get(f"{path}/members", role=role))
    ]
    return {
        "shown": {name: community[name] for name in ("kind", "private", "posting")}
        | {"title": account["display_name"]},
        "posts": {post["uri"]: _posted(post) for post in posts},
        "staff": sorted(staff),
        "mine": (community["relationship"]["state"], community["relationship"]["role"]),
    }


def _posted(post: Json) -> Json:
    """A post of a community; who it answers is compared with the accounts."""
    where = {name: post["community"][name] for name in ("username", "locked", "pinned", "removed")}
    return {**_seen(post, {}), "community": where}


async def find(seat: Seat, acct: str) -> str:
    """The id by which an office knows a community of another one, which it asks for it."""
    (found,) = body(await seat.api.get("/api/v2/search", q=f"@{acct}", resolve=True, type="accounts"))["accounts"]
    return str(found["id"])


async def join(seat: Seat, acct: str) -> None:
    """Get into a community of another office; its answer is on its way."""
    body(await seat.api.post(f"/api/v1/communities/{await find(seat, acct)}/join"))


async def post_in(seat: Seat, acct: str, text: str, **more: Any) -> Json:
    """Post in a community, which isn't delivered yet."""
    account = body(
        await seat.api.get("/api/v1/accounts/lookup", acct=acct.removesuffix(f"@{seat.person.office.domain}"))
    )
    written: Json = body(await seat.api.post(STATUSES, {"status": text, "community_id": account["id"], **more}))
    return written


def _seen(post: Json, uris: dict[str, str]) -> dict[str, Any]:
    found = {name: post[name] for name in SEEN}
    found["in_reply_to_id"] = uris.get(post["in_reply_to_id"] or "")
    found["tags"] = sorted(tag["name"] for tag in post["tags"])
    found["text"] = plain_text(post["content"])
    found["mentions"] = sorted(mention["url"] for mention in post["mentions"])
    found["reblog"] = post["reblog"] and post["reblog"]["uri"]
    return found


async def seat(office: Office, name: str) -> Seat:
    person = await office.create_person(name, display_name=name.capitalize())
    return Seat(person, office.api(person), (office, office))


async def write(seat: Seat, count: int) -> list[Json]:
    """Posts with hashtags; every tenth is edited, every twelfth deleted."""
    written = []
    for number in range(count):
        text = f"Número {number} de {seat.person.name} #{TAGS[number % len(TAGS)]}"
        post = body(await seat.api.post(STATUSES, {"status": text}))
        if number % 10 == 0:
            body(await seat.api.put(f"{STATUSES}/{post['id']}", {"status": f"{text}, mejor dicho #pausa"}))
        if number % 12 == 5:
            body(await seat.api.delete(f"{STATUSES}/{post['id']}"))
        else:
            written.append(post)
    return written


@pytest.mark.timeout(900)  # 300 posts at three offices: on a busy machine that takes a while
async def test_an_office_that_was_cut_off_and_restored_ends_like_the_others(
    open_office: OpenOffice, new_database_url: NewDatabase, tmp_path: Path, clock: Clock
) -> None:
    madrid, lisbon = await open_office("madrid"), await open_office("lisbon")
    port = free_port("127.0.0.1")
    settings = settings_for(f"hamburg.localhost:{port}", await new_database_url(), tmp_path / "hamburg")
    async with AsyncExitStack() as stack:
        hamburg = await stack.enter_async_context(running(settings, port, clock))
        offices = (madrid, lisbon, hamburg)
        for one in offices:
            await one.confirm(*(other for other in offices if other is not one))
        ana, bea, cem = await seat(madrid, "ana"), await seat(lisbon, "bea"), await seat(hamburg, "cem")
        dora = await seat(madrid, "dora")
        for one in (ana, bea, cem):
            for other in (ana, bea, cem):
                if one is not other:
                    number = await one.number(other)
                    body(await one.api.post(f"/api/v1/accounts/{number}/follow"))
                    await run_until_idle(*offices)
        # Two communities: one of an office that stays, one of the office that will be cut off.
        works = body(await ana.api.post("/api/v1/communities", {"name": "obra", "title": "Obra nueva"}))
        body(await cem.api.post("/api/v1/communities", {"name": "hafen", "title": "Hafen"}))
        obra, hafen = f"obra@{madrid.domain}", f"hafen@{hamburg.domain}"
        await join(bea, obra)
        await join(cem, obra)
        await join(ana, hafen)
        await find(bea, hafen)
        await run_until_idle(*offices)
        thread = await post_in(ana, obra, "Empezamos #calidad")
        noise = await post_in(bea, obra, "Vendo bicicleta")
        await post_in(cem, hafen, "Kran 4 steht")
        await run_until_idle(*offices)
        first = body(await ana.api.post(STATUSES, {"status": "Antes #calidad"}))
        kept = body(await cem.api.post(STATUSES, {"status": "Moin #afterwork"}))
        await run_until_idle(*offices)
        backup = tmp_path / "backup"
        await save(settings, hamburg.services.database, backup, PASSPHRASE, progress=quiet, cost=10)

        # What Hamburg says after its backup; the others hear it, but for the last words, which nobody hears.
        after = [body(await cem.api.post(STATUSES, {"status": f"Nach {n} #calidad @{ana.acct}"})) for n in range(4)]
        body(await cem.api.put(f"{STATUSES}/{after[0]['id']}", {"status": "Nach 0, genauer #pausa"}))
        body(await cem.api.put(f"{STATUSES}/{kept['id']}", {"status": "Moin, moin #afterwork"}))
        body(await cem.api.delete(f"{STATUSES}/{after[1]['id']}"))
        await post_in(cem, obra, "Nach der Sicherung")
        await post_in(cem, hafen, "Kran 4 läuft wieder")
        await join(bea, hafen)  # a member whom the backup doesn't know
        home = {post["uri"]: post["id"] for post in await cem.home()}
        for verb in ("favourite", "reblog"):
            body(await cem.api.post(f"{STATUSES}/{home[first['uri']]}/{verb}"))
        body(await cem.api.post(f"/api/v1/accounts/{await cem.number(dora)}/follow"))
        body(await cem.api.patch("/api/v1/accounts/update_credentials", {"display_name": "Cem aus Hamburg"}))
        clock.advance(minutes=2)
        await run_until_idle(*offices)
        body(await cem.api.post(STATUSES, {"status": "Verloren #calidad"}))
        cem_token, cem_id = cem.person.token, cem.id
        await stack.aclose()

        # The others go on without it.
        answered = {post["uri"]: post["id"] for post in await bea.home()}[after[2]["uri"]]
        body(await bea.api.post(STATUSES, {"status": f"@{cem.acct} ¡bien! #pausa", "in_reply_to_id": answered}))
        body(await bea.api.post(f"{STATUSES}/{answered}/favourite"))
        for one in (ana, bea):
            await write(one, WRITTEN // 2)
            await run_until_idle(madrid, lisbon)
        for number in range(10):
            parent = {"in_reply_to_id": thread["id"]} if number % 3 == 0 else {}
            said = await post_in(ana, obra, f"Obra {number} #calidad", **parent)
            if number == 4:
                body(await ana.api.put(f"{STATUSES}/{said['id']}", {"status": "Obra 4, mejor dicho"}))
            if number == 5:
                body(await ana.api.delete(f"{STATUSES}/{said['id']}"))
        await post_in(bea, obra, "Uma pergunta")
        await run_until_idle(madrid, lisbon)
        path = f"/api/v1/communities/{works['id']}"
        (offending,) = body(await ana.api.get("/api/v2/search", q=noise["uri"], type="statuses"))["statuses"]
        body(await ana.api.post(f"{path}/statuses/{offending['id']}/remove", {"reason": "Aquí no"}))
        for verb in ("pin", "lock"):
            body(await ana.api.post(f"{path}/statuses/{thread['id']}/{verb}"))
        body(await ana.api.put(f"{path}/members/{await ana.number(bea)}", {"role": "moderator"}))
        await run_until_idle(madrid, lisbon)
        for one in (madrid, lisbon):
            async with one.services.database.unit_of_work() as unit:
                dead = {"state": "dead", "finished_at": unit.now}
                await unit.session.execute(update(Delivery).where(Delivery.state == "queued").values(dead))

        await restore(settings, backup, PASSPHRASE, replace=True, progress=quiet)
        hamburg = await stack.enter_async_context(running(settings, port, clock))
        clock.advance(minutes=31)
        started = perf_counter()
        await hamburg.workers.watch.begin()
        await run_until_idle(madrid, lisbon, hamburg)
        print(f"Reconnected in {perf_counter() - started:.1f} seconds.")

        accts = [ana.acct, bea.acct, cem.acct]
        views = [
            await visible(office, token, accts)
            for office, token in (
                (madrid, ana.person.token),
                (lisbon, bea.person.token),
                (hamburg, cem_token),
            )
        ]
        assert len(views[0][ana.acct]["posts"]) > WRITTEN // 3
        for acct in accts:
            for view in views[1:]:
                assert view[acct]["posts"].keys() == views[0][acct]["posts"].keys()
                for uri, post in view[acct]["posts"].items():
                    assert post == views[0][acct]["posts"][uri]
                assert view[acct] == views[0][acct], acct
        for tag in TAGS:
            assert [view[f"#{tag}"] for view in views] == [views[0][f"#{tag}"]] * 3
        assert views[2][cem.acct]["display_name"] == "Cem aus Hamburg"
        seats = ((ana, madrid), (bea, lisbon), (replace(cem, person=replace(cem.person, office=hamburg)), hamburg))
        for acct, theirs in ((obra, ("owner", "moderator", "member")), (hafen, ("member", "member", "owner"))):
            shown = [await in_community(*seat, acct) for seat in seats]
            assert [one.pop("mine") for one in shown] == [("member", role) for role in theirs], acct
            assert len(shown[0]["posts"]) >= (11 if acct == obra else 2)
            for one in shown[1:]:
                assert one == shown[0], acct
        # Relations and reactions, from both ends.
        api = hamburg.api(cem_token)
        following = body(await api.get(f"/api/v1/accounts/{cem_id}/following"))
        assert {account["acct"] for account in following} == {ana.acct, bea.acct, dora.acct, obra, "hafen"}
        (number,) = [post["id"] for post in await everything(api, f"/api/v1/accounts/{cem_id}/statuses")
                     if post["uri"] == after[2]["uri"]]  # fmt: skip
        assert body(await api.get(f"{STATUSES}/{number}"))["favourites_count"] == 1
        assert first["uri"] in [post["uri"] for post in body(await api.get("/api/v1/favourites"))]
        assert body(await api.get("/api/v1/notifications", types=["mention"]))
