"""Notices that this installation, or a part of it, comes from a backup, and holds it until a person confirms.

Two witnesses stand outside of the database. Temporal holds the moment at which this installation lived last,
which workers write there and into the database over and over; and the gateway holds what was sent. A database
that is older than either, or a Temporal that is older than the database, was restored.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleHandle,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from activities.loops import goes_on
from domain.identifiers import CAMPAIGN_QUEUE, INSTALLATION_SCHEDULE_ID
from domain.providers import Provider
from providers.base import Gateway, GatewayError, GatewayMessage
from storage import installation, lost_sends
from storage.database import Pool
from storage.installation import Installation

log = structlog.get_logger(__name__)

RPC_TIMEOUT = timedelta(seconds=5)
BEAT_EVERY_S = 30.0
RETRY_S = 2.0
# Several workers write at moments of their own, and one write of the two may fail.
TOLERANCE = timedelta(minutes=3)
# By the gateway's clock a message may be a little younger than by ours.
CLOCKS_DIFFER = timedelta(minutes=2)
NEVER_SENT_SINCE = timedelta(days=2)


class TemporalMark:
    """The moment that Temporal holds: the note of a schedule that never runs."""

    def __init__(self, temporal: Client) -> None:
        self._temporal = temporal

    async def read(self) -> tuple[str, datetime] | None:
        """The id of the installation and its last moment; None if there never was one. Raises RPCError."""
        try:
            described = await self._handle.describe(rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
        return _read_note(described.schedule.state.note)

    async def write(self, installation_id: str, at: datetime) -> None:
        """Never goes back. Raises RPCError."""
        wanted = self._schedule(installation_id, at)
        try:
            await self._temporal.create_schedule(INSTALLATION_SCHEDULE_ID, wanted, rpc_timeout=RPC_TIMEOUT)
        except ScheduleAlreadyRunningError:

            def updated(found: ScheduleUpdateInput) -> ScheduleUpdate | None:
                known = _read_note(found.description.schedule.state.note)
                is_newer = known is None or known[0] != installation_id or known[1] < at
                return ScheduleUpdate(schedule=wanted) if is_newer else None

            await self._handle.update(updated, rpc_timeout=RPC_TIMEOUT)

    @property
    def _handle(self) -> ScheduleHandle:
        return self._temporal.get_schedule_handle(INSTALLATION_SCHEDULE_ID)

    def _schedule(self, installation_id: str, at: datetime) -> Schedule:
        note = json.dumps({"installation": installation_id, "at": at.isoformat()})
        return Schedule(
            action=ScheduleActionStartWorkflow(
                "UpkeepWorkflow",
                {"reason": "schedule"},
                id=INSTALLATION_SCHEDULE_ID,
                task_queue=CAMPAIGN_QUEUE,
            ),
            spec=ScheduleSpec(),
            state=ScheduleState(paused=True, note=note),
        )


def _read_note(note: str | None) -> tuple[str, datetime] | None:
    try:
        noted = json.loads(note or "")
        return str(noted["installation"]), datetime.fromisoformat(noted["at"])
    except (ValueError, KeyError, TypeError):
        return None


def why_restored(known: Installation, mark: tuple[str, datetime] | None, *, has_sent: bool) -> str | None:
    """Why the database and Temporal cannot both be of now; None if they fit."""
    if known.beat_at is None:
        return None  # it never lived with a mark: the first start, or the first one of this version
    if mark is None:
        return "Temporal knows nothing of this installation: it is new, or was restored" if has_sent else None
    identity, at = mark
    if identity != known.id:
        return "Temporal belongs to another installation" if has_sent else None
    if at - known.beat_at > TOLERANCE:
        return f"the database is from {_shown(known.beat_at)}, and Temporal from {_shown(at)}"
    if known.beat_at - at > TOLERANCE:
        return f"Temporal is from {_shown(at)}, and the database from {_shown(known.beat_at)}"
    return None


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


async def end_campaign_workflows(temporal: Client, heartbeat: Callable[[], None]) -> int:
    """Ends what Temporal runs for campaigns; returns how many workflows. The database knows where each stands.

    Those of contacts come last: a batch that lives would take the end of its contacts for their failure.
    """
    ended: set[str] = set()
    for kinds in ("'CampaignWorkflow', 'BatchWorkflow'", "'ContactWorkflow'"):
        query = f"WorkflowType IN ({kinds}) AND ExecutionStatus = 'Running'"
        while running := [each async for each in temporal.list_workflows(query)]:
            heartbeat()
            for each in running:
                if each.run_id in ended:
                    continue  # the list knows of it in a moment
                ended.add(each.run_id)
                with suppress(RPCError):
                    handle = temporal.get_workflow_handle(each.id, run_id=each.run_id)
                    await handle.terminate("the installation was restored: it goes on from the database")
            await asyncio.sleep(0.5)
    return len(ended)


class InstallationGuard:
    """Looks before anything is sent, and goes on looking."""

    def __init__(self, pool: Pool, temporal: Client, gateway: Gateway) -> None:
        self._pool = pool
        self._temporal = temporal
        self._mark = TemporalMark(temporal)
        self._gateway = gateway
        self._asked: set[str] = set()  # the senders about whom the gateway has answered

    async def look_first(self) -> None:
        """Before this worker serves anything: returns as soon as Temporal and the database were compared."""
        while True:
            try:
                await self._compare_and_beat()
                break
            except (RPCError, RuntimeError) as error:
                log.warning("cannot compare the database with Temporal yet", error=str(error))
                await asyncio.sleep(RETRY_S)
        await self._ask_gateway()
        known = await installation.get_installation(self._pool)
        if known.held_since is not None and known.confirmed_at is None:
            # They may be of another time than the database, and would write into it what is not so.
            ended = await end_campaign_workflows(self._temporal, lambda: None)
            log.warning("held: campaigns stand still until a person confirms", ended=ended)

    async def run(self) -> None:
        """Until cancelled."""
        while goes_on():
            await asyncio.sleep(BEAT_EVERY_S)
            try:
                await self._compare_and_beat()
                await self._ask_gateway()
            except Exception:
                log.exception("cannot compare the database with Temporal, trying again")

    async def _compare_and_beat(self) -> None:
        known = await installation.get_installation(self._pool)
        mark = await self._mark.read()
        has_sent = await installation.has_sent(self._pool)
        reason = why_restored(known, mark, has_sent=has_sent)
        if reason is not None:
            await self._hold(reason, unknown_since=known.beat_at)
        # Temporal first: while it cannot be written, the database does not run ahead of it. The two agree from
        # here on; what was found is stored.
        await self._mark.write(known.id, known.now)
        await installation.beat(self._pool, known.now)

    async def _ask_gateway(self) -> None:
        """Whether the gateway has messages of ours that are newer than all that this database knows."""
        for sender in await installation.latest_sends(self._pool):
            if sender.sender_id in self._asked or sender.provider == Provider.META:
                continue
            now = datetime.now(UTC)
            since = (sender.latest or now - NEVER_SENT_SINCE) - CLOCKS_DIFFER
            try:
                taken, _ = await self._gateway.list_accepted(
                    device=sender.device_id, since=since, until=now, page=0
                )
            except GatewayError as error:
                with suppress(Exception):
                    log.warning(
                        "the gateway does not say what it took", sender_id=sender.sender_id, error=str(error)
                    )
                continue
            self._asked.add(sender.sender_id)
            references = [reference for message in taken if (reference := our_reference(message))]
            handed_over, _ = await lost_sends.split_known(self._pool, references)
            if unknown := set(references) - handed_over:
                reason = f"the gateway has {len(unknown)} messages or more that this database has not sent"
                await self._hold(reason, unknown_since=since)

    async def _hold(self, reason: str, *, unknown_since: datetime | None) -> None:
        await installation.hold(self._pool, reason, unknown_since=unknown_since)
        log.error("nothing is sent until a person confirms: relance restore confirm", reason=reason)


def our_reference(message: GatewayMessage) -> str | None:
    """The id in a reference that we have made, or None: others may send from the same account."""
    try:
        identity = UUID(message.reference or "")
    except ValueError:
        return None
    return str(identity) if identity.version == 7 else None
