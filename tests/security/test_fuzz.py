"""Whatever a confirmed peer sends: no 5xx, no crash, an end with a reason, and nothing changed that isn't the sender's.

Two kinds of nonsense come through the real door: activities put together from our vocabulary with anything in any
field, and the documents of real implementations with parts exchanged. All are signed by mal, who may do what mal may
do (like, boost, post, follow), and nothing else.
"""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from inbox.registry import HANDLERS
from models.accounts import Account
from models.activities import InboundActivity
from models.relations import Block, Favourite, Follow
from models.statuses import Status
from tests.federation import peer_documents as peers
from tests.federation.json_strategies import JSON
from tests.graph import journal
from tests.peers import Office, Person
from tests.remote_peers import AS2, RemoteActor
from tests.security.cast import follows, send, write

# What mal can't be kept from: counting mal's own likes, boosts, answers and quotes; that things are read again.
COUNTS = {"replies_count", "boosts_count", "favourites_count", "quotes_count", "followers_count", "following_count",
          "fetched_at", "updated_at", "last_status_at", "statuses_count"}  # fmt: skip
PLACES = ["$alice", "$carol", "$mal", "$ours", "$theirs", "$private", "$follow", "$new", "$office/actor", "$evil/x#y",
          "https://a.test/1", f"{AS2}#Public", "as:Public", "$alice/followers", "$mal/followers"]  # fmt: skip
TYPES = [*HANDLERS, "Note", "Question", "Person", "Group", "Tombstone", "Collection", "Event", "Video", "Juggle"]
FIELDS = ["id", "type", "actor", "object", "target", "instrument", "result", "origin", "to", "cc", "audience", "bto",
          "content", "name", "summary", "published", "updated", "attributedTo", "inReplyTo", "tag", "attachment",
          "oneOf", "anyOf", "endTime", "closed", "votersCount", "quote", "quoteUrl", "url", "icon", "image",
          "publicKey", "inbox", "preferredUsername", "alsoKnownAs", "movedTo", "proof", "signature", "contentMap",
          "sensitive", "replies", "context", "@context", "interactionPolicy", "startTime", "location"]  # fmt: skip

references = st.sampled_from(PLACES)
leaves = st.one_of(references, references, st.sampled_from(TYPES), JSON)
objects = st.recursive(
    st.dictionaries(st.sampled_from(FIELDS), leaves, max_size=8),
    lambda inner: st.dictionaries(
        st.sampled_from(FIELDS), st.one_of(inner, st.lists(st.one_of(inner, leaves), max_size=3), leaves), max_size=8
    ),
    max_leaves=6,
)
values = st.one_of(references, references, objects, objects, st.lists(st.one_of(references, objects), max_size=4), JSON)
made_up = st.builds(
    lambda kind, value, more, is_own: {
        "@context": AS2, "id": "$new", "type": kind, "object": value, **more, **({"actor": "$mal"} if is_own else {}),
    },
    st.sampled_from(list(HANDLERS)), values, st.dictionaries(st.sampled_from(FIELDS), values, max_size=4),
    st.sampled_from([True, True, True, False]),
)  # fmt: skip


def embedded_status(author: str, more: dict[str, Any]) -> dict[str, Any]:
    note = {"id": "$new", "type": "Note", "attributedTo": author, "to": [f"{AS2}#Public"], "content": "<p>x</p>"}
    return {**note, **more}


