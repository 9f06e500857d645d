"""The application: its routes, its errors in the shape of each provider, and the world behind them."""

import contextlib
import logging
from collections.abc import AsyncIterator
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from sandbox.api import account, control, device_queues, messages, webhooks
from sandbox.api.front import Front
from sandbox.errors import ApiError, error_body
from sandbox.meta import api as meta
from sandbox.meta.errors import MetaError, meta_error_body
from sandbox.store import Json
from sandbox.world import Universe

log = logging.getLogger(__name__)


def build_app(universe: Universe, token: str) -> Front:
    """Everything behind the door that checks the token."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        universe.open()
        yield
        await universe.close()

    app = FastAPI(title="Wassenger sandbox", openapi_url=None, lifespan=lifespan)
    app.state.universe = universe
    for subject in (messages, account, device_queues, webhooks, control, meta):
        app.include_router(subject.router)
    app.add_api_route("/healthz", healthz)
    app.add_exception_handler(ApiError, refuse)
    app.add_exception_handler(MetaError, refuse_as_meta)
    for status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        app.add_exception_handler(status, refuse_route)
    app.add_exception_handler(Exception, fail)
    return Front(app, universe, token)


async def healthz() -> Json:
    return {"status": "ok"}


async def refuse(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, ApiError):
        raise error
    return JSONResponse(error.body, status_code=error.status)


async def refuse_as_meta(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, MetaError):
        raise error
    return JSONResponse(meta_error_body(error.code, str(error), error.subcode), status_code=error.status)


async def refuse_route(request: Request, error: Exception) -> JSONResponse:
    status = HTTPStatus(getattr(error, "status_code", 404))
    return JSONResponse(
        error_body(status, f"{request.method} {request.url.path}: {status.phrase}"), status_code=status
    )


async def fail(_request: Request, _error: Exception) -> JSONResponse:
    """uvicorn logs the traceback; the caller gets the provider's 500."""
    return JSONResponse(error_body(500, "Internal server error"), status_code=500)
