"""The three offices of the demo, running in this process as `tertulia serve` would run each of them.

Every office has its own settings, SQLite database, HTTP server on loopback and loops; they share nothing but the
process. Data live in a temporary directory that goes when the demo ends, so every demo starts from nothing and two of
them don't meet. Offices open one after the other, because Alembic keeps state of a migration in a module.

Raises StageRefused with a sentence when a port can't be had. Whatever was opened is closed in reverse.
"""

import asyncio
import itertools
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from access.tokens import create_token
from content.compose import PLAIN, render
from federation.peers import PeerState
from federation.peers.finding import find_instance
from federation.services import Services
from inbox.journal import Journal
from models.peers import Peer
from models.values import dataclass
from outbox.peering import decisions
from server.app import make_app
from server.context import open_services
from server.demo import cast
from server.demo.key_pool import KeyPool
from server.demo.narrator import Narrator
from server.health import Health
from server.passwords import hash_password
from server.roles import ROLES
from server.settings import Settings, load_settings
from server.users import create_user
from server.workers import background, listening

LOOPBACK = "127.0.0.1"
HANDSHAKE_SECONDS = 30


class StageRefused(Exception):
    """The demo can't start; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class RunningOffice:
    """An office that answers; `tokens` are those of its people, by name."""

    plan: cast.Office
    settings: Settings
    services: Services
    tokens: dict[str, str]

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def domain(self) -> str:
        return self.settings.domain

    @property
    def origin(self) -> str:
        return self.settings.origin


@asynccontextmanager
async def open_stage(
    plans: Sequence[cast.Office], port_base: int, narrator: Narrator
) -> AsyncIterator[list[RunningOffice]]:
    """Run the offices, as active peers of each other, until the block ends. Raises StageRefused."""
    check_ports([port_base + number for number in range(len(plans))])
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="tertulia-demo-"))
        keys_ahead = KeyPool(sum(1 + len(plan.people) for plan in plans))
        stack.callback(keys_ahead.close)
        password_hash = await asyncio.to_thread(hash_password, cast.PASSWORD)
        offices = []
        for number, plan in enumerate(plans):
            settings = settings_of(plan, port_base + number, Path(directory))
            with narrator.step(f"{plan.name} opens at {settings.origin}: {', '.join(_names(plan))}"):
                running = _running(plan, settings, keys_ahead, password_hash)
                offices.append(await stack.enter_async_context(running))
        with narrator.step("Each two offices become peers: one proposes, the other confirms, a test goes both ways"):
            await asyncio.gather(*(_make_peers(*pair) for pair in itertools.combinations(offices, 2)))
        yield offices


def check_ports(ports: Sequence[int]) -> None:
    """Raises StageRefused unless all of them can be listened on."""
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
                probe.listen(1)
            except OSError as error:
                raise _unusable(port, error) from error


def settings_of(plan: cast.Office, port: int, directory: Path) -> Settings:
    """What an administrator would set for this office; the environment of the demo itself doesn't count."""
    environ = {
        "domain": f"{plan.host}:{port}",
        "listen": f"{LOOPBACK}:{port}",
        "data_dir": str(directory / plan.host.partition(".")[0]),
        "federation": "closed",
        "allowed_addresses": "127.0.0.0/8",
        "instance_name": plan.name,
        "instance_description": plan.description,
        "contact_email": f"it@{plan.mail_domain}",
    }
    return load_settings(None, {f"TERTULIA_{name.upper()}": value for name, value in environ.items()})


@asynccontextmanager
async def _running(
    plan: cast.Office, settings: Settings, keys_ahead: KeyPool, password_hash: str
) -> AsyncIterator[RunningOffice]:
    async with open_services(settings, new_rsa=keys_ahead.take) as services, AsyncExitStack() as stack:
        journal, health = Journal(services.database), Health(services.database)
        await stack.enter_async_context(background(settings, services, journal, ROLES))
        app = make_app(services, settings, journal=journal, health=health)
        try:
            await stack.enter_async_context(listening(app, settings.listen))
        except OSError as error:  # somebody was quicker than we, after the ports were checked
            raise _unusable(settings.listen.port, error) from error
        tokens = {person.name: await _hire(services, plan, person, password_hash) for person in plan.people}
        try:
            yield RunningOffice(plan, settings, services, tokens)
        finally:
            health.is_stopping = True


async def _hire(services: Services, plan: cast.Office, person: cast.Person, password_hash: str) -> str:
    """Make a person as `tertulia user create` does, and a token as `tertulia token create` does."""
    async with services.database.unit_of_work() as unit:
        made = await create_user(
            unit,
            services,
            name=person.name,
            email=plan.email(person),
            password_hash=password_hash,
            display_name=person.display_name,
            is_admin=person.is_admin,
        )
        made.account.note_html = render(person.bio, PLAIN, {}, services.addresses.tag)
        await unit.session.flush()
        return create_token(unit, made.user)


async def _make_peers(here: RunningOffice, there: RunningOffice) -> None:
    """Do what administrators do with `tertulia peer add` here and `tertulia peer confirm` there."""
    card = await find_instance(here.services, there.domain)
    async with here.services.database.unit_of_work() as unit:
        await decisions.propose(here.services, unit, card, note="Part of the demo.")
    await _until(there, here.domain, PeerState.PROPOSED)
    async with there.services.database.unit_of_work() as unit:
        await decisions.confirm(there.services, unit, await unit.session.get_one(Peer, here.domain))
    await _until(here, there.domain, PeerState.ACTIVE)
    await _until(there, here.domain, PeerState.ACTIVE)


async def _until(office: RunningOffice, domain: str, state: PeerState) -> None:
    try:
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            while True:
                found = await office.services.peers.show(domain)
                if found is not None and found.state == state:
                    return
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise StageRefused(f"{office.domain} and {domain} didn't become peers in {HANDSHAKE_SECONDS} s.") from None


def _names(plan: cast.Office) -> list[str]:
    return [person.display_name for person in plan.people]


def _unusable(port: int, error: OSError) -> StageRefused:
    why = os.strerror(error.errno or 0)
    elsewhere = port + 1000 if port < 64_000 else 8001
    return StageRefused(
        f"Port {port} of this machine can't be used ({why}): choose three free ports in a row "
        f"with --port-base, such as `tertulia demo --port-base {elsewhere}`."
    )
