"""A database of its own for tests of pacing, and ways to set up a sender's past there.

A worker that other tests have started looks after every sender that it finds, and would overwrite what these
tests set up. It does not know this database.
"""

import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from domain.messages import MessageType
from domain.run_settings import RunSettings
from local.servers import Servers
from settings import Settings
from storage import database, outcomes, senders
from storage.database import Pool
from storage.reservations import Held
from storage.sending import Ready
from tests.conftest import eventually
from tests.scene import Scene

# Everything that is remembered of a sender's past.
AGE = (
    "UPDATE sends SET started_at = started_at - $2::interval, finished_at = finished_at - $2::interval "
    "WHERE sender_id = $1",
    "UPDATE messages SET accepted_at = accepted_at - $2::interval, sent_at = sent_at - $2::interval, "
    "failed_at = failed_at - $2::interval WHERE sender_id = $1",
    "UPDATE senders SET held_until = held_until - $2::interval, resumed_at = resumed_at - $2::interval "
    "WHERE id = $1",
    """
    UPDATE sender_paces SET slot_at = slot_at - $2::interval, message_1_at = message_1_at - $2::interval,
        message_2_at = message_2_at - $2::interval, last_message_1_at = last_message_1_at - $2::interval,
        rest_until = rest_until - $2::interval, counted_to = counted_to - $2::interval,
        errors_counted_at = errors_counted_at - $2::interval
    WHERE sender_id = $1
    """,
)
# All of one message, which nobody sends.
ADD_SENDS = """
    WITH message AS (
        INSERT INTO messages (campaign_id, contact_id, sender_id, message_type, status)
        VALUES ($1, $2, $3, 'message_2', 'cancelled')
        ON CONFLICT (campaign_id, contact_id, message_type) DO UPDATE SET status = 'cancelled' RETURNING id
    )
    INSERT INTO sends (message_id, campaign_id, contact_id, sender_id, attempt, started_at, outcome)
    SELECT message.id, $1, $2, $3, n + (SELECT count(*) FROM sends WHERE message_id = message.id),
        clock_timestamp() - past.age, $5
    FROM message, unnest($4::interval[]) WITH ORDINALITY AS past(age, n)
"""


PAUSE_CAMPAIGN = "UPDATE campaigns SET status = 'paused', pause_scope = $2 WHERE id = $1"
RESUME_CAMPAIGN = "UPDATE campaigns SET status = 'running', pause_scope = NULL WHERE id = $1"


async def new_database(server_url: str) -> str:
    """The URL of a new, migrated database on the same server."""
    name = f"apart_{secrets.token_hex(4)}"
    connection = await asyncpg.connect(server_url)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    url = f"{server_url.rpartition('/')[0]}/{name}"
    await database.migrate(url)
    return url


@pytest.fixture(scope="session")
async def pool(servers: Servers) -> AsyncIterator[Pool]:
    """A way to a database without a worker, for the module that imports it."""
    opened = await database.connect(await new_database(servers.database_url), application="tests", wait_s=None)
    yield opened
    await opened.close()


async def somebody_waits(pool: Pool) -> bool:
    """Whether anybody in that database waits for a lock."""
    waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(await pool.fetch(waiting))


async def set_apart(settings: Settings, temporal: Client, **changes: Any) -> Settings:
    """The same servers, with a database and a namespace that nobody else uses."""
    own = {
        "database_url": await new_database(str(settings.database_url)),
        "temporal_namespace": await _new_namespace(temporal),
    }
    return settings.model_copy(update={**own, **changes})


async def _new_namespace(temporal: Client) -> str:
    """A worker answers for all queues of its namespace, so another one needs another namespace."""
    name = f"apart-{secrets.token_hex(4)}"
    keep = Duration()
    keep.FromTimedelta(timedelta(days=1))
    await temporal.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=keep)
    )

    async def known() -> bool:
        with suppress(RPCError):
            await temporal.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=name))
            return True
        return False

    await eventually(known, what="the namespace")
    return name


