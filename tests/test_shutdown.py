"""A deployment stops processes with SIGTERM: they end in time, and nobody gets less or more for it."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import httpx
import pytest
from pydantic import SecretStr

from activities import watch
from local.ports import Ports
from settings import Settings
from storage import uptime
from tests.activities.test_alerts import Mailbox, mailbox
from tests.api.events import listening
from tests.conftest import AUTHORIZED, LOCAL_API_KEY, eventually
from tests.test_pausing import SILENT, House, mailing, open_house, reacting

# Apprise loads all its plugins at the first URL, and with them modules that newer Pythons do not have.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

DRAINED_WITHIN_S = 30.0  # the requirement
READY = "worker ready"
# A worker with less patience than others, for what it does when that is at its end.
IMPATIENT_WORKER = "import worker; worker.LONGEST_DRAIN_S = 0.05; worker.main()"
OPEN_ATTEMPTS = "SELECT count(*) FROM sends WHERE outcome IS NULL"
SEEN_SINCE = "SELECT EXISTS (SELECT FROM uptime_spans WHERE component = 'worker' AND began_at > $1)"


def environment(settings: Settings) -> dict[str, str]:
    """What a process needs to run with these settings."""
    names = settings.model_fields_set - {"alert_urls"}
    given = {name: value for name in names if (value := getattr(settings, name)) is not None}
    return {**os.environ, **{f"RELANCE_{name.upper()}": _text(value) for name, value in given.items()}}


def _text(value: object) -> str:
    if isinstance(value, list):
        return " ".join(_text(each) for each in value)
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


@dataclass
class Running:
    """A real process of ours."""

    process: Process
    log: list[str] = field(default_factory=list)

    async def read(self) -> None:
        """Until it ends."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.log.append(line.decode())

    def has_logged(self, text: str) -> bool:
        """At any time."""
        return any(text in line for line in self.log)

    async def terminate(self) -> int:
        """As a deployment does; gives the exit status, once it has ended by itself."""
        began = monotonic()
        self.process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(self.process.wait(), DRAINED_WITHIN_S)
        took_s = monotonic() - began
        print(f"\n{took_s:.2f} s from SIGTERM to the end")  # noqa: T201 - what the test measures
        status = self.process.returncode
        assert status is not None
        return status


@asynccontextmanager
async def process_of(
    settings: Settings, *command: str, ready: str | None = None, program: str = sys.executable
) -> AsyncIterator[Running]:
    """`python`, or another program, with that command, once it has logged that it is ready."""
    started = await asyncio.create_subprocess_exec(
        program,
        *command,
        env=environment(settings),
        cwd=Path(__file__).parent.parent,
        stdout=PIPE,
        stderr=STDOUT,
        limit=2**20,
    )
    running = Running(started)
    reading = asyncio.create_task(running.read())

    async def is_ready() -> bool:
        assert started.returncode is None, "".join(running.log)
        return ready is None or running.has_logged(ready)

    try:
        await eventually(is_ready, what=" ".join(command))
        yield running
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()
        await reading


def worker_of(house: House) -> AbstractAsyncContextManager[Running]:
    """A worker process, as `async with` takes it."""
    return process_of(house.settings, "-m", "worker", ready=READY)


@pytest.fixture(scope="module")
async def box() -> AsyncIterator[Mailbox]:
    """Who hears the alerts."""
    async with mailbox() as opened:
        yield opened


