"""HTTP answers of our own in place of a gateway and an API."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Answer = Callable[[httpx.Request], httpx.Response]
WELL = {"status": "operative", "session": {"status": "online"}}
OFFLINE = {"status": "operative", "session": {"status": "offline"}}


def answer_with(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    """Every HTTP client that is made from now on talks to this function."""
    real = httpx.AsyncClient

    def client(**options: Any) -> httpx.AsyncClient:
        return real(**{**options, "transport": httpx.MockTransport(answer)})

    monkeypatch.setattr(httpx, "AsyncClient", client)


def gateway_with(devices: dict[str, dict[str, Any]]) -> Answer:
    """A gateway that knows these devices, and an API that is well."""

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/healthz":
            return httpx.Response(200, json={"status": "ok"})
        if request.headers["Token"] != "secret":
            return httpx.Response(401, json={"message": "unknown token"})
        if path == "/v1/devices":
            return httpx.Response(200, json=[{"id": name, **state} for name, state in devices.items()])
        device = path.removeprefix("/v1/devices/")
        if device in devices:
            return httpx.Response(200, json={"id": device, **devices[device]})
        return httpx.Response(404, json={"message": "device not found"})

    return answer
