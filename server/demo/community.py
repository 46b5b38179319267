"""The acts of a community: one office hosts it, people of all offices are in it, and moderators look after it.

Everything goes through the client API, at the office of whoever acts; what becomes of it is asked at the offices of all
members, and of a private one also where nobody belongs to it.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from models.values import dataclass
from server.demo.checks import Expectation, until
from server.demo.client import Client
from server.demo.looking import plain_text
from server.demo.network import is_found
from server.demo.scene import Made, Scene, shortened

API = "/api/v1/communities"


@dataclass(frozen=True, slots=True)
class Host:
    """`by` makes a community of their office, and `members` join it; into a private one `by` lets them in."""

    by: str
    name: str
    title_text: str
    members: tuple[str, ...]
    is_private: bool = False

    def title(self, scene: Scene) -> str:
        return f"{scene.label(self.by)} hosts the {'private ' if self.is_private else ''}community “{self.title_text}”"

    async def play(self, scene: Scene) -> None:
        owner = scene.clients[self.by]
        kind = "on_request" if self.is_private else "open"
        made = await owner.post(API, name=self.name, title=self.title_text, kind=kind, private=self.is_private)
        handle = f"{self.name}@{owner.employee.office.domain}"
        scene.communities[self.name] = handle
        scene.private.update({self.name} if self.is_private else ())
        for name in self.members:
            client = scene.clients[name]
            (found,) = (await client.get("/api/v2/search", q=f"@{handle}", resolve="true", type="accounts"))["accounts"]
            await client.post(f"{API}/{found['id']}/join")
        if self.is_private:
            await until("they ask to be let in", partial(self._ask, owner, made["id"]))
            for asking in await owner.get(f"{API}/{made['id']}/requests"):
                await owner.post(f"{API}/{made['id']}/requests/{asking['account']['id']}/approve")
        for name in self.members:
            await until(f"{scene.label(name)} is in", partial(_is_member, scene, name, self.name))

    async def _ask(self, owner: Client, number: str) -> bool:
        return len(await owner.get(f"{API}/{number}/requests")) == len(self.members)

    def expected(self, scene: Scene) -> Iterator[Expectation]:
        what = self.title(scene)
        for name in self.members:
            if (self.name, name) in scene.banned:
                continue
            who = scene.employees[name]
            is_in = partial(_is_member, scene, name, self.name)
            yield Expectation(what, who.office.name, f"API: {who.person.first_name} is a member", is_in)


@dataclass(frozen=True, slots=True)
class PostIn:
    """`by` opens a thread in the community `name`, or answers the post `reply_to` there; its members read it."""

    by: str
    key: str
    name: str
    text: str
    readers: tuple[str, ...]
    reply_to: str | None = None

    def title(self, scene: Scene) -> str:
        verb = "comments" if self.reply_to else "posts"
        return f"{scene.label(self.by)} {verb} in @{self.name}: “{shortened(self.text)}”"

    async def play(self, scene: Scene) -> None:
        client = scene.clients[self.by]
        fields: dict[str, Any] = {"status": self.text, "community_id": await _number(scene, self.by, self.name)}
        if self.reply_to is not None:
            parent = scene.made[self.reply_to]
            await until(f"{client.employee.label} reads it", partial(_shows, scene, self.by, self.name, parent))
            fields["in_reply_to_id"] = (await _found(scene, self.by, self.name, parent))["id"]
        entity = await client.post("/api/v1/statuses", **fields)
        scene.made[self.key] = Made(entity["uri"], self.by, self.text, [*self.readers], {})
        for name in self.readers:
            await until(f"{scene.label(name)} reads it", partial(_shows, scene, name, self.name, scene.made[self.key]))

    def expected(self, scene: Scene) -> Iterator[Expectation]:
        made, what = scene.made[self.key], self.title(scene)
        if made.is_deleted:
            return
        for name in self.readers:
            who = scene.employees[name]
            shown = partial(_shows, scene, name, self.name, made)
            how = f"API: {who.person.first_name} reads it in @{self.name}"
            yield Expectation(what, who.office.name, how, shown)
            found = partial(is_found, scene.clients[name], made.uri, True)
            how = f"API: {who.person.first_name} finds it by its address"
            yield Expectation(what, who.office.name, how, found)
        outside = scene.clients.keys() - {self.by, *self.readers} if self.name in scene.private else ()
        for name in outside:
            who, hidden = scene.employees[name], partial(is_found, scene.clients[name], made.uri, False)
            how = f"API: {who.person.first_name} doesn't find it by its address"
            yield Expectation(what, who.office.name, how, hidden)


@dataclass(frozen=True, slots=True)
class Moderate:
    """`by` removes the post `key` from the community `name`, or locks its thread (`verb`); members see it."""

    by: str
    verb: str
    key: str
    name: str
    reason: str
    readers: tuple[str, ...]

    def title(self, scene: Scene) -> str:
        return f"{scene.label(self.by)} {self.verb}s {scene.mention(self.key)} in @{self.name}"

    async def play(self, scene: Scene) -> None:
        client, made = scene.clients[self.by], scene.made[self.key]
        status = await _found(scene, self.by, self.name, made)
        number = await _number(scene, self.by, self.name)
        await client.post(f"{API}/{number}/statuses/{status['id']}/{self.verb}", reason=self.reason)
        made.is_deleted = self.verb == "remove"

    def expected(self, scene: Scene) -> Iterator[Expectation]:
        made, what = scene.made[self.key], self.title(scene)
        for name in self.readers:
            who = scene.employees[name]
            probe = _is_gone if self.verb == "remove" else _is_locked
            how = "is not in it any more" if self.verb == "remove" else "is locked"
            yield Expectation(
                what, who.office.name, f"API: for {who.person.first_name} it {how}",
                partial(probe, scene, name, self.name, made),
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ban:
    """`by` bans `whom` from the community `name` for a day."""

    by: str
    whom: str
    name: str
    reason: str

    def title(self, scene: Scene) -> str:
        return f"{scene.label(self.by)} bans {scene.label(self.whom)} from @{self.name} for a day"

    async def play(self, scene: Scene) -> None:
        client = scene.clients[self.by]
        number = await _number(scene, self.by, self.name)
        account = await client.get("/api/v1/accounts/lookup", acct=scene.employees[self.whom].handle)
        await client.post(f"{API}/{number}/bans", account_id=account["id"], reason=self.reason, expires_in=86_400)
        scene.banned.add((self.name, self.whom))

    def expected(self, scene: Scene) -> Iterator[Expectation]:
        who = scene.employees[self.whom]
        is_out = partial(_is_no_member, scene, self.whom, self.name)
        yield Expectation(
            self.title(scene), who.office.name, f"API: {who.person.first_name} may not post there", is_out
        )


async def _number(scene: Scene, who: str, name: str) -> str:
    """The id by which somebody's office knows a community."""
    handle, client = scene.communities[name], scene.clients[who]
    account = await client.get("/api/v1/accounts/lookup", acct=handle)
    return str(account["id"])


async def _is_member(scene: Scene, who: str, name: str) -> bool:
    community = await scene.clients[who].get(f"{API}/{await _number(scene, who, name)}")
    return bool(community["relationship"]["state"] == "member")


async def _is_no_member(scene: Scene, who: str, name: str) -> bool:
    community = await scene.clients[who].get(f"{API}/{await _number(scene, who, name)}")
    return community["relationship"]["state"] != "member" and not community["relationship"]["may_post"]


async def _found(scene: Scene, who: str, name: str, made: Made) -> Any:
    path = f"{API}/{await _number(scene, who, name)}/timeline"
    return await scene.clients[who].find(path, made.uri, replies="true")


async def _shows(scene: Scene, who: str, name: str, made: Made) -> bool:
    status = await _found(scene, who, name, made)
    return status is not None and plain_text(status["content"]).endswith(plain_text(made.text))


async def _is_gone(scene: Scene, who: str, name: str, made: Made) -> bool:
    return await _found(scene, who, name, made) is None


async def _is_locked(scene: Scene, who: str, name: str, made: Made) -> bool:
    status = await _found(scene, who, name, made)
    return status is not None and bool(status["community"]["locked"])
