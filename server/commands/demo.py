"""`tertulia demo`: three offices on this machine."""

import asyncio
import sys

import click

from server.commands.options import sentences


@click.command()
@click.option("--check", is_flag=True, help="Verify on every instance that everything arrived, and end.")
@click.option("--port-base", default=8001, show_default=True, type=click.IntRange(1, 65_533),
              help="Port of the first office; the others follow.")  # fmt: skip
def demo(check: bool, port_base: int) -> None:
    """Run three offices that talk to each other, with people who post, reply, boost and favourite.

    \b
    Examples:
      tertulia demo
      tertulia demo --check --port-base 9001
    """
    from server.demo import run_demo  # brings in every floor

    with sentences():
        sys.exit(asyncio.run(run_demo(port_base, check)))
