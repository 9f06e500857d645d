"""What all tests of storage share."""

import httpx
import pytest

from settings import Settings
from storage.database import Pool
from storage.senders import Sender
from tests.conftest import Town


@pytest.fixture(scope="session")
async def everybody(pool: Pool, sandbox: httpx.AsyncClient, settings: Settings) -> Town:
    """A town for property tests, whose examples share their fixtures."""
    return Town(pool, sandbox, settings)


@pytest.fixture(scope="module")
async def account(everybody: Town) -> Sender:
    """One sender for all tests of a module that send nothing."""
    return await everybody.sender()
