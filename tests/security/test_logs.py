"""Nobody's number in any log: the whole stack as processes, a campaign with troubles, then every log read."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.datadir import throwaway_directory
from local.ports import Ports
from local.stack import Stack
from settings import Settings
from storage import database
from tests.conftest import eventually

DEVICE = "5a0db0c5e1a2b3c4d5e6f7bb"
SENDER = "+33199000071"
PHONES = [f"+336399871{number:02d}" for number in range(8)]
STRANGER = "+33639987199"
BEHAVIOURS: list[dict[str, Any]] = [
    {"script": [{"after_s": 0.5, "kind": "text", "body": "STOP"}]},
    {"script": [{"after_s": 0.5, "kind": "text", "body": "Oui"}]},
    {"script": [], "on_whatsapp": False},
    {"script": []},
]
NUMBERS = re.compile("|".join(phone.lstrip("+") for phone in [*PHONES, SENDER, STRANGER]))


@pytest.fixture
def directory() -> Iterator[Path]:
    with throwaway_directory() as path:
        yield path


async def test_a_whole_campaign_with_errors_leaves_no_number_in_any_log(directory: Path) -> None:
    """Issue: phones masked in logs, of all processes; ids stay, so that the lines can be used."""
    settings = Settings(
        _env_file=None, data_dir=directory, log_level="DEBUG", retry_base_s=0.2, lookup_wait_s=0.2, window_s=5
    )
    ports = Ports.ephemeral()
    async with Stack.start(settings, migrate=_migrate, ports=ports, if_busy="replace") as stack:
        headers = {"Authorization": f"Bearer {stack.api_key}"}
        secret = stack.servers.data_dir.secret("webhook")
        async with (
            httpx.AsyncClient(base_url=str(stack.addresses.api_url), headers=headers, timeout=30) as api,
            httpx.AsyncClient(base_url=str(stack.addresses.sandbox_url), timeout=30) as sandbox,
        ):
            campaign_id = await _start_campaign(api, sandbox)
            await _make_trouble(api, secret)

            async def closed() -> bool:
                return bool((await api.get(f"/api/campaigns/{campaign_id}")).json()["closed_at"])

            await eventually(closed, within_s=180, what="the closing")
    logs = {path.name: path.read_text(errors="replace") for path in (directory / "logs").iterdir()}
    assert "opted out" in logs["api.log"] + logs["worker.log"]
    assert campaign_id in logs["worker.log"]
    shown = {
        f"{name}: {line}" for name, text in logs.items() for line in text.splitlines() if NUMBERS.search(line)
    }
    assert shown == set()


async def _migrate(url: str) -> None:
    await database.migrate(url)


async def _start_campaign(api: httpx.AsyncClient, sandbox: httpx.AsyncClient) -> str:
    people = [{"phone": phone, **BEHAVIOURS[at % 4]} for at, phone in enumerate(PHONES)]
    (await sandbox.post("/control/devices", json={"id": DEVICE, "phone": SENDER})).raise_for_status()
    (await sandbox.put("/control/people", json={"people": people})).raise_for_status()
    for kind in ("accept_then_drop", "html_502"):
        fault = {"target": "messages.post", "kind": kind, "count": 1, "after": 2}
        (await sandbox.post("/control/faults", json=fault)).raise_for_status()
    sender = {"name": "Paris", "phone": SENDER, "device_id": DEVICE, "message_1_rate_per_s": 20}
    sender_id = (await api.post("/api/senders", json=sender)).raise_for_status().json()["id"]
    csv = "phone,name\n" + "".join(f"{phone},N\n" for phone in PHONES)
    imported = await api.post("/api/contacts/import", params={"category": "L"}, content=csv)
    draft = {
        "name": "Logs",
        "message_1": "Hello",
        "message_2": "Thank you",
        "sender_ids": [sender_id],
        "category_ids": [imported.raise_for_status().json()["category_id"]],
        "window_s": 5,
        "grace_s": 1,
        "max_age_s": 120,
    }
    campaign_id: str = (await api.post("/api/campaigns", json=draft)).raise_for_status().json()["id"]
    (await api.post(f"/api/campaigns/{campaign_id}/start")).raise_for_status()
    return campaign_id


async def _make_trouble(api: httpx.AsyncClient, secret: str) -> None:
    """Requests that fail in as many ways as possible, each with a number in it."""
    await api.post("/api/contacts", json={"phone": PHONES[0]})
    await api.post("/api/contacts", json={"phone": f"{PHONES[0]}99999"})
    await api.post("/api/opt-outs", json={"phone": STRANGER})
    await api.get("/api/contacts", params={"q": STRANGER, "cursor": STRANGER})
    await api.get(f"/api/contacts/{STRANGER}")
    for body in (f'{{"event": "{STRANGER}"}}', f'{{"fromNumber": "{STRANGER}"', f"\x00{STRANGER}"):
        await api.post(f"/webhooks/wassenger/{secret}", content=body)
