"""The real servers under the tests: PostgreSQL, Valkey, Temporal and the sandbox, started once for all of them.

Tests share these servers and stay apart by using senders, contacts and campaigns of their own (`Town`).
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from time import monotonic
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import settings as hypothesis
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.service import RPCError

import worker
from api.__main__ import server_of
from domain.contact_file import ContactRow
from local.addresses import SANDBOX_APP_SECRET, SANDBOX_TOKEN, SANDBOX_VERIFY_TOKEN
from local.ports import free_port
from local.servers import Servers
from settings import Settings
from storage import campaigns, contacts, database, senders
from storage.campaigns import Campaign
from storage.database import Pool
from storage.senders import Sender
from tests.api.people import Door

# Only what is broken needs so long: a machine that does much else is slow, not wrong.
DEADLINE_S = 90.0
LONGEST_LOOK_S = 0.2
LOCAL_API_KEY = secrets.token_urlsafe(32)  # with it, tests may do everything
SUPPRESSION_KEY = SecretStr("the key of the opt-outs of erased people, of all tests")
AUTHORIZED = {"Authorization": f"Bearer {LOCAL_API_KEY}"}

# A busy machine is no failure. In .ci/run another profile takes the place of this one: there, examples are the
# same every time, so that a change is judged by itself; new ones are looked for wherever people run the tests.
hypothesis.register_profile("unhurried", deadline=None)
hypothesis.load_profile("unhurried")

_phones = count(0)  # +33 6 39 98 00 00 to 99 99 is reserved for fiction


def next_phone() -> str:
    """A number that no other test uses."""
    return f"+3363998{next(_phones):04d}"


async def eventually(
    condition: Callable[[], Awaitable[Any]], *, within_s: float = DEADLINE_S, what: str = "the condition"
) -> Any:
    """Waits until the condition gives something true, and returns that."""
    deadline = monotonic() + within_s
    pause_s = 0.02
    while True:
        value = await condition()
        if value:
            return value
        if monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {within_s} s")
        await asyncio.sleep(pause_s)
        pause_s = min(LONGEST_LOOK_S, 1.3 * pause_s)


_standing: list[Servers] = []


@pytest.fixture(scope="session")
async def servers() -> AsyncIterator[Servers]:
    """All servers on ports of their own, with a migrated database."""
    async with Servers.start() as started:
        await database.migrate(started.database_url)
        _standing.append(started)
        yield started
        _standing.remove(started)


LEFT_BEHIND = """
    ExecutionStatus = 'Running' AND WorkflowType IN
    ('CampaignWorkflow', 'BatchWorkflow', 'ContactWorkflow', 'SenderWorkflow')
"""
REMOVE_SENDERS = """
    UPDATE senders SET removed_at = clock_timestamp(), status = 'stopped', pause_scope = NULL
    WHERE removed_at IS NULL
