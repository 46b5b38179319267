"""`/metrics`: who may read it, and that it says what happened."""

import socket
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from server.context import open_services
from server.metrics import MAX_PEERS
from server.setting_kinds import ListenAddress
from server.traffic import class_of
from server.workers import running_office
from tests.api.across import open_pair
from tests.conftest import NewDatabase
from tests.fixtures_offices import OpenOffice
from tests.peers import settings_for

TOKEN = "not-to-be-guessed"


def samples(text: str) -> dict[tuple[str, ...], float]:
    """(name, label values…) → value."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_metrics_are_off_or_guarded(open_office: OpenOffice) -> None:
    guarded, off = await open_office("madrid", metrics_token=TOKEN), await open_office("lisbon")
    assert (await guarded.get("/metrics")).status == 401
    for shown in ("Bearer wrong", f"Basic {TOKEN}", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer ñ"):
        headers = {"Authorization": shown}
        refused = await guarded.get("/metrics", headers=headers)
        assert (refused.status, b"tertulia_" in refused.body) == (401, False), headers
    assert (await guarded.get(f"/metrics?token={TOKEN}")).status == 401
    assert (await off.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})).status == 404
    assert (await guarded.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})).status == 200


async def test_metrics_say_what_happened(open_office: OpenOffice) -> None:
    madrid, lisbon = await open_office("madrid", metrics_token=TOKEN), await open_office("lisbon")
    await madrid.confirm(lisbon)
    await lisbon.confirm(madrid)
    pair = await open_pair((madrid, lisbon))
    await pair.ana.post("Hola")
    await madrid.post("/inbox", b"{}")
    await madrid.get("/nothing/like/that")
    answer = await madrid.get("/metrics", headers={"Authorization": f"bearer {TOKEN}"})
    assert answer.headers["Content-Type"].startswith("text/plain")
    found = samples(answer.body.decode())
    assert found["tertulia_deliveries_total", "done"] >= 2
    assert found["tertulia_delivery_seconds_bucket", "+Inf"] == found["tertulia_deliveries_total", "done"]
    assert found["tertulia_inbound_activities_total", "accepted"] >= 2
    assert any(name[0] == "tertulia_inbound_activities_total" and "refused:" in name[1] for name in found)
    assert found["tertulia_http_requests_total", "inbox", "202"] >= 2
    assert found["tertulia_http_requests_total", "unknown", "404"] == 1
    assert found["tertulia_peers", "active"] == 1
    assert found["tertulia_peer_queued", lisbon.domain] == 0
    assert ("tertulia_peer_last_delivered_timestamp_seconds", lisbon.domain) in found
    assert {("tertulia_queue", "deliveries", "queued"), ("tertulia_queue", "jobs", "queued")} <= found.keys()
    assert ("process_resident_memory_bytes",) in found
    assert MAX_PEERS >= 200


async def test_an_address_of_its_own_has_the_metrics_and_nothing_else(
    new_database_url: NewDatabase, tmp_path: Path
) -> None:
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        ports = [one.getsockname()[1], two.getsockname()[1]]
    domain = f"madrid.localhost:{ports[0]}"
    settings = settings_for(domain, await new_database_url(), tmp_path, metrics_listen=f"127.0.0.1:{ports[1]}",
                            metrics_token="", listen=f"127.0.0.1:{ports[0]}")  # fmt: skip
    assert settings.metrics_listen == ListenAddress("127.0.0.1", ports[1])
    async with open_services(settings):
        pass
    async with running_office(settings), aiohttp.ClientSession() as client:

        async def status(port: int, path: str) -> int:
            async with client.get(f"http://127.0.0.1:{port}{path}", headers={"Host": domain}) as response:
                return response.status

        assert await status(ports[1], "/metrics") == 200
        assert await status(ports[1], "/api/v2/instance") == 404
        assert await status(ports[0], "/metrics") == 404
        assert await status(ports[0], "/readyz") == 200


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/users/{account_id}/inbox", "inbox"), ("/inbox", "inbox"), ("/api/v1/statuses/{id}", "api"), ("/", "pages"),
     ("/users/{account_id}", "activitypub"), ("/.well-known/webfinger", "discovery"), ("/metrics", "metrics")],
)  # fmt: skip
def test_requests_are_counted_by_the_class_of_their_route(path: str, kind: str) -> None:
    assert class_of(path) == kind
