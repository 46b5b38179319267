"""`tertulia doctor`: what is wrong with an installation."""

import sys
from collections.abc import AsyncIterator, Callable

import click
import orjson

from server.commands.options import run_async, with_loader
from server.doctor import Finding, Verdict, examine, wrong
from server.settings import Settings, SettingsError

_MARKS = {Verdict.FINE: "ok", Verdict.NOTE: "note", Verdict.WRONG: "WRONG"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@with_loader
@run_async
async def doctor(load: Callable[[], Settings], as_json: bool) -> None:
    """Check settings, disk, database, keys, clock, this office as others see it, and every peer.

    Exits with 1 when something is wrong.

    \b
    Example:
      tertulia doctor --config /etc/tertulia/tertulia.toml
    """
    findings: list[Finding] = []
    async for finding in _findings(load):
        findings.append(finding)
        if not as_json:
            click.echo(f"{_MARKS[finding.verdict]:<6}{finding.check + ':':<17} {finding.sentence}")
    if as_json:
        click.echo(orjson.dumps([_entity(finding) for finding in findings], option=orjson.OPT_INDENT_2))
    sys.exit(1 if any(finding.verdict is Verdict.WRONG for finding in findings) else 0)


async def _findings(load: Callable[[], Settings]) -> AsyncIterator[Finding]:
    try:
        settings = load()
    except SettingsError as error:
        for problem in error.problems:
            yield wrong("settings", problem)
        return
    async for finding in examine(settings):
        yield finding


def _entity(finding: Finding) -> dict[str, str]:
    return {"check": finding.check, "verdict": finding.verdict.value, "sentence": finding.sentence}
