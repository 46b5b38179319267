"""An answer against the contract of its entity: every key, no other, and nothing null that must not be."""

from typing import Any

from marshmallow import ValidationError

from api.answers.fields import Entity


def check(entity: type[Entity], found: Any) -> Any:
    """Load one entity, or a list of them, through its schema (`unknown=RAISE`); returns what was given."""
    try:
        entity(many=isinstance(found, list)).load(found)
    except ValidationError as error:
        raise AssertionError(f"{entity.__name__}: {error.messages}") from error
    return found
