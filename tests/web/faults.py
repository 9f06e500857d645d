"""Answers that a browser gets instead of the API's."""

import json
from collections.abc import Iterator
from typing import Any

from playwright.async_api import Page, Route

BROKEN = {"type": "about:blank", "title": "Internal error", "status": 500, "detail": "it was logged"}


async def answer_with(page: Page, path: str, method: str, *bodies: dict[str, Any]) -> None:
    """The next requests of that method get these problem documents, one each; those after them get through."""
    left: Iterator[dict[str, Any]] = iter(bodies)

    async def answer(route: Route) -> None:
        body = next(left, None) if route.request.method == method else None
        if body is None:
            await route.fallback()
            return
        await route.fulfill(
            status=body["status"], body=json.dumps(body), content_type="application/problem+json"
        )

    await page.route(path, answer)


# How a request ends, and what people are told of it.
FAULTS = {
    "500": "The server has a problem",
    "503": "The server is busy or restarting",
    "cut": "The server cannot be reached",
}


async def fail_once(page: Page, path: str, method: str, fault: str) -> None:
    """The next request of that method goes wrong; those after it get through."""
    if fault != "cut":
        await answer_with(page, path, method, {**BROKEN, "status": int(fault)})
        return
    left = 1

    async def cut(route: Route) -> None:
        nonlocal left
        if route.request.method != method or not left:
            await route.fallback()
            return
        left -= 1
        await route.abort()

    await page.route(path, cut)
