"""Single values: numbers and booleans that arrive as strings, strings that arrive in lists."""

from typing import Any

_BOOLEANS: dict[Any, bool] = {"true": True, "false": False, 1: True, 0: False, "1": True, "0": False}


WRAPPERS = {
    "@value": frozenset({"@value", "@type", "type", "@language", "@direction", "@index"}),
    "@list": frozenset({"@list", "@index"}),
    "@set": frozenset({"@set", "@index"}),
}
"""JSON-LD's objects that only wrap a value, and the keys that may stand beside it (JSON-LD 1.1 §9.4–9.7)."""


def first_string(value: Any) -> str | None:
    """Return a string, or the first string of a list."""
    return next((item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)), None)


def read_boolean(item: Any) -> bool | None:
    """Return a boolean that was written as one, as a word or as a digit; None for everything else."""
    return _BOOLEANS.get(item) if isinstance(item, bool | str | int | float) else None


def read_number(item: Any) -> int | float | None:
    """Return a number that was written as one, or as a short string; None for everything else."""
    if isinstance(item, bool) or not isinstance(item, int | float | str):
        return None
    if not isinstance(item, str):
        return item
    if len(item) > 20 or not item.isascii():
        return None
    try:
        return int(item) if item.lstrip("+-").isdigit() else _finite(float(item))
    except ValueError:
        return None


def _finite(number: float) -> float | None:
    return number if abs(number) < 1e300 else None
