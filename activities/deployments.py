"""Versions of the workers, where they are versioned (Temporal's Worker Versioning).

Workflows go to the current version of the deployment. Without one nobody who is versioned gets anything, so the
first version makes itself the current one. Every later one is for a person to roll out: docs/scaling.md. So it
can happen that workers are there and none of them is of the version that workflows go to.
"""

import asyncio
from datetime import timedelta

import structlog
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
    DescribeWorkerDeploymentRequest,
    SetWorkerDeploymentCurrentVersionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError

from domain.identifiers import CAMPAIGN_QUEUE, DEPLOYMENT

log = structlog.get_logger(__name__)

RETRY_S = 1.0
RPC_TIMEOUT = timedelta(seconds=1.5)  # less than a probe may take


async def make_first_current(client: Client, build_id: str) -> None:
    """Returns once the deployment has a current version, whoever has set it."""
    while True:
        try:
            await _ensure_current(client, build_id)
        except RPCError as error:
            # Temporal knows us once a worker of ours has polled. Whatever else it is, it says nothing about the
            # current version: another one may well be it.
            log.debug("the first version is not known yet", build_id=build_id, error=error.message)
        else:
            return
        await asyncio.sleep(RETRY_S)


async def _ensure_current(client: Client, build_id: str) -> None:
    service, namespace = client.workflow_service, client.namespace
    found = await service.describe_worker_deployment(
        DescribeWorkerDeploymentRequest(namespace=namespace, deployment_name=DEPLOYMENT)
    )
    if found.worker_deployment_info.routing_config.current_deployment_version.build_id:
        return
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=namespace,
        deployment_name=DEPLOYMENT,
        build_id=build_id,
        conflict_token=found.conflict_token,  # refused when somebody was faster
    )
    await service.set_worker_deployment_current_version(request)
    log.info("the first version of the workers is the current one", build_id=build_id)


async def describe_queue(client: Client) -> DescribeTaskQueueResponse:
    """The queue of the workflows: who asks it for work, and which versions get any. Raises RPCError."""
    return await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=CAMPAIGN_QUEUE),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        ),
        timeout=RPC_TIMEOUT,
    )


def versions_in_use(queue: DescribeTaskQueueResponse) -> frozenset[str | None]:
    """The build ids to which workflows go now, all of which are needed; None is a worker without a version."""
    routing = queue.versioning_info
    found = {routing.current_deployment_version.build_id or None}
    if routing.ramping_version_percentage > 0:
        found.add(routing.ramping_deployment_version.build_id or None)
    return frozenset(found)


class Versions:
    """The versions that workers have to be of, as Temporal last said it.

    Before its first answer nothing is asked of workers: that Temporal is away is said elsewhere.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: frozenset[str | None] = frozenset()

    async def needed(self) -> frozenset[str | None]:
        """Build ids; None is a worker without a version."""
        try:
            self._known = versions_in_use(await describe_queue(self._client))
        except RPCError as error:
            log.debug("the versions in use are not known now", error=error.message)
        return self._known
