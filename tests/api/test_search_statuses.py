"""Full-text search: operators, languages, what a reader may and wants to find, and text that attacks the index."""

from typing import Any

from sqlalchemy import delete, func, select, text, update

from models.accounts import Account
from models.search import IndexFilling, StatusText
from models.statuses import Status
from social.search.refill import count_statuses, fill_index, fill_once, tidy_index
from tests.api.test_search import post
from tests.api.test_statuses_editing import upload
from tests.conftest import Clock
from tests.fixtures_offices import OpenOffice
from tests.peers import Client, Office, run_until_idle

TwoOffices = tuple[Office, Office]


async def ids(client: Client, q: str, **more: Any) -> list[str]:
    answer = await client.get("/api/v2/search", q=q, type="statuses", **more)
    assert answer.status == 200, (q, answer.body)
    return [one["id"] for one in answer.json()["statuses"]]


async def test_what_a_post_is_found_by(office: Office, clock: Clock) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    api, bens = office.api(ana), office.api(ben)
    old = await post(bens, "El informe de innovación está listo", language="es")
    clock.advance(days=3)
    poll = await post(api, "Pizza?", poll={"options": ["Margherita", "Diavola"], "expires_in": 3600})
    warned = await post(bens, "A secret ending", spoiler_text="Spoilers for Größe", language="en")
    tagged = await post(bens, "Meetings under #Calidad, see https://example.com/informe-2026", language="en")
    reply = await post(api, "Good meeting", in_reply_to_id=tagged["id"], sensitive=True, language="en")
    found = {
        "innovacion": [old], "INNOVACIÓN": [old], "innov*": [old], '"informe de innovacion"': [old],
        '"innovacion de informe"': [], "informe": [tagged, old], "informe -from:ben": [], "diavola": [poll],
        "has:poll": [poll], "grosse": [warned], "größe": [warned], "secret -spoilers": [], "#calidad see": [tagged],
        "in:#CALIDAD": [tagged], "#nothing": [], "is:reply": [reply], "is:sensitive": [reply, warned],
        "from:me": [reply, poll], f"from:ana@{office.domain} meeting": [reply], "from:nobody": [],
        "-from:me -from:nobody": [tagged, warned, old], "language:es": [old], "in:library": [reply, poll],
        "-in:library secret": [warned], "in:public informe": [tagged, old],
        f"during:{old['created_at'][:10]}": [old],
        f"after:{old['created_at'][:10]} language:en": [reply, tagged, warned],
        f"before:{poll['created_at'][:10]}": [old], "is:wrong": [], "": [],
    }  # fmt: skip
    for query, expected in found.items():
        if query:
            assert await ids(api, query) == [one["id"] for one in expected], query
    if not office.services.database.is_sqlite:
        assert await ids(api, "innovaciones") == [old["id"]]
        assert await ids(api, "meets") == [reply["id"], tagged["id"]]
    assert await ids(api, "informe", limit=1, offset=1) == await ids(api, "informe", max_id=tagged["id"]) == [old["id"]]


async def test_the_index_follows_edits_deletions_and_media(office: Office) -> None:
    ana = await office.create_person("ana")
    api = office.api(ana)
    made = await post(api, "viejo", media_ids=[await upload(ana, "Un gato negro")])
    assert await ids(api, "gato has:image has:media") == [made["id"]]
    assert (await api.put(f"/api/v1/statuses/{made['id']}", {"status": "nuevo #prisa"})).status == 200
    assert [await ids(api, query) for query in ("viejo", "gato", "nuevo", "#prisa nuevo")] == [
        [], [], [made["id"]], [made["id"]]
    ]  # fmt: skip
    other = await post(api, "nuevo también")
    await api.delete(f"/api/v1/statuses/{made['id']}")
    assert await ids(api, "nuevo") == [other["id"]]
    async with office.services.database.unit_of_work() as unit:
        await unit.session.execute(delete(Status))  # as a foreign key would
    async with office.services.database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(StatusText)) == 0
        if office.services.database.is_sqlite:
            assert await session.scalar(text("SELECT count(*) FROM status_words WHERE status_words MATCH 'nuevo'")) == 0


async def test_nobody_finds_what_is_not_for_them(office: Office, clock: Clock) -> None:
    ana, ben, eva = [await office.create_person(name) for name in ("ana", "ben", "eva")]
    api, bens = office.api(ana), office.api(ben)
    public = (await post(bens, "palabra for all"))["id"]
    unlisted = (await post(bens, "palabra unlisted", visibility="unlisted"))["id"]
    private = (await post(bens, "palabra for followers", visibility="private"))["id"]
    direct = (await post(bens, "palabra @eva", visibility="direct"))["id"]
    assert await ids(api, "palabra") == [unlisted, public]
    assert await ids(api, "-nothing") == [unlisted, public]
    assert await ids(office.api(eva), "palabra") == [direct, unlisted, public]
    assert await ids(bens, "palabra") == [direct, private, unlisted, public]
    await api.post(f"/api/v1/accounts/{ben.id}/follow")
    assert await ids(api, "palabra") == [private, unlisted, public]
    await api.post(f"/api/v1/accounts/{ben.id}/mute")
    assert await ids(api, "palabra") == []
    await api.post(f"/api/v1/accounts/{ben.id}/unmute")
    await bens.post(f"/api/v1/accounts/{ana.id}/block")
    assert await ids(api, "palabra") == []
    await bens.post(f"/api/v1/accounts/{ana.id}/unblock")
    assert await ids(api, "palabra") == [unlisted, public]
    for column in ("limited_at", "suspended_at"):
        async with office.services.database.unit_of_work() as unit:
            await unit.session.execute(update(Account).where(Account.id == ben.id).values({column: unit.now}))
        assert await ids(api, "palabra") == []
        assert (await office.api().get("/api/v2/search", q="palabra")).status == 401


