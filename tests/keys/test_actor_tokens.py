"""Tokens by which a community vouches for somebody (FEP-db0e): the form that others use, and nothing else."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.actor_tokens import TokenRefused, check_signature, check_times, make_token, read_token
from keys.keypairs import KeyRejected, PrivateKey, generate_ed25519
from tests.remote_peers import pooled_rsa

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KEY = pooled_rsa()
GROUP, OFFICE = "https://hamburg.test/users/7", "https://lisbon.test/actor"


def token(**more: Any) -> dict[str, Any]:
    made = make_token(issuer=GROUP, actor=OFFICE, key_id=f"{GROUP}#main-key", key=KEY, now=NOW)
    return {**made, **more}


def as_others_sign(members: dict[str, str], key: PrivateKey = KEY) -> dict[str, Any]:
    """Written down from the text of the FEP, not from our code."""
    source = "\n".join(sorted(f"{name}: {value}" for name, value in members.items()))
    signature = b64encode(key.sign("rsa-v1_5-sha256", source.encode())).decode()
    listed = [{"algorithm": "rsa-sha256", "keyId": f"{GROUP}#main-key", "signature": signature}]
    return {**members, "signatures": listed}


def test_a_token_is_read_as_it_was_made_by_us_and_by_others() -> None:
    members = {name: value for name, value in token().items() if name != "signatures"}
    fine = {"issuedAt": "2026-03-02T09:00:00.680404311Z", "validUntil": "2026-03-02T09:30:00.680404311Z"}
    for document in (token(), as_others_sign(members), as_others_sign({**members, **fine, "purpose": "reading"})):
        found = read_token(document)
        assert (found.issuer, found.actor, found.key_id) == (GROUP, OFFICE, f"{GROUP}#main-key")
        check_signature(found, KEY.public)
        for moment in (NOW - timedelta(minutes=4), NOW, NOW + timedelta(minutes=34)):
            check_times(found, moment)
    with pytest.raises(KeyRejected):
        make_token(issuer=GROUP, actor=OFFICE, key_id="", key=generate_ed25519(), now=NOW)


@pytest.mark.parametrize("moment", [NOW - timedelta(minutes=6), NOW + timedelta(minutes=36), NOW + timedelta(days=9)])
def test_a_token_ends_and_begins(moment: datetime) -> None:
    with pytest.raises(TokenRefused, match="expired"):
        check_times(read_token(token()), moment)


def test_a_token_that_would_be_valid_for_long_is_none() -> None:
    for until in ("2026-03-02T11:00:01Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00"):
        with pytest.raises(TokenRefused, match="expired"):
            check_times(read_token(token(validUntil=until)), NOW)
    check_times(read_token(token(validUntil="2026-03-02T11:00:00Z")), NOW)


@pytest.mark.parametrize("altered", [
    {"actor": "https://evil.test/actor"}, {"issuer": "https://hamburg.test/users/8"},
    {"validUntil": "2026-03-02T10:00:00Z"}, {"purpose": "anything"},
    {"signatures": [{"algorithm": "rsa-sha256", "keyId": f"{GROUP}#main-key", "signature": ""}]},
])  # fmt: skip
def test_an_altered_token_is_none(altered: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused, match="wrong"):
        check_signature(read_token(token(**altered)), KEY.public)


def test_another_key_made_no_token() -> None:
    with pytest.raises(TokenRefused, match="wrong"):
        check_signature(read_token(token()), PrivateKey.from_pem(_other().to_pem()).public)


def _other() -> PrivateKey:
    return next(key for key in (pooled_rsa() for _ in range(9)) if key.public != KEY.public)


@pytest.mark.parametrize("document", [
    None, [], {}, "token", {**token(), "issuer": 7}, {**token(), "issuer": f"{GROUP}\nactor: {OFFICE}"},
    {**token(), "issuer: x\nactor": "y"}, {**token(), "issuedAt": "yesterday"},
    {**token(), "issuedAt": "2026-03-02T09:00:00"},
    {**token(), "signatures": {}}, {**token(), "signatures": [7]}, {**token(), "signatures": [{"algorithm": "none"}]},
    {**token(), "signatures": [{"algorithm": "rsa-sha256", "keyId": "k", "signature": "§"}]},
    {**token(), **{f"more{chr(97 + number)}": "" for number in range(20)}},
    {name: value for name, value in token().items() if name != "validUntil"},
])  # fmt: skip
def test_what_could_be_read_in_two_ways_or_lacks_something_is_no_token(document: Any) -> None:
    with pytest.raises(TokenRefused, match="malformed"):
        read_token(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["issuer", "actor", "issuedAt", "validUntil", "signatures", "x"]), JSON) | JSON)
def test_no_value_does_more_than_be_refused(document: Any) -> None:
    with pytest.raises(TokenRefused):
        check_signature(read_token(document), KEY.public)
