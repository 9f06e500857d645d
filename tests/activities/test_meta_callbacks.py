"""Each number of Meta gets its callback, whatever is wrong with other numbers and with Wassenger."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import pairwise
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from temporalio.testing import ActivityEnvironment

from activities.gateways import open_gateways
from activities.meta_webhooks import MetaWebhooks
from activities.upkeep import UpkeepActivities, UpkeepRules
from api.__main__ import server_of
from domain.upkeep import FindingKind, Looked
from local.addresses import SANDBOX_TOKEN
from local.ports import free_port
from providers.gateways import Gateways
from settings import Settings
from storage import senders
from storage.senders import Sender
from tests.activities.conftest import Desk, Post
from tests.conftest import Town, eventually, next_phone

VERSION = "v25.0"  # another one than that of the API, which asks about all numbers too
BREAK_S = 0.05


@pytest.fixture
async def unknown(town: Town) -> AsyncIterator[Sender]:
    """A number that Meta does not know, older than those of the test."""
    sender = await senders.save_sender(
        town.pool,
        name="Unknown",
        phone=next_phone(),
        device_id=str(10**15 + secrets.randbelow(10**14)),
        message_1_rate_per_s=1,
        message_2_rate_per_s=1,
        provider="meta",
        template_name="relance_message",
        template_language="en",
    )
    yield sender
    # It would have no end for whoever looks at all senders.
    await town.pool.execute(
        "UPDATE senders SET removed_at = now(), device_id = 'removed ' || id, phone = $2 WHERE id = $1",
        sender.id,
        next_phone(),
    )


@pytest.fixture
async def gateways(settings: Settings) -> AsyncIterator[Gateways]:
    """Both, where Wassenger refuses the token."""
    changes = {"meta_version": VERSION, "wassenger_token": SecretStr("wrong")}
    opened = open_gateways(settings.model_copy(update=changes))
    assert opened is not None
    yield opened
    await opened.close()


async def callback_of(town: Town, number: str) -> Any:
    """Where its webhooks go."""
    headers = {"Authorization": f"Bearer {SANDBOX_TOKEN}"}
    shown = (await town.sandbox.get(f"/v24.0/{number}", headers=headers)).json()
    return shown["webhook_configuration"].get("phone_number")


async def asked_at(town: Town, number: str) -> list[float]:
    """When this test asked about it."""
    requests = (await town.sandbox.get("/control/requests")).json()["requests"]
    return [each["at_unix"] for each in requests if each["path"] == f"/{VERSION}/{number}"]


@pytest.mark.usefixtures("api")
async def test_a_number_that_fails_is_asked_ever_less_and_holds_up_nobody(
    town: Town, settings: Settings, unknown: Sender, gateways: Gateways, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meta allows 200 calls an hour for all numbers of a business account."""
    monkeypatch.setattr("activities.meta_webhooks.LOOK_EVERY_S", BREAK_S)
    number = (await town.meta_sender()).device_id
    callback = settings.meta_webhook
    assert callback is not None
    running = asyncio.create_task(MetaWebhooks(town.pool, gateways, callback).run())

    async def directed() -> bool:
        return bool(await asked_at(town, number)) and await callback_of(town, number) == callback[0]

    async def asked_often() -> list[float]:
        times = await asked_at(town, unknown.device_id)
        return times if len(times) > 4 else []

    await eventually(directed, what="the callback of the number after it")
    times = await eventually(asked_often, what="more questions about the unknown number")
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    gaps = [after - earlier for earlier, after in pairwise(times)]
    assert all(gap >= BREAK_S * 2**nth for nth, gap in enumerate(gaps)), gaps


@pytest.mark.parametrize(
    "changes",
    [{"wassenger_token": None, "webhook_secret": None}, {"wassenger_token": SecretStr("wrong")}],
    ids=["no Wassenger", "Wassenger refuses"],
)
async def test_the_callbacks_of_meta_need_nothing_of_wassenger(
    town: Town, settings: Settings, changes: dict[str, Any]
) -> None:
    """E8: by the API alone."""
    port = free_port()
    of_its_own = {"api_port": port, "public_url": f"http://127.0.0.1:{port}", **changes}
    server = server_of(settings.model_copy(update=of_its_own))
    serving = asyncio.create_task(server.serve())

    async def answers() -> bool:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            with suppress(httpx.TransportError):
                return (await client.get("/healthz")).is_success
        return False

    await eventually(answers, what="the API")
    number = (await town.meta_sender()).device_id

    async def directed() -> bool:
        return bool(await callback_of(town, number) == f"http://127.0.0.1:{port}/webhooks/meta")

    await eventually(directed, what="the callback")
    server.should_exit = True
    await serving


@pytest.fixture
def upkeep(
    settings: Settings, gateways: Gateways, desk: Desk, post: Post, monkeypatch: pytest.MonkeyPatch
) -> UpkeepActivities:
    """Without its pauses: the tests before this one may have left many numbers."""
    monkeypatch.setattr("activities.upkeep.REQUEST_GAP_S", 0)
    rules = UpkeepRules(
        patience_s=1,
        webhook_url=settings.webhook_url,
        webhook_name="relance",
        meta_webhook=settings.meta_webhook,
    )
    return UpkeepActivities(desk.pool, gateways, desk.intake, post.activities(), rules)


@pytest.mark.usefixtures("api")
async def test_upkeep_looks_at_each_number_whatever_the_others_answer(
    town: Town, settings: Settings, unknown: Sender, upkeep: UpkeepActivities
) -> None:
    """E8: what could not be looked at stands in the report."""
    number = (await town.meta_sender()).device_id
    looked: Looked = await ActivityEnvironment().run(upkeep.check_webhook)
    not_looked = {
        subject
        for finding in looked.findings
        if finding.kind == FindingKind.NOT_LOOKED
        for subject in finding.subjects
    }
    assert not_looked == {"Wassenger", f"Meta number {unknown.device_id}"}
    assert await callback_of(town, number) == f"{settings.public_url}/webhooks/meta"
