"""Errors as problem details (RFC 9457): what happened, to what, and what to do next."""

from math import ceil
from typing import Any

import asyncpg
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema
from starlette.exceptions import HTTPException
from starlette.types import Scope

from domain.access import SAFE_METHODS

log = structlog.get_logger(__name__)

# Refused or broken connections, a pool or a query that timed out, a server that shuts down.
DATABASE_AWAY: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)


class Problem(Exception):  # noqa: N818 - the name of RFC 9457
    """Raised anywhere below a route; becomes the answer."""

    def __init__(self, status: int, title: str, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **extra}


class TooLargeError(HTTPException):
    """The body of a request is over the limit of its route. FastAPI takes any other error for bad JSON."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"the body may have {limit} bytes here; contact files go to POST /api/imports")


class FieldProblem(BaseModel):
    """What is wrong with one part of the input."""

    field: str
    reason: str


class ProblemBody(BaseModel):
    """The body of every error. Some have more, which only this error knows, such as an estimate."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] | SkipJsonSchema[None] = Field(
        default=None, description="Of invalid input: each part that is wrong"
    )
    retry_after_s: float | SkipJsonSchema[None] = Field(
        default=None, description="Too many attempts: after how many seconds to try again"
    )
    missing: str | SkipJsonSchema[None] = Field(
        default=None, description="Not allowed: the scope, the role, or what else the caller lacks"
    )


PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ProblemBody, "description": "What is wrong with the request, and how to fix it"}
}


def unexpected() -> Response:
    """What a client may know of an error that nobody has foreseen; the log knows the rest."""
    detail = "an error on our side; try again, and if it stays, give your operator the X-Request-ID"
    return _answer(500, {"type": "about:blank", "title": "Internal error", "status": 500, "detail": detail})


def answer_of(error: Problem | TooLargeError) -> Response:
    """The answer to a request that reaches no route."""
    return _answer(error.status, error.body) if isinstance(error, Problem) else _too_large(error)


def is_uncertain(scope: Scope) -> bool:
    """Whether the answer to this request leaves open if anything was done."""
    return bool(scope["state"].get("is_uncertain"))


def not_found(what: str, identity: str) -> Problem:
    """There is no such thing."""
    return Problem(404, "Not found", f"there is no {what} {identity}")


def install(app: FastAPI) -> None:
    """Makes every error of the API a problem document."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(TooLargeError, _on_too_large)
    app.add_exception_handler(asyncpg.DataError, _on_unstorable)
    for kind in DATABASE_AWAY:
        app.add_exception_handler(kind, _on_database_error)


async def _on_problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)  # noqa: S101 - registered for this class
    return _answer(error.status, error.body)


async def _on_invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    errors = [
        {"field": ".".join(str(part) for part in item["loc"]), "reason": item["msg"]} for item in error.errors()
    ]
    detail = "; ".join(f"{item['field']}: {item['reason']}" for item in errors)
    body = {
        "type": "about:blank",
        "title": "Invalid request",
        "status": 422,
        "detail": detail,
        "errors": errors,
    }
    return _answer(422, body)


async def _on_unstorable(_: Request, error: Exception) -> JSONResponse:
    detail = f"a value cannot be stored, nothing was changed: {error}"
    return _answer(422, {"type": "about:blank", "title": "Invalid request", "status": 422, "detail": detail})


async def _on_database_error(request: Request, error: Exception) -> JSONResponse:
    log.error("the database does not answer", error=str(error))
    detail = "the database does not answer; try again in a moment"
    if request.method not in SAFE_METHODS:
        request.state.is_uncertain = True
        # It may have gone away after a commit, or with the answer to one.
        detail = (
            "the database stopped answering in the middle: this may have been done all the same; look whether "
            "it was before you ask for it again (with a new Idempotency-Key, if you use one)"
        )
    return _answer(503, {"type": "about:blank", "title": "Unavailable", "status": 503, "detail": detail})


async def _on_http_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    body = {
        "type": "about:blank",
        "title": str(error.detail),
        "status": error.status_code,
        "detail": str(error.detail),
    }
    return _answer(error.status_code, body)


async def _on_too_large(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TooLargeError)  # noqa: S101 - registered for this class
    return _too_large(error)


def _too_large(error: TooLargeError) -> JSONResponse:
    return _answer(413, {"type": "about:blank", "title": "Too large", "status": 413, "detail": error.detail})


def _answer(status: int, body: dict[str, Any]) -> JSONResponse:
    wait = body.get("retry_after_s")
    headers = None if wait is None else {"Retry-After": str(ceil(wait))}
    return JSONResponse(body, status, headers, media_type="application/problem+json")
