"""Asking one route of everybody, and judging what they got."""

import re
import zipfile
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from urllib.parse import quote

import orjson

from tests.leaks.askers import Asker, Given
from tests.leaks.cases import LISBON, THOROUGH, Address, Secret
from tests.leaks.surfaces import DERIVED, Ask
from tests.leaks.world import World

ABSENT_ID = "100000000000000007"
ABSENT = {"tag": "zqunheard", "handle": "zqnobody", "acct": "zqnobody", "profile": "zqnobody", "word": "zqnothing"}
# Times and tokens that are made anew for each answer.
_BY_CHANCE = re.compile(
    rb'name="form_token" value="[^"]*"|\d{4}-\d\d-\d\dT[\d:.]+Z?|\w{3}, \d\d \w{3} \d{4} [\d:]+'
    rb'|"proofValue":"[^"]*"'
)
# Kinds that name what everybody knows, and ask for a secret of it.
ABOUT_KNOWN = frozenset({"members", "groups"})


def addresses_of(secret: Secret, kind: str) -> Iterator[Address]:
    """How a secret is asked for by a kind, which may be derived from another one."""
    base, more = DERIVED.get(kind, (kind, ()))
    if base in secret.addresses:
        yield (*secret.addresses[base], *more)


def open_addresses(world: World, kind: str) -> Iterator[Address]:
    """The same for what everybody may name."""
    base, more = DERIVED.get(kind, (kind, ()))
    for address in world.open.get(base, []):
        yield (*address, *more)


def absent(kind: str, address: Address) -> Address:
    """The address of something of this kind that isn't there."""
    base, more = DERIVED.get(kind, (kind, ()))
    *front, last = address[: len(address) - len(more)]
    if base in ABSENT and "/" not in last:
        other = ABSENT[base]
    else:
        other = re.sub(r"\d+$", ABSENT_ID, last) if last[-1].isdigit() else re.sub(r"[^/]+$", "zqunheard", last)
    return (*front, other, *more)


def filled(path: str, ask: Ask, address: Address, domain: str, day: str) -> str:
    """The path and query of one request."""
    values = iter(address)
    target = re.sub(r"\{[^{}]+\}", lambda _: quote(next(values), safe="@"), path) if "{" in path else path
    return target + ask.query.format(*(quote(one, safe=":/@") for one in address), domain=domain, day=day)


async def ask_all(
    world: World, asker: Asker, how: str, path: str, ask: Ask
) -> AsyncIterator[tuple[str, Secret | None, Given, Given | None]]:
    """Every answer of a way of asking: what was asked, about which secret, what came, and what comes for nothing."""
    is_known_here = asker.is_there or how == "wire" or ask.everywhere
    if not ask.kind:
        yield path, None, await _request(world, asker, how, path, ask, ()), None
        return
    if not is_known_here:
        return
    if ask.method == "GET":
        known = [*open_addresses(world, ask.kind)]
        for address in known if asker.name in THOROUGH else known[-1:]:
            yield str(address), None, await _request(world, asker, how, path, ask, address), None
    refused = [one for one in world.secrets if asker.name not in one.may and [*addresses_of(one, ask.kind)]]
    passed_over = [] if asker.name in THOROUGH else refused[:-1]
    for secret in world.secrets:
        for address in addresses_of(secret, ask.kind) if secret not in passed_over else ():
            # What was sent to its people, their office may be told again.
            was_theirs = ask.was_sent and asker.name == "lisbon" and bool(secret.may & LISBON)
            may = asker.name in secret.may or was_theirs
            if may and ask.method != "GET":
                continue
            given = await _request(world, asker, how, path, ask, address)
            if may or secret.past or ask.kind in ABOUT_KNOWN:
                yield secret.name, None, given, None
                continue
            other = absent(ask.kind, address)
            key = (asker.name, how, path, ask, other)
            if key not in world.nothings:
                world.nothings[key] = await _request(world, asker, how, path, ask, other)
            nothing = world.nothings[key]
            yield secret.name, secret, _as_if(given, address, other), _as_if(nothing, other, other)


def _as_if(given: Given, address: Address, other: Address) -> Given:
    """The answer with the address of what isn't there in the place of its own, and without what is never equal."""

    def exchanged(text: bytes) -> bytes:
        for one, two in zip(address, other, strict=True):
            if one != two:
                for form in (str, lambda part: quote(part, safe=""), lambda part: quote(part)):
                    text = text.replace(form(one).encode(), form(two).encode())
        return _BY_CHANCE.sub(b"", text)

    return Given(given.status, exchanged(given.head.encode()).decode(), exchanged(given.body))


async def _request(world: World, asker: Asker, how: str, path: str, ask: Ask, address: Address) -> Given:
    target = filled(path, ask, address, world.madrid.domain, world.madrid.services.clock().date().isoformat())
    document = ask.document
    for number, value in enumerate(address):
        document = document.replace(f"{{{number}}}", value)
    document = document.replace("{domain}", world.madrid.domain)
    if how == "app":
        given = await asker.app(ask.method, target, orjson.loads(document) if document else None)
    elif how == "wire":
        given = await asker.wire(target)
    elif ask.method == "GET":
        given = await asker.page(target)
    else:
        given = await asker.form(target, document)
    return Given(given.status, given.head, _unpacked(given.body)) if given.body[:2] == b"PK" else given


def _unpacked(body: bytes) -> bytes:
    with zipfile.ZipFile(BytesIO(body)) as archive:
        return b"\n".join(name.encode() + b"\n" + archive.read(name) for name in archive.namelist())
