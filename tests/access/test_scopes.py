"""Scopes: which there are, what covers what, and how much an application may ask for."""

import pytest

from access.scopes import SCOPES, ScopesRefused, check_scopes, covers, restrict


def test_the_scopes_are_those_of_mastodon_and_one_for_renewal() -> None:
    assert len(SCOPES) == len(set(SCOPES)) == 8 + 12 + 14 + 7 + 7
    assert {"profile", "read:search", "write:media", "admin:write:canonical_email_blocks"} <= set(SCOPES)
    assert not {"read:media", "write:search", "crypto", "admin"} & set(SCOPES)


@pytest.mark.parametrize(
    ("granted", "wanted", "is_allowed"),
    [
        ("read", "read:statuses", True),
        ("read:statuses", "read", False),
        ("write", "read", False),
        ("follow", "write:follows", True),
        ("follow", "read:mutes", True),
        ("follow", "write:statuses", False),
        ("profile", "profile", True),
        ("profile", "read:accounts", False),
        ("read:accounts", "profile", True),
        ("admin:read", "admin:read:accounts", True),
        ("admin:write", "admin:read:accounts", False),
        ("read write follow push", "admin:read", False),
        ("", "read", False),
    ],
)
def test_what_covers_what(granted: str, wanted: str, is_allowed: bool) -> None:
    assert covers(granted.split(), wanted) is is_allowed


def test_nobody_gets_more_than_was_registered() -> None:
    assert restrict("", "read write") == "read"
    assert restrict("  ", "push profile") == "push profile"
    assert restrict("read:statuses read:statuses", "read") == "read:statuses"
    for wanted, most in (
        ("write", "read"),
        ("read", "read:statuses"),
        ("read admin:read", "read write"),
        ("x", "read"),
    ):
        with pytest.raises(ScopesRefused):
            restrict(wanted, most)


def test_scopes_are_written_in_one_way() -> None:
    assert check_scopes(" read\n write:statuses\tread ") == "read write:statuses"
    for wrong in ("", " ", "READ", "read,write", "fly " * 2_000):
        with pytest.raises(ScopesRefused) as refused:
            check_scopes(wrong)
        assert len(str(refused.value)) < 400
