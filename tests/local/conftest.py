"""Supervisors for stand-in commands, and one set of real servers for the whole session."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from local.datadir import DataDir, lock_data_dir, throwaway_directory
from local.servers import External, Servers
from local.supervisor import Supervisor


@pytest.fixture
def data_dir() -> Iterator[DataDir]:
    """A data directory that any account can reach, unlike pytest's own."""
    with throwaway_directory() as path, lock_data_dir(path) as locked:
        yield locked


@pytest_asyncio.fixture
async def supervisor(data_dir: DataDir) -> AsyncIterator[Supervisor]:
    """A supervisor of nothing yet."""
    async with Supervisor(data_dir) as running:
        yield running


@pytest.fixture
def free_path() -> Iterator[Path]:
    """A directory that no stack uses yet."""
    with throwaway_directory() as path:
        yield path


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def real_servers() -> AsyncIterator[Servers]:
    """PostgreSQL, Valkey and Temporal; tests may kill any of them and leave it up again."""
    async with Servers.start(external=External(gateway=True)) as servers:
        yield servers
