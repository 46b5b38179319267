"""Logs: one line of JSON a message on standard error, or coloured text for people.

Owns the configuration of structlog and of the standard library's logging, which end in the same chain of processors,
so that a line of aiohttp or SQLAlchemy looks like one of ours and carries the same `request_id`. Lower floors call
`structlog.get_logger(__name__)` and know nothing of this module.

Promises that no secret is written: values under a telling key are replaced whole, and bearer tokens, tokens in query
strings and passwords in URLs are cut out of the finished line, wherever in it they appear. A line that can't be
written is dropped: logging never breaks the work that it reports.
"""

import json
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

REDACTED = "[redacted]"

_SECRET_KEYS = re.compile(
    r"authorization|cookie|token$|^token|password|passphrase|secret|signature$|private_key|^api_?key$|^code$",
    re.IGNORECASE,
)
_SECRETS_IN_TEXT = re.compile(
    rb"(?i)(\b(?:bearer|basic) +|[?&](?:access_token|refresh_token|token|code|client_secret|password)=)[^\s\"\\&,;]+"
    rb"|(://[^\s/@:\"\\]*:)[^\s/@\"\\]+(?=@)"
)
_JSON_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
# They narrate every statement and every callback on DEBUG, which drowns our own messages.
_TALKATIVE_LIBRARIES = ("aiosqlite", "alembic", "asyncio", "sqlalchemy", "PIL", "markdown_it")


def configure_logs(*, level: str, output_format: str, stream: TextIO | None = None) -> None:
    """Send every log of this process to `stream` (standard error unless given) as `json` or `text`.

    `level` is the least important level that is written: debug, info, warning or error. May be called again.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    render: Processor = render_text if output_format == "text" else render_json
    chain: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
        redact,
        render,
    ]
    structlog.configure(
        processors=chain,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=Lines(number, stream),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, LibraryHandler)]:
        root.removeHandler(handler)
    root.addHandler(LibraryHandler(chain, stream))
    root.setLevel(number)
    for name in _TALKATIVE_LIBRARIES:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))


class LogContext:
    """Bind `request_id` and `more` to every message logged inside the `with` block, by this task and its children."""

    __slots__ = ("_bound", "_tokens")

    def __init__(self, request_id: str, **more: object) -> None:
        self._bound = {"request_id": request_id, **more}

    def __enter__(self) -> None:
        self._tokens = structlog.contextvars.bind_contextvars(**self._bound)

    def __exit__(self, *_: object) -> None:
        structlog.contextvars.reset_contextvars(**self._tokens)


class Lines:
    """Makes the loggers of this process, and knows the least important level that they write."""

    def __init__(self, level: int, stream: TextIO | None) -> None:
        self.level = level
        self._stream = stream

    def __call__(self, *names: str) -> "LineLogger":
        return LineLogger(names[0] if names else None, self._stream)


def log_request(name: str, level: int, fields: Mapping[str, Any]) -> None:
    """Write the line `request` as `structlog.get_logger(name)` would; `fields` are ours, and no name tells of a secret.

    There is one for every request: as JSON it is put together at once, for a fifth of what the chain of processors
    costs. The finished line is scrubbed like all others.
    """
    config = structlog.get_config()
    lines = config["logger_factory"]
    if config["processors"][-1] is not render_json or not isinstance(lines, Lines):  # text, or a test that listens
        structlog.get_logger(name).log(level, "request", **fields)
    elif level >= lines.level:
        at, method = datetime.now(UTC).isoformat()[:-6] + "Z", logging.getLevelName(level).lower()
        event = {"at": at, "level": method, "event": "request", **fields, "logger": name}
        logger = lines(name)
        logger.msg(render_json(logger, method, event))


class LineLogger:
    """Writes finished lines. The stream is looked up at each line: tests and daemons replace `sys.stderr`."""

    def __init__(self, name: str | None, stream: TextIO | None) -> None:
        self.name = name
        self._stream = stream

    def msg(self, line: str) -> None:
        stream = self._stream or sys.stderr
        try:
            stream.write(line)
            stream.flush()
        except (OSError, ValueError):  # a full disk, a closed pipe or stream: there is nobody left to tell
            return

    debug = info = warning = warn = error = critical = exception = fatal = log = msg


class LibraryHandler(logging.Handler):
    """Takes the records of the standard library's logging through the same chain as our own messages."""

    def __init__(self, chain: list[Processor], stream: TextIO | None) -> None:
        super().__init__()
        self._chain = chain
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        try:
            event: EventDict = {"event": record.getMessage()}
            if record.exc_info:
                event["exc_info"] = record.exc_info
            output: Any = event
            logger = LineLogger(record.name, self._stream)
            for processor in self._chain:
                output = processor(logger, record.levelname.lower(), output)
            logger.msg(output)
        except Exception:
            self.handleError(record)


def add_logger_name(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Add the name that the logger was asked for, usually a module's."""
    name = getattr(logger, "name", None)
    if name:
        event["logger"] = name
    return event


def redact(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Replace every value under a key that tells of a secret, in nested mappings and in lists of header pairs too."""
    return _redacted(event)


@lru_cache(maxsize=1024)
def _tells_of_a_secret(key: str) -> bool:
    return _SECRET_KEYS.search(key) is not None


def _redacted(values: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in values.items():
        if isinstance(value, str | int | float | None):
            if _tells_of_a_secret(key):
                values[key] = REDACTED
        else:
            values[key] = _redacted_value(key, value)
    return values


def _redacted_value(key: object, value: object) -> object:
    if isinstance(key, str) and _tells_of_a_secret(key):
        return REDACTED
    if isinstance(value, Mapping):
        return {inner: _redacted_value(inner, value[inner]) for inner in value}
    if isinstance(value, list | tuple):
        return [_redacted_item(item) for item in value]
    return value


def _redacted_item(item: object) -> object:
    if isinstance(item, tuple) and len(item) == 2:
        return [item[0], _redacted_value(item[0], item[1])]
    return _redacted_value("", item)


def render_json(logger: WrappedLogger, method: str, event: EventDict) -> str:
    """One line of JSON, `at`, `level` and `event` first. What JSON can't express is written as its `repr`."""
    ordered = {"at": event.pop("at", None), "level": event.pop("level", method), "event": event.pop("event", "")}
    ordered.update(event)
    try:
        line = orjson.dumps(ordered, default=repr, option=_JSON_OPTIONS)
    except TypeError:  # what peers send can hold integers beyond 64 bits and lone surrogates
        line = json.dumps(ordered, default=repr, skipkeys=True).encode() + b"\n"
    return scrub(line).decode()


def render_text(logger: WrappedLogger, method: str, event: EventDict) -> str:
    """A line for people, in colour on a terminal."""
    colours = sys.stderr.isatty()
    text = str(structlog.dev.ConsoleRenderer(colors=colours, timestamp_key="at")(logger, method, event))
    return scrub(text.encode("utf-8", "replace")).decode() + "\n"


def scrub(line: bytes) -> bytes:
    """Cut bearer tokens, tokens in query strings and passwords in URLs out of a finished line."""
    if b"=" not in line and b"@" not in line:  # as in an ordinary line: the slow expression is spared
        lowered = line.lower()
        if b"bearer " not in lowered and b"basic " not in lowered:
            return line
    return _SECRETS_IN_TEXT.sub(lambda match: (match[1] or match[2]) + REDACTED.encode(), line)
