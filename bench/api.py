"""How quick is the API with 100,000 contacts and campaigns of 100,000 and 1,000,000?

1. Warm, 50 requests a second from a second process, reads and writes mixed: p50 and p99 per route. Reads under
   20 ms, writes under 50 ms, statistics of the million under 10 ms, at the 99th percentile of all requests of a
   kind, and of the slowest route by itself. `cache statistics` asks nobody: what it takes is the noise of this
   machine, and with some dozens of requests per route, one pause of the machine is a 99th percentile.
2. Redis is killed and stays away: no error, reads under 50 ms.
3. A dashboard's hour, replayed: more than 90 % of the lookups hit.
"""

import asyncio
import time
from statistics import quantiles

import httpx

from bench.api_data import Ids, fill
from bench.api_load import Json, Orders, Request, run_elsewhere
from bench.driving import Report, run_stack
from local.stack import Stack

RATE_PER_S = 50.0
WARM_S, MIXED_S, AWAY_S, HOUR_S = 10.0, 120.0, 20.0, 60.0
TARGETS = {
    "reads_p99_ms": 20.0,
    "slowest_read_p99_ms": 20.0,
    "writes_p99_ms": 50.0,
    "statistics_of_the_million_p99_ms": 10.0,
    "reads_without_redis_p99_ms": 50.0,
    "errors": 0,
    "misses_in_a_dashboard_hour_percent": 10.0,
}
MILLION = "statistics of the million"


def mix(ids: Ids) -> list[Request]:
    """What people and programs ask for. Routes that this version does not have are left out."""
    gets = [
        ("statistics", "/api/statistics", 4),
        ("daily statistics", "/api/statistics/daily?days=30", 2),
        (MILLION, f"/api/campaigns/{ids.large}/statistics", 6),
        ("days of the million", f"/api/statistics/daily?days=30&campaign_id={ids.large}", 2),
        ("statistics of a category", f"/api/categories/{ids.category}/statistics", 2),
        ("monitoring", "/api/monitoring/stats", 3),
        ("cache statistics", "/api/cache/stats", 1),
        ("ready", "/readyz", 1),
        ("metrics", "/metrics", 1),
        ("contacts", "/api/contacts", 6),
        ("contacts by name", "/api/contacts?order=name&limit=100", 2),
        ("contacts of a category", f"/api/contacts?category_id={ids.category}", 2),
        ("contacts found", "/api/contacts?q=Person 9{n}", 2),
        ("contact", f"/api/contacts/{ids.contact}", 4),
        ("timeline", f"/api/contacts/{ids.contact}/timeline", 1),
        ("categories", "/api/categories", 4),
        ("category", f"/api/categories/{ids.category}", 2),
        ("campaigns", "/api/campaigns", 4),
        ("campaign of a million", f"/api/campaigns/{ids.large}", 4),
        ("contacts of the million", f"/api/campaigns/{ids.large}/contacts", 2),
        ("failed of the million", f"/api/campaigns/{ids.large}/contacts?state=failed", 2),
        ("lanes of the million", f"/api/campaigns/{ids.large}/lanes", 2),
        ("messages", "/api/messages", 4),
        ("messages of the million", f"/api/messages?campaign_id={ids.large}&status=failed", 2),
        ("message", f"/api/messages/{ids.message}", 2),
        ("interactions", f"/api/interactions?campaign_id={ids.large}", 2),
        ("senders", "/api/senders", 2),
        ("sender", f"/api/senders/{ids.sender}", 2),
        ("settings", "/api/settings", 1),
        ("opt-outs", "/api/opt-outs", 1),
    ]
    draft = {
        "name": "Draft {n}",
        "message_1": "Hello",
        "message_2": "Thank you",
        "sender_ids": [ids.sender],
        "category_ids": [ids.category],
    }
    writes = [
        Request(
            name="add contact",
            method="POST",
            path="/api/contacts",
            weight=3,
            body={"phone": "+3363998{n}", "name": "New", "category_ids": [ids.category]},
        ),
        Request(
            name="change contact",
            method="PATCH",
            path=f"/api/contacts/{ids.contact}",
            weight=3,
            body={"name": "Person {n}"},
        ),
        Request(
            name="change category",
            method="PATCH",
            path=f"/api/categories/{ids.category}",
            weight=1,
            body={"colour": "#123456"},
        ),
        Request(name="add campaign", method="POST", path="/api/campaigns", weight=1, body=draft),
    ]
    return [Request(name=name, method="GET", path=path, weight=weight) for name, path, weight in gets] + writes


