"""The import of one file of contacts. Rows and progress are in PostgreSQL, where it goes on after a crash."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.imports import ImportActivities
    from workflows.contact import UNLIMITED


@workflow.defn
class ContactImportWorkflow:
    """Sees to it that a file is imported, whatever crashes on the way."""

    @workflow.run
    async def run(self, import_id: str) -> None:
        """Until the file has ended, cannot be read, or was cancelled."""
        await workflow.execute_activity_method(
            ImportActivities.import_contacts,
            import_id,
            start_to_close_timeout=timedelta(hours=6),
            heartbeat_timeout=timedelta(seconds=60),
            retry_policy=UNLIMITED,
            summary="Import contacts",
        )
