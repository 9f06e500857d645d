"""A sender: one workflow for as long as the account exists, which keeps the pace of its two queues.

It looks at the facts now and then, and at once when somebody rings: after a pause, a resume, a new setting, an
error. What it decides is stored, so that nothing depends on this workflow being awake.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.alerts import Alert, AlertActivities
    from activities.pacing import PaceRequest, PacingActivities, SetPace
    from workflows.contact import UNLIMITED


@dataclass(frozen=True, kw_only=True)
class SenderInput:
    """`pace` is None at the start and set by continue-as-new."""

    sender_id: str
    pace: SetPace | None = None


@workflow.defn
class SenderWorkflow:
    """Keeps the pace of one sender."""

    @workflow.init
    def __init__(self, sender: SenderInput) -> None:
        self._sender = sender
        self._pace = sender.pace
        self._rung = False
        self._resumed = False
        self._aftermaths: list[asyncio.Task[None]] = []

    @workflow.run
    async def run(self, sender: SenderInput) -> None:
        """Until there is no such sender any more."""
        while self._is_busy() or not workflow.info().is_continue_as_new_suggested():
            self._rung = False
            if self._resumed:
                await self._wake()
            pace = await self._set_pace()
            if pace is None:
                return
            self._pace = pace
            self._show(pace)
            if pace.stopped:
                # Beside the loop: a person may resume while the gateway or the alert is still out of reach.
                self._aftermaths.append(asyncio.create_task(self._after_stop(pace.stopped)))
            with suppress(asyncio.TimeoutError):
                await workflow.wait_condition(
                    lambda: self._rung,
                    timeout=timedelta(seconds=pace.look_again_s),
                    timeout_summary="Look again",
                )
        workflow.continue_as_new(replace(sender, pace=self._pace))

    @workflow.signal
    def change(self) -> None:
        """Something has changed: look again now."""
        self._rung = True

    @workflow.signal
    def resume(self) -> None:
        """A person lets messages go on that were held: look again now, and wake them."""
        self._resumed = True
        self._rung = True

    @workflow.query
    def pace(self) -> SetPace | None:
        """What the sender does now, and why; None before the first look."""
        return self._pace

    def _is_busy(self) -> bool:
        """Whether something is under way that the next run would not know of."""
        return self._resumed or any(not aftermath.done() for aftermath in self._aftermaths)

    async def _set_pace(self) -> SetPace | None:
        known = self._pace
        return await workflow.execute_activity_method(
            PacingActivities.set_pace,
            PaceRequest(
                sender_id=self._sender.sender_id,
                state=known.state if known else None,
                message_1_queue_per_s=known.message_1_queue_per_s if known else None,
                message_2_queue_per_s=known.message_2_queue_per_s if known else None,
            ),
            start_to_close_timeout=timedelta(seconds=20),
            retry_policy=UNLIMITED,
            summary="Set the pace",
        )

    async def _wake(self) -> None:
        self._resumed = False
        await workflow.execute_activity_method(
            PacingActivities.wake_messages,
            self._sender.sender_id,
            start_to_close_timeout=timedelta(minutes=10),
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=UNLIMITED,
            summary="Wake what was held",
        )

    async def _after_stop(self, reason: str) -> None:
        """What is still at the gateway is taken back, and people are told: they alone can resume."""
        await asyncio.gather(
            workflow.execute_activity_method(
                PacingActivities.withdraw_messages,
                self._sender.sender_id,
                start_to_close_timeout=timedelta(minutes=10),
                heartbeat_timeout=timedelta(seconds=30),
                retry_policy=replace(UNLIMITED, maximum_attempts=20),
                summary="Take messages back from the gateway",
            ),
            workflow.execute_activity_method(
                AlertActivities.send_alert,
                Alert(
                    title="A WhatsApp sender has stopped",
                    body=f"Sender {self._sender.sender_id}: {reason}. Nothing leaves it until a person has "
                    f"looked at the account and resumes it: relance sender resume {self._sender.sender_id}",
                    kind="sender_stopped",
                ),
                start_to_close_timeout=timedelta(seconds=60),
                retry_policy=replace(UNLIMITED, maximum_attempts=20),
                summary="Tell people",
            ),
            return_exceptions=True,
        )

    def _show(self, pace: SetPace) -> None:
        workflow.set_current_details(f"**{pace.state}**: {pace.reason}\n\nquota {pace.quota} in 24 hours")
