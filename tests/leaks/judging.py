"""What everybody got, and whether it was theirs."""

from collections.abc import Collection
from dataclasses import dataclass, field

from tests.leaks.asking import ask_all
from tests.leaks.cases import LISBON
from tests.leaks.surfaces import Ask
from tests.leaks.world import World


@dataclass
class Judge:
    """`leaks` are sentences; `seen` are pairs of a secret and who saw it; `missing` what a row should have shown."""

    world: World
    leaks: list[str] = field(default_factory=list)
    seen: set[tuple[str, str]] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)

    async def ask(self, how: str, path: str, ask: Ask) -> None:
        """Have everybody ask in one way."""
        shown: set[str] = set()
        for asker in self.world.askers.values():
            if not asker.can(how, ask.method):
                continue
            async for about, secret, given, nothing in ask_all(self.world, asker, how, path, ask):
                where = f"{asker.name} · {ask.method} {path}{ask.query} [{about}]"
                is_unheard = given.status == 401 and asker.is_signing and how == "wire" and b"token" not in given.body
                if given.status >= 500 or is_unheard:
                    self.leaks.append(f"{where}: {given.status}, so nothing was asked")
                if nothing is not None and given != nothing:
                    self.leaks.append(f"{where}: is told from what isn't there: {_difference(given, nothing)}")
                who = LISBON if ask.was_sent and asker.name == "lisbon" else {asker.name}
                asked_for = secret.name if secret is not None else ""
                found = self.hear(where, who, given.bytes, ask.kind, asked_for, was_sent=ask.was_sent)
                if asker.name == "mia":
                    shown |= found
        self.missing += [f"{how} {path}{ask.query} shows mia no {name}" for name in ask.shows if name not in shown]

    def hear(self, where: str, who: Collection[str], told: bytes, about: str = "", asked: str = "", *,
             was_sent: bool = False) -> set[str]:  # fmt: skip
        """Note what somebody (or one of several) was told; returns what they may know. `asked` is only repeated."""
        found = set()
        for secret in self.world.secrets:
            if secret.name == asked or (was_sent and secret.past) or not secret.is_in(told, about):
                continue
            if secret.may.intersection(who):
                found.add(secret.name)
                self.seen.update((secret.name, one) for one in who)
            else:
                self.leaks.append(f"{where}: tells the {secret.name}")
        return found

    def unseen(self) -> list[str]:
        """Who may know and never saw it: nobody of them, and the rows that show nothing."""
        wanted = [(secret.name, who) for secret in self.world.secrets for who in sorted(secret.may)]
        return [f"{who} never sees the {name}" for name, who in wanted if (name, who) not in self.seen] + self.missing


def _difference(given: object, nothing: object) -> str:
    first, second = repr(given), repr(nothing)
    at = next((place for place, (one, two) in enumerate(zip(first, second, strict=False)) if one != two), 0)
    return f"{first[max(0, at - 60) : at + 80]} … {second[max(0, at - 60) : at + 80]}"
