"""The acts of people with an app: they sign in, one posts, others see it come, favourite it and are told.

Everything goes through the Mastodon client API, at the office of whoever acts; the offices carry it between them.
"""

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from models.values import dataclass
from server.demo import looking
from server.demo.checks import Expectation, until
from server.demo.client import Client
from server.demo.scene import Made, Scene, shortened

HOME: Final = "/api/v1/timelines/home"


@dataclass(frozen=True, slots=True)
class SignIn:
    """`names` sign in to an app, with a password and a yes on the consent page."""

    names: tuple[str, ...]

    def title(self, scene: Scene) -> str:
        return f"{' and '.join(scene.label(name) for name in self.names)} sign in to an app"

    async def play(self, scene: Scene) -> None:
        await asyncio.gather(*(scene.sign_in(name) for name in self.names))

    def expected(self, scene: Scene) -> Iterator[Expectation]:
        for name in self.names:
            client = scene.clients[name]
            known = partial(_is_signed_in, client)
            yield Expectation(self.title(scene), client.employee.office.name, "API: `verify_credentials`", known)


@dataclass(frozen=True, slots=True)
class PostFromApp:
    """`by` posts with an app, mentioning `to`, while `to` has theirs open."""

    by: str
    key: str
    text: str
    to: str

    def title(self, scene: Scene) -> str:
        return f"{scene.label(self.by)} posts from an app: “{shortened(self.text)}”"

    async def play(self, scene: Scene) -> None:
        author, reader = scene.clients[self.by], scene.clients[self.to]
        text = f"@{reader.employee.handle} {self.text}"
        async with reader.listening("user") as hears:
            entity = await author.post("/api/v1/statuses", status=text, language=author.employee.office.plan.language)
            made = Made(entity["uri"], self.by, self.text, [self.to, *scene.followers(self.by)], {})
            scene.made[self.key] = made
            made.is_streamed = await hears("update", made.uri)

    def expected(self, scene: Scene) -> Iterator[Expectation]:
        made, author, reader = scene.made[self.key], scene.clients[self.by], scene.clients[self.to]
        what, there = self.title(scene), reader.employee.office.name
        yield Expectation(what, there, f"streamed to the app of {reader.employee.person.first_name}", _said(made))
        told = partial(_is_told, reader, "mention", made.uri, author.employee.handle)
        yield Expectation(what, there, f"API: {reader.employee.person.first_name} is notified", told)
        for client in scene.clients.values():
            who = client.employee.person
            if who.name in made.readers or client is author:
                at_home = partial(_is_at_home, client, made)
                how = f"API: in the home timeline of {who.first_name}"
                yield Expectation(what, client.employee.office.name, how, at_home)


@dataclass(frozen=True, slots=True)
class FavouriteFromApp:
    """`by` favourites the post `key`, as it stands in their home timeline."""

    by: str
    key: str

    def title(self, scene: Scene) -> str:
        return f"{scene.label(self.by)} favourites {scene.mention(self.key)} from an app"

    async def play(self, scene: Scene) -> None:
        client, made = scene.clients[self.by], scene.made[self.key]
        await until(f"{client.employee.label} sees {made.uri}", partial(_is_at_home, client, made))
        status = await client.find(HOME, made.uri)
        await client.post(f"/api/v1/statuses/{status['id']}/favourite")
        made.favourites += 1

    def expected(self, scene: Scene) -> Iterator[Expectation]:
        made, author, what = scene.made[self.key], scene.clients[scene.made[self.key].author], self.title(scene)
        told = partial(_is_told, author, "favourite", made.uri, scene.employees[self.by].handle)
        home = author.employee.office.name
        yield Expectation(what, home, f"API: {author.employee.person.first_name} is notified", told)
        counted = partial(_is_counted, author, made)
        yield Expectation(what, home, f"API: the post counts {made.favourites}", counted)


async def _is_signed_in(client: Client) -> bool:
    found = await client.get("/api/v1/accounts/verify_credentials")
    return bool(found["uri"] == client.employee.uri)


def _said(made: Made) -> Any:
    async def is_so() -> bool:
        return made.is_streamed

    return is_so


async def _is_told(client: Client, kind: str, uri: str, handle: str) -> bool:
    for notification in await client.get("/api/v1/notifications", **{"types[]": kind}):
        if notification["status"]["uri"] == uri and notification["account"]["acct"] == handle:
            return True
    return False


async def _is_at_home(client: Client, made: Made) -> bool:
    status = await client.find(HOME, made.uri)
    return status is not None and looking.plain_text(status["content"]).endswith(looking.plain_text(made.text))


async def _is_counted(client: Client, made: Made) -> bool:
    status = await client.find(HOME, made.uri)
    return status is not None and status["favourites_count"] == made.favourites
