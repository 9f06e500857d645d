"""What docker-compose.yml runs, run for real: its commands in its environment, against servers on other ports.

No container is needed for that: a service is a command, an environment and files at known places. What differs
here are addresses, replaced word by word.
"""

import asyncio
import json
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from local.addresses import SANDBOX_TOKEN
from local.ports import free_port
from local.postgres import find_program
from local.servers import Servers
from tests.conftest import eventually
from tests.deploy.composed import ROOT, SECRETS, services

BIN = Path(sys.executable).parent
READY_WITHIN_S = 60.0  # Python on a busy small machine
# The embedded cluster belongs to a role `relance`, so the one that the script makes needs another name here.
ROLE = "composed"


@dataclass
class Site:
    """A server on which somebody starts the compose file."""

    servers: Servers
    folder: Path
    api_port: int = field(default_factory=free_port)
    metrics_port: int = field(default_factory=free_port)

    def here(self, text: str) -> str:
        """The same, with what is elsewhere on this machine."""
        postgres = urlsplit(self.servers.database_url)
        for composed, local in {
            "relance@postgres:5432/relance": f"{ROLE}@127.0.0.1:{postgres.port}/{ROLE}",
            "redis://valkey:6379/0": self.servers.redis_url,
            "temporal:7233": self.servers.temporal_address,
            SECRETS: f"{self.folder}/secrets/",
            "/tmp/worker-works": f"{self.folder}/worker-works",  # noqa: S108 - a container's own
            "127.0.0.1:8080": f"127.0.0.1:{self.api_port}",
        }.items():
            text = text.replace(composed, local)
        return {"8080": str(self.api_port), "9464": str(self.metrics_port)}.get(text, text)

    def environment(self, name: str) -> dict[str, str]:
        """Of a service, and nothing of ours; with what `.env` would hold for this gateway."""
        public_url = f"http://127.0.0.1:{self.api_port}"
        composed = services(public_url)[name].environment
        return {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "RELANCE_WASSENGER_URL": str(self.servers.sandbox_url),
            "RELANCE_PROFILE": "standard",  # the other one sleeps at night
            **{variable: self.here(value) for variable, value in composed.items()},
        }

    def secret(self, name: str) -> str:
        """What is in its file."""
        return (self.folder / "secrets" / name).read_text()

    async def run(self, name: str) -> str:
        """A job to its end; it must go well. Returns what it said."""
        process = await self.start(name)
        assert process.stdout is not None
        said = (await asyncio.wait_for(process.stdout.read(), READY_WITHIN_S)).decode()
        assert await process.wait() == 0, said
        return said

    async def start(self, name: str) -> Process:
        """A service."""
        program, *words = services()[name].command
        return await asyncio.create_subprocess_exec(
            BIN / program, *words,
            env=self.environment(name), cwd=self.folder, stdout=PIPE, stderr=STDOUT, limit=2**20,
        )  # fmt: skip

    async def is_healthy(self, name: str) -> bool:
        """What the service's own health check says."""
        kind, *test = services()[name].raw["healthcheck"]["test"]
        words = [self.here(word) for word in test]
        if kind == "CMD-SHELL":
            words = ["/bin/sh", "-c", *words]
        process = await asyncio.create_subprocess_exec(
            *words, env={"PATH": f"{BIN}:{os.environ['PATH']}"}, stdout=PIPE, stderr=STDOUT
        )
        await process.communicate()
        return process.returncode == 0


@dataclass
class Running:
    """A service that runs, and its log."""

    process: Process
    lines: list[str] = field(default_factory=list)

    async def read(self) -> None:
        """Until it ends."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode())


@asynccontextmanager
async def running(site: Site, name: str) -> AsyncIterator[Running]:
    """The service, once it is healthy by its own check."""
    started = Running(await site.start(name))
    reading = asyncio.create_task(started.read())

    async def healthy() -> bool:
        assert started.process.returncode is None, "".join(started.lines)
        return await site.is_healthy(name)

    try:
        await eventually(healthy, within_s=READY_WITHIN_S, what=f"the health of {name}")
        yield started
    finally:
        if started.process.returncode is None:
            started.process.kill()
        await started.process.wait()
        await reading


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """Servers of its own, whose gateway tells this API alone; secrets and databases made by our scripts."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "secrets").mkdir()
    (folder / "secrets" / "wassenger_token").write_text(SANDBOX_TOKEN)
    async with Servers.start() as servers:
        site = Site(servers, folder)
        await _finish(await asyncio.create_subprocess_exec(ROOT / "deploy/make-secrets.sh", folder / "secrets"))
        await _create_databases(site)
        yield site


async def _create_databases(site: Site) -> None:
    """As the image of PostgreSQL does at its first start."""
    superuser = urlsplit(site.servers.database_url)
    script = re.sub(
        r"\b(ROLE|DATABASE|OWNER) relance\b", rf"\1 {ROLE}", _script("postgres/create-databases.sh")
    )
    postgres = services()["postgres"].environment
    environment = {
        "PATH": f"{find_program('psql').parent}:{os.environ['PATH']}",
        "PGHOST": str(superuser.hostname),
        "PGPORT": str(superuser.port),
        "PGPASSWORD": str(superuser.password),
        "POSTGRES_USER": str(superuser.username),
        **{name: site.here(value) for name, value in postgres.items()},
    }
    await _finish(await asyncio.create_subprocess_exec("/bin/sh", "-c", script, env=environment))


