"""The command line, `tertulia`: other programs drive it, so names and exit codes are a contract.

0 means done, 1 that it failed (with a sentence on standard error that says what to do), 2 that the command was not
understood. Commands work on the database, so they may run while the server does. The module of a command is imported
when the command is asked for: an office that serves carries none of the others.
"""

from importlib import import_module
from importlib.metadata import version
from typing import Final

import click

from server.lean import absent
from server.processor import tell_openssl

with absent("rich"):  # structlog takes it wherever it is, for tracebacks that we don't show: 4 MiB
    import structlog  # noqa: F401

EPILOG = "Settings: docs/configuration.md. Every command explains itself: tertulia COMMAND --help"
# In which module of `server.commands` a command is, under its own name with underscores.
COMMANDS: Final = {
    "serve": "serving",
    "worker": "serving",
    "migrate": "serving",
    "doctor": "doctor",
    "user": "user",
    "token": "token",
    "peer": "peer",
    "peering-list": "peering_list",
    "keys": "keys",
    "announcement": "announcement",
    "rule": "rule",
    "document": "document",
    "emoji": "emoji",
    "topic": "topic",
    "community": "community",
    "queue": "queue",
    "search": "search",
    "backup": "backup",
    "restore": "backup",
    "lookup": "lookup",
    "demo": "demo",
}


class Commands(click.Group):
    """The commands of the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        tell_openssl()
        module = import_module(f"server.commands.{COMMANDS[cmd_name]}")
        found: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return found


@click.group(
    cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(version("tertulia"), prog_name="tertulia")
def main() -> None:
    """Tertulia: the social network of a group of companies, one office an instance.

    \b
    A first office on this machine:
      export TERTULIA_DOMAIN=madrid.localhost:8001 TERTULIA_LISTEN=127.0.0.1:8001
      tertulia user create ana --email ana@madrid.example
      tertulia serve --log-format text
    """


if __name__ == "__main__":
    main()
