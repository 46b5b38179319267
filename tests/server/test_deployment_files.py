"""What the containers and the service manager run, checked without a Docker engine.

The files are parsed, their variables filled in as `docker compose` does it, and what comes out is given to the real
settings and compared with the commands of the command line.
"""

import fnmatch
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.settings import SETTINGS, load_settings

ROOT = Path(__file__).parent.parent.parent
COMMANDS = {"serve", "worker", "migrate", "doctor", "user", "token", "peer", "queue", "lookup", "demo"}
ROLES = {"http", "inbox", "delivery", "jobs"}
SECRETS = ("POSTGRES_PASSWORD", "SECOND_OFFICE_POSTGRES_PASSWORD")
OFFICES = {"": "madrid.example", "second-": "lisbon.example"}


def example_environment() -> dict[str, str]:
    """`.env.example`, with the passwords that an administrator has to fill in."""
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs} | dict.fromkeys(SECRETS, "filled-in")


def filled_in(value: Any, environ: dict[str, str]) -> Any:
    """Fill in `${NAME:-default}` and `${NAME:?message}` everywhere in a parsed file."""
    if isinstance(value, dict):
        return {key: filled_in(inner, environ) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled_in(inner, environ) for inner in value]
    if not isinstance(value, str):
        return value

    def fill(match: re.Match[str]) -> str:
        name, operator, rest = match.groups()
        found = environ.get(name) or (rest if operator == ":-" else "")
        assert found or operator == ":-", f"{name} is required but not in .env.example: {rest}"
        return found

    return re.sub(r"\$\{(\w+)(:-|:\?)([^}]*)\}", fill, value)


def services(*files: str) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for file in files:
        parsed = yaml.safe_load((ROOT / file).read_text("utf-8"))
        for name, service in filled_in(parsed, example_environment())["services"].items():
            known = merged.setdefault(name, {})
            environment = known.get("environment", {}) | service.get("environment", {})
            known.update(service, environment=environment)
    return merged


ONE_OFFICE = ("docker-compose.yml",)
TWO_OFFICES = ("docker-compose.yml", "docker-compose.second-office.yml")


@pytest.mark.parametrize(("files", "offices"), [(ONE_OFFICE, [""]), (TWO_OFFICES, ["", "second-"])])
def test_an_office_has_all_its_services_in_the_right_order(files: tuple[str, ...], offices: list[str]) -> None:
    found = services(*files)

    more = {name for name, service in found.items() if service.get("profiles") == ["scale"]}
    assert more == {"web-2", "worker-2"}
    for name in more:  # the same, once more
        assert found[name] == found[name.removesuffix("-2")] | {"profiles": ["scale"]}
    assert set(found) - more == {"proxy"} | {o + s for o in offices for s in ("database", "migrate", "web", "worker")}
    for office in offices:
        assert found[f"{office}migrate"]["depends_on"] == {f"{office}database": {"condition": "service_healthy"}}
        for name in ("web", "worker"):
            after = {f"{office}migrate": {"condition": "service_completed_successfully"}}
            assert found[office + name]["depends_on"] == after
        assert found[f"{office}migrate"]["restart"] == "no"
        assert "healthcheck" in found[f"{office}database"]


@pytest.mark.parametrize("office", list(OFFICES))
@pytest.mark.parametrize("service", ["migrate", "web", "worker"])
def test_the_environment_of_a_container_is_valid_settings(office: str, service: str) -> None:
    found = services(*TWO_OFFICES)[office + service]

    settings = load_settings(None, found["environment"])

    assert settings.domain == OFFICES[office]
    assert settings.origin == f"https://{OFFICES[office]}"
    assert settings.database_url == f"postgresql+asyncpg://tertulia:filled-in@{office}database/tertulia"
    assert settings.federation == "closed"
    assert found["volumes"] == [f"{office}data:/data"]


@pytest.mark.parametrize("service", ["migrate", "web", "worker", "second-migrate", "second-web", "second-worker"])
def test_containers_run_commands_that_exist(service: str) -> None:
    found = services(*TWO_OFFICES)[service]
    commands = [found["command"]]
    check = found.get("healthcheck", {}).get("test")
    if check:
        assert check[:2] == ["CMD", "tertulia"]
        commands.append(check[2:])
    for command in commands:
        assert command[0] in COMMANDS
        if "--roles" in command:
            assert set(command[command.index("--roles") + 1].split(",")) <= ROLES


def test_an_office_that_outgrew_one_process_still_runs_every_role() -> None:
    found = services(*ONE_OFFICE)
    roles = [role for name in ("web", "worker") for role in found[name]["command"][-1].split(",")]
    assert sorted(roles) == sorted(ROLES)


def test_containers_of_ours_are_locked_down() -> None:
    for name, service in services(*TWO_OFFICES).items():
        assert "privileged" not in service
        assert "ports" not in service or name == "proxy"
        if service.get("image", "").startswith("tertulia"):
            assert service["read_only"] is True
            assert service["cap_drop"] == ["ALL"]
            assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize(
    "file", ["docker-compose.yml", "docker-compose.second-office.yml", ".env.example", "Dockerfile"]
)
def test_no_secret_is_written_down(file: str) -> None:
    text = (ROOT / file).read_text("utf-8")
    written = re.findall(r"(?im)^\s*[\w-]*(?:password|secret|token|key)[\w-]*\s*[:=][ \t]*(\S.*)$", text)
    assert [value for value in written if not value.startswith("${")] == []
    assert re.findall(r"://\w+:(?!\$\{)", text) == []


