"""Numbers and booleans that arrive as strings."""

from typing import Any

_BOOLEANS: dict[Any, bool] = {"true": True, "false": False, 1: True, 0: False, "1": True, "0": False}


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
