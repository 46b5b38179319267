"""Search: three lists always, what an address or handle leads to, and nothing that the viewer may not see."""

from typing import Any

import pytest

from api.answers.search import SearchEntity, SearchV1Entity
from tests.api.contract import check
from tests.fixtures_offices import OpenOffice
from tests.peers import Client, Office, run_until_idle
from tests.remote_peers import RemoteServer

TwoOffices = tuple[Office, Office]
NOTHING: dict[str, list[Any]] = {"accounts": [], "statuses": [], "hashtags": []}


async def found(client: Client, q: str, **more: Any) -> dict[str, list[str]]:
    answer = await client.get("/api/v2/search", q=q, **more)
    assert answer.status == 200, answer.body
    lists = check(SearchEntity, answer.json())
    return {
        "accounts": [one["acct"] for one in lists["accounts"]],
        "statuses": [one["content"] for one in lists["statuses"]],
        "hashtags": [one["name"] for one in lists["hashtags"]],
    }


async def post(client: Client, text: str, **more: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/statuses", {"status": text, **more})
    assert answer.status == 200, answer.body
    made: dict[str, Any] = answer.json()
    return made


async def test_three_lists_for_a_word(office: Office) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("calidad_ben")
    api = office.api(ana)
    await post(api, "La #Calidad manda 100%")
    theirs = await post(office.api(ben), "#CalidadTotal, calidad for all")
    hidden = await post(office.api(ben), "calidad for followers alone", visibility="private")
    everything = await found(api, "calidad")
    assert everything["accounts"] == ["calidad_ben"]
    assert everything["hashtags"] == ["Calidad", "CalidadTotal"]
    assert len(everything["statuses"]) == 2
    assert await found(api, "#calidad") == {**NOTHING, "hashtags": ["Calidad", "CalidadTotal"]}
    assert (await found(api, "calidad", type="accounts"))["hashtags"] == []
    assert len((await found(api, "calidad", account_id=ben.id))["statuses"]) == 1
    assert len((await found(api, "calidad", limit=1, offset=1))["statuses"]) == 1
    newer = (await found(api, "calidad", limit=1))["statuses"]
    assert (await found(api, "calidad", max_id=theirs["id"]))["statuses"] != newer
    assert (await found(api, "calidad", min_id=hidden["id"], type="statuses"))["statuses"] == []
    assert await found(api, "zzz") == NOTHING
    older = check(SearchV1Entity, (await api.get("/api/v1/search", q="calidad")).json())
    assert older["hashtags"] == ["Calidad", "CalidadTotal"]
    assert (await api.get("/api/v2/search")).status == 422
    assert (await api.get("/api/v2/search", q="x", type="everything")).status == 422


async def test_an_address_leads_to_what_it_names_here(office: Office) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    api = office.api(ana)
    public = await post(office.api(ben), "for all")
    private = await post(office.api(ben), "for some", visibility="private")
    assert (await found(api, f"{office.origin}/@ben"))["accounts"] == ["ben"]
    assert (await found(api, ben.uri))["accounts"] == ["ben"]
    for address in (public["url"], public["uri"]):
        assert len((await found(api, address))["statuses"]) == 1
        assert await found(api, address, type="accounts") == NOTHING
    for address in (private["url"], private["uri"], f"{office.origin}/@ben/99999999999999999999", office.origin):
        assert await found(api, address) == NOTHING


async def test_what_another_office_has_is_fetched_when_asked_for(two_offices: TwoOffices) -> None:
    madrid, lisbon = two_offices
    ana, joao = await madrid.create_person("ana"), await lisbon.create_person("joao")
    api = madrid.api(ana)
    public = await post(lisbon.api(joao), "Bom dia")
    assert await found(api, joao.acct) == await found(api, public["url"]) == NOTHING
    assert (await found(api, f"@{joao.acct}", resolve=True))["accounts"] == [joao.acct]
    (status,) = (await found(api, public["url"], resolve=True))["statuses"]
    assert "Bom dia" in status
    assert (await found(api, f"{lisbon.origin}/@joao", resolve=True))["accounts"] == [joao.acct]
    assert await found(api, f"{lisbon.origin}/@nobody", resolve=True) == NOTHING
    await run_until_idle(madrid, lisbon)


@pytest.mark.parametrize(
    "q",
    ["http://10.0.0.1/", "https://localhost/", "http://[::1]/", "https://unknown.example/@x", "@a@10.0.0.1", "@@", "#"],
)
async def test_resolving_never_reaches_where_it_may_not(office: Office, remote: RemoteServer, q: str) -> None:
    ana = await office.create_person("ana")
    assert await found(office.api(ana), q, resolve=True) == NOTHING
    strange = remote.publish({"id": f"{remote.origin}/thing", "type": "Person", "inbox": "https://evil.example/inbox"})
    assert await found(office.api(ana), strange, resolve=True) == NOTHING


async def test_strangers_search_without_resolving(office: Office, open_office: OpenOffice) -> None:
    assert (await office.api().get("/api/v2/search", q="ana")).status == 401
    lisbon = await open_office("lisbon", federation="open")
    await lisbon.create_person("eva")
    assert (await found(lisbon.api(), "eva"))["accounts"] == ["eva"]
    for more in ({"resolve": True}, {"offset": 1}):
        assert (await lisbon.api().get("/api/v2/search", q="eva", **more)).status == 401


async def test_a_hashtag_is_one_however_it_is_spelt(office: Office) -> None:
    ana = await office.create_person("ana")
    api = office.api(ana)
    await post(api, "#Innovación, #Innovación")
    await post(api, "#INNOVACION")
    first = (await api.post("/api/v1/featured_tags", {"name": "innovacion"})).json()
    again = (await api.post("/api/v1/featured_tags", {"name": "#Innovación"})).json()
    assert first == again
    assert (first["statuses_count"], len((await api.get("/api/v1/featured_tags")).json())) == ("2", 1)
    assert len((await found(api, "in:#innovacion", type="statuses"))["statuses"]) == 2
    assert len((await found(api, "#ınnovacıon", type="hashtags"))["hashtags"]) == 1
