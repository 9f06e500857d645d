"""Runs the workflows and their activities: `python -m worker`, as many processes as you like.

Every sender has two task queues of its own, so that each can be paced by itself. A sender that is added while
workers run is served within seconds.
"""

import asyncio
import signal
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.worker import Worker

from activities.campaigns import CampaignActivities
from activities.intake import Intake, Relay
from activities.queues import limit_queue
from activities.sending import SendingActivities, SendingRules
from domain.identifiers import CAMPAIGN_QUEUE, reply_queue, send_queue
from logs import configure_logging
from providers.wassenger import CONNECT_TIMEOUT_S, WassengerGateway
from settings import Settings, load_settings
from storage import database, locks, senders
from storage.database import Pool
from storage.senders import Sender
from workflows.batch import CAMPAIGN, SENDER, BatchWorkflow
from workflows.campaign import CampaignWorkflow
from workflows.contact import CONTACT_STATE, ContactWorkflow

log = structlog.get_logger(__name__)

SENDERS_POLL_S = 2.0
CONNECT_RETRY_S = 1.0
SEARCH_ATTRIBUTES = [key.name for key in (CAMPAIGN, CONTACT_STATE, SENDER)]
GRACE = timedelta(seconds=15)  # what runs at SIGTERM may end; it holds a message between intent and outcome


async def connect(settings: Settings) -> Client:
    """The Temporal server, as soon as it is there."""
    address = settings.temporal_address
    if address is None:
        raise SystemExit(
            "RELANCE_TEMPORAL_ADDRESS is not set: start the embedded stack with `make up`, or set it"
        )
    while True:
        try:
            return await Client.connect(address, namespace=settings.temporal_namespace)
        except RuntimeError as error:
            log.warning("Temporal is not there yet", address=address, error=str(error))
            await asyncio.sleep(CONNECT_RETRY_S)


async def ensure_search_attributes(client: Client) -> None:
    """By these an operator finds campaigns and contacts in the Temporal Web UI."""
    present = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    missing = [name for name in SEARCH_ATTRIBUTES if name not in present.custom_attributes]
    if missing:
        await add_search_attributes(client, missing)


async def add_search_attributes(client: Client, names: list[str]) -> None:
    """Makes these keywords known to the namespace."""
    keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace=client.namespace, search_attributes=dict.fromkeys(names, keyword))
    )


@dataclass(frozen=True, slots=True)
class ServedSender:
    """The workers of one sender's queues, and the pace that was set."""

    exits: AsyncExitStack
    rates_per_s: tuple[float, float]


class SenderQueues:
    """Serves the queues of every sender there is, and keeps their pace."""

    def __init__(self, client: Client, pool: Pool, sending: SendingActivities, settings: Settings) -> None:
        self._client = client
        self._pool = pool
        self._sending = sending
        self._settings = settings
        self._served: dict[str, ServedSender] = {}

    async def run(self) -> None:
        """Until cancelled; then what runs may end."""
        try:
            while True:
                try:
                    for sender in await senders.list_senders(self._pool):
                        await self._serve(sender)
                except Exception:
                    log.exception("cannot look for new senders, trying again")
                await asyncio.sleep(SENDERS_POLL_S)
        finally:
            await asyncio.gather(*(served.exits.aclose() for served in self._served.values()))

    async def _serve(self, sender: Sender) -> None:
        rates_per_s = (
            sender.message_1_rate_per_s or self._settings.message_1_rate_per_s,
            sender.message_2_rate_per_s or self._settings.message_2_rate_per_s,
        )
        served = self._served.get(sender.id)
        if served is None or served.rates_per_s != rates_per_s:
            for queue, rate_per_s in zip(
                (send_queue(sender.id), reply_queue(sender.id)), rates_per_s, strict=True
            ):
                await limit_queue(self._client, queue, rate_per_s, "the sender's pace")
            exits = served.exits if served else await self._start_workers(sender.id)
            self._served[sender.id] = ServedSender(exits, rates_per_s)

    async def _start_workers(self, sender_id: str) -> AsyncExitStack:
        exits = AsyncExitStack()
        for queue in (send_queue(sender_id), reply_queue(sender_id)):
            worker = Worker(
                self._client,
                task_queue=queue,
                activities=[self._sending.send_message],
                max_concurrent_activities=50,
                max_concurrent_activity_task_polls=1,
                graceful_shutdown_timeout=GRACE,
            )
            await exits.enter_async_context(worker)
        log.info("sender served", sender_id=sender_id)
        return exits


async def run(settings: Settings, stopped: asyncio.Event) -> None:
    """Works until `stopped` is set, then lets what runs end."""
    if settings.database_url is None or settings.wassenger_token is None:
        raise SystemExit("RELANCE_DATABASE_URL and RELANCE_WASSENGER_TOKEN must be set; `make up` sets both")
    async with AsyncExitStack() as exits:
        pool = await database.connect(settings.database_url, application="worker", size=16)
        exits.push_async_callback(pool.close)
        gateway = WassengerGateway(
            base_url=settings.wassenger_url,
            token=settings.wassenger_token.get_secret_value(),
            timeout_s=settings.gateway_timeout_s,
        )
        exits.push_async_callback(gateway.close)
        lock = None
        if settings.redis_url:
            redis = locks.connect(settings.redis_url)
            exits.push_async_callback(redis.aclose)
            lock = locks.Message2Lock(redis)
        client = await connect(settings)
        await ensure_search_attributes(client)
        rules = SendingRules(
            attempts=settings.send_attempts,
            retry_base_s=settings.retry_base_s,
            lookup_wait_s=settings.lookup_wait_s,
            post_limit_s=CONNECT_TIMEOUT_S + settings.gateway_timeout_s,
        )
        sending = SendingActivities(pool, gateway, lock, rules)
        await exits.enter_async_context(campaign_worker(client, sending, CampaignActivities(pool)))
        background = [
            asyncio.create_task(SenderQueues(client, pool, sending, settings).run()),
            asyncio.create_task(Relay(pool, Intake(pool, client)).run()),
        ]
        log.info("worker ready")
        await stopped.wait()
        log.info("worker stopping")
        for task in background:
            task.cancel()
        for task in background:
            with suppress(asyncio.CancelledError):
                await task


def campaign_worker(client: Client, sending: SendingActivities, campaigns: CampaignActivities) -> Worker:
    """Workflows, and everything that is not paced."""
    return Worker(
        client,
        task_queue=CAMPAIGN_QUEUE,
        workflows=[CampaignWorkflow, BatchWorkflow, ContactWorkflow],
        activities=[
            campaigns.open_campaign,
            campaigns.load_batch,
            campaigns.await_messages_sent,
            campaigns.settle_contact,
            campaigns.stop_contacts,
            campaigns.fail_contact,
            campaigns.close_campaign,
            sending.send_message,
        ],
        max_cached_workflows=2000,
        max_concurrent_activities=200,
        graceful_shutdown_timeout=GRACE,
    )


def main() -> None:
    """Until SIGTERM or SIGINT."""
    settings = load_settings()
    configure_logging("worker", settings.log_level)

    async def until_signalled() -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        await run(settings, stopped)

    asyncio.run(until_signalled())


if __name__ == "__main__":
    main()
