"""The command line as another program drives it: arguments in, exit code and output out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner

from server.cli import main


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    exit_code: int
    output: str
    errors: str

    @property
    def json(self) -> Any:
        return json.loads(self.output)


class CommandLine:
    """Runs commands with the settings of one office in the environment."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = dict(environ)

    def __call__(self, *arguments: str, stdin: str | None = None) -> Outcome:
        result = CliRunner().invoke(main, arguments, env=self.environ, input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr)
