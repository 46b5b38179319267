"""`tertulia demo`: three offices on this machine that play a day of work, and, with `--check`, prove that it arrived.

`cast` and `story` say who is there and what happens; `stage` runs the offices; `employee` is a client of the public
interface through which everything is done and seen; `acts` and `posts` are the kinds of things that people do;
`checks` waits until what must be seen is seen; `narrator` tells it to the terminal.

Everything that goes wrong ends as a sentence and exit code 1; the offices are closed in every case.
"""

import asyncio
import sys
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

from server.demo.acts import Act
from server.demo.cast import OFFICES, PASSWORD
from server.demo.checks import Finding
from server.demo.employee import StoryBroken
from server.demo.narrator import VERDICTS, Narrator
from server.demo.play import check as check_story
from server.demo.play import open_scene, play
from server.demo.stage import RunningOffice, StageRefused, open_stage
from server.demo.story import STORY
from server.logs import configure_logs
from server.workers import with_signals

FAILED = 1


async def run_demo(port_base: int, check: bool, *, story: Sequence[Act] = STORY) -> int:
    """Play `story` on three offices from `port_base` on; the exit code.

    With `check` it ends by saying whether everything was seen everywhere, otherwise when somebody stops it.
    """
    configure_logs(level="error", output_format="text")
    try:
        return await _until_stopped(_perform(port_base, check, story))
    except (StageRefused, StoryBroken) as refused:
        print(f"Error: {refused}", file=sys.stderr)
        return FAILED


async def _perform(port_base: int, check: bool, story: Sequence[Act]) -> int:
    narrator = Narrator()
    narrator.title("Tertulia: three offices of one group of companies, each with a server of its own")
    started = time.monotonic()
    async with open_stage(OFFICES, port_base, narrator) as offices, open_scene(offices) as scene:
        narrator.title("A day of work")
        await play(story, scene, narrator)
        if check:
            with narrator.step("Looking whether everybody everywhere has seen it"):
                findings = await check_story(story, scene)
            return _verdict(findings, narrator, time.monotonic() - started)
        _invite(offices, narrator, time.monotonic() - started)
        await _forever()
        narrator.say("\nThe offices close.")
        return 0


async def _forever() -> None:
    """Until the performance is cancelled."""
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()


def _verdict(findings: Sequence[Finding], narrator: Narrator, seconds: float) -> int:
    rows = []
    told = ""
    for finding in findings:
        expected = finding.expectation
        what, told = "" if expected.what == told else expected.what, expected.what
        rows.append((what, expected.where, expected.how, VERDICTS[finding.is_ok]))
    narrator.table("What arrived where", ("What", "Where", "Verified how", "OK"), rows)
    missing = [finding for finding in findings if not finding.is_ok]
    if not missing:
        narrator.title(f"All {len(findings)} as it should be, after {seconds:.1f} seconds.")
        return 0
    narrator.title(f"{len(missing)} of {len(findings)} NOT as it should be, after {seconds:.1f} seconds:")
    for finding in missing:
        expected = finding.expectation
        narrator.say(f" ✗ {expected.what} — {expected.where}: {expected.how}. {finding.problem}".rstrip())
    return FAILED


def _invite(offices: Sequence[RunningOffice], narrator: Narrator, seconds: float) -> None:
    """Where to sign in, and as whom."""
    narrator.table(
        f"Ready after {seconds:.1f} seconds. Sign in:",
        ("Office", "Address", "E-mail", "Password"),
        [
            (office.name, office.origin, "\n".join(map(office.plan.email, office.plan.people)), PASSWORD)
            for office in offices
        ],
    )
    hosts = " ".join(office.plan.host for office in offices)
    narrator.say(f"\nA browser that doesn't know these names needs a line in the hosts file: 127.0.0.1 {hosts}")
    narrator.say("Everything is kept in a temporary directory and forgotten at the end. Ctrl-C closes the offices.")


async def _until_stopped(performance: Coroutine[Any, Any, int]) -> int:
    """Run the performance to its end, or cancel it, so that the offices close, when somebody stops it (Ctrl-C)."""
    stop = asyncio.Event()
    with_signals(stop)
    performing, stopping = asyncio.create_task(performance), asyncio.create_task(stop.wait())
    await asyncio.wait([performing, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    performing.cancel()  # does nothing to a performance that has ended
    try:
        return await performing
    except asyncio.CancelledError:
        return FAILED
