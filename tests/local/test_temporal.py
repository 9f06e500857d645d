"""The embedded Temporal has what the sending pace rests on: exact rate limits that change while it runs."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.queues import limit_queue
from local.errors import StackError
from local.servers import Servers
from local.temporal import DYNAMIC_CONFIG, read_dynamic_config
from tests.conftest import eventually

_QUEUE = "send-test"
_TASKS = 30
_RATE_PER_S = 10.0
# A queue at rest lets through what one second allows, and the task of the moment, before it starts to space.
_FREE_AT_FIRST = 11
# A queue is read anew once soon after it was loaded, and from then on in the rhythm of the configuration.
_FIRST_REFRESH_S = 8.0
_CRAWL_PER_S = 0.05  # at this rate the tasks would take minutes


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


@pytest_asyncio.fixture
async def client(real_servers: Servers) -> AsyncIterator[Client]:
    """A way to Temporal, with workers for both queues of the test."""
    connected = await Client.connect(real_servers.temporal_address)
    async with (
        Worker(
            connected,
            task_queue="rate-test",
            workflows=[Moments],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ),
        Worker(connected, task_queue=_QUEUE, activities=[moment]),
    ):
        yield connected


async def test_a_rate_limit_spaces_the_tasks_of_a_live_queue(client: Client) -> None:
    await limit_queue(client, _QUEUE, _RATE_PER_S, "test")
    began = asyncio.get_running_loop().time()
    moments = await client.execute_workflow(Moments.run, id="paced", task_queue="rate-test")
    spaced = len(moments) - _FREE_AT_FIRST
    # A slow machine takes longer: only too fast is wrong.
    assert moments[-1] - began >= spaced / _RATE_PER_S - 0.4


async def test_a_raised_limit_takes_effect_on_tasks_that_already_wait(client: Client) -> None:
    await limit_queue(client, _QUEUE, _CRAWL_PER_S, "test")
    paced = await client.start_workflow(Moments.run, id="crawling", task_queue="rate-test")
    await limit_queue(client, _QUEUE, 200, "test")
    async with asyncio.timeout(60):
        assert len(await paced.result()) == _TASKS


async def test_a_change_that_its_worker_did_not_survive_hinders_the_next_for_seconds_only(
    real_servers: Servers,
) -> None:
    """E17: found by `make chaos SEED=8`, where a sender stood still for as long as the run lasted."""
    connected = await Client.connect(real_servers.temporal_address)
    queue = "send-cut-off"
    async with Worker(connected, task_queue=queue, activities=[moment]):
        await limit_queue(connected, queue, 1, "test")
        await asyncio.sleep(_FIRST_REFRESH_S)
        await until_refused(connected, queue)

        async def changeable() -> bool:
            with suppress(RPCError):
                await limit_queue(connected, queue, 5, "test")
                return True
            return False

        await eventually(changeable, within_s=60, what="a change of the limit")


async def until_refused(connected: Client, queue: str) -> None:
    """Cuts changes off until one was stored without the server's knowing."""
    began = asyncio.get_running_loop().time()
    await limit_queue(connected, queue, 2, "test")
    usual_s = asyncio.get_running_loop().time() - began
    async with asyncio.timeout(60):
        for attempt in count():
            try:
                async with asyncio.timeout(usual_s * (0.3 + attempt % 40 / 20)):
                    await limit_queue(connected, queue, attempt, "test")
            except TimeoutError:
                continue
            except RPCError as error:
                if "one row" in error.message:
                    return


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
