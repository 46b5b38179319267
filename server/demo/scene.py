"""What the play knows while it runs: who is on stage, who follows whom, and what was made under which id."""

import re
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import field

from models.values import dataclass
from server.demo.client import Client, signed_in
from server.demo.employee import Document, Employee

SHOWN_CHARACTERS = 42
_LEADING_NAMES = re.compile(r"(@\w+ )+")


@dataclass(slots=True)
class Made:
    """A post of the story: what it says now, who gets it (by name), and what has been done to it so far."""

    uri: str
    author: str
    text: str
    readers: list[str]
    document: Document
    is_edited: bool = False
    is_deleted: bool = False
    favourites: int = 0
    boosts: int = 0
    is_streamed: bool = False
    votes: dict[str, int] = field(default_factory=dict)


@dataclass
class Scene:
    """Everybody by name, the apps of who has one, the posts by the story's keys, and the followees of each.

    `communities` are handles by name; `private` are the names of those that only members read, `banned` pairs of
    a community and somebody.
    """

    employees: dict[str, Employee]
    stack: AsyncExitStack
    clients: dict[str, Client] = field(default_factory=dict)
    made: dict[str, Made] = field(default_factory=dict)
    follows: dict[str, set[str]] = field(default_factory=dict)
    communities: dict[str, str] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    banned: set[tuple[str, str]] = field(default_factory=set)

    async def sign_in(self, name: str) -> None:
        """Give somebody an app that stays signed in until the scene closes."""
        self.clients[name] = await self.stack.enter_async_context(signed_in(self.employees[name]))

    def label(self, name: str) -> str:
        """How the narrator calls somebody."""
        return self.employees[name].label

    def author_of(self, key: str) -> Employee:
        return self.employees[self.made[key].author]

    def mention(self, key: str) -> str:
        """How the narrator calls a post."""
        made = self.made[key]
        return f"{self.author_of(key).person.first_name}'s “{shortened(_LEADING_NAMES.sub('', made.text), 30)}”"

    def followers(self, name: str) -> list[str]:
        """The names of those who follow somebody."""
        return [follower for follower, followees in self.follows.items() if name in followees]

    def by_office(self, names: Iterable[str]) -> dict[str, list[str]]:
        """Names, by the name of the office that they work in."""
        found: dict[str, list[str]] = {}
        for name in names:
            found.setdefault(self.employees[name].office.name, []).append(name)
        return found

    def first_of_each_office(self, names: Iterable[str]) -> dict[str, Employee]:
        """One of `names` for every office that has one of them."""
        return {office: self.employees[found[0]] for office, found in self.by_office(names).items()}

    def readers_elsewhere(self, key: str) -> dict[str, Employee]:
        """Of each other office, somebody who gets the post."""
        home = self.author_of(key).office.name
        readers = self.first_of_each_office(self.made[key].readers)
        return {office: reader for office, reader in readers.items() if office != home}

    def strangers(self, author: Employee, readers: Iterable[str]) -> dict[str, Employee]:
        """Somebody of each office in which neither the author nor a reader works."""
        involved = {author.office.name, *self.by_office(readers)}
        everywhere = self.first_of_each_office(self.employees)
        return {office: employee for office, employee in everywhere.items() if office not in involved}


def shortened(text: str, characters: int = SHOWN_CHARACTERS) -> str:
    """The beginning of a text, cut between words."""
    if len(text) <= characters:
        return text
    return text[:characters].rpartition(" ")[0].rstrip(",;:. ") + " …"
