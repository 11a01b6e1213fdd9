"""OpenAPI 3.1 from the route table and the shapes: nothing is described twice."""

from __future__ import annotations

import http
import re
from typing import Any

import msgspec

from glasshouse.model.request import OperationRequest
from glasshouse.web.api.endpoints import ENDPOINTS
from glasshouse.web.http.problems import ProblemBody
from glasshouse.web.http.query import (
    DEFAULT_PER_PAGE,
    MAX_ENTRY,
    MAX_PAGE,
    MAX_PER_PAGE,
    MAX_TEXT,
    OUTCOMES,
)
from glasshouse.web.http.replies import JSON, PROBLEM
from glasshouse.web.pages.stored import MEDIA
from glasshouse.web.request.routes import ROUTES, Kind, Route
from glasshouse.web.shapes.operations import READ, SENT, SHAPES
from glasshouse.web.shapes.responses import HealthShape

_REF = "#/components/schemas/{name}"
_PROBLEMS = (400, 401, 403, 404, 503)
_NUMBERS = {"page": (1, MAX_PAGE), "per_page": (DEFAULT_PER_PAGE, MAX_PER_PAGE)}

_CREDENTIALS = {
    "token": {"type": "http", "scheme": "bearer"},
    "password": {"type": "http", "scheme": "basic"},
}


_NAMES = {OperationRequest.__name__: "Order"}
"""Shapes that have another name in the description: clients were generated from it."""


def openapi() -> bytes:
    """Return the description of the JSON API as JSON."""
    shapes: set[type[msgspec.Struct]] = {
        ProblemBody,
        HealthShape,
        *(end.shape for end in ENDPOINTS.values()),
        *SHAPES,
        *(end.listing for end in ENDPOINTS.values() if end.listing),
    }
    ordered = sorted(shapes, key=_name)
    _, described = msgspec.json.schema_components(ordered, ref_template=_REF)
    components = {
        _NAMES.get(name, name): shape | {"title": _NAMES.get(name, name)}
        for name, shape in described.items()
    }
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Glasshouse",
            "version": "1",
            "description": "What the job servers hold, as far as who asks may see it.",
        },
        "paths": {
            route.pattern: {"get": _operation(route)} for route in ROUTES if route.kind is Kind.API
        }
        | {route.pattern: {"get": _bytes(route)} for route in ROUTES if route.kind is Kind.BYTES}
        | {"/api/v1/step-up": {"post": _step_up()}, "/api/v1/audit": {"get": _audit()}}
        | {"/api/v1/audit/export": {"get": _audit_export()}}
        | _orders(),
        "components": {"schemas": components, "securitySchemes": _CREDENTIALS},
        # The first: anonymous access, where the settings allow it.
        "security": [{}, {"token": []}, {"password": []}],
    }
    return msgspec.json.encode(document)


def _operation(route: Route) -> dict[str, Any]:
    endpoint = ENDPOINTS[route.name]
    shape: dict[str, Any] = {"$ref": _REF.format(name=endpoint.shape.__name__)}
    if endpoint.listing is not None:
        items = {"type": "object", "properties": {"items": {"type": "array", "items": shape}}}
        shape = {"allOf": [{"$ref": _REF.format(name=endpoint.listing.__name__)}, items]}
    return {
        "operationId": route.name + ("_by_query" if route.needs else ""),
        "summary": (endpoint.handler.__doc__ or "").partition("\n")[0],
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": {"200": _response("The answer.", JSON, shape)} | _problems(),
    }


def _step_up() -> dict[str, Any]:
    """Return the operation that exchanges a code for a token."""
    return {
        "operationId": "step_up",
        "summary": "Exchange the current code of the second factor for a token.",
        "parameters": [
            {
                "name": "Glasshouse-OTP",
                "in": "header",
                "required": False,
                "description": "The code, where it is not in the body.",
                "schema": {"type": "string"},
            }
        ],
        "requestBody": {
            "content": {
                JSON: {"schema": {"type": "object", "properties": {"code": {"type": "string"}}}}
            }
        },
        "responses": {
            "200": _response(
                "A token that is good for the age of the factor, in seconds.",
                JSON,
                {
                    "type": "object",
                    "required": ["token", "expires_in"],
                    "properties": {
                        "token": {"type": "string"},
                        "expires_in": {"type": "integer"},
                    },
                },
            )
        }
        | _problems(),
    }


