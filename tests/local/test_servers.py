"""PostgreSQL, Valkey and Temporal start with nothing installed, answer, and survive being killed."""

import asyncio
import fcntl
import os
import tempfile
import threading
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
from redis.asyncio import Redis
from temporalio.client import Client, WorkflowExecutionStatus

from local import datadir, postgres
from local.datadir import is_in_use, lock_data_dir
from local.errors import DataDirInUseError, PortBusyError, ProcessStartError, StackError
from local.ports import Ports
from local.process import descendants
from local.servers import External, Servers
from tests.local.waiting import eventually, is_alive

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


async def test_rows_and_a_relative_data_dir_last_over_a_second_start(
    free_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(free_path)
    for _ in range(2):
        async with Servers.start(data_dir=Path("data"), external=_POSTGRES_ALONE) as servers:
            assert [component.name for component in servers.supervisor.components()] == ["postgres"]
            connection = await asyncpg.connect(servers.database_url)
            await connection.execute("create table if not exists starts(at timestamptz default now())")
            await connection.execute("insert into starts default values")
            count = await connection.fetchval("select count(*) from starts")
            await connection.close()
    assert count == 2


async def test_what_is_external_is_left_out_and_its_address_is_kept() -> None:
    elsewhere = External(
        database_url="postgresql://db.example/x",
        redis_url="redis://cache.example/0",
        temporal_address="temporal.example:7233",
        temporal_namespace="ours",
        gateway=True,
    )
    async with Servers.start(external=elsewhere) as servers:
        assert servers.supervisor.components() == []
        assert servers.database_url == "postgresql://db.example/x"
        assert servers.redis_url == "redis://cache.example/0"
        assert servers.temporal_address == "temporal.example:7233"
        assert servers.addresses.temporal_namespace == "ours"
        assert servers.temporal_ui_url is None
        assert servers.sandbox_url is None


async def test_a_start_that_fails_half_way_leaves_nothing(
    free_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(descendants(os.getpid()))
    monkeypatch.setattr("local.temporal._binary", lambda: Path("/bin/false"))
    with pytest.raises(ProcessStartError, match=r"temporal exited with status 1"):
        async with Servers.start(data_dir=free_path, external=External(gateway=True)):
            pass
    assert set(descendants(os.getpid())) <= before
    with lock_data_dir(free_path):
        pass


async def test_a_cancelled_start_waits_for_what_still_writes(
    free_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the copy of the binaries would make a throwaway directory anew after its removal."""
    writing, may_end, written = threading.Event(), threading.Event(), threading.Event()

    def write(*_: object) -> postgres.Postgres:
        writing.set()
        may_end.wait(30)
        written.set()
        raise AssertionError("nobody waits for the result")

    async def start() -> None:
        async with Servers.start(data_dir=free_path, external=_POSTGRES_ALONE):
            pass

    monkeypatch.setattr(postgres, "embedded_postgres", write)
    starting = asyncio.create_task(start())
    await eventually(writing.is_set)
    starting.cancel()
    asyncio.get_running_loop().call_later(0.1, may_end.set)
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert written.is_set()


@_as_root
async def test_a_throwaway_start_leaves_nothing_when_the_temporary_folder_is_closed(
    free_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere, closed = free_path / "elsewhere", free_path / "closed"
    elsewhere.mkdir()
    elsewhere.chmod(0o711)
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(closed))
    monkeypatch.setattr(datadir, "OUT_OF_HOMES", elsewhere)
    monkeypatch.setattr(postgres, "OUT_OF_HOMES", elsewhere)
    async with Servers.start(external=_POSTGRES_ALONE) as servers:
        assert servers.data_dir.path.parent == elsewhere
    assert list(elsewhere.iterdir()) == []
    assert list(closed.iterdir()) == []


def test_a_look_at_the_lock_does_not_keep_a_stack_from_starting(
    free_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lock_data_dir(free_path):
        pass
    with (free_path / "lock").open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        monkeypatch.setattr("time.sleep", lambda _: fcntl.flock(looking, fcntl.LOCK_UN))
        with lock_data_dir(free_path):
            assert is_in_use(free_path)


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
    monkeypatch.setattr(postgres, "OUT_OF_HOMES", elsewhere)
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
