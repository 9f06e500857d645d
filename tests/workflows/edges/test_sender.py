"""A sender over its whole life: when it looks, what a resume and a stop do, and many runs in a row."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from tests.conftest import eventually
from tests.workflows.edges.conftest import LONG_HISTORY, Stage
from tests.workflows.edges.ledger import SENDING, STOPPED, Desk
from workflows.sender import SenderWorkflow

Handle = WorkflowHandle[Any, Any]


async def looked(desk: Desk, times: int) -> None:
    """Waits until the workflow has looked at the facts that often."""

    async def enough() -> bool:
        return len(desk.requests) >= times

    await eventually(enough, what=f"look {times}")


async def shown(handle: Handle, state: str) -> None:
    """Waits until the query says so."""

    async def is_so() -> bool:
        pace = await handle.query(SenderWorkflow.pace)
        return pace is not None and pace.state == state

    await eventually(is_so, what=f"the state {state}")


async def test_it_looks_again_when_the_last_look_said_so(stage: Stage) -> None:
    """P6: also without anybody ringing, a sender notices what has changed."""
    await stage.sender()
    await looked(stage.desk, 1)
    await stage.environment.sleep(SENDING.look_again_s - 5)
    assert len(stage.desk.requests) == 1
    stage.desk.pace = replace(SENDING, look_again_s=30)
    await stage.environment.sleep(10)
    await looked(stage.desk, 2)
    await stage.environment.sleep(31)
    await looked(stage.desk, 3)
    first, second, third = stage.desk.looked_at
    assert timedelta(seconds=300) <= second - first < timedelta(seconds=305)
    assert timedelta(seconds=30) <= third - second < timedelta(seconds=35)


async def test_it_looks_at_once_when_somebody_rings(stage: Stage) -> None:
    """P6: a pause or a new setting does not wait for the next look; only the queues whose rate changed."""
    handle = await stage.sender()
    await looked(stage.desk, 1)
    stage.desk.pace = replace(SENDING, state="paused", message_1_queue_per_s=0)
    await handle.signal(SenderWorkflow.change)
    await looked(stage.desk, 2)
    first, second = stage.desk.looked_at
    assert second - first < timedelta(seconds=5)
    await shown(handle, "paused")
    assert "woke" not in stage.desk.done
    await handle.signal(SenderWorkflow.change)
    await looked(stage.desk, 3)
    told = [(request.message_1_queue_per_s, request.message_2_queue_per_s) for request in stage.desk.requests]
    assert told == [(None, None), (0.4, 20), (0, 20)]


async def test_rings_while_it_looks_make_it_look_once_more(stage: Stage) -> None:
    """P6: what changes between the facts and their decision is not overlooked."""
    handle = await stage.sender(queue="nobody-yet", first_signal="change")
    for _ in range(5):
        await handle.signal(SenderWorkflow.change)
    async with stage.sender_worker("nobody-yet"):
        await looked(stage.desk, 1)
        await shown(handle, "sending")
        await stage.environment.sleep(60)
        assert len(stage.desk.requests) <= 2
        await handle.terminate()


async def test_what_it_does_and_why_is_shown(stage: Stage) -> None:
    """P6: the query `pace`."""
    handle = await stage.sender()
    await shown(handle, "sending")
    assert await handle.query(SenderWorkflow.pace) == SENDING


async def test_a_resume_wakes_messages_before_the_next_look(stage: Stage) -> None:
    """Issue: resume continues with the next contact; what was refused does not wait out its ten minutes."""
    handle = await stage.sender()
    await looked(stage.desk, 1)
    await handle.signal(SenderWorkflow.resume)
    await looked(stage.desk, 2)
    assert stage.desk.done == ["looked", "woke", "looked"]
    await handle.signal(SenderWorkflow.change)
    await looked(stage.desk, 3)
    assert stage.desk.done.count("woke") == 1


async def test_a_stop_takes_messages_back_and_tells_people_once(stage: Stage) -> None:
    """P12: once for each stop, however often it looks meanwhile."""
    handle = await stage.sender()
    await looked(stage.desk, 1)
    for stops in (1, 2):
        stage.desk.pace = STOPPED
        for look in range(3):
            await handle.signal(SenderWorkflow.change)
            await looked(stage.desk, 5 * stops - 3 + look)
        await shown(handle, "stopped")
        assert stage.desk.done.count("withdrew") == stage.desk.done.count("alerted") == stops
        stage.desk.pace = SENDING
        await handle.signal(SenderWorkflow.resume)
        await looked(stage.desk, 5 * stops)
        await handle.signal(SenderWorkflow.change)
        await looked(stage.desk, 5 * stops + 1)
    alert = stage.desk.alerts[0]
    assert "stopped" in alert.title
    assert "blocked" in alert.body
    assert "resume" in alert.body


async def test_a_sender_is_looked_after_while_nobody_hears_its_alert(stage: Stage) -> None:
    """P12: mail and gateway are away; who resumes meanwhile need not wait for them."""
    stage.desk.alert_fails = stage.desk.withdrawal_fails = True
    stage.desk.pace = STOPPED
    handle = await stage.sender()

    async def told() -> bool:
        return len(stage.desk.alerts) >= 2

    await eventually(told, what="the second attempt to tell people")
    stage.desk.pace = SENDING
    await handle.signal(SenderWorkflow.resume)
    await shown(handle, "sending")
    assert stage.desk.done.count("woke") == 1
    await stage.environment.sleep(timedelta(hours=1))
    assert stage.desk.done.count("alerted") == stage.desk.done.count("withdrew") == 20
    looks = len(stage.desk.requests)
    await handle.signal(SenderWorkflow.change)
    await looked(stage.desk, looks + 1)


async def test_it_ends_when_there_is_no_such_sender_any_more(stage: Stage) -> None:
    """Nothing is left to look after."""
    handle = await stage.sender()
    await looked(stage.desk, 1)
    stage.desk.pace = None
    await handle.signal(SenderWorkflow.change)
    await handle.result()
    assert len(stage.desk.requests) == 2


async def ring_into_the_next_run(stage: Stage, handle: Handle) -> None:
    """Until the first run has handed over."""
    while (await handle.describe()).run_id == handle.first_execution_run_id:
        looks = len(stage.desk.requests)
        await handle.signal(SenderWorkflow.change)
        await looked(stage.desk, looks + 1)


async def test_it_continues_as_new_with_what_it_knows(live_stage: Stage) -> None:
    """E17: years of looks; the next run knows what the queues were told, and that people know of the stop."""
    live_stage.desk.pace = STOPPED
    handle = await live_stage.sender()
    await ring_into_the_next_run(live_stage, handle)
    kinds = await live_stage.kinds(live_stage.run_of(handle))
    assert kinds[-1] == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
    assert len(kinds) < 2 * LONG_HISTORY
    await shown(handle, "stopped")
    first, *later = live_stage.desk.requests
    assert (first.state, first.message_2_queue_per_s) == (None, None)
    assert {(request.state, request.message_1_queue_per_s) for request in later} == {("stopped", 0)}
    assert live_stage.desk.done.count("withdrew") == live_stage.desk.done.count("alerted") == 1


async def test_no_signal_is_lost_between_two_runs(live_stage: Stage) -> None:
    """E17: whatever the moment in which somebody resumes, it is heard, and at once."""
    handle = await live_stage.sender()
    runs, resumes = {handle.first_execution_run_id}, 0

    async def woke() -> bool:
        return live_stage.desk.done.count("woke") == resumes

    while len(runs) < 4:
        await handle.signal(SenderWorkflow.change)  # at which a run may hand over
        await asyncio.sleep(resumes % 8 * 0.003)
        await handle.signal(SenderWorkflow.resume)
        resumes += 1
        await eventually(woke, within_s=30, what=f"waking {resumes}")
        runs.add((await handle.describe()).run_id)


async def test_who_resumes_is_heard_while_a_long_run_cannot_end(live_stage: Stage) -> None:
    """P12, E17: people are still being told, the history has grown long, and its end has to wait."""
    live_stage.desk.alert_fails = True
    live_stage.desk.pace = STOPPED
    handle = await live_stage.sender()
    while len(await live_stage.kinds(handle)) < LONG_HISTORY:
        looks = len(live_stage.desk.requests)
        await handle.signal(SenderWorkflow.change)
        await looked(live_stage.desk, looks + 1)
    live_stage.desk.pace = SENDING
    await handle.signal(SenderWorkflow.change)
    await handle.signal(SenderWorkflow.resume)

    async def woke() -> bool:
        return live_stage.desk.done.count("woke") == 1

    await eventually(woke, what="the waking")
    await shown(handle, "sending")
    live_stage.desk.alert_fails = False
    await ring_into_the_next_run(live_stage, handle)
    assert live_stage.desk.done.count("withdrew") == 1
    assert live_stage.desk.done[-1] == "looked"


async def test_what_happens_while_no_worker_runs_is_made_up_for(live_stage: Stage) -> None:
    """E17: a restart loses no look and no resume, and tells nobody twice."""
    live_stage.desk.pace = STOPPED
    async with live_stage.sender_worker("restarted"):
        handle = await live_stage.sender(queue="restarted")
        await shown(handle, "stopped")
    await handle.signal(SenderWorkflow.resume)
    live_stage.desk.pace = SENDING
    assert live_stage.desk.done.count("looked") == 1
    async with live_stage.sender_worker("restarted"):
        await looked(live_stage.desk, 2)
        await shown(handle, "sending")
    assert live_stage.desk.done[-2:] == ["woke", "looked"]
    assert live_stage.desk.done.count("alerted") == live_stage.desk.done.count("withdrew") == 1
