"""The table: what was measured, what it should be, and whether it is. Markdown, for docs/performance.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """A figure; `most` or `least` is its target, if it has one."""

    name: str
    label: str
    unit: str
    most: float | None = None
    least: float | None = None


ROWS = (
    Row("inbound.rsa.rate", "inbound, draft-cavage RSA", "a second", least=900),
    Row("inbound.rsa.cpu", "– CPU each", "ms", most=1.3),
    Row("inbound.rsa.lost", "– refused or lost", "", most=0),
    Row("inbound.ed25519.rate", "inbound, RFC 9421 Ed25519", "a second", least=900),
    Row("inbound.ed25519.cpu", "– CPU each", "ms", most=1.3),
    Row("inbound.ed25519.lost", "– refused or lost", "", most=0),
    Row("inbound.proofs.rate", "the same with FEP-8b32 proofs", "a second"),
    Row("inbound.proofs.cpu", "– CPU each", "ms"),
    Row("inbound.proofs.lost", "– refused or lost", "", most=0),
    Row("follows.rsa.seconds", "{hosts} followers of {hosts} hosts, RSA, Follow to Accept", "s", most=6),
    Row("follows.rsa.cpu", "– CPU each", "ms"),
    Row("follows.ed25519.seconds", "{hosts} followers of {hosts} hosts, Ed25519", "s", most=6),
    Row("follows.ed25519.cpu", "– CPU each", "ms"),
    Row("outbound.rsa.some.rate", "{posts} posts to {some_hosts} hosts, RSA", "a second", least=900),
    Row("outbound.rsa.some.cpu", "– CPU each", "ms", most=1.5),
    Row("outbound.rsa.some.lost", "– lost", "", most=0),
    Row("outbound.ed25519.some.rate", "{posts} posts to {some_hosts} hosts, Ed25519", "a second", least=900),
    Row("outbound.ed25519.some.cpu", "– CPU each", "ms", most=0.6),
    Row("outbound.ed25519.some.lost", "– lost", "", most=0),
    Row("outbound.rsa.many.rate", "1 post to {hosts} hosts, RSA", "a second", least=800),
    Row("outbound.rsa.many.cpu", "– CPU each", "ms", most=1.6),
    Row("outbound.rsa.many.lost", "– lost", "", most=0),
    Row("outbound.rsa.many.answer", "– answer to the client", "ms", most=10),
    Row("outbound.ed25519.many.rate", "1 post to {hosts} hosts, Ed25519", "a second", least=800),
    Row("outbound.ed25519.many.cpu", "– CPU each", "ms", most=0.6),
    Row("outbound.ed25519.many.lost", "– lost", "", most=0),
    Row("outbound.ed25519.many.answer", "– answer to the client", "ms", most=10),
    Row("killed.lost", "lost when the server is killed after its last 202", "", most=0),
    Row("memory.start", "resident memory at the start", "MiB", most=90),
    Row("memory.end", "resident memory after all of this", "MiB", most=130),
)


def render(rounds: Sequence[Mapping[str, float]], sizes: Mapping[str, int], *, rows: Sequence[Row] = ROWS) -> str:
    """The medians of all rounds beside their targets. A figure that wasn't measured has no line."""
    lines = ["| work | measured | target | |", "|---|---|---|---|"]
    for row in rows:
        values = [found[row.name] for found in rounds if row.name in found]
        if values:
            value = median(values)
            cells = (row.label.format(**sizes), _number(value, row.unit), _target(row), _verdict(row, value))
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def render_limits(limits: Mapping[str, float]) -> str:
    """What the machine can do at best."""
    lines = ["| this machine | |", "|---|---|"]
    return "\n".join(lines + [f"| {name} | {_number(value, '')} |" for name, value in limits.items()])


def _target(row: Row) -> str:
    if row.least is not None:
        return f"≥ {_number(row.least, row.unit)}"
    return "" if row.most is None else f"≤ {_number(row.most, row.unit)}"


def _verdict(row: Row, value: float) -> str:
    if row.least is None and row.most is None:
        return ""
    is_met = value >= row.least if row.least is not None else value <= (row.most or 0)
    return "met" if is_met else "missed"


def _number(value: float, unit: str) -> str:
    shown = f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    return f"{shown} {unit}".strip()