async def known(api: httpx.AsyncClient, requests: list[Request]) -> list[Request]:
    """Those that this version serves; each is tried once, and anything but success ends the benchmark."""
    served = []
    for request in requests:
        if request.body is None:
            answer = await api.request(request.method, request.path.replace("{n}", "1"))
            if answer.status_code in {404, 405}:
                continue
            answer.raise_for_status()
        elif (await api.request(request.method, request.path, json={})).status_code in {404, 405}:
            continue
        served.append(request)
    return served


def dashboard(requests: list[Request]) -> list[Request]:
    """What the dashboard of two people reads, again and again."""
    shown = {"statistics", "daily statistics", MILLION, "statistics of a category", "monitoring", "contacts"}
    shown |= {"categories", "category"}
    return [request for request in requests if request.name in shown]


async def load(
    stack: Stack, api: httpx.AsyncClient, requests: list[Request], duration_s: float, seed: int
) -> Json:
    """That mix for so long."""
    orders = Orders(
        base_url=str(stack.addresses.api_url),
        headers={name: value for name, value in api.headers.items() if name == "authorization"},
        rate_per_s=RATE_PER_S,
        duration_s=duration_s,
        requests=requests,
        seed=seed,
    )
    return await run_elsewhere(orders)


def p99(took_ms: list[float]) -> float:
    """The 99th percentile; of few, the largest."""
    return round(quantiles(took_ms, n=100)[-1] if len(took_ms) >= 100 else max(took_ms), 1)


def judge(report: Report, requests: list[Request], result: Json) -> None:
    """A line per route, and the worst of each kind of figure."""
    everything: dict[str, list[float]] = {"reads_p99_ms": [], "writes_p99_ms": []}
    for request in requests:
        took = result["took"][request.name]
        if not took:
            continue
        everything["reads_p99_ms" if request.method == "GET" else "writes_p99_ms"] += took
        if request.method == "GET":
            report.worst("slowest_read_p99_ms", p99(took))
        median = sorted(took)[len(took) // 2]
        report.row(
            f"{request.method} {request.name}", f"p50 {median:.1f} ms, p99 {p99(took):.1f} ms ({len(took)})"
        )
    for name, took in everything.items():
        if took:
            report.worst(name, p99(took))
    report.worst("statistics_of_the_million_p99_ms", p99(result["took"][MILLION]))


def note_errors(report: Report, result: Json) -> None:
    """Any error is one too many; the first of each route is shown."""
    found: dict[str, list[str]] = result["errors"]
    report.figures["errors"] = report.figures.get("errors", 0) + sum(len(each) for each in found.values())
    for name, each in found.items():
        report.row(f"error: {name}", f"{len(each)} times {each[0]}")


async def main() -> None:
    """Prints the table and, last, one line of JSON."""
    report = Report("api", "The API at 50 requests/s: 100,000 contacts, 1,000,000 enrolled", TARGETS)
    async with run_stack("api") as (stack, api, _):
        began = time.perf_counter()
        ids = await fill(stack.addresses.database_url)
        report.row("data made in", f"{time.perf_counter() - began:.0f} s")
        requests = await known(api, mix(ids))
        reads = [request for request in requests if request.method == "GET"]
        await load(stack, api, reads, WARM_S, seed=1)

        result = await load(stack, api, requests, MIXED_S, seed=2)
        judge(report, requests, result)
        note_errors(report, result)

        before = (await api.get("/api/cache/stats")).json()
        result = await load(stack, api, dashboard(reads), HOUR_S, seed=3)
        after = (await api.get("/api/cache/stats")).json()
        note_errors(report, result)
        hits, misses = (after[name] - before[name] for name in ("hits", "misses"))
        report.figures["misses_in_a_dashboard_hour_percent"] = round(100 * misses / max(1, hits + misses), 1)
        report.row("hits in a dashboard hour", f"{hits} of {hits + misses}")

        killing = asyncio.create_task(_keep_away(stack))
        result = await load(stack, api, reads, AWAY_S, seed=4)
        killing.cancel()
        note_errors(report, result)
        took = [each for request in reads for each in result["took"][request.name]]
        report.figures["reads_without_redis_p99_ms"] = p99(took)
    report.print()


async def _keep_away(stack: Stack) -> None:
    await asyncio.sleep(AWAY_S / 4)
    await stack.supervisor.kill("valkey")
    await stack.supervisor.stop("valkey")


if __name__ == "__main__":
    asyncio.run(main())
