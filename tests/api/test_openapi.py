"""The OpenAPI description is valid, complete, and says of every argument and answer what it is."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError, fields
from schemathesis.specs.openapi.definitions import OPENAPI_31

from api.answers import entity_named
from api.endpoints import Access, Either, Endpoint, Many
from api.openapi import describe
from api.routes import endpoints
from api.schemas.credentials import ProfileFields
from api.schemas.fields import Flag, Id, Whole
from api.schemas.filters import Seconds
from tests.api.variants import all_entities
from tests.peers import Office

DESCRIPTION: dict[str, Any] = describe(endpoints(), origin="https://office.test", version="1.0")
COMPONENTS = DESCRIPTION["components"]["schemas"]


def operation(endpoint: Endpoint) -> dict[str, Any]:
    found: dict[str, Any] = DESCRIPTION["paths"][re.sub(r"{(\w+):[^{}]+}", r"{\1}", endpoint.path)]
    return found[endpoint.method.lower()]


def schemas(found: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every schema of a property, an item or a parameter, with where it is."""
    if isinstance(found, dict):
        for name, inner in found.items():
            if name in ("schema", "items"):
                yield f"{path}.{name}", inner
            if name == "properties":
                yield from ((f"{path}.{property_}", one) for property_, one in inner.items())
            yield from schemas(inner, f"{path}.{name}")
    elif isinstance(found, list):
        for number, inner in enumerate(found):
            yield from schemas(inner, f"{path}.{number}")


async def test_it_is_served_as_valid_openapi(office: Office) -> None:
    answer = await office.api().get("/api/openapi.json")
    assert answer.status == 200
    found = answer.json()
    assert found["servers"] == [{"url": office.origin}]
    assert found["paths"] == DESCRIPTION["paths"]
    jsonschema_rs.Draft202012Validator(OPENAPI_31).validate(found)


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_component_is_a_json_schema(name: str) -> None:
    jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **COMPONENTS[name]})


def test_everything_that_is_referred_to_is_there() -> None:
    named = set(re.findall(r"'#/components/schemas/([^']+)'", repr(DESCRIPTION)))
    assert named <= set(COMPONENTS)


def test_every_endpoint_is_described_once() -> None:
    described = [one for path in DESCRIPTION["paths"].values() for one in path.values()]
    names = [one["operationId"] for one in described]
    assert len(names) == len(endpoints()) == len(set(names))
    assert [one["operationId"] for one in described if not one["summary"]] == []


@pytest.mark.parametrize("endpoint", endpoints(), ids=lambda one: f"{one.method} {one.path}")
def test_an_endpoint_is_described_as_it_is_in_the_table(endpoint: Endpoint) -> None:
    found = operation(endpoint)
    in_path = {one["name"] for one in found["parameters"] if one["in"] == "path"}
    assert in_path == set(re.findall(r"{(\w+)", endpoint.path))
    assert bool(found.get("security")) is (endpoint.access is not Access.ANYBODY)
    if endpoint.args is not None:
        if "requestBody" in found:
            refs = {one["schema"]["$ref"] for one in found["requestBody"]["content"].values()}
            given_names = set(COMPONENTS[refs.pop().rpartition("/")[2]]["properties"])
            assert not refs
        else:
            given_names = {one["name"].removesuffix("[]") for one in found["parameters"] if one["in"] == "query"}
        assert given_names == {field.data_key or name for name, field in endpoint.args().fields.items()}
    answer = found["responses"]["2XX"]["content"]
    assert list(answer) == [endpoint.produces]
    schema = answer[endpoint.produces].get("schema")
    if isinstance(endpoint.returns, Many):
        assert schema["items"]["$ref"].endswith("/" + endpoint.returns.entity.removesuffix("Entity"))
    elif isinstance(endpoint.returns, Either):
        names = [one["$ref"].rpartition("/")[2] for one in schema["anyOf"]]
        assert names == [one.removesuffix("Entity") for one in endpoint.returns.entities]
    elif isinstance(endpoint.returns, str):
        assert schema["$ref"].endswith("/" + endpoint.returns.removesuffix("Entity"))
    elif endpoint.produces == "application/json":
        assert schema["type"] in ("object", "array")
    assert {"401", "403", "404", "422"} <= set(found["responses"])


@pytest.mark.parametrize("endpoint", endpoints(), ids=lambda one: f"{one.method} {one.path}")
def test_an_endpoint_answers_with_entities_that_exist(endpoint: Endpoint) -> None:
    match endpoint.returns:
        case Many(entity=name) | str(name):
            names = [name]
        case Either(entities=several):
            names = [*several]
        case _:
            names = []
    assert [entity_named(name).__name__ for name in names] == names
    assert entity_named(endpoint.refusal).__name__ == endpoint.refusal


def test_each_entity_has_a_name_of_its_own() -> None:
    names = [one.__name__ for one in all_entities()]
    assert len(names) == len(set(names))
    assert [entity_named(name) for name in names] == all_entities()


def test_nothing_is_described_as_anything() -> None:
    """An empty schema would mean that the description doesn't know."""
    known = {".Rule.translations", ".Warning.appeal"}  # null in every office
    vague = {path.replace(".properties", "").removesuffix(".additionalProperties")
             for path, one in schemas({"properties": COMPONENTS}) if one == {}}  # fmt: skip
    vague |= {path for path, one in schemas(DESCRIPTION["paths"]) if one == {}}
    assert vague - known == set()


FIELDS: dict[str, tuple[fields.Field[Any], st.SearchStrategy[Any]]] = {
    "flag": (Flag(), st.booleans() | st.sampled_from((0, 1, "on", "TRUE", "f", "2", "", 2, None, [], "ja"))),
    "id": (Id(), st.integers() | st.integers(0, 2**63).map(str) | st.text(max_size=3)),
    "whole": (Whole(1, 40), st.integers() | st.integers().map(str) | st.text(max_size=3)),
    "seconds": (Seconds(allow_none=True), st.none() | st.integers() | st.integers().map(str) | st.text(max_size=3)),
    "rows": (ProfileFields(), st.lists(st.dictionaries(st.sampled_from(("name", "value")), st.text(max_size=3) |
                                                       st.integers()), max_size=3)),
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_takes_whatever_its_description_allows(name: str) -> None:
    field, values = FIELDS[name]
    described = jsonschema_rs.Draft202012Validator(field.json_schema)  # type: ignore[attr-defined]

    @given(values)
    def taken(value: Any) -> None:
        try:
            field.deserialize(value)
        except ValidationError:
            assert name == "rows" or not described.is_valid(value)  # rows have rules beside their shape

    taken()
