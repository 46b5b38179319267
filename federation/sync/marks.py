"""The place of a delivery in the log of its receiver, as its header says it: `Tertulia-Log: generation=…, number=17`.

The header is covered by the signature; one that isn't counts for nothing.
"""

import re
from typing import Final

from models.values import dataclass

SYNC_CAPABILITY: Final = "urn:tertulia:sync"
"""What actors announce (FEP-844e) whose office keeps a log for its peers."""
LOG_HEADER: Final = "Tertulia-Log"
MAX_NUMBER: Final = 2**63 - 1

_HEADER: Final = re.compile(r"generation=([0-9a-f]{8,32}), ?number=([1-9][0-9]{0,14})")
_GENERATION: Final = re.compile(r"[0-9a-f]{8,32}")


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a log; `number` 0 is before the first entry."""

    generation: str
    number: int

    @property
    def header(self) -> str:
        return f"generation={self.generation}, number={self.number}"


def parse_mark(header: str) -> Mark | None:
    """Read the header; None when it is malformed."""
    found = _HEADER.fullmatch(header.strip())
    return None if found is None else Mark(found[1], int(found[2]))


def is_generation(value: object) -> bool:
    """Whether this can be the name of a generation."""
    return isinstance(value, str) and _GENERATION.fullmatch(value) is not None
