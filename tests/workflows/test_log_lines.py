"""What a line that a workflow writes says of where it comes from."""

import logging
from uuid import uuid4

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    from domain.identifiers import contact_workflow_id
    from logs import add_work


@workflow.defn
class TalkativeWorkflow:
    """Writes a line."""

    @workflow.run
    async def run(self) -> None:
        """And ends."""
        workflow.logger.warning("something is odd")


class Lines(logging.Handler):
    """What our format adds to each line, where it is written."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, object]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        self.found.append(dict(add_work(None, "", {"event": record.getMessage()})))


async def test_a_line_of_a_workflow_carries_its_ids(temporal: Client) -> None:
    """Issue: campaign, contact and workflow, from inside of the sandbox too."""
    campaign_id, contact_id, queue = str(uuid4()), str(uuid4()), f"test-{uuid4()}"
    workflow_id = contact_workflow_id(campaign_id, contact_id)
    lines = Lines()
    logging.getLogger("temporalio.workflow").addHandler(lines)
    try:
        async with Worker(temporal, task_queue=queue, workflows=[TalkativeWorkflow]):
            await temporal.execute_workflow(TalkativeWorkflow.run, id=workflow_id, task_queue=queue)
    finally:
        logging.getLogger("temporalio.workflow").removeHandler(lines)
    [line] = lines.found
    assert str(line.pop("event")).startswith("something is odd")
    assert line == {"workflow_id": workflow_id, "campaign_id": campaign_id, "contact_id": contact_id}
