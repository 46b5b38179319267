"""The pages of communities: found, joined, written in and looked after without a script; each right has its refusal."""

import ast
import re
from pathlib import Path

import pytest

from tests.media_files import png
from tests.peers import Office, Person
from tests.web.browser import Browser, signed_in
from web.texts import LANGUAGES, Texts

NEW = "/communities/new"


async def made(browser: Browser, name: str, **more: str) -> str:
    """A community made with the form; its path."""
    await browser.show(NEW)
    answer = await browser.send(NEW, **{"name": name, "kind": "open", "readers": "everybody", **more})
    assert answer.status == 303, answer.text
    return answer.headers["Location"]


async def follow_to(browser: Browser, path: str, **fields: str) -> str:
    """Send a form of the last page, and go where it leads."""
    answer = await browser.send(path, **fields)
    assert answer.status == 303, answer.text
    await browser.show(answer.headers["Location"])
    return answer.headers["Location"]


async def test_a_community_is_made_found_joined_and_written_in(office: Office, browser: Browser, bruno: Person) -> None:
    theirs = await signed_in(bruno, language="es")
    assert "Aún no hay comunidades" in (await theirs.show("/communities")).text
    path = await made(browser, "garden", title="The & garden", description="Beds, #kaizen", rules="Water.\r\nWeed.")
    page = await browser.show(path)
    for shown in ("The & garden", "Water.", "Weed.", "Owner", "1 member"):
        assert shown in page.text
    assert (await browser.send(NEW, name="garden", title="Again")).status == 422
    assert "is taken" in browser.page.text
    assert browser.page.all("input", name="title")[0]["value"] == "Again"

    assert "The & garden" in (await theirs.show("/communities?q=gard")).text
    assert "no se llama" not in theirs.page.text
    await theirs.show("/communities?q=nothing%00")
    page = await theirs.show(path)
    assert page.all("textarea", name="text") == []
    assert page.all("a", href=f"{path}/moderation") == []
    assert await follow_to(theirs, f"{path}/join") == path
    community_id = theirs.page.all("input", name="community_id")[0]["value"]
    await follow_to(theirs, "/compose", text="Rosas", audience="public", community_id=community_id)
    assert len(theirs.page.posts) == 1
    assert (await theirs.show("/communities")).all("a", href="/communities", aria_current="page")
    (post,) = (await browser.show(path)).posts
    number = post.removeprefix("s")
    for action, mark in (("pin", "Pinned"), ("lock", "Unlock")):
        assert mark not in (await browser.show(path)).text.replace("Unpin", "")
        await follow_to(browser, f"{path}/posts/{number}/{action}")
        assert mark in browser.page.text
    assert (await theirs.send("/compose", text="Y claveles", audience="public", parent_id=number)).status == 403
    assert "Esta conversación está cerrada" in theirs.page.text
    await theirs.show(NEW)
    for name, sentence in (("garden", "está cogido"), ("a b", "hasta 30 letras")):
        assert (await theirs.send(NEW, name=name)).status == 422
        assert sentence in theirs.page.text
    await theirs.show(path)
    assert (await theirs.send(f"{path}/posts/{number}/remove", reason="x")).status == 403
    assert (await theirs.send("/compose", text="x", audience="public", community_id="1")).status == 404
    await browser.show(path)
    await follow_to(browser, f"{path}/posts/{number}/remove", reason="Thorns")
    assert browser.page.posts == []
    page = await browser.show(f"{path}/log")
    assert "Thorns" in page.text
    assert "Rosas" in (await browser.show(f"{path}/moderation")).text
    await follow_to(browser, f"{path}/posts/{number}/restore")
    assert await follow_to(theirs, f"{path}/leave") == "/communities"
    assert (await theirs.show(f"{path}/log", status=403)).text
    assert f'href="{path}"' in (await theirs.show("/@garden")).html


async def test_requests_roles_bans_and_reports_are_dealt_with_on_pages(
    office: Office, browser: Browser, bruno: Person
) -> None:
    theirs = await signed_in(bruno)
    path = await made(browser, "board", kind="on_request", readers="members")
    await theirs.show(path)
    await follow_to(theirs, f"{path}/join")
    assert "You have asked to join" in theirs.page.text
    for closed in ("/members", "/moderation", "/log", "/edit"):
        await theirs.show(path + closed, status=403)
    page = await browser.show("/notifications")
    assert page.all("a", href=f"{path}/moderation")
    assert "1 request" in (await browser.show("/communities")).text
    await browser.show(f"{path}/moderation")
    await follow_to(browser, f"{path}/people/{bruno.id}/approve")
    assert (await theirs.show("/notifications")).all("a", href=path)
    await theirs.show(path)
    community_id = theirs.page.all("input", name="community_id")[0]["value"]
    await follow_to(theirs, "/compose", text="Among us", audience="public", community_id=community_id)
    number = theirs.page.posts[0].removeprefix("s")
    # A member reports what another one wrote: not their own, and nobody what they can't see.
    reporting = f"{path}/posts/{number}/report"
    assert theirs.page.all("form", action=reporting) == []
    assert (await theirs.send(reporting, reason="Mine")).status == 404
    ines, paco = await office.create_person("ines"), await signed_in(await office.create_person("paco"))
    await paco.show("/")
    assert (await paco.send(reporting, reason="Hidden")).status == 404
    third = await signed_in(ines)
    await third.show(path)
    await follow_to(third, f"{path}/join")
    await browser.show(f"{path}/moderation")
    await follow_to(browser, f"{path}/people/{ines.id}/approve")
    assert (await third.show(path)).all("form", action=reporting)
    answer = await third.send(reporting, reason="Rude")
    assert (answer.status, "moderators of this community" in answer.text) == (200, True)
    page = await browser.show(f"{path}/moderation")
    assert "Rude" in page.text
    (resolve,) = re.findall(rf"{path}/reports/\d+/resolve", page.html)
    assert (await theirs.send(resolve)).status == 404
    await follow_to(browser, resolve)
    assert "No open reports" in browser.page.text

    await browser.show(f"{path}/members")
    await follow_to(browser, f"{path}/people/{bruno.id}/role", role="moderator", next=f"{path}/members")
    assert "Moderator" in browser.page.text
    assert (await browser.send(f"{path}/people/{bruno.id}/role", role="king")).status == 404
    await browser.show(f"{path}/members")
    await follow_to(browser, f"{path}/people/{bruno.id}/ban", reason="Enough", days="7", removes_posts="yes")
    assert "Enough" in browser.page.text
    assert "Until" in browser.page.text
    assert "You are banned" in (await theirs.show(path)).text
    await browser.show(f"{path}/moderation")
    await follow_to(browser, f"{path}/people/{bruno.id}/unban")
    await follow_to(browser, f"{path}/invite", name="@bruno")
    assert (await browser.send(f"{path}/invite", name="nobody")).status == 404
    assert "You are invited" in (await theirs.show("/communities")).text
    await follow_to(theirs, f"{path}/join")
    assert (await browser.show(f"{path}/edit")).all("input", name="title")
    assert (await browser.send(f"{path}/edit", title="Board", kind="open", readers="everybody")).status == 422
    await follow_to(browser, f"{path}/edit", title="The board", kind="on_request", readers="members", rules="One.")
    assert "The board" in browser.page.text
    await follow_to(browser, f"{path}/archive")
    assert "Archived" in browser.page.text
    for part in ("", "/members", "/log", "/moderation", "/edit"):
        spanish = await browser.show(f"{path}{part}?lang=es")
        assert spanish.all("html", lang="es")


