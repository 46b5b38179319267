"""Which variants of the entities have been seen: each field with a value, as null, and left out, where it may be so.

What an entity inherits counts for the entity that declares it.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

from marshmallow import fields

import api
from api.answers.fields import Entity
from tests.api.contract import check


def all_entities() -> list[type[Entity]]:
    """Every entity that is declared anywhere in the client API."""
    for module in pkgutil.walk_packages(api.__path__, "api."):
        importlib.import_module(module.name)
    return sorted(set(_below(Entity)), key=lambda one: one.__name__)


def _below(kind: type[Entity]) -> Iterator[type[Entity]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def variants_of(kind: type[Entity]) -> set[str]:
    """What there is to be seen of an entity, such as `Status.poll null`; of its own fields alone."""
    found = {_name(kind)}
    for name, field in kind().fields.items():
        if _declaring(kind, name) is not kind:
            continue
        label = f"{_name(kind)}.{field.data_key or name}"
        found.add(f"{label} there")
        found |= {f"{label} null"} if field.allow_none else set()
        found |= set() if field.required else {f"{label} absent"}
    return found


class Seen:
    """Takes answers, and remembers what was in them."""

    def __init__(self) -> None:
        self.variants: set[str] = set()

    def take(self, kind: type[Entity], found: Any) -> None:
        """Load an answer through its contract."""
        check(kind, found)
        for one in found if isinstance(found, list) else [found]:
            self._entity(kind, one)

    def _entity(self, kind: type[Entity], found: dict[str, Any]) -> None:
        self.variants.add(_name(kind))
        for name, field in kind().fields.items():
            key = field.data_key or name
            label = f"{_name(_declaring(kind, name))}.{key}"
            if key not in found:
                self.variants.add(f"{label} absent")
            elif found[key] is None:
                self.variants.add(f"{label} null")
            else:
                self.variants.add(f"{label} there")
                self._inside(field, found[key])

    def _inside(self, field: fields.Field[Any], found: Any) -> None:
        if isinstance(field, fields.Nested):
            kind = type(field.schema)
            assert issubclass(kind, Entity)
            self._entity(kind, found)
        elif isinstance(field, fields.List):
            for one in found:
                self._inside(field.inner, one)
        elif isinstance(field, fields.Dict) and field.value_field is not None:
            for one in found.values():
                self._inside(field.value_field, one)


def _name(kind: type[Entity]) -> str:
    return kind.__name__.removesuffix("Entity")


def _declaring(kind: type[Entity], name: str) -> type[Entity]:
    return next(one for one in reversed(kind.__mro__) if name in getattr(one, "_declared_fields", ()))
