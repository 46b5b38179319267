"""What the tests of attacks have in common: who is there, how they send, and how everything that is known is compared.

`good` is an honest server of other make with carol and eve on it, `evil` another confirmed peer, where mal lives. Both
are peers, because what a stranger sends is refused at the door (`tests/inbox/test_receiving.py`); here those attack
who are let in.
"""

from typing import Any

from sqlalchemy import select, text

from federation.actors import resolve_actor
from keys.integrity_proofs import add_proof
from keys.signing import Scheme
from models.base import Base
from outbox.follows import publish_follow
from social.drafts import StatusDraft
from tests.graph import journal
from tests.peers import Office, Person
from tests.remote_peers import PUBLIC, JsonObject, RemoteActor

# What an attack may change without harm: what was received, what was learnt about hosts, who has introduced itself.
UNHARMED = frozenset({"inbound_activities", "remote_hosts", "keypairs", "jobs", "peers"})


async def send(office: Office, sender: RemoteActor, *activities: Any, to: str | None = None) -> list[str | None]:
    """Post to an inbox (the shared one), be accepted, and have it worked off; returns the outcomes."""
    known = len(await journal(office))
    for activity in activities:
        answer = await sender.post(to or f"{office.origin}/inbox", activity)
        assert answer.status == 202, answer.text
    await office.run_until_idle()
    return [outcome for _, _, outcome in (await journal(office))[known:]]


async def attack(office: Office, sender: RemoteActor, activity: Any, *, to: str | None = None) -> int:
    """Post to an inbox and have it worked off, if it was let in; returns the status."""
    answer = await sender.post(to or f"{office.origin}/inbox", activity)
    assert answer.status in (202, 400, 401, 403, 413), answer.text
    await office.run_until_idle()
    assert all(state in ("done", "failed") for _, state, _ in await journal(office)), await journal(office)
    return answer.status


async def follows(office: Office, follower: Person, followee: RemoteActor) -> None:
    """Have a local account follow a remote one, by the verb that every surface uses."""
    found = await resolve_actor(office.services, followee.uri)
    async with office.services.database.unit_of_work() as unit:
        follow = await publish_follow(office.services, unit, follower.account, found)
    await office.run_until_idle()
    request = {"id": follow.uri, "type": "Follow", "actor": follower.uri, "object": followee.uri}
    assert await send(office, followee, followee.activity("Accept", request)) == ["applied"]


async def write(office: Office, author: Person, content: str = "<p>ours</p>", *, to: tuple[str, ...] = (PUBLIC,),
                cc: tuple[str, ...] = (), **more: Any) -> str:  # fmt: skip
    """Publish a status of a local account; returns its URI."""
    from federation.parse import visibility_of
    from outbox.statuses import publish_status

    followers_url = author.account.followers_url
    draft = StatusDraft(
        uri=None, type="Question" if "poll" in more else "Note", attributed_to=author.uri, content_html=content,
        to=to, cc=cc, visibility=visibility_of(to, cc, followers_url), **more,
    )  # fmt: skip
    async with office.services.database.unit_of_work() as unit:
        status = (await publish_status(office.services, unit, author.account, draft)).status
    await office.run_until_idle()
    return status.uri


def proven(actor: RemoteActor, document: JsonObject) -> JsonObject:
    """The document with the actor's own proof (FEP-8b32)."""
    key_id = actor.key_id(Scheme.RFC9421_ED25519)
    return add_proof(document, key=actor.ed25519, verification_method=key_id, now=actor.server.clock())


async def snapshot(office: Office, *, ignoring: frozenset[str] = UNHARMED) -> dict[str, list[str]]:
    """Everything that the office knows, table by table, in a form that can be compared."""
    async with office.services.database.reading() as session:
        return {
            table.name: sorted(str(tuple(row)) for row in await session.execute(select(table)))
            for table in Base.metadata.sorted_tables
            if table.name not in ignoring
        }


async def suspend_account(office: Office, uri: str) -> None:
    """What a moderator does: nothing of this account is taken any more."""
    async with office.services.database.unit_of_work() as unit:
        statement = text("UPDATE accounts SET suspended_at = :now WHERE uri = :uri")
        await unit.session.execute(statement.bindparams(now=office.services.clock(), uri=uri))
