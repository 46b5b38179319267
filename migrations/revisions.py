"""Which revisions this version of Tertulia has, read from their files without importing Alembic."""

import re
from functools import cache
from pathlib import Path
from typing import Final

_REVISION: Final = re.compile(r'^revision: str = "(\w+)"', re.MULTILINE)
_BEFORE: Final = re.compile(r'^down_revision: str \| None = "(\w+)"', re.MULTILINE)


@cache
def revisions() -> tuple[str, frozenset[str]]:
    """The newest revision, and all of them: the files don't change while we run."""
    texts = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.joinpath("versions").glob("[0-9]*.py")]
    known = {found[1] for text in texts if (found := _REVISION.search(text))}
    followed = {found[1] for text in texts if (found := _BEFORE.search(text))}
    (head,) = known - followed
    return head, frozenset(known)
