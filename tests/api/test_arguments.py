"""What a request says, in all the forms that clients use, and what nobody may say."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.arguments import structured
from api.errors import ApiError
from tests.peers import Office


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("status", "hi"), ("status", "ho")], {"status": "ho"}),
        ([("id[]", "1"), ("id[]", "2")], {"id": ["1", "2"]}),
        ([("id", "1"), ("id[]", "2")], {"id": ["1", "2"]}),
        ([("poll[options][]", "a"), ("poll[options][]", "b"), ("poll[multiple]", "1")],
         {"poll": {"options": ["a", "b"], "multiple": "1"}}),
        ([("f[0][name]", "x"), ("f[0][value]", "y"), ("f[1][name]", "z")],
         {"f": {"0": {"name": "x", "value": "y"}, "1": {"name": "z"}}}),
        ([("k[][keyword]", "a"), ("k[][whole_word]", "1"), ("k[][keyword]", "b")],
         {"k": [{"keyword": "a", "whole_word": "1"}, {"keyword": "b"}]}),
        ([("a]b[", "1"), ("[]", "2"), ("c[d", "3")], {"a]b[": "1", "[]": "2", "c[d": "3"}),
    ],
)  # fmt: skip
def test_brackets_become_structure(pairs: list[tuple[str, str]], expected: dict[str, object]) -> None:
    assert structured(pairs) == expected


def test_depth_is_bounded() -> None:
    with pytest.raises(ApiError):
        structured([("a" + "[b]" * 20, "1")])


@given(st.lists(st.tuples(st.text(alphabet="ab[]0", max_size=12), st.text(max_size=3)), max_size=8))
def test_no_name_breaks_it(pairs: list[tuple[str, str]]) -> None:
    with suppress(ApiError):
        assert isinstance(structured(pairs), dict)


async def test_the_same_thing_is_said_as_json_form_and_query(office: Office) -> None:
    ana = await office.create_person("ana")
    api = office.api(ana)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answers = [
        await api.post("/api/v1/markers", {"home": {"last_read_id": "5"}}),
        await api.post("/api/v1/markers", b"home[last_read_id]=6", headers=form),
        await api.post("/api/v1/markers?home[last_read_id]=7"),
    ]
    assert [answer.json()["home"]["last_read_id"] for answer in answers] == ["5", "6", "7"]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[1]", "application/json", 400),
        (b'{"status": "a\\u0000b"}', "application/json", 422),
        (b"status=a%00b", "application/x-www-form-urlencoded", 422),
        (b"nonsense", "multipart/form-data", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"&".join([b"a=1"] * 3_000), "application/x-www-form-urlencoded", 413),
    ],
    ids=["half", "list", "NUL in JSON", "NUL in form", "no form", "deep", "many"],
)
async def test_what_cannot_be_read_is_refused_with_a_sentence(
    office: Office, body: bytes, content_type: str, status: int
) -> None:
    ana = await office.create_person("ana")
    answer = await office.api(ana).post("/api/v1/statuses", body, headers={"Content-Type": content_type})
    assert answer.status == status
    assert answer.json()["error"]


async def test_refused_fields_are_named_with_what_is_wrong(office: Office) -> None:
    ana = await office.create_person("ana")
    answer = await office.api(ana).get("/api/v1/timelines/home", limit="many", max_id="x")
    assert answer.status == 422
    assert set(answer.json()["details"]) == {"limit", "max_id"}
    assert answer.json()["details"]["max_id"][0]["error"] == "ERR_INVALID"