async def test_a_hidden_community_is_no_page_for_who_was_not_invited(
    office: Office, browser: Browser, bruno: Person, guest: Browser
) -> None:
    theirs = await signed_in(bruno)
    path = await made(browser, "takeover", kind="hidden")
    absent = await theirs.get("/communities/1")
    assert absent.status == 404
    number = path.rpartition("/")[2]
    await theirs.show("/communities")
    for part in ("", "/members", "/log", "/moderation", "/edit"):
        assert (await theirs.get(path + part)).status == 404
    await theirs.show("/communities")
    for part in ("/join", "/archive", "/invite", "/edit", f"/people/{bruno.id}/ban"):
        await theirs.show("/communities")
        assert (await theirs.send(path + part, name="bruno")).status == 404
    await theirs.show("/communities")
    assert (await theirs.send(f"/accounts/{number}/follow")).status == 404
    assert "takeover" not in (await theirs.show("/communities")).text
    assert (await guest.get(path)).headers["Location"].startswith("/sign-in")
    assert (await theirs.send(f"{path}/join", token="wrong")).status == 403


def test_what_rules_say_no_with_is_said_in_every_language() -> None:
    root = Path(__file__).parents[2]
    said = set()
    for path in (*root.glob("communities/*.py"), *root.glob("outbox/communit*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            first = node.args[0] if isinstance(node, ast.Call) and node.args else None
            if name in ("CommunityRefused", "NotAllowed") and isinstance(first, ast.Constant):
                said.add(first.value)
            if isinstance(node, ast.FunctionDef) and node.name == "_why_not":
                said |= {
                    one.value
                    for one in ast.walk(node)
                    if isinstance(one, ast.Constant) and str(one.value).endswith(".")
                }
    assert len(said) > 20
    for language in LANGUAGES:
        texts = Texts(language)
        assert {sentence for sentence in said if sentence not in texts} == set()


async def test_owners_choose_a_picture_which_is_cut_and_shown(
    browser: Browser, bruno: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await made(browser, "garden", title="Garden")
    office, address = browser.office, f"/api/v1/communities/{path.rpartition('/')[2]}"
    page = await browser.show(f"{path}/edit")
    assert page.all("form", enctype="multipart/form-data")[0]["action"] == f"{path}/edit"
    kept = {"title": "Garden", "kind": "open", "readers": "everybody", "picture_description": "A rose"}
    answer = await browser.send_files(f"{path}/edit", {"picture": png((100, 60))}, **kept)
    assert answer.status == 303, answer.text
    shown = (await office.api(bruno).get(address)).json()["account"]
    assert shown["avatar_description"] == "A rose"
    file = await office.request("GET", shown["avatar"])
    assert (file.status, file.headers["Content-Type"]) == (200, "image/jpeg")
    # Without another one it stays, what is no picture is said beside the form, and everybody else is refused.
    await browser.show(f"{path}/edit")
    assert (await browser.send_files(f"{path}/edit", {"picture": b"no picture"}, **kept)).status == 422
    assert "choose a JPEG" in browser.page.text
    assert (await browser.send_files(f"{path}/edit", {"picture": b""}, **kept)).status == 303
    theirs = await signed_in(bruno)
    await theirs.show(path)
    assert (await theirs.send_files(f"{path}/edit", {"picture": png()}, **kept)).status == 403
    await browser.show(f"{path}/edit")
    assert (await browser.send_files(f"{path}/edit", {"picture": png()}, token="", **kept)).status == 403
    monkeypatch.setattr("web.community_forms.PICTURE_FORM_BYTES", 100_000)
    assert (await browser.send_files(f"{path}/edit", {"picture": bytes(100_000)}, **kept)).status == 413
    await browser.show(NEW)
    assert (await browser.send_files(NEW, {"picture": png()}, name="other")).status == 415  # where none is asked for
    assert (await office.api(bruno).get(address)).json()["account"]["avatar"] == shown["avatar"]
