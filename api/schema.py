"""The OpenAPI document: what FastAPI cannot know of it, for clients that are generated from it."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api import idempotency
from api.guard import cookie_name
from api.problems import ProblemBody
from domain.access import Need, rule_for
from settings import Settings

Json = dict[str, Any]

_REFERENCE = "#/components/schemas/{model}"
_PROBLEM: Json = {
    "description": "What is wrong, and how to fix it (RFC 9457)",
    "content": {"application/problem+json": {"schema": {"$ref": _REFERENCE.format(model="ProblemBody")}}},
}
_WAIT: Json = {
    **_PROBLEM,
    "description": "Too many attempts: try again later",
    "headers": {
        "Retry-After": {"description": "After how many seconds", "schema": {"type": "integer", "minimum": 1}}
    },
}
_COUNTS_ATTEMPTS = frozenset({("post", "/api/auth/login"), ("patch", "/api/me")})
_IDEMPOTENCY_KEY: Json = {
    "name": idempotency.HEADER,
    "in": "header",
    "required": False,
    "description": "The same key again within 24 hours gives the first answer and does nothing twice; "
    "a new UUID for each new request",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def install(app: FastAPI, settings: Settings) -> None:
    """Completes the document when it is first asked for."""
    made_by_fastapi = app.openapi

    def openapi() -> Json:
        if app.openapi_schema is None:
            _complete(made_by_fastapi(), cookie_name(settings))
        return made_by_fastapi()

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI documents


def _complete(document: Json, cookie: str) -> None:
    components = document.setdefault("components", {})
    components["securitySchemes"] = {
        "key": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key, made with `relance api-key create`",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie,
            "description": "What POST /api/auth/login sets",
        },
    }
    schemas = components.setdefault("schemas", {})
    problem = ProblemBody.model_json_schema(ref_template=_REFERENCE)
    schemas.update(problem.pop("$defs"), ProblemBody=problem)
    for optional in ("errors", "retry_after_s", "missing"):
        del problem["properties"][optional]["default"]  # it is left out, never null
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if rule_for(method.upper(), path).need is not Need.OPEN:
                operation["security"] = [{"key": []}, {"session": []}]
            responses = operation["responses"]
            responses.pop("422", None)
            responses["4XX"] = responses["5XX"] = _PROBLEM
            if (method, path) in _COUNTS_ATTEMPTS:
                responses["429"] = _WAIT
            if idempotency.honours(method.upper(), path):
                operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)


def operation_name(route: APIRoute) -> str:
    """A name for generated clients, such as campaigns_list_contacts."""
    return f"{str(route.tags[0]).replace(' ', '_')}_{route.name}" if route.tags else route.name
