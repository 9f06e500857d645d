"""The embedded Temporal has what the sending pace rests on: exact rate limits that change while it runs."""

import asyncio
import json
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest
from temporalio import activity, workflow
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import RateLimit
from temporalio.api.workflowservice.v1 import UpdateTaskQueueConfigRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from local.errors import StackError
from local.servers import Servers
from local.temporal import DYNAMIC_CONFIG, read_dynamic_config

_QUEUE = "send-test"
_TASKS = 12
_RATE_PER_S = 4.0
# A queue at rest lets through what one second allows, and the task of the moment, before it starts to space.
_FREE_AT_FIRST = 5


@activity.defn
async def moment() -> float:
    """When the task queue let this task through."""
    return asyncio.get_running_loop().time()


@workflow.defn
class Moments:
    """Asks for many tasks of the paced queue at once."""

    @workflow.run
    async def run(self) -> list[float]:
        """The moments, in order."""
        wanted = [
            workflow.execute_activity(moment, task_queue=_QUEUE, start_to_close_timeout=timedelta(seconds=30))
            for _ in range(_TASKS)
        ]
        return sorted(await asyncio.gather(*wanted))


async def _set_rate(client: Client, per_s: float) -> None:
    await client.workflow_service.update_task_queue_config(
        UpdateTaskQueueConfigRequest(
            namespace=client.namespace,
            identity="test",
            task_queue=_QUEUE,
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
            update_queue_rate_limit=UpdateTaskQueueConfigRequest.RateLimitUpdate(
                rate_limit=RateLimit(requests_per_second=per_s), reason="test"
            ),
        )
    )


async def test_a_rate_limit_spaces_the_tasks_of_a_live_queue(real_servers: Servers) -> None:
    client = await Client.connect(real_servers.temporal_address)
    await _set_rate(client, _RATE_PER_S)
    async with (
        Worker(
            client,
            task_queue="rate-test",
            workflows=[Moments],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ),
        Worker(client, task_queue=_QUEUE, activities=[moment]),
    ):
        moments = await client.execute_workflow(Moments.run, id="paced", task_queue="rate-test")
        spaced = moments[_FREE_AT_FIRST:]
        assert moments[-1] - moments[0] >= len(spaced) / _RATE_PER_S - 0.3
        # Four partitions would each pass one at the same time; the median forgives a busy machine.
        assert median(later - earlier for earlier, later in pairwise(spaced)) == pytest.approx(0.25, abs=0.1)

        await _set_rate(client, 200)
        await asyncio.wait_for(
            client.execute_workflow(Moments.run, id="unpaced", task_queue="rate-test"), timeout=20
        )


async def test_the_search_attributes_exist(real_servers: Servers) -> None:
    client = await Client.connect(real_servers.temporal_address)
    campaign = SearchAttributeKey.for_keyword("RelanceCampaign")
    handle = await client.start_workflow(
        "Waiting",
        id="found-by-campaign",
        task_queue="nobody-works-here",
        search_attributes=TypedSearchAttributes([SearchAttributePair(campaign, "42")]),
    )
    assert (await handle.describe()).typed_search_attributes[campaign] == "42"


def test_the_deployed_configuration_is_read_as_the_server_takes_it() -> None:
    values = read_dynamic_config()
    assert json.loads(values["matching.numTaskqueueReadPartitions"]) == 1
    assert json.loads(values["matching.numTaskqueueWritePartitions"]) == 1
    assert json.loads(values["matching.enableFairness"]) is True
    assert len(values) == DYNAMIC_CONFIG.read_text().count("- value:")


@pytest.mark.parametrize(
    "text",
    [
        "matching.useNewMatcher:\n  - value: yes\n",
        'matching.x:\n  - value: 1\n    constraints:\n      namespace: "a"\n',
        "matching.x: 1\n",
    ],
)
def test_what_only_the_deployed_server_would_understand_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "dynamicconfig.yaml"
    file.write_text(text)
    with pytest.raises(StackError, match=r"dynamicconfig\.yaml"):
        read_dynamic_config(file)
