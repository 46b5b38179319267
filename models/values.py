"""`dataclass`, in two fifths of the room for classes with slots, of which there are more than two hundred.

Python writes up to eight functions for each of them, and keeps the class that it began with beside the one with slots:
14 KiB for four fields. Here those that say the same of all classes are shared, and the first class is let go of: 5 KiB.
What an instance is and does stays the same. Every other shape is Python's own, and to a type checker all of it is.
"""

import dataclasses
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, **options):
        """As `dataclasses.dataclass`."""
        if cls is None:
            return lambda decorated: dataclass(decorated, **options)
        if options not in _SHARED or _OWN.intersection(vars(cls)):
            return dataclasses.dataclass(cls, **options)
        return _share(dataclasses.dataclass(cls, **options, eq=False, repr=False))


_SHARED: Final = ({"frozen": True, "slots": True}, {"slots": True})
# A class that says one of these by itself is Python's own.
_OWN: Final = frozenset({"__eq__", "__hash__", "__repr__"})


def _share(cls: Any) -> Any:
    """Give a class what is the same for all: comparing, hashing, showing, and refusing to change."""
    names = [field.name for field in dataclasses.fields(cls)]
    # Twice where there is one, so that it gives a tuple; of a class without fields nothing differs.
    cls.__dataclass_values__ = attrgetter(*names, *names[:1]) if names else _no_values
    cls.__eq__, cls.__hash__, cls.__repr__ = _is_equal, None, _shown
    # Python's own two hold on to the class without slots, and so does `__weakref__` before Python 3.12.
    if cls.__dataclass_params__.frozen:
        cls.__hash__, cls.__setattr__, cls.__delattr__ = _hash, _refuse_to_set, _refuse_to_delete
    if "__weakref__" in vars(cls):
        del cls.__weakref__
    return cls


def _no_values(_value: object) -> tuple[()]:
    return ()


def _is_equal(self: Any, other: Any) -> Any:
    if self.__class__ is not other.__class__:
        return NotImplemented
    values = self.__class__.__dataclass_values__
    return values(self) == values(other)


def _hash(self: Any) -> int:
    return hash(self.__class__.__dataclass_values__(self))


@recursive_repr()
def _shown(self: Any) -> str:
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


def _refuse_to_set(_self: object, name: str, _value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_self: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
