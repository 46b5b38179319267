"""Classes that share what Python would write for each of them: they are and do what Python's own do."""

import copy
import dataclasses
import gc
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, field, fields, replace
from typing import Any

import pytest

from models import values

Decorator = Callable[..., Any]


def _made(dataclass: Decorator) -> tuple[Any, Any, Any]:
    """Classes of three, of one and of no fields."""

    @dataclass(frozen=True, slots=True)
    class Three:
        number: float
        secret: str = field(repr=False)
        listed: tuple[Any, ...] = field(default_factory=tuple)

        @property
        def twice(self) -> float:
            return 2 * self.number

    @dataclass(frozen=True, slots=True)
    class One:
        number: float

    @dataclass(frozen=True, slots=True)
    class Nothing:
        """Nothing."""

    return Three, One, Nothing


BOTH = pytest.mark.parametrize("dataclass", [values.dataclass, dataclasses.dataclass])


@values.dataclass(frozen=True, slots=True)
class Stored:
    """One that can be pickled: it has a name in its module."""

    name: str
    parts: tuple[int, ...] = ()


@BOTH
def test_values_are_equal_by_their_class_and_all_fields(dataclass: Decorator) -> None:
    three, one, nothing = _made(dataclass)
    assert three(1, "a", (2,)) == three(1, "a", (2,))
    assert hash(three(1, "a", (2,))) == hash(three(1, "a", (2,)))
    assert len({three(1, "a"), three(1, "b"), three(2, "a"), three(1, "a", (2,)), three(1, "a")}) == 4
    assert one(1) != three(1, "a")
    assert one(1) != one(2)
    assert one(1) != 1
    same = float("nan")
    assert one(same) == one(same)  # as tuples are compared
    assert nothing() == nothing()
    assert hash(nothing()) == hash(nothing())
    with pytest.raises(TypeError):
        hash(one([]))


@BOTH
def test_values_show_what_may_be_shown(dataclass: Decorator) -> None:
    three, one, nothing = _made(dataclass)
    inside: list[Any] = []
    inside.append(one(inside))
    assert repr(three(1, "a", (one(2),))).endswith("<locals>.Three(number=1, listed=(_made.<locals>.One(number=2),))")
    assert repr(nothing()) == "_made.<locals>.Nothing()"
    assert repr(inside) == "[_made.<locals>.One(number=[...])]"
    assert repr(inside[0]) == "_made.<locals>.One(number=[...])"


@BOTH
def test_values_do_not_change_but_can_be_made_anew(dataclass: Decorator) -> None:
    three, one, _ = _made(dataclass)
    value = three(1, "a")
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'number'"):
        value.number = 2
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'number'"):
        del value.number
    assert not hasattr(value, "__dict__")
    assert replace(value, number=3).twice == 6
    assert asdict(value) == {"number": 1, "secret": "a", "listed": ()}
    assert [each.name for each in fields(three)] == ["number", "secret", "listed"]
    assert copy.deepcopy(one(1)) == one(1)
    assert (three.__match_args__, three.__slots__) == (("number", "secret", "listed"),) * 2


@BOTH
def test_what_may_change_has_no_hash(dataclass: Decorator) -> None:
    @dataclass(slots=True)
    class Counted:
        number: int = 0

    value = Counted()
    value.number += 1
    assert value == Counted(1)
    assert value != Counted()
    assert repr(value).endswith("Counted(number=1)")
    with pytest.raises(TypeError, match="unhashable"):
        hash(value)
    with pytest.raises(AttributeError):
        value.other = 1


def test_values_can_be_stored() -> None:
    assert pickle.loads(pickle.dumps(Stored("a", (1,)))) == Stored("a", (1,))


def test_what_a_class_says_by_itself_stays() -> None:
    @values.dataclass(frozen=True, slots=True)
    class Folded:
        word: str

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Folded) and other.word.lower() == self.word.lower()

        def __hash__(self) -> int:
            return hash(self.word.lower())

    assert Folded("A") == Folded("a")
    assert len({Folded("A"), Folded("a")}) == 1
    assert repr(Folded("A")).endswith("Folded(word='A')")


def test_other_shapes_are_pythons_own() -> None:
    @values.dataclass
    class Open:
        number: int

    @values.dataclass(frozen=True, slots=True, order=True)
    class Ordered:
        number: int

    changed = Open(1)
    changed.number = 2
    assert changed == Open(2)
    assert Ordered(1) < Ordered(2)


def test_the_class_without_slots_is_let_go_of() -> None:
    made = _made(values.dataclass)
    gc.collect()
    alive = [each for each in gc.get_objects() if isinstance(each, type) and each.__qualname__ == made[0].__qualname__]
    assert alive == [made[0]]
