"""The table of who is told, who has to ask, and who isn't heard; `tests/social` holds the query for the facts to it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from policy.notifications import DEFAULT, FILTERABLE, KINDS, Facts, Policy, decide, wants_push

NOW = datetime(2026, 11, 23, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)
LATELY = NOW - timedelta(days=1)
STRICT = Policy("drop", "drop", "drop", "drop", "drop")


def facts(**more: Any) -> Facts:
    """Two strangers who are both here for a long time."""
    return Facts(**{"sender_since": LONG_AGO, **more})


CASES: list[tuple[str, Facts, Policy, str]] = [
    ("mention", facts(), DEFAULT, "accept"),
    ("favourite", facts(is_self=True), DEFAULT, "drop"),
    ("poll", facts(is_self=True), STRICT, "accept"),
    ("moderation_warning", facts(is_self=True), STRICT, "accept"),
    ("mention", facts(is_blocked=True, is_permitted=True), DEFAULT, "drop"),
    ("mention", facts(is_muted=True), DEFAULT, "drop"),
    ("mention", facts(is_conversation_muted=True, follows=True), DEFAULT, "drop"),
    ("admin.report", facts(is_muted=True), DEFAULT, "drop"),
    ("mention", facts(is_domain_blocked=True), DEFAULT, "drop"),
    ("mention", facts(is_domain_blocked=True, follows=True), DEFAULT, "accept"),
    # Not following.
    ("follow", facts(), Policy(for_not_following="filter"), "filter"),
    ("follow", facts(), Policy(for_not_following="drop"), "drop"),
    ("follow", facts(follows=True), Policy(for_not_following="drop"), "accept"),
    ("follow", facts(is_permitted=True), STRICT, "accept"),
    ("status", facts(), STRICT, "accept"),
    ("update", facts(), STRICT, "accept"),
    ("admin.report", facts(), STRICT, "accept"),
    # Not followers: a follower of less than three days counts as none.
    ("reblog", facts(), Policy(for_not_followers="filter"), "filter"),
    ("reblog", facts(followed_since=LATELY), Policy(for_not_followers="filter"), "filter"),
    ("reblog", facts(followed_since=LONG_AGO), Policy(for_not_followers="filter"), "accept"),
    ("reblog", facts(follows=True), Policy(for_not_followers="filter"), "filter"),
    # New accounts.
    ("mention", facts(sender_since=LATELY), Policy(for_new_accounts="filter"), "filter"),
    ("mention", facts(sender_since=LATELY, follows=True), Policy(for_new_accounts="filter"), "accept"),
    ("mention", facts(), Policy(for_new_accounts="drop"), "accept"),
    # Private mentions: held back by default, unless they answer.
    ("mention", facts(is_private=True), DEFAULT, "filter"),
    ("mention", facts(is_private=True, is_answer=True), DEFAULT, "accept"),
    ("mention", facts(is_private=True, follows=True), DEFAULT, "accept"),
    ("mention", facts(is_private=True), Policy(for_private_mentions="drop"), "drop"),
    ("favourite", facts(is_private=True), DEFAULT, "accept"),
    # Limited by a moderator.
    ("mention", facts(is_limited=True), DEFAULT, "filter"),
    ("mention", facts(is_limited=True, follows=True), DEFAULT, "accept"),
    ("mention", facts(is_limited=True), Policy(for_limited_accounts="drop", for_not_following="filter"), "drop"),
]


@pytest.mark.parametrize(("kind", "between", "policy", "answer"), CASES)
def test_who_is_told(kind: str, between: Facts, policy: Policy, answer: str) -> None:
    assert decide(kind, between, policy, NOW) == answer


def test_what_nobody_causes_towards_a_person_always_arrives() -> None:
    passing = {kind for kind in KINDS if decide(kind, facts(), STRICT, NOW) == "accept"}
    assert passing == set(KINDS) - FILTERABLE


@pytest.mark.parametrize(
    ("policy", "alerts", "between", "is_wanted"),
    [
        ("all", {"mention": True}, facts(), True),
        ("all", {"mention": False}, facts(), False),
        ("all", {"follow": True}, facts(), False),
        ("followed", {"mention": True}, facts(), False),
        ("followed", {"mention": True}, facts(follows=True), True),
        ("follower", {"mention": True}, facts(follows=True), False),
        ("follower", {"mention": True}, facts(followed_since=LATELY), True),
        ("none", {"mention": True}, facts(follows=True), False),
        ("whatever", {"mention": True}, facts(), False),
    ],
)
def test_what_is_pushed(policy: str, alerts: dict[str, bool], between: Facts, is_wanted: bool) -> None:
    assert wants_push(policy, alerts, "mention", between) is is_wanted
