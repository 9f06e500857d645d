"""Is the pace exact? Two workers, two campaigns, one sender; the sandbox's journal is the judge.

1. Gaps between Messages 1 at 0.5/s and 2/s: none under the minimum, median within 2 % of the delay.
2. Two campaigns (500 and 20 contacts) of one sender advance alternately.
3. A Message 2 overtakes the backlog of 500 Messages 1: p99 under 2 s.
4. A new pace counts within 2 s.
5. After the answer to "pause" no Message 1 leaves for longer than 2 s.
6. The estimate before the start is within 10 % of what happens, alone and beside another campaign.
"""

import asyncio
import statistics
import time
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import httpx

from bench.driving import (
    Json,
    Report,
    add_contacts,
    inbound,
    post,
    run_stack,
)
from local.stack import Stack

DEVICE, ACCOUNT = "5a0db0c5e1a2b3c4d5e6f701", "+33199000001"
JITTER = 0.4  # the default of the settings
LARGE, SMALL = 500, 20
REPLIES = 100
TARGETS = {
    "gaps_under_minimum": 0,
    "median_off_percent": 2.0,
    "overtaking_p99_s": 2.0,
    "new_pace_after_s": 2.0,
    "last_after_pause_s": 2.0,
    "small_done_after_of_large": 30,
    "estimate_off_percent": 10.0,
}


@dataclass(slots=True)
class Bench:
    """The running stack, and the sender that everything is about."""

    stack: Stack
    api: httpx.AsyncClient
    sandbox: httpx.AsyncClient
    sender_id: str = ""
    contacts: int = 0

    async def pace(self, rate_per_s: float) -> None:
        """Gives the sender a fixed pace."""
        body = {"name": "Bench", "phone": ACCOUNT, "device_id": DEVICE, "message_1_rate_per_s": rate_per_s}
        self.sender_id = str((await post(self.api, "/api/senders", body))["id"])

    async def campaign(self, name: str, contacts: int) -> str:
        """Starts a campaign to people nobody has written to before."""
        campaign_id = await self.draft(name, contacts)
        await post(self.api, f"/api/campaigns/{campaign_id}/start", {})
        return campaign_id

    async def draft(self, name: str, contacts: int, **changes: float) -> str:
        """A campaign that has not started."""
        category_id = await add_contacts(self.api, name, self.contacts, contacts)
        self.contacts += contacts
        draft = {
            "name": name,
            "message_1": f"Hello from {name}",
            "message_2": "Thank you",
            "sender_ids": [self.sender_id],
            "category_ids": [category_id],
            "window_s": 3600,
            "batch_size": 100,
            "batch_pause_s": 0,
            **changes,
        }
        return str((await post(self.api, "/api/campaigns", draft))["id"])

    async def messages(self, name: str | None = None) -> list[Json]:
        """What the sandbox has accepted, oldest first; of one campaign, or all."""
        journal: list[Json] = (await self.sandbox.get("/control/journal")).json()["messages"]
        return [message for message in journal if name is None or message["body"] == f"Hello from {name}"]

    async def until(self, name: str, count: int) -> list[Json]:
        """Waits until so many of a campaign's Messages 1 are there."""
        while len(found := await self.messages(name)) < count:
            await asyncio.sleep(0.2)
        return found

    async def cancel(self, campaign_id: str) -> None:
        """Ends a campaign and waits for that."""
        await post(self.api, f"/api/campaigns/{campaign_id}/cancel", {})
        while not (await self.api.get(f"/api/campaigns/{campaign_id}")).json()["closed_at"]:
            await asyncio.sleep(0.2)


def _gaps(messages: list[Json]) -> list[float]:
    at = [message["accepted_at_unix"] for message in messages]
    return [later - earlier for earlier, later in pairwise(at)]


