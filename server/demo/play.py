"""Playing a story with employees on a stage, and finding out whether everybody saw it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from server.demo.acts import Act
from server.demo.checks import PATIENCE_SECONDS, Expectation, Finding, verify
from server.demo.employee import Employee, new_session
from server.demo.narrator import Narrator
from server.demo.scene import Scene
from server.demo.stage import RunningOffice


@asynccontextmanager
async def open_scene(offices: Sequence[RunningOffice]) -> AsyncIterator[Scene]:
    """Everybody with a client, signed in, until the block ends."""
    async with new_session() as session:
        employees = [Employee(person, office, session) for office in offices for person in office.plan.people]
        await asyncio.gather(*(employee.sign_in() for employee in employees))
        yield Scene({employee.person.name: employee for employee in employees})


async def play(story: Sequence[Act], scene: Scene, narrator: Narrator) -> None:
    """Act after act, a line each. Raises StoryBroken."""
    for act in story:
        with narrator.step(act.title(scene)):
            await act.play(scene)


def expectations(story: Sequence[Act], scene: Scene) -> list[Expectation]:
    """What must be seen when the story has been played, act after act."""
    return [expectation for act in story for expectation in act.expected(scene)]


async def check(story: Sequence[Act], scene: Scene, *, seconds: float = PATIENCE_SECONDS) -> list[Finding]:
    """Whether all of it is seen everywhere, waiting up to `seconds` for it."""
    return await verify(expectations(story, scene), seconds=seconds)
