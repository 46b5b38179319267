"""A timeline that is joined of kept parts reads exactly like one that is rendered anew, whatever has changed since."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from access.tokens import Bearers
from api.answers.statuses import StatusEntity
from api.call import Api
from api.limits import ApiLimits
from api.loading import status_entities
from tests.api.contract import check
from tests.peers import Client, Office

Act = Callable[[Client, Client, str], Awaitable[Any]]


async def both_ways(office: Office, name: str) -> tuple[list[Any], list[Any]]:
    """The home timeline as it is served, and as it is rendered without anything kept."""
    person = office.people[name]
    served = (await office.api(person).get("/api/v1/timelines/home")).json()
    services = office.services
    fresh = Api(services, Bearers(services.database), services.media, ApiLimits(), services.media_addresses.proxied)
    async with services.database.reading() as session:
        ids = [int(status["id"]) for status in served]
        return served, await status_entities(fresh, session, ids, person.account, context="home")


ACTS: dict[str, Act] = {
    "nothing": lambda ana, ben, status: ana.get("/api/v1/preferences"),
    "favourite": lambda ana, ben, status: ana.post(f"/api/v1/statuses/{status}/favourite"),
    "favourite of another": lambda ana, ben, status: ben.post(f"/api/v1/statuses/{status}/favourite"),
    "bookmark": lambda ana, ben, status: ana.post(f"/api/v1/statuses/{status}/bookmark"),
    "boost": lambda ana, ben, status: ana.post(f"/api/v1/statuses/{status}/reblog"),
    "mute": lambda ana, ben, status: ana.post(f"/api/v1/statuses/{status}/mute"),
    "pin": lambda ana, ben, status: ben.post(f"/api/v1/statuses/{status}/pin"),
    "reply": lambda ana, ben, status: ana.post("/api/v1/statuses", {"status": "yes", "in_reply_to_id": status}),
    "edit": lambda ana, ben, status: ben.put(f"/api/v1/statuses/{status}", {"status": "another text"}),
    "quote": lambda ana, ben, status: ben.post("/api/v1/statuses", {"status": "see", "quoted_status_id": status}),
    "policy": lambda ana, ben, status: ben.put(
        f"/api/v1/statuses/{status}/interaction_policy", {"quote_approval_policy": "nobody"}
    ),
    "profile": lambda ana, ben, status: ben.patch("/api/v1/accounts/update_credentials", {"display_name": "Benito"}),
    "filter": lambda ana, ben, status: ana.post(
        "/api/v2/filters",
        {"title": "No", "context": ["home"], "keywords_attributes": [{"keyword": "hello"}]},
    ),
    "hiding filter": lambda ana, ben, status: ana.post(
        "/api/v2/filters",
        {"title": "No", "context": ["home"], "filter_action": "hide", "keywords_attributes": [{"keyword": "hello"}]},
    ),
    "block": lambda ana, ben, status: ben.post(f"/api/v1/accounts/{ana.office.people['ana'].id}/block"),
    "deletion": lambda ana, ben, status: ben.delete(f"/api/v1/statuses/{status}"),
}


@pytest.mark.parametrize("name", list(ACTS))
async def test_what_changed_is_seen_at_once(office: Office, name: str) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    await office.api(ana).post(f"/api/v1/accounts/{ben.id}/follow")
    written = await office.api(ben).post("/api/v1/statuses", {"status": "hello #day @ana", "language": "en"})
    status = written.json()["id"]
    await office.api(ben).post(
        "/api/v1/statuses", {"status": "which?", "poll": {"options": ["a", "b"], "expires_in": 3600}}
    )
    await office.api(ben).post(f"/api/v1/statuses/{status}/reblog")
    for _ in range(2):
        served, fresh = await both_ways(office, "ana")
        assert check(StatusEntity, served) == fresh
    before = served
    answer = await ACTS[name](office.api(ana), office.api(ben), status)
    assert answer.status == 200, answer.body
    served, fresh = await both_ways(office, "ana")
    assert check(StatusEntity, served) == fresh
    # Others see nothing of a pin in their timelines.
    assert (served == before) is (name in ("nothing", "pin"))
