"""How much can one machine do? `make bench-engine SIZES="1000 10000 100000"`: campaigns without a pace limit.

Beside each runs a bare floor: the same workflows on the same Temporal server, with activities that do nothing
(bench/engine_floor.py). Nobody reacts; a contact is Message 1, a window of a second and its end.
"""

import argparse
import asyncio
import statistics
import sys
from time import monotonic

import httpx
import psutil
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from bench.driving import Json, Report, post, run_stack
from bench.engine_floor import BATCH_SIZE, SENDERS, WINDOW_S
from domain.identifiers import campaign_workflow_id
from local.stack import Stack

FLOOR_NAMESPACE = "floor"
RATE_PER_S = 1000.0
ENOUGH = 10_000_000  # messages in 24 hours
SAMPLE_S = 2.0
MB = 2**20
TARGETS = {"floor_over_ours_at_smallest": 1.25, "time_per_contact_growth": 1.2, "worker_mb": 600.0}


async def add_senders(api: httpx.AsyncClient, sandbox: httpx.AsyncClient) -> list[str]:
    """Established accounts with a quota that nobody reaches."""
    (await api.put("/api/settings/quota_per_day", json={"value": ENOUGH})).raise_for_status()
    (await api.put("/api/settings/message_2_reserve", json={"value": 0})).raise_for_status()
    ids = []
    for number in range(SENDERS):
        device, phone = f"{number:024x}", f"+3363998{number:04d}"
        (await sandbox.post("/control/devices", json={"id": device, "phone": phone})).raise_for_status()
        body = {"name": f"{number}", "phone": phone, "device_id": device, "message_1_rate_per_s": RATE_PER_S}
        ids.append(str((await post(api, "/api/senders", body))["id"]))
    return ids


async def draft(api: httpx.AsyncClient, senders: list[str], first: int, contacts: int) -> str:
    """A campaign over numbers of an area that does not exist."""
    rows = "\n".join(["phone", *(f"+1000{number:07d}" for number in range(first, first + contacts))])
    answer = await api.post(
        "/api/contacts/import",
        params={"category": f"{contacts}"},
        content=rows,
        headers={"Content-Type": "text/csv"},
        timeout=300,
    )
    answer.raise_for_status()
    body = {
        "name": f"{contacts}",
        "message_1": "Hello",
        "message_2": "Thank you",
        "sender_ids": senders,
        "category_ids": [answer.json()["category_id"]],
        "window_s": WINDOW_S,
        "grace_s": 0,
        "max_age_s": 86400,
        "batch_size": BATCH_SIZE,
        "batch_pause_s": 0,
    }
    return str((await post(api, "/api/campaigns", body))["id"])


async def ours_s(stack: Stack, api: httpx.AsyncClient, campaign_id: str) -> tuple[float, float]:
    """Seconds from start to close, and the largest memory of the worker meanwhile, in MB."""
    worker = psutil.Process(stack.supervisor.component("worker").pid)
    most = 0.0
    began = monotonic()
    await post(api, f"/api/campaigns/{campaign_id}/start", {})
    while True:
        shown: Json = (await api.get(f"/api/campaigns/{campaign_id}")).json()
        most = max(most, worker.memory_full_info().uss / MB)
        if shown["closed_at"]:
            return monotonic() - began, most
        await asyncio.sleep(min(SAMPLE_S, 0.1 + (monotonic() - began) / 50))


async def floor_s(stack: Stack, contacts: int) -> float:
    """The same without us."""
    arguments = ("-m", "bench.engine_floor", stack.addresses.temporal_address, FLOOR_NAMESPACE, str(contacts))
    floor = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    out, _ = await floor.communicate()
    if floor.returncode != 0:
        sys.exit(f"the floor ended with {floor.returncode}")
    return float(out)


async def campaign_events(temporal: Client, campaign_id: str) -> int:
    """The longest history of any run of the campaign's workflow."""
    query = f"WorkflowId = '{campaign_workflow_id(campaign_id)}'"
    return max([run.history_length async for run in temporal.list_workflows(query)])


async def run(sizes: list[int], rounds: int) -> Report:
    """Every size, ours and the floor in turn; the small ones several times."""
    report = Report("engine", "Campaigns without a pace limit", TARGETS)
    per_contact: dict[int, float] = {}
    async with run_stack("engine") as (stack, api, sandbox):
        senders = await add_senders(api, sandbox)
        temporal = await Client.connect(stack.addresses.temporal_address)
        await make_namespace(temporal)
        first = 0
        for size in sizes:
            ours, floors = [], []
            for _ in range(rounds if size <= sizes[0] else 1):
                campaign_id = await draft(api, senders, first, size)
                first += size
                took_s, most_mb = await ours_s(stack, api, campaign_id)
                ours.append(took_s - WINDOW_S)
                floors.append(await floor_s(stack, size) - WINDOW_S)
                report.worst("worker_mb", round(most_mb))
            ours_median, floor_median = statistics.median(ours), statistics.median(floors)
            per_contact[size] = ours_median / size
            events = await campaign_events(temporal, campaign_id)
            report.row(
                f"{size:,} contacts",
                f"{size / ours_median:.1f} a second, floor {size / floor_median:.1f}; "
                f"{1000 * ours_median / size:.1f} ms each; campaign's history {events} events",
            )
            report.figures[f"contacts_per_s_{size}"] = round(size / ours_median, 1)
            report.figures[f"floor_per_s_{size}"] = round(size / floor_median, 1)
            report.worst("campaign_events", events)
            if size == sizes[0]:
                report.figures["floor_over_ours_at_smallest"] = round(ours_median / floor_median, 2)
    report.figures["time_per_contact_growth"] = round(per_contact[sizes[-1]] / per_contact[sizes[0]], 2)
    return report


async def make_namespace(temporal: Client) -> None:
    """Where the floor's workers do not meet ours."""
    await temporal.workflow_service.register_namespace(
        RegisterNamespaceRequest(
            namespace=FLOOR_NAMESPACE, workflow_execution_retention_period=Duration(seconds=86400)
        )
    )
    await asyncio.sleep(2)  # every part of the server hears of it


def main() -> None:
    """Ends with 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--rounds", type=int, default=3, help="how often the smallest size runs")
    given = parser.parse_args()
    report = asyncio.run(run(sorted(given.sizes), given.rounds))
    report.print()
    sys.exit(0 if report.met else 1)


if __name__ == "__main__":
    main()
