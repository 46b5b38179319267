"""The documents under `tests/fixtures/peers`, and what must come out of each."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from federation.activity import Activity
from federation.json_ld.dates import format_time

FOLDER = Path(__file__).parents[1] / "fixtures" / "peers"
NOW = datetime(2026, 2, 1, tzinfo=UTC)


def names() -> list[str]:
    """Return `implementation/document` for every fixture."""
    paths = sorted(path for path in FOLDER.glob("*/*.json") if not path.name.endswith(".expected.json"))
    return [str(path.relative_to(FOLDER).with_suffix("")) for path in paths]


def body(name: str) -> bytes:
    return (FOLDER / f"{name}.json").read_bytes()


def expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.expected.json").read_text("utf-8"))
    return found


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    for name in names():
        yield name, json.loads(body(name))


def as_json(draft: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return those members of a draft, or of an activity, that `wanted` names, as JSON would hold them."""
    whole = {name: getattr(draft, name) for name in wanted} if isinstance(draft, Activity) else asdict(draft)
    plain: dict[str, Any] = json.loads(json.dumps(whole, default=_plain))
    return {name: plain[name] for name in wanted}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_time(value)
    raise TypeError(type(value).__name__)
