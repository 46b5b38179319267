"""The documentation says what the code does."""

import re
import tomllib
from pathlib import Path
from typing import Any, cast
from unittest.mock import MagicMock

import pytest
from aiohttp import web

import federation.routes
import inbox.routes
import outbox.file_routes
import outbox.report_routes
import outbox.routes
from content.media import MediaStore
from federation.services import Services
from inbox.journal import Journal
from inbox.registry import HANDLERS
from server.settings import SETTINGS, Setting, load_settings

ROOT = Path(__file__).parent.parent
FEDERATION = (ROOT / "docs" / "FEDERATION.md").read_text("utf-8")
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text("utf-8")


def documented_settings() -> dict[str, list[str]]:
    """Variable → the other cells of its row: value, default, meaning."""
    rows = re.findall(r"^\| `(TERTULIA_\w+)` \| (.+) \| (.+) \| (.+) \|$", CONFIGURATION, re.MULTILINE)
    return {variable: cells for variable, *cells in rows}


def test_the_documented_settings_are_the_settings_in_their_order() -> None:
    assert list(documented_settings()) == [setting.variable for setting in SETTINGS]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_setting_is_documented_as_it_is(setting: Setting) -> None:
    assert documented_settings()[setting.variable] == [setting.kind.label, setting.documented_default, setting.help]


def test_documentation_names_no_setting_that_does_not_exist() -> None:
    known = {setting.variable for setting in SETTINGS} | {"TERTULIA_CONFIG"}
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
    # Names without settings behind them: the wrong one that docs/configuration.md shows the message for, and the
    # passphrase of a backup, which is of the command that asks for it.
    known |= {"TERTULIA_RATE_LIMIT", "TERTULIA_BACKUP_PASSPHRASE"}
    for page in pages:
        named = set(re.findall(r"TERTULIA_[A-Z][A-Z_]*[A-Z]", page.read_text("utf-8")))
        assert {name for name in named - known if not name.startswith("TERTULIA_TEST")} == set(), page.name


def test_the_example_of_a_settings_file_works(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.+?)```", CONFIGURATION, re.DOTALL)
    (tmp_path / "tertulia.toml").write_text(example, "utf-8")
    assert load_settings(tmp_path / "tertulia.toml", {}).instance_name == tomllib.loads(example)["instance_name"]


def test_the_readme_begins_with_the_two_commands() -> None:
    commands = re.findall(r"^make ([a-z-]+)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert commands[:2] == ["demo", "test"]


def test_every_command_of_make_that_is_documented_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        named = set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text("utf-8"), re.MULTILINE))
        assert named <= targets, page.name


def test_links_between_pages_lead_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} → {target}"


def section(title: str) -> str:
    """The text of a section of docs/FEDERATION.md."""
    (found,) = re.findall(rf"^## {title}\n(.+?)(?=^## |\Z)", FEDERATION, re.MULTILINE | re.DOTALL)
    return str(found)


def test_the_documented_activities_are_those_with_a_handler() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section("Activities that are received"), re.MULTILINE))
    assert rows == {kind: handler.summary for kind, handler in HANDLERS.items()}


def test_the_documented_addresses_are_those_that_answer(tmp_path: Path) -> None:
    documented = set(re.findall(r"`((?:GET|POST) /[^`]*)`", section("Addresses")))
    services = cast(Services, MagicMock())  # only the addresses are looked at: nothing is asked
    bearer = cast(Any, None)
    made = [
        *federation.routes.routes(services),
        *inbox.routes.routes(inbox.routes.door_of(services, cast(Journal, None))),
        *outbox.routes.routes(services, bearer=bearer, media=MediaStore(tmp_path), fetch_status=bearer),
        *(route for route in outbox.file_routes.routes(services) if route.path.startswith("/media/")),
        *outbox.report_routes.routes(services, bearer=bearer),
    ]
    answered = {f"{route.method} {web.Application().router.add_resource(route.path).canonical}" for route in made}
    assert answered == documented
