"""What the benchmark prints: medians, verdicts, and the document that holds them."""

from pathlib import Path

import pytest

from bench.document import write_between
from bench.growth import LABELS, render_growth
from bench.office import BenchFailed
from bench.results import ASKED, render_results, totals
from bench.rounds import FULL, QUICK
from bench.table import Line, Row, figure, median_of, render, render_limits

SIZES = {"hosts": 1000, "some_hosts": 50, "posts": 20, "activities": 1800, "sockets": 1000}


def cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_a_line_says_for_each_figure_whether_it_is_met() -> None:
    rows = (
        Line("{posts} posts", (figure("rate", "a second", least=900), figure("cpu", "ms", most=1.5))),
        Row("lost", "lost", "", most=0),
        Row("told", "only told", "MiB"),
        Row("absent", "not measured", "ms", most=1),
    )
    rounds = [{"rate": 1000.0, "cpu": 1.5, "lost": 0}, {"rate": 880.0, "cpu": 9, "lost": 1}, {"rate": 950.0, "cpu": 1}]
    assert cells(render(rounds, SIZES, rows=rows)) == [
        ["20 posts", "950 a second, 1.50 ms", "≥ 900 a second, ≤ 1.50 ms", "met"],
        ["lost", "0.50", "≤ 0", "missed"],
    ]
    rounds = [{"rate": 890.0, "cpu": 1.2, "told": 12.34}]
    assert cells(render(rounds, SIZES, rows=rows)) == [
        ["20 posts", "890 a second, 1.20 ms", "≥ 900 a second, ≤ 1.50 ms", "missed, met"],
        ["only told", "12.3 MiB", "", ""],
    ]


def test_a_median_is_of_the_rounds_that_measured_it() -> None:
    assert median_of([{"a": 3.0}, {"a": 1.0}, {}, {"a": 2.0}], "a") == 2.0
    assert median_of([{"a": 3.0}], "b") is None


def test_growth_is_flat_or_it_grows() -> None:
    at = {"home": (0.40, 0.50), "post": (1.0, 2.0)}
    sizes = (10, 100)
    found = {
        f"growth.{size}.{name}": value for name, pair in at.items() for size, value in zip(sizes, pair, strict=True)
    }
    assert cells(render_growth([found], (10, 100))) == [
        [LABELS["home"], "0.40 ms", "0.50 ms", "flat"],
        [LABELS["post"], "1 ms", "2 ms", "grows"],
    ]
    assert cells(render_growth([found], (10,)))[0] == [LABELS["home"], "0.40 ms", ""]


def test_what_is_asked_is_all_in_the_table_when_all_was_measured() -> None:
    sums = {"inbound.lost", "outbound.lost"}
    found = {one.name: 1.0 for row in ASKED for one in row.figures if one.name not in sums}
    found |= {"inbound.rsa.lost": 1.0, "inbound.proofs.lost": 2.0, "outbound.rsa.some.lost": 0.0}
    table = render_results([found], SIZES, (10, 100))
    assert len(cells(table.split("\n\n")[0])) == len(ASKED)
    assert "{" not in table
    assert totals(found)["inbound.lost"] == 3.0
    assert QUICK.activities < FULL.activities


def test_the_machine_stands_beside_the_one_that_the_targets_are_from() -> None:
    assert cells(render_limits({"sign": 0.25, "GET": 0.0271, "rows": 277_426.0}, {"sign": 1.0, "GET": 0.063})) == [
        ["sign", "0.25", "1", "4"],
        ["GET", "0.027", "0.063", "2.32"],
        ["rows", "277426", "", ""],
    ]


def test_a_document_holds_what_was_printed_between_its_marks(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text("before\n<!-- bench: sqlite -->\nold\n<!-- bench: end -->\nafter\n", "utf-8")
    write_between(document, "sqlite", "new")
    assert document.read_text("utf-8") == "before\n<!-- bench: sqlite -->\n\nnew\n\n<!-- bench: end -->\nafter\n"
    with pytest.raises(BenchFailed, match="postgresql"):
        write_between(document, "postgresql", "new")
