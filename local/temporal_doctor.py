"""What can be wrong with Temporal and with those who work for it; reached as our processes reach it."""

import asyncio
from collections.abc import Set
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import WorkerVersioningMode
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import ListTaskQueuePartitionsRequest
from temporalio.client import Client
from temporalio.service import RPCError

from activities.deployments import describe_queue, versions_in_use
from activities.temporal import connect
from activities.temporal_setup import SetupError, is_cloud, missing_search_attributes
from local.findings import TIMEOUT_S, Finding, failed, ok, reason, warning
from local.temporal import DYNAMIC_CONFIG
from settings import Settings

_POLLED_WITHIN = timedelta(minutes=2)  # a poll lasts a minute
_PROBED_QUEUE = "relance-doctor"
_NAME = "temporal"
_SET_UP = "`relance temporal setup`"


async def check_temporal(settings: Settings) -> Finding:
    """Whether Temporal answers and is configured as the sending pace needs it."""
    address, namespace = settings.temporal_address or "", settings.temporal_namespace
    try:
        async with asyncio.timeout(TIMEOUT_S):
            client = await connect(settings, address=address)
            missing = await missing_search_attributes(client)
            partitions = await _partitions(client)
    except SetupError as error:
        return failed(_NAME, str(error), f"Create what is missing: {_SET_UP} says how.")
    except RPCError as error:
        return failed(_NAME, reason(error), "See Temporal's log, or correct RELANCE_TEMPORAL_ADDRESS.")
    except (RuntimeError, TimeoutError) as error:
        hint = "Start it with `relance up`, or correct RELANCE_TEMPORAL_ADDRESS and RELANCE_TEMPORAL_TLS_*."
        return failed(_NAME, f"{address}: {reason(error)}", hint)
    if missing:
        detail = f"Search attributes are missing: {', '.join(missing)}"
        return failed(_NAME, detail, f"Add them: {_SET_UP}.")
    if partitions != 1:
        return _too_many_partitions(address, partitions)
    return ok(_NAME, f"answers at {address}, namespace {namespace}, one partition per queue")


def _too_many_partitions(address: str, partitions: int) -> Finding:
    detail = f"Task queues have {partitions} partitions, so messages would leave in bursts"
    if is_cloud(address):
        detail = (
            f"Task queues have {partitions} partitions: the database keeps every gap, Temporal does not help"
        )
        return warning(_NAME, detail, "Ask Temporal's support for one partition on queues send-* and reply-*.")
    return failed(_NAME, detail, f"Give the server the dynamic configuration of {DYNAMIC_CONFIG}.")


async def check_worker(settings: Settings) -> Finding:
    """Whether workers ask for the work that there is; without any, campaigns stand still and lose nothing."""
    name = "worker"
    try:
        async with asyncio.timeout(TIMEOUT_S):
            client = await connect(settings, address=settings.temporal_address or "")
            queue = await describe_queue(client)
    except (RPCError, RuntimeError, TimeoutError) as error:
        return failed(name, reason(error), "Temporal has to answer first.")
    recent = [
        poller
        for poller in queue.pollers
        if datetime.now(UTC) - poller.last_access_time.ToDatetime(UTC) < _POLLED_WITHIN
    ]
    if not recent:
        hint = "Start one with `relance up` or `python -m worker`; see worker.log."
        return failed(name, "no worker asks for work", hint)
    there = {_version_of(poller) for poller in recent}
    if away := versions_in_use(queue) - there:
        return _nobody_of_that_version(name, away, there)
    return ok(name, f"{len({poller.identity for poller in recent})} asking for work")


def _version_of(poller: PollerInfo) -> str | None:
    # One without versioning has a build id as well: the SDK makes it up.
    options = poller.deployment_options
    is_versioned = options.worker_versioning_mode == WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED
    return options.build_id if is_versioned else None


def _nobody_of_that_version(name: str, away: Set[str | None], there: Set[str | None]) -> Finding:
    needed, present = _versions(away), _versions(there)
    return failed(
        name,
        f"workflows go to {needed}, and nobody of it asks for work; there is {present}",
        "Start a worker with that RELANCE_WORKER_BUILD_ID, or make another version the current one: "
        'docs/scaling.md, "A new version, while campaigns run".',
    )


def _versions(build_ids: Set[str | None]) -> str:
    return ", ".join(sorted(f"version {each}" if each else "workers without a version" for each in build_ids))


async def _partitions(client: Client) -> int:
    request = ListTaskQueuePartitionsRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=_PROBED_QUEUE)
    )
    answer = await client.workflow_service.list_task_queue_partitions(request)
    return len(answer.activity_task_queue_partitions)
