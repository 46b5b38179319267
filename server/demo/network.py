"""The acts of a network: following a hashtag brings the archives of all offices, and some things stay in one office."""

from collections.abc import Iterator
from functools import partial

from models.values import dataclass
from server.demo.checks import Expectation
from server.demo.client import Client
from server.demo.looking import plain_text
from server.demo.scene import Made, Scene, shortened


@dataclass(frozen=True, slots=True)
class FollowTopic:
    """`by` follows the hashtag `name`, under which the posts `keys` were written before, some for nobody here."""

    by: str
    name: str
    keys: tuple[str, ...]

    def title(self, scene: Scene) -> str:
        return f"{scene.label(self.by)} follows the topic #{self.name}"

    async def play(self, scene: Scene) -> None:
        await scene.clients[self.by].post(f"/api/v1/tags/{self.name}/follow")

    def expected(self, scene: Scene) -> Iterator[Expectation]:
        client, what = scene.clients[self.by], self.title(scene)
        here, who = client.employee.office.name, client.employee.person.first_name
        for key in self.keys:
            made = scene.made[key]
            archived = partial(_is_in, client, f"/api/v1/timelines/tag/{self.name}", made)
            how = f"API: {scene.author_of(key).label}'s post is in the archive of #{self.name}"
            yield Expectation(what, here, how, archived)
            shown = partial(_is_in, client, "/api/v1/timelines/home", made)
            yield Expectation(what, here, f"API: and in the home timeline of {who}", shown)
        complete = partial(_is_complete, client, self.name, {one.office.domain for one in scene.employees.values()})
        yield Expectation(what, here, "API: the archives of all three offices are complete", complete)


@dataclass(frozen=True, slots=True)
class PostInside:
    """`by` posts for their own office alone."""

    by: str
    key: str
    text: str

    def title(self, scene: Scene) -> str:
        return f"{scene.label(self.by)} posts for the office only: “{shortened(self.text)}”"

    async def play(self, scene: Scene) -> None:
        entity = await scene.clients[self.by].post("/api/v1/statuses", status=self.text, local_only=True)
        scene.made[self.key] = Made(entity["uri"], self.by, self.text, [self.by], {})

    def expected(self, scene: Scene) -> Iterator[Expectation]:
        author, made, what = scene.clients[self.by], scene.made[self.key], self.title(scene)
        shown = partial(_is_in, author, "/api/v1/timelines/home", made, is_local_only=True)
        home = author.employee.office.name
        yield Expectation(what, home, "API: at home, marked as for the office only", shown)
        found = partial(is_found, author, made.uri, True)
        yield Expectation(what, home, "API: and found by its address", found)
        for client in scene.clients.values():
            if client.employee.office is not author.employee.office:
                who = client.employee.person.first_name
                hidden = partial(is_found, client, made.uri, False)
                yield Expectation(
                    what, client.employee.office.name, f"API: {who} doesn't find it by its address", hidden
                )


async def _is_in(client: Client, path: str, made: Made, *, is_local_only: bool = False) -> bool:
    status = await client.find(path, made.uri)
    if status is None:
        return False
    return plain_text(status["content"]) == plain_text(made.text) and status["local_only"] is is_local_only


async def _is_complete(client: Client, name: str, domains: set[str]) -> bool:
    topic = await client.get(f"/api/v1/tertulia/tags/{name}")
    return {office["domain"] for office in topic["offices"] if office["complete"]} == domains


async def is_found(client: Client, uri: str, expected: bool) -> bool:
    """Whether looking up the address of a post leads to it, as expected."""
    found = await client.get("/api/v2/search", q=uri, resolve="true")
    return [status["uri"] for status in found["statuses"]] == ([uri] if expected else [])
