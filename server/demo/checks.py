"""Is it true, everywhere? Expectations about what a reader of an office sees, and waiting until they hold.

An expectation is asked through a public interface and may be false for a moment, because offices tell each other of
what happened in the background. So each is asked again until it holds or the deadline passes: the wait is for the
condition, never for a time. An answer that is none (an error of the interface) counts as "not yet", and is told when it
stays so.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from models.values import dataclass
from server.demo.employee import StoryBroken

PATIENCE_SECONDS = 60.0
ASK_EVERY_SECONDS = 0.05

Probe = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Expectation:
    """`what` should be so at the office `where`; `how` names the interface that `holds` asks."""

    what: str
    where: str
    how: str
    holds: Probe


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of an expectation; `problem` is the last error of the interface, if there was one."""

    expectation: Expectation
    is_ok: bool
    problem: str = ""


async def verify(expectations: Sequence[Expectation], *, seconds: float = PATIENCE_SECONDS) -> list[Finding]:
    """Ask all of them at once until each holds; `seconds` are for all together."""
    deadline = asyncio.get_running_loop().time() + seconds
    return list(await asyncio.gather(*(_verified(expectation, deadline) for expectation in expectations)))


async def until(what: str, holds: Probe, *, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until `holds`. Raises StoryBroken when it never does."""
    finding = await _verified(Expectation(what, "", "", holds), asyncio.get_running_loop().time() + seconds)
    if not finding.is_ok:
        raise StoryBroken(f"{what}: still not so after {seconds:.0f} seconds. {finding.problem}".rstrip())


async def _verified(expectation: Expectation, deadline: float) -> Finding:
    while True:
        problem = ""
        try:
            async with asyncio.timeout_at(max(deadline, asyncio.get_running_loop().time() + ASK_EVERY_SECONDS)):
                if await expectation.holds():
                    return Finding(expectation, is_ok=True)
        except (StoryBroken, TimeoutError) as error:
            problem = str(error) or type(error).__name__
        if asyncio.get_running_loop().time() >= deadline:
            return Finding(expectation, is_ok=False, problem=problem)
        await asyncio.sleep(ASK_EVERY_SECONDS)
