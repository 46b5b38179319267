"""The application as a whole: it answers, says whether it can, and shares nothing with another in the process."""

from sqlalchemy import text

from server.app import make_app
from server.health import Health
from tests.fixtures_offices import OpenOffice
from tests.peers import Office


async def test_the_instance_actor_is_readable_by_everybody(office: Office) -> None:
    answer = await office.get("/actor")
    assert answer.status == 200
    assert answer.json["type"] == "Application"
    assert answer.json["preferredUsername"] == "madrid.localhost"
    assert answer.json["publicKey"]["owner"] == f"{office.origin}/actor"


async def test_it_is_ready_while_the_database_is(office: Office) -> None:
    assert (await office.get("/healthz")).json == {"status": "ok"}
    assert (await office.get("/readyz")).json == {"status": "ready"}


async def test_it_is_not_ready_with_other_tables(office: Office) -> None:
    async with office.services.database.unit_of_work() as unit:
        await unit.session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    answer = await office.get("/readyz")
    assert answer.status == 503
    assert "newer version" in answer.json["problem"]
    assert (await office.get("/healthz")).status == 200


async def test_it_is_not_ready_while_it_stops(office: Office) -> None:
    health = Health(office.services.database)
    assert await health.problem() is None
    health.is_stopping = True
    assert await health.problem() == "The process is shutting down."


async def test_two_offices_in_one_process_know_nothing_of_each_other(open_office: OpenOffice) -> None:
    madrid, lisbon = await open_office("madrid"), await open_office("lisbon")
    alice = await madrid.create_person("alice")
    assert (await madrid.get(f"/.well-known/webfinger?resource=acct:{alice.acct}")).status == 200
    assert (await lisbon.get(f"/.well-known/webfinger?resource=acct:alice@{lisbon.domain}")).status == 404
    assert (await lisbon.get(f"/users/{alice.id}")).status == 404


async def test_no_route_is_there_twice(office: Office) -> None:
    app = make_app(office.services, office.settings)
    named = [(route.method, str(route.resource)) for route in app.router.routes()]
    assert len(named) == len(set(named))
