"""Topics over offices: a hashtag is an actor, followed from outside, subscribed to at every peer, with its archive."""

from typing import Any
from urllib.parse import quote

from sqlalchemy import text

from tests.api.across import Pair, open_pair
from tests.fixtures_offices import OpenOffice
from tests.graph import home_uris, journal, notices, status
from tests.peers import Office, run_until_idle

TIMELINE = "/api/v1/timelines/tag/"


async def uris(pair: Pair, name: str, **query: Any) -> list[str]:
    """What Bea's office shows under a hashtag."""
    return [one["uri"] for one in await pair.bea.get(f"{TIMELINE}{quote(name)}", limit=40, **query)]


async def test_a_followed_topic_fills_with_the_archives_of_other_offices(two_offices: tuple[Office, Office]) -> None:
    pair = await open_pair(two_offices, is_connected=False)
    ana, bea = pair.ana, pair.bea
    old = [(await ana.post(f"Nota {number} #Innovación @{bea.acct}"))["uri"] for number in range(3)]
    edited = await ana.post("borrador #innovacion")
    await ana.edit(edited, status="final #INNOVACIÓN")
    await ana.post("en voz baja #innovación", visibility="unlisted")
    await ana.post("para los míos #innovación", visibility="private")
    await ana.post("sin etiqueta")
    await bea.clear()
    async with pair.lisbon.services.database.unit_of_work() as unit:  # as if Lisbon had been founded today
        await unit.session.execute(text("DELETE FROM statuses"))
    assert await uris(pair, "innovacion") == []

    await bea.do("/api/v1/tags/innovaci%C3%B3n/follow")
    assert await uris(pair, "INNOVACION") == [edited["uri"], *reversed(old)]
    assert await home_uris(bea.person) == [edited["uri"], *reversed(old)]
    assert await notices(bea.person) == []  # what is old rings nobody
    stored = await status(pair.lisbon, edited["uri"])
    assert stored is not None
    assert "final" in stored.content_html

    new = await ana.post("Nueva #innovación")
    assert (await uris(pair, "innovación"))[0] == new["uri"]
    assert {outcome for kind, _, outcome in await journal(pair.lisbon) if kind == "Announce"} <= {
        "applied",
        "duplicate",
    }
    await ana.edit(new, status="Nueva, sin ella")
    assert new["uri"] not in await uris(pair, "innovación")
    await ana.edit(new, status="Con ella otra vez #innovación")
    assert (await uris(pair, "innovación"))[0] == new["uri"]
    assert (await ana.api.delete(f"/api/v1/statuses/{new['id']}")).status == 200
    await run_until_idle(*two_offices)
    assert new["uri"] not in await uris(pair, "innovación")

    await bea.do("/api/v1/tags/innovacion/unfollow")
    before = len(await journal(pair.lisbon))
    await ana.post("Otra #innovación")
    assert [kind for kind, _, _ in (await journal(pair.lisbon))[before:]] == []


async def test_synonyms_are_read_as_one_at_every_office_that_says_so(two_offices: tuple[Office, Office]) -> None:
    pair = await open_pair(two_offices)
    steward = await pair.seat(pair.lisbon, "eva", is_admin=True, scopes="read write follow admin:read admin:write")
    spanish, english = await pair.ana.post("Mejor #calidad"), await pair.ana.post("Better #quality")
    await pair.bea.post("Melhor #qualidade")
    tags = {tag["name"]: tag for tag in await steward.get("/api/v1/admin/tags", q="q")}
    assert sorted(tags) == ["qualidade", "quality"]
    (calidad,) = await steward.get("/api/v1/admin/tags", q="CALI")
    merged = await steward.do(f"/api/v1/admin/tags/{calidad['id']}/merge", {"into": "Quality"})
    assert merged["canonical"] == "quality"
    again = await steward.api.post(f"/api/v1/admin/tags/{tags['quality']['id']}/merge", {"into": "calidad"})
    assert again.status == 422
    both = [english["uri"], spanish["uri"]]
    assert await uris(pair, "calidad") == await uris(pair, "quality") == both
    assert await uris(pair, "qualidade", any=["calidad"]) != both
    assert await uris(pair, "calidad", none=["quality"]) == []

    await pair.bea.do("/api/v1/tags/calidad/follow")
    third = await pair.ana.post("Best #quality")
    assert (await home_uris(pair.bea.person))[0] == third["uri"]
    told = await pair.bea.get("/api/v1/tertulia/tags/quality")
    assert (told["canonical"], told["synonyms"], told["kept"]) == ("quality", ["calidad"], False)
    own, madrid = told["offices"]
    assert (own["domain"], own["complete"], own["posts"]) == (pair.lisbon.domain, True, 0)
    assert (madrid["domain"], madrid["complete"], madrid["posts"]) == (pair.madrid.domain, True, 3)
    assert madrid["since"] is not None
    at_madrid = await pair.ana.get("/api/v1/tertulia/tags/quality")
    assert at_madrid["synonyms"] == []

    await steward.do(f"/api/v1/admin/tags/{calidad['id']}/unmerge")
    assert await uris(pair, "calidad") == [spanish["uri"]]
    await pair.bea.do("/api/v1/tags/calidad/unfollow")
    kept = await steward.do(f"/api/v1/admin/tags/{calidad['id']}/subscribe")
    assert kept["kept"] is True
    assert (await pair.bea.get("/api/v1/tertulia/tags/calidad"))["offices"][1]["since"] is not None
    assert (await pair.bea.api.post(f"/api/v1/admin/tags/{calidad['id']}/unmerge")).status == 403


async def test_nobody_has_to_ask_again_for_what_is_new(
    two_offices: tuple[Office, Office], open_office: OpenOffice
) -> None:
    pair = await open_pair(two_offices, is_connected=False)
    await pair.bea.do("/api/v1/tags/futuro/follow")  # that nobody has used anywhere
    first = await pair.ana.post("Hacia el #futuro")
    assert await uris(pair, "futuro") == [first["uri"]]

    hamburg = await open_office("hamburg")
    hugo = hamburg.api(await hamburg.create_person("hugo"))
    written = (await hugo.post("/api/v1/statuses", {"status": "Die #Futuro"})).json()
    await hamburg.confirm(pair.lisbon)
    await pair.lisbon.confirm(hamburg)
    await run_until_idle(*two_offices, hamburg)
    assert await uris(pair, "futuro") == [written["uri"], first["uri"]]
    told = await pair.bea.get("/api/v1/tertulia/tags/futuro")
    assert [(office["domain"], office["complete"]) for office in told["offices"]] == [
        (pair.lisbon.domain, True),
        *sorted([(hamburg.domain, True), (pair.madrid.domain, True)]),
    ]