def _script(name: str) -> str:
    return (ROOT / "deploy" / name).read_text()


async def _finish(process: Process) -> None:
    assert await asyncio.wait_for(process.wait(), 30) == 0


@pytest.fixture(scope="module")
async def prepared(site: Site) -> dict[str, str]:
    """What the jobs said, the first time and the second."""
    jobs = ("migrate", "temporal-setup")
    first = await asyncio.gather(*(site.run(name) for name in jobs))
    second = await asyncio.gather(*(site.run(name) for name in jobs))
    return {
        **dict(zip(jobs, first, strict=True)),
        **{f"{name} again": said for name, said in zip(jobs, second, strict=True)},
    }


def test_the_jobs_prepare_everything_once(prepared: dict[str, str]) -> None:
    """They run at every start of the compose file."""
    assert "Migrated the database: 0001" in prepared["migrate"]
    assert "password" in prepared["migrate"], "the first login"
    assert prepared["migrate again"].split("\n") == ["The database is up to date.", ""]
    assert "created  namespace relance" in prepared["temporal-setup"]
    assert "created" not in prepared["temporal-setup again"]


async def test_relance_and_temporal_cannot_read_what_is_the_other_s(
    site: Site, prepared: dict[str, str]
) -> None:
    """Neither is a superuser, although one migrates its tables with extensions in them."""
    server = urlsplit(site.servers.database_url)
    for role, secret, own, other in (
        (ROLE, "relance_postgres_password", ROLE, "temporal"),
        ("temporal", "temporal_postgres_password", "temporal_visibility", ROLE),
    ):
        place: dict[str, Any] = {"host": server.hostname, "port": server.port, "user": role}
        place["password"] = site.secret(secret)
        connection = await asyncpg.connect(**place, database=own)
        assert await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
        await connection.close()
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(**place, database=other)


async def test_a_campaign_runs_in_the_environment_of_the_compose_file(
    site: Site, prepared: dict[str, str]
) -> None:
    """The main job: Message 1 leaves, over every server that the environment names."""
    async with AsyncExitStack() as exits:
        api = await exits.enter_async_context(running(site, "api"))
        worker = await exits.enter_async_context(running(site, "worker"))
        client = await exits.enter_async_context(
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{site.api_port}",
                headers={"Authorization": f"Bearer {site.secret('local_api_key')}"},
                timeout=30,
            )
        )
        assert (await client.get("/readyz")).status_code == 200
        await _prometheus_gets_in(site)
        await _message_1_arrives(site, client)
        for running_now, within in ((worker, "worker"), (api, "api")):
            await _ends_in_time(running_now, within)
    for line in api.lines + worker.lines:
        assert json.loads(line)["event"]
    assert not await site.is_healthy("worker")


async def _prometheus_gets_in(site: Site) -> None:
    """With a key that opens nothing else."""
    key = {"Authorization": f"Bearer {site.secret('relance_metrics_key')}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{site.api_port}", headers=key) as prometheus:
        assert "relance_http_requests_in_flight" in (await prometheus.get("/metrics")).text
        for path in ("/api/me", "/api/contacts", "/metrics/"):
            assert (await prometheus.get(path)).status_code == 401


async def _message_1_arrives(site: Site, client: httpx.AsyncClient) -> None:
    device, phone, person = "5a0db0c5e1a2b3c4d5e6f70a", "+33199000001", "+33639980001"
    async with httpx.AsyncClient(base_url=str(site.servers.sandbox_url), timeout=30) as sandbox:
        await sandbox.post("/control/devices", json={"id": device, "phone": phone})
        sender = await _post(client, "/api/senders", device_id=device, phone=phone, name="Paris")
        await _post(client, "/api/contacts", phone=person, name="Ada")
        campaign = await _post(
            client, "/api/campaigns",
            name="Spring", message_1="Hello", message_2="Here it is", sender_ids=[sender["id"]], everyone=True,
        )  # fmt: skip
        await _post(client, f"/api/campaigns/{campaign['id']}/start")

        async def arrived() -> bool:
            journal = await sandbox.get("/control/journal", params={"phone": person})
            return any(message["reached_phone"] for message in journal.json()["messages"])

        await eventually(arrived, what="Message 1")


async def _post(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await client.post(path, json=body or None)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _ends_in_time(service: Running, name: str) -> None:
    """Before Docker would kill it."""
    grace_s = float(services()[name].raw["stop_grace_period"].removesuffix("s"))
    began = monotonic()
    service.process.send_signal(signal.SIGTERM)
    status = await asyncio.wait_for(service.process.wait(), grace_s)
    # uvicorn ends all that it has to end, and then by the signal that asked for it.
    assert status == (0 if name == "worker" else -signal.SIGTERM), "".join(service.lines)
    assert monotonic() - began < grace_s
