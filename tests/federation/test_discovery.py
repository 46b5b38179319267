"""WebFinger, host-meta and NodeInfo as a client: read strictly, from allowed hosts, about themselves only."""

from typing import Any

import pytest
from aiohttp import web

from federation.actors.discovery import Descriptor, LookupFailed, node_info, schemes, split_handle, webfinger
from federation.client import FetchBudget, RemoteError
from federation.dereference import HostNotAllowed
from federation.services import Services
from tests.federation.conftest import RemoteActor, World

SCHEMA = "http://nodeinfo.diaspora.software/ns/schema/"


async def ask(services: Services, actor: RemoteActor) -> Descriptor:
    return await webfinger(services, f"acct:{actor.handle}", actor.world.host(actor.server))


async def test_webfinger_names_the_actor(services: Services, world: World, carol: RemoteActor) -> None:
    page = {
        "rel": "http://webfinger.net/rel/profile-page",
        "type": "text/html",
        "href": world.url("good.test", "/@carol"),
    }
    html = {"rel": "self", "type": "text/html", "href": world.url("good.test", "/@carol")}
    links = [page, html, *carol.descriptor()["links"], "odd", None, {"rel": "self"}]
    world.webfinger("good.test", {f"acct:{carol.handle}": carol.descriptor(links=links, aliases=[carol.uri, 7])})
    found = await ask(services, carol)
    assert found.actor_uris == (carol.uri,)
    assert found.handle == ("carol", world.host("good.test"))
    assert found.aliases == (carol.uri,)
    assert "Signature" not in world.requests[0].headers


@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [
        (200, "text/html", b"{}"), (200, "", b"{}"), (500, "application/jrd+json", b"{}"), (404, "text/html", b""),
        (200, "application/jrd+json", b"[]"), (200, "application/jrd+json", b'{"a":1,"a":2}'),
        (200, "application/jrd+json", b"{" * 70_000),
    ],
)  # fmt: skip
async def test_what_is_no_descriptor_is_a_failed_look_up(
    services: Services, world: World, carol: RemoteActor, status: int, content_type: str, body: bytes
) -> None:
    world.publish(world.url("good.test", "/.well-known/webfinger"), body, status=status, content_type=content_type)
    with pytest.raises(RemoteError):
        await ask(services, carol)


@pytest.mark.parametrize("document", [{}, {"subject": 7, "links": 7}, {"links": [{"rel": "self", "href": 7}]}])
async def test_an_empty_or_odd_descriptor_names_nobody(
    services: Services, world: World, carol: RemoteActor, document: dict[str, Any]
) -> None:
    world.webfinger("good.test", {f"acct:{carol.handle}": document})
    found = await ask(services, carol)
    assert (found.actor_uris, found.handle) == ((), None)


def host_meta(template: str) -> bytes:
    return f"""<?xml version="1.0"?><XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">
    <Link rel="other" template="http://wrong.test/{{uri}}"/>
    <Link rel="lrdd" type="application/jrd+json" template="{template}"/></XRD>""".encode()


async def test_host_meta_says_where_webfinger_is(services: Services, world: World, carol: RemoteActor) -> None:
    elsewhere = world.url("social.test", "/finger?format=json&amp;resource={uri}")
    handle = f"carol@{world.host('company.test')}"
    world.publish(
        world.url("company.test", "/.well-known/host-meta"), host_meta(elsewhere), content_type="application/xrd+xml"
    )
    world.webfinger("social.test", {f"acct:{handle}": carol.descriptor(subject=f"acct:{handle}")})
    world.pages[world.url("social.test", "/finger")] = world.pages.pop(
        world.url("social.test", "/.well-known/webfinger")
    )
    found = await webfinger(services, f"acct:{handle}", world.host("company.test"))
    assert found.actor_uris == (carol.uri,)
    assert world.requests[-1].query["format"] == "json"


async def test_a_redirect_of_webfinger_is_followed_to_allowed_hosts_only(
    services: Services, world: World, carol: RemoteActor
) -> None:
    async def redirect(request: web.BaseRequest) -> web.StreamResponse:
        target = world.url("good.test", f"/.well-known/webfinger?{request.query_string}")
        return web.Response(status=301, headers={"Location": target})

    world.handle(world.url("company.test", "/.well-known/webfinger"), redirect)
    found = await webfinger(services, f"acct:{carol.handle}", world.host("company.test"))
    assert found.actor_uris == (carol.uri,)
    async with services.database.unit_of_work() as unit:
        await services.peers.suspend(unit, "good.test")
    visits = len(world.visits)
    with pytest.raises(HostNotAllowed):
        await webfinger(services, f"acct:{carol.handle}", world.host("company.test"))
    assert world.visits[visits:] == [
        f"GET {world.url('company.test', '/.well-known/webfinger')}?resource=acct:{carol.handle}"
    ]


