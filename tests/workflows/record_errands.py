"""Histories of what is done beside campaigns: imports, checks of numbers, test messages, starts at a date."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from temporalio.client import Client

from domain.identifiers import (
    UPKEEP_WORKFLOW_ID,
    contact_import_workflow_id,
    number_check_workflow_id,
    scheduled_start_workflow_id,
    send_test_workflow_id,
)

Save = Callable[[str, str], Awaitable[None]]  # the name of a history, and the id of its workflow
PHONES = ("+33639980901", "+33639980902")
FILE = "phone;name\n" + "".join(f"{phone};Errand\n" for phone in PHONES)


async def record_errands(client: Client, api: httpx.AsyncClient, sender_id: str, save: Save) -> None:
    """One of each, and a start that happens, one that is moved and taken back, and one that is refused."""

    async def ended(name: str, workflow_id: str) -> None:
        await client.get_workflow_handle(workflow_id).result()
        await save(name, workflow_id)

    imported = await _ask(api.post("/api/imports", params={"category": "Errands"}, content=FILE.encode()))
    await ended("import-whole", contact_import_workflow_id(imported["id"]))
    categories = (await _ask(api.get("/api/categories")))["items"]
    category_id = next(each["id"] for each in categories if each["name"] == "Errands")
    check = await _ask(api.post("/api/number-checks", json={"category_id": category_id}))
    await ended("check-whole", number_check_workflow_id(check["id"]))

    await _ask(api.post("/api/upkeep"))
    await ended("upkeep-person", UPKEEP_WORKFLOW_ID)

    draft = {
        "name": "Errand",
        "message_1": "Hello",
        "message_2": "Thank you",
        "sender_ids": [sender_id],
        "category_ids": [category_id],
        "window_s": 4,
        "grace_s": 1,
        "max_age_s": 120,
        "batch_pause_s": 0,
    }
    starts = {}
    for name, change, first_s in (
        ("started", {}, 2.0),
        ("taken_back", {}, 60.0),
        ("refused", {"max_age_s": 1}, 2.0),
    ):
        made = await _ask(api.post("/api/campaigns", json=draft | change))
        starts[name] = made["id"]
        await _schedule(api, made["id"], first_s)
    test = {"phone": PHONES[0], "message": "message_1"}
    sent = await _ask(api.post(f"/api/campaigns/{starts['started']}/test-send", json=test))
    await ended("test_send-sent", send_test_workflow_id(sent["test_sends"][0]["id"]))
    await _schedule(api, starts["taken_back"], 120)
    await asyncio.sleep(1)
    (await api.delete(f"/api/campaigns/{starts['taken_back']}/schedule")).raise_for_status()
    for name, campaign_id in starts.items():
        await ended(f"scheduled_start-{name}", scheduled_start_workflow_id(campaign_id))


async def _schedule(api: httpx.AsyncClient, campaign_id: str, in_s: float) -> None:
    start_at = datetime.now(UTC) + timedelta(seconds=in_s)
    await _ask(api.post(f"/api/campaigns/{campaign_id}/schedule", json={"start_at": start_at.isoformat()}))


async def _ask(asked: Awaitable[httpx.Response]) -> Any:
    answer = await asked
    answer.raise_for_status()
    return answer.json()
