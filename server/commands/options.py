"""What all commands share: where the settings come from, how errors are told, and opening the office.

Promises that whatever an administrator can correct ends as one or more sentences on standard error and exit code 1,
never as a traceback; wrong usage ends with 2 (click's own).
"""

import asyncio
import functools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
from sqlalchemy.exc import DBAPIError

from access.scopes import ScopesRefused
from communities.standings import CommunityError
from content.media import MediaRefused
from content.storage import StorageFailed
from federation.services import Services
from keys.keypairs import KeyRejected
from outbox.peering.sending import PeeringRefused
from server.context import open_services
from server.logs import configure_logs
from server.lookups import LookupRefused
from server.migrate import DatabaseNotReady, MigrationFailed
from server.passwords import PasswordRefused
from server.settings import Settings, SettingsError, load_settings
from server.users import UserRefused
from social.announcements import AnnouncementRefused
from social.emojis import EmojiRefused

P = ParamSpec("P")
T = TypeVar("T")
# What our own code says to administrators in full sentences.
_SENTENCES = (
    *(LookupRefused, PeeringRefused, UserRefused, PasswordRefused, ScopesRefused, DatabaseNotReady, MigrationFailed),
    *(CommunityError, AnnouncementRefused, EmojiRefused, MediaRefused, StorageFailed),
)


def with_loader(command: Callable[..., T]) -> Callable[..., T]:
    """Give a command `--config` and `--log-format`, and a function that loads the settings as its first argument."""

    @click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Settings file (TOML). The environment (TERTULIA_*) wins over it.",
    )
    @click.option("--log-format", type=click.Choice(["json", "text"]), help="One line of JSON a message, or text.")
    @functools.wraps(command)
    def run(config_path: Path | None, log_format: str | None, **arguments: Any) -> T:
        def load() -> Settings:
            settings = load_settings(config_path, os.environ)
            level = log_level(settings, command.__name__)
            configure_logs(level=level, output_format=log_format or settings.log_format)
            return settings

        with sentences():
            return command(load, **arguments)

    return run


def with_settings(command: Callable[..., T]) -> Callable[..., T]:
    """Give a command `--config` and `--log-format`, and the settings as its first argument."""

    @functools.wraps(command)
    def run(load: Callable[[], Settings], **arguments: Any) -> T:
        return command(load(), **arguments)

    return with_loader(run)


def log_level(settings: Settings, name: str) -> str:
    """Commands that answer and end show warnings only: their output is for people and scripts."""
    if name in ("serve", "worker", "demo") or settings.log_level in ("debug", "error"):
        return settings.log_level
    return "warning"


@contextmanager
def sentences() -> Iterator[None]:
    """Turn what an administrator can correct into a message and exit code 1."""
    try:
        yield
    except SettingsError as error:
        raise click.ClickException("\n".join(error.problems)) from error
    except _SENTENCES as error:
        raise click.ClickException(str(error)) from error
    except KeyRejected as error:
        raise click.ClickException(
            f"The server key doesn't fit ({error}): restore server.key of this office into the data directory."
        ) from error
    except DBAPIError as error:
        raise click.ClickException(
            f"The database can't be used ({error.orig}): check TERTULIA_DATABASE_URL, or run `tertulia doctor`."
        ) from error
    except OSError as error:
        raise click.ClickException(
            f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}."
        ) from error


@asynccontextmanager
async def office(settings: Settings) -> AsyncIterator[Services]:
    """The services of the office for one command; it may run besides the server."""
    async with open_services(settings) as services:
        yield services


def run_async(work: Callable[P, Awaitable[T]]) -> Callable[P, T]:
    """An ordinary function that runs a coroutine function to its end."""

    @functools.wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        async def call() -> T:
            return await work(*args, **kwargs)

        return asyncio.run(call())

    return run
