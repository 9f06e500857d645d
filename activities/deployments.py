"""The first version of the workers, where they are versioned (Temporal's Worker Versioning).

Workflows go to the current version of the deployment. Without one nobody who is versioned gets anything, so the
first version makes itself the current one. Every later one is for a person to roll out: docs/scaling.md.
"""

import asyncio

import structlog
from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentRequest,
    SetWorkerDeploymentCurrentVersionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError

from domain.identifiers import DEPLOYMENT

log = structlog.get_logger(__name__)

RETRY_S = 1.0


async def make_first_current(client: Client, build_id: str) -> None:
    """Returns once the deployment has a current version, whoever has set it."""
    while not await _has_current(client):
        request = SetWorkerDeploymentCurrentVersionRequest(
            namespace=client.namespace, deployment_name=DEPLOYMENT, build_id=build_id
        )
        try:
            await client.workflow_service.set_worker_deployment_current_version(request)
            log.info("the first version of the workers is the current one", build_id=build_id)
        except RPCError as error:  # Temporal knows it once a worker of it has polled
            log.debug("the first version is not known yet", build_id=build_id, error=error.message)
            await asyncio.sleep(RETRY_S)


async def _has_current(client: Client) -> bool:
    request = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=DEPLOYMENT)
    try:
        found = await client.workflow_service.describe_worker_deployment(request)
    except RPCError:
        return False
    routing = found.worker_deployment_info.routing_config
    return bool(routing.current_deployment_version.build_id)
