"""Records the histories that the replay test replays: `python -m tests.workflows.record_histories VERSION`.

Run it by hand when a version is released, never to make a broken replay pass: a change that breaks an old
history goes behind `workflow.patched` instead. The histories come from a real server and the real activities.
"""

import asyncio
import secrets
import sys
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from temporalio.client import Client

from domain.contact_file import ContactRow
from domain.identifiers import (
    batch_workflow_id,
    campaign_workflow_id,
    contact_workflow_id,
    sender_workflow_id,
)
from local.addresses import SANDBOX_TOKEN
from local.api_client import authorization
from local.ports import Ports
from local.stack import Stack
from settings import Settings
from storage import campaigns, contacts, database, senders
from storage.database import Pool
from tests.workflows.record_errands import record_errands

HISTORIES = Path(__file__).parent / "histories"
DEVICE = "5a0db0c5e1a2b3c4d5e6f701"

# What happens to a contact, by the name of the history that it leaves.
WAYS: dict[str, dict[str, Any]] = {
    "replied": {"script": [{"after_s": 0.3, "kind": "text"}]},
    "silent": {"script": []},
    "late": {"script": [{"after_s": 4.2, "kind": "text"}]},
    "opted_out": {"script": [{"after_s": 0.3, "kind": "text", "body": "STOP"}]},
    "failed": {"script": [], "on_whatsapp": False},
    "many_replies": {"script": [{"after_s": 0.3, "kind": "text"}] * 5},
}


# How long a campaign may take, and what people tell the API when its first messages are out.
CAMPAIGNS: dict[str, tuple[float, tuple[str, ...]]] = {
    "all_final": (120, ()),
    "cancelled": (120, ("cancel",)),
    "max_age": (2, ()),
    "paused": (120, ("pause", "resume")),
}


async def main(version: str) -> None:
    """Campaigns that end in every way, and the sender of them all: at last stopped, resumed and removed."""
    settings = Settings(database_url=None, redis_url=None, temporal_address=None, wassenger_token=None)

    async def migrate(database_url: str) -> None:
        await database.migrate(database_url)

    directory = settings.data_dir / "record-histories" / secrets.token_hex(4)
    async with Stack.start(settings, migrate=migrate, ports=Ports.ephemeral(), data_dir=directory) as stack:
        pool = await database.connect(stack.addresses.database_url, application="record", size=2)
        client = await Client.connect(stack.addresses.temporal_address)
        sender = await senders.save_sender(
            pool,
            name="Recorded",
            phone="+33199000001",
            device_id=DEVICE,
            message_1_rate_per_s=20,
            message_2_rate_per_s=20,
        )
        api = httpx.AsyncClient(
            base_url=str(stack.addresses.api_url), timeout=30, headers=authorization(stack.api_key)
        )
        sandbox = httpx.AsyncClient(
            base_url=str(stack.addresses.sandbox_url), headers={"Token": SANDBOX_TOKEN}, timeout=30
        )
        for first, (name, (max_age_s, orders)) in enumerate(CAMPAIGNS.items()):
            phones = {way: f"+33639980{first}{number:02d}" for number, way in enumerate(WAYS)}
            people = [{"phone": phones[way], **behaviour} for way, behaviour in WAYS.items()]
            (await sandbox.put("/control/people", json={"people": people})).raise_for_status()
            campaign_id = await _run(
                pool, api, sender.id, list(phones.values()), max_age_s=max_age_s, orders=orders
            )
            await _save(client, version, f"campaign-{name}", campaign_workflow_id(campaign_id))
            await _save(client, version, f"batch-{name}", batch_workflow_id(campaign_id, 0))
            for way, phone in phones.items():
                contact_id = await pool.fetchval("SELECT id::text FROM contacts WHERE phone = $1", phone)
                identity = contact_workflow_id(campaign_id, contact_id)
                await _save(client, version, f"contact-{name}-{way}", identity)
        await record_errands(client, api, sender.id, partial(_save, client, version))
        await _stop_and_resume(api, sandbox, sender.id)
        await pool.execute("DELETE FROM sender_paces WHERE sender_id = $1", sender.id)
        await client.get_workflow_handle(sender_workflow_id(sender.id)).signal("change")
        await client.get_workflow_handle(sender_workflow_id(sender.id)).result()
        await _save(client, version, "sender-whole_life", sender_workflow_id(sender.id))
        await api.aclose()
        await sandbox.aclose()
        await pool.close()


async def _run(
    pool: Pool,
    api: httpx.AsyncClient,
    sender_id: str,
    phones: list[str],
    *,
    max_age_s: float,
    orders: tuple[str, ...],
) -> str:
    category_id = await contacts.save_category(pool, phones[0])
    rows = [ContactRow(line=1, phone=phone, name="", variables={}, opted_out=False) for phone in phones]
    await contacts.import_contacts(pool, rows, category_id)
    campaign = await campaigns.add_campaign(
        pool,
        name="Recorded",
        message_1="Hello",
        message_2="Thank you",
        everyone=False,
        sender_ids=[sender_id],
        category_ids=[category_id],
        window_s=4,
        grace_s=1,
        max_age_s=120,
        batch_size=25,
        batch_pause_s=0,
    )
    (await api.post(f"/api/campaigns/{campaign.id}/start")).raise_for_status()
    # The plan of one that reaches its maximum age would be refused, so its age is cut after the start.
    await pool.execute("UPDATE campaigns SET max_age_s = $2 WHERE id = $1", campaign.id, max_age_s)
    for order in orders:
        await _until_sent(pool, campaign.id)
        (await api.post(f"/api/campaigns/{campaign.id}/{order}")).raise_for_status()
        await asyncio.sleep(1)  # for those who meet the pause
    while True:
        stored = await campaigns.get_campaign(pool, campaign.id)
        if stored and stored.closed_at:
            await asyncio.sleep(1)
            return campaign.id
        await asyncio.sleep(0.1)


async def _until_sent(pool: Pool, campaign_id: str) -> None:
    while True:
        counters = await campaigns.get_counters(pool, campaign_id)
        if counters.messages_1_sent >= 2:
            return
        await asyncio.sleep(0.02)


async def _stop_and_resume(api: httpx.AsyncClient, sandbox: httpx.AsyncClient, sender_id: str) -> None:
    for session, state in (("blocked", "stopped"), ("online", "sending")):
        (await sandbox.patch(f"/control/devices/{DEVICE}", json={"session": session})).raise_for_status()
        if state == "sending":
            (await api.post(f"/api/senders/{sender_id}/resume")).raise_for_status()
        while True:
            shown = (await api.get(f"/api/senders/{sender_id}")).json()
            if shown["pace"]["state"] == state:
                break
            await asyncio.sleep(0.1)
        await asyncio.sleep(1)  # for what follows a stop


async def _save(client: Client, version: str, name: str, workflow_id: str) -> None:
    history = await client.get_workflow_handle(workflow_id).fetch_history()
    path = HISTORIES / f"{version}-{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(history.to_json() + "\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