async def time_passes(pool: Pool, sender_id: str, seconds: float) -> None:
    """All that happened to one sender lies that much further back. Nothing may be under way meanwhile."""
    async with pool.acquire() as connection, connection.transaction():
        for statement in AGE:
            await connection.execute(statement, sender_id, timedelta(seconds=seconds))


async def add_sends(scene: Scene, ages_s: Iterable[float], outcome: str | None = "accepted") -> None:
    """That many seconds ago, the sender of the scene has tried to send something."""
    ages = [timedelta(seconds=age_s) for age_s in ages_s]
    last = scene.contact_ids[-1]
    await scene.pool.execute(ADD_SENDS, scene.campaign.id, last, scene.sender.id, ages, outcome)


async def set_pace(scene: Scene, **columns: Any) -> None:
    """What the sender's workflow would have stored: columns of `sender_paces`."""
    names = ", ".join(f"{name} = ${number}" for number, name in enumerate(columns, start=2))
    statement = f"UPDATE sender_paces SET {names} WHERE sender_id = $1"  # noqa: S608 - names from the tests
    await scene.pool.execute(statement, scene.sender.id, *columns.values())


async def pace_row(scene: Scene) -> Any:
    """What is stored of the sender's pace."""
    return await scene.pool.fetchrow("SELECT * FROM sender_paces WHERE sender_id = $1", scene.sender.id)


async def freeze(scene: Scene, settings: RunSettings, batch: int = 0) -> None:
    """A batch has started with these settings."""
    await scene.pool.execute(
        """
        INSERT INTO campaign_batches (campaign_id, batch, sender_id, settings) VALUES ($1, $2, $3, $4)
        ON CONFLICT (campaign_id, batch) DO UPDATE SET settings = excluded.settings
        """,
        scene.campaign.id,
        batch,
        scene.sender.id,
        asdict(settings),
    )


async def pause(scene: Scene, of: str, scope: str = "all") -> None:
    """A person pauses the sender or the campaign."""
    if of == "sender":
        await senders.pause_sender(scene.pool, scene.sender.id, scope)
    else:
        await scene.pool.execute(PAUSE_CAMPAIGN, scene.campaign.id, scope)


async def resume_campaign(scene: Scene) -> None:
    """A person lets the campaign go on."""
    await scene.pool.execute(RESUME_CAMPAIGN, scene.campaign.id)


async def ready(scene: Scene, nth: int = 0, message_type: MessageType = MessageType.MESSAGE_1) -> Ready:
    """The stored attempt of a message that may leave."""
    step = await scene.begin(nth, message_type)
    assert isinstance(step, Ready), step
    return step


async def held(scene: Scene, nth: int = 0, message_type: MessageType = MessageType.MESSAGE_1) -> Held:
    """The refusal of a message that may not leave."""
    step = await scene.begin(nth, message_type)
    assert isinstance(step, Held), step
    return step


async def finish(pool: Pool, attempt: Ready, outcome: str = "accepted") -> None:
    """What became of an attempt."""
    if outcome == "accepted":
        await outcomes.record_accepted(
            pool,
            attempt.message_id,
            attempt.attempt,
            provider_id=secrets.token_hex(12),
            wa_id=None,
            accepted_at=datetime.now(UTC),
            sent_at=None,
        )
    elif outcome == "unknown":
        await outcomes.record_unknown(
            pool, attempt.message_id, attempt.attempt, sender_id=attempt.sender_id, code="test", detail="test"
        )
    elif outcome == "not_sent":
        await outcomes.record_not_sent(
            pool, attempt.message_id, attempt.attempt, code="not_found", detail="test", max_attempts=3
        )
    else:
        await outcomes.record_rejected(pool, attempt.message_id, attempt.attempt, code="400", detail="test")


async def sent(scene: Scene, nth: int = 0, message_type: MessageType = MessageType.MESSAGE_1) -> Ready:
    """A message left, and the provider has taken it."""
    attempt = await ready(scene, nth, message_type)
    await finish(scene.pool, attempt)
    return attempt