@pytest.fixture(scope="module")
async def house(box: Mailbox) -> AsyncIterator[House]:
    """Servers and the API; the workers are processes that the tests start."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("RELANCE_ALERT_DOWN_S", "6")
        patched.setattr(watch, "LOOK_EVERY_S", 1.0)
        async with open_house(alert_urls=[box.url]) as opened:
            await opened.stop_workers()
            yield opened


async def an_answer_that_never_comes(house: House) -> None:
    """The next message is accepted, and nobody says so: its outcome becomes unknown."""
    await house.town.fault(target="messages.post", kind="accept_then_timeout", count=1, delay_s=15)


async def in_flight(house: House) -> bool:
    """Whether a message waits for its answer for longer than answers take."""
    return bool(await house.town.pool.fetchval(f"{OPEN_ATTEMPTS} AND started_at < now() - interval '0.7 s'"))


async def test_a_worker_that_is_stopped_in_mid_campaign_loses_and_doubles_nothing(house: House) -> None:
    """E17, W1: with a message in flight whose answer never comes, for a worker that waits for it and for one
    whose patience ends, as after a crash; the next worker goes on."""
    async with worker_of(house) as first:
        run = await mailing(house, [*reacting(10), *([SILENT] * 14)], window_s=12)
        await run.until_accepted(6)
        await an_answer_that_never_comes(house)
        await eventually(lambda: in_flight(house), what="the message without an answer")

        assert await first.terminate() == 0
        assert await house.town.pool.fetchval(OPEN_ATTEMPTS) == 0, "every attempt has an outcome"
        sent_before = len(await run.accepted())
        assert sent_before < len(run.phones), "the stop came in mid campaign"
    patient = house.settings.model_copy(update={"gateway_timeout_s": 30})
    async with process_of(patient, "-c", IMPATIENT_WORKER, ready=READY) as second:
        await an_answer_that_never_comes(house)
        await eventually(lambda: in_flight(house), what="another message without an answer")
        assert await second.terminate() == 1
        assert await house.town.pool.fetchval(OPEN_ATTEMPTS) > 0, "one attempt has no outcome"
    async with worker_of(house) as third:
        shown = await run.until_closed()
        assert await third.terminate() == 0
    assert (shown["close_reason"], shown["status"]) == ("all_final", "completed")
    reacted = set(run.phones[:10])
    hellos, thanks = await run.accepted("Hello"), await run.accepted("Thank you")
    assert sorted(entry["phone"] for entry in hellos) == sorted(run.phones)
    assert sorted(entry["phone"] for entry in thanks) == sorted(reacted)


async def test_a_rolling_deployment_leaves_no_gap_and_doubles_nothing(house: House) -> None:
    """E17, W3: the new worker starts before the old one ends; it counts as one that was up all the time."""
    async with AsyncExitStack() as exits:
        old = await exits.enter_async_context(worker_of(house))
        run = await mailing(house, reacting(20), window_s=20)
        await run.until_accepted(5)
        began_at = await house.town.pool.fetchval("SELECT clock_timestamp()")
        new = await exits.enter_async_context(worker_of(house))
        await eventually(lambda: house.town.pool.fetchval(SEEN_SINCE, began_at), what="its first sign of life")
        before = await outages(house)
        assert await old.terminate() == 0
        await run.until_closed()
        await run.everybody_got("Hello", "Thank you")
        assert await outages(house) == before
        assert await new.terminate() == 0


async def outages(house: House) -> int:
    """How often there was no worker."""
    [workers] = [each for each in await uptime.report(house.town.pool) if each.component == "worker"]
    return workers.windows["24h"].outages


async def test_workers_that_crash_and_stay_away_raise_an_alert_that_ends_with_the_next(
    house: House, box: Mailbox
) -> None:
    """W2: the API says so, after RELANCE_ALERT_DOWN_S without a sign of life; by kill -9, without a goodbye."""
    async with worker_of(house) as worker:
        await eventually(lambda: is_up(house), what="the worker")
        box.requests.clear()
        worker.process.kill()
        await worker.process.wait()

    async def heard(title: str) -> bool:
        return title in box.titles

    await eventually(lambda: heard("The workers: down"), what="the alert")
    async with worker_of(house) as successor:
        await eventually(lambda: heard("Over: The workers: down"), what="the end of it")
        assert await successor.terminate() == 0
    assert [title for title in box.titles if "workers" in title] == [
        "The workers: down",
        "Over: The workers: down",
    ]


async def is_up(house: House) -> bool:
    """Whether a worker was seen, and nobody is about to hear that there is none, or was none."""
    alerts = (await house.api.get("/api/alerts", params={"only_open": True})).json()["items"]
    found = await uptime.report(house.town.pool)
    is_told = any(alert["subject"] == "worker" for alert in alerts)
    if is_told or await house.town.pool.fetchval("SELECT count(*) FROM alert_notices WHERE ended_at IS NULL"):
        return False
    return any(each.component == "worker" and each.up for each in found)


async def test_the_command_sends_a_test_to_every_destination(house: House, box: Mailbox) -> None:
    """`relance alerts test`, and `relance alerts list`."""
    box.requests.clear()
    command = [sys.executable, "-m", "cli", "alerts"]
    given = environment(house.settings) | {
        "RELANCE_API_URL": house.settings.effective_api_url,
        "RELANCE_API_KEY": LOCAL_API_KEY,
    }
    for arguments, expected in ((["test"], "1. json: reached"), (["list", "--json"], "component_down")):
        ran = await asyncio.create_subprocess_exec(*command, *arguments, env=given, stdout=PIPE)
        out, _ = await ran.communicate()
        assert (ran.returncode, expected in out.decode()) == (0, True), out.decode()
    assert box.titles.count("A test") == 1


async def test_an_api_that_is_stopped_ends_its_streams_and_answers_what_it_was_asked(house: House) -> None:
    """A8: within the time, while a browser listens and a request is under way."""
    settings = house.settings.model_copy(update={"api_port": Ports.ephemeral().api})
    settings.model_fields_set.add("api_port")
    async with process_of(settings, "-m", "api") as api, AsyncExitStack() as exits:
        client = await exits.enter_async_context(
            httpx.AsyncClient(base_url=settings.effective_api_url, timeout=30, headers=AUTHORIZED)
        )

        async def serves() -> bool:
            with suppress(httpx.TransportError):
                return (await client.get("/healthz")).is_success
            return False

        await eventually(serves, what="the API")
        stream = await exits.enter_async_context(listening(client))
        assert (await stream.next()).name == "reset"
        async with house.town.pool.acquire() as connection, connection.transaction():
            # Whoever adds a category waits for this transaction: the request is under way at the SIGTERM.
            await connection.execute("LOCK TABLE categories IN EXCLUSIVE MODE")
            asking = asyncio.create_task(client.post("/api/categories", json={"name": "Late"}))
            await eventually(lambda: is_waiting(house), what="the request")
            ending = asyncio.create_task(api.terminate())
            await asyncio.wait_for(stream.end(), 10)
        assert (await asking).status_code == 201
        # uvicorn ends as it should, and then by the signal that it was sent.
        assert await ending in {0, -signal.SIGTERM}
    assert api.has_logged("Application shutdown complete")
    [seen] = [each for each in await uptime.report(house.town.pool) if each.component == "api"]
    assert seen.up, "the API of the house is still there"


async def is_waiting(house: House) -> bool:
    """Whether somebody waits for a lock."""
    return bool(
        await house.town.pool.fetchval(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'categories'::regclass"
        )
    )
