"""A real browser before the real API: Chromium as the system has it, driven by Playwright."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright, expect

from api.app import create_app
from api.dashboard import DIST
from api.guard import cookie_name
from domain.access import Role
from local.ports import free_port
from settings import Settings
from storage import sessions
from tests.api.people import Door
from tests.conftest import (
    Town,
    api,
    eventually,
    pool,
    running_worker,
    sandbox,
    servers,
    settings,
    temporal,
)

# Fixtures that are imported are other ones here, with values of their own: pages show all that there is, so
# they do not share servers with the tests of other rooms, and one installation hears an account's webhooks.
__all__ = ["api", "pool", "running_worker", "sandbox", "servers", "settings", "temporal"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# What keeps it quiet, and what lets it run as root in a container.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Chromium writes a line for each refusal; what the page makes of it is for the test to say.
REFUSALS = ("responded with a status of ", "net::ERR_")

# A machine under load is slow, not wrong; a page that is wrong stays so.
expect.set_options(timeout=45_000)

Opener = Callable[..., Coroutine[Any, Any, Page]]


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests; each has a window of its own."""
    if not (DIST / "index.html").exists():
        pytest.fail("the dashboard is not built: run `make web`")
    if CHROMIUM is None:
        pytest.fail("there is no Chromium: install it, on Debian with `apt-get install chromium`")
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield running
        await running.close()


@pytest.fixture
async def open_page(browser: Browser, door: Door) -> AsyncIterator[Opener]:
    """Opens a page, signed in unless told otherwise. Whatever it complains of fails the test."""
    complaints: list[str] = []
    async with AsyncExitStack() as windows:

        async def opened(
            path: str = "/",
            *,
            signed_in: bool = True,
            role: Role = Role.ADMIN,
            base_url: str = door.settings.effective_api_url,
            before: Callable[[BrowserContext], Coroutine[Any, Any, object]] | None = None,
            **options: Any,
        ) -> Page:
            context = await browser.new_context(base_url=base_url, **{"locale": "en-GB", **options})
            windows.push_async_callback(context.close)
            if signed_in:
                await sign_in(context, door, base_url, role)
            if before:
                await before(context)
            page = await context.new_page()
            page.set_default_timeout(45_000)
            page.on("console", lambda message: complaints.extend(_complaint(message)))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            await page.goto(path)
            return page

        yield opened
    assert complaints == []


def _complaint(message: ConsoleMessage) -> list[str]:
    is_refusal = any(refusal in message.text for refusal in REFUSALS)
    return [message.text] if message.type in {"error", "warning"} and not is_refusal else []


@pytest.fixture
async def alone(town: Town) -> AsyncIterator[None]:
    """No sender of another test: all that can send are chosen for a new campaign."""
    pause = "UPDATE senders SET status = 'paused', pause_scope = 'all' WHERE status = 'active' RETURNING id"
    paused = [each["id"] for each in await town.pool.fetch(pause)]
    yield
    await town.pool.execute(
        "UPDATE senders SET status = 'active', pause_scope = NULL WHERE id = ANY ($1)", paused
    )


async def sign_in(context: BrowserContext, door: Door, base_url: str, role: Role = Role.ADMIN) -> None:
    """Gives this browser the session of somebody new."""
    user = await door.user(role)
    token = await sessions.open_session(door.pool, user.id, user_agent="a browser")
    await context.add_cookies([{"name": cookie_name(door.settings), "value": token, "url": base_url}])


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[str]:
    """Another API with settings of its own; gives its address."""
    port = free_port()
    alone = settings.model_copy(update={"api_port": port, "public_url": None, "webhook_secret": None})
    server = uvicorn.Server(uvicorn.Config(create_app(alone), port=port, log_config=None, access_log=False))
    running = asyncio.create_task(server.serve())
    try:
        async with httpx.AsyncClient(base_url=alone.effective_api_url) as client:

            async def ready() -> bool:
                with suppress(httpx.TransportError):
                    return (await client.get("/healthz")).is_success
                return False

            await eventually(ready, what="the API")
        yield alone.effective_api_url
    finally:
        server.should_exit = True
        await running
