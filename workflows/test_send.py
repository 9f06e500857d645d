"""A test message: one activity, for as long as somebody may be waiting for it."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.test_sends import GiveUpInput, SendTestActivities
    from workflows.contact import UNLIMITED

PATIENCE = timedelta(minutes=10)


@workflow.defn
class SendTestWorkflow:
    """Sends one test message."""

    @workflow.run
    async def run(self, test_send_id: str) -> None:
        """Ends when it was sent, refused, or nobody waits for it any more."""
        try:
            await workflow.execute_activity_method(
                SendTestActivities.send_test_message,
                test_send_id,
                start_to_close_timeout=timedelta(seconds=60),
                schedule_to_close_timeout=PATIENCE,
                retry_policy=RetryPolicy(
                    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30)
                ),
                summary="Send a test message",
            )
        except ActivityError:
            await workflow.execute_activity_method(
                SendTestActivities.give_up_test_message,
                GiveUpInput(test_send_id=test_send_id, reason="could not be sent within ten minutes"),
                start_to_close_timeout=timedelta(seconds=20),
                retry_policy=UNLIMITED,
                summary="Nobody waits for it any more",
            )
