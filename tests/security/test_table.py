"""docs/security.md says which test proves what; here it is held to that."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
CASES = {
    "S": [*range(1, 17), 20, 21, 22, *range(29, 39)],
    "O": [*range(1, 11), *range(14, 20), *range(25, 37), *range(42, 51)],
    "J": list(range(6, 23)),
    "N": [1, 3, *range(5, 10), *range(12, 26), 27, 28, 29],
}


def test_every_case_has_a_row_of_its_own() -> None:
    rows = re.findall(r"^\| ([SOJN]\d\d) \|", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(f"{kind}{number:02}" for kind, numbers in CASES.items() for number in numbers)


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`([\w/]+)::(\w+)`", PAGE)
    assert named
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not re.search(rf"^ *(async )?def {name}\(", (ROOT / "tests" / f"{file}.py").read_text("utf-8"), re.MULTILINE)
    ]
    assert missing == []


def test_every_attack_of_this_folder_is_on_the_page() -> None:
    made = {
        f"{path.parent.name}/{path.stem}::{name}"
        for path in Path(__file__).parent.glob("test_*.py")
        if path.stem != "test_table"
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert sorted(made - {f"{file}::{name}" for file, name in re.findall(r"`([\w/]+)::(\w+)`", PAGE)}) == []