written = st.builds(
    lambda kind, author, more: {
        "@context": AS2, "id": "$new", "type": kind, "actor": "$mal", "object": embedded_status(author, more),
    },
    st.sampled_from(["Create", "Update", "Announce"]), st.sampled_from(["$mal", "$mal", "$mal", "$carol"]),
    st.dictionaries(st.sampled_from(FIELDS), values, max_size=4),
)  # fmt: skip


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        found += _paths(child, (*path, name))
    return found


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A fixture with up to three of its parts replaced, said by mal."""
    document = copy.deepcopy(draw(st.sampled_from([made for _, made in peers.documents() if "object" in made])))
    for _ in range(draw(st.integers(0, 3))):
        *parents, last = draw(st.sampled_from(_paths(document)))
        place = document
        for name in parents:
            place = place[name]
        place[last] = draw(values)
        if not isinstance(document, dict):
            return {}
    return {**document, "id": "$new", "actor": "$mal"}


def fill(value: Any, names: dict[str, str], new_id: Any) -> Any:
    """Put the addresses of this run in."""
    if isinstance(value, str) and value.startswith("$"):
        if value == "$new":
            return new_id()
        name, slash, rest = value.partition("/")
        return names.get(name, name) + slash + rest
    if isinstance(value, dict):
        return {name: fill(item, names, new_id) for name, item in value.items()}
    return [fill(item, names, new_id) for item in value] if isinstance(value, list) else value


class Stage:
    """An office in which there is something to break."""

    def __init__(self, office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor, names: dict[str, str]):
        self.office, self.alice, self.carol, self.mal, self.names = office, alice, carol, mal, names

    async def protected(self) -> dict[str, Any]:
        """Everything that is alice's and carol's and that mal has no say in."""
        async with self.office.services.database.reading() as session:
            people = {
                row.id: self._columns(row)
                for row in await session.scalars(
                    select(Account).where(Account.uri.in_((self.alice.uri, self.carol.uri)))
                )
            }
            statuses = [
                self._columns(row)
                for row in await session.scalars(
                    select(Status).where(Status.account_id.in_(people)).order_by(Status.id)
                )
            ]
            edges = [
                [self._columns(row) for row in await session.scalars(select(table).order_by(table.id))
                 if not any(getattr(row, column) not in people for column in columns)]
                for table, columns in (
                    (Follow, ("follower_id", "followee_id")), (Block, ("account_id", "target_id")),
                    (Favourite, ("account_id",)),
                )
            ]  # fmt: skip
        return {"people": people, "statuses": statuses, "edges": edges}

    def _columns(self, row: Any) -> dict[str, Any]:
        return {column.name: getattr(row, column.name) for column in row.__table__.columns if column.name not in COUNTS}

    async def perform(self, activities: list[dict[str, Any]]) -> None:
        before = await self.protected()
        known = len(await journal(self.office))
        for template in activities:
            activity = fill(template, self.names, lambda: self.mal.server.new_uri("fuzz"))
            for to in (f"{self.office.origin}/inbox", self.alice.inbox_url):
                answer = await self.mal.post(to, json.dumps(activity).encode())
                assert answer.status < 500, (activity, answer.text)
        await self.office.run_until_idle()
        await self.let_retries_end()
        after = await journal(self.office)
        for (kind, state, outcome), activity in zip(after[known:], activities * 2, strict=False):
            assert state in ("done", "failed"), (kind, outcome)
            assert outcome, activity
            unforeseen = ("IntegrityError", "TypeError", "KeyError", "ValueError", "AttributeError", "DataError",
                          "AssertionError", "IndexError", "DBAPIError", "OperationalError")  # fmt: skip
            assert not outcome.startswith(unforeseen), (outcome, activities)
        assert await self.protected() == before, activities

    async def let_retries_end(self) -> None:
        """What waits for another try gets its last one now."""
        async with self.office.services.database.unit_of_work() as unit:
            await unit.session.execute(
                update(InboundActivity).where(InboundActivity.state == "queued").values(attempts=7, due_at=unit.now)
            )
        await self.office.run_until_idle()


@pytest.fixture
async def stage(office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor) -> Stage:
    await follows(office, alice, carol)
    await send(office, carol, carol.follow(alice.uri))
    theirs = carol.note()
    await send(office, carol, carol.create(theirs))
    ours, private = await write(office, alice), await write(office, alice, to=(alice.followers_url,))
    await send(office, carol, carol.activity("Like", ours))
    async with office.services.database.reading() as session:
        follow = await session.scalar(select(Follow.uri).join(Account, Account.id == Follow.follower_id)
                                      .where(Account.uri == carol.uri))  # fmt: skip
    names = {
        "$alice": alice.uri, "$carol": carol.uri, "$mal": mal.uri, "$ours": ours, "$theirs": theirs["id"],
        "$private": private, "$follow": follow or "", "$office": office.origin, "$evil": mal.server.origin,
    }  # fmt: skip
    return Stage(office, alice, carol, mal, names)


# The stage is kept from one example to the next, so what fails is shown as it is: shrinking would tell another story.
_PROFILE = settings(
    max_examples=50,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@_PROFILE
@given(activities=st.lists(st.one_of(made_up, made_up, written), min_size=1, max_size=4))
async def test_made_up_activities(stage: Stage, activities: list[dict[str, Any]]) -> None:
    await stage.perform(activities)


@_PROFILE
@given(activities=st.lists(mutated(), min_size=1, max_size=3))
async def test_exchanged_parts_of_what_peers_send(stage: Stage, activities: list[dict[str, Any]]) -> None:
    await stage.perform(activities)
