"""The least that an aiohttp server can do with a POST: read it and answer 202. `python -m bench.bare PORT`."""

import sys

import uvloop
from aiohttp import web


async def receive(request: web.Request) -> web.Response:
    """Read the body, nothing else."""
    await request.read()
    return web.Response(status=202)


async def make_app() -> web.Application:
    app = web.Application()
    app.router.add_post("/inbox", receive)
    return app


if __name__ == "__main__":
    web.run_app(
        make_app(), host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None, loop=uvloop.new_event_loop()
    )
