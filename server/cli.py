"""The command line, `tertulia`: other programs drive it, so names and exit codes are a contract.

0 means done, 1 that it failed (with a sentence on standard error that says what to do), 2 that the command was not
understood. Commands work on the database, so they may run while the server does.
"""

from importlib.metadata import version

import click

from server.commands.announcement import announcement
from server.commands.backup import backup, restore
from server.commands.community import community
from server.commands.demo import demo
from server.commands.doctor import doctor
from server.commands.document import document
from server.commands.emoji import emoji
from server.commands.keys import keys
from server.commands.lookup import lookup
from server.commands.peer import peer
from server.commands.peer_policy import policy
from server.commands.peer_sync import sync
from server.commands.peering_list import peering_list
from server.commands.queue import queue
from server.commands.rule import rule
from server.commands.search import search
from server.commands.serving import migrate, serve, worker
from server.commands.token import token
from server.commands.topic import topic
from server.commands.user import user

EPILOG = "Settings: docs/configuration.md. Every command explains itself: tertulia COMMAND --help"


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(version("tertulia"), prog_name="tertulia")
def main() -> None:
    """Tertulia: the social network of a group of companies, one office an instance.

    \b
    A first office on this machine:
      export TERTULIA_DOMAIN=madrid.localhost:8001 TERTULIA_LISTEN=127.0.0.1:8001
      tertulia user create ana --email ana@madrid.example
      tertulia serve --log-format text
    """


COMMANDS = (
    *(serve, worker, migrate, doctor, user, token, peer, peering_list, keys),
    *(announcement, rule, document, emoji, topic, community, queue, search, backup, restore, lookup, demo),
)
peer.add_command(sync)
peer.add_command(policy)
for command in COMMANDS:
    main.add_command(command)

if __name__ == "__main__":
    main()
