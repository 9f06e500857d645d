"""Applications that a test makes for itself, in its own process."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from tests.conftest import AUTHORIZED


@asynccontextmanager
async def client_of(
    application: FastAPI, *, base_url: str = "http://test", headers: Mapping[str, str] = AUTHORIZED
) -> AsyncIterator[httpx.AsyncClient]:
    """A way to ask an application, with its lifespan around it."""
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(application), base_url=base_url, headers=headers
        ) as client,
    ):
        yield client
