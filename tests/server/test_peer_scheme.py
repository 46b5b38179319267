"""`tertulia peer show` tells how the next request to a peer is signed, wherever that is known from."""

import asyncio

from federation.peers.hosts import RFC9421_ED25519_CAPABILITY
from keys.signing import Scheme
from server.context import open_services
from server.settings import load_settings
from tests.server.command_line import CommandLine

PEER = "lisbon.localhost:9"


def shown(run: CommandLine) -> str:
    return str(run("peer", "show", PEER, "--json").json["scheme"])


async def hear_announcement(run: CommandLine) -> None:
    async with open_services(load_settings(None, run.environ)) as services:
        await services.hosts.announced(PEER, [RFC9421_ED25519_CAPABILITY])


async def learn(run: CommandLine, scheme: Scheme) -> None:
    async with open_services(load_settings(None, run.environ)) as services:
        await services.hosts.learned(PEER, scheme)


def test_a_peer_of_whom_nothing_is_known_gets_what_nearly_everybody_verifies(run: CommandLine) -> None:
    run("peer", "add", "--limited", PEER)
    assert shown(run) == Scheme.CAVAGE_RSA


def test_what_a_peer_announces_is_shown_and_what_was_found_out_wins(run: CommandLine) -> None:
    run("peer", "add", "--limited", PEER)
    asyncio.run(hear_announcement(run))
    assert shown(run) == Scheme.RFC9421_ED25519
    asyncio.run(learn(run, Scheme.RFC9421_RSA))
    assert shown(run) == Scheme.RFC9421_RSA
