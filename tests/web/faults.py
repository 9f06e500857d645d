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
            await route.continue_()
            return
        await route.fulfill(
            status=body["status"], body=json.dumps(body), content_type="application/problem+json"
        )

    await page.route(path, answer)
