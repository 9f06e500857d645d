"""Each check names what is wrong and what to do about it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from temporalio.client import Client

from local import doctor
from local.addresses import Addresses
from local.doctor import Verdict
from local.ports import free_port
from local.servers import Servers
from local.temporal import SEARCH_ATTRIBUTES

_NOBODY = f"127.0.0.1:{free_port()}"


def _gateway_that_answers(monkeypatch: pytest.MonkeyPatch, status: int, body: object) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/devices"
        assert request.headers["Token"] == "secret"
        return httpx.Response(status, text=json.dumps(body))

    real = httpx.AsyncClient
    monkeypatch.setattr(
        httpx, "AsyncClient", lambda timeout: real(timeout=timeout, transport=httpx.MockTransport(answer))
    )


async def test_a_healthy_stack_is_ok(real_servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    devices = [{"id": "a", "status": "operative", "session": {"status": "online"}}]
    _gateway_that_answers(monkeypatch, 200, devices)

    async def none_pending(_: str) -> Sequence[str]:
        return ()

    findings = await doctor.examine(
        real_servers.addresses,
        gateway_url="http://gateway",
        gateway_token="secret",
        data_dir=real_servers.data_dir.path,
        pending_migrations=none_pending,
    )
    assert [finding.name for finding in findings] == ["disk", "postgres", "valkey", "temporal", "gateway"]
    assert {finding.verdict for finding in findings} == {Verdict.OK}, findings


async def test_a_dead_stack_fails_everywhere_with_a_hint() -> None:
    nowhere = Addresses(
        database_url=f"postgresql://relance@{_NOBODY}/relance",
        redis_url=f"redis://{_NOBODY}/0",
        temporal_address=_NOBODY,
        temporal_namespace="default",
        api_url=f"http://{_NOBODY}",
    )
    findings = await doctor.examine(
        nowhere, gateway_url=f"http://{_NOBODY}", gateway_token="secret", data_dir=Path("/no/such/place")
    )
    verdicts = {finding.name: finding.verdict for finding in findings}
    assert verdicts.pop("valkey") is Verdict.WARNING, "Relance works without its cache"
    assert set(verdicts) == {"disk", "postgres", "temporal", "gateway", "api"}
    assert set(verdicts.values()) == {Verdict.FAILED}
    assert all(finding.hint and finding.detail for finding in findings)


async def test_missing_migrations_are_named(real_servers: Servers) -> None:
    async def two_pending(url: str) -> Sequence[str]:
        assert url == real_servers.database_url
        return ["0002_senders", "0003_sends"]

    finding = await doctor.check_postgres(real_servers.database_url, two_pending)
    assert finding.verdict is Verdict.FAILED
    assert "0003_sends" in finding.detail


async def test_a_missing_namespace_comes_with_the_command_that_creates_it(real_servers: Servers) -> None:
    addresses = replace(real_servers.addresses, temporal_namespace="elsewhere")
    finding = await doctor.check_temporal(addresses.temporal_address, addresses.temporal_namespace)
    assert finding.verdict is Verdict.FAILED
    assert "namespace create elsewhere" in finding.hint


async def test_a_missing_search_attribute_comes_with_the_command_that_creates_it(
    real_servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SEARCH_ATTRIBUTES, "RelanceNew", "Keyword")
    finding = await doctor.check_temporal(real_servers.temporal_address, "default")
    assert finding.verdict is Verdict.FAILED
    assert "search-attribute create --name RelanceNew --type Keyword" in finding.hint


@pytest.mark.parametrize(
    ("status", "body", "verdict", "detail"),
    [
        (401, {}, Verdict.FAILED, "refuses the token"),
        (500, {}, Verdict.FAILED, "answers 500"),
        (200, {"message": "hello"}, Verdict.FAILED, "cannot be read"),
        (200, [], Verdict.FAILED, "0 of 0 devices"),
        (
            200,
            [{"id": "a", "status": "operative", "session": {"status": "offline"}}],
            Verdict.FAILED,
            "offline",
        ),
        (
            200,
            [
                {"id": "a", "status": "operative", "session": {"status": "online"}},
                {"id": "b", "status": "unpaid", "session": {"status": "online"}},
            ],
            Verdict.WARNING,
            "1 of 2 devices can send: b is unpaid, online",
        ),
    ],
)
async def test_the_gateway_is_judged_by_its_devices(
    monkeypatch: pytest.MonkeyPatch, status: int, body: object, verdict: Verdict, detail: str
) -> None:
    _gateway_that_answers(monkeypatch, status, body)
    finding = await doctor.check_gateway("http://gateway/", "secret")
    assert finding.verdict is verdict
    assert detail in finding.detail


async def test_a_missing_token_is_told() -> None:
    finding = await doctor.check_gateway("http://gateway", None)
    assert finding.verdict is Verdict.FAILED
    assert "RELANCE_WASSENGER_TOKEN" in finding.hint


@pytest.mark.parametrize(
    ("free", "verdict"), [(10 * 1024**3, Verdict.OK), (1024**3, Verdict.WARNING), (1024, Verdict.FAILED)]
)
async def test_a_full_disk_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, verdict: Verdict
) -> None:
    class Usage:
        def __init__(self) -> None:
            self.free = free

    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage())
    assert (await doctor.check_disk(tmp_path)).verdict is verdict


async def test_more_than_one_partition_is_found_out(
    real_servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def four(_: Client) -> int:
        return 4

    monkeypatch.setattr(doctor, "_partitions", four)
    finding = await doctor.check_temporal(real_servers.temporal_address, "default")
    assert finding.verdict is Verdict.FAILED
    assert "4 partitions" in finding.detail
    assert "dynamicconfig.yaml" in finding.hint
