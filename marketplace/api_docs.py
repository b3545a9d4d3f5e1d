"""The page that reads the API's schema aloud: every operation, what it takes and what it answers. No script."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

Schema = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Value:
    """One parameter, or one field of a body. `type` in words, such as "text", "list of numbers"."""

    name: str
    type: str
    required: bool
    help: str


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    anchor: str
    summary: str
    tag: str
    parameters: list[Value] = field(default_factory=list)
    body: list[Value] = field(default_factory=list)
    answers: list[tuple[str, list[Value]]] = field(default_factory=list)


@cache
def schema() -> Schema:
    """The OpenAPI document as data; it is the same for everybody."""
    made: Schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made


@cache
def operations() -> tuple[Operation, ...]:
    whole = schema()
    found = [
        _operation(whole, path, method, operation)
        for path, methods in whole["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]
    return tuple(sorted(found, key=lambda each: (each.tag, each.path, METHODS.index(each.method))))


def _operation(whole: Schema, path: str, method: str, operation: Schema) -> Operation:
    description = operation.get("description", "") or operation.get("summary", "")
    return Operation(
        method=method,
        path=path,
        anchor=operation["operationId"],
        summary=description,
        tag=(operation.get("tags") or ["api"])[0],
        parameters=[
            Value(each["name"], _type(whole, each["schema"]), each.get("required", False), each.get("description", ""))
            for each in operation.get("parameters", ())
        ],
        body=list(_fields(whole, _content(operation.get("requestBody", {})))),
        answers=[
            (status, list(_fields(whole, _content(answer))))
            for status, answer in sorted(operation["responses"].items())
        ],
    )


def _content(body: Schema) -> Schema:
    """The schema of a body or answer, of whichever content type comes first."""
    for media in body.get("content", {}).values():
        found: Schema = media.get("schema", {})
        return found
    return {}


def _resolved(whole: Schema, part: Schema) -> Schema:
    if "$ref" in part:
        found: Schema = whole["components"]["schemas"][part["$ref"].rsplit("/", 1)[-1]]
        return found
    if len(part.get("allOf", ())) == 1:
        return _resolved(whole, part["allOf"][0])
    return part


def _fields(whole: Schema, part: Schema) -> Iterator[Value]:
    part = _resolved(whole, part)
    if part.get("type") == "array":
        part = _resolved(whole, part["items"])
    required = set(part.get("required", ()))
    for name, inner in part.get("properties", {}).items():
        words = inner.get("description", "") or _resolved(whole, inner).get("description", "")
        yield Value(name, _type(whole, inner), name in required, words)


WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
}


def _type(whole: Schema, part: Schema) -> str:
    part = _resolved(whole, part)
    if "enum" in part:
        return " · ".join(str(choice) for choice in part["enum"] if choice not in ("", None))
    if part.get("type") == "array":
        return f"list of {_type(whole, part['items'])}"
    if part.get("format") in ("date-time", "uri", "binary", "email"):
        return {"date-time": "time", "uri": "address", "binary": "file", "email": "e-mail"}[part["format"]]
    return WORDS.get(part.get("type", ""), "any JSON")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    groups = [(tag, list(inside)) for tag, inside in groupby(operations(), key=lambda each: each.tag)]
    return render(request, "api/docs.html", {"groups": groups})
