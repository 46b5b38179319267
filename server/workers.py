"""Running an office: HTTP and background loops in one process, and how it comes to an end.

On SIGTERM or SIGINT the process first says that it isn't ready, so that a proxy looks elsewhere, and goes on serving
for `shutdown_delay_seconds`. Then it finishes the requests under way (at most `GRACE_SECONDS`), and lets each loop
finish its step (as long again). What is still running is cancelled and given back: another process does it, at once.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import structlog
import uvloop
from aiohttp import web

from federation.services import Services
from inbox.journal import Journal
from jobs.bus import Bus
from jobs.takeover import hand_back
from models.signals import DELIVERIES, INBOUND, JOBS
from server import lean
from server.app import make_app
from server.context import open_services
from server.drain import Drain
from server.health import Health
from server.listener import Runner
from server.migrate import Migrate, migrate_apart
from server.open_files import allow_open_files
from server.roles import HTTP, ROLES
from server.runtime import Workers, keep_running
from server.setting_kinds import ListenAddress
from server.settings import Settings
from server.traffic import Traffic

GRACE_SECONDS = 10.0
CUT_SECONDS = 1.0  # for handlers that don't end by themselves, once they are cancelled
KEEP_ALIVE_SECONDS = 75.0

log = structlog.get_logger(__name__)


def serve(settings: Settings, roles: Sequence[str]) -> None:
    """Run the roles in this process until it is told to stop."""
    lean.set_allocator()
    allow_open_files()
    uvloop.run(run_office(settings, roles))


async def run_office(settings: Settings, roles: Sequence[str]) -> None:
    """Run an office until a signal comes, and close everything."""
    stop = asyncio.Event()
    with_signals(stop)
    async with running_office(settings, roles, migrate=migrate_apart) as services:
        lean.settle()
        trim = partial(lean.keep_trimmed, give_back=partial(give_back, services))
        await keep_running("trimming", trim, stop)


async def give_back(services: Services) -> None:
    """Forget what is too old to be used again, and SQLite's copies of pages: the system has the file's."""
    services.peers.memory.keys.forget_expired(services.clock())
    await services.database.give_back()


@asynccontextmanager
async def running_office(
    settings: Settings, roles: Sequence[str] = ROLES, *, migrate: Migrate | None = None
) -> AsyncIterator[Services]:
    """Run an office until the block ends: HTTP on its address and its loops, as far as the roles say."""
    async with open_services(settings, migrate=migrate) as services, AsyncExitStack() as stack:
        journal, health, traffic = Journal(services.database), Health(services.database), Traffic()
        await stack.enter_async_context(background(settings, services, journal, roles))
        if HTTP in roles:
            app = make_app(services, settings, journal=journal, health=health, traffic=traffic)
            delay = settings.shutdown_delay_seconds
            await stack.enter_async_context(listening(app, settings.listen, delay_seconds=delay))
        if settings.metrics_listen is not None:
            from server.metrics import metrics_app  # off in most offices

            figures = metrics_app(services, traffic, settings.metrics_token)
            await stack.enter_async_context(listening(figures, settings.metrics_listen))
        log.info("ready", origin=settings.origin, roles=",".join(roles), listen=str(settings.listen))
        try:
            yield services
        finally:
            log.info("stopping", origin=settings.origin)
            health.is_stopping = True


def retention(settings: Settings) -> dict[str, int]:
    """What the loops need to know of the settings: how long things are kept, and how often peers are asked."""
    return {
        "retention_days": settings.journal_retention_days,
        "log_days": settings.sync_log_days,
        "sync_minutes": settings.sync_minutes,
    }


@asynccontextmanager
async def listening(app: web.Application, address: ListenAddress, *, delay_seconds: float = 0) -> AsyncIterator[Runner]:
    """Serve `app` until the block ends, and so many seconds longer; requests under way are finished."""
    runner = Runner(
        app, access_log=None, handle_signals=False, keepalive_timeout=KEEP_ALIVE_SECONDS, shutdown_timeout=CUT_SECONDS
    )
    drain = Drain(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, address.host, address.port, reuse_address=True).start()
        yield runner
    finally:
        drain.begin()
        await asyncio.sleep(delay_seconds)
        await drain.close(runner, GRACE_SECONDS)
        await runner.cleanup()


@asynccontextmanager
async def background(
    settings: Settings, services: Services, journal: Journal, roles: Sequence[str]
) -> AsyncIterator[None]:
    """Run the loops of these roles, and listen to the other processes of the office, until the block ends."""
    stop = asyncio.Event()
    workers = Workers(services, journal, roles=roles, **retention(settings))
    tasks = [asyncio.create_task(workers.run(stop), name="workers")]
    if not services.database.is_sqlite:
        bus = Bus(services.database)
        tasks.append(asyncio.create_task(keep_running("bus", bus.run, stop), name="bus"))
    try:
        yield
    finally:
        stop.set()
        services.database.signals.set(INBOUND, DELIVERIES, JOBS)  # whoever sleeps until there is work
        _, late = await asyncio.wait(tasks, timeout=GRACE_SECONDS)
        for task in late:
            log.warning("a loop didn't end in time", loop=task.get_name())
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await hand_back(services.database)


def with_signals(stop: asyncio.Event) -> None:
    """Set `stop` on SIGTERM and SIGINT. A second signal ends the process at once."""
    loop = asyncio.get_running_loop()

    def ask_to_stop(number: signal.Signals) -> None:
        stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask_to_stop, number)
