"""One campaign through Wassenger and Meta's Cloud API at once, on the real stack."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from local.addresses import SANDBOX_TOKEN
from local.proof import compare, load_contacts
from local.servers import Servers
from tests.conftest import Town, eventually

TROUBLE: tuple[dict[str, Any], ...] = (
    {"target": "meta_messages.post", "kind": "accept_then_drop"},
    {"target": "meta_messages.post", "kind": "accept_then_502"},
    {"target": "messages.post", "kind": "accept_then_drop"},
)


@pytest.fixture
async def no_faults(sandbox: httpx.AsyncClient) -> AsyncIterator[None]:
    """None are left for other tests."""
    yield
    await sandbox.delete("/control/faults")


async def directed(sandbox: httpx.AsyncClient, number: str) -> bool:
    """Whether the webhooks of this number come to us."""
    headers = {"Authorization": f"Bearer {SANDBOX_TOKEN}"}
    shown = (await sandbox.get(f"/v24.0/{number}", headers=headers)).json()
    return "phone_number" in shown["webhook_configuration"]


@pytest.mark.usefixtures("running_worker", "no_faults")
async def test_a_campaign_runs_through_two_gateways_with_lost_answers_and_nobody_gets_anything_twice(
    town: Town, api: httpx.AsyncClient, sandbox: httpx.AsyncClient, servers: Servers
) -> None:
    """E1, E5, E7, E9, E12, E14: through Meta a lost answer is resolved by the status webhook alone."""
    kinds = ["text", "voice", "image", "reaction", "buttons_response", "list_response", "poll", "location"]
    replies = [{"script": [{"after_s": 0.3, "kind": kind}]} for kind in kinds]
    stops = [{"script": [{"after_s": 0.3, "kind": "text", "body": "STOP"}]} for _ in range(3)]
    silent: list[dict[str, Any]] = [{"script": []} for _ in range(3)]
    many = [{"script": [{"after_s": 0.2, "kind": "text"}] * 4} for _ in range(2)]
    behaviours = [*replies, *stops, *silent, *many]
    category_id, phones = await town.people(behaviours)
    meta, wassenger = await town.meta_sender(rate_per_s=20), await town.sender(rate_per_s=20)
    await eventually(lambda: directed(sandbox, meta.device_id), what="the callback of the new number")
    campaign = await town.campaign(category_id, [meta.id, wassenger.id], window_s=15)
    for nth, fault in enumerate(TROUBLE * 4):
        plan = {**fault, "match_phone": phones[nth]}
        (await sandbox.post("/control/faults", json=plan)).raise_for_status()

    assert (await api.post(f"/api/campaigns/{campaign.id}/start")).status_code == 202

    async def closed() -> bool:
        return bool((await api.get(f"/api/campaigns/{campaign.id}")).json()["status"] == "completed")

    await eventually(closed, within_s=180, what="the closing")
    journal = (await sandbox.get("/control/journal")).json()["messages"]
    ours = [entry for entry in journal if entry["phone"] in phones]
    proof = compare(await load_contacts(servers.database_url, campaign.id), ours)
    assert proof.findings == []
    assert proof.states == {
        "message_2_sent": len(replies) + len(many),
        "no_interaction": len(silent),
        "opted_out": len(stops),
    }
    assert {entry["device"] for entry in ours} == {meta.device_id, wassenger.device_id}
    unknown = await town.pool.fetchval(
        "SELECT count(*) FROM sends WHERE campaign_id = $1 AND attempt > 1", campaign.id
    )
    assert unknown == 0, "a lost answer never leads to a second attempt"
