"""One's own account: read, changed in every encoding that clients use, seen at the other office, its links verified."""

import socket
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from api.answers.accounts import AccountEntity
from api.answers.credentials import CredentialAccountEntity, ProfileEntity
from api.answers.preferences import PreferencesEntity
from outbox.verified_links import links_back
from tests.api.contract import check
from tests.api.counting import counted
from tests.media_files import png
from tests.peers import Client, Office, run_until_idle

TwoOffices = tuple[Office, Office]
UPDATE = "/api/v1/accounts/update_credentials"


async def own(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get("/api/v1/accounts/verify_credentials")).json()
    check(CredentialAccountEntity, found)
    return found


async def changed(client: Client, document: Any) -> dict[str, Any]:
    answer = await client.patch(UPDATE, document)
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json()
    check(CredentialAccountEntity, found)
    return found


def form(**files: bytes) -> aiohttp.FormData:
    made = aiohttp.FormData()
    for name, data in files.items():
        made.add_field(name, BytesIO(data), filename=f"{name}.png", content_type="image/png")
    return made


async def test_a_profile_reaches_the_other_office_with_pictures_and_fields(two_offices: TwoOffices) -> None:
    madrid, lisbon = two_offices
    ana, joao = await madrid.create_person("ana"), await lisbon.create_person("joao")
    there = lisbon.api(joao)
    (known,) = (await there.get("/api/v1/accounts/search", q=ana.acct, resolve=True)).json()
    await there.post(f"/api/v1/accounts/{known['id']}/follow")
    await run_until_idle(madrid, lisbon)
    sent = form(avatar=png((800, 600)), header=png((30, 10)))
    for name, value in {
        "display_name": "Ana <b>R.</b>",
        "note": "Works on #Calidad with @joao@nowhere.example\n\nand https://a.example/<x>",
        "locked": "true",
        "bot": "0",
        "fields_attributes[0][name]": "Web",
        "fields_attributes[0][value]": "https://ana.example/me",
        "fields_attributes[1][name]": "",
        "fields_attributes[1][value]": "",
        "attribution_domains[]": "https://Blog.example/x",
        "avatar_description": "A face",
        "source[privacy]": "unlisted",
        "source[sensitive]": "true",
        "source[language]": "es",
        "source[quote_policy]": "followers",
    }.items():
        sent.add_field(name, value)
    mine = await changed(madrid.api(ana), sent)
    assert (mine["display_name"], mine["locked"], mine["bot"]) == ("Ana R.", True, False)
    assert "#<span>Calidad</span></a>" in mine["note"]
    assert "<x>" not in mine["note"]
    assert mine["source"]["note"].startswith("Works on #Calidad")
    assert [one["value"] for one in mine["source"]["fields"]] == ["https://ana.example/me"]
    assert 'rel="me nofollow' in mine["fields"][0]["value"]
    assert mine["source"]["attribution_domains"] == ["blog.example"]
    habits = check(PreferencesEntity, (await madrid.api(ana).get("/api/v1/preferences")).json())
    assert list(habits.values()) == ["unlisted", False, True, "es", "followers", "default", False, False]
    picture = await madrid.request("GET", mine["avatar"])
    assert (picture.status, picture.headers["Content-Type"][:6]) == (200, "image/")
    await run_until_idle(madrid, lisbon)
    seen = check(AccountEntity, (await there.get(f"/api/v1/accounts/{known['id']}")).json())
    assert (seen["display_name"], seen["locked"], seen["avatar_description"]) == ("Ana R.", True, "A face")
    assert "ana.example" in seen["fields"][0]["value"]
    assert "missing.png" not in seen["avatar"] + seen["header"]
    for part in ("avatar", "header"):
        without = check(CredentialAccountEntity, (await madrid.api(ana).delete(f"/api/v1/profile/{part}")).json())
        assert without[part].endswith("missing.png")
    await run_until_idle(madrid, lisbon)
    assert (await madrid.request("GET", mine["avatar"])).status == 404
    assert "missing.png" in (await there.get(f"/api/v1/accounts/{known['id']}")).json()["avatar"]
    assert (await changed(madrid.api(ana), {"bot": True}))["bot"]
    await run_until_idle(madrid, lisbon)
    assert (await there.get(f"/api/v1/accounts/{known['id']}")).json()["bot"]


@pytest.mark.parametrize(
    "document",
    [
        {"fields_attributes": [{"name": "One", "value": "1"}, {"name": "Two", "value": "b"}]},
        {"fields_attributes": {"0": {"name": "One", "value": "1"}, "1": {"name": "Two", "value": "b"}}},
        "fields_attributes[0][name]=One&fields_attributes[0][value]=1"
        "&fields_attributes[1][name]=Two&fields_attributes[1][value]=b",
        "fields_attributes[][name]=One&fields_attributes[][value]=1"
        "&fields_attributes[][name]=Two&fields_attributes[][value]=b",
    ],
)
async def test_fields_are_understood_in_every_encoding(office: Office, document: Any) -> None:
    client = office.api(await office.create_person("ana"))
    if isinstance(document, str):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await client.call("PUT", UPDATE, document.encode(), headers=headers)
    else:
        answer = await client.patch(UPDATE, document)
    assert [(one["name"], one["value"]) for one in answer.json()["fields"]] == [("One", "1"), ("Two", "b")]
    assert (await changed(client, {"display_name": "", "note": ""}))["fields"] != []
    assert (await changed(client, {"fields_attributes": []}))["fields"] == []


