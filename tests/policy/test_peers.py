"""One table of cases: which statuses a peer with a policy may have."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import aliased

from models import Database, UnitOfWork
from models.accounts import Account
from models.statuses import Attachment, Status, StatusTag, Tag
from policy.peers import FREE, PeerPolicy, policy_of, receivable
from policy.rates import MinuteRates

QUALITY, CELLAR = 71, 72
"""Two communities."""


@dataclass(frozen=True)
class Written:
    """A status, or a boost of one like it."""

    visibility: str = "public"
    tags: tuple[str, ...] = ()
    group: int | None = None
    has_file: bool = False
    is_boost: bool = False
    boost_visibility: str = "public"
    by_group: int | None = None


ALL = PeerPolicy(
    visibilities=frozenset({"public", "unlisted"}), topics=frozenset({"calidad"}), communities=frozenset({QUALITY}),
    with_media=False,
)  # fmt: skip
# (what was written, which single rule refuses it; None: nothing does)
CASES = [
    (Written(), None),
    (Written("unlisted"), None),
    (Written("private"), "visibilities"),
    (Written("direct"), "visibilities"),
    (Written("limited"), "visibilities"),
    (Written(tags=("calidad",)), None),
    (Written(tags=("secreto",)), "topics"),
    (Written(tags=("calidad", "secreto")), "topics"),
    (Written(group=QUALITY), None),
    (Written(group=CELLAR), "communities"),
    (Written("private", group=QUALITY), "visibilities"),
    (Written(has_file=True), "with_media"),
    (Written(is_boost=True, tags=("calidad",)), None),
    (Written("private", is_boost=True), "visibilities"),
    (Written(is_boost=True, boost_visibility="private"), "visibilities"),
    (Written(is_boost=True, tags=("secreto",)), "topics"),
    (Written(is_boost=True, group=CELLAR), "communities"),
    (Written(is_boost=True, by_group=CELLAR), "communities"),
    (Written(is_boost=True, by_group=QUALITY, group=QUALITY), None),
    (Written(is_boost=True, has_file=True), "with_media"),
]


def only(rule: str) -> PeerPolicy:
    return PeerPolicy(**{rule: getattr(ALL, rule)})


async def arrange(unit: UnitOfWork) -> list[int]:
    """The ids of what was written, in the order of the cases."""
    for number, name, kind in ((7, "ana", "Person"), (QUALITY, "calidad", "Group"), (CELLAR, "bodega", "Group")):
        unit.session.add(Account(id=number, uri=f"https://here.test/{name}", username=name, actor_type=kind,
                                 inbox_url="https://here.test/inbox", created_at=unit.now,
                                 updated_at=unit.now))  # fmt: skip
    tags = {name: Tag(id=unit.new_id(), name=name, display_name=name, created_at=unit.now)
            for name in ("calidad", "secreto")}  # fmt: skip
    unit.session.add_all(tags.values())
    await unit.session.flush()
    made = []
    for written, _ in CASES:
        status = new_status(unit, written.visibility, written.group)
        await unit.session.flush()
        unit.session.add_all([StatusTag(status_id=status.id, tag_id=tags[name].id) for name in written.tags])
        if written.has_file:
            unit.session.add(Attachment(id=unit.new_id(), account_id=7, status_id=status.id, media_type="image/png",
                                        created_at=unit.now))  # fmt: skip
        if written.is_boost:
            boost = new_status(unit, written.boost_visibility, None, boost_of=status.id, by=written.by_group or 7)
            await unit.session.flush()
            status = boost
        made.append(status.id)
    return made


def new_status(
    unit: UnitOfWork, visibility: str, group: int | None, *, boost_of: int | None = None, by: int = 7
) -> Status:
    number = unit.new_id()
    status = Status(
        id=number, uri=f"https://here.test/statuses/{number}", account_id=by, visibility=visibility, group_id=group,
        boost_of_id=boost_of, conversation_id=number, published_at=unit.now, created_at=unit.now,
    )  # fmt: skip
    unit.session.add(status)
    return status


async def test_each_rule_keeps_away_what_it_is_about_and_nothing_else(database: Database) -> None:
    async with database.unit_of_work() as unit:
        ids = await arrange(unit)
    refusing = dict(CASES)
    async with database.reading() as session:
        for policy, rules in (
            (None, set()), (FREE, set()), (ALL, {"visibilities", "topics", "communities", "with_media"}),
            *((only(rule), {rule}) for rule in ("visibilities", "topics", "communities", "with_media")),
        ):  # fmt: skip
            found = set(await session.scalars(select(Status.id).where(receivable(policy))))
            other = aliased(Status)
            assert found == set(await session.scalars(select(other.id).where(receivable(policy, other))))
            for number, (written, _) in zip(ids, CASES, strict=True):
                assert (number in found) is (refusing[written] not in rules), (policy, written)


@pytest.mark.parametrize(
    "policy", [FREE, ALL, PeerPolicy(topics=frozenset()), PeerPolicy(with_boosts=False, inbound_per_minute=5)]
)
def test_a_policy_is_read_back_as_it_was_stored(policy: PeerPolicy) -> None:
    assert policy_of(policy.document()) == (None if policy is FREE else policy)


def test_a_host_with_a_rate_gets_a_minutes_worth_and_then_waits_while_others_dont() -> None:
    rates, now = MinuteRates(), datetime(2026, 11, 28, tzinfo=UTC)
    rates.use({"slow.test": 3})
    assert [rates.check("slow.test", now) for _ in range(3)] == [None] * 3
    assert rates.check("slow.test", now) == pytest.approx(20)
    rates.use({"slow.test": 3, "other.test": 1})  # another decision doesn't fill the bucket
    assert rates.wait("slow.test", now) is not None
    assert rates.wait("slow.test", now + timedelta(seconds=21)) is None
    assert all(rates.check("free.test", now) is None for _ in range(50))