async def test_neither_ourselves_nor_forbidden_hosts_are_asked(services: Services, world: World) -> None:
    async with services.database.unit_of_work() as unit:
        await services.peers.suspend(unit, "evil.test")
    for host in ("office.test", world.host("evil.test"), world.host("a.evil.test"), "good.test/x?", "a@b"):
        with pytest.raises(RemoteError):
            await webfinger(services, f"acct:x@{host}", host)
        with pytest.raises(RemoteError):
            await node_info(services, host)
    assert world.visits == []


async def test_look_ups_count_against_the_budget(services: Services, world: World, carol: RemoteActor) -> None:
    budget = FetchBudget(1)
    host = world.host("good.test")
    await webfinger(services, f"acct:{carol.handle}", host, budget=budget)
    with pytest.raises(RemoteError):
        await webfinger(services, f"acct:{carol.handle}", host, budget=budget)
    assert len(world.visits) == 1


async def test_http_is_only_asked_by_who_is_reached_by_http(services: Services, https_services: Services) -> None:
    assert schemes(services) == ["http", "https"]
    assert schemes(services, "https") == ["https", "http"]
    assert schemes(https_services) == ["https"]
    assert schemes(https_services, "http") == ["https"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a@b.test", ("a", "b.test")), ("@a@b.test", ("a", "b.test")), ("acct:a@b.test:80", ("a", "b.test:80")),
        ("a", None), ("@a", None), ("a@", None), ("@@b", None), ("a@b@c", None), ("a b@c", None), ("a/b@c", None),
        ("a@b/c", None), ("a@b?c", None), ("", None), ("a@" + "b" * 600, None),
    ],
)  # fmt: skip
def test_handles_are_split_strictly(text: str, expected: tuple[str, str] | None) -> None:
    assert split_handle(text) == expected


# NodeInfo


def publish_nodeinfo(world: World, href: str, software: Any) -> None:
    links = {"links": [{"rel": SCHEMA + "2.0", "href": href}]}
    world.publish(world.url("good.test", "/.well-known/nodeinfo"), links, content_type="application/json")
    world.publish(href, {"version": "2.0", "software": software}, content_type="application/json; profile=x")


async def test_node_info_says_what_a_host_runs(services: Services, world: World) -> None:
    publish_nodeinfo(world, world.url("good.test", "/nodeinfo/2.0"), {"name": "mastodon", "version": "4.5.0"})
    found = await node_info(services, world.host("good.test"))
    assert (found.software, found.version) == ("mastodon", "4.5.0")


ELSEWHERE = ["http://evil.test:{}/n", "http://127.0.0.2:{}/n", "data:application/json,{{}}", "file:///etc/passwd"]


@pytest.mark.parametrize("href", ELSEWHERE)
async def test_node_info_points_to_its_own_host_only(services: Services, world: World, href: str) -> None:
    publish_nodeinfo(world, href.format(world.port), {"name": "mastodon", "version": "4.5.0"})
    with pytest.raises(LookupFailed):
        await node_info(services, world.host("good.test"))
    assert len(world.visits) == 1


@pytest.mark.parametrize("software", [None, "x", {}, {"name": 7}, {"name": ""}])
async def test_odd_node_info_is_a_failed_look_up(services: Services, world: World, software: Any) -> None:
    publish_nodeinfo(world, world.url("good.test", "/nodeinfo/2.0"), software)
    with pytest.raises(LookupFailed):
        await node_info(services, world.host("good.test"))


async def test_a_redirect_of_node_info_to_another_host_is_not_believed(services: Services, world: World) -> None:
    own, other = world.url("good.test", "/nodeinfo/2.0"), world.url("evil.test", "/nodeinfo/2.0")
    publish_nodeinfo(world, own, {"name": "mastodon"})
    world.publish(other, {"software": {"name": "mastodon"}}, content_type="application/json")
    world.redirect(own, other)
    with pytest.raises(LookupFailed):
        await node_info(services, world.host("good.test"))
