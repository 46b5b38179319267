"""Lists in CSV, in Mastodon's formats: written for export, read for import, and an import's row in the database.

Reading is bounded and forgiving: a header is recognised by its first cell, columns by their names, what can't be a row
is reported with its number and left out. Cells that a spreadsheet would run as a formula are written with an
apostrophe in front, which reading takes away again.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from models import UnitOfWork
from models.accounts import Account
from models.imports import AccountImport

FOLLOWS, BLOCKS, MUTES = "follows", "blocks", "mutes"
DOMAIN_BLOCKS, LISTS, BOOKMARKS = "domain_blocks", "lists", "bookmarks"
KINDS: Final = (FOLLOWS, BLOCKS, MUTES, DOMAIN_BLOCKS, LISTS, BOOKMARKS)
MERGE, OVERWRITE = "merge", "overwrite"
QUEUED, FINISHED = "queued", "finished"
HEADERS: Final[dict[str, tuple[str, ...]]] = {
    FOLLOWS: ("Account address", "Show boosts", "Notify on new posts", "Languages"),
    MUTES: ("Account address", "Hide notifications"),
}
MAX_CELL_CHARACTERS: Final = 2_048
MAX_FAILURES: Final = 200
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_FIRST_CELLS: Final = frozenset({"account address", "#domain", "#uri", "list name"})


class ImportRefused(Exception):
    """The file can't be read as a list; the message is for whoever brought it."""


def write_csv(kind: str, rows: Iterable[Sequence[Any]]) -> str:
    """A file as Mastodon writes it: with a header where Mastodon has one, lines ending in a newline."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if kind in HEADERS:
        writer.writerow(HEADERS[kind])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return f"'{text}" if _FORMULA.match(text) else text


def read_csv(kind: str, data: bytes, *, most: int) -> tuple[list[list[str]], list[dict[str, Any]]]:
    """The rows of a file and what is wrong with others. Raises ImportRefused for no CSV and for more than `most` rows.

    Rows have the columns of the kind's export, in its order, whatever the order in the file.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportRefused("The file has to be CSV in UTF-8") from error
    if "\0" in text:
        raise ImportRefused("The file has to be CSV in UTF-8")
    rows: list[list[str]] = []
    failures: list[dict[str, Any]] = []
    order: list[int] | None = None
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for number, cells in enumerate(reader, start=1):
            cells = [_plain(cell) for cell in cells]
            if not any(cells):
                continue
            if not rows and order is None and cells[0].lower() in _FIRST_CELLS:
                order = _columns(kind, cells)
                continue
            if len(rows) >= most:
                raise ImportRefused(f"A file may have {most} rows at most")
            row = _row(kind, cells, order)
            if row is None:
                report(failures, number, cells[0], "the row can't be read")
            else:
                rows.append([str(number), *row])
    except csv.Error as error:
        raise ImportRefused("The file has to be CSV in UTF-8") from error
    return rows, failures


def report(failures: list[dict[str, Any]], number: int, text: str, reason: str) -> None:
    """Note what went wrong with a row, as long as there is room for it."""
    if len(failures) < MAX_FAILURES:
        failures.append({"row": number, "text": text[:200], "reason": reason})


def _plain(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _columns(kind: str, header: Sequence[str]) -> list[int]:
    """Where each column of the kind is in the file; -1 for one that isn't."""
    names = [cell.lower() for cell in header]
    return [names.index(name.lower()) if name.lower() in names else -1 for name in HEADERS.get(kind, header)]


def _row(kind: str, cells: Sequence[str], order: Sequence[int] | None) -> list[str] | None:
    if order is not None:
        cells = [cells[place] if 0 <= place < len(cells) else "" for place in order]
    width = 2 if kind == LISTS else 1
    if len(cells) < width or not all(cells[:width]) or any(len(cell) > MAX_CELL_CHARACTERS for cell in cells):
        return None
    if kind in (FOLLOWS, BLOCKS, MUTES):
        return [cells[0].removeprefix("@"), *cells[1:4]] if "@" in cells[0].removeprefix("@") else None
    return list(cells[:2])


def start_import(
    unit: UnitOfWork,
    account: Account,
    kind: str,
    mode: str,
    rows: list[list[str]],
    failures: list[dict[str, Any]],
) -> AccountImport:
    """Keep what a file says, to be worked off by a job."""
    row = AccountImport(
        id=unit.new_id(),
        account_id=account.id,
        kind=kind,
        mode=mode,
        state=QUEUED,
        rows=rows,
        total=len(rows),
        position=0,
        succeeded=0,
        failures=failures,
        created_at=unit.now,
    )
    unit.session.add(row)
    return row
