"""The receiver under nonsense: a real API process, on a real socket, which must not notice.

More of it, and a closer look at memory: `make bench-fuzz EXAMPLES=2000`.
"""

import asyncio
import json
import os
import random
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

import httpx
import psutil
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from domain.report import CampaignCounters
from local.ports import Ports
from settings import Settings
from storage import campaigns
from tests.apart import sent
from tests.api.test_webhooks import webhook_path
from tests.conftest import Town, eventually
from tests.providers.nonsense import REAL, mutated, odd_json
from tests.scene import Scene, open_scene
from tests.test_shutdown import Running, process_of
from tests.wassenger import inbound

Json = dict[str, Any]

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
PEOPLE = 4
AT_ONCE = 8
# Of a process of 110 MB; 5 kB a request would be 60 MB with the 12,000 requests of a thousand examples.
MOST_GROWTH_MB = 24
RECEIVED = "SELECT status, outcome FROM webhook_events WHERE payload -> 'data' ->> 'id' = ANY($1)"
LARGEST = 1_048_576


@dataclass
class Door:
    """The API under test, and all that went in so far."""

    process: Running
    client: httpx.AsyncClient
    path: str
    scene: Scene
    valid: list[Json] = field(default_factory=list)
    nonsense: list[tuple[str, bytes]] = field(default_factory=list)
    at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def deliver(self, path: str, body: bytes) -> httpx.Response:
        """One POST; whatever comes of it, the server has not failed."""
        async with self.at_once:
            answer = await self.client.post(path, content=body)
        assert answer.status_code < 500, (answer.text, body[:500])
        return answer

    async def deliver_valid(self) -> None:
        """A person writes; that has to be stored before it is answered."""
        payload = inbound(self.scene.sender.device_id, secrets.choice(self.scene.phones))
        self.valid.append(payload)
        answer = await self.deliver(self.path, json.dumps(payload).encode())
        assert (answer.status_code, answer.json()) == (200, {"stored": 1, "known": 0, "rejected": 0})

    async def deliver_nonsense(self, path: str, body: bytes) -> None:
        """Anything else: 200 with a row for it, or a refusal for good."""
        answer = await self.deliver(path, body)
        if len(body) > LARGEST:
            assert answer.status_code == 413
        elif path != self.path:
            assert answer.status_code in {307, 401, 404, 405}, (path, answer.text)
        else:
            assert answer.status_code == 200, answer.text
            assert sum(answer.json().values()) >= 1

    def memory_mb(self) -> float:
        """Of the process, as the system counts it."""
        return float(psutil.Process(self.process.process.pid).memory_info().rss / 2**20)


@pytest.fixture(scope="module")
async def fuzzed(api: httpx.AsyncClient, town_of_module: Town) -> AsyncIterator[Door]:
    """A process of its own, and people who have got Message 1."""
    town = town_of_module
    scene = await open_scene(town, PEOPLE, window_s=3600)
    for nth in range(PEOPLE):
        await sent(scene, nth)
    # Its webhooks stay registered for the API of all tests.
    settings = town.settings.model_copy(update={"api_port": Ports.ephemeral().api})
    async with (
        process_of(settings, "-m", "api", ready="Uvicorn running") as process,
        httpx.AsyncClient(base_url=settings.effective_api_url, timeout=60) as client,
    ):
        yield Door(process, client, webhook_path(settings), scene)


@pytest.fixture(scope="module")
def town_of_module(pool: Any, sandbox: httpx.AsyncClient, settings: Settings) -> Town:
    """As `town`, for longer than one test."""
    return Town(pool, sandbox, settings)


def _nested(depth: int) -> bytes:
    return b'{"event": "message:in:new", "data": ' + b"[" * depth + b"]" * depth + b"}"


def _padded(size: int) -> bytes:
    return json.dumps({"event": "message:in:new", "data": {"body": "x" * size}}).encode()


