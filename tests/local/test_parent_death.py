"""However the parent ends, no child stays behind."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from local.servers import External, Servers
from tests.local.waiting import eventually, is_alive

Launch = Callable[[str, Path], Awaitable[tuple[Process, list[int]]]]


@pytest_asyncio.fixture
async def launch() -> AsyncIterator[Launch]:
    """Starts `tests.local.parent` and returns it with the ids of its children, once all are up."""
    parents: list[Process] = []

    async def start(kind: str, directory: Path) -> tuple[Process, list[int]]:
        command = (sys.executable, "-m", "tests.local.parent", kind, str(directory))
        parent = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
        parents.append(parent)
        assert parent.stdout is not None
        async with asyncio.timeout(30):
            children: list[int] = json.loads(await parent.stdout.readline())
        assert children
        assert all(is_alive(pid) for pid in children)
        return parent, children

    yield start
    for parent in parents:
        if parent.returncode is None:
            parent.kill()
        await parent.communicate()


def _none_alive(pids: list[int]) -> bool:
    return not any(is_alive(pid) for pid in pids)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_all_in_good_order(launch: Launch, free_path: Path, number: signal.Signals) -> None:
    parent, children = await launch("stand_ins", free_path)
    parent.send_signal(number)
    output, _ = await asyncio.wait_for(parent.communicate(), 20)

    assert parent.returncode == 0
    assert output.decode().strip() == f"ended by {number.name}"
    assert (free_path / "farewell").read_text().split() == ["c", "b", "a"]
    assert _none_alive(children)


async def test_a_second_ctrl_c_ends_all_at_once(launch: Launch, free_path: Path) -> None:
    parent, children = await launch("stubborn", free_path)
    parent.send_signal(signal.SIGINT)
    log = free_path / "logs" / "last.log"
    await eventually(lambda: "told to end" in log.read_text())
    parent.send_signal(signal.SIGINT)

    await asyncio.wait_for(parent.communicate(), 20)
    assert _none_alive(children)


async def test_a_ctrl_c_during_the_start_leaves_no_child(launch: Launch, free_path: Path) -> None:
    parent, children = await launch("unready", free_path)
    parent.send_signal(signal.SIGINT)
    output, _ = await asyncio.wait_for(parent.communicate(), 20)
    assert output.decode().strip() == "ended by SIGINT"
    assert _none_alive(children)


async def test_a_ctrl_c_ends_the_servers(launch: Launch, free_path: Path) -> None:
    parent, children = await launch("servers", free_path)
    parent.send_signal(signal.SIGINT)
    await asyncio.wait_for(parent.communicate(), 40)
    assert _none_alive(children)
    log = (free_path / "logs" / "postgres.log").read_text()
    assert "database system is shut down" in log
    assert len(log.splitlines()) < 100, "the log floods"


async def test_kill_9_of_the_parent_leaves_no_child(launch: Launch, free_path: Path) -> None:
    parent, children = await launch("stubborn", free_path)
    parent.kill()
    await eventually(lambda: _none_alive(children))


async def test_kill_9_of_the_parent_ends_the_servers_and_the_next_start_finds_the_data(
    launch: Launch, free_path: Path
) -> None:
    async with Servers.start(data_dir=free_path, external=External(gateway=True)) as servers:
        connection = await asyncpg.connect(servers.database_url)
        await connection.execute("create table contacts as select 'Ada' as name")
        await connection.close()

    parent, children = await launch("servers", free_path)
    parent.kill()
    # The next start does not wait for the former children: nobody would outside a test.
    async with Servers.start(data_dir=free_path, external=External(gateway=True)) as servers:
        connection = await asyncpg.connect(servers.database_url)
        assert await connection.fetchval("select name from contacts") == "Ada"
        await connection.close()
    await eventually(lambda: _none_alive(children))
