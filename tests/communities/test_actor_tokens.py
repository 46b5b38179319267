"""Private posts by GET, between offices: the community's host vouches for the office of a member (FEP-db0e)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
import pytest

from communities.admission import invite
from communities.ranks import ban
from federation.client import RemoteError
from federation.dereference import fetch_document, fetch_signed
from keys.actor_tokens import make_token
from keys.keypairs import KeyKind
from models.accounts import Account
from models.communities import Kind
from models.statuses import Status
from policy.limits import TOKENS_AN_HOUR
from tests.communities.hosting import act, host
from tests.communities.test_members_elsewhere import follow, known
from tests.conftest import Clock
from tests.fixtures_offices import OpenOffice
from tests.peers import Office, Person, run_until_idle

STATUSES = "/api/v1/statuses"


@dataclass
class Network:
    """Hamburg hosts a private community of hans, to which bea of Lisbon belongs; ana is of Berlin, mal of Madrid."""

    offices: dict[str, Office]
    people: dict[str, Person]
    group: Account

    def office(self, name: str) -> Office:
        return self.offices[name]

    async def settle(self) -> None:
        await run_until_idle(*self.offices.values())

    async def join(self, name: str, group: Account | None = None) -> None:
        """Have somebody in, by an invitation."""
        person, group = self.people[name], group or self.group
        hamburg, hans = self.offices["hamburg"], self.people["hans"]
        await hamburg.api(hans).get("/api/v2/search", q=f"@{person.acct}", resolve=True)
        await act(hamburg, invite, group, hans, await known(hamburg, Account, person.uri))
        await self.settle()
        await follow(person, f"{group.username}@{hamburg.domain}")
        await self.settle()

    async def post(self, name: str, text: str, group: Account | None = None, **more: Any) -> str:
        """Say something among the members; returns the URI."""
        person = self.people[name]
        acct = (group or self.group).username
        if name != "hans":
            acct += f"@{self.offices['hamburg'].domain}"
        words = {"status": f"@{acct} {text}", "visibility": "private", **more}
        answer = await person.office.api(person).post(STATUSES, words)
        assert answer.status == 200, answer.body
        await self.settle()
        return str(answer.json()["uri"])

    async def search(self, name: str, uri: str) -> list[str]:
        """What somebody finds under an address."""
        person = self.people[name]
        found = await person.office.api(person).get("/api/v2/search", q=uri, resolve=True)
        return [one["uri"] for one in found.json()["statuses"]]

    async def ask(self, name: str, url: str, token: Any = None) -> bool:
        """Whether an office gets something with the signature of its instance actor, and perhaps a token."""
        text = token if token is None or isinstance(token, str) else orjson.dumps(token).decode()
        try:
            await fetch_signed(self.offices[name].services, url, token=text)
        except RemoteError:
            return False
        return True

    async def token(self, name: str, group: Account | None = None) -> Any:
        """What the host issues to an office; None when it issues nothing."""
        try:
            url = f"{(group or self.group).uri}/actor_token"
            answer = await fetch_signed(self.offices[name].services, url, accept="application/json")
        except RemoteError:
            return None
        return orjson.loads(answer.body)


@pytest.fixture
async def network(open_office: OpenOffice) -> Network:
    offices = {name: await open_office(name) for name in ("hamburg", "lisbon", "berlin", "madrid")}
    for one in offices.values():
        await one.confirm(*(other for other in offices.values() if other is not one))
    homes = {"hans": "hamburg", "bea": "lisbon", "ana": "berlin", "eva": "berlin", "mal": "madrid"}
    people = {name: await offices[home].create_person(name) for name, home in homes.items()}
    made = Network(offices, people, await host(people["hans"], kind=Kind.BY_INVITATION))
    await made.join("bea")
    return made


async def test_an_office_with_a_member_reads_what_was_said_before_from_where_it_is(
    network: Network, clock: Clock
) -> None:
    berlin = network.office("berlin")
    first = await network.post("bea", "First")
    second = await network.post("bea", "Second")
    assert await network.search("ana", first) == []
    await network.join("ana")
    # Somebody answers: what the answer is about comes with it, from the office of its author.
    hamburg, hans = network.office("hamburg"), network.people["hans"]
    there = await known(hamburg, Status, first)
    answer = {"status": "Welcome!", "in_reply_to_id": str(there.id), "visibility": "private"}
    assert (await hamburg.api(hans).post(STATUSES, answer)).status == 200
    await network.settle()
    found = await known(berlin, Status, first)
    assert (found.visibility, found.group_id) == ("private", (await known(berlin, Account, network.group.uri)).id)
    # Whoever belongs to it finds the others by their address, and nobody else does.
    assert await network.search("eva", second) == []
    assert await network.search("ana", second) == [second]
    assert [await network.search(who, one) for who in ("eva", "mal") for one in (first, second)] == [[]] * 4
    # The token is for Berlin, short, and the same for all that it asks.
    token = orjson.loads(berlin.services.peers.memory.tokens.get(network.group.uri, clock()) or "{}")
    assert (token["issuer"], token["actor"]) == (network.group.uri, f"{berlin.origin}/actor")
    assert await network.ask("berlin", second, token)
    assert await network.ask("berlin", f"{second}/activity", token)
    document = await fetch_document(berlin.services, second, token=orjson.dumps(token).decode())
    assert document.document["id"] == second
    assert not await network.ask("berlin", second)
    # When nobody of Berlin belongs to it any more, there is no other token, and the last one ends by itself.
    here = await known(berlin, Account, network.group.uri)
    await berlin.api(network.people["ana"]).post(f"/api/v1/accounts/{here.id}/unfollow")
    await network.settle()
    assert await network.token("berlin") is None
    clock.advance(minutes=36)
    assert not await network.ask("berlin", second, token)


async def test_a_token_is_worth_nothing_in_other_hands_of_others_or_later(network: Network, clock: Clock) -> None:
    hamburg = network.office("hamburg")
    await network.join("ana")
    other = await host(network.people["hans"], "board", kind=Kind.HIDDEN)
    await network.join("ana", other)
    await network.join("bea", other)
    uri = await network.post("bea", "Among us")
    secret = await network.post("bea", "Among the board", other)
    token, of_board = await network.token("berlin"), await network.token("berlin", other)
    assert await network.ask("berlin", uri, token)
    assert await network.ask("berlin", secret, of_board)
    # It opens what is in its community, to whom it was issued.
    assert not await network.ask("berlin", secret, token)
    assert not await network.ask("madrid", uri, token)
    assert not await network.ask("madrid", uri, {**token, "actor": f"{network.office('madrid').origin}/actor"})
    # Nobody makes one but the community, with its key, for a while that is now.
    keyring = hamburg.services.keyring
    key = await keyring.signing_key(network.group.id, KeyKind.RSA)
    hans_key = await keyring.signing_key(network.people["hans"].id, KeyKind.RSA)
    mal_key = await network.office("madrid").services.keyring.signing_key(network.people["mal"].id, KeyKind.RSA)
    berlin, issuer = f"{network.office('berlin').origin}/actor", network.group.uri
    right = {"issuer": issuer, "actor": berlin, "key_id": key.key_id, "key": key.private, "now": clock()}
    assert await network.ask("berlin", uri, make_token(**right))
    for forged in (
        {"key": hans_key.private}, {"key": hans_key.private, "key_id": hans_key.key_id},
        {"key": mal_key.private, "key_id": mal_key.key_id}, {"key_id": f"{issuer}#other-key"},
        {"issuer": network.people["hans"].uri, "key": hans_key.private, "key_id": hans_key.key_id},
        {"issuer": network.people["mal"].uri, "key": mal_key.private, "key_id": mal_key.key_id},
        {"issuer": f"{network.office('madrid').origin}/users/7", "key": mal_key.private, "key_id": mal_key.key_id},
        {"now": clock() - timedelta(minutes=36)}, {"now": clock() + timedelta(minutes=6)},
        {"actor": network.people["ana"].uri},
    ):  # fmt: skip
        assert not await network.ask("berlin", uri, make_token(**{**right, **forged})), forged
    for nonsense in ("", "{}", "null", '{"issuer": 1}', "x" * 9_000, '{"a":' * 40):
        assert not await network.ask("berlin", uri, nonsense)
    assert await network.ask("berlin", uri, token)


async def test_a_token_is_shown_to_offices_of_members_and_the_banned_are_not_heard(
    network: Network, clock: Clock
) -> None:
    hamburg, berlin, madrid = (network.office(name) for name in ("hamburg", "berlin", "madrid"))
    before, after = await network.post("bea", "Before"), await network.post("bea", "After")
    network.people["carl"] = await network.office("lisbon").create_person("carl")
    await network.join("carl")
    await network.join("ana")
    # Madrid has nobody in it: it learns nothing of the community by what somebody looks for there.
    mal = network.people["mal"]
    theirs = (await madrid.api(mal).post(STATUSES, {"status": "Mine", "visibility": "private"})).json()["uri"]
    memory = berlin.services.peers.memory
    assert await network.search("ana", theirs) == []
    assert memory.tokens.get(network.group.uri, clock()) is None
    assert await network.search("ana", before) == [before]
    assert memory.tokens.get(network.group.uri, clock())
    # Somebody who was banned is still shown by their own office to whom the host vouches for, and heard by nobody.
    await act(
        hamburg, ban, network.group, network.people["hans"], await known(hamburg, Account, network.people["bea"].uri)
    )
    await network.settle()
    clock.advance(minutes=6)
    assert await network.ask("berlin", after, memory.tokens.get(network.group.uri, clock()))
    assert await network.search("ana", after) == []


async def test_a_community_issues_tokens_to_offices_of_members_and_tells_nobody_else_of_it(network: Network) -> None:
    hamburg, hans = network.office("hamburg"), network.people["hans"]
    hidden = await host(hans, "board", kind=Kind.HIDDEN)
    public = await host(hans, "canteen")
    await network.join("bea", hidden)
    await network.join("bea", public)
    names = ("lisbon", "berlin", "madrid")
    for group in (network.group, hidden):
        assert [await network.token(name, group) is not None for name in names] == [True, False, False]
        document = (await fetch_document(network.office("lisbon").services, group.uri)).document
        assert document["endpoints"]["actorToken"] == f"{group.uri}/actor_token"
    # Where everybody reads there is nothing to vouch for.
    assert [await network.token(name, public) for name in names] == [None] * 3
    assert (
        "actorToken" not in (await fetch_document(network.office("lisbon").services, public.uri)).document["endpoints"]
    )
    # Absent, hidden and not for us look alike.
    answers = []
    for path in (
        f"{hidden.uri}/actor_token",
        f"{network.group.uri}/actor_token",
        f"{hamburg.origin}/users/77/actor_token",
    ):
        try:
            await fetch_signed(network.office("madrid").services, path)
        except RemoteError as error:
            answers.append(str(error).replace(path, ""))
    assert len(set(answers)) == 1
    assert (await hamburg.get(f"{hidden.uri}/actor_token")).status == 401
    assert (await hamburg.get(f"{hamburg.origin}/users/77/actor_token")).status == 401
    # Not to a member's own key: it needs none. Nor to the office of somebody who was banned.
    assert (await hamburg.get(f"{network.group.uri}/actor_token", token=hans)).status == 401
    bea = await known(hamburg, Account, network.people["bea"].uri)
    await act(hamburg, ban, network.group, hans, bea)
    await network.settle()
    assert await network.token("lisbon") is None
    assert await network.token("lisbon", hidden) is not None
    # A flood is bounded by host.
    memory = hamburg.services.peers.memory.token_requests
    hamburg.services.rates.is_on = True
    for _ in range(TOKENS_AN_HOUR):
        memory.check(network.office("lisbon").domain, hamburg.services.clock())
    assert await network.token("lisbon", hidden) is None
    hamburg.services.rates.is_on = False
