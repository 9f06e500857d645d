"""The main job, end to end, on servers of its own: a real campaign among the people of the sandbox.

They answer in every way that counts, at once or after a while; some too late, some with STOP, some never, and
some are not on WhatsApp at all. Some answers of the provider get lost on the way, and some webhooks come twice.
"""

import asyncio
import shutil
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
from rich.console import Console
from rich.live import Live

from domain.contact_file import ContactFile, read_contacts
from local.api_client import ApiClient
from local.ports import Ports
from local.proof import Proof, compare, load_contacts
from local.screen import CampaignScreen, follow, rejected_table, states_table
from local.stack import Stack
from settings import Settings
from storage import database

EXAMPLE = Path(__file__).parent.parent / "examples" / "contacts.csv"

WINDOW_S = 60.0
GRACE_S = 5.0
RATE_PER_S = 4.0  # of each of the two senders
PATIENCE_S = 240.0
DEVICES = (
    ("5a0db0c5e1a2b3c4d5e6f701", "+33199000001", "Paris"),
    ("5a0db0c5e1a2b3c4d5e6f702", "+33199000002", "Lyon"),
)
MESSAGE_1 = (
    "Bonjour {{name|à vous}}, notre nouvelle collection est arrivée à {{city|deux pas}}. Envie de la voir ?"
)
MESSAGE_2 = "Parfait {{name|}} ! Voici le lien : https://boutique.example/collection"

Json = dict[str, Any]


def _answers(*kinds: str, after_s: float, **more: Any) -> Json:
    return {"script": [{"after_s": after_s, "kind": kind, **more} for kind in kinds]}


# What people do, dealt out in turn. The kinds are those of requirement E7 and what goes with them.
BEHAVIOURS: tuple[Json, ...] = (
    _answers("text", after_s=2, body="Oui, volontiers"),
    {"script": []},
    _answers("emoji", after_s=4, body="👍"),
    _answers("voice", after_s=6),
    _answers("audio", after_s=3),
    {"script": [], "reads": False},
    _answers("image", after_s=8),
    _answers("video", after_s=5),
    _answers("document", after_s=10),
    _answers("text", after_s=7, body="STOP"),
    _answers("sticker", after_s=1),
    _answers("location", after_s=12),
    {"script": []},
    _answers("contacts", after_s=9),
    _answers("buttons_response", after_s=3),
    _answers("list_response", after_s=4),
    _answers("poll", after_s=11),
    _answers("reaction", after_s=2, body="❤️"),
    _answers("text", "text", "image", after_s=3, body="Oui oui oui"),
    _answers("text", "reaction", after_s=5),
    _answers("text", after_s=WINDOW_S + 2, body="Désolé, je lis seulement maintenant"),
    {"script": [], "on_whatsapp": False},
    _answers("text", after_s=15, body="C'est où ?", quote=True),
    _answers("text", after_s=WINDOW_S - 8, body="Juste à temps"),
    {"script": []},
    _answers("text", after_s=6, body="Désabonnez-moi svp"),
    _answers("group", after_s=4),
)
FAULTS: tuple[Json, ...] = (
    {"target": "messages.post", "kind": "accept_then_drop", "count": 3, "after": 10},
    {"target": "messages.post", "kind": "html_502", "count": 2, "after": 40},
    {"target": "messages.post", "kind": "status", "http_status": 429, "retry_after_s": 2, "after": 70},
    {"target": "webhook", "kind": "duplicate", "count": 20, "after": 5},
)


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoResult:
    """What the demo came to."""

    proof: Proof
    duration_s: float


async def run_demo(console: Console, settings: Settings) -> DemoResult:
    """Starts a fresh stack, runs one campaign on it, and compares the two books. Ends all that it started."""
    began = monotonic()
    data_dir = settings.data_dir / "demo"
    shutil.rmtree(data_dir, ignore_errors=True)
    # The demo is about the embedded stack and the sandbox, whatever the environment says.
    embedded = settings.model_copy(
        update={
            **dict.fromkeys(("database_url", "redis_url", "temporal_address", "wassenger_token", "public_url")),
            "meta_access_token": None,
            "meta_access_tokens": {},
        }
    )
    console.print("Starting PostgreSQL, Valkey, Temporal, the sandbox, the API and the worker ...")
    async with Stack.start(
        embedded, migrate=_migrate, data_dir=data_dir, ports=Ports.of(settings), if_busy="replace"
    ) as stack:
        addresses = stack.addresses
        console.print(f"Ready after {monotonic() - began:.0f} s. While the campaign runs, look at")
        console.print(f"  Temporal Web UI  {addresses.temporal_ui_url}/namespaces/default/workflows")
        console.print(f"  API docs         {addresses.api_url}/docs\n")
        api = ApiClient(str(addresses.api_url), stack.api_key)
        result = await asyncio.to_thread(_campaign, console, api, str(addresses.sandbox_url))
        contacts = await load_contacts(addresses.database_url, result["id"])
        journal = await asyncio.to_thread(_journal, str(addresses.sandbox_url))
    proof = compare(contacts, journal)
    console.print(states_table(proof.states))
    _print_verdict(console, proof, result["report"]["summary"])
    return DemoResult(proof=proof, duration_s=monotonic() - began)


