"""Runs the workflows and their activities: `python -m worker`, as many processes and hosts as you like.

Every sender has two task queues of its own, so that each can be paced by itself. A sender that is added while
workers run is served within seconds, by every process that sends.

One process does everything, unless RELANCE_WORKER_ROLES names a part. With RELANCE_WORKER_BUILD_ID the
workflows are versioned: docs/scaling.md says how to roll out a new version.
"""

import asyncio
import os
import signal
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from time import monotonic

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    VersioningBehavior,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.runtime import Runtime
from temporalio.worker import Worker, WorkerDeploymentConfig, WorkerDeploymentVersion

from activities import temporal
from activities.crew import Activity, Crew, Links
from activities.deployments import make_first_current
from activities.exposition import Exposition
from activities.gateways import open_gateways
from activities.loops import goes_on
from activities.sending import SendingActivities
from activities.temporal_setup import SetupError, ensure_search_attributes
from domain.identifiers import CAMPAIGN_QUEUE, DEPLOYMENT, reply_queue, send_queue, sender_workflow_id
from domain.worker_roles import WorkerRole
from logs import configure_logging
from settings import Settings, load_settings
from storage import database, locks, senders
from storage.database import Pool
from storage.suppression_key import SuppressionKeyError, check_key
from tracing import configure_tracing, send_last_spans
from workflows.batch import SENDER, BatchWorkflow
from workflows.campaign import CampaignWorkflow
from workflows.contact import ContactWorkflow
from workflows.contact_import import ContactImportWorkflow
from workflows.number_check import NumberCheckWorkflow
from workflows.scheduled_start import ScheduledStartWorkflow
from workflows.sender import SenderInput, SenderWorkflow
from workflows.test_send import SendTestWorkflow
from workflows.upkeep import UpkeepWorkflow

log = structlog.get_logger(__name__)

WORKFLOWS: list[type] = [
    CampaignWorkflow,
    BatchWorkflow,
    ContactWorkflow,
    SenderWorkflow,
    ContactImportWorkflow,
    NumberCheckWorkflow,
    ScheduledStartWorkflow,
    SendTestWorkflow,
    UpkeepWorkflow,
]

SENDERS_POLL_S = 2.0
ENSURE_EVERY_S = 60.0
AT_ONCE = 4  # of a sender's Messages 1 in one process: one in flight, the others wait for their turn
REPLIES_AT_ONCE = 50
CONNECT_RETRY_S = 1.0
GRACE = timedelta(seconds=15)  # what runs at SIGTERM may end; it holds a message between intent and outcome
LONGEST_DRAIN_S = 28.0


async def connect(settings: Settings, runtime: Runtime | None = None) -> Client:
    """The Temporal server, as soon as it is there."""
    address = settings.temporal_address
    if address is None:
        raise SystemExit(
            "RELANCE_TEMPORAL_ADDRESS is not set: start the embedded stack with `make up`, or set it"
        )
    while True:
        try:
            return await temporal.connect(settings, address=address, runtime=runtime)
        except RuntimeError as error:
            log.warning("Temporal is not there yet", address=address, error=str(error))
            await asyncio.sleep(CONNECT_RETRY_S)


async def have_search_attributes(client: Client) -> None:
    """Without them no workflow could be started. Ends this process when the namespace cannot have them."""
    try:
        await ensure_search_attributes(client)
    except SetupError as error:
        raise SystemExit(str(error)) from error


class SenderQueues:
    """Serves the queues of every sender there is, and sees to it that each has its workflow."""

    def __init__(self, client: Client, pool: Pool, sending: SendingActivities) -> None:
        self._client = client
        self._pool = pool
        self._sending = sending
        self._served: dict[str, AsyncExitStack] = {}
        self._leaving: dict[str, asyncio.Task[None]] = {}
        self._ensured_at: dict[str, float] = {}

    async def run(self) -> None:
        """Until cancelled; then what runs may end."""
        try:
            while goes_on():
                try:
                    found = await senders.list_senders(self._pool)
                    await asyncio.gather(*(self._serve(sender.id) for sender in found))
                    for removed in self._served.keys() - {sender.id for sender in found}:
                        self._leaving[removed] = asyncio.create_task(self._leave(removed))
                except Exception:
                    log.exception("cannot look for new senders, trying again")
                await asyncio.sleep(SENDERS_POLL_S)
        finally:
            ending = [exits.aclose() for exits in self._served.values()]
            await asyncio.gather(*ending, *self._leaving.values())

    async def _serve(self, sender_id: str) -> None:
        if monotonic() - self._ensured_at.get(sender_id, -ENSURE_EVERY_S) >= ENSURE_EVERY_S:
            await self._ensure_workflow(sender_id)
            self._ensured_at[sender_id] = monotonic()
        if sender_id not in self._served:
            if leaving := self._leaving.get(sender_id):  # it comes back; a queue has one worker here at a time
                await asyncio.shield(leaving)
                del self._leaving[sender_id]
            self._served[sender_id] = await self._start_workers(sender_id)
            log.info("sender served", sender_id=sender_id)

    async def _leave(self, sender_id: str) -> None:
        """Its workflow ends by itself. What runs may end, so others are not kept waiting for it."""
        del self._ensured_at[sender_id]
        await self._served.pop(sender_id).aclose()
        log.info("sender left", sender_id=sender_id)

    async def _ensure_workflow(self, sender_id: str) -> None:
        await self._client.start_workflow(
            SenderWorkflow.run,
            SenderInput(sender_id=sender_id),
            id=sender_workflow_id(sender_id),
            task_queue=CAMPAIGN_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=TypedSearchAttributes([SearchAttributePair(SENDER, sender_id)]),
            static_summary=f"Sender {sender_id}: keeps its pace",
        )

    async def _start_workers(self, sender_id: str) -> AsyncExitStack:
        exits = AsyncExitStack()
        for queue, at_once in ((send_queue(sender_id), AT_ONCE), (reply_queue(sender_id), REPLIES_AT_ONCE)):
            worker = Worker(
                self._client,
                task_queue=queue,
                activities=[self._sending.send_message],
                max_concurrent_activities=at_once,
                max_concurrent_activity_task_polls=1,
                graceful_shutdown_timeout=GRACE,
            )
            await exits.enter_async_context(worker)
        return exits


