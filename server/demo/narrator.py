"""What the demo says: a line a step, with a spinner on a terminal, and plain lines into a file or a pipe.

Promises that every step ends in exactly one line, also when it fails, and that a stream that can't show a character
shows another one instead of ending the demo.
"""

import io
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

PLAIN_COLUMNS = 140
VERDICTS = {True: "yes", False: "NO"}
_STYLES = {"yes": "green", "NO": "bold red"}


class Narrator:
    """Speaks to one stream; standard output unless given."""

    def __init__(self, stream: TextIO | None = None) -> None:
        stream = stream or sys.stdout
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        if not self._console.is_terminal:
            self._console = Console(file=stream, highlight=False, markup=False, emoji=False, width=PLAIN_COLUMNS)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Say `what` when the block has ended, with a tick and the time it took, or with a cross when it raised."""
        started = time.perf_counter()
        try:
            with self._console.status(Text(f"{what} …"), spinner="dots"):
                yield
        except BaseException:
            self._line("✗", "bold red", what, started)
            raise
        self._line("✓", "bold green", what, started)

    def title(self, text: str) -> None:
        """A new part of the play."""
        self._console.print()
        self._console.print(Text(text, style="bold"))

    def say(self, text: str, *, style: str = "") -> None:
        """A sentence."""
        self._console.print(Text(text, style=style), soft_wrap=True)

    def table(self, title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """A table; a row whose first cell is empty belongs to the one before, the others are ruled off."""
        made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
        made.add_column(headings[0], overflow="ellipsis", no_wrap=True)
        for heading in headings[1:]:
            made.add_column(heading, overflow="fold")
        for row in rows:
            if row[0]:
                made.add_section()
            made.add_row(*map(_cell, row))
        self._console.print()
        self._console.print(Padding(made, (0, 0, 0, 1)))

    def _line(self, mark: str, style: str, what: str, started: float) -> None:
        took = f"  {(time.perf_counter() - started) * 1000:,.0f} ms"
        self._console.print(Text.assemble(" ", (mark, style), " ", what, (took, "dim")), soft_wrap=True)


def _cell(text: str) -> Text:
    return Text(text, style=_STYLES.get(text, ""))
