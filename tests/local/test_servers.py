"""PostgreSQL, Valkey and Temporal start with nothing installed, answer, and survive being killed."""

import os
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
from redis.asyncio import Redis
from temporalio.client import Client, WorkflowExecutionStatus

from local import postgres
from local.datadir import lock_data_dir
from local.errors import DataDirInUseError, PortBusyError, StackError
from local.ports import Ports
from local.servers import External, Servers
from tests.local.waiting import is_alive

_POSTGRES_ALONE = External(redis_url="redis://x", temporal_address="x:1", gateway=True)
_as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to drop its rights")


def _owner(pid: int | None) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def _executable(pid: int | None) -> Path:
    return Path(f"/proc/{pid}/exe").readlink()


async def test_every_server_answers(real_servers: Servers) -> None:
    connection = await asyncpg.connect(real_servers.database_url)
    assert await connection.fetchval("select current_database()") == "relance"
    assert await connection.fetchval("select datlocale from pg_database where datname = 'relance'") == "C.UTF-8"
    assert await connection.fetchval("show server_encoding") == "UTF8"
    await connection.close()

    async with Redis.from_url(real_servers.redis_url) as redis:
        assert await redis.set("cache:x", 1, ex=10)
        assert (await redis.config_get("maxmemory-policy"))["maxmemory-policy"] == "volatile-lru"

    await Client.connect(real_servers.temporal_address)
    async with httpx.AsyncClient(timeout=10) as http:
        assert (await http.get(real_servers.temporal_ui_url or "")).status_code == 200


async def test_postgres_asks_for_its_password(real_servers: Servers) -> None:
    secret = real_servers.database_url.split(":")[2].split("@")[0]
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(real_servers.database_url.replace(secret, "guessed"))
    password = real_servers.data_dir.path / "postgres" / "password.secret"
    assert password.stat().st_mode & 0o077 == 0


@_as_root
async def test_postgres_runs_without_the_rights_of_root(real_servers: Servers) -> None:
    pid = real_servers.supervisor.component("postgres").pid
    assert _owner(pid) != 0


async def test_postgres_comes_back_with_its_rows_after_kill_9(real_servers: Servers) -> None:
    connection = await asyncpg.connect(real_servers.database_url)
    await connection.execute("create table survivors as select generate_series(1, 1000)")
    await real_servers.supervisor.kill("postgres")
    connection.terminate()
    await real_servers.supervisor.wait_ready("postgres", within_s=30)

    connection = await asyncpg.connect(real_servers.database_url)
    assert await connection.fetchval("select count(*) from survivors") == 1000
    await connection.close()


async def test_temporal_keeps_its_workflows_after_kill_9(real_servers: Servers) -> None:
    client = await Client.connect(real_servers.temporal_address)
    await client.start_workflow(
        "Waiting", id="survivor", task_queue="nobody-works-here", execution_timeout=timedelta(hours=1)
    )
    await real_servers.supervisor.kill("temporal")
    await real_servers.supervisor.wait_ready("temporal", within_s=30)

    client = await Client.connect(real_servers.temporal_address)
    description = await client.get_workflow_handle("survivor").describe()
    assert description.status is WorkflowExecutionStatus.RUNNING


async def test_valkey_comes_back_after_kill_9(real_servers: Servers) -> None:
    await real_servers.supervisor.kill("valkey")
    await real_servers.supervisor.wait_ready("valkey", within_s=30)
    async with Redis.from_url(real_servers.redis_url) as redis:
        assert await redis.ping()


async def test_a_data_dir_serves_one_stack_at_a_time(real_servers: Servers) -> None:
    with pytest.raises(DataDirInUseError, match=rf"process {os.getpid()}.*RELANCE_DATA_DIR"):
        async with Servers.start(data_dir=real_servers.data_dir.path):
            pass


async def test_a_busy_port_is_refused_by_name_before_anything_starts(
    real_servers: Servers, free_path: Path
) -> None:
    taken = int(real_servers.redis_url.rpartition(":")[2].partition("/")[0])
    ports = Ports(valkey=taken)
    with pytest.raises(
        PortBusyError, match=rf"Port {taken} \(for valkey\).*valkey-server.*RELANCE_VALKEY_PORT"
    ):
        async with Servers.start(data_dir=free_path, ports=ports, external=_only("valkey")):
            pass


async def test_a_busy_port_gives_way_when_the_caller_allows_it(real_servers: Servers) -> None:
    taken = int(real_servers.redis_url.rpartition(":")[2].partition("/")[0])
    ports = Ports(valkey=taken)
    async with Servers.start(ports=ports, if_busy="replace", external=_only("valkey")) as servers:
        assert servers.redis_url != real_servers.redis_url
        pid = servers.supervisor.component("valkey").pid
    assert pid is not None
    assert not is_alive(pid)


def _only(name: str) -> External:
    return External(
        database_url=None if name == "postgres" else "postgresql://x",
        redis_url=None if name == "valkey" else "redis://x",
        temporal_address=None if name == "temporal" else "x:1",
        gateway=True,
    )


@_as_root
async def test_data_that_the_account_cannot_reach_goes_elsewhere_and_says_so(
    free_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere, closed = free_path / "elsewhere", free_path / "closed"
    elsewhere.mkdir()
    elsewhere.chmod(0o711)
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(postgres, "_OUT_OF_HOMES", elsewhere)
    monkeypatch.setattr(postgres, "can_enter", lambda *_: False)  # the installation is closed as well

    async with Servers.start(data_dir=closed / "data", external=_POSTGRES_ALONE) as servers:
        connection = await asyncpg.connect(servers.database_url)
        assert await connection.fetchval("select 1") == 1
        await connection.close()
        pid = servers.supervisor.component("postgres").pid
        executable = _executable(pid)

    assert not (closed / "data" / "postgres").exists()
    assert executable.is_relative_to(elsewhere)


async def test_an_interrupted_creation_of_the_data_is_done_again(free_path: Path) -> None:
    half_done = free_path / "postgres" / "data.new"
    half_done.mkdir(parents=True)
    (half_done / "PG_VERSION").write_text("18\n")
    (free_path / "postgres").chmod(0o711)
    async with Servers.start(data_dir=free_path, external=_POSTGRES_ALONE):
        assert not half_done.exists()


async def test_a_lock_file_of_a_process_id_that_is_now_another_program_is_cleared(free_path: Path) -> None:
    async with Servers.start(data_dir=free_path, external=_POSTGRES_ALONE):
        lock = free_path / "postgres" / "data" / "postmaster.pid"
        lines = lock.read_text().splitlines()
    lock.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    async with Servers.start(data_dir=free_path, external=_POSTGRES_ALONE) as servers:
        assert servers.supervisor.component("postgres").restarts == 0


async def test_data_of_another_major_version_is_refused(free_path: Path) -> None:
    data = free_path / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("17\n")
    with pytest.raises(StackError, match=r"PostgreSQL 17.*Dump it"):
        async with Servers.start(data_dir=free_path, external=_POSTGRES_ALONE):
            pass


def test_a_secret_stays_the_same_and_is_ours_alone(free_path: Path) -> None:
    with lock_data_dir(free_path) as first:
        secret = first.secret("webhook")
    with lock_data_dir(free_path) as second:
        assert second.secret("webhook") == secret
    assert (free_path / "webhook.secret").stat().st_mode & 0o777 == 0o600
    assert len(secret) >= 32
