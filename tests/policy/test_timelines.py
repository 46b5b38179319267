"""One table of cases holds the Python form and the SQL form of "wanted in a timeline" together."""

import itertools
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, select

from models import Database, UnitOfWork
from models.accounts import Account
from models.relations import Block, DomainBlock, Follow, Mute
from models.statuses import Status
from models.visibility import Visibility
from policy.timelines import is_wanted, load_unwanted, not_limited_for, wanted_by
from tests.policy.test_visibility import new_account, new_status


@dataclass(frozen=True)
class Facts:
    """What is so between the viewer and the author, or the author of what is boosted."""

    against: str = ""  # "" | muted | mute-expires-later | mute-expired | blocks | blocked-by | domain | other-domain
    whom: str = "author"  # author | boosted
    is_own: bool = False


REASONS = ("", "muted", "mute-expires-later", "mute-expired", "blocks", "blocked-by", "domain", "other-domain")
CASES = [Facts(*case) for case in itertools.product(REASONS, ("author", "boosted"))]
CASES.append(Facts("muted", "boosted", is_own=True))


def expected(facts: Facts) -> bool:
    """The rules once more, as a reader of the product would say them."""
    return facts.is_own or facts.against in ("", "mute-expired", "other-domain")


async def arrange(unit: UnitOfWork, facts: Facts, number: int) -> tuple[Account, list[Account], Status]:
    viewer, author, writer = (new_account(unit, f"{name}{number}") for name in ("viewer", "author", "writer"))
    author.domain, writer.domain = "author.test", "writer.test"
    await unit.session.flush()
    booster = viewer if facts.is_own else author
    written = new_status(unit, writer, Visibility.PUBLIC)
    shown = new_status(unit, booster, Visibility.UNLISTED)
    shown.boost_of_id = written.id if facts.whom == "boosted" else None
    target = writer if facts.whom == "boosted" else author
    await unit.session.flush()
    unit.session.add_all(_edges(unit, facts, viewer, target))
    return viewer, [booster, writer] if facts.whom == "boosted" else [booster], shown


def _edges(unit: UnitOfWork, facts: Facts, viewer: Account, target: Account) -> list[object]:
    expires = {"mute-expires-later": timedelta(hours=1), "mute-expired": timedelta(hours=-1)}
    made = {"id": unit.new_id(), "created_at": unit.now}
    match facts.against:
        case "muted" | "mute-expires-later" | "mute-expired":
            until = unit.now + expires[facts.against] if facts.against in expires else None
            return [Mute(account_id=viewer.id, target_id=target.id, expires_at=until, **made)]
        case "blocks":
            return [Block(account_id=viewer.id, target_id=target.id, **made)]
        case "blocked-by":
            return [Block(account_id=target.id, target_id=viewer.id, **made)]
        case "domain" | "other-domain":
            domain = target.domain if facts.against == "domain" else f"not-{target.domain}"
            return [DomainBlock(account_id=viewer.id, domain=domain, **made)]
    return []


async def test_both_forms_of_wanted_agree_with_the_rules_in_every_case(database: Database) -> None:
    async with database.unit_of_work() as unit:
        arranged = [(facts, *await arrange(unit, facts, number)) for number, facts in enumerate(CASES)]
        now = unit.now
    query = select(Status.id).where(
        Status.id == bindparam("status"), wanted_by(bindparam("viewer", type_=Status.id.type), now=now)
    )
    async with database.reading() as session:
        for facts, viewer, authors, shown in arranged:
            in_sql = await session.scalar(query, {"status": shown.id, "viewer": viewer.id})
            unwanted = await load_unwanted(session, viewer.id, now=now)
            in_python = is_wanted(unwanted, authors[0], boosted_author=authors[1] if len(authors) > 1 else None)
            assert (in_python, in_sql is not None) == (expected(facts), expected(facts)), facts


async def test_whoever_is_limited_is_left_out_of_public_timelines_but_not_for_followers(database: Database) -> None:
    async with database.unit_of_work() as unit:
        author, follower, stranger = (new_account(unit, name) for name in ("limited", "follower", "stranger"))
        author.limited_at = unit.now
        await unit.session.flush()
        new_status(unit, author, Visibility.PUBLIC)
        unit.session.add(Follow(id=unit.new_id(), uri="https://peer.test/f", follower_id=follower.id,
                                followee_id=author.id, state="accepted", created_at=unit.now))  # fmt: skip
        ids = {"author": author.id, "follower": follower.id, "stranger": stranger.id, "public": None}
    async with database.reading() as session:
        found = {name: (await session.scalar(select(Status.id).where(not_limited_for(viewer)))) is not None
                 for name, viewer in ids.items()}  # fmt: skip
    assert found == {"author": True, "follower": True, "stranger": False, "public": False}
