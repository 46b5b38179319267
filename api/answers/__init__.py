"""What every entity that is answered looks like, in marshmallow, and how the routes name it.

Answers are written by `api.entities`; these classes describe them, for the OpenAPI description and for the tests. They
take 2 MiB, and an office that serves needs none of them: so routes say the class's name, and whoever describes or
checks an answer asks `entity_named`.
"""

import pkgutil
from functools import cache
from importlib import import_module

from api.answers.fields import Entity


def entity_named(name: str) -> type[Entity]:
    """The class of this name, from whichever module here."""
    return _entities()[name]


@cache
def _entities() -> dict[str, type[Entity]]:
    modules = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    declared = [one for module in modules for one in vars(module).values() if isinstance(one, type)]
    return {one.__name__: one for one in declared if issubclass(one, Entity)}
