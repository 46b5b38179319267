"""The style sheet and the icon."""

from tests.web.browser import Browser


async def test_they_are_kept_for_a_year_under_their_own_address(guest: Browser) -> None:
    page = await guest.show("/")
    for link in page.all("link"):
        answer = await guest.get(link["href"])
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in answer.headers
    assert {link["href"].rpartition(".")[2] for link in page.all("link")} == {"css", "svg"}


async def test_an_old_address_gets_the_present_file_but_nobody_keeps_it(guest: Browser) -> None:
    answer = await guest.get(f"/static/{'0' * 16}/tertulia.css")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")


async def test_nothing_else_is_served(guest: Browser) -> None:
    for name in ("x.css", "..%2Fpages.py", "%2e%2e/%2e%2e/pyproject.toml", "pages.py"):
        assert (await guest.get(f"/static/{'0' * 16}/{name}")).status == 404


async def test_the_style_sheet_loads_nothing(guest: Browser) -> None:
    page = await guest.show("/")
    (sheet,) = page.all("link", rel="stylesheet")
    text = (await guest.get(sheet["href"])).text
    assert "url(" not in text
    assert "@import" not in text
