"""How fast is the follow-up? From a webhook at our door to Message 2 at the provider, on an idle system.

Also counts what a contact costs Temporal: history events and bytes, for one who reacts and one who does not.
"""

import asyncio
import statistics
import time
from typing import Any

import httpx
from temporalio.client import Client

from bench.driving import Report, add_contacts, inbound, post, run_stack
from domain.identifiers import contact_workflow_id
from local.stack import Stack
from storage import database

REPLIES = 300
SILENT = 5
DEVICE, ACCOUNT = "5a0db0c5e1a2b3c4d5e6f701", "+33199000001"
TARGETS = {"p99_ms": 250.0, "events_per_contact": 25}


async def main() -> None:
    """Prints the table and, last, one line of JSON."""
    report = Report("latency", "Webhook in to Message 2 at the provider, idle system", TARGETS)
    async with run_stack("latency") as (stack, api, sandbox):
        secret = stack.servers.data_dir.secret("webhook")
        report.figures.update(await measure(api, sandbox, stack, f"/webhooks/wassenger/{secret}"))
    for name, value in report.figures.items():
        report.row(name, f"{value:g}")
    report.print()


async def measure(
    api: httpx.AsyncClient, sandbox: httpx.AsyncClient, stack: Stack, webhook_path: str
) -> dict[str, float]:
    """Runs one campaign whose contacts reply one at a time, and one whose contacts stay silent."""
    sender = await post(
        api,
        "/api/senders",
        {"name": "Bench", "phone": ACCOUNT, "device_id": DEVICE, "message_1_rate_per_s": 100},
    )
    replying = await _campaign(api, sender["id"], "replying", first=0, contacts=REPLIES, window_s=3600)
    messages = await _first_messages(sandbox, REPLIES)
    latencies_ms = [await _reply(api, sandbox, webhook_path, message) for message in messages]
    silent = await _campaign(api, sender["id"], "silent", first=REPLIES, contacts=SILENT, window_s=2)
    await _until_closed(api, silent)
    await _until_closed(api, replying)
    client = await Client.connect(stack.addresses.temporal_address)
    replied_events, replied_bytes = await _history(client, stack, replying)
    silent_events, silent_bytes = await _history(client, stack, silent)
    return {
        "replies": len(latencies_ms),
        "p50_ms": round(statistics.median(latencies_ms), 1),
        "p90_ms": round(statistics.quantiles(latencies_ms, n=10)[-1], 1),
        "p99_ms": round(statistics.quantiles(latencies_ms, n=100)[-1], 1),
        "max_ms": round(max(latencies_ms), 1),
        "events_replied": replied_events,
        "events_silent": silent_events,
        "bytes_replied": replied_bytes,
        "bytes_silent": silent_bytes,
        "events_per_contact": max(replied_events, silent_events),
    }


async def _campaign(
    api: httpx.AsyncClient, sender_id: str, name: str, *, first: int, contacts: int, window_s: float
) -> str:
    category_id = await add_contacts(api, name, first, contacts)
    draft = {
        "name": name,
        "message_1": "Hello",
        "message_2": "Thank you",
        "sender_ids": [sender_id],
        "category_ids": [category_id],
        "window_s": window_s,
        "grace_s": 1,
        "batch_size": 100,
        "batch_pause_s": 0,
    }
    campaign = await post(api, "/api/campaigns", draft)
    await post(api, f"/api/campaigns/{campaign['id']}/start", {})
    return str(campaign["id"])


async def _first_messages(sandbox: httpx.AsyncClient, contacts: int) -> list[dict[str, Any]]:
    """Waits until every Message 1 was read or delivered and the system is idle again."""
    while True:
        messages: list[dict[str, Any]] = (await sandbox.get("/control/journal")).json()["messages"]
        if len([message for message in messages if message["delivered_at"]]) == contacts:
            await asyncio.sleep(2)
            return messages
        await asyncio.sleep(0.2)


async def _reply(
    api: httpx.AsyncClient, sandbox: httpx.AsyncClient, webhook_path: str, message: dict[str, Any]
) -> float:
    """Milliseconds from sending the webhook to the acceptance of Message 2, by the clock of this machine."""
    event = inbound(message["phone"], device=DEVICE, account=ACCOUNT)
    began = time.time()
    (await api.post(webhook_path, json=event)).raise_for_status()
    while True:
        received = (await sandbox.get("/control/journal", params={"phone": message["phone"]})).json()
        if len(received["messages"]) == 2:
            return float((received["messages"][1]["accepted_at_unix"] - began) * 1000)
        await asyncio.sleep(0.02)


async def _until_closed(api: httpx.AsyncClient, campaign_id: str) -> None:
    while True:
        campaign = (await api.get(f"/api/campaigns/{campaign_id}")).json()
        if campaign["closed_at"]:
            return
        await asyncio.sleep(0.2)


async def _history(client: Client, stack: Stack, campaign_id: str) -> tuple[int, int]:
    """The longest history of a contact of this campaign: events and bytes."""
    pool = await database.connect(stack.addresses.database_url, application="bench", size=2)
    rows = await pool.fetch(
        "SELECT contact_id::text FROM campaign_contacts WHERE campaign_id = $1 LIMIT 20", campaign_id
    )
    await pool.close()
    sizes = []
    for row in rows:
        handle = client.get_workflow_handle(contact_workflow_id(campaign_id, row["contact_id"]))
        events = [event async for event in handle.fetch_history_events()]
        sizes.append((len(events), sum(event.ByteSize() for event in events)))
    return max(sizes)


if __name__ == "__main__":
    asyncio.run(main())
