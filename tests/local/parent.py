"""A program that runs a stack, for tests that end it in every way a program can end.

Run as `python -m tests.local.parent KIND DIRECTORY`: it prints the ids of its children as JSON, and stays.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from local.datadir import lock_data_dir
from local.process import descendants
from local.servers import External, Servers
from local.signals import run_until_signalled
from local.supervisor import Supervisor
from tests.local import stand_ins


async def run_stand_ins(directory: Path) -> None:
    """Three components that say goodbye."""
    farewell = directory / "farewell"
    with lock_data_dir(directory) as data_dir:
        async with Supervisor(data_dir) as supervisor:
            await supervisor.start_all(*(stand_ins.orderly(name, farewell) for name in ("a", "b", "c")))
            await _announce_and_stay(supervisor)


async def run_stubborn(directory: Path) -> None:
    """A component that would hold up the end for ten minutes."""
    with lock_data_dir(directory) as data_dir:
        async with Supervisor(data_dir) as supervisor:
            await supervisor.start_all(stand_ins.server("first"), stand_ins.stubborn("last", 600))
            await _announce_and_stay(supervisor)


async def run_servers(directory: Path) -> None:
    """The real servers."""
    async with Servers.start(data_dir=directory, external=External(gateway=True)) as servers:
        await _announce_and_stay(servers.supervisor, with_descendants=True)


async def run_unready(directory: Path) -> None:
    """A component that runs and never gets ready: the start goes on and on."""
    with lock_data_dir(directory) as data_dir:
        async with Supervisor(data_dir) as supervisor:
            unready = stand_ins.script("unready", "exec sleep 1000", ready_within_s=600)
            starting = asyncio.create_task(supervisor.start_all(unready))
            while not descendants(os.getpid()):  # noqa: ASYNC110 - the child says nothing
                await asyncio.sleep(0.02)
            _announce(descendants(os.getpid()))
            await starting


async def _announce_and_stay(supervisor: Supervisor, *, with_descendants: bool = False) -> None:
    pids = [component.pid for component in supervisor.components() if component.pid]
    if with_descendants:
        pids += [below for pid in pids for below in descendants(pid)]
    _announce(pids)
    await asyncio.Event().wait()


def _announce(pids: list[int]) -> None:
    sys.stdout.write(json.dumps(pids) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    kinds = {
        "stand_ins": run_stand_ins,
        "stubborn": run_stubborn,
        "servers": run_servers,
        "unready": run_unready,
    }
    ended_by = run_until_signalled(kinds[sys.argv[1]](Path(sys.argv[2])))
    sys.stdout.write(f"ended by {ended_by.name if ended_by else 'itself'}\n")
