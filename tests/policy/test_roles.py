"""Roles: which bits clients see, and who may act on whom."""

import pytest

from policy.roles import ROLES, Permission, is_staff, may, may_act_on, permissions_of, role_entity


def test_the_bits_are_those_of_the_api() -> None:
    assert permissions_of("user") == permissions_of(None) == permissions_of("janitor") == 0
    assert permissions_of("admin") == 2**21 - 1
    assert [bit.bit_length() - 1 for bit in Permission] == list(range(21))
    assert role_entity("admin") == {
        "id": "2", "name": "Admin", "permissions": "2097151", "color": "", "highlighted": True,
    }  # fmt: skip
    assert role_entity("user")["permissions"] == "0"
    assert len({role.number for role in ROLES.values()}) == len(ROLES)


@pytest.mark.parametrize("allowed", [Permission.MANAGE_REPORTS, Permission.MANAGE_USERS, Permission.VIEW_DASHBOARD])
def test_a_moderator_looks_after_people_and_reports(allowed: Permission) -> None:
    assert may("moderator", allowed)
    assert may("admin", allowed)
    assert not may("user", allowed)


@pytest.mark.parametrize(
    "refused", [Permission.MANAGE_FEDERATION, Permission.DELETE_USER_DATA, Permission.ADMINISTRATOR]
)
def test_peers_deletions_and_the_office_are_for_administrators(refused: Permission) -> None:
    assert not may("moderator", refused)
    assert not may("moderator", refused | Permission.MANAGE_USERS)
    assert may("admin", refused)


@pytest.mark.parametrize(
    ("actor", "target", "allowed"),
    [
        ("admin", "moderator", True),
        ("admin", "user", True),
        ("admin", None, True),
        ("admin", "admin", False),
        ("moderator", "user", True),
        ("moderator", None, True),
        ("moderator", "moderator", False),
        ("moderator", "admin", False),
        ("user", "user", False),
        ("user", None, False),
        (None, None, False),
    ],
)
def test_staff_acts_on_those_below(actor: str | None, target: str | None, allowed: bool) -> None:
    assert may_act_on(actor, target) is allowed


def test_staff_are_moderators_and_administrators() -> None:
    assert [is_staff(name) for name in ("user", "moderator", "admin", None)] == [False, True, True, False]
