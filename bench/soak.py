"""Does anything grow? `make bench-soak MINUTES=120`: one campaign after the other, webhooks and a dashboard.

At the end of every campaign, when nothing is under way, memory, connections, open files and open workflows are
noted. The first third of the time is warm-up. What is left has a slope: the median of those between any two
samples, so that one odd sample does not decide. Memory is what only that process has: what PostgreSQL's
processes share is its cache, which is meant to fill up.
"""

import argparse
import asyncio
import itertools
import os
import statistics
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic

import asyncpg
import httpx
import psutil
from temporalio.client import Client

from bench.driving import Json, Report, add_contacts, inbound, post, run_stack
from local.stack import Stack

DEVICE, ACCOUNT = "5a0db0c5e1a2b3c4d5e6f701", "+33199000001"
CONTACTS = 30  # of one campaign
PHONES = [f"+3363998{number:04d}" for number in range(CONTACTS)]
ANSWERING = PHONES[1::2]
RATE_PER_S = 4.0
WINDOW_S = 15.0  # longer than the sending takes: whoever answers does so when all have Message 1
WEBHOOKS_PER_S = 4.0
READS_PER_S = 2.0
WARM_UP = 1 / 3  # of the time
LONGEST_CAMPAIGN_S = 180.0
MB = 2**20

COMPONENTS = ("worker", "api", "temporal", "postgres", "valkey", "sandbox")
# By how many percent each may grow after the warm-up. The sandbox keeps its journal in memory on purpose, and
# what PostgreSQL needs goes with its connections, so nothing is expected of those two. Temporal's server
# collects its garbage late: it goes up and down by a third all the time.
MOST_PERCENT = {
    "worker": 10.0,
    "api": 10.0,
    "temporal": 40.0,
    "postgres_per_connection": 10.0,
    "valkey": 25.0,
    "connections": 15.0,
    "files": 10.0,
    "open_workflows": 10.0,
}
# Who reacted after the window had ended, as the sending took that long.
LATE = """
    SELECT co.phone, ca.message_2 AS body
    FROM campaign_contacts cc
    JOIN contacts co ON co.id = cc.contact_id JOIN campaigns ca ON ca.id = cc.campaign_id
    WHERE cc.state = 'late_interaction' AND NOT EXISTS (
        SELECT 1 FROM interactions i
        WHERE i.campaign_id = cc.campaign_id AND i.contact_id = cc.contact_id AND i.within_24h
    )
"""
PAGES = ("/api/campaigns", "/api/statistics", "/api/monitoring/stats", "/api/messages", "/metrics", "/readyz")
Sample = dict[str, float]


@dataclass(slots=True)
class Soak:
    """The stack under its small load, and what was noted so far."""

    stack: Stack
    api: httpx.AsyncClient
    sandbox: httpx.AsyncClient
    temporal: Client
    samples: list[tuple[float, Sample]] = field(default_factory=list)  # with their time, in seconds
    campaigns: int = 0
    errors: Counter[str] = field(default_factory=Counter)

    async def live(self, minutes: float) -> None:
        """Until the time is over; the last campaign may take a moment longer."""
        sender = await post(
            self.api,
            "/api/senders",
            {"name": "Soak", "phone": ACCOUNT, "device_id": DEVICE, "message_1_rate_per_s": RATE_PER_S},
        )
        category_id = await add_contacts(self.api, "Soak", 0, CONTACTS)
        loads = [asyncio.create_task(self._webhooks()), asyncio.create_task(self._reads())]
        began = monotonic()
        try:
            while monotonic() - began < minutes * 60:
                await self._campaign(sender["id"], category_id)
                self.samples.append((monotonic() - began, await self.sample()))
                self._say(monotonic() - began)
        finally:
            for load in loads:
                load.cancel()
            await asyncio.gather(*loads, return_exceptions=True)

    async def _campaign(self, sender_id: str, category_id: str) -> None:
        self.campaigns += 1
        draft = {
            "name": f"Soak {self.campaigns}",
            "message_1": f"1 of {self.campaigns}",
            "message_2": f"2 of {self.campaigns}",
            "sender_ids": [sender_id],
            "category_ids": [category_id],
            "window_s": WINDOW_S,
            "grace_s": 1,
            "batch_size": 25,
            "batch_pause_s": 0,
        }
        campaign_id = (await post(self.api, "/api/campaigns", draft))["id"]
        await post(self.api, f"/api/campaigns/{campaign_id}/start", {})
        async with asyncio.timeout(LONGEST_CAMPAIGN_S):
            while (await self._shown(campaign_id))["counts"]["messages_1_sent"] < CONTACTS:
                await asyncio.sleep(0.5)
            for phone in ANSWERING:
                await self._webhook(phone)
            while not (await self._shown(campaign_id))["closed_at"]:
                await asyncio.sleep(0.5)

    async def _shown(self, campaign_id: str) -> Json:
        shown: Json = (await self.api.get(f"/api/campaigns/{campaign_id}")).raise_for_status().json()
        return shown

    async def _webhook(self, phone: str) -> None:
        """Somebody writes to us."""
        path = f"/webhooks/wassenger/{self.stack.servers.data_dir.secret('webhook')}"
        await self._call("webhook", "POST", path, inbound(phone, device=DEVICE, account=ACCOUNT))

    async def _webhooks(self) -> None:
        """Strangers, whom no campaign knows."""
        for number in itertools.count():
            await self._webhook(f"+3363998{9000 + number % 1000}")
            await asyncio.sleep(1 / WEBHOOKS_PER_S)

    async def _reads(self) -> None:
        """A dashboard that is open all the time."""
        for page in itertools.cycle(PAGES):
            await self._call(page, "GET", page)
            await asyncio.sleep(1 / READS_PER_S)

    async def _call(self, name: str, method: str, path: str, body: Json | None = None) -> None:
        try:
            answer = await self.api.request(method, path, json=body)
        except httpx.TransportError as error:
            self.errors[f"{name}: {type(error).__name__}"] += 1
        else:
            if not answer.is_success:
                self.errors[f"{name}: {answer.status_code}"] += 1

    async def sample(self) -> Sample:
        """All figures at this moment."""
        figures = {"files": 0.0}
        for component in self.stack.components():
            memory, files = await asyncio.to_thread(_of_tree, component.pid)
            figures[component.name] = memory / MB
            # PostgreSQL's go with its connections, and with the tables that these have seen.
            figures["files"] += 0 if component.name == "postgres" else files
        async with self._database() as connection:
            figures["connections"] = await connection.fetchval(
                "SELECT count(*) - 1 FROM pg_stat_activity WHERE backend_type = 'client backend'"
            )
            figures["unfinished_webhooks"] = await connection.fetchval(
                "SELECT count(*) FROM webhook_events WHERE status IN ('received', 'parked')"
            )
        figures["postgres_per_connection"] = figures["postgres"] / figures["connections"]
        figures["open_workflows"] = (await self.temporal.count_workflows("ExecutionStatus = 'Running'")).count
        return figures

    @asynccontextmanager
    async def _database(self) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
        connection = await asyncpg.connect(self.stack.addresses.database_url, timeout=20)
        try:
            yield connection
        finally:
            await connection.close()

    def _say(self, at_s: float) -> None:
        latest = " ".join(f"{name} {value:.0f}" for name, value in self.samples[-1][1].items())
        print(f"{at_s / 60:6.1f} min, campaign {self.campaigns}: {latest}", flush=True)

    async def verdict(self) -> dict[str, float]:
        """Messages that a phone got twice, and those that it should have got and did not."""
        journal = (await self.sandbox.get("/control/journal")).json()["messages"]
        got = Counter((entry["phone"], entry["body"]) for entry in journal)
        numbers = range(1, self.campaigns + 1)
        wanted = {(phone, f"1 of {number}") for phone in PHONES for number in numbers}
        wanted |= {(phone, f"2 of {number}") for phone in ANSWERING for number in numbers}
        async with self._database() as connection:
            late = {(row["phone"], row["body"]) for row in await connection.fetch(LATE)}
        return {
            "doubled": sum(count - 1 for count in got.values()),
            "lost": len(wanted - got.keys() - late),
            "late_reactions": len(late),
        }


