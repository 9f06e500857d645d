"""The gateway and each sender are judged by what the gateway says and by our own book."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from local.addresses import SANDBOX_TOKEN
from local.findings import Finding, Verdict
from local.gateway_doctor import check_gateway, check_senders
from local.servers import External, Servers
from providers.gateways import Gateways
from providers.wassenger import WassengerGateway
from storage import database, senders
from storage.database import Pool
from storage.senders import Sender
from tests.local.answers import OFFLINE, WELL, answer_with, gateway_with


@pytest_asyncio.fixture
async def book(real_servers: Servers) -> AsyncIterator[Pool]:
    """The database, with no sender before and after."""
    await database.migrate(real_servers.database_url)
    pool = await database.connect(real_servers.database_url, application="tests")
    yield pool
    await pool.execute("DELETE FROM senders")
    await pool.close()


async def _add(book: Pool, device: str) -> Sender:
    return await senders.save_sender(
        book,
        name=f"Account {device}",
        phone=f"+3363998{len(device):04d}",
        device_id=device,
        message_1_rate_per_s=None,
        message_2_rate_per_s=None,
    )


async def _findings(real_servers: Servers) -> list[Finding]:
    wassenger = WassengerGateway(base_url="http://gateway", token="secret", timeout_s=5)
    return await check_senders(real_servers.database_url, Gateways(wassenger=wassenger, meta=None))


async def test_each_sender_gets_a_finding(
    real_servers: Servers, book: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _add(book, "a")
    stopped = await _add(book, "bb")
    await senders.stop_sender(book, stopped.id, "device_unpaid")
    broken = await _add(book, "ccc")
    await _add(book, "dddd")
    answer_with(monkeypatch, gateway_with({"a": WELL, "bb": WELL, "ccc": OFFLINE}))

    well, resting, offline, unknown = await _findings(real_servers)
    assert well.verdict is Verdict.OK
    assert resting.verdict is Verdict.WARNING
    assert "device_unpaid" in resting.detail
    assert f"relance sender resume {stopped.id}" in resting.hint
    assert offline.verdict is Verdict.FAILED
    assert offline.name == "sender Account ccc"
    assert "offline" in offline.detail
    assert broken.device_id in offline.hint
    assert unknown.verdict is Verdict.FAILED
    assert "dddd" in unknown.hint


async def test_a_stopped_sender_that_is_offline_too_needs_both_steps(
    real_servers: Servers, book: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = await _add(book, "a")
    await senders.stop_sender(book, sender.id, "session lost")
    answer_with(monkeypatch, gateway_with({"a": OFFLINE}))
    (finding,) = await _findings(real_servers)
    assert finding.verdict is Verdict.FAILED
    assert "Reconnect device a" in finding.hint
    assert f"relance sender resume {sender.id}" in finding.hint


async def test_without_senders_it_says_how_to_add_one(real_servers: Servers, book: Pool) -> None:
    (finding,) = await _findings(real_servers)
    assert finding.verdict is Verdict.WARNING
    assert "relance sender add" in finding.hint


@pytest.mark.parametrize(
    ("status", "body", "verdict", "detail"),
    [
        (401, {}, Verdict.FAILED, "refuses the token"),
        (500, {}, Verdict.FAILED, "answers 500"),
        (200, {"message": "hello"}, Verdict.FAILED, "cannot be read"),
        (200, [], Verdict.FAILED, "0 of 0 devices"),
        (200, [{"id": "a", **OFFLINE}], Verdict.FAILED, "offline"),
        (200, [{"id": "a", **WELL}], Verdict.OK, "real gateway at http://gateway"),
        (
            200,
            [{"id": "a", **WELL}, {"id": "b", **OFFLINE}],
            Verdict.WARNING,
            "1 of 2 devices can send: b is operative, offline",
        ),
    ],
)
async def test_the_gateway_is_judged_by_its_devices(
    monkeypatch: pytest.MonkeyPatch, status: int, body: object, verdict: Verdict, detail: str
) -> None:
    answer_with(monkeypatch, lambda _: httpx.Response(status, text=json.dumps(body)))
    finding = await check_gateway("http://gateway", "secret", is_sandbox=False)
    assert finding.verdict is verdict
    assert detail in finding.detail


async def test_a_missing_token_is_told() -> None:
    finding = await check_gateway("http://gateway", None, is_sandbox=False)
    assert finding.verdict is Verdict.FAILED
    assert "RELANCE_WASSENGER_TOKEN" in finding.hint


async def test_the_sandbox_starts_and_is_called_one() -> None:
    elsewhere = External(database_url="postgresql://x", redis_url="redis://x", temporal_address="x:1")
    async with Servers.start(external=elsewhere) as servers:
        assert [component.name for component in servers.supervisor.components()] == ["sandbox"]
        assert servers.sandbox_url is not None
        async with httpx.AsyncClient(trust_env=False) as http:
            device = {"id": "5a0db0c5e1a2b3c4d5e6f799", "phone": "+33639980099"}
            added = await http.post(f"{servers.sandbox_url}/control/devices", json=device)
            added.raise_for_status()
        finding = await check_gateway(servers.sandbox_url, SANDBOX_TOKEN, is_sandbox=True)
        refused = await check_gateway(servers.sandbox_url, "wrong", is_sandbox=True)
    assert finding.verdict is Verdict.OK
    assert "nobody gets anything real" in finding.detail
    assert refused.verdict is Verdict.FAILED
    assert "refuses the token" in refused.detail