async def _migrate(database_url: str) -> None:
    await database.migrate(database_url)


def _campaign(console: Console, client: ApiClient, sandbox_url: str) -> Json:
    data = EXAMPLE.read_bytes()
    _people(sandbox_url, read_contacts(data, "FR"))
    with client as api:
        sender_ids = [
            api.post(
                "/api/senders",
                {"name": name, "phone": phone, "device_id": device, "message_1_rate_per_s": RATE_PER_S},
            )["id"]
            for device, phone, name in DEVICES
        ]
        imported = api.post("/api/contacts/import", csv=data, category="Demo", country="FR")
        console.print(
            f"Imported {EXAMPLE.name}: {imported['created']} contacts, "
            f"{imported['opted_out']} of them opted out, {len(imported['rejected'])} rows rejected\n"
        )
        campaign = api.post(
            "/api/campaigns",
            {
                "name": "Demo",
                "message_1": MESSAGE_1,
                "message_2": MESSAGE_2,
                "sender_ids": sender_ids,
                "category_ids": [imported["category_id"]],
                "window_s": WINDOW_S,
                "grace_s": GRACE_S,
                "max_age_s": 600,
                "batch_size": 50,
                "batch_pause_s": 2,
            },
        )
        estimate = api.get(f"/api/campaigns/{campaign['id']}/estimate")
        api.post(f"/api/campaigns/{campaign['id']}/start")
        finished = _watch(console, api, campaign["id"])
        _print_estimate(console, estimate, finished)
        console.print("\n", rejected_table(imported["rejected"]))
        return finished


def _print_estimate(console: Console, estimate: Json, finished: Json) -> None:
    began, expected = (datetime.fromisoformat(estimate[name]) for name in ("estimated_at", "closes_at"))
    took = datetime.fromisoformat(finished["closed_at"]) - datetime.fromisoformat(finished["started_at"])
    console.print(
        f"\nEstimated before the start: {(expected - began).total_seconds():.0f} s. "
        f"It took {took.total_seconds():.0f} s."
    )


def _people(sandbox_url: str, file: ContactFile) -> None:
    people = [
        {"phone": contact.phone, **behaviour}
        for contact, behaviour in zip(file.contacts, cycle(BEHAVIOURS), strict=False)
    ]
    with httpx.Client(base_url=sandbox_url, timeout=10) as sandbox:
        for device, phone, name in DEVICES:
            sandbox.post(
                "/control/devices", json={"id": device, "phone": phone, "alias": name}
            ).raise_for_status()
        sandbox.put("/control/people", json={"people": people}).raise_for_status()
        for fault in FAULTS:
            sandbox.post("/control/faults", json=fault).raise_for_status()


def _watch(console: Console, api: ApiClient, campaign_id: str) -> Json:
    screen = CampaignScreen()
    deadline = monotonic() + PATIENCE_S
    with Live(console=console, refresh_per_second=4) as live:
        while monotonic() < deadline:
            campaign = follow(api, campaign_id, screen, live)
            if campaign and campaign["closed_at"]:
                return campaign
            sleep(0.5)
    raise TimeoutError(f"the campaign did not close within {PATIENCE_S:.0f} s")


def _journal(sandbox_url: str) -> list[Json]:
    answer = httpx.get(f"{sandbox_url}/control/journal", timeout=30)
    answer.raise_for_status()
    messages: list[Json] = answer.json()["messages"]
    return messages


def _print_verdict(console: Console, proof: Proof, summary: str) -> None:
    console.print(f"\n{summary}\n")
    console.print("The proof, our database against what the phones received:")
    console.print(f"  Message 1 received exactly once   {proof.sent_once}")
    console.print(f"  Message 2 received exactly once   {proof.followed_up_once}")
    console.print(f"  duplicates                        {proof.duplicates}")
    console.print(f"  lost                              {proof.lost}")
    for finding in proof.findings[:20]:
        console.print(f"  [red]{finding}[/]")
    verdict = "[bold green]It holds.[/]" if proof.holds else "[bold red]It does not hold.[/]"
    console.print(f"  {verdict}\n")