def _of_tree(pid: int | None) -> tuple[int, int]:
    """Bytes that a process and its descendants share with nobody, and how many files they have open."""
    memory = files = 0
    if pid is None:
        return memory, files
    top = psutil.Process(pid)
    for process in (top, *top.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # one of PostgreSQL's, whose client has left
            memory += process.memory_full_info().uss
            files += process.num_fds()
    return memory, files


def slope_per_hour(samples: list[tuple[float, float]]) -> float:
    """The median of the slopes between any two samples (Theil-Sen); times are in seconds."""
    pairs = itertools.combinations(samples, 2)
    slopes = [(later[1] - earlier[1]) / (later[0] - earlier[0]) for earlier, later in pairs]
    return 3600 * statistics.median(slopes) if slopes else 0.0


def report_of(soak: Soak, minutes: float, verdict: dict[str, float]) -> Report:
    """The verdict, from the samples after the warm-up."""
    targets = {f"{name}_grown_percent": most for name, most in MOST_PERCENT.items()}
    title = f"Soak of {minutes:g} minutes, {soak.campaigns} campaigns of {CONTACTS} contacts"
    report = Report("soak", title, {**targets, "doubled": 0, "lost": 0, "errors": 0})
    warm = [sample for sample in soak.samples if sample[0] >= WARM_UP * minutes * 60]
    for name in soak.samples[0][1]:
        series = [(at_s, sample[name]) for at_s, sample in warm]
        values = [value for _, value in series]
        unit = " MB" if name.removesuffix("_per_connection") in COMPONENTS else ""
        slope = slope_per_hour(series)
        hours = (series[-1][0] - series[0][0]) / 3600
        report.figures[f"{name}{'_mb' if unit else ''}_per_hour"] = round(slope, 2)
        if name in MOST_PERCENT:
            grown = 100 * slope * hours / statistics.median(values)
            report.figures[f"{name}_grown_percent"] = round(grown, 1)
        first, last = soak.samples[0][1][name], soak.samples[-1][1][name]
        report.row(
            name,
            f"first {first:.1f}, warm {values[0]:.1f}, last {last:.1f}, most {max(values):.1f}{unit}; "
            f"{slope:+.1f}{unit} per hour",
        )
    for what, count in soak.errors.items():
        report.row(what, f"{count} times")
    report.figures |= {**verdict, "errors": soak.errors.total()}
    report.figures |= {"minutes": minutes, "samples_after_warm_up": len(warm)}
    return report


async def soak_for(minutes: float) -> Report:
    """A whole soak on a stack of its own."""
    os.environ["RELANCE_PROFILE"] = "standard"
    os.environ["RELANCE_QUOTA_PER_DAY"] = "1000000"
    async with run_stack("soak") as (stack, api, sandbox):
        soak = Soak(stack, api, sandbox, await Client.connect(stack.addresses.temporal_address))
        await soak.live(minutes)
        return report_of(soak, minutes, await soak.verdict())


def main() -> None:
    """Prints the table and, last, one line of JSON; the exit code says nothing, as in all benchmarks."""
    parser = argparse.ArgumentParser(prog="make bench-soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=120)
    asyncio.run(soak_for(parser.parse_args().minutes)).print()


if __name__ == "__main__":
    main()
