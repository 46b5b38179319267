"""Whatever a client posts, it is answered with a sentence: never a 500, and nobody else is harmed."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from models.accounts import Account
from outbox.c2s.notes import STATUS_TYPES
from outbox.client_activities import HANDLERS
from tests.federation.json_strategies import PLAIN_JSON, PLAIN_KEYS
from tests.graph import count
from tests.outbox.clients import post, proxy, upload, written
from tests.peers import Office

MEMBERS = st.dictionaries(PLAIN_KEYS, PLAIN_JSON, max_size=8)
EXAMPLES = 60


def generated(strategy: st.SearchStrategy[Any]) -> list[Any]:
    """Examples made beforehand: every one of them then meets the same running office."""
    found: list[Any] = []

    @settings(max_examples=EXAMPLES, phases=[Phase.generate], deadline=None, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(strategy)
    def collect(example: Any) -> None:
        found.append(example)

    collect()
    return found


@pytest.mark.parametrize("shape", ["bare", "wrapped", "about a note", "about oneself"])
async def test_nonsense_is_refused_or_done_and_never_breaks(office: Office, shape: str) -> None:
    alice, bob = await office.create_person("alice"), await office.create_person("bob")
    note = await written(alice)
    for kind, members, inner in generated(st.tuples(st.sampled_from(sorted(HANDLERS)), MEMBERS, MEMBERS)):
        status_type = sorted(STATUS_TYPES)[len(inner) % len(STATUS_TYPES)]
        document = {
            "bare": {"content": "x", **members, "type": status_type},
            "wrapped": {**members, "type": kind, "object": {**inner, "type": status_type}},
            "about a note": {**members, "type": kind, "object": {**inner, "id": note["id"]}},
            "about oneself": {**members, "type": kind, "object": {**inner, "id": alice.uri}},
        }[shape]
        answer = await post(alice, document)
        assert answer.status in (201, 400, 403, 404, 409, 413), (document, answer.text)
    for path in (f"{alice.outbox_url}?page=true", alice.uri, f"{bob.inbox_url}?page=true"):
        assert (await office.get(path, token=bob)).status == 200
    assert await count(office, Account) == 3


async def test_forms_of_nonsense_are_refused(office: Office) -> None:
    alice = await office.create_person("alice")
    for text, members in generated(st.tuples(st.text(max_size=30), MEMBERS)):
        uri = text.encode("utf-8", "ignore").decode()
        assert (await proxy(alice, uri)).status in (400, 403, 429), text
        assert (await upload(alice, text.encode("utf-8", "ignore"), shell=members)).status in (400, 422), members
