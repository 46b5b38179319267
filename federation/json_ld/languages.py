"""Language tags (BCP 47) as we write them: `pt-BR`, `zh-Hant`, `es`."""

import re
from functools import lru_cache
from typing import Any

_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}", re.ASCII)


def canonical_language(tag: Any) -> str | None:
    """Return a tag in canonical case, or None when it is malformed, `und`, or no string."""
    return _canonical(tag) if isinstance(tag, str) and len(tag) <= 35 else None


@lru_cache(maxsize=1024)
def _canonical(tag: str) -> str | None:
    if not _TAG.fullmatch(tag) or tag.lower() == "und":
        return None
    first, *rest = tag.lower().split("-")
    return "-".join([first, *map(_in_case, rest)])


def _in_case(subtag: str) -> str:
    """Regions are written `BR`, scripts `Hant`, everything else in lower case (RFC 5646 §2.1.1)."""
    return {2: subtag.upper(), 4: subtag.title()}.get(len(subtag), subtag)
