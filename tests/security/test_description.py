"""The OpenAPI description against a live office: whatever it allows or forbids to ask, the answer is one it describes.

schemathesis asks every operation, with arguments that the description allows and with others. Half of what it makes up
is exchanged for what is really there, so that more than refusals come back. Never a 5xx, never a status, a media type
or a body that isn't described.

TERTULIA_TEST_EXAMPLES says how many questions of each sort an operation is asked, and asks them on both databases;
without it there are few, on PostgreSQL alone, which is the stricter one.
"""

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from sqlalchemy.engine import URL, make_url

from api.openapi import describe
from api.routes import endpoints
from tests.api.rich_office import LINK, Rich
from tests.conftest import BACKENDS, Postgres
from tests.security.live_office import live_office, new_session

EXAMPLES = int(os.environ.get("TERTULIA_TEST_EXAMPLES", "2"))
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
PROFILE = settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# What takes things away from others comes last, so that there is something to ask about until then.
TAKING_AWAY = ("unfollow", "remove_from_followers", "block", "reject", "dismiss", "clear", "revoke", "move", "action")
# What the office itself has, by the name of the argument: the part of an address that its ids belong to, or values.
REAL: dict[str, str | list[Any]] = {
    "status_id": "/api/v1/statuses/", "status_ids": "/api/v1/statuses/", "in_reply_to_id": "/api/v1/statuses/",
    "quoted_status_id": "/api/v1/statuses/", "account_id": "/api/v1/accounts/", "account_ids": "/api/v1/accounts/",
    "target_account_id": "/api/v1/accounts/", "media_ids": "/api/v1/media/", "quoting_status_id": "quotes",
    "last_read_id": "/api/v1/statuses/", "domain": ["spam.example", "lisbon.example"], "acct": ["bea", "ada", "who"],
    "q": ["ada", "#kaizen", "news"], "url": [LINK], "hashtag": ["kaizen"], "tag": ["kaizen"], "choices": [[0], [0, 1]],
    "scopes": ["read write", "read"], "redirect_uris": ["urn:ietf:wg:oauth:2.0:oob"], "start_at": ["2026-11-01"],
    "end_at": ["2026-11-30"], "scheduled_at": ["2030-01-01T00:00:00Z"], "language": ["en", "es"], "list": ["lists"],
    "keys": [["new_users", "tag_uses"], ["languages", "sources", "servers"]], "expires_in": [600],
    "types": [["mention"]], "poll": [{"options": ["a", "b"], "expires_in": 600}],
}  # fmt: skip


def order(operation: APIOperation) -> tuple[bool, int]:
    """Reading first, then writing, and what takes away at the end."""
    return operation.path.endswith(TAKING_AWAY), METHODS.index(operation.method.upper())


SCHEMA = schemathesis.openapi.from_dict(describe(endpoints(), origin="https://office.test", version="1.0"))
OPERATIONS = sorted((found.ok() for found in SCHEMA.get_all_operations()), key=order)


@pytest.fixture(scope="module", params=BACKENDS if "TERTULIA_TEST_EXAMPLES" in os.environ else BACKENDS[-1:])
def rich(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rich]:
    """One office for all operations: what one of them did is there for the next."""
    server: Postgres | None = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    used: list[URL] = []

    async def new_database_url() -> URL:
        if server is not None:
            used.append(await server.new_database())
            return used[-1]
        path = tmp_path_factory.mktemp("office") / "office.db"
        shutil.copyfile(sqlite_template, path)
        return make_url(f"sqlite+aiosqlite:///{path}")

    with live_office(new_database_url) as made:
        yield made
    for url in used:
        assert server is not None
        asyncio.run(server.take_back(url))


@pytest.fixture(scope="module")
def session(rich: Rich) -> Iterator[requests.Session]:
    with new_session(rich.office.domain) as made:
        yield made


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.label)
def test_every_answer_is_one_that_is_described(operation: APIOperation, rich: Rich, session: requests.Session) -> None:
    asked, person = count(), rich.boss if "/admin/" in operation.path else rich.ada
    url, headers = f"http://127.0.0.1:{rich.office.port}", {"Authorization": f"Bearer {person.token}"}

    def ask(case: Case) -> None:
        number = next(asked)
        if number % 2 == 0:
            make_real(case, rich, number // 2)
        response = case.call(base_url=url, session=session, headers=headers)
        case.validate_response(response, checks=CHECKS)

    PROFILE(given(operation.as_strategy(generation_mode=GenerationMode.POSITIVE))(ask))()
    with suppress(Unsatisfiable):  # there are operations that can't be asked in a wrong way
        PROFILE(given(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))(ask))()


def make_real(case: Case, rich: Rich, number: int) -> None:
    """Exchange arguments for what the office has."""
    for place, name in enumerate(case.path_parameters):
        found = rich.of(case.operation.path) if place == 0 else []
        found = found or values(rich, name)
        if found:
            case.path_parameters[name] = found[number % len(found)]
    for arguments in (case.query, case.body):
        if isinstance(arguments, dict):
            for name in arguments:
                found = values(rich, name.removesuffix("[]"))
                if found:
                    value = found[number % len(found)]
                    arguments[name] = [value] if isinstance(arguments[name], list) and name != "choices" else value


def values(rich: Rich, name: str) -> list[Any]:
    """What an argument of this name may be."""
    real = REAL.get(name, [])
    return rich.ids[real] if isinstance(real, str) else real
