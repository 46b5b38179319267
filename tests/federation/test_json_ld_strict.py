"""Strict JSON (security cases J16, N08, N09): what is refused, how fast, and what passes."""

import json
from typing import Any

import pytest

from federation.json_ld import DocumentRefused, Limits, parse_document

MALFORMED = {
    "nothing": b"",
    "array": b"[]",
    "string": b'"x"',
    "null": b"null",
    "trailing": b"{} {}",
    "comment": b"{/**/}",
    "single quotes": b"{'a':1}",
    "duplicate key": b'{"a":1,"a":1}',
    "duplicate key below": b'{"a":{"b":1,"\\u0062":2}}',
    "duplicate key once NUL is gone": b'{"a":1,"a\\u0000":2}',
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":-Infinity}',
    "1e400": b'{"a":1e400}',
    "65 bits": b'{"a":9223372036854775808}',
    "5000 digits": b'{"a":' + b"7" * 5000 + b"}",
    "a million digits": b'{"a":' + b"7" * 1_000_000 + b"}",
    "a million decimals": b'{"a":0.' + b"7" * 1_000_000 + b"}",
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a":"b"}'.encode("utf-16"),
    "UTF-32": '{"a":"b"}'.encode("utf-32"),
    "invalid UTF-8": b'{"a":"\xff"}',
    "overlong": b'{"a":"\xc0\xaf"}',
    "encoded surrogate": b'{"a":"\xed\xa0\x80"}',
    "lone high surrogate": b'{"a":"\\ud800"}',
    "lone low surrogate": b'{"a":"\\uDC00x"}',
    "lone surrogate in a key": b'{"\\ud800":1}',
    "raw NUL": b'{"a":"\x00"}',
    "raw newline": b'{"a":"\n"}',
    "deep arrays": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "33 levels": b'{"a":' * 33 + b"1" + b"}" * 33,
    "million elements": b'{"a":[' + b"0," * 500_000 + b"0]}",
    "many objects": b'{"a":[' + b"{}," * 300_000 + b"{}]}",
    "10 001 values": b'{"a":[' + b"0," * 10_000 + b"0]}",
    "long string": b'{"a":"' + b"x" * 262_145 + b'"}',
    "long key": b'{"' + b"x" * 262_145 + b'":1}',
    "too many bytes": b'{"a":1' + b" " * 1_048_576 + b"}",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_bodies_are_refused_at_once(name: str) -> None:
    with pytest.raises(DocumentRefused):
        parse_document(MALFORMED[name])


@pytest.mark.parametrize("name", ["too many bytes", "long string", "long key"])
def test_what_is_only_too_large_says_so(name: str) -> None:
    with pytest.raises(DocumentRefused) as refusal:
        parse_document(MALFORMED[name])
    assert refusal.value.too_large


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a":1.5,"b":-0,"c":9223372036854775807,"d":1e3}', {"a": 1.5, "b": 0, "c": 2**63 - 1, "d": 1000.0}),
        (b' \n{"a":null,"b":true} \r\n', {"a": None, "b": True}),
        (b'{"a":"\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (b'{"a":"\\\\ud800"}', {"a": "\\ud800"}),
        (b'{"a":"x\\u0000y","b\\u0000":["\\u0000"]}', {"a": "xy", "b": [""]}),
        ('{"a":"ñandú 中"}'.encode(), {"a": "ñandú 中"}),
        (b'{"a":{},"b":{"a":[]}}', {"a": {}, "b": {"a": []}}),
    ],
)
def test_well_formed_bodies_pass(body: bytes, value: dict[str, Any]) -> None:
    assert parse_document(body) == value


def test_the_limits_themselves_are_allowed() -> None:
    assert parse_document(b'{"a":' * 32 + b"1" + b"}" * 32)
    assert len(parse_document(b'{"a":[' + b"0," * 9_996 + b"0]}")["a"]) == 9_997
    assert parse_document(b'{"a":"' + b"x" * 262_144 + b'"}')


def test_limits_can_be_narrowed() -> None:
    with pytest.raises(DocumentRefused):
        parse_document(b'{"a":[[1]]}', Limits(depth=2))
    with pytest.raises(DocumentRefused):
        parse_document(b'{"a":"xxxxx"}', Limits(string_bytes=4))


def test_parsing_does_not_need_a_deep_stack() -> None:
    def deep(levels: int) -> dict[str, Any]:
        return deep(levels - 1) if levels else parse_document(b'{"a":' * 30 + b"1" + b"}" * 30)

    assert json.dumps(deep(700)).startswith('{"a"')
