"""Aimed at another server, the benchmark says what is wrong with the address or the token before it measures."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bench.office import BenchFailed, free_domain
from bench.other import ME, check_other


async def test_an_address_or_a_token_that_does_not_work_is_told_in_a_sentence() -> None:
    async def me(request: web.Request) -> web.Response:
        return web.Response(status=200 if request.headers["Authorization"] == "Bearer right" else 401)

    app = web.Application()
    app.router.add_get(ME, me)
    async with TestServer(app) as server, TestServer(web.Application()) as stranger:
        origin = f"http://{server.host}:{server.port}"
        await check_other(origin, "right")
        for address, token, said in (
            (origin, "wrong", r"doesn't take the token \(401\): give one that may read"),
            (f"http://{free_domain()}", "right", "can't be reached .*: check the address"),
            (f"http://{stranger.host}:{stranger.port}", "right", "answered 404: it has to be a server with Mastodon's"),
            (origin.replace("http:", "https:"), "right", "aim at the port behind the proxy"),
            ("social.example", "right", "isn't the origin of a server"),
        ):
            with pytest.raises(BenchFailed, match=said):
                await check_other(address, token)
