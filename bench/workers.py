"""What does it cost to serve many senders? `make bench-workers SENDERS=200`: one worker process, nothing to do.

Every sender has two task queues, each with a Temporal Worker of its own in the process. What that costs at rest
is the difference to a worker without senders; besides, how long it takes until a sender that is added while the
worker runs is served.
"""

import argparse
import asyncio
import sys
from dataclasses import dataclass
from time import monotonic

import httpx
import psutil
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from bench.driving import Report, post, run_stack
from domain.identifiers import reply_queue, send_queue
from local.stack import Stack

REST_S = 45.0
SETTLE_S = 10.0  # the first looks of the senders' workflows
LONGEST_S = 180.0
MB = 2**20
TARGETS = {"idle_cpu_percent": 10.0, "memory_mb": 600.0, "served_within_s": 5.0}


@dataclass(frozen=True, slots=True)
class Rest:
    """A worker that has nothing to do."""

    cpu_percent: float  # of one core
    temporal_cpu_percent: float
    memory_mb: float
    threads: int


async def at_rest(stack: Stack) -> Rest:
    """Over the next REST_S."""
    worker, temporal = (psutil.Process(stack.supervisor.component(name).pid) for name in ("worker", "temporal"))
    before = [_cpu_s(process) for process in (worker, temporal)]
    began = monotonic()
    await asyncio.sleep(REST_S)
    lasted_s = monotonic() - began
    spent = [_cpu_s(process) - was for process, was in zip((worker, temporal), before, strict=True)]
    return Rest(
        cpu_percent=100 * spent[0] / lasted_s,
        temporal_cpu_percent=100 * spent[1] / lasted_s,
        memory_mb=worker.memory_full_info().uss / MB,
        threads=worker.num_threads(),
    )


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def add_sender(api: httpx.AsyncClient, sandbox: httpx.AsyncClient, number: int) -> str:
    """An account at the sandbox; gives the sender's id."""
    device, phone = f"{number:024x}", f"+3363998{number:04d}"
    (await sandbox.post("/control/devices", json={"id": device, "phone": phone})).raise_for_status()
    sender = await post(api, "/api/senders", {"name": f"Account {number}", "phone": phone, "device_id": device})
    return str(sender["id"])


async def served_s(temporal: Client, sender_ids: list[str]) -> float:
    """How long it takes from now until somebody polls both queues of all of them."""
    began = monotonic()
    waiting = {queue for identity in sender_ids for queue in (send_queue(identity), reply_queue(identity))}
    while waiting:
        if monotonic() - began > LONGEST_S:
            sys.exit(f"{len(waiting)} queues are still not served after {LONGEST_S:g} s")
        polled = await asyncio.gather(*(_is_polled(temporal, queue) for queue in waiting))
        waiting = {queue for queue, is_polled in zip(list(waiting), polled, strict=True) if not is_polled}
        await asyncio.sleep(0.1)
    return monotonic() - began


async def _is_polled(temporal: Client, queue: str) -> bool:
    request = DescribeTaskQueueRequest(
        namespace=temporal.namespace,
        task_queue=TaskQueue(name=queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    )
    return bool((await temporal.workflow_service.describe_task_queue(request)).pollers)


async def run(senders: int) -> Report:
    """The figures, at first without any sender."""
    report = Report("workers", f"One worker at rest, {senders} senders", TARGETS)
    async with run_stack("workers") as (stack, api, sandbox):
        temporal = await Client.connect(stack.addresses.temporal_address)
        await asyncio.sleep(SETTLE_S)
        _note(report, "without senders", await at_rest(stack))
        known = [await add_sender(api, sandbox, number) for number in range(senders - 1)]
        report.row(f"{senders - 1} new senders served after", f"{await served_s(temporal, known):.1f} s")
        await asyncio.sleep(SETTLE_S)
        late = await add_sender(api, sandbox, senders - 1)
        report.figures["served_within_s"] = round(await served_s(temporal, [late]), 2)
        rest = await at_rest(stack)
        _note(report, f"with {senders} senders", rest)
        report.figures["idle_cpu_percent"] = round(rest.cpu_percent, 1)
        report.figures["memory_mb"] = round(rest.memory_mb)
    return report


def _note(report: Report, when: str, rest: Rest) -> None:
    report.row(f"{when}: processor, worker", f"{rest.cpu_percent:.1f} % of a core")
    report.row(f"{when}: processor, Temporal", f"{rest.temporal_cpu_percent:.1f} % of a core")
    report.row(f"{when}: memory, threads", f"{rest.memory_mb:.0f} MB, {rest.threads}")


def main() -> None:
    """Ends with 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--senders", type=int, default=200)
    report = asyncio.run(run(parser.parse_args().senders))
    report.print()
    sys.exit(0 if report.met else 1)


if __name__ == "__main__":
    main()