async def measure_gaps(bench: Bench, report: Report, rate_per_s: float, messages: int) -> None:
    """The rhythm at one rate."""
    await bench.pace(rate_per_s)
    name = f"gaps {rate_per_s:g}"
    campaign_id = await bench.campaign(name, messages + 20)
    gaps = _gaps((await bench.until(name, messages))[:messages])
    await bench.cancel(campaign_id)
    delay_s = 1 / rate_per_s
    minimum_s = delay_s * (1 - JITTER)
    median_s, mean_s = statistics.median(gaps), statistics.fmean(gaps)
    under = sum(gap < minimum_s for gap in gaps)
    off = 100 * abs(median_s - delay_s) / delay_s
    report.row(
        f"{rate_per_s:g}/s, {len(gaps)} gaps",
        f"min {min(gaps):.3f} (allowed {minimum_s:.3f}), median {median_s:.3f}, mean {mean_s:.3f}, "
        f"max {max(gaps):.3f} s",
    )
    key = f"{rate_per_s:g}".replace(".", "_")
    report.figures[f"median_s_at_{key}"] = round(median_s, 4)
    report.figures[f"mean_s_at_{key}"] = round(mean_s, 4)
    report.figures[f"min_s_at_{key}"] = round(min(gaps), 4)
    report.worst("gaps_under_minimum", under)
    report.worst("median_off_percent", round(off, 2))


async def measure_estimates(bench: Bench, report: Report) -> None:
    """A campaign alone, then two that share the sender: estimated before the start, and run to their end."""
    await bench.pace(2)
    shape = {"batch_size": 25, "batch_pause_s": 2, "window_s": 10, "grace_s": 1}
    alone = await bench.draft("alone", 100, **shape)
    await _compare(bench, report, "alone", alone)
    first = await bench.draft("first", 60, **shape)
    await post(bench.api, f"/api/campaigns/{first}/start", {})
    await bench.until("first", 5)
    await _compare(bench, report, "beside another one", await bench.draft("second", 40, **shape))


async def _compare(bench: Bench, report: Report, what: str, campaign_id: str) -> None:
    estimate = (await bench.api.get(f"/api/campaigns/{campaign_id}/estimate")).json()
    began, closes_at = (datetime.fromisoformat(estimate[name]) for name in ("estimated_at", "closes_at"))
    await post(bench.api, f"/api/campaigns/{campaign_id}/start", {})
    while not (closed_at := (await bench.api.get(f"/api/campaigns/{campaign_id}")).json()["closed_at"]):
        await asyncio.sleep(0.2)
    expected_s = (closes_at - began).total_seconds()
    took_s = (datetime.fromisoformat(closed_at) - began).total_seconds()
    off = 100 * abs(took_s - expected_s) / took_s
    report.row(f"estimate, {what}", f"{expected_s:.1f} s, it took {took_s:.1f} s: {off:.1f} % off")
    report.worst("estimate_off_percent", round(off, 1))


async def measure_turns_and_replies(bench: Bench, report: Report) -> None:
    """A small campaign beside a large one, then replies on top of the backlog, a new pace and a pause."""
    await bench.pace(2)
    large = await bench.campaign("large", LARGE)
    await bench.until("large", 10)
    small = await bench.campaign("small", SMALL)
    await bench.until("small", SMALL)
    both = [
        message
        for message in await bench.messages()
        if message["body"] in {"Hello from large", "Hello from small"}
    ]
    names = [message["body"].removeprefix("Hello from ") for message in both]
    first, last = names.index("small"), len(names) - 1 - names[::-1].index("small")
    between = names[first : last + 1]
    switches = sum(one != other for one, other in pairwise(between))
    report.row(
        "small campaign beside a large one",
        f"{SMALL} of small among {between.count('large')} of large, "
        f"{100 * switches / (len(between) - 1):.0f} % alternating",
    )
    report.figures["alternating_percent"] = round(100 * switches / (len(between) - 1), 1)
    report.figures["small_done_after_of_large"] = between.count("large")

    await measure_overtaking(bench, report)
    await measure_new_pace(bench, report)
    await measure_pause(bench, report, large)
    await bench.cancel(large)
    await bench.cancel(small)


