"""The demo's judgement: what isn't so must not pass, and what needs a moment must."""

import asyncio
import io
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest

from server.demo import looking
from server.demo.acts import Act, Boost, Favourite, Follow
from server.demo.cast import OFFICES
from server.demo.checks import Expectation, Finding, until, verify
from server.demo.employee import StoryBroken
from server.demo.narrator import Narrator
from server.demo.network import FollowTopic
from server.demo.performance import perform, verdict
from server.demo.posts import Delete, Edit, Post
from server.demo.scene import Scene, shortened
from server.demo.story import STORY
from tests.server.test_demo import free_ports

Probe = Callable[[], Awaitable[bool]]


def after(questions: int) -> Probe:
    """False at first, then true."""
    answers = iter([False] * questions)

    async def holds() -> bool:
        return next(answers, True)

    return holds


async def never() -> bool:
    return False


async def refused() -> bool:
    raise StoryBroken("the office answers 500")


async def hangs() -> bool:
    return await asyncio.Event().wait()


def expect(holds: Probe) -> Expectation:
    return Expectation("Ana posts", "Lisbon", "in the inbox of Bruno", holds)


async def test_what_takes_a_moment_is_waited_for() -> None:
    findings = await verify([expect(after(0)), expect(after(3))], seconds=30)
    assert [finding.is_ok for finding in findings] == [True, True]


@pytest.mark.parametrize(
    ("holds", "problem"), [(never, ""), (refused, "the office answers 500"), (hangs, "TimeoutError")]
)
async def test_what_never_comes_true_is_found_out_by_the_deadline(holds: Probe, problem: str) -> None:
    findings = await verify([expect(after(1)), expect(holds)], seconds=0.3)
    assert [(finding.is_ok, finding.problem) for finding in findings] == [(True, ""), (False, problem)]


async def test_an_act_waits_for_what_it_needs_and_fails_without_it() -> None:
    await until("Bruno sees it", after(2), seconds=30)
    with pytest.raises(StoryBroken, match="Bruno sees it"):
        await until("Bruno sees it", never, seconds=0.1)


def test_one_thing_that_is_not_so_makes_the_whole_check_fail() -> None:
    good = Finding(expect(never), is_ok=True)
    bad = Finding(Expectation("Ana edits", "Hamburg", "in the inbox of Clara", never), is_ok=False, problem="500")
    stream = io.StringIO()
    assert verdict([good, good], Narrator(stream), 1.0) == 0
    assert "All 2 as it should be" in stream.getvalue()
    assert verdict([good, bad], Narrator(stream), 1.0) == 1
    assert "1 of 2 NOT as it should be" in stream.getvalue()
    assert "Ana edits — Hamburg: in the inbox of Clara. 500" in stream.getvalue()


@dataclass(frozen=True)
class Lie:
    """Says that a post was written, and writes none."""

    def title(self, scene: Scene) -> str:
        return "Diego claims to have posted"

    async def play(self, scene: Scene) -> None:
        return

    def expected(self, scene: Scene) -> Iterator[Expectation]:
        reader = scene.employees["bruno"]
        uri = f"{scene.employees['diego'].uri}/statuses/1"
        yield Expectation(
            self.title(scene), "Lisbon", "in the inbox of Bruno", lambda: looking.has(reader, "Create", uri)
        )


async def test_an_act_that_never_arrives_is_not_taken_for_one_that_did() -> None:
    stream = io.StringIO()
    story: list[Act] = [Follow("bruno", ("ana",)), Post("ana", "hello", "Hola #calidad"), Lie()]
    assert await perform(story, free_ports(), Narrator(stream), check=True, seconds=5) == 1
    told = stream.getvalue()
    assert "1 of 5 NOT as it should be" in told
    assert "✗ Diego claims to have posted — Lisbon" in told


def test_whatever_is_public_has_a_reader_in_every_office() -> None:
    """Otherwise nothing would prove that it arrived there."""
    offices = {person.name: office.name for office in OFFICES for person in office.people}
    followers: dict[str, set[str]] = {name: {offices[name]} for name in offices}
    for act in STORY:
        if isinstance(act, Follow):
            for name in act.whom:
                followers[name].add(offices[act.by])
    archived = {key for act in STORY if isinstance(act, FollowTopic) for key in act.keys}
    for act in STORY:
        if isinstance(act, Post) and act.key in archived:
            continue  # whoever follows its topic proves that it arrived
        if isinstance(act, Boost) or (isinstance(act, Post) and act.audience != "mentioned"):
            assert followers[act.by] == {office.name for office in OFFICES}, act


def test_the_story_has_all_that_an_office_does() -> None:
    posts = [act for act in STORY if isinstance(act, Post)]
    assert {act.audience for act in posts} == {"public", "followers", "mentioned"}
    assert any(act.reply_to for act in posts)
    assert any(act.quote for act in posts)
    assert any(act.poll for act in posts)
    for kind in (Favourite, Boost, Edit, Delete):
        assert any(isinstance(act, kind) for act in STORY), kind
    for tag in ("#calidad", "#innovación", "#afterwork"):
        assert any(tag in act.text for act in posts)


def test_html_is_compared_as_it_reads() -> None:
    html = '<p>Hola <a href="x">#<span>calidad</span></a> &amp; m&aacute;s</p><p>adiós</p>'
    assert looking.plain_text(html) == "Hola #calidad & más adiós"
    assert shortened("Hola a todos, buenos días", 14) == "Hola a todos …"


def test_a_stream_that_cannot_show_a_tick_still_gets_its_line() -> None:
    raw = io.BytesIO()
    narrator = Narrator(io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    with narrator.step("Inês posts"):
        pass
    with pytest.raises(StoryBroken), narrator.step("Diego posts"):
        raise StoryBroken("no")
    assert [line.split("  ")[0] for line in raw.getvalue().decode().splitlines()] == [" ? In?s posts", " ? Diego posts"]
