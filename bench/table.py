"""The table: what was measured, what it should be, and whether it is. Markdown, for docs/performance.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Measured = Sequence[Mapping[str, float]]


@dataclass(frozen=True)
class Row:
    """A figure; `most` or `least` is its target, if it has one. Within a `Line` the label is the line's."""

    name: str
    label: str
    unit: str
    most: float | None = None
    least: float | None = None

    @property
    def figures(self) -> tuple["Row", ...]:
        return (self,)


@dataclass(frozen=True)
class Line:
    """Several figures of one work, on one line."""

    label: str
    figures: tuple[Row, ...]


def figure(name: str, unit: str, *, most: float | None = None, least: float | None = None) -> Row:
    """A figure of a `Line`."""
    return Row(name, "", unit, most, least)


def render(rounds: Measured, sizes: Mapping[str, int], *, rows: Sequence[Row | Line]) -> str:
    """The medians of all rounds beside their targets. What wasn't measured has no line."""
    lines = ["| work | measured | target | |", "|---|---|---|---|"]
    for row in rows:
        found = {one: value for one in row.figures if (value := median_of(rounds, one.name)) is not None}
        if found:
            cells = (
                row.label.format(**sizes),
                ", ".join(number(value, one.unit) for one, value in found.items()),
                ", ".join(filter(None, (_target(one) for one in found))),
                _verdict(found),
            )
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def render_limits(limits: Mapping[str, float], elsewhere: Mapping[str, float]) -> str:
    """What the machine can do at best; beside it what the one could from which the targets are, in the same units of
    time, as far as that is known."""
    lines = ["| | this machine | where the targets are from | times as fast |", "|---|---|---|---|"]
    for name, value in limits.items():
        there = elsewhere.get(name)
        known = ("", "") if there is None else (number(there, ""), number(there / value, ""))
        lines.append("| " + " | ".join((name, number(value, ""), *known)) + " |")
    return "\n".join(lines)


def median_of(rounds: Measured, name: str) -> float | None:
    """The median of a figure over the rounds that measured it."""
    values = [found[name] for found in rounds if name in found]
    return median(values) if values else None


def number(value: float, unit: str) -> str:
    """Three digits, all of a whole number, or thousandths."""
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2 if value >= 0.1 else 3
    return f"{value:.{digits}f} {unit}".strip()


def _target(row: Row) -> str:
    if row.least is not None:
        return f"≥ {number(row.least, row.unit)}"
    return "" if row.most is None else f"≤ {number(row.most, row.unit)}"


def _verdict(found: Mapping[Row, float]) -> str:
    """One word, or one for each figure that has a target where they differ."""
    words = [
        "met" if (value >= row.least if row.least is not None else value <= (row.most or 0)) else "missed"
        for row, value in found.items()
        if row.least is not None or row.most is not None
    ]
    return ", ".join(words) if len(set(words)) > 1 else "".join(words[:1])
