"""The floor under the engine: our workflows with activities that do nothing, in a process of its own.

No database, no HTTP, no pace. What is left is what Temporal and its SDK cost for the same shape of workflow, so
no implementation of these workflows can be faster here.
`python -m bench.engine_floor ADDRESS NAMESPACE CONTACTS` runs one campaign and prints its seconds.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from uuid import uuid4

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from activities.campaigns import (
    POLL_S,
    Batch,
    BatchRef,
    CloseInput,
    CloseOutcome,
    OpenedCampaign,
    SettleInput,
    SettleOutcome,
)
from activities.sending import SendInput, SendOutcome
from activities.temporal_setup import ensure_search_attributes
from domain.campaign_progress import CampaignInput
from domain.contact_states import ContactState
from domain.identifiers import CAMPAIGN_QUEUE, campaign_workflow_id, reply_queue, send_queue
from storage.campaigns import Lane
from worker import AT_ONCE, REPLIES_AT_ONCE
from workflows.batch import BatchWorkflow
from workflows.campaign import CampaignWorkflow
from workflows.contact import ContactWorkflow

BATCH_SIZE = 100
SENDERS = 4
WINDOW_S = 1.0


class Nothing:
    """Every activity of a campaign whose contacts stay silent, without what it is for."""

    def __init__(self, contacts: int) -> None:
        self._contacts = contacts
        self._sent: Counter[int] = Counter()

    def _size(self, batch: int) -> int:
        return min(BATCH_SIZE, self._contacts - batch * BATCH_SIZE)

    @activity.defn
    async def open_campaign(self, _campaign_id: str) -> OpenedCampaign:
        """As many lanes as there are senders."""
        batches = -(-self._contacts // BATCH_SIZE)
        lanes = [
            Lane(sender_id=f"floor-{lane}", lane=lane, batches=len(range(lane, batches, SENDERS)))
            for lane in range(min(SENDERS, batches))
        ]
        closes_by = datetime.now(UTC) + timedelta(days=1)
        return OpenedCampaign(name="Floor", lanes=lanes, closes_by=closes_by, batch_pause_s=0)

    @activity.defn
    async def load_batch(self, ref: BatchRef) -> Batch:
        """Ids that say their batch."""
        ids = [f"{ref.batch}.{nth}" for nth in range(self._size(ref.batch))]
        return Batch(contact_ids=ids, window_s=WINDOW_S, grace_s=0)

    @activity.defn
    async def send_message(self, send: SendInput) -> SendOutcome:
        """It left at once."""
        self._sent[int(send.contact_id.partition(".")[0])] += 1
        return SendOutcome(state=ContactState.MESSAGE_1_SENT, sent_at=datetime.now(UTC))

    @activity.defn
    async def await_messages_sent(self, ref: BatchRef) -> float:
        """The next batch begins without a pause."""
        while self._sent[ref.batch] < self._size(ref.batch):
            activity.heartbeat()
            await asyncio.sleep(POLL_S)
        return 0

    @activity.defn
    async def settle_contact(self, settle: SettleInput) -> SettleOutcome:
        """Nobody reacts."""
        return SettleOutcome(state=ContactState.NO_INTERACTION, sent_at=settle.now, reply=False, wait=False)

    @activity.defn
    async def close_campaign(self, close: CloseInput) -> CloseOutcome:
        """Nothing to report."""
        return CloseOutcome(summary=close.reason)


async def run(address: str, namespace: str, contacts: int) -> float:
    """Seconds from the start of the campaign to its end."""
    client = await Client.connect(address, namespace=namespace)
    await ensure_search_attributes(client)
    nothing = Nothing(contacts)
    unpaced: list[Callable[..., Any]] = [
        nothing.open_campaign,
        nothing.load_batch,
        nothing.await_messages_sent,
        nothing.settle_contact,
        nothing.close_campaign,
    ]
    async with AsyncExitStack() as exits:
        workflows = Worker(
            client,
            task_queue=CAMPAIGN_QUEUE,
            workflows=[CampaignWorkflow, BatchWorkflow, ContactWorkflow],
            activities=unpaced,
            max_cached_workflows=2000,
            max_concurrent_activities=200,
        )
        await exits.enter_async_context(workflows)
        for lane in range(SENDERS):
            queues = ((send_queue(f"floor-{lane}"), AT_ONCE), (reply_queue(f"floor-{lane}"), REPLIES_AT_ONCE))
            for queue, at_once in queues:
                sending = Worker(
                    client,
                    task_queue=queue,
                    activities=[nothing.send_message],
                    max_concurrent_activities=at_once,
                    max_concurrent_activity_task_polls=1,
                )
                await exits.enter_async_context(sending)
        campaign_id = str(uuid4())
        began = monotonic()
        await client.execute_workflow(
            CampaignWorkflow.run,
            CampaignInput(campaign_id=campaign_id),
            id=campaign_workflow_id(campaign_id),
            task_queue=CAMPAIGN_QUEUE,
        )
        return monotonic() - began


if __name__ == "__main__":
    print(asyncio.run(run(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