async def test_in_an_open_network_who_does_not_want_to_be_found_is_not(open_office: OpenOffice) -> None:
    office = await open_office("madrid", federation="open")
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    api, bens = office.api(ana), office.api(ben)
    first, second = await post(bens, "palabra uno"), await post(bens, "palabra dos")
    assert await ids(api, "palabra") == []
    assert await ids(office.api(ben), "palabra") == [second["id"], first["id"]]
    await api.post(f"/api/v1/statuses/{first['id']}/favourite")
    assert await ids(api, "palabra") == [first["id"]]
    await bens.patch("/api/v1/accounts/update_credentials", {"indexable": True})
    assert await ids(api, "palabra") == [second["id"], first["id"]]
    assert (await office.api().get("/api/v2/search", q="palabra", type="statuses")).json()["statuses"] == []


async def test_what_comes_from_another_office_is_found(two_offices: TwoOffices) -> None:
    madrid, lisbon = two_offices
    ana, joao = await madrid.create_person("ana"), await lisbon.create_person("joao")
    api = madrid.api(ana)
    (account,) = (await api.get("/api/v2/search", q=f"@{joao.acct}", resolve=True)).json()["accounts"]
    await api.post(f"/api/v1/accounts/{account['id']}/follow")
    await run_until_idle(madrid, lisbon)
    made = await post(lisbon.api(joao), "<b>Reunião</b> #calidad", language="pt")
    await run_until_idle(madrid, lisbon)
    (found,) = await ids(api, f"reuniao from:{joao.acct}")
    assert await ids(api, "in:#calidad language:pt") == [found]
    await lisbon.api(joao).put(f"/api/v1/statuses/{made['id']}", {"status": "Almoço"})
    await run_until_idle(madrid, lisbon)
    assert (await ids(api, "reuniao"), await ids(api, "almoco")) == ([], [found])
    await lisbon.api(joao).delete(f"/api/v1/statuses/{made['id']}")
    await run_until_idle(madrid, lisbon)
    assert await ids(api, "almoco") == []


HOSTILE = [
    '"', '""', "'", "*", "^a", "a*b*", "NEAR(a b)", "words:a", "- - -", "AND", "a OR", "NOT NOT a", "(a", "a)", "a^2",
    "=post", "=a1", '"=post"', "from:=post", "{words} : a", "a\0b", "\0", "\ud800", "a & | ! b", "a:*", "'a' <-> b",
    "\\", "%",
    "from:", "from:@", "from:me@", "in:#", "in:@", "#", "before:99999-01-01", "before:0000", "language:=",
    "during:2026-13",
    "a " * 400, '"' * 999, "-" * 1000, "from:x " * 140, "\u202e\u0301\u0600", "東" * 900, "1e999 0x1 .5 -5",
]  # fmt: skip


async def test_no_text_breaks_a_search(office: Office) -> None:
    ana = await office.create_person("ana")
    api = office.api(ana)
    for query in HOSTILE:
        if written := query.replace("\0", "").encode("utf-8", "ignore").decode()[:500].strip():
            await post(api, written)
    everything = set(await ids(api, "from:me", limit=40))
    assert len(everything) > 30
    for query in HOSTILE:
        answer = await api.get("/api/v2/search", q=query.encode("utf-8", "ignore").decode())
        assert answer.status in (200, 422), query
    assert await ids(api, "=post") == await ids(api, '"=post"') != []
    assert set(await ids(api, "=post")) < everything
    assert (await api.get("/api/v2/search", q="x" * 5_000)).status == 422


async def test_an_index_is_filled_again(office: Office) -> None:
    ana = await office.create_person("ana")
    api, database = office.api(ana), office.services.database
    made = [(await post(api, f"palabra {number}"))["id"] for number in range(3)]
    await api.post(f"/api/v1/statuses/{made[0]}/reblog")
    assert await fill_index(database) == 0
    async with database.unit_of_work() as unit:
        await unit.session.execute(delete(StatusText))
    assert await ids(api, "palabra") == []
    passed: list[int] = []
    assert await fill_index(database, progress=passed.append) == await count_statuses(database) == passed[-1] == 3
    assert await ids(api, "palabra") == made[::-1]
    assert await fill_index(database, is_everything=True) == 3
    await tidy_index(database)
    assert await ids(api, "palabra") == made[::-1]


async def test_a_start_fills_the_index_from_where_the_last_one_stopped_and_then_never_again(office: Office) -> None:
    ana = await office.create_person("ana")
    api, database = office.api(ana), office.services.database
    made = [(await post(api, f"palabra {number}"))["id"] for number in range(3)]

    async def lose(**mark: Any) -> None:
        async with database.unit_of_work() as unit:
            await unit.session.execute(delete(StatusText))
            await unit.session.execute(delete(IndexFilling))
            if mark:
                unit.session.add(IndexFilling(id=1, **mark))

    await lose(below=int(made[1]))
    assert await fill_once(database) == 1
    assert await ids(api, "palabra") == [made[0]]
    assert await fill_once(database) == 0  # all was passed
    assert await fill_index(database) == 2  # whoever doubts that asks for it
    await lose()
    assert await fill_once(database) == 3
    assert await ids(api, "palabra") == made[::-1]
