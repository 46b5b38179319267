"""The OpenAPI description of the client API, made from the same table and schemas that serve it.

Nothing is written twice: addresses, scopes, arguments and answers come from the endpoints, sentences from the
docstrings of their handlers.
"""

import inspect
import re
from collections import Counter
from typing import Any, Final

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema, fields

from api.answers import entity_named
from api.call import Json
from api.endpoints import Access, Either, Endpoint, Many
from api.schemas.fields import Args, Several

VERSION: Final = "3.1.0"
_PARAMETER = re.compile(r"{(\w+)(?::[^{}]+)?}")
_IN_QUERY: Final = frozenset({"GET", "HEAD", "DELETE"})
_BODIES: Final = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
_REFUSALS: Final = {
    "400": "The request can't be read",
    "401": "A token is needed, or the one that came is worth nothing",
    "403": "Outside the scopes of the token, or not allowed to this person",
    "404": "There is no such thing, or none that the viewer may see",
    "409": "Something else happens to it at this moment",
    "410": "It was here, and isn't any more",
    "413": "The body is too large",
    "422": "The request was understood and can't be done as it is",
    "429": "Too many requests",
    "503": "Something that this needs doesn't answer just now",
}


def _resolve_name(schema: type[Schema] | Schema | str) -> str:
    """The name of a component: arguments are named with their module, which may have namesakes."""
    if isinstance(schema, str):
        return schema
    kind = schema if isinstance(schema, type) else type(schema)
    name = kind.__name__.removesuffix("Entity")
    module = kind.__module__.removeprefix("api.").removeprefix("schemas.")
    return f"{module.replace('.', '_')}_{name}" if issubclass(kind, Args) else name


def describe(endpoints: tuple[Endpoint, ...], *, origin: str, version: str) -> Json:
    """The description of these endpoints."""
    plugin = MarshmallowPlugin(schema_name_resolver=_resolve_name)
    spec = APISpec(
        title="Tertulia",
        version=version,
        openapi_version=VERSION,
        plugins=[plugin],
        info={"description": "The Mastodon client API, as this office serves it."},
        servers=[{"url": origin}],
    )
    assert plugin.converter is not None
    _teach(plugin.converter)
    spec.components.security_scheme("token", _security(origin))
    spec.components.schema("Error", schema=entity_named("ErrorEntity"))
    paths: dict[str, Json] = {}
    names = Counter(endpoint.name for endpoint in endpoints)
    for endpoint in endpoints:
        address = _PARAMETER.sub(r"{\1}", endpoint.path)
        operation = _operation(plugin.converter, endpoint)
        if names[endpoint.name] > 1:  # one handler under several addresses
            operation["operationId"] += f".{address.rstrip('/').rpartition('/')[2]}"
        paths.setdefault(address, {})[endpoint.method.lower()] = operation
    for address, operations in paths.items():
        spec.path(path=address, operations=operations)
    found: Json = spec.to_dict()
    return found


def _teach(converter: OpenAPIConverter) -> None:
    """What our own fields are in JSON Schema: they say it themselves."""

    def own(_converter: Any, field: fields.Field[Any], **_: Any) -> Json:
        found: Json = getattr(field, "json_schema", {})
        return found

    converter.add_attribute_function(own)  # type: ignore[no-untyped-call]


def _security(origin: str) -> Json:
    flow = {
        "authorizationUrl": f"{origin}/oauth/authorize",
        "tokenUrl": f"{origin}/oauth/token",
        "scopes": {},
    }
    return {"type": "oauth2", "flows": {"authorizationCode": flow}}


def _operation(converter: OpenAPIConverter, endpoint: Endpoint) -> Json:
    summary, _, rest = (inspect.getdoc(endpoint.handler) or "").partition("\n\n")
    operation: Json = {
        "operationId": endpoint.name,
        "summary": " ".join(summary.split()),
        "tags": [endpoint.name.partition(".")[0]],
        "parameters": [_path_parameter(name) for name in _PARAMETER.findall(endpoint.path)],
        "responses": _responses(converter, endpoint),
    }
    if rest:
        operation["description"] = rest
    if endpoint.access is not Access.ANYBODY:
        operation["security"] = [{"token": endpoint.scope.split()[:1]}]
    if endpoint.args is not None:
        if endpoint.method in _IN_QUERY:
            operation["parameters"] += _query(converter, endpoint.args)
        else:
            required = any(field.required for field in endpoint.args().fields.values())
            content = {form: {"schema": endpoint.args} for form in _BODIES}
            operation["requestBody"] = {"content": content, "required": required}
    elif endpoint.form:
        operation["requestBody"] = {"content": {"multipart/form-data": {"schema": _form(endpoint)}}}
    return operation


def _form(endpoint: Endpoint) -> Json:
    """A form with files; only `file` is needed, where there is one."""
    formats = {"file": {"type": "string", "format": "binary"}, "text": {"type": "string"}}
    properties = {name: dict(formats[kind]) for name, kind in endpoint.form}
    required = {"required": ["file"]} if "file" in properties else {}
    return {"type": "object", "properties": properties, **required}


def _path_parameter(name: str) -> Json:
    schema: Json = {"type": "string", "minLength": 1}
    if name == "id" or name.endswith("_id"):
        schema["pattern"] = "^[0-9]{1,19}$"
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _query(converter: OpenAPIConverter, args: type[Args]) -> list[Json]:
    """The arguments as parameters of the query; lists are spelled `name[]`."""
    found = []
    for name, field in args().fields.items():
        schema = converter.field2property(field)
        key = field.data_key or name
        parameter: Json = {"in": "query", "name": f"{key}[]" if isinstance(field, Several) else key, "schema": schema}
        if field.required:
            parameter["required"] = True
        found.append(parameter)
    return found


def _responses(converter: OpenAPIConverter, endpoint: Endpoint) -> Json:
    answer: Json = {"description": "Done"}
    returns = endpoint.returns
    if endpoint.produces == "application/json":
        schema: Any = {"type": "object", "maxProperties": 0}
        if isinstance(returns, Many):
            schema = {"type": "array", "items": entity_named(returns.entity)}
        elif isinstance(returns, Either):
            schema = {"anyOf": [entity_named(name) for name in returns.entities]}
        elif isinstance(returns, fields.Field):
            schema = converter.field2property(returns)
        elif returns is not None:
            schema = entity_named(returns)
        answer["content"] = {"application/json": {"schema": schema}}
    else:
        answer["content"] = {endpoint.produces: {}}
    refusals = {
        status: {"description": text, "content": {"application/json": {"schema": entity_named(endpoint.refusal)}}}
        for status, text in _REFUSALS.items()
    }
    return {"2XX": answer, **refusals}
