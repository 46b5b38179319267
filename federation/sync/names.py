"""The kinds of job by which offices catch up with each other."""

from typing import Final

CATCH_UP: Final = "catch_up"
COMPARE: Final = "compare_digests"
