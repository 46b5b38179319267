"""Writes a new revision from the difference between the tables in `models` and the newest revision.

    python -m migrations "Let an account have two names"

The revision is a draft: read it, and make it right for rows that exist already. Indexes over expressions are not
seen, they have to be written by hand.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url

from server.migrate import migrate, run_on


async def write_revision(message: str) -> None:
    """Bring an empty database to the newest revision, compare, and write what is missing into a new file."""
    with tempfile.TemporaryDirectory() as directory:
        url = make_url(f"sqlite:///{Path(directory) / 'empty.db'}")
        await migrate(url)
        await run_on(url, lambda config: _revise(config, message))


def _revise(config: Config, message: str) -> None:
    number = len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1
    command.revision(config, message=message, autogenerate=True, rev_id=f"{number:04d}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    asyncio.run(write_revision(sys.argv[1]))
