"""The workflows of imports and number checks: they go on after a crash, and end when the work has ended."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from temporalio import activity
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from domain.identifiers import CAMPAIGN_QUEUE
from workflows.contact_import import ContactImportWorkflow
from workflows.number_check import NumberCheckWorkflow


@dataclass
class Work:
    """Activities that fail or go on as often as a test says, and what they were called with."""

    failures: int = 0
    turns: int = 1
    calls: list[str] = field(default_factory=list)

    @activity.defn(name="import_contacts")
    async def import_contacts(self, import_id: str) -> None:
        """One try."""
        self.calls.append(import_id)
        if len(self.calls) <= self.failures:
            raise ConnectionError("the database went away")

    @activity.defn(name="check_numbers")
    async def check_numbers(self, check_id: str) -> bool:
        """One turn."""
        self.calls.append(check_id)
        return len(self.calls) < self.turns


@asynccontextmanager
async def working(environment: WorkflowEnvironment, work: Work) -> AsyncIterator[None]:
    """A worker that replays the whole history at every step."""
    async with Worker(
        environment.client,
        task_queue=CAMPAIGN_QUEUE,
        workflows=[ContactImportWorkflow, NumberCheckWorkflow],
        activities=[work.import_contacts, work.check_numbers],
        max_cached_workflows=0,
    ):
        yield


async def test_an_import_is_tried_again_until_it_ends(environment: WorkflowEnvironment) -> None:
    """E17."""
    work = Work(failures=5)
    async with working(environment, work):
        await environment.client.execute_workflow(
            ContactImportWorkflow.run, "i", id=secrets.token_hex(4), task_queue=CAMPAIGN_QUEUE
        )
    assert work.calls == ["i"] * 6


async def test_a_check_takes_turn_after_turn_until_everybody_was_asked_about(
    environment: WorkflowEnvironment,
) -> None:
    work = Work(turns=40)
    async with working(environment, work):
        await environment.client.execute_workflow(
            NumberCheckWorkflow.run, "n", id=secrets.token_hex(4), task_queue=CAMPAIGN_QUEUE
        )
    assert work.calls == ["n"] * 40