"""


@pytest.fixture(scope="module", autouse=True)
async def nothing_goes_on() -> AsyncIterator[None]:
    """What a module leaves behind ends with it: workers would go on with it beside all later tests."""
    yield
    for each in _standing:
        connection = await asyncpg.connect(each.database_url)
        await connection.execute(REMOVE_SENDERS)
        await connection.close()
        client = await Client.connect(each.temporal_address)
        async for left in client.list_workflows(LEFT_BEHIND):
            with suppress(RPCError):  # it has ended meanwhile
                await client.get_workflow_handle(left.id).terminate("its tests are over")


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Pool]:
    """A way to the database, for as long as the block lasts."""
    opened = await database.connect(
        str(settings.database_url), application="tests", wait_s=None, suppression_key=SUPPRESSION_KEY
    )
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
async def pool(settings: Settings) -> AsyncIterator[Pool]:
    """A way to the database."""
    async with connected(settings) as opened:
        yield opened


@pytest.fixture(scope="session")
async def temporal(servers: Servers) -> Client:
    """A way to Temporal."""
    return await Client.connect(servers.temporal_address)


@pytest.fixture(scope="session")
async def sandbox(servers: Servers) -> AsyncIterator[httpx.AsyncClient]:
    """The sandbox's control and API; its journal is the judge."""
    async with httpx.AsyncClient(base_url=str(servers.sandbox_url), timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def settings(servers: Servers) -> Settings:
    """As a process of the stack would have them, with retries that do not make a test wait."""
    port = free_port()
    return Settings(
        database_url=servers.database_url,
        redis_url=servers.redis_url,
        temporal_address=servers.temporal_address,
        wassenger_url=str(servers.sandbox_url),
        wassenger_token=SecretStr(SANDBOX_TOKEN),
        meta_url=str(servers.sandbox_url),
        meta_access_token=SecretStr(SANDBOX_TOKEN),
        meta_app_secret=SecretStr(SANDBOX_APP_SECRET),
        meta_verify_token=SecretStr(SANDBOX_VERIFY_TOKEN),
        meta_status_patience_s=30,
        webhook_secret=SecretStr(secrets.token_urlsafe(16)),
        local_api_key=SecretStr(LOCAL_API_KEY),
        suppression_key=SUPPRESSION_KEY,
        public_url=f"http://127.0.0.1:{port}",
        api_port=port,
        gateway_timeout_s=2,
        retry_base_s=0.2,
        lookup_wait_s=0.2,
        message_2_rate_per_s=1000,
        window_s=4,
        grace_s=1,
        max_age_s=120,
        batch_size=25,
        batch_pause_s=0.2,
        upkeep_every_s=365 * 86400,  # it would take up again the campaigns that tests run by hand
    )


@pytest.fixture(scope="session")
async def api(settings: Settings, sandbox: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """The real API on a real port, registered for the sandbox's webhooks; the client may do everything."""
    server = server_of(settings)
    serving = asyncio.create_task(server.serve())
    async with httpx.AsyncClient(base_url=settings.effective_api_url, timeout=30, headers=AUTHORIZED) as client:

        async def ready() -> bool:
            with suppress(httpx.TransportError):
                return (await client.get("/healthz")).is_success
            return False

        async def registered() -> bool:
            webhooks = await sandbox.get("/v1/webhooks", headers={"Token": SANDBOX_TOKEN})
            return any(settings.effective_api_url in hook["url"] for hook in webhooks.json())

        await eventually(ready, what="the API")
        await eventually(registered, what="the webhook's registration")
        yield client
    server.should_exit = True
    await serving


@pytest.fixture(scope="session")
async def running_worker(settings: Settings) -> AsyncIterator[None]:
    """The real worker, in this process so that coverage sees it."""
    stopped = asyncio.Event()
    working = asyncio.create_task(worker.run(settings, stopped))
    yield
    stopped.set()
    await working


@dataclass(frozen=True, slots=True)
class Town:
    """People and accounts of one test, apart from those of all others."""

    pool: Pool
    sandbox: httpx.AsyncClient
    settings: Settings

    async def sender(self, *, rate_per_s: float | None = 5000, **changes: Any) -> Sender:
        """A new account, online at the sandbox; None for a pace that depends on its maturity."""
        device, phone = secrets.token_hex(12), next_phone()
        answer = await self.sandbox.post("/control/devices", json={"id": device, "phone": phone})
        answer.raise_for_status()
        return await senders.save_sender(
            self.pool,
            name=f"Account {phone}",
            phone=phone,
            device_id=device,
            message_1_rate_per_s=rate_per_s,
            message_2_rate_per_s=5000,
            **changes,
        )

    async def meta_sender(self, *, rate_per_s: float | None = 5000, **changes: Any) -> Sender:
        """A new number of Meta's Cloud API at the sandbox, with a template."""
        number, phone = str(10**14 + secrets.randbelow(10**14)), next_phone()
        answer = await self.sandbox.post("/control/devices", json={"id": number, "phone": phone})
        answer.raise_for_status()
        template = {"template_name": "relance_message", "template_language": "en"}
        return await senders.save_sender(
            self.pool,
            name=f"Number {phone}",
            phone=phone,
            device_id=number,
            message_1_rate_per_s=rate_per_s,
            message_2_rate_per_s=5000,
            provider="meta",
            **{**template, **changes},
        )

    async def people(self, behaviours: list[dict[str, Any]]) -> tuple[str, list[str]]:
        """One contact per behaviour (the sandbox's `script` and so on); gives their category and phones."""
        phones = [next_phone() for _ in behaviours]
        people = [{"phone": phone, **behaviour} for phone, behaviour in zip(phones, behaviours, strict=True)]
        (await self.sandbox.put("/control/people", json={"people": people})).raise_for_status()
        category_id = await contacts.save_category(self.pool, f"Category of {phones[0]}")
        rows = [
            ContactRow(line=line, phone=phone, name=f"N{line}", variables={}, opted_out=False)
            for line, phone in enumerate(phones)
        ]
        await contacts.import_contacts(self.pool, rows, category_id)
        return category_id, phones

    async def campaign(self, category_id: str, sender_ids: list[str], **changes: Any) -> Campaign:
        """A draft; `changes` are columns such as window_s."""
        defaults = self.settings
        draft: dict[str, Any] = {
            "name": "Test",
            "message_1": "Hello {{name}}",
            "message_2": "Thank you {{name}}",
            "everyone": False,
            "window_s": defaults.window_s,
            "grace_s": defaults.grace_s,
            "max_age_s": defaults.max_age_s,
            "batch_size": defaults.batch_size,
            "batch_pause_s": defaults.batch_pause_s,
        }
        return await campaigns.add_campaign(
            self.pool, **{**draft, **changes}, sender_ids=sender_ids, category_ids=[category_id]
        )

    async def fault(self, **fault: Any) -> None:
        """Something that goes wrong: fields of `sandbox.faults.Fault`."""
        (await self.sandbox.post("/control/faults", json=fault)).raise_for_status()

    async def goes_unheard(self, phone: str) -> None:
        """Nobody hears of messages to this phone by webhook, whoever listens at the sandbox."""
        await self.fault(target="webhook", kind="drop", count=None, match_phone=phone)

    async def journal(self, phone: str) -> list[dict[str, Any]]:
        """Every message that this phone received, oldest first."""
        answer = await self.sandbox.get("/control/journal", params={"phone": phone})
        messages: list[dict[str, Any]] = answer.json()["messages"]
        return [message for message in messages if message["reached_phone"]]


@pytest.fixture
def town(pool: Pool, sandbox: httpx.AsyncClient, settings: Settings) -> Town:
    """Senders, people and campaigns for one test."""
    return Town(pool, sandbox, settings)


@pytest.fixture
def door(api: httpx.AsyncClient, pool: Pool, settings: Settings) -> Door:
    """People and programs for one test, with the API up."""
    return Door(pool, settings)
