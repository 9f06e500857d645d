"""The load for `bench.api`, a process of its own: a steady rate, whether or not answers come in time.

Reads its orders as JSON from standard input, and writes what every request took as JSON. A request counts from
the moment at which it was due, so a server that stalls is not spared the requests that wait meanwhile.
"""

import asyncio
import json
import random
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

import httpx

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One kind of request. `{n}` in path and body becomes a number, of four digits in the body."""

    name: str
    method: str
    path: str
    weight: int
    body: Json | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Orders:
    """What to do."""

    base_url: str
    headers: dict[str, str]
    rate_per_s: float
    duration_s: float
    requests: list[Request]
    seed: int = 1


async def run(orders: Orders) -> Json:
    """By name: what the requests took in ms, and how many were no success."""
    chosen = random.Random(orders.seed)  # noqa: S311 - the same mix every time
    weights = [request.weight for request in orders.requests]
    took: dict[str, list[float]] = {request.name: [] for request in orders.requests}
    errors: dict[str, list[str]] = {request.name: [] for request in orders.requests}
    # Shorter than the server keeps them: none is closed under a request.
    limits = httpx.Limits(max_connections=50, max_keepalive_connections=50, keepalive_expiry=2)
    async with httpx.AsyncClient(
        base_url=orders.base_url, headers=orders.headers, timeout=30, limits=limits
    ) as client:

        async def one(request: Request, number: int, due: float) -> None:
            text = json.dumps(request.body).replace("{n}", f"{number % 10_000:04d}") if request.body else None
            try:
                answer = await client.request(
                    request.method,
                    request.path.replace("{n}", str(number)),
                    content=text,
                    headers={"Content-Type": "application/json"} if text else {},
                )
                if answer.is_error:
                    errors[request.name].append(f"{answer.status_code} {answer.text[:200]}")
            except httpx.HTTPError as error:
                errors[request.name].append(repr(error))
            took[request.name].append((time.perf_counter() - due) * 1000)

        running = []
        began = time.perf_counter()
        for number in range(int(orders.rate_per_s * orders.duration_s)):
            due = began + number / orders.rate_per_s
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            request = chosen.choices(orders.requests, weights)[0]
            running.append(asyncio.create_task(one(request, orders.seed * 100_000 + number, due)))
        await asyncio.gather(*running)
    return {"took": took, "errors": {name: found for name, found in errors.items() if found}}


async def run_elsewhere(orders: Orders) -> Json:
    """The same in a second process, so that both have their own event loop."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.api_load",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate(json.dumps(asdict(orders)).encode())
    result: Json = json.loads(output)
    return result


def main() -> None:
    """Standard input to standard output."""
    orders = json.load(sys.stdin)
    orders["requests"] = [Request(**request) for request in orders["requests"]]
    json.dump(asyncio.run(run(Orders(**orders))), sys.stdout)


if __name__ == "__main__":
    main()
