"""The pace of a sender's two task queues, as Temporal keeps it."""

import structlog
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import RateLimit
from temporalio.api.workflowservice.v1 import UpdateTaskQueueConfigRequest
from temporalio.client import Client

log = structlog.get_logger(__name__)


async def limit_queue(temporal: Client, queue: str, rate_per_s: float, reason: str) -> None:
    """Lets at most `rate_per_s` activities a second leave a queue, whatever the number of workers.

    Takes effect on the live queue within a second; exact only on a queue with one partition.
    """
    await temporal.workflow_service.update_task_queue_config(
        UpdateTaskQueueConfigRequest(
            namespace=temporal.namespace,
            identity=temporal.identity,
            task_queue=queue,
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
            update_queue_rate_limit=UpdateTaskQueueConfigRequest.RateLimitUpdate(
                rate_limit=RateLimit(requests_per_second=rate_per_s), reason=reason
            ),
        )
    )
    log.info("queue limited", queue=queue, rate_per_s=rate_per_s, reason=reason)
