"""One request to find out which numbers are on WhatsApp: it may take days, as the gateway is asked gently."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.number_checks import NumberCheckActivities
    from workflows.contact import UNLIMITED


@workflow.defn
class NumberCheckWorkflow:
    """Asks turn by turn. Who was asked, and what came of it, is in PostgreSQL."""

    @workflow.run
    async def run(self, check_id: str) -> None:
        """Until everybody was asked about, or the check was cancelled or failed."""
        while not workflow.info().is_continue_as_new_suggested():
            goes_on = await workflow.execute_activity_method(
                NumberCheckActivities.check_numbers,
                check_id,
                start_to_close_timeout=timedelta(hours=2),
                heartbeat_timeout=timedelta(seconds=60),
                retry_policy=UNLIMITED,
                summary="Ask about numbers",
            )
            if not goes_on:
                return
        workflow.continue_as_new(check_id)
