"""Ids sort like the times they were made for, whoever asks in between."""

from datetime import UTC, datetime, timedelta

from models.ids import MILLISECONDS_KEPT, IdGenerator

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def test_ids_of_one_moment_rise_also_when_a_later_moment_came_between() -> None:
    ids = IdGenerator()
    ours, theirs = [], []
    for _ in range(1_000):
        ours.append(ids.at(NOW))
        theirs.append(ids.at(NOW + MILLISECOND))
    assert ours == sorted(set(ours))
    assert theirs == sorted(set(theirs))
    assert ours[-1] < theirs[0]


def test_nothing_is_made_twice_for_one_moment_of_the_past() -> None:
    ids = IdGenerator()
    ids.at(NOW)
    past = NOW - timedelta(days=400)
    assert len({ids.at(past) for _ in range(20_000)}) == 20_000


def test_the_moments_that_are_remembered_are_bounded() -> None:
    ids = IdGenerator()
    made = [ids.at(NOW + MILLISECOND * number) for number in range(MILLISECONDS_KEPT * 2)]
    assert made == sorted(set(made))
    assert len(ids._last) == MILLISECONDS_KEPT
