"""The facts that the database gives to `policy.notifications`: each case through one query, with its opposite."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from models import UnitOfWork
from models.accounts import Account, User
from models.feeds import NotificationPermission, NotificationPolicy
from models.oauth import AccessToken, PushSubscription
from models.relations import Block, ConversationMute, DomainBlock, Follow, Mute
from models.statuses import Mention, Status
from models.visibility import Visibility
from policy.notifications import DEFAULT, Answer, decide
from social.notification_facts import Known, load_facts
from social.notifications import notify, retract
from tests.graph import notices
from tests.peers import Office, Person

Setting = Callable[[UnitOfWork, int, int], Any]


async def stranger(unit: UnitOfWork, name: str = "carol", **more: Any) -> Account:
    """An account of another server."""
    uri = f"https://lisbon.example/users/{name}"
    account = Account(
        id=unit.new_id(), uri=uri, username=name, domain="lisbon.example", inbox_url=f"{uri}/inbox",
        created_at=unit.now - timedelta(days=400), updated_at=unit.now, **more,
    )  # fmt: skip
    unit.session.add(account)
    await unit.session.flush()
    return account


def follow(unit: UnitOfWork, follower: int, followee: int, *, state: str = "accepted", days: int = 10) -> Follow:
    since = unit.now - timedelta(days=days)
    return Follow(id=unit.new_id(), uri=f"urn:{unit.new_id()}", follower_id=follower, followee_id=followee, state=state,
                  created_at=since, accepted_at=since if state == "accepted" else None)  # fmt: skip


def block(unit: UnitOfWork, one: int, other: int) -> Block:
    return Block(id=unit.new_id(), account_id=one, target_id=other, created_at=unit.now)


def mute(unit: UnitOfWork, one: int, other: int, *, hides: bool = True, hours: int | None = None) -> Mute:
    expires_at = None if hours is None else unit.now + timedelta(hours=hours)
    return Mute(id=unit.new_id(), account_id=one, target_id=other, hides_notifications=hides, expires_at=expires_at,
                created_at=unit.now)  # fmt: skip


def policy(unit: UnitOfWork, account_id: int, **parts: str) -> NotificationPolicy:
    return NotificationPolicy(account_id=account_id, updated_at=unit.now, **parts)


SETTINGS: list[tuple[str, Setting, str]] = [
    ("nothing", lambda unit, one, other: None, "accept"),
    ("blocks", block, "drop"),
    ("is blocked", lambda unit, one, other: block(unit, other, one), "drop"),
    ("mutes", mute, "drop"),
    ("mutes but hears", lambda unit, one, other: mute(unit, one, other, hides=False), "accept"),
    ("muted once", lambda unit, one, other: mute(unit, one, other, hours=-1), "accept"),
    ("mutes for now", lambda unit, one, other: mute(unit, one, other, hours=1), "drop"),
    ("is muted", lambda unit, one, other: mute(unit, other, one), "accept"),
    (
        "blocks the domain",
        lambda unit, one, other: DomainBlock(
            id=unit.new_id(), account_id=one, domain="lisbon.example", created_at=unit.now
        ),
        "drop",
    ),
    (
        "blocks another domain",
        lambda unit, one, other: DomainBlock(
            id=unit.new_id(), account_id=one, domain="porto.example", created_at=unit.now
        ),
        "accept",
    ),
    ("filters strangers", lambda unit, one, other: policy(unit, one, for_not_following="filter"), "filter"),
    ("drops strangers", lambda unit, one, other: policy(unit, one, for_not_following="drop"), "drop"),
    ("others filter", lambda unit, one, other: policy(unit, other, for_not_following="filter"), "accept"),
    (
        "filters, follows",
        lambda unit, one, other: [policy(unit, one, for_not_following="filter"), follow(unit, one, other)],
        "accept",
    ),
    (
        "filters, asked to follow",
        lambda unit, one, other: [
            policy(unit, one, for_not_following="filter"), follow(unit, one, other, state="pending")
        ],
        "filter",
    ),
    (
        "filters, lets this one in",
        lambda unit, one, other: [
            policy(unit, one, for_not_following="filter"),
            NotificationPermission(account_id=one, from_account_id=other, created_at=unit.now),
        ],
        "accept",
    ),
    (
        "filters non-followers, is followed",
        lambda unit, one, other: [policy(unit, one, for_not_followers="filter"), follow(unit, other, one)],
        "accept",
    ),
    (
        "filters non-followers, is followed since yesterday",
        lambda unit, one, other: [policy(unit, one, for_not_followers="filter"), follow(unit, other, one, days=1)],
        "filter",
    ),
]  # fmt: skip


async def facts(unit: UnitOfWork, one: int, other: int, status_id: int | None = None) -> Known:
    await unit.session.flush()
    found = await load_facts(unit.session, [(one, other, status_id)], now=unit.now)
    return found[one, other, status_id or 0]


async def test_each_setting_is_seen_and_judged(office: Office) -> None:
    """One recipient for each case, all of them asked about at once: a batch is answered as each of them alone."""
    sender_of: dict[int, tuple[str, int, str]] = {}
    people = [await office.create_person(f"p{number}") for number in range(len(SETTINGS))]
    async with office.services.database.unit_of_work() as unit:
        for number, (person, (name, setting, answer)) in enumerate(zip(people, SETTINGS, strict=True)):
            other = await stranger(unit, f"carol{number}")
            made = setting(unit, person.id, other.id)
            unit.session.add_all(made if isinstance(made, list) else [made] if made is not None else [])
            sender_of[person.id] = (name, other.id, answer)
        await unit.session.flush()
        triples = [(one, other, None) for one, (_, other, _) in sender_of.items()]
        found = await load_facts(unit.session, triples, now=unit.now)
        answers = {}
        for one, (name, other, _) in sender_of.items():
            known = found[one, other, 0]
            answers[name] = decide("mention", known.facts, known.policy, unit.now).value
            assert (await facts(unit, one, other)) == known
        assert answers == {name: answer for name, _, answer in sender_of.values()}


async def test_new_and_limited_accounts_are_recognised(office: Office) -> None:
    ana = await office.create_person("ana")
    async with office.services.database.unit_of_work() as unit:
        carol = await stranger(unit)
        known = await facts(unit, ana.id, carol.id)
        assert (known.policy, known.has_push, known.facts.is_limited) == (DEFAULT, False, False)
        carol.limited_at = unit.now
        carol.created_at = unit.now - timedelta(days=2)
        known = await facts(unit, ana.id, carol.id)
        assert known.facts.is_limited
        assert known.facts.sender_since == carol.created_at
        assert decide("mention", known.facts, known.policy, unit.now) == Answer.FILTER


async def test_a_private_answer_and_a_muted_conversation_are_recognised(office: Office) -> None:
    ana = await office.create_person("ana")
    async with office.services.database.unit_of_work() as unit:
        carol = await stranger(unit)
        question = _status(unit, ana.id, conversation_id=7)
        answer = _status(unit, carol.id, conversation_id=7, in_reply_to_uri=question.uri)
        other = _status(unit, carol.id, conversation_id=8, in_reply_to_uri="https://lisbon.example/1")
        unit.session.add_all([question, answer, other])
        await unit.session.flush()
        assert not (await facts(unit, ana.id, carol.id, answer.id)).facts.is_answer  # nobody asked carol
        unit.session.add(Mention(status_id=question.id, account_id=carol.id))
        known = (await facts(unit, ana.id, carol.id, answer.id)).facts
        assert known.is_private
        assert known.is_answer
        assert not (await facts(unit, ana.id, carol.id, other.id)).facts.is_answer
        unit.session.add(ConversationMute(account_id=ana.id, conversation_id=7, created_at=unit.now))
        assert (await facts(unit, ana.id, carol.id, answer.id)).facts.is_conversation_muted
        assert not (await facts(unit, ana.id, carol.id, other.id)).facts.is_conversation_muted


def _status(unit: UnitOfWork, account_id: int, **more: Any) -> Status:
    number = unit.new_id()
    return Status(id=number, uri=f"https://lisbon.example/{number}", account_id=account_id, published_at=unit.now,
                  visibility=Visibility.DIRECT.value, created_at=unit.now, **more)  # fmt: skip


async def test_who_is_nobody_of_ours_and_what_is_gone_is_not_told(office: Office) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    async with office.services.database.unit_of_work() as unit:
        carol = await stranger(unit)
        (await unit.session.get_one(Account, ben.id)).suspended_at = unit.now
        await unit.session.flush()
        asked = [
            (ana.id, carol.id, None),
            (ben.id, carol.id, None),
            (carol.id, ana.id, None),
            (ana.id, carol.id, 7),
        ]
        assert list(await load_facts(unit.session, asked, now=unit.now)) == [(ana.id, carol.id, 0)]


async def test_the_last_word_of_a_unit_counts(office: Office) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    async with office.services.database.unit_of_work() as unit:
        for _ in range(2):
            notify(unit, ana.account, "follow", ben.account, subject_id=1)
        notify(unit, ana.account, "follow", ben.account, subject_id=2)
        retract(unit, "follow", ben.id, account_id=ana.id, subject_id=2)
        notify(unit, ana.account, "follow_request", ben.account, subject_id=3)
    assert await notices(ana) == [("follow", ben.uri), ("follow_request", ben.uri)]
    async with office.services.database.unit_of_work() as unit:
        retract(unit, "follow", ben.id, account_id=ana.id, subject_id=1)
        retract(unit, "follow_request", ben.id, account_id=ana.id, subject_id=3)
        notify(unit, ana.account, "follow_request", ben.account, subject_id=3)
        retract(unit, "follow", ben.id, account_id=ben.id, subject_id=3)
    assert await notices(ana) == [("follow_request", ben.uri)]


async def test_somebody_with_a_subscription_is_recognised(office: Office) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    async with office.services.database.unit_of_work() as unit:
        unit.session.add(_subscription(unit, ana, await _token(unit, ana)))
        assert (await facts(unit, ana.id, ben.id)).has_push
        assert not (await facts(unit, ben.id, ana.id)).has_push


async def _token(unit: UnitOfWork, person: Person) -> int:
    query = select(AccessToken.id).join(User, User.id == AccessToken.user_id).where(User.account_id == person.id)
    return int((await unit.session.scalars(query)).one())


def _subscription(unit: UnitOfWork, person: Person, token_id: int) -> PushSubscription:
    return PushSubscription(id=unit.new_id(), token_id=token_id, account_id=person.id, endpoint="https://push.example/",
                            p256dh="", auth="", token_sealed=b"", alerts={}, created_at=unit.now)  # fmt: skip
