"""The whole of it: offices open, the story is played, then either all is checked or everybody is invited in."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from server.demo.acts import Act
from server.demo.cast import OFFICES, PASSWORD
from server.demo.checks import PATIENCE_SECONDS, Expectation, Finding, verify
from server.demo.employee import Employee, new_session
from server.demo.narrator import VERDICTS, Narrator
from server.demo.scene import Scene
from server.demo.stage import RunningOffice, open_stage

FAILED = 1


async def perform(
    story: Sequence[Act], port_base: int, narrator: Narrator, *, check: bool, seconds: float = PATIENCE_SECONDS
) -> int:
    """Play and, with `check`, give the verdict within `seconds`; otherwise keep the offices open until cancelled.

    Returns the exit code. Raises StageRefused and StoryBroken.
    """
    narrator.title("Tertulia: three offices of one group of companies, each with a server of its own")
    started = time.monotonic()
    async with open_stage(OFFICES, port_base, narrator) as offices, open_scene(offices) as scene:
        narrator.title("A day of work")
        await play(story, scene, narrator)
        if check:
            with narrator.step("Looking whether everybody everywhere has seen it"):
                findings = await verify(expectations(story, scene), seconds=seconds)
            return verdict(findings, narrator, time.monotonic() - started)
        _invite(offices, narrator, time.monotonic() - started)
        await _forever()
        narrator.say("\nThe offices close.")
        return 0


async def _forever() -> None:
    """Until the performance is cancelled."""
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()


def verdict(findings: Sequence[Finding], narrator: Narrator, seconds: float) -> int:
    """Show the findings, and again those that aren't as they should be; the exit code."""
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


@asynccontextmanager
async def open_scene(offices: Sequence[RunningOffice]) -> AsyncIterator[Scene]:
    """Everybody with a client, signed in, until the block ends."""
    async with new_session() as session, AsyncExitStack() as stack:
        employees = [Employee(person, office, session) for office in offices for person in office.plan.people]
        await asyncio.gather(*(employee.sign_in() for employee in employees))
        yield Scene({employee.person.name: employee for employee in employees}, stack)


async def play(story: Sequence[Act], scene: Scene, narrator: Narrator) -> None:
    """Act after act, a line each. Raises StoryBroken."""
    for act in story:
        with narrator.step(act.title(scene)):
            await act.play(scene)


def expectations(story: Sequence[Act], scene: Scene) -> list[Expectation]:
    """What must be seen when the story has been played, act after act."""
    return [expectation for act in story for expectation in act.expected(scene)]
