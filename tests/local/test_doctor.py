"""Each check names what is wrong and what to do about it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities import temporal_setup
from domain.identifiers import CAMPAIGN_QUEUE
from local import doctor, findings
from local.addresses import Addresses, published
from local.datadir import DataDir
from local.doctor import Verdict
from local.ports import free_port
from local.servers import External, Servers
from local.temporal_doctor import check_temporal, check_worker
from settings import Settings
from storage import database, senders
from tests.local.answers import WELL, answer_with, gateway_with

_NOBODY = f"127.0.0.1:{free_port()}"
_NOWHERE = Addresses(
    database_url=f"postgresql://relance@{_NOBODY}/relance",
    redis_url=f"redis://{_NOBODY}/0",
    temporal_address=_NOBODY,
    temporal_namespace="default",
    api_url=f"http://{_NOBODY}",
)
_ALL = {"disk", "postgres", "valkey", "temporal", "worker", "gateway", "senders", "api", "restore"}
_IN_SANDBOX = _ALL | {"meta"}


def _gateway(url: str) -> Settings:
    """A Wassenger at that address, however odd."""
    return Settings(_env_file=None, wassenger_token=SecretStr("secret")).model_copy(
        update={"wassenger_url": url}
    )


@workflow.defn
class Nothing:
    """Gives a worker something to serve."""

    @workflow.run
    async def run(self) -> None:
        """Ends at once."""


@pytest_asyncio.fixture
async def working(real_servers: Servers) -> AsyncIterator[None]:
    """A worker on the campaigns' queue."""
    client = await Client.connect(real_servers.temporal_address)
    async with Worker(
        client,
        task_queue=CAMPAIGN_QUEUE,
        workflows=[Nothing],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        yield


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives up on a silent server soon."""
    monkeypatch.setattr(doctor, "TIMEOUT_S", 0.3)
    monkeypatch.setattr(findings, "_CHECK_TIMEOUT_S", 2)


def _settings(servers: Servers, *, wassenger_url: str = "http://gateway") -> Settings:
    return Settings(
        _env_file=None,
        data_dir=servers.data_dir.path,
        database_url=servers.database_url,
        redis_url=servers.redis_url,
        temporal_address=servers.temporal_address,
        wassenger_url=wassenger_url,
        wassenger_token=SecretStr("secret"),
    )


async def test_a_healthy_installation_is_ok(
    real_servers: Servers, working: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database.migrate(real_servers.database_url)
    pool = await database.connect(real_servers.database_url, application="tests")
    try:
        sender = await senders.save_sender(
            pool,
            name="Shop",
            phone="+33639980001",
            device_id="a",
            message_1_rate_per_s=None,
            message_2_rate_per_s=None,
        )
        answer_with(monkeypatch, gateway_with({"a": WELL}))
        async with asyncio.timeout(30):
            while True:  # until the worker's first poll has arrived
                found = await doctor.examine_installation(_settings(real_servers))
                if all(finding.verdict is Verdict.OK for finding in found if finding.name == "worker"):
                    break
        await pool.execute("DELETE FROM senders WHERE id = $1", sender.id)
    finally:
        await pool.close()
    assert [finding.name for finding in found] == [
        "disk", "postgres", "valkey", "temporal", "worker", "gateway", "sender Shop", "restore", "api",
    ]  # fmt: skip
    assert {finding.verdict for finding in found} == {Verdict.OK}, found
    assert "real gateway" in {finding.name: finding for finding in found}["gateway"].detail


def _at(servers: Servers, namespace: str) -> Settings:
    return Settings(_env_file=None, temporal_address=servers.temporal_address, temporal_namespace=namespace)


async def test_the_running_stack_is_found_and_its_sandbox_is_named(data_dir: DataDir) -> None:
    settings = Settings(_env_file=None, data_dir=data_dir.path)
    with published(replace(_NOWHERE, sandbox_url=f"http://{_NOBODY}"), data_dir):
        found = {finding.name: finding for finding in await doctor.examine_installation(settings)}
    assert set(found) == _IN_SANDBOX
    assert "sandbox" in found["gateway"].detail


async def test_without_a_stack_there_is_one_finding_that_says_how_to_start_it(free_path: Path) -> None:
    (finding,) = await doctor.examine_installation(Settings(_env_file=None, data_dir=free_path))
    assert finding.verdict is Verdict.FAILED
    assert "make up" in finding.hint


async def test_a_broken_address_file_is_a_finding(data_dir: DataDir) -> None:
    (data_dir.path / "stack.json").write_text("{")
    (finding,) = await doctor.examine_installation(Settings(_env_file=None, data_dir=data_dir.path))
    assert finding.verdict is Verdict.FAILED
    assert "make up" in finding.hint


async def test_a_dead_stack_fails_everywhere_with_a_hint() -> None:
    found = await doctor.examine(
        _NOWHERE, settings=_gateway(f"http://{_NOBODY}").model_copy(update={"data_dir": Path("/no/such/place")})
    )
    verdicts = {finding.name: finding.verdict for finding in found}
    assert verdicts.pop("disk") is Verdict.OK, "a directory that is yet to be made is judged by its disk"
    assert verdicts.pop("valkey") is Verdict.WARNING, "Relance works without its cache"
    assert set(verdicts) == _ALL - {"disk", "valkey"}
    assert set(verdicts.values()) == {Verdict.FAILED}
    assert all(finding.hint and finding.detail for finding in found if finding.name != "disk")


async def test_addresses_that_are_none_are_findings() -> None:
    nonsense = Addresses(
        database_url="?", redis_url="?", temporal_address="?", temporal_namespace="", api_url="?"
    )
    found = await doctor.examine(nonsense, settings=_gateway("?"))
    assert {finding.name for finding in found} == _ALL
    assert all(finding.hint for finding in found if finding.name != "disk")


@pytest.mark.usefixtures("impatient")
async def test_servers_that_accept_and_do_not_answer_are_given_up(real_servers: Servers) -> None:
    silent = {"postgres": Verdict.FAILED, "valkey": Verdict.WARNING, "temporal": Verdict.FAILED}
    for component in silent:
        real_servers.supervisor.pause(component)
    try:
        found = await doctor.examine_installation(_settings(real_servers, wassenger_url=f"http://{_NOBODY}"))
    finally:
        for component in silent:
            real_servers.supervisor.resume(component)
    by_name = {finding.name: finding for finding in found}
    assert {component: by_name[component].verdict for component in silent} == silent
    assert all(by_name[component].hint for component in silent)
    assert set(by_name) == _ALL


async def test_a_check_that_breaks_does_not_hide_the_others(real_servers: Servers) -> None:
    async def broken(_: str) -> Sequence[str]:
        raise LookupError("lost")

    found = await doctor.examine(
        real_servers.addresses,
        settings=Settings(_env_file=None),
        pending_migrations=broken,
    )
    by_name = {finding.name: finding for finding in found}
    assert by_name["postgres"].verdict is Verdict.FAILED
    assert "LookupError: lost" in by_name["postgres"].detail
    assert by_name["temporal"].verdict is Verdict.OK


async def test_missing_migrations_are_named(real_servers: Servers) -> None:
    async def two_pending(url: str) -> Sequence[str]:
        assert url == real_servers.database_url
        return ["0002_senders", "0003_sends"]

    finding = await doctor.check_postgres(real_servers.database_url, two_pending)
    assert finding.verdict is Verdict.FAILED
    assert "0003_sends" in finding.detail


async def test_a_postgres_without_uuidv7_is_too_old(
    real_servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_LEAST_POSTGRES", 99)
    finding = await doctor.check_postgres(real_servers.database_url)
    assert finding.verdict is Verdict.FAILED
    assert "PostgreSQL 99 or newer" in finding.hint


async def test_no_cache_is_a_warning() -> None:
    finding = await doctor.check_valkey("")
    assert finding.verdict is Verdict.WARNING
    assert "RELANCE_REDIS_URL" in finding.hint


async def test_a_missing_namespace_comes_with_the_command_that_creates_it(real_servers: Servers) -> None:
    finding = await check_temporal(_at(real_servers, "elsewhere"))
    assert finding.verdict is Verdict.FAILED
    assert "elsewhere" in finding.detail
    assert "relance temporal setup --create-namespace" in finding.detail


async def test_a_missing_search_attribute_comes_with_the_command_that_creates_it(
    real_servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporal_setup, "SEARCH_ATTRIBUTES", ("RelanceNew",))
    finding = await check_temporal(_at(real_servers, "default"))
    assert finding.verdict is Verdict.FAILED
    assert "RelanceNew" in finding.detail
    assert "relance temporal setup" in finding.hint


async def test_a_temporal_without_our_configuration_and_without_a_worker_is_found_out(
    free_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.temporal.read_dynamic_config", dict)
    temporal_alone = External(database_url="postgresql://x", redis_url="redis://x", gateway=True)
    async with Servers.start(data_dir=free_path, external=temporal_alone) as servers:
        finding = await check_temporal(_at(servers, "default"))
        unserved = await check_worker(_at(servers, "default"))
    assert unserved.verdict is Verdict.FAILED
    assert "python -m worker" in unserved.hint
    assert finding.verdict is Verdict.FAILED
    assert "4 partitions" in finding.detail
    assert "dynamicconfig.yaml" in finding.hint


@pytest.mark.parametrize(
    ("free", "verdict"),
    [(2 * 1024**3, Verdict.OK), (1024**3 - 1, Verdict.WARNING), (1024, Verdict.FAILED)],
)
async def test_a_full_disk_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, verdict: Verdict
) -> None:
    monkeypatch.setattr(doctor, "_free_bytes", lambda _: free)
    assert (await doctor.check_disk(tmp_path)).verdict is verdict
