"""How long messages take on their way, by sender (P12)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from domain.messages import MessageStatus
from storage import interactions, outcomes
from storage.delivery_latency import LATENCY, delivery_latency
from storage.sending import Ready
from tests.conftest import Town
from tests.scene import Scene, open_scene

UNKNOWN = [None, None]
NOW = datetime.now(UTC)
Clock = Callable[[float], datetime]


def clock(ago: timedelta = timedelta(hours=1)) -> Clock:
    """Seconds after the acceptance, as times."""
    return lambda after_s: NOW - ago + timedelta(seconds=after_s)


async def latencies(scene: Scene, hours: float = 24) -> tuple[int, list[float | None], list[float | None]]:
    """How many messages; p50 and p95 of accepted to sent, and of sent to delivered."""
    found = await delivery_latency(scene.pool, sender_id=scene.sender.id, hours=hours)
    to_sent = [found.accepted_to_sent_p50_s, found.accepted_to_sent_p95_s]
    to_delivered = [found.sent_to_delivered_p50_s, found.sent_to_delivered_p95_s]
    return found.messages, _rounded(to_sent), _rounded(to_delivered)


def _rounded(seconds: list[float | None]) -> list[float | None]:
    return [None if value is None else round(value, 6) for value in seconds]


async def accept(scene: Scene, nth: int, at: Clock) -> str:
    """The gateway has the message of that contact, and says nothing yet of its sending; gives its id."""
    ready = await scene.begin(nth)
    assert isinstance(ready, Ready)
    await outcomes.record_accepted(
        scene.pool,
        ready.message_id,
        ready.attempt,
        provider_id=ready.message_id,
        wa_id=None,
        accepted_at=at(0),
        sent_at=None,
    )
    return ready.message_id


async def acknowledge(scene: Scene, message_id: str, status: str, at: datetime) -> None:
    """What the provider reports."""
    await interactions.apply_status(
        scene.pool,
        reference=message_id,
        provider_id=None,
        wa_id=None,
        status=MessageStatus(status),
        occurred_at=at,
        failure_reason=None,
    )


async def test_latencies_are_percentiles_of_what_was_acknowledged(town: Town) -> None:
    """P12; half of the messages were there within p50, nearly all within p95."""
    scene = await open_scene(town, 5)
    for nth, (sent_s, delivered_s) in enumerate([(1, 1), (2, 3), (3, 6), (4, 10), (5, 15)]):
        message_id = await accept(scene, nth, clock())
        await acknowledge(scene, message_id, "sent", clock()(sent_s))
        await acknowledge(scene, message_id, "read" if nth == 4 else "delivered", clock()(delivered_s))

    assert await latencies(scene) == (5, [3, 4.8], [3, 9.2])


async def test_nothing_is_known_of_a_sender_that_sent_nothing(town: Town) -> None:
    """P12."""
    scene = await open_scene(town)
    await scene.begin()
    assert await latencies(scene) == (0, UNKNOWN, UNKNOWN)


async def test_a_message_without_an_acknowledgement_has_no_latency(town: Town) -> None:
    """P12; its `sent_at` is the acceptance itself: silence must not look like speed, nor must a failure."""
    scene = await open_scene(town, 3)
    await accept(scene, 0, clock())
    await acknowledge(scene, await accept(scene, 1, clock()), "failed", clock()(9))
    assert (await scene.message(0))["sent_at"] == (await scene.message(0))["accepted_at"]
    assert await latencies(scene) == (2, UNKNOWN, UNKNOWN)

    await acknowledge(scene, await accept(scene, 2, clock()), "sent", clock()(7))

    assert await latencies(scene) == (3, [7, 7], UNKNOWN)


async def test_a_gateway_whose_clock_is_behind_gives_no_negative_latency(town: Town) -> None:
    """P12; its times have whole seconds, ours have microseconds."""
    scene = await open_scene(town)
    message_id = await accept(scene, 0, clock())
    await acknowledge(scene, message_id, "sent", clock()(-0.4))

    assert await latencies(scene) == (1, [0, 0], UNKNOWN)


async def test_only_the_last_hours_of_that_sender_count(town: Town) -> None:
    """P12; a day unless the caller says otherwise."""
    scene = await open_scene(town, 3)
    for nth, hours in enumerate([1, 23, 25]):
        at = clock(timedelta(hours=hours))
        await acknowledge(scene, await accept(scene, nth, at), "sent", at(hours))
    stranger = await open_scene(town)
    await acknowledge(stranger, await accept(stranger, 0, clock()), "sent", clock()(1000))

    assert await latencies(scene) == (2, [12, 21.9], UNKNOWN)
    assert await latencies(scene, hours=1.5) == (1, [1, 1], UNKNOWN)


# A message an hour. They are gone when the transaction ends.
YEAR = """
    WITH contact AS (
        INSERT INTO contacts (phone) SELECT '+' || 99900000000 + n FROM generate_series(1, 365 * 24) n
        RETURNING id
    )
    INSERT INTO messages (campaign_id, contact_id, sender_id, message_type, status, accepted_at, sent_at)
    SELECT $1, id, $2, 'message_1', 'sent', at, at
    FROM (SELECT id, now() - row_number() OVER () * interval '1 hour' AS at FROM contact) hourly
"""


async def test_the_latency_is_found_by_its_index(town: Town) -> None:
    """P12; a year of messages must not be read for the last day."""
    scene = await open_scene(town)
    async with town.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")  # these are in no campaign
        await connection.execute(YEAR, scene.campaign.id, scene.sender.id)
        await connection.execute("ANALYZE messages")
        plan = await connection.fetch(f"EXPLAIN {LATENCY}", scene.sender.id, 24)

    assert any("messages_by_sender" in row["QUERY PLAN"] for row in plan), plan
