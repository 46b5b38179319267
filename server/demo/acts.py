"""The kinds of act of the demo, apart from writing: following, favouriting, boosting, voting.

`play` goes through the public client-to-server interface of the employee's own office. It waits until the employee
can know of what the act is about: nobody boosts a post that hasn't arrived. `expected` says what must be seen at each
office when the story has ended, and asks it there through public interfaces.
"""

import asyncio
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Protocol

from models.values import dataclass
from server.demo import looking, writing
from server.demo.checks import Expectation, until
from server.demo.employee import Employee
from server.demo.scene import Scene


class Act(Protocol):
    """Something that somebody does."""

    def title(self, scene: Scene) -> str:
        """One line for the narrator, in the present tense."""
        ...

    async def play(self, scene: Scene) -> None:
        """Do it. Raises StoryBroken."""
        ...

    def expected(self, scene: Scene) -> Iterable[Expectation]:
        """What must be so, once everything has arrived."""
        ...


@dataclass(frozen=True, slots=True)
class Follow:
    """`by` follows others, whose accounts accept by themselves."""

    by: str
    whom: tuple[str, ...]

    def title(self, scene: Scene) -> str:
        followees = [scene.employees[name].person.first_name for name in self.whom]
        return f"{scene.label(self.by)} follows {', '.join(followees)}"

    async def play(self, scene: Scene) -> None:
        follower = scene.employees[self.by]
        await asyncio.gather(*(self._ask(follower, scene.employees[name].handle) for name in self.whom))
        scene.follows.setdefault(self.by, set()).update(self.whom)
        await until(f"{follower.label} is accepted", partial(self._is_accepted, scene))

    async def _ask(self, follower: Employee, handle: str) -> None:
        followee_uri = await follower.find(handle)
        await follower.say({"type": "Follow", "object": followee_uri, "to": [followee_uri]})

    def expected(self, scene: Scene) -> Iterator[Expectation]:
        home = scene.employees[self.by].office.name
        accepted = partial(self._is_accepted, scene)
        yield Expectation(self.title(scene), home, "accepted: in the `following` collection", accepted)
        for office, followees in scene.by_office(self.whom).items():
            if office != home:
                listed = partial(self._is_listed, scene, followees)
                yield Expectation(self.title(scene), office, "in the `followers` collection", listed)

    async def _is_accepted(self, scene: Scene) -> bool:
        follower = scene.employees[self.by]
        following = await looking.members(follower, follower.actor["following"])
        return following >= {scene.employees[name].uri for name in self.whom}

    async def _is_listed(self, scene: Scene, followees: list[str]) -> bool:
        uri = scene.employees[self.by].uri
        for followee in (scene.employees[name] for name in followees):
            if uri not in await looking.members(followee, followee.followers_url):
                return False
        return True


@dataclass(frozen=True, slots=True)
class Favourite:
    """`by` likes the post `key`."""

    by: str
    key: str

    def title(self, scene: Scene) -> str:
        return f"{scene.label(self.by)} favourites {scene.mention(self.key)}"

    async def play(self, scene: Scene) -> None:
        employee, made = scene.employees[self.by], scene.made[self.key]
        await looking.until_known(employee, made.uri)
        await employee.say({"type": "Like", "object": made.uri, "to": [scene.author_of(self.key).uri]})
        made.favourites += 1

    def expected(self, scene: Scene) -> Iterator[Expectation]:
        author, made = scene.author_of(self.key), scene.made[self.key]
        what = self.title(scene)
        told = partial(looking.has, author, "Like", made.uri, by=scene.employees[self.by].uri)
        yield Expectation(what, author.office.name, f"in the inbox of {author.person.first_name}", told)
        how = f"`likes` of the post has {made.favourites}"
        yield Expectation(what, author.office.name, how, partial(_is_counted, scene, self.key, "likes"))


@dataclass(frozen=True, slots=True)
class Boost:
    """`by` shares the post `key` with their own followers."""

    by: str
    key: str

    def title(self, scene: Scene) -> str:
        return f"{scene.label(self.by)} boosts {scene.mention(self.key)}"

    async def play(self, scene: Scene) -> None:
        employee, made = scene.employees[self.by], scene.made[self.key]
        await looking.until_known(employee, made.uri)
        await employee.say({"type": "Announce", "object": made.uri, **writing.to_everybody(employee)})
        made.boosts += 1

    def expected(self, scene: Scene) -> Iterator[Expectation]:
        what = self.title(scene)
        author, made = scene.author_of(self.key), scene.made[self.key]
        how = f"`shares` of the post has {made.boosts}"
        yield Expectation(what, author.office.name, how, partial(_is_counted, scene, self.key, "shares"))
        booster_uri = scene.employees[self.by].uri
        for office, reader in scene.first_of_each_office(scene.followers(self.by)).items():
            arrived = partial(looking.has, reader, "Announce", made.uri, by=booster_uri)
            yield Expectation(what, office, f"in the inbox of {reader.person.first_name}", arrived)


@dataclass(frozen=True, slots=True)
class Vote:
    """`by` votes in the poll `key`."""

    by: str
    key: str
    choice: str

    def title(self, scene: Scene) -> str:
        return f"{scene.label(self.by)} votes for “{self.choice}”"

    async def play(self, scene: Scene) -> None:
        employee, made = scene.employees[self.by], scene.made[self.key]
        await looking.until_known(employee, made.uri)
        await employee.say(writing.vote(scene.author_of(self.key), made.uri, self.choice))
        made.votes[self.choice] = made.votes.get(self.choice, 0) + 1

    def expected(self, scene: Scene) -> Iterator[Expectation]:
        author, made = scene.author_of(self.key), scene.made[self.key]
        how = f"the poll counts {made.votes[self.choice]} for it"
        yield Expectation(self.title(scene), author.office.name, how, partial(self._is_counted, scene))

    async def _is_counted(self, scene: Scene) -> bool:
        made = scene.made[self.key]
        document = await scene.author_of(self.key).read(made.uri)
        return looking.votes(document).get(self.choice) == made.votes[self.choice]


async def _is_counted(scene: Scene, key: str, name: str) -> bool:
    made = scene.made[key]
    wanted = made.favourites if name == "likes" else made.boosts
    return await looking.total(scene.author_of(key), made.uri, name) == wanted
