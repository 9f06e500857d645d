"""Workers that share out what there is to do, and a new version of them under running campaigns."""

import asyncio
import re
import shlex
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from pathlib import Path

import pytest
from temporalio.api.workflowservice.v1 import DescribeWorkerDeploymentRequest
from temporalio.client import Client
from temporalio.service import RPCError

from domain.identifiers import DEPLOYMENT, contact_workflow_id
from domain.worker_roles import WorkerRole
from storage import monitoring, senders, uptime
from tests.conftest import eventually
from tests.docs.pages import ROOT
from tests.scenarios.conftest import ended_well
from tests.test_pausing import RATE_PER_S, SILENT, House, mailing, open_house, reacting
from tests.test_shutdown import READY, Running, process_of

GUIDE = "\n".join(line.strip() for line in (ROOT / "docs/scaling.md").read_text().splitlines())


@pytest.fixture(scope="module")
async def house() -> AsyncIterator[House]:
    """Servers and the API; the workers are processes that the tests start."""
    async with open_house() as opened:
        await opened.stop_workers()
        yield opened


def worker_with(house: House, **changes: object) -> AbstractAsyncContextManager[Running]:
    """A worker process with settings of its own."""
    return process_of(house.settings.model_copy(update=changes), "-m", "worker", ready=READY)


async def is_up(house: House) -> bool:
    """Whether all that workers do is done by somebody."""
    found = await uptime.report(house.town.pool)
    return any(each.component == "worker" and each.up for each in found)


async def test_processes_that_share_out_the_work_run_a_campaign_together(house: House) -> None:
    """E17, W2: workflows, sending and upkeep apart; a part that nobody does counts as a worker that is down."""
    async with AsyncExitStack() as exits:
        for role in (WorkerRole.WORKFLOWS, WorkerRole.UPKEEP):
            await exits.enter_async_context(worker_with(house, worker_roles=[role]))
        run = await mailing(house, [*reacting(4), *([SILENT] * 4)], window_s=8)
        roles = sorted(role for each in await monitoring.list_workers(house.town.pool) for role in each.roles)
        assert roles == ["upkeep", "workflows"]
        assert not await is_up(house)
        assert await run.accepted() == []
        # The sender is new, and so are those who serve it.
        for _ in range(2):
            await exits.enter_async_context(worker_with(house, worker_roles=[WorkerRole.SENDING]))
        await ended_well(run, answered=4)
        await eventually(lambda: is_up(house), what="a worker for everything")


async def test_a_sender_that_is_removed_is_served_no_longer_and_again_when_it_comes_back(house: House) -> None:
    """Each sender keeps two queues polled; those of former ones would pile up."""
    async with worker_with(house) as running:
        before = await mailing(house, [SILENT] * 2, window_s=0.5)
        await ended_well(before, answered=0)
        sender = before.sender
        (await house.api.delete(f"/api/senders/{sender.id}")).raise_for_status()
        await eventually(lambda: logged(running, "sender left", sender.id), what="the end of its queues")
        back = await senders.save_sender(
            house.town.pool,
            name=sender.name,
            phone=sender.phone,
            device_id=sender.device_id,
            message_1_rate_per_s=RATE_PER_S,
            message_2_rate_per_s=None,
        )
        assert back.id == sender.id, "with its history"
        run = await mailing(house, [*reacting(2), SILENT], sender=back, window_s=8)
        await ended_well(run, answered=2)
        assert await running.terminate() == 0


async def logged(running: Running, event: str, sender_id: str) -> bool:
    """Whether it has said that of this sender."""
    return any(event in line and sender_id in line for line in running.log)


async def test_a_new_version_takes_over_campaigns_that_run(house: House) -> None:
    """E17: nobody gets less or more when the version changes in mid campaign; the old one may go at once."""
    client = await Client.connect(str(house.settings.temporal_address))
    async with AsyncExitStack() as exits:
        first = await exits.enter_async_context(worker_with(house, worker_build_id="one"))
        await eventually(lambda: routed_to(client, "one"), what="the first version")
        second = await exits.enter_async_context(worker_with(house, worker_build_id="two"))
        run = await mailing(house, [*reacting(6), *([SILENT] * 6)], window_s=15)
        await run.until_accepted(8)
        assert await routed_to(client, "one"), "a new version waits for a person"
        await eventually(lambda: promoted(house, "two"), what="the rollout")
        assert await routed_to(client, "two")
        assert await first.terminate() == 0
        await ended_well(run, answered=6)
        assert await second.terminate() == 0
    # Those who reacted may have ended before.
    silent = """
        SELECT contact_id::text AS id FROM campaign_contacts WHERE campaign_id = $1 AND state = 'no_interaction'
    """
    for contact in await house.town.pool.fetch(silent, run.id):
        handle = client.get_workflow_handle(contact_workflow_id(run.id, contact["id"]))
        steps = [
            event.workflow_task_completed_event_attributes
            async for event in handle.fetch_history_events()
            if event.HasField("workflow_task_completed_event_attributes")
        ]
        assert [steps[0].deployment_version.build_id, steps[-1].deployment_version.build_id] == ["one", "two"]


async def routed_to(client: Client, build_id: str) -> bool:
    """Whether workflows go to that version."""
    request = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=DEPLOYMENT)
    with suppress(RPCError):  # not before a worker of it has polled
        found = await client.workflow_service.describe_worker_deployment(request)
        routing = found.worker_deployment_info.routing_config
        return routing.current_deployment_version.build_id == build_id
    return False


async def promoted(house: House, build_id: str) -> bool:
    """Rolls a version out by the command that docs/scaling.md gives."""
    [command] = re.findall("^temporal worker deployment set-current-version .+$", GUIDE, re.MULTILINE)
    words = shlex.split(re.sub("--build-id [^ ]+", f"--build-id {build_id}", command))
    program = Path(sys.executable).with_name(words[0])
    process = await asyncio.create_subprocess_exec(
        program, *words[1:], "--address", str(house.settings.temporal_address), stdout=DEVNULL, stderr=DEVNULL
    )
    return await asyncio.wait_for(process.wait(), timeout=20) == 0
