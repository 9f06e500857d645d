"""Alerts reach people through Apprise: every destination once, and no secret in any log."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs
from temporalio import workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.alerts import Alert, AlertActivities, Alerts

# Apprise loads all its plugins at the first URL, and with them modules that newer Pythons do not have.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

SECRET = "S3cretToken"
ALERT = Alert(title="Sender stopped", body="The account of Paris is blocked & needs <you>")


@dataclass
class Mailbox:
    """A destination on this machine, which answers with these statuses and then with 200."""

    answers: list[int] = field(default_factory=list)
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # path, what was told
    port: int = 0

    @property
    def url(self) -> str:
        """Its Apprise URL, with secrets where services have theirs."""
        return f"json://bot:{SECRET}@127.0.0.1:{self.port}/hooks/{SECRET}"

    @property
    def titles(self) -> list[str]:
        """What arrived here, whatever the answer was."""
        return [told["title"] for _path, told in self.requests]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, one answer."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-length")
        )
        self.requests.append((head.split()[1], json.loads(await reader.readexactly(length))))
        status = self.answers.pop(0) if self.answers else 200
        writer.write(f"HTTP/1.1 {status} Answer\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def mailbox(*answers: int) -> AsyncIterator[Mailbox]:
    """A destination that listens."""
    opened = Mailbox(answers=list(answers))
    server = await asyncio.start_server(opened.answer, "127.0.0.1", 0)
    opened.port = server.sockets[0].getsockname()[1]
    async with server:
        yield opened


@asynccontextmanager
async def unreachable() -> AsyncIterator[str]:
    """The Apprise URL of a destination that refuses connections: bound, and not listening."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"json://bot:{SECRET}@127.0.0.1:{taken.getsockname()[1]}/hooks/{SECRET}"


async def send(*urls: str) -> bool:
    """One alert to these destinations."""
    return await Alerts(list(urls)).send(title=ALERT.title, body=ALERT.body)


async def test_an_alert_reaches_every_destination() -> None:
    """As plain text, under our name."""
    async with mailbox() as one, mailbox() as other:
        assert await send(one.url, other.url)
    for box in (one, other):
        [(path, told)] = box.requests
        assert path == f"/hooks/{SECRET}"
        assert (told["title"], told["message"], told["type"]) == (ALERT.title, ALERT.body, "warning")


@pytest.mark.parametrize("broken", ["an answer of 500", "no connection", "a URL that means nothing"])
async def test_a_destination_that_is_not_reached_keeps_nobody_else_from_the_alert(broken: str) -> None:
    """Whichever comes first: one failure must not hide the alert from the others."""
    async with mailbox(500) as failing, unreachable() as away, mailbox() as well:
        bad = {
            "an answer of 500": failing.url,
            "no connection": away,
            "a URL that means nothing": f"nonsense://{SECRET}",
        }[broken]
        assert not await send(bad, well.url)
        assert well.titles == [ALERT.title]


async def test_a_destination_that_does_not_answer_is_given_up() -> None:
    """An alert must not hang for longer than it is told to."""

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    async with server:
        url = f"json://127.0.0.1:{server.sockets[0].getsockname()[1]}?rto=1"
        with capture_logs() as logged:
            assert not await Alerts([url], timeout_s=0.2).send(title="t", body="b")
    assert [line["problem"] for line in logged if "problem" in line] == ["timeout"]


async def test_without_a_destination_an_alert_is_an_error_in_the_log() -> None:
    """Nothing is left to reach, so that nobody tries again."""
    with capture_logs() as logged:
        assert await send()
        await ActivityEnvironment().run(AlertActivities(Alerts([])).send_alert, ALERT)
    assert [(line["log_level"], line["title"], line["body"]) for line in logged if "title" in line] == [
        ("error", ALERT.title, ALERT.body)
    ] * 2


async def test_no_log_line_tells_a_secret(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not even at the level DEBUG, at which libraries log whole URLs."""
    caplog.set_level(logging.DEBUG)
    async with mailbox(500) as failing, mailbox() as well, unreachable() as away:
        with capture_logs() as logged:
            await send(failing.url, well.url, away, f"nonsense://{SECRET}", f"slack://{SECRET}", SECRET)
    failures = [line["destination"] for line in logged if line["event"] == "alert not delivered"]
    assert sorted(failures) == [1, 3, 4, 5, 6]
    written = "".join(capfd.readouterr())
    assert SECRET not in f"{logged} {caplog.text} {written}"
    assert "/hooks/" not in f"{logged} {caplog.text} {written}"


async def test_the_activity_fails_so_that_temporal_tries_again() -> None:
    """Retryable, and its error goes to the history: it must not hold a secret either."""
    async with unreachable() as away:
        with pytest.raises(ApplicationError) as raised:
            await ActivityEnvironment().run(AlertActivities(Alerts([away])).send_alert, ALERT)
    assert not raised.value.non_retryable
    assert raised.value.type == "AlertNotDelivered"
    assert str(raised.value) == "AlertNotDelivered: 1 of 1 alert destinations not reached"


@workflow.defn
class AlertWorkflow:
    """Sends one alert, as any workflow does."""

    @workflow.run
    async def run(self, alert: Alert) -> None:
        """Until every destination was reached."""
        await workflow.execute_activity_method(
            AlertActivities.send_alert,
            alert,
            start_to_close_timeout=timedelta(seconds=20),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=50), backoff_coefficient=1),
        )


async def test_temporal_repeats_an_alert_until_everybody_has_heard_it_once(temporal: Client) -> None:
    """A destination that answers 500 first and then 200, and one that must not be flooded meanwhile."""
    queue = f"alerts-{uuid4()}"
    async with mailbox() as well, mailbox(500, 500) as failing:
        alerts = AlertActivities(Alerts([well.url, failing.url]))
        async with Worker(
            temporal,
            task_queue=queue,
            workflows=[AlertWorkflow],
            activities=[alerts.send_alert],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ):
            await temporal.execute_workflow(AlertWorkflow.run, ALERT, id=queue, task_queue=queue)
    assert well.titles == [ALERT.title]
    assert failing.titles == [ALERT.title] * 3
