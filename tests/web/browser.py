"""A browser for tests: it keeps cookies, sends forms with what the page holds, and looks at the HTML it gets.

Every page that comes back is checked: tags are closed and nested, there is one h1, every field has a label, ids are
there once, the language is named, and nothing is loaded from elsewhere or run.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from access.sessions import Sessions
from models.accounts import User
from tests.peers import Office, Person
from tests.remote_peers import Answer

VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
FORM = "application/x-www-form-urlencoded"
BOUNDARY = "between-the-parts-of-a-form"


class Page(HTMLParser):
    """The elements of a page, in order, with their text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.html = html
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.faults: list[str] = []
        self.feed(html)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self.open]
        self.faults += faults_of(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self.open[-1:] or 'nothing'}")
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        """All text, white space joined."""
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        """The attributes of the elements with this tag and these attributes (`class_` for class)."""
        names = {name.rstrip("_").replace("_", "-"): value for name, value in wanted.items()}
        return [
            attributes
            for found, attributes in self.elements
            if found == tag and all(attributes.get(name) == value for name, value in names.items())
        ]

    @property
    def form_token(self) -> str:
        return self.all("input", name="form_token")[0]["value"]

    def button(self, action: str) -> dict[str, str]:
        """The button that leads to an address."""
        (found,) = self.all("button", formaction=action)
        return found

    @property
    def posts(self) -> list[str]:
        """Ids of the posts, in order."""
        return [attributes["id"] for attributes in self.all("article")]


def faults_of(page: Page) -> list[str]:
    """What is wrong with a page besides its nesting."""
    faults = []
    if len(page.all("h1")) != 1:
        faults.append(f"{len(page.all('h1'))} h1")
    if not page.all("html")[0].get("lang"):
        faults.append("no language")
    if not page.all("title") or not page.all("main"):
        faults.append("no title or main")
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    faults += [f"id {name} is there twice" for name in {name for name in ids if ids.count(name) > 1}]
    labelled = {attributes.get("for") for attributes in page.all("label")}
    for tag, attributes in page.elements:
        is_field = tag in ("input", "textarea", "select")
        is_typed_in = attributes.get("type") not in ("hidden", "radio", "checkbox")
        if is_field and is_typed_in and attributes.get("id") not in labelled and "aria-label" not in attributes:
            faults.append(f"{tag} {attributes.get('name')} has no label")
        if tag == "img" and "alt" not in attributes:
            faults.append("img without alt")
        if tag in ("script", "style", "iframe", "object", "embed", "base") or "style" in attributes:
            faults.append(f"{tag} may not be there")
        if any(name.startswith("on") for name in attributes):
            faults.append(f"{tag} has a handler")
        if tag in ("img", "link") and not attributes.get("src", attributes.get("href", "")).startswith("/"):
            faults.append(f"{tag} loads from elsewhere")
        if attributes.get("href", "").lower().strip().startswith(("javascript:", "data:", "vbscript:")):
            faults.append(f"{tag} runs its address")
        faults += [
            f"{name} names {target}, which isn't there"
            for name in ("aria-labelledby", "aria-describedby", "form")
            for target in attributes.get(name, "").split()
            if target not in ids
        ]
    return faults


@dataclass
class Browser:
    """One browser at one office. `get` and `send` return the answer; `page` is what it showed last."""

    office: Office
    cookies: dict[str, str] = field(default_factory=dict)
    language: str = "en"
    page: Page = field(default_factory=lambda: Page("<html lang=x><title></title><main><h1></h1></main></html>"))

    async def get(self, path: str, **headers: str) -> Answer:
        """GET a path; redirects are not followed."""
        return self._seen(await self.office.request("GET", path, headers=self._headers(headers)))

    async def show(self, path: str, status: int = 200) -> Page:
        """GET a page that has to come with this status."""
        answer = await self.get(path)
        assert answer.status == status, answer.text
        return self.page

    async def send(self, path: str, *, token: str | None = None, headers: dict[str, str] | None = None,
                   **fields: str | list[str]) -> Answer:  # fmt: skip
        """POST a form with the token of the last page, or with another."""
        filled = {"form_token": self.page.form_token if token is None else token, **fields}
        return await self.send_raw(path, urlencode(filled, doseq=True).encode(), headers=headers)

    async def send_raw(self, path: str, body: bytes, *, headers: dict[str, str] | None = None) -> Answer:
        """POST any bytes as a form."""
        sent = {"Content-Type": FORM, "Sec-Fetch-Site": "same-origin", **(headers or {})}
        return self._seen(await self.office.request("POST", path, body, headers=self._headers(sent)))

    async def send_files(
        self, path: str, files: dict[str, bytes], *, token: str | None = None, **fields: str
    ) -> Answer:
        """POST a form with files, as one with `enctype="multipart/form-data"` is sent; an empty one wasn't chosen."""
        parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in
                 {"form_token": self.page.form_token if token is None else token, **fields}.items()]  # fmt: skip
        for name, content in files.items():
            chosen = "photo.png" if content else ""
            start = f'name="{name}"; filename="{chosen}"\r\nContent-Type: image/png\r\n\r\n'
            parts.append(start.encode() + content)
        opening = f"--{BOUNDARY}\r\nContent-Disposition: form-data; ".encode()
        body = b"".join(opening + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()
        return await self.send_raw(path, body, headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})

    async def press(self, action: str) -> Answer:
        """Press the button of the last page that leads to `action`."""
        return await self.send(action, next=self.page.button(action).get("value", ""))

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"Accept": ACCEPT, "Accept-Language": self.language, **more}
        return {**sent, "Cookie": cookie} if cookie else sent

    def _seen(self, answer: Answer) -> Answer:
        for line in answer.headers.getall("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        if answer.headers.get("Content-Type", "").startswith("text/html") and b"<main id=" in answer.body:
            self.page = Page(answer.text)
            assert self.page.faults == [], (self.page.faults, answer.text)
        return answer


async def signed_in(person: Person, *, language: str = "en") -> Browser:
    """A browser with a session, without typing a password."""
    services = person.office.services
    async with services.database.unit_of_work() as unit:
        user = await user_of(unit.session, person)
        user.locale = language
        token = await Sessions(services.database).start(unit, user, replacing=None)
    return Browser(person.office, {"tertulia_session": token}, language)


async def user_of(session: AsyncSession, person: Person) -> User:
    """The row of somebody who signs in."""
    return (await session.scalars(select(User).where(User.account_id == person.id))).one()
