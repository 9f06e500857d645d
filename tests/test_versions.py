"""Workers with versions: which of them is the current one, and who notices when nobody is of that version."""

import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from temporalio import workflow
from temporalio.api.deployment.v1 import WorkerDeploymentInfo
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueResponse,
    DescribeWorkerDeploymentRequest,
    SetWorkerDeploymentCurrentVersionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.deployments import describe_queue, make_first_current
from activities.presence import workers_probe
from activities.temporal_setup import ensure_namespace
from domain.identifiers import CAMPAIGN_QUEUE, DEPLOYMENT
from local import temporal_doctor
from local.findings import Verdict
from local.servers import Servers
from local.temporal_doctor import check_worker
from settings import Settings
from storage import monitoring
from storage.database import Pool
from tests.conftest import eventually
from worker import deployment_of


@workflow.defn
class Nothing:
    """Gives a worker something to serve."""

    @workflow.run
    async def run(self) -> None:
        """Ends at once."""


@pytest.fixture(scope="module")
async def versioned(servers: Servers) -> AsyncIterator[Client]:
    """A namespace of its own: a worker of version `two` was there once, one of the current `one` is there."""
    client = await Client.connect(servers.temporal_address, namespace=f"versions-{secrets.token_hex(4)}")
    await ensure_namespace(client, create=True, retention=timedelta(days=1))

    async def two_is_known() -> bool:
        with suppress(RPCError):
            known = (await deployment(client)).version_summaries
            return [each.deployment_version.build_id for each in known] == ["two"]
        return False

    async with worker_of(client, "two"):
        await eventually(two_is_known, what="version two")
    async with worker_of(client, "one"):
        await make_first_current(client, "one")
        yield client


def worker_of(client: Client, build_id: str) -> Worker:
    """One of that version, which asks for the work of workflows."""
    return Worker(
        client,
        task_queue=CAMPAIGN_QUEUE,
        workflows=[Nothing],
        workflow_runner=UnsandboxedWorkflowRunner(),
        deployment_config=deployment_of(build_id),
    )


async def deployment(client: Client) -> WorkerDeploymentInfo:
    """What Temporal knows of our versions. Raises RPCError."""
    found = await client.workflow_service.describe_worker_deployment(
        DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=DEPLOYMENT)
    )
    return found.worker_deployment_info


async def make_current(client: Client, build_id: str) -> None:
    """As `temporal worker deployment set-current-version` does, also when nobody is of that version."""
    await client.workflow_service.set_worker_deployment_current_version(
        SetWorkerDeploymentCurrentVersionRequest(
            namespace=client.namespace,
            deployment_name=DEPLOYMENT,
            build_id=build_id,
            allow_no_pollers=True,
            ignore_missing_task_queues=True,
        )
    )


async def minutes_later(client: Client) -> DescribeTaskQueueResponse:
    """What Temporal says once it has forgotten the polls of the worker that is gone."""
    queue = await describe_queue(client)
    kept = [poller for poller in queue.pollers if poller.deployment_options.build_id == "one"]
    assert kept
    queue.ClearField("pollers")
    queue.pollers.extend(kept)
    return queue


async def test_a_version_that_nobody_is_of_counts_as_a_worker_that_is_down(
    versioned: Client, pool: Pool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E17: workers live and beat, and yet every workflow stands still: whoever looks has to see it."""
    complete = workers_probe(pool, versioned)
    here = settings.model_copy(update={"temporal_namespace": versioned.namespace})

    async def incomplete() -> bool:
        return not await complete()

    async def doctor_is_content() -> bool:
        return (await check_worker(here)).verdict is Verdict.OK

    alive = [await monitoring.beat(pool, None, host="a", process_id=1, build_id="one")]
    try:
        await eventually(complete, what="a worker of the current version")
        await eventually(doctor_is_content, what="the doctor's consent")

        await make_current(versioned, "two")
        await monitoring.beat(pool, alive[0], host="a", process_id=1)
        within_s = monitoring.ALIVE_S / 2  # or nobody would be alive any more
        await eventually(incomplete, within_s=within_s, what="the news that nobody is of version two")
        monkeypatch.setattr(temporal_doctor, "describe_queue", minutes_later)
        finding = await check_worker(here)
        assert finding.verdict is Verdict.FAILED
        assert "version two" in finding.detail
        assert "version one" in finding.detail
        assert "RELANCE_WORKER_BUILD_ID" in finding.hint

        alive.append(
            await monitoring.beat(pool, None, host="b", process_id=2, roles=["sending"], build_id="two")
        )
        assert await incomplete(), "one that only sends runs no workflow"
        alive.append(await monitoring.beat(pool, None, host="b", process_id=3, build_id="two"))
        assert await complete()
    finally:
        for worker_id in alive:
            await monitoring.sign_off(pool, worker_id)


async def test_an_error_that_passes_makes_no_version_the_current_one(versioned: Client) -> None:
    """E17: a new version waits for a person, also when Temporal did not answer at its start."""
    await make_current(versioned, "two")
    asked = 0

    async def busy_at_first(request: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise RPCError("busy", RPCStatusCode.UNAVAILABLE, b"")
        return await versioned.workflow_service.describe_worker_deployment(request)

    service = SimpleNamespace(
        describe_worker_deployment=busy_at_first,
        set_worker_deployment_current_version=versioned.workflow_service.set_worker_deployment_current_version,
    )
    unlucky = cast("Client", SimpleNamespace(namespace=versioned.namespace, workflow_service=service))
    await make_first_current(unlucky, "one")
    assert asked == 2
    routing = (await deployment(versioned)).routing_config
    assert routing.current_deployment_version.build_id == "two"
