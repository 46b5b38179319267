"""Logs: one line of JSON each, with the request's id, without secrets, whoever wrote them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from server.logs import LibraryHandler, LogContext, configure_logs


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    level = root.level
    yield io.StringIO()
    structlog.reset_defaults()
    root.setLevel(level)
    for handler in [handler for handler in root.handlers if isinstance(handler, LibraryHandler)]:
        root.removeHandler(handler)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_message_is_one_line_of_json_with_the_request_id(stream: io.StringIO) -> None:
    configure_logs(level="info", output_format="json", stream=stream)
    logger = structlog.get_logger("inbox.receive")

    with LogContext("r-1", peer="lisbon.example"):
        logger.info("received", activity="https://lisbon.example/activities/1", lines="a\nb")
    logger.debug("not written")
    logger.info("outside")

    first, second = lines(stream)
    assert list(first)[:3] == ["at", "level", "event"]
    assert first["at"].endswith("Z")
    del first["at"]
    assert first == {
        "level": "info",
        "event": "received",
        "activity": "https://lisbon.example/activities/1",
        "lines": "a\nb",
        "request_id": "r-1",
        "peer": "lisbon.example",
        "logger": "inbox.receive",
    }
    assert "request_id" not in second


def test_messages_of_libraries_go_the_same_way(stream: io.StringIO) -> None:
    configure_logs(level="info", output_format="json", stream=stream)

    with LogContext("r-2"):
        logging.getLogger("some.library").warning("%d of %s", 3, "four")
        try:
            raise ValueError("why")
        except ValueError:
            logging.getLogger("some.library").exception("failed")
    logging.getLogger("aiosqlite").info("executing")

    first, second = lines(stream)
    assert (first["event"], first["level"], first["logger"]) == ("3 of four", "warning", "some.library")
    assert first["request_id"] == "r-2"
    assert "ValueError: why" in second["exception"]


@pytest.mark.parametrize(
    "fields",
    [
        {"authorization": "s3cret"},
        {"access_token": "s3cret"},
        {"Password": "s3cret"},
        {"signature": b"s3cret"},
        {"headers": {"Signature": 's3cret="x"', "Cookie": "s3cret"}},
        {"headers": [("Host", "a.example"), ("Authorization", "s3cret")]},
        {"request": {"body": [{"client_secret": "s3cret"}]}},
        {"note": "sent Authorization: Bearer s3cret"},
        {"url": "https://a.example/api/v1/streaming?stream=user&access_token=s3cret&x=1"},
        {"url": "postgresql://user:s3cret@host/db"},
    ],
)
@pytest.mark.parametrize("output_format", ["json", "text"])
def test_secrets_are_never_written(stream: io.StringIO, fields: dict[str, Any], output_format: str) -> None:
    configure_logs(level="info", output_format=output_format, stream=stream)
    structlog.get_logger().info("request", **fields)
    assert "s3cret" not in stream.getvalue()
    assert "[redacted]" in stream.getvalue()


def test_what_is_no_secret_is_written(stream: io.StringIO) -> None:
    configure_logs(level="info", output_format="json", stream=stream)
    fields = {"key_id": "https://a.example/users/1#main-key", "status": 202, "acct": "ana@a.example", "ids": [1, 2]}
    structlog.get_logger().info("request", **fields)
    (line,) = lines(stream)
    assert {name: line[name] for name in fields} == fields


def test_what_json_cannot_express_is_written_all_the_same(stream: io.StringIO) -> None:
    configure_logs(level="info", output_format="json", stream=stream)
    structlog.get_logger().info("odd", number=2**70, text="\ud800", error=ValueError("x"))
    (line,) = lines(stream)
    assert (line["number"], line["error"]) == (2**70, "ValueError('x')")


def test_a_closed_stream_does_not_break_the_work(stream: io.StringIO) -> None:
    configure_logs(level="info", output_format="json", stream=stream)
    stream.close()
    structlog.get_logger().info("nobody hears")
    logging.getLogger("some.library").warning("nor this")


def test_text_is_for_people(stream: io.StringIO) -> None:
    configure_logs(level="debug", output_format="text", stream=stream)
    structlog.get_logger("outbox.deliver").debug("delivered", host="lisbon.example")
    (line,) = stream.getvalue().splitlines()
    assert "delivered" in line
    assert "host=lisbon.example" in line
    assert not line.startswith("{")


def test_configuring_again_replaces_the_configuration(stream: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(level="info", output_format="json", stream=stream)
    configure_logs(level="error", output_format="json")
    logging.getLogger("some.library").error("once")
    logging.getLogger("some.library").info("never")
    assert stream.getvalue() == ""
    assert len(capsys.readouterr().err.splitlines()) == 1
