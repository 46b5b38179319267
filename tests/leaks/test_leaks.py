"""Nothing of an office-only post, a private or hidden community, or what is one's own is told on any way out.

The three tables: `cases` says what is secret and who may know it, `surfaces` how every route is asked, `world` makes it
all once for each database. Everybody asks everything. Who may not know must find no word of it in any answer, and what
they ask for by its address must be answered as what isn't there; who may know must find it where the table says, or
the test would prove nothing.
"""

import re

import pytest

from api.endpoints import Access
from api.routes import endpoints
from tests.fixtures_offices import OpenOffice, OpenRemote
from tests.leaks import surfaces
from tests.leaks.cases import WHO_MAY
from tests.leaks.judging import Judge
from tests.leaks.sent import what_was_sent
from tests.leaks.surfaces import ACTS, APP, NOTHING, PAGES, WIRE, Ask, Rows
from tests.leaks.world import open_world
from tests.peers import Office
from tests.security.test_api_ids import TABLE as IDS

STAFF = (Access.MODERATOR, Access.ADMIN)


def acts() -> Rows:
    """What is done with a status, an account or a poll by its id, by the verbs of the route table."""
    found = dict(ACTS)
    for one in endpoints():
        for start, kind in surfaces.ACTS_WITH_IDS.items():
            if one.method != "GET" and one.path.startswith(start) and one.access not in STAFF:
                first, _, rest = one.path.partition("}")
                path = f"{first}}}{re.sub('{[a-z_]+}', '1', rest)}"
                found[path] = (*found.get(path, ()), Ask(kind, method=one.method))
    return found


def test_every_route_has_a_row(office: Office) -> None:
    """A new one has to be put into the tables of `surfaces`, with what it shows, or with the reason why it needn't."""
    read = {one.path for one in endpoints() if one.method == "GET" and one.access not in STAFF}
    read = {path for path in read if not path.startswith("/api/v1/streaming")}
    assert read - set(APP) - set(NOTHING) == set()
    described = {one.path for one in endpoints()}
    others = {
        route.resource.canonical
        for route in office.app.router.routes()
        if route.method == "GET" and route.resource is not None and not route.resource.canonical.startswith("/api/")
    }
    assert {path.removesuffix("/") or "/" for path in others} - described - set(PAGES) - set(WIRE) - set(
        NOTHING
    ) == set()
    assert (set(APP) | set(PAGES) | set(WIRE) | set(NOTHING)) - read - {
        path.removesuffix("/") or "/" for path in others
    } - described - SENT == set()
    writing = {one.path for one in endpoints() if one.method != "GET" and "{" in one.path and one.access not in STAFF}
    assert writing - set(IDS) == set()


SENT = {
    "/compose",
    "/communities/{community_id}/{action}",
    "/statuses/{status_id}/{action}",
    "/accounts/{account_id}/{action}",
}


@pytest.mark.timeout(900)  # three thousand questions: on a busy machine that takes a while
async def test_nothing_secret_is_told_on_any_way_out(
    open_office: OpenOffice, open_remote: OpenRemote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.streaming.watch.HEARTBEAT_SECONDS", 900)  # nobody reads what is heard before the end
    more = {"rate_limits": "off", "trends_min_people": "2"}
    madrid, lisbon = await open_office("madrid", **more), await open_office("lisbon", **more)
    async with open_world(madrid, lisbon, [await open_remote() for _ in range(3)]) as world:
        assert {secret.name for secret in world.secrets} == set(WHO_MAY)
        judge = Judge(world)
        await what_was_sent(judge)
        for how, rows in (("app", APP), ("page", PAGES), ("wire", WIRE), ("app", acts())):
            for path, asks in rows.items():
                for ask in asks:
                    await judge.ask(how, path, ask)
        assert judge.leaks == []
        assert judge.unseen() == []