@pytest.mark.parametrize(
    ("file", "upstreams"), [("Caddyfile", ["web"]), ("Caddyfile.second-office", ["web", "second-web"])]
)
def test_the_proxy_reaches_every_office(file: str, upstreams: list[str]) -> None:
    text = (ROOT / "deploy" / file).read_text("utf-8")
    proxy = services(*(ONE_OFFICE if len(upstreams) == 1 else TWO_OFFICES))["proxy"]

    text_filled_in = text.replace("{$OFFICE_UPSTREAMS}", proxy["environment"]["OFFICE_UPSTREAMS"])
    assert re.findall(r"reverse_proxy ([\w-]+):8080", text_filled_in) == upstreams
    assert set(re.findall(r"\{\$(\w+)\}", text)) == set(proxy["environment"])
    assert f"./deploy/{file}:/etc/caddy/Caddyfile:ro" in proxy["volumes"]


def test_the_offices_of_one_machine_may_reach_each_other() -> None:
    found = services(*TWO_OFFICES)
    aliases = found["proxy"]["networks"]["inside"]["aliases"]
    assert sorted(aliases) == sorted(OFFICES.values())
    for name in ("web", "worker", "second-web", "second-worker"):
        assert found[name]["environment"]["TERTULIA_ALLOWED_ADDRESSES"] == "172.31.240.0/24"


def dockerfile() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], " ".join(line.split(None, 1)[1].split())) for line in lines]


def test_the_image_is_slim_runs_as_nobody_special_and_reports_its_health() -> None:
    instructions = dockerfile()
    stages = [value for name, value in instructions if name == "FROM"]
    final = instructions[max(index for index, (name, _) in enumerate(instructions) if name == "FROM") :]
    values = dict(final)

    assert len(stages) == 2
    assert all("-slim" in stage for stage in stages)
    assert values["USER"] not in ("0", "root")
    assert "/readyz" in values["HEALTHCHECK"]
    assert (values["ENTRYPOINT"], values["CMD"]) == ('["tertulia"]', '["serve"]')


def test_the_health_check_of_the_image_is_a_program() -> None:
    check = dict(dockerfile())["HEALTHCHECK"]
    command = yaml.safe_load(check[check.index("[") :])
    assert command[:2] == ["python", "-c"]
    compile(command[2], "HEALTHCHECK", "exec")


def test_the_environment_of_the_image_is_valid_settings() -> None:
    variables = dict(re.findall(r"(TERTULIA_\w+)=(\S+)", (ROOT / "Dockerfile").read_text("utf-8")))
    settings = load_settings(None, variables | {"TERTULIA_DOMAIN": "madrid.example"})
    assert (str(settings.data_dir), str(settings.listen)) == ("/data", "0.0.0.0:8080")


def test_every_setting_that_compose_passes_on_can_come_from_the_env_file() -> None:
    names = set(re.findall(r"\$\{(TERTULIA_\w+)", (ROOT / "docker-compose.yml").read_text("utf-8")))
    names |= {name for name in example_environment() if name.startswith("TERTULIA_")}
    assert names <= {setting.variable for setting in SETTINGS}


def test_the_image_gets_every_package_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = set(project["tool"]["setuptools"]["packages"])
    sent = set(re.findall(r"^!(\w+)/$", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE))
    found = {path.parent.relative_to(ROOT) for name in sent for path in (ROOT / name).rglob("__init__.py")}

    assert sent == {package.partition(".")[0] for package in packages}
    assert packages == {".".join(path.parts) for path in found}


def test_the_package_carries_every_file_that_it_reads() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    forgotten = []
    for package in {name.partition(".")[0] for name in project["packages"]}:
        for path in (ROOT / package).rglob("*"):
            if path.is_dir() or path.suffix in (".py", ".pyc") or "__pycache__" in path.parts:
                continue
            inside = path.relative_to(ROOT).as_posix()
            patterns = [
                f"{owner.replace('.', '/')}/{pattern}"
                for owner, globs in project["package-data"].items()
                for pattern in globs
            ]
            if not any(fnmatch.fnmatch(inside, pattern) for pattern in patterns):
                forgotten.append(inside)
    assert forgotten == []


def test_the_service_unit_runs_a_command_that_exists_without_privileges() -> None:
    unit = (ROOT / "deploy" / "tertulia.service").read_text("utf-8")
    command = shlex.split(re.findall(r"^ExecStart=(.+)$", unit, re.MULTILINE)[0])
    assert Path(command[0]).name == "tertulia"
    assert command[1] in COMMANDS
    assert "DynamicUser=yes" in unit
    assert "NoNewPrivileges=yes" in unit


def test_the_settings_file_of_the_service_is_valid() -> None:
    settings = load_settings(ROOT / "deploy" / "tertulia.toml", {})
    assert str(settings.data_dir) == "/var/lib/tertulia"
    assert settings.origin == "https://madrid.example"


def has_compose() -> bool:
    docker = shutil.which("docker")
    return bool(docker) and subprocess.run([str(docker), "compose", "version"], capture_output=True).returncode == 0


@pytest.mark.skipif(not has_compose(), reason="docker compose is not installed")
@pytest.mark.parametrize("files", [ONE_OFFICE, TWO_OFFICES])
def test_docker_compose_accepts_the_files(files: tuple[str, ...]) -> None:
    arguments = [argument for file in files for argument in ("--file", file)]
    command = ["docker", "compose", "--env-file", "/dev/null", *arguments, "config", "--quiet"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | example_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