def _orders() -> dict[str, dict[str, Any]]:
    """Return the paths that change the server and read the outcomes."""
    paths: dict[str, dict[str, Any]] = {}
    for name, (summary, body, answers) in SENT.items():
        route = _named(name)
        properties = {
            str(status): _response(http.HTTPStatus(status).phrase, JSON, _ref(shape))
            for status, shape in answers.items()
        }
        paths.setdefault(route.pattern, {})["post"] = {
            "operationId": "stop_operation" if name in READ else name,
            "summary": summary,
            "description": "See docs/operations.md for what each operation names.",
            "parameters": _path_parameters(route),
            "requestBody": {"required": True, "content": {JSON: {"schema": _ref(body)}}},
            "responses": properties | _problems((409, 429)),
        }
    for name, (summary, shape) in READ.items():
        route = _named(name)
        paths.setdefault(route.pattern, {})["get"] = {
            "operationId": name,
            "summary": summary,
            "parameters": _path_parameters(route),
            "responses": {"200": _response("The answer.", JSON, _ref(shape))} | _problems(),
        }
    return paths


def _ref(shape: type[msgspec.Struct]) -> dict[str, Any]:
    return {"$ref": _REF.format(name=_name(shape))}


def _name(shape: type[msgspec.Struct]) -> str:
    return _NAMES.get(shape.__name__, shape.__name__)


def _named(name: str) -> Route:
    return next(route for route in ROUTES if route.name == name)


def _audit() -> dict[str, Any]:
    route = _named("audit_listing")
    item = {
        "type": "object",
        "required": ["digest", "record"],
        "properties": {"digest": {"type": "string"}, "record": {"type": "object"}},
    }
    sink = {
        "type": "object",
        "description": "A place that gets the ledger too, up to record seq.",
        "required": ["name", "seq"],
        "properties": {
            "name": {"type": "string"},
            "seq": {"type": "integer"},
            "fault": {"type": "string"},
        },
    }
    return {
        "operationId": route.name,
        "summary": "List records of the audit ledger, the newest first.",
        "description": "For roles that see the ledger. The next older ones come with the "
        "parameter until as it is answered, which is absent at the end. See docs/audit.md.",
        "parameters": _query_parameters(route),
        "responses": {
            "200": _response(
                "Records, and how many there are in all.",
                JSON,
                {
                    "type": "object",
                    "required": ["items", "total", "per_page"],
                    "properties": {
                        "items": {"type": "array", "items": item},
                        "total": {"type": "integer"},
                        "per_page": {"type": "integer"},
                        "until": {"type": "integer"},
                        "sinks": {"type": "array", "items": sink},
                    },
                },
            )
        }
        | _problems(),
    }


def _audit_export() -> dict[str, Any]:
    route = _named("audit_export")
    return {
        "operationId": route.name,
        "summary": "Give records of the audit ledger as a file, the oldest first.",
        "description": "format is jsonl (the default) or csv. The export itself is recorded.",
        "parameters": _query_parameters(route),
        "responses": {
            "200": _response("One record a line.", "application/jsonl", {"type": "string"})
        }
        | _problems(),
    }


def _bytes(route: Route) -> dict[str, Any]:
    """Return the operation of a route that responds with bytes as they are stored."""
    return {
        "operationId": route.name,
        "summary": "Give a job's payload as it is stored, byte for byte.",
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": {"200": _response("The bytes.", MEDIA, {"type": "string", "format": "binary"})}
        | _problems(),
    }


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", route.pattern)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "required": name in route.needs, "schema": _schema(name)}
        for name in route.query
    ]


def _schema(name: str) -> dict[str, Any]:
    if name == "outcome":
        return {"type": "string", "enum": ["", *OUTCOMES]}
    if name == "days":
        return {"type": "integer", "enum": [30, 90, 180], "default": 30}
    if name == "until":
        return {"type": "integer", "minimum": 1, "maximum": MAX_ENTRY}
    if name not in _NUMBERS:
        return {"type": "string", "maxLength": MAX_TEXT}
    default, maximum = _NUMBERS[name]
    return {"type": "integer", "minimum": 1, "maximum": maximum, "default": default}


def _problems(more: tuple[int, ...] = ()) -> dict[str, Any]:
    shape = {"$ref": _REF.format(name=ProblemBody.__name__)}
    return {
        str(status): _response(http.HTTPStatus(status).phrase, PROBLEM, shape)
        for status in (*_PROBLEMS, *more)
    }


def _response(description: str, media: str, shape: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {media: {"schema": shape}}}
