"""Whatever comes together, quota and gap hold."""

import asyncio
from itertools import pairwise

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from domain.messages import MessageType
from domain.pacing.quota import COUNTED_S
from storage import senders, sending
from storage.database import Pool
from storage.sending import Ready
from tests.apart import (
    finish,
    time_passes,
)
from tests.conftest import Town
from tests.scene import Scene
from tests.storage.reservations.scenes import (
    BOTH,
    STANDARD_GAP_S,
    standard_scene,
)

PEOPLE = 12
QUOTA = 9
OUTCOMES = ("accepted", "accepted", "accepted", "unknown", "not_sent", "rejected", "late")
_job = st.tuples(st.integers(0, PEOPLE - 1), st.sampled_from(BOTH), st.sampled_from(OUTCOMES))
_person = st.sampled_from(("pause", "pause message 1", "resume", "nobody", "nobody", "nobody", "stop"))
_round = st.tuples(
    st.lists(_job, min_size=1, max_size=8),
    _person,
    st.one_of(st.floats(0, 8), st.floats(0, 8), st.floats(600, 40_000)),
)


LOG = """
    SELECT s.started_at, s.outcome, m.message_type FROM sends s JOIN messages m ON m.id = s.message_id
    WHERE s.sender_id = $1 ORDER BY s.started_at
"""


class Rounds:
    """Rounds of workers who send while people pause and resume, with time that passes in between."""

    def __init__(self, scene: Scene, workers: list[Pool]) -> None:
        self.scene = scene
        self.workers = workers
        self.in_flight: list[Ready] = []
        self.closed: set[MessageType] = set()

    async def round(self, jobs: list[tuple[int, MessageType, str]], person: str) -> None:
        """All at the same time; what is closed before and after is closed in between."""
        before = self.closed
        _, *left = await asyncio.gather(
            self.person(person), *(self.send(worker, *job) for worker, job in enumerate(jobs))
        )
        assert not before & self.closed & set(left)

    async def person(self, does: str) -> None:
        """Somebody pauses, stops or resumes the sender."""
        pool, sender_id = self.scene.pool, self.scene.sender.id
        if does == "resume":
            await senders.resume_sender(pool, sender_id)
            self.closed = set()
        elif does == "stop":
            await senders.stop_sender(pool, sender_id, "test")
            self.closed = set(BOTH)
        elif does != "nobody":
            scope = "all" if does == "pause" else "message_1"
            if await senders.pause_sender(pool, sender_id, scope):
                self.closed = set(BOTH if does == "pause" else BOTH[:1])

    async def send(self, worker: int, nth: int, message_type: MessageType, outcome: str) -> MessageType | None:
        """One worker tries one message; gives its type if it left."""
        pool = self.workers[worker % len(self.workers)]
        step = await sending.begin_attempt(
            pool, self.scene.campaign.id, self.scene.contact_ids[nth], message_type
        )
        if not isinstance(step, Ready):
            return None
        if outcome == "late":
            self.in_flight.append(step)
        else:
            await finish(pool, step, outcome)
        return message_type

    async def late(self) -> None:
        """The answers to what was in flight arrive."""
        arriving, self.in_flight = self.in_flight, []
        await asyncio.gather(*(finish(self.scene.pool, attempt) for attempt in arriving))

    async def check(self) -> None:
        """What the log says of all that has been tried."""
        rows = await self.scene.pool.fetch(LOG, self.scene.sender.id)
        counting = [row["started_at"] for row in rows if row["outcome"] in {None, "accepted", "unknown"}]
        assert all(
            (later - earlier).total_seconds() > COUNTED_S - 1
            for earlier, later in zip(counting, counting[QUOTA:], strict=False)
        )
        firsts = [row["started_at"] for row in rows if row["message_type"] == "message_1"]
        gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(firsts)]
        # The rhythm counts from the reservation, the log from the moment at which its attempt was written.
        assert all(gap > STANDARD_GAP_S - 0.5 for gap in gaps), gaps


@given(rounds=st.lists(_round, min_size=5, max_size=25))
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
async def test_whatever_happens_the_log_keeps_quota_and_gap(
    home: Town, workers: list[Pool], rounds: list[tuple[list[tuple[int, MessageType, str]], str, float]]
) -> None:
    """P1, P2: never more than the quota in 24 hours, never two Messages 1 closer than the least gap."""
    scene = await standard_scene(home, PEOPLE, quota=QUOTA, expected_replies=1.0, reply_rate=0.2)
    course = Rounds(scene, workers)
    for jobs, does, pause_s in rounds:
        await course.round(jobs, does)
        await time_passes(scene.pool, scene.sender.id, pause_s)
        await course.late()
        await course.check()
