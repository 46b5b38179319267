"""The least that an aiohttp server can do: answer a GET, read a POST and answer 202. `python -m bench.bare PORT`."""

import sys

import uvloop
from aiohttp import web


async def receive(request: web.Request) -> web.Response:
    """Read the body, nothing else."""
    await request.read()
    return web.Response(status=202)


async def greet(_request: web.Request) -> web.Response:
    """A few bytes."""
    return web.json_response({"hello": "world"})


async def make_app() -> web.Application:
    app = web.Application()
    app.router.add_post("/inbox", receive)
    app.router.add_get("/", greet)
    return app


if __name__ == "__main__":
    web.run_app(
        make_app(), host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None, loop=uvloop.new_event_loop()
    )