async def measure_overtaking(bench: Bench, report: Report) -> None:
    """People who have Message 1 react, one at a time, while hundreds wait for theirs."""
    secret = bench.stack.servers.data_dir.secret("webhook")
    await bench.pace(4)
    asked = await bench.until("large", REPLIES)
    await bench.pace(0.5)
    delays = []
    for message in asked[:REPLIES]:
        began = time.time()
        event = inbound(message["phone"], device=DEVICE, account=ACCOUNT)
        (await bench.api.post(f"/webhooks/wassenger/{secret}", json=event)).raise_for_status()
        delays.append(await _answered(bench, message["phone"]) - began)
    backlog = LARGE - len(await bench.messages("large"))
    p99 = statistics.quantiles(delays, n=100)[-1]
    report.row(
        f"Message 2 overtakes {backlog} waiting Messages 1",
        f"p50 {statistics.median(delays):.3f}, p99 {p99:.3f}, max {max(delays):.3f} s of {len(delays)}",
    )
    report.figures["overtaking_p50_s"] = round(statistics.median(delays), 3)
    report.figures["overtaking_p99_s"] = round(p99, 3)


async def _answered(bench: Bench, phone: str) -> float:
    while True:
        journal = (await bench.sandbox.get("/control/journal", params={"phone": phone})).json()["messages"]
        if len(journal) > 1:
            return float(journal[1]["accepted_at_unix"])
        await asyncio.sleep(0.02)


async def measure_new_pace(bench: Bench, report: Report) -> None:
    """From one message every 20 s to two a second, and to one every 20 s again."""
    await bench.pace(0.05)
    known = len(await bench.messages("large"))
    await bench.until("large", known + 1)
    began = time.time()
    await bench.pace(2)
    found = await bench.until("large", known + 5)
    faster_s = found[known + 1]["accepted_at_unix"] - began
    began = time.time()
    await bench.pace(0.05)
    await asyncio.sleep(6)
    late = [message["accepted_at_unix"] - began for message in await bench.messages("large")]
    slower_s = max(0.0, *late)
    report.row("a new pace counts", f"faster after {faster_s:.3f} s, slower after {slower_s:.3f} s")
    report.figures["new_pace_after_s"] = round(max(faster_s, slower_s), 3)


async def measure_pause(bench: Bench, report: Report, campaign_id: str) -> None:
    """The last Message 1 after the answer to "pause"."""
    await bench.pace(10)
    known = len(await bench.messages("large"))
    await bench.until("large", known + 20)
    await post(bench.api, f"/api/campaigns/{campaign_id}/pause", {})
    answered = time.time()
    await asyncio.sleep(5)
    found = await bench.messages("large")
    last_s = max(message["accepted_at_unix"] for message in found) - answered
    await post(bench.api, f"/api/campaigns/{campaign_id}/resume", {})
    resumed = time.time()
    first_s = (await bench.until("large", len(found) + 1))[len(found)]["accepted_at_unix"] - resumed
    report.row(
        "pause and resume",
        f"last Message 1 {last_s:+.3f} s after the answer, next one {first_s:.3f} s after resume",
    )
    report.figures["last_after_pause_s"] = round(max(0.0, last_s), 3)
    report.figures["first_after_resume_s"] = round(first_s, 3)


async def main() -> None:
    """Prints the table and, last, one line of JSON."""
    report = Report("pacing", "Pace, turns and pauses, two workers on the real stack", TARGETS)
    async with run_stack("pacing", workers=2) as (stack, api, sandbox):
        bench = Bench(stack, api, sandbox)
        await measure_gaps(bench, report, 0.5, 60)
        await measure_gaps(bench, report, 2, 240)
        await measure_estimates(bench, report)
        await measure_turns_and_replies(bench, report)
    report.print()


if __name__ == "__main__":
    asyncio.run(main())