async def run(
    settings: Settings, stopped: asyncio.Event, *, guarded: bool = True, runtime: Runtime | None = None
) -> None:
    """Works until `stopped` is set, then lets what runs end.

    `runtime` measures what Temporal's SDK does. Without `guarded` nobody looks whether a backup was restored:
    for tests, whose databases share a gateway.
    """
    async with AsyncExitStack() as exits:
        links = await open_links(settings, exits, runtime)
        await have_search_attributes(links.client)
        crew = Crew(settings, links)
        if guarded:
            await crew.guard.look_first()
        roles = settings.worker_roles
        work = crew.background(guarded=guarded) if WorkerRole.UPKEEP in roles else []
        if WorkerRole.SENDING in roles:
            work.append(SenderQueues(links.client, links.pool, crew.sending).run())
        working = []
        if WorkerRole.WORKFLOWS in roles:
            worker = campaign_worker(links.client, crew.activities, settings)
            working.append(await exits.enter_async_context(worker))
            if settings.worker_build_id is not None:
                work.append(make_first_current(links.client, settings.worker_build_id))
        background = [asyncio.create_task(each) for each in work]
        # Until the very end: a worker that finishes its work is up.
        signs_of_life = [asyncio.create_task(work) for work in crew.signs_of_life()]
        log.info("worker ready", roles=list(roles), build_id=settings.worker_build_id)
        await stopped.wait()
        log.info("worker stopping")
        # All at once: each of them may take as long as what runs at that moment.
        await asyncio.gather(_end(background), *(each.shutdown() for each in working))
        await _end(signs_of_life)
        log.info("worker stopped")


async def open_links(settings: Settings, exits: AsyncExitStack, runtime: Runtime | None = None) -> Links:
    """Everything that activities reach; `exits` closes it."""
    gateway = open_gateways(settings)
    if settings.database_url is None or gateway is None:
        raise SystemExit(
            "RELANCE_DATABASE_URL and RELANCE_WASSENGER_TOKEN (or RELANCE_META_ACCESS_TOKEN) must be set; "
            "`make up` sets them"
        )
    exits.push_async_callback(gateway.close)
    # Temporal bounds activities; one that has sent a message must be able to say so, however late.
    pool = await database.connect(
        settings.database_url,
        application="worker",
        size=16,
        wait_s=None,
        suppression_key=settings.suppression_key,
    )
    exits.push_async_callback(database.close, pool)
    await refuse_wrong_key(pool)
    redis = locks.connect(settings.redis_url) if settings.redis_url else None
    if redis:
        exits.push_async_callback(_close, redis)
    return Links(pool=pool, gateway=gateway, redis=redis, client=await connect(settings, runtime))


async def _end(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            log.error("something did not end as it should", error=repr(result))


async def _close(redis: Redis) -> None:
    """A cache that does not even let go in time is none of our business any more (C4)."""
    with suppress(RedisError):
        await redis.aclose()


async def refuse_wrong_key(pool: Pool) -> None:
    """Ends this process rather than let it write to somebody who opted out and was erased."""
    try:
        await check_key(pool)
    except SuppressionKeyError as error:
        raise SystemExit(str(error)) from error


def campaign_worker(client: Client, activities: list[Activity], settings: Settings) -> Worker:
    """Workflows, and everything that is not paced."""
    return Worker(
        client,
        task_queue=CAMPAIGN_QUEUE,
        workflows=WORKFLOWS,
        activities=activities,
        max_cached_workflows=settings.workflow_cache,
        max_concurrent_activities=200,
        graceful_shutdown_timeout=GRACE,
        deployment_config=deployment_of(settings.worker_build_id),
    )


def deployment_of(build_id: str | None) -> WorkerDeploymentConfig | None:
    """Workflows move on to the newest version at their next step: their code stays replayable for all of them.

    The queues of the senders are not versioned. Their one activity takes ids, and what they mean is in the
    database, so any version may send.
    """
    if build_id is None:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id=build_id),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )


def main() -> None:
    """Until SIGTERM or SIGINT."""
    settings = load_settings()
    configure_logging("worker", settings.log_level)
    configure_tracing(settings.traces_url, "relance-worker")

    async def until_signalled() -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()

        def stop() -> None:
            stopped.set()
            loop.call_later(LONGEST_DRAIN_S, _give_up)

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        await measured(settings, stopped)

    asyncio.run(until_signalled())
    send_last_spans()


async def measured(settings: Settings, stopped: asyncio.Event) -> None:
    """Works where Prometheus can see it, unless the settings say that nobody looks."""
    if settings.metrics_port == 0:
        await run(settings, stopped)
        return
    exposition = Exposition()
    with exposition.served(settings.metrics_host, settings.metrics_port):
        await run(settings, stopped, runtime=exposition.runtime)


def _give_up() -> None:
    # What has not ended is finished by another worker, as after a crash.
    log.error("not everything ended in time, leaving", after_s=LONGEST_DRAIN_S)
    os._exit(1)


if __name__ == "__main__":
    main()
