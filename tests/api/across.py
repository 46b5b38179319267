"""Two people of two offices who follow each other, and how what one does is seen from the other's seat.

    pair = await open_pair(two_offices)
    written = await pair.ana.post("Hola")
    seen = await pair.bea.sees(written["uri"])

Everything goes through the client APIs; `settle` steps both offices until nothing is on its way.
"""

from dataclasses import dataclass
from typing import Any

from tests.peers import ApiAnswer, Client, Office, Person, run_until_idle

Json = dict[str, Any]
STATUSES = "/api/v1/statuses"
ACCOUNTS = "/api/v1/accounts"
HOME = "/api/v1/timelines/home"


def body(answer: ApiAnswer) -> Any:
    """What came, when it went well."""
    assert answer.status == 200, (answer.status, answer.body)
    return answer.json()


@dataclass(frozen=True)
class Seat:
    """Somebody with an app; `other` has the number by which their office knows the one across."""

    person: Person
    api: Client
    offices: tuple[Office, Office]

    @property
    def id(self) -> str:
        return str(self.person.id)

    @property
    def acct(self) -> str:
        return self.person.acct

    async def settle(self) -> None:
        await run_until_idle(*self.offices)

    async def get(self, path: str, **query: Any) -> Any:
        return body(await self.api.get(path, **query))

    async def do(self, path: str, document: Any = None) -> Any:
        """POST, and wait until everybody heard of it."""
        answer = body(await self.api.post(path, document))
        await self.settle()
        return answer

    async def post(self, text: str = "Hola", **more: Any) -> Json:
        """Write a status that arrives."""
        written: Json = await self.do(STATUSES, {"status": text, **more})
        return written

    async def edit(self, written: Json, **document: Any) -> Json:
        """Edit one's status."""
        edited: Json = body(await self.api.put(f"{STATUSES}/{written['id']}", document))
        await self.settle()
        return edited

    async def act(self, status: Json, verb: str, document: Any = None) -> Json:
        """Favourite, reblog, pin …"""
        done: Json = await self.do(f"{STATUSES}/{status['id']}/{verb}", document)
        return done

    async def change(self, **document: Any) -> Json:
        """Update one's profile."""
        changed: Json = body(await self.api.patch(f"{ACCOUNTS}/update_credentials", document))
        await self.settle()
        return changed

    async def about(self, account: "Seat", verb: str, **document: Any) -> Json:
        """Follow, block, mute … somebody; the relationship after it."""
        relationship: Json = await self.do(f"{ACCOUNTS}/{await self.number(account)}/{verb}", document)
        return relationship

    async def number(self, account: "Seat") -> str:
        """The id by which this office knows somebody."""
        acct = account.acct if account.person.office is not self.person.office else account.person.name
        found = await self.api.get(f"{ACCOUNTS}/lookup", acct=acct)
        if found.status == 404:
            (one,) = await self.get(f"{ACCOUNTS}/search", q=account.acct, resolve=True)
            return str(one["id"])
        return str(body(found)["id"])

    async def account(self, account: "Seat") -> Json:
        """How this office shows somebody."""
        shown: Json = await self.get(f"{ACCOUNTS}/{await self.number(account)}")
        return shown

    async def relationship(self, account: "Seat") -> Json:
        (found,) = await self.get(f"{ACCOUNTS}/relationships", id=[await self.number(account)])
        return dict(found)

    async def home(self) -> list[Json]:
        return list(await self.get(HOME, limit=40))

    async def finds(self, uri: str) -> Json | None:
        """The status as it stands in the home timeline, boosts by others included."""
        return next((status for status in await self.home() if uri in (status["uri"], (status["reblog"] or {}).get(
            "uri"))), None)  # fmt: skip

    async def sees(self, uri: str) -> Json:
        """The same, where it must be."""
        found = await self.finds(uri)
        assert found is not None, f"{uri} isn't in the home timeline of {self.acct}"
        return found

    async def again(self, status: Json) -> Json:
        """A status as it is now."""
        now: Json = await self.get(f"{STATUSES}/{status['id']}")
        return now

    async def status_of(self, status: Json) -> int:
        """With what a status is answered."""
        return (await self.api.get(f"{STATUSES}/{status['id']}")).status

    async def heard(self) -> list[tuple[str, str]]:
        """Kind and acct of every notification, oldest first."""
        found = await self.get("/api/v1/notifications", limit=80)
        return [(one["type"], one["account"]["acct"]) for one in reversed(found)]

    async def clear(self) -> None:
        await self.do("/api/v1/notifications/clear")


@dataclass(frozen=True)
class Pair:
    """Ana of Madrid and Bea of Lisbon."""

    ana: Seat
    bea: Seat
    offices: tuple[Office, Office]

    @property
    def madrid(self) -> Office:
        return self.offices[0]

    @property
    def lisbon(self) -> Office:
        return self.offices[1]

    async def seat(self, office: Office, name: str, **more: Any) -> Seat:
        """One person more."""
        return await _seat(office, name, self.offices, **more)


async def _seat(office: Office, name: str, offices: tuple[Office, Office], **more: Any) -> Seat:
    person = await office.create_person(name, **more)
    return Seat(person, office.api(person), offices)


async def open_pair(offices: tuple[Office, Office], *, is_connected: bool = True) -> Pair:
    """Make both; they follow each other unless told otherwise, and their notifications are empty."""
    madrid, lisbon = offices
    pair = Pair(await _seat(madrid, "ana", offices), await _seat(lisbon, "bea", offices), offices)
    if is_connected:
        await pair.bea.about(pair.ana, "follow")
        await pair.ana.about(pair.bea, "follow")
        await pair.ana.clear()
        await pair.bea.clear()
    return pair
