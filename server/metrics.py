"""`/metrics` for Prometheus: what this process did, and what the database says of queues and peers.

Figures of the process (requests, deliveries, refusals) count from its start; Prometheus adds the processes up by its
own `instance` label. Figures of the database are the same whichever process is asked. Each scrape reads them anew in a
fixed number of queries; the labels are bounded: route classes, states, reasons (`federation.peers.meter`) and at most
`MAX_PEERS` peers by name.

Off unless a token or an address of its own is set. With an address alone, whoever reaches that may read.
"""

import hmac
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from importlib.metadata import version
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from federation.peers.meter import ACCEPTED, DELIVERY, REFUSED, classes_of
from federation.services import Services
from inbox.peer_health import is_about_signature, part
from models.activities import RemoteHost
from models.peers import Peer
from models.sync import PeerSync
from server.queues import QueueStatus, queue_status
from server.traffic import Traffic

PATH: Final = "/metrics"
MAX_PEERS: Final = 300


class Figures(Collector):
    """What one scrape tells; `hosts` are those of active peers, their rows where there are any."""

    def __init__(self, services: Services, traffic: Traffic) -> None:
        self._services = services
        self._traffic = traffic
        self._now = services.clock()
        self._states: dict[str, int] = {}
        self._queues = QueueStatus({}, {}, {}, [])
        self._hosts: dict[str, RemoteHost] = {}
        self._behind: dict[str, int] = {}
        self._peers: list[str] = []

    async def read(self) -> "Figures":
        """Ask the database: seven queries."""
        await self._services.peers.refreshed()
        self._peers = self._services.peers.active()[:MAX_PEERS]
        async with self._services.database.reading() as session:
            rows = await session.execute(select(Peer.state, func.count()).group_by(Peer.state))
            self._states = {str(state): int(count) for state, count in rows}
            self._queues = await queue_status(session, self._now)
            hosts = await session.scalars(select(RemoteHost).where(RemoteHost.host.in_(self._peers)))
            self._hosts = {host.host: host for host in hosts}
            synced = select(PeerSync.host, PeerSync.newest - PeerSync.number).where(PeerSync.host.in_(self._peers))
            self._behind = {host: max(0, int(behind)) for host, behind in await session.execute(synced)}
        return self

    def collect(self) -> Iterator[Metric]:
        """All families."""
        info = GaugeMetricFamily("tertulia_info", "The version that runs", labels=["version"])
        info.add_metric([version("tertulia")], 1)
        yield info
        yield from self._of_requests()
        yield from self._of_meter()
        yield from self._of_database()
        yield from self._of_peers()

    def _of_requests(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("tertulia_http_requests", "Requests answered", labels=["class", "status"])
        for (kind, status), count in sorted(self._traffic.requests.items()):
            requests.add_metric([kind, str(status)], count)
        seconds = CounterMetricFamily("tertulia_http_request_seconds", "Time spent on them", labels=["class"])
        for kind, spent in sorted(self._traffic.seconds.items()):
            seconds.add_metric([kind], spent)
        yield from (requests, seconds)

    def _of_meter(self) -> Iterator[Metric]:
        sums: dict[str, int] = {}
        for (_, name), count in self._services.peers.meter.totals.items():
            sums[name] = sums.get(name, 0) + count
        inbound = CounterMetricFamily("tertulia_inbound_activities", "Activities that came", labels=["outcome"])
        inbound.add_metric(["accepted"], sums.get(ACCEPTED, 0))
        for reason, count in part(sums, REFUSED).items():
            inbound.add_metric([f"refused:{reason}"], count)
        sent = CounterMetricFamily("tertulia_deliveries", "Attempts at a delivery", labels=["result"])
        for result, count in part(sums, DELIVERY).items():
            sent.add_metric([result], count)
        took = HistogramMetricFamily("tertulia_delivery_seconds", "From queueing to the answer, of what arrived")
        buckets, passed = [], 0
        for bound, count in classes_of(sums):
            passed += count
            buckets.append(("+Inf" if bound is None else str(bound), passed))
        took.add_metric([], buckets, sum_value=None)
        yield from (inbound, sent, took)

    def _of_database(self) -> Iterator[Metric]:
        queues = GaugeMetricFamily("tertulia_queue", "Rows that wait or were given up", labels=["queue", "state"])
        found = {"deliveries": self._queues.deliveries, "inbound": self._queues.inbound, "jobs": self._queues.jobs}
        for queue, states in found.items():
            for state, count in states.items():
                queues.add_metric([queue, state], count)
        peers = GaugeMetricFamily("tertulia_peers", "Peers by state", labels=["state"])
        for state, count in sorted(self._states.items()):
            peers.add_metric([state], count)
        pool = GaugeMetricFamily("tertulia_database_connections", "Connections of this process", labels=["state"])
        for state, count in self._services.database.connections().items():
            pool.add_metric([state], count)
        yield from (queues, peers, pool)

    def _of_peers(self) -> Iterator[Metric]:
        waiting = {queue.host: queue for queue in self._queues.hosts}
        totals = self._services.peers.meter.totals
        bad = dict.fromkeys(self._peers, 0)
        for (host, name), count in totals.items():
            if host in bad and is_about_signature(name.removeprefix(REFUSED)):
                bad[host] += count
        columns: dict[str, tuple[str, dict[str, float | None]]] = {
            "queued": ("Deliveries that wait", {host: queue.queued for host, queue in waiting.items()}),
            "dead": ("Deliveries given up", {host: queue.dead for host, queue in waiting.items()}),
            "oldest_queued_timestamp_seconds": (
                "When the oldest of them was queued",
                {host: _time(queue.oldest_queued_at) for host, queue in waiting.items()},
            ),
            "last_received_timestamp_seconds": (
                "When it last spoke", {host: _time(row.last_inbound_at) for host, row in self._hosts.items()},
            ),
            "last_delivered_timestamp_seconds": (
                "When it last listened", {host: _time(row.last_success_at) for host, row in self._hosts.items()},
            ),
            "clock_ahead_seconds": (
                "How far its clock is ahead", {host: row.clock_ahead_seconds for host, row in self._hosts.items()},
            ),
            "missing_activities": ("What it has told of and isn't here", dict(self._behind)),
        }  # fmt: skip
        for name, (text, values) in columns.items():
            family = GaugeMetricFamily(f"tertulia_peer_{name}", text, labels=["peer"])
            for host in self._peers:
                value = values.get(host, 0 if name in ("queued", "dead") else None)
                if value is not None:
                    family.add_metric([host], value)
            yield family
        failures = CounterMetricFamily("tertulia_peer_signature_failures", "Requests in its name", labels=["peer"])
        for host, count in bad.items():
            failures.add_metric([host], count)
        yield failures


def _time(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def metrics_routes(services: Services, traffic: Traffic, token: str) -> list[web.RouteDef]:
    """The route; with a token only for who shows it (`Authorization: Bearer`)."""
    return [web.get(PATH, partial(get_metrics, services, traffic, token))]


def metrics_app(services: Services, traffic: Traffic, token: str) -> web.Application:
    """An application with this route and nothing else, for an address of its own."""
    app = web.Application()
    app.add_routes(metrics_routes(services, traffic, token))
    return app


async def get_metrics(services: Services, traffic: Traffic, token: str, request: web.Request) -> web.Response:
    """The figures in Prometheus' text format."""
    if token and not _shows(request, token):
        headers = {"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"}
        return web.Response(status=401, text="A token is needed.\n", headers=headers)
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(await Figures(services, traffic).read())
    headers = {"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"}
    return web.Response(body=generate_latest(registry), headers=headers)


def _shows(request: web.Request, token: str) -> bool:
    kind, _, shown = request.headers.get("Authorization", "").partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), token.encode())
