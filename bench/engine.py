"""How much can one machine do? `make bench-engine SIZES="1000 10000" OPEN=10000`: campaigns without a pace.

Beside each runs a bare floor: the same workflows on the same Temporal server, with activities that do nothing
(bench/engine_floor.py). Nobody reacts; a contact is Message 1, a window of a second and its end. At last, one
campaign whose contacts all wait at the same time: that is for the worker's memory.
"""

import argparse
import asyncio
import statistics
import sys
from dataclasses import dataclass
from time import monotonic

import httpx
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from bench.driving import Json, Report, post, run_stack
from bench.engine_floor import BATCH_SIZE, SENDERS, WINDOW_S
from bench.engine_use import cpu_ms_per_contact, disk_kb_per_contact, memory_mb, use_of
from domain.identifiers import CAMPAIGN_ATTRIBUTE, campaign_workflow_id
from local.stack import Stack

FLOOR_NAMESPACE = "floor"
RATE_PER_S = 1000.0
ENOUGH = 10_000_000  # messages in 24 hours
SAMPLE_S = 2.0
COMPLAINT_CHARS = 4000
LONG_S = 86400.0
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


async def draft(
    api: httpx.AsyncClient, senders: list[str], first: int, contacts: int, window_s: float = WINDOW_S
) -> str:
    """A campaign over numbers of an area that does not exist."""
    rows = "\n".join(["phone", *(f"+1000{number:07d}" for number in range(first, first + contacts))])
    answer = await api.post(
        "/api/contacts/import",
        params={"category": f"{first}"},
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
        "window_s": window_s,
        "grace_s": 0,
        "max_age_s": 2 * LONG_S,
        "batch_size": BATCH_SIZE,
        "batch_pause_s": 0,
    }
    return str((await post(api, "/api/campaigns", body))["id"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Took:
    """What one campaign took, from its start to its close."""

    seconds: float
    worker_mb: float  # at its largest
    cpu_ms: dict[str, float]  # by component, for one contact
    disk_kb: dict[str, float]  # by database, for one contact


async def ours(stack: Stack, api: httpx.AsyncClient, campaign_id: str, contacts: int) -> Took:
    """Runs a campaign."""
    worker_pid = stack.supervisor.component("worker").pid
    most = 0.0
    before = await use_of(stack)
    began = monotonic()
    await post(api, f"/api/campaigns/{campaign_id}/start", {})
    while True:
        shown: Json = (await api.get(f"/api/campaigns/{campaign_id}")).json()
        most = max(most, memory_mb(worker_pid))
        if shown["closed_at"]:
            break
        await asyncio.sleep(min(SAMPLE_S, 0.1 + (monotonic() - began) / 50))
    seconds = monotonic() - began
    after = await use_of(stack)
    return Took(
        seconds=seconds,
        worker_mb=most,
        cpu_ms=cpu_ms_per_contact(before, after, contacts),
        disk_kb=disk_kb_per_contact(before, after, contacts),
    )


async def floor_s(stack: Stack, contacts: int) -> float:
    """The same without us."""
    arguments = ("-m", "bench.engine_floor", stack.addresses.temporal_address, FLOOR_NAMESPACE, str(contacts))
    floor = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, complaints = await floor.communicate()
    if floor.returncode != 0:
        print(complaints.decode(errors="replace")[-COMPLAINT_CHARS:], file=sys.stderr)
        sys.exit(f"the floor ended with {floor.returncode}")
    return float(out.split()[-1])  # what the SDK has to say goes there too


async def waiting(
    stack: Stack, api: httpx.AsyncClient, temporal: Client, campaign_id: str, contacts: int
) -> float:
    """The largest memory of the worker, in MB, until all contacts wait for their window to end."""
    worker_pid = stack.supervisor.component("worker").pid
    most = 0.0
    await post(api, f"/api/campaigns/{campaign_id}/start", {})
    while True:
        most = max(most, memory_mb(worker_pid))
        shown: Json = (await api.get(f"/api/campaigns/{campaign_id}")).json()
        if shown["counts"]["messages_1_sent"] == contacts:
            break
        await asyncio.sleep(SAMPLE_S)
    of_campaign = f"{CAMPAIGN_ATTRIBUTE} = '{campaign_id}'"
    found = await temporal.count_workflows(
        f"WorkflowType = 'ContactWorkflow' AND ExecutionStatus = 'Running' AND {of_campaign}"
    )
    if found.count != contacts:
        sys.exit(f"{found.count} workflows are open, not {contacts}")
    return most


async def campaign_events(temporal: Client, campaign_id: str) -> int:
    """The longest history of any run of the campaign's workflow."""
    query = f"WorkflowId = '{campaign_workflow_id(campaign_id)}'"
    return max([run.history_length async for run in temporal.list_workflows(query)])


async def run(sizes: list[int], rounds: int, open_contacts: int) -> Report:
    """Every size, ours and the floor in turn; the small ones several times."""
    report = Report("engine", "Campaigns without a pace limit", TARGETS)
    per_contact: dict[int, float] = {}
    async with run_stack("engine") as (stack, api, sandbox):
        senders = await add_senders(api, sandbox)
        temporal = await Client.connect(stack.addresses.temporal_address)
        await make_namespace(temporal)
        first = 0
        for size in sizes:
            runs, floors = [], []
            for _ in range(rounds if size <= sizes[0] else 1):
                campaign_id = await draft(api, senders, first, size)
                first += size
                runs.append(await ours(stack, api, campaign_id, size))
                floors.append(await floor_s(stack, size) - WINDOW_S)
            ours_median = statistics.median(run.seconds for run in runs) - WINDOW_S
            floor_median = statistics.median(floors)
            per_contact[size] = ours_median / size
            events = await campaign_events(temporal, campaign_id)
            note(report, size, runs[-1], events)
            report.row(
                f"{size:,} contacts a second",
                f"{size / ours_median:.1f}, floor {size / floor_median:.1f}: {floor_median / ours_median:.2f}",
            )
            report.figures[f"contacts_per_s_{size}"] = round(size / ours_median, 1)
            report.figures[f"floor_per_s_{size}"] = round(size / floor_median, 1)
            if size == sizes[0]:
                report.figures["floor_over_ours_at_smallest"] = round(ours_median / floor_median, 2)
        if open_contacts:
            campaign_id = await draft(api, senders, first, open_contacts, LONG_S)
            most_mb = await waiting(stack, api, temporal, campaign_id, open_contacts)
            report.row(f"{open_contacts:,} open contacts", f"worker {most_mb:.0f} MB")
            report.worst("worker_mb", round(most_mb))
            report.figures["open_contacts"] = open_contacts
    report.figures["time_per_contact_growth"] = round(per_contact[sizes[-1]] / per_contact[sizes[0]], 2)
    return report


def note(report: Report, size: int, took: Took, events: int) -> None:
    """What a campaign took beside its time."""
    spent = ", ".join(f"{name} {ms:g}" for name, ms in took.cpu_ms.items())
    kept = ", ".join(f"{name} {kb:g}" for name, kb in took.disk_kb.items())
    report.row(f"{size:,}: ms of processor per contact", f"{sum(took.cpu_ms.values()):.1f}: {spent}")
    report.row(f"{size:,}: kB of disk per contact", kept)
    report.row(f"{size:,}: events of the campaign's longest run", f"{events}")
    report.worst("worker_mb", round(took.worker_mb))
    report.worst("campaign_events", events)


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
    parser.add_argument("--open", type=int, default=0, help="contacts of the campaign that all wait at once")
    given = parser.parse_args()
    report = asyncio.run(run(sorted(given.sizes), given.rounds, given.open))
    report.print()
    sys.exit(0 if report.met else 1)


if __name__ == "__main__":
    main()
