"""Whether the process runs (`/healthz`) and whether it can serve (`/readyz`): what containers and proxies ask.

Ready means: the database answers and has the tables of this version, and nobody has asked the process to stop. Once
the tables were right they stay right, so that later requests cost one trivial query.
"""

import asyncio
from functools import partial

import orjson
import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from models import Database
from server.migrate import schema_state

TIMEOUT_SECONDS = 3

log = structlog.get_logger(__name__)


class Health:
    """The state of one process."""

    def __init__(self, database: Database) -> None:
        self.is_stopping = False
        self._database = database
        self._has_right_tables = False

    async def problem(self) -> str | None:
        """Why this process can't serve, or None when it can."""
        if self.is_stopping:
            return "The process is shutting down."
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self._database_problem()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("not ready", error=repr(error))
            return "The database doesn't answer."

    async def _database_problem(self) -> str | None:
        if self._has_right_tables:
            return None if await self._database.is_reachable() else "The database doesn't answer."
        problem = (await schema_state(self._database)).problem
        self._has_right_tables = problem is None
        return problem


def health_routes(health: Health) -> list[web.RouteDef]:
    """`/healthz` and `/readyz`; both answer under any host name."""
    return [web.get("/healthz", get_healthz), web.get("/readyz", partial(get_readyz, health))]


async def get_healthz(_request: web.Request) -> web.Response:
    """200 while the process runs."""
    return _answer(200, {"status": "ok"})


async def get_readyz(health: Health, _request: web.Request) -> web.Response:
    """200 when the process can serve, 503 with a sentence otherwise."""
    problem = await health.problem()
    if problem is None:
        return _answer(200, {"status": "ready"})
    return _answer(503, {"status": "not ready", "problem": problem})


def _answer(status: int, document: dict[str, str]) -> web.Response:
    return web.Response(
        status=status,
        body=orjson.dumps(document),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