@st.composite
def _spoilt(draw: st.DrawFn) -> bytes:
    """A real or mutated event that was cut off, whose bytes flipped, or whose keys come twice."""
    raw = bytearray(json.dumps(draw(st.sampled_from(REAL) | mutated())).encode())
    match draw(st.sampled_from(["cut", "flipped", "twice", "nul"])):
        case "cut":
            del raw[draw(st.integers(0, len(raw))) :]
        case "flipped":
            for _ in range(draw(st.integers(1, 8))):
                raw[draw(st.integers(0, len(raw) - 1))] = draw(st.integers(0, 255))
        case "twice":
            raw[1:1] = b'"event": %s, "data": %s, ' % (
                json.dumps(draw(odd_json)).encode(),
                json.dumps(draw(odd_json)).encode(),
            )
        case _:
            place = draw(st.integers(0, len(raw)))
            raw[place:place] = draw(st.sampled_from([b"\x00", b"\\u0000", b"\\ud800", b"\xed\xa0\x80"]))
    return bytes(raw)


BODIES = st.one_of(
    st.binary(max_size=300),
    mutated().map(lambda event: json.dumps(event).encode()),
    st.lists(mutated() | st.sampled_from(REAL), max_size=5).map(lambda events: json.dumps(events).encode()),
    _spoilt(),
    odd_json.map(lambda value: json.dumps(value).encode()),
    st.sampled_from([50, 400, 900, 5_000, 200_000]).map(_nested),
    st.sampled_from([10_000, 1_000_000, LARGEST + 1]).map(_padded),
)
# Secrets that are not ours, and paths without any.
ELSEWHERE = st.text("aB0-_.~%é/", max_size=12).map(lambda text: f"/webhooks/wassenger/{text}")


@given(
    bodies=st.lists(BODIES, min_size=4, max_size=10),
    strangers=st.lists(st.tuples(ELSEWHERE, BODIES), max_size=2),
    order=st.integers(0, 2**32),
)
@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # some bodies are large on purpose
@hypothesis_settings(
    max_examples=EXAMPLES,
    deadline=None,
    # What is sent depends on what was sent before: a failure is told as it came.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
async def test_no_nonsense_makes_the_receiver_fail(
    fuzzed: Door, bodies: list[bytes], strangers: list[tuple[str, bytes]], order: int
) -> None:
    """E8, E17: never a 5xx, while people write in between, at once and in any order."""
    nonsense = [(fuzzed.path, body) for body in bodies] + strangers
    fuzzed.nonsense += nonsense
    deliveries = [fuzzed.deliver_nonsense(*one) for one in nonsense]
    deliveries += [fuzzed.deliver_valid(), fuzzed.deliver_valid()]
    random.Random(order).shuffle(deliveries)  # noqa: S311 - for a test
    await asyncio.gather(*deliveries)


async def test_no_reaction_was_lost_among_the_nonsense(fuzzed: Door) -> None:
    """E8, E10: every one is stored, worked off, and counted for its contact."""
    scene, ids = fuzzed.scene, [payload["data"]["id"] for payload in fuzzed.valid]
    assert ids, "the test above runs first"

    async def all_worked_off() -> bool:
        rows = await scene.pool.fetch(RECEIVED, ids)
        return len(rows) == len(ids) and all(row["status"] == "processed" for row in rows)

    await eventually(all_worked_off, what="the working off")
    assert {row["outcome"] for row in await scene.pool.fetch(RECEIVED, ids)} == {"interaction"}
    counters: CampaignCounters = await campaigns.get_counters(scene.pool, scene.campaign.id)
    assert counters.interactions == len(ids)


async def test_nonsense_leaves_nothing_behind_in_memory(fuzzed: Door) -> None:
    """E8: the same process, the same nonsense over and over."""
    assert fuzzed.nonsense, "the test above runs first"
    small = [one for one in fuzzed.nonsense if len(one[1]) < 100_000]
    rounds = iter(cycle(small))

    async def storm(requests: int) -> float:
        for _ in range(0, requests, 100):
            await asyncio.gather(*(fuzzed.deliver_nonsense(*one) for one in islice(rounds, 100)))
        return fuzzed.memory_mb()

    warm_mb = await storm(5 * EXAMPLES)
    after_mb = await storm(15 * EXAMPLES)
    print(f"\n{warm_mb:.1f} MB when warm, {after_mb:.1f} MB after {15 * EXAMPLES} more requests")  # noqa: T201
    assert after_mb - warm_mb < MOST_GROWTH_MB
    assert fuzzed.process.process.returncode is None
