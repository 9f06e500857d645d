"""One campaign from its start to its report, on the real stack."""

from typing import Any

import httpx
import pytest

from local.proof import compare, load_contacts
from local.servers import Servers
from tests.conftest import Town, eventually

KINDS = [
    "text",
    "emoji",
    "voice",
    "audio",
    "image",
    "video",
    "document",
    "sticker",
    "location",
    "contacts",
    "buttons_response",
    "list_response",
    "poll",
    "reaction",
]

# The sandbox's people are late where it stands still, and must not be late for the window.
WINDOW_S = 12


@pytest.mark.usefixtures("running_worker")
async def test_a_campaign_runs_to_its_report_without_anybody_watching(
    town: Town, api: httpx.AsyncClient, sandbox: httpx.AsyncClient, servers: Servers
) -> None:
    """E1, E2, E5, E6, E7, E8, E9, E12, E14, E16, E18; properties 4, 7, 9, 10, 11, 12 of document 003."""
    replies = [{"script": [{"after_s": 0.3, "kind": kind}]} for kind in KINDS]
    silent: list[dict[str, Any]] = [{"script": []} for _ in range(6)]
    late = [{"script": [{"after_s": WINDOW_S + 0.5, "kind": "text", "body": "too late"}]} for _ in range(3)]
    stops = [{"script": [{"after_s": 0.3, "kind": "text", "body": "STOP"}]} for _ in range(3)]
    unknown = [{"script": [], "on_whatsapp": False} for _ in range(2)]
    many = [{"script": [{"after_s": 0.2, "kind": "text"}] * 4} for _ in range(3)]
    category_id, phones = await town.people([*replies, *silent, *late, *stops, *unknown, *many])
    sender_ids = [(await town.sender()).id, (await town.sender()).id]
    campaign = await town.campaign(category_id, sender_ids, window_s=WINDOW_S, grace_s=6)

    started = await api.post(f"/api/campaigns/{campaign.id}/start")
    assert started.status_code == 202

    async def closed() -> dict[str, Any] | None:
        shown: dict[str, Any] = (await api.get(f"/api/campaigns/{campaign.id}")).json()
        return shown if shown["status"] == "completed" else None

    shown = await eventually(closed, within_s=180, what="the closing")
    journal = (await sandbox.get("/control/journal")).json()["messages"]
    proof = compare(
        await load_contacts(servers.database_url, campaign.id),
        [entry for entry in journal if entry["phone"] in phones],
    )
    assert proof.findings == []
    assert proof.states == {
        "failed": len(unknown),
        "late_interaction": len(late),
        "message_2_sent": len(replies) + len(many),
        "no_interaction": len(silent),
        "opted_out": len(stops),
    }
    counts = shown["report"]["counters"]
    assert counts["messages_1_sent"] == len(phones)
    assert counts["messages_2_sent"] == proof.followed_up_once == len(replies) + len(many)
    assert counts["suppressed_duplicates"] == 3 * len(many)
