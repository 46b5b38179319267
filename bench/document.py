"""Putting what was printed into a document, between two marks, so that the document is what the command said."""

from pathlib import Path

from bench.office import BenchFailed


def write_between(path: Path, name: str, text: str) -> None:
    """Replace what is between `<!-- bench: NAME -->` and `<!-- bench: end -->`. Raises BenchFailed without them."""
    begin, end = f"<!-- bench: {name} -->", "<!-- bench: end -->"
    before, found, rest = path.read_text("utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise BenchFailed(f"{path} has no lines {begin} and {end}")
    path.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", "utf-8")
