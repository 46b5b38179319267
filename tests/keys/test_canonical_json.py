"""RFC 8785: its own examples, and our quick way against the reference package."""

import json
import math
import struct
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.canonical_json import NotCanonicalizable, canonical_bytes


def test_the_example_of_section_3_2_2() -> None:
    document = json.loads(
        r"""{
          "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
          "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
          "literals": [null, true, false]
        }"""
    )
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical_bytes(document) == expected.encode()


def test_the_sorting_example_of_section_3_2_3() -> None:
    document = json.loads(
        r"""{
          "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
          "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"
        }"""
    )
    ordered = list(json.loads(canonical_bytes(document)).values())
    assert ordered == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


@pytest.mark.parametrize(
    ("double", "expected"),
    [
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("ffefffffffffffff", "-1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("c340000000000000", "-9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("44b52d02c7e14af7", "1.0000000000000001e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef4f", "999999999999999900000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555554", "333333333.33333325"),
        ("41b3de4355555555", "333333333.3333333"),
        ("41b3de4355555556", "333333333.3333334"),
        ("41b3de4355555557", "333333333.33333343"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_the_numbers_of_appendix_b(double: str, expected: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(double))
    assert canonical_bytes(number) == expected.encode()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 2**53, -(2**53), [2**53 + 1], {"a": 10**400}])
def test_numbers_that_no_double_holds_are_refused(value: Any) -> None:
    with pytest.raises(NotCanonicalizable):
        canonical_bytes(value)


@pytest.mark.parametrize(
    "value", ["\ud800", ["\udfff"], {"a": "\ud83d"}, {"\ud800": 1}, {"ä\ud800": 1.5}, {1: 2}, {"a": b""}]
)
def test_what_is_no_json_text_is_refused(value: Any) -> None:
    with pytest.raises(NotCanonicalizable):
        canonical_bytes(value)


def test_endless_nesting_is_refused() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(NotCanonicalizable):
        canonical_bytes(value)


def test_integers_and_equal_fractions_have_one_spelling() -> None:
    assert canonical_bytes([1, 1.0, -0.0, 0, 10**15, 1e15]) == b"[1,1,0,0,1000000000000000,1000000000000000]"


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda children: st.lists(children, max_size=4)
    | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=6), children, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None)
@given(JSON)
def test_the_quick_way_and_the_reference_agree(value: Any) -> None:
    assert canonical_bytes(value) == rfc8785.dumps(value)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(max_codepoint=0x7F)), st.text(st.characters(codec="utf-8")) | st.integers(-9, 9)
    )
)
def test_they_agree_on_plain_documents(value: Any) -> None:
    assert canonical_bytes(value) == rfc8785.dumps(value)