async def test_what_is_wrong_is_named_and_changes_nothing(office: Office) -> None:
    client = office.api(await office.create_person("ana", display_name="Ana"))
    rows = [{"name": "n", "value": str(number)} for number in range(17)]
    for document, field in (
        ({"display_name": "x" * 101}, "display_name"),
        ({"note": "x" * 2001}, "note"),
        ({"locked": "perhaps"}, "locked"),
        ({"fields_attributes": rows}, "fields_attributes"),
        ({"fields_attributes": "x"}, "fields_attributes"),
        ({"fields_attributes": [{"name": "", "value": "x"}]}, "fields_attributes"),
        ({"fields_attributes": [{"name": ["x"], "value": "x"}]}, "fields_attributes"),
        ({"source": {"privacy": "everybody"}}, "source.privacy"),
        ({"source": "x"}, "source"),
        ({"attribution_domains": ["not a domain"]}, "attribution_domains"),
        ({"avatar": "https://a.example/me.png"}, "avatar"),
        (form(avatar=b"<svg onload=alert(1)>"), "avatar"),
        (form(header=b"GIF89a"), "header"),
    ):
        answer = await client.patch(UPDATE, document)
        assert (answer.status, [name.partition("._")[0] for name in answer.json()["details"]]) == (422, [field])
    assert (await client.patch(UPDATE, form(avatar=b"\0" * 9_000_000))).status in (413, 422)
    assert (await own(client))["display_name"] == "Ana"
    reader = office.api((await office.create_person("ben", scopes="profile")).token)
    assert (await own(reader))["username"] == "ben"
    assert (await reader.patch(UPDATE, {"note": "x"})).status == 403


async def test_the_profile_form_and_bots(office: Office) -> None:
    client = office.api(await office.create_person("ana"))
    profile = check(ProfileEntity, (await client.patch("/api/v1/profile", {"note": "a\nb", "bot": True})).json())
    assert (profile["note"], profile["bot"], profile["avatar"]) == ("a\nb", True, None)
    assert check(ProfileEntity, (await client.put("/api/v1/profile", {"bot": False})).json())["bot"] is False
    assert (await own(client))["note"] == "<p>a<br />b</p>"
    with counted(office) as statements:
        await own(client)
    assert len([one for one in statements if one.startswith("SELECT")]) <= 5


@pytest.fixture
async def website() -> AsyncIterator[tuple[str, dict[str, str], list[str]]]:
    """A web server of somebody's own: its origin, its pages, and what it was asked."""
    pages: dict[str, str] = {}
    asked: list[str] = []

    async def serve(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(text=pages.get(request.path, ""), content_type="text/html")

    app = web.Application()
    app.router.add_get("/{tail:.*}", serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    listener = socket.socket()
    listener.bind(("127.0.0.60", 0))
    await web.SockSite(runner, listener).start()
    yield f"http://127.0.0.60:{listener.getsockname()[1]}", pages, asked
    await runner.cleanup()


async def test_a_link_is_verified_when_the_page_links_back(
    office: Office, website: tuple[str, dict[str, str], list[str]]
) -> None:
    origin, pages, asked = website
    client = office.api(await office.create_person("ana"))
    profile = f"{office.origin}/@ana"
    pages["/mine"] = f'<p>me</p><a class=x rel="friend me" href="{profile}/">here</a>'
    pages["/hidden"] = f'<!-- <a rel="me" href="{profile}">here</a> -->'
    pages["/theirs"] = f'<a rel="nofollow" href="{profile}">ana</a>'
    pages["/large"] = "x" * 1_100_000 + pages["/mine"]
    values = [f"{origin}/{name}" for name in ("mine", "hidden", "theirs", "large")]
    values += ["http://10.1.2.3/", "http://169.254.169.254/latest", f"see {origin}/mine", "ftp://a.example"]
    rows = [{"name": str(number), "value": value} for number, value in enumerate(values)]
    await changed(client, {"fields_attributes": rows})
    await office.run_until_idle()
    verified = [one["verified_at"] is not None for one in (await own(client))["fields"]]
    assert verified == [True] + [False] * 7
    assert sorted(asked) == ["/hidden", "/large", "/mine", "/theirs"]
    since = (await own(client))["fields"][0]["verified_at"]
    kept = await changed(client, {"fields_attributes": rows[:1]})
    assert kept["fields"][0]["verified_at"] == since
    moved = await changed(client, {"fields_attributes": [{"name": "0", "value": f"{origin}/theirs"}]})
    assert moved["fields"][0]["verified_at"] is None


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ('<link rel="me" href="https://o.example/@ana">', True),
        ("<A HREF='https://O.example/@ana' REL=me>", True),
        ('<a rel="me" href="https://o.example/@anabel">', False),
        ('<a rel="me" href="https://evil.example/?https://o.example/@ana">', False),
        ('<a data-rel="me" href="https://o.example/@ana">', False),
        ("<!-- <a rel=me href=https://o.example/@ana>", False),
        ("<a " * 100_000, False),
        ("<!--" * 100_000, False),
        ("", False),
    ],
    ids=str.split("link capitals longer query data comment anchors comments empty"),
)
def test_links_back_are_read_in_linear_time(page: str, expected: bool) -> None:
    assert links_back(page, {"https://o.example/@ana"}) is expected
