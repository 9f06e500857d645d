"""The baseline as a system under fire: the same servers as ours but for Temporal, driven through its API."""

import secrets
import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import httpx

from bench.chaos.driven import Driven
from bench.chaos.history import History, info
from bench.chaos.schedule import WORKERS, Device, Mailing
from local.child import Spec
from local.ports import free_port
from local.probes import http_answers, log_contains
from local.process import Command
from local.servers import External, Servers
from local.valkey import valkey_spec, valkey_url

PACKAGE = "bench.celery_baseline"
# Beat lives and dies with the first worker.
COMPONENTS = {
    WORKERS[0]: ("worker", "beat"),
    WORKERS[1]: ("worker-2",),
    "api": ("api",),
    "database": ("postgres",),
    "cache": ("valkey",),
    "provider": ("sandbox",),
}
# A day lasts 20 s here: what the documents do every hour, they do every second.
ENVIRONMENT = {
    "BASELINE_GATEWAY_TIMEOUT_S": "3",
    "BASELINE_RETRY_BASE_S": "1",
    "BASELINE_LOCK_S": "30",
    "BASELINE_CHECK_EVERY_S": "1",
    "BASELINE_LOST_AFTER_S": "10",
    "BASELINE_RESUME_EVERY_S": "2",
    "BASELINE_VISIBILITY_TIMEOUT_S": "60",
}
# As a hosted Redis: what it has answered survives its process, and nothing is evicted.
DURABLE = ("--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction")
CONCURRENCY = "4"
BATCH_SIZE, BATCH_PAUSE_S = 50, 1.0

CONTACTS = """
    SELECT c.name AS campaign, cc.phone, cc.state,
        m1.status AS status_1, m1.attempts AS attempts_1, m2.status AS status_2, m2.attempts AS attempts_2,
        extract(epoch FROM m1.sent_at)::float AS sent_at
    FROM campaign_contacts cc JOIN campaigns c ON c.id = cc.campaign_id
    LEFT JOIN messages m1 ON m1.campaign_id = cc.campaign_id AND m1.phone = cc.phone
        AND m1.message_type = 'message_1'
    LEFT JOIN messages m2 ON m2.campaign_id = cc.campaign_id AND m2.phone = cc.phone
        AND m2.message_type = 'message_2'
"""


class Baseline(Driven):
    """One set of processes that is up."""

    async def add_device(self, device: Device) -> None:
        # Those that are given less later start with enough, as with ours.
        await self.post("/devices", {"id": device.id, "rate_per_s": device.rate_per_s, "quota": 1000})

    async def add_mailing(self, mailing: Mailing, *, window_s: float, grace_s: float) -> None:
        draft = {
            "name": mailing.name,
            "phones": mailing.phones,
            "devices": mailing.devices,
            "window_s": window_s,
            "grace_s": grace_s,
            "max_age_s": mailing.max_age_s,
            "batch_size": BATCH_SIZE,
            "batch_pause_s": BATCH_PAUSE_S,
        }
        self.campaigns[mailing.name] = await self.post("/campaigns", draft)

    async def limit(self, device: str, quota: int) -> None:
        await self.post(f"/devices/{device}", {"quota": quota})

    async def start(self, mailing: str) -> None:
        await self.post(f"/campaigns/{self.campaigns[mailing]}/start")

    async def pause(self, mailing: str, scope: str) -> None:
        await self.post(f"/campaigns/{self.campaigns[mailing]}/pause", {"scope": scope})

    async def resume(self, mailing: str) -> None:
        await self.post(f"/campaigns/{self.campaigns[mailing]}/resume")

    async def pause_sender(self, device: str, scope: str) -> None:
        await self.post(f"/devices/{device}", {"paused": scope})

    async def resume_sender(self, device: str) -> None:
        await self.post(f"/devices/{device}", {"paused": None})

    async def opt_out(self, phone: str) -> None:
        await self.post("/opt-outs", {"phone": phone})

    async def closed(self, mailing: str) -> bool:
        shown = await self.request("GET", f"/campaigns/{self.campaigns[mailing]}")
        return shown["completed_at"] is not None

    async def unfinished(self) -> int:
        return 0  # a webhook is worked off before it is answered

    async def finals(self) -> History:
        contacts = [info("contact", reason=None, **row) for row in await self.rows(CONTACTS)]
        entries = list(contacts)
        for row in await self.rows("SELECT * FROM campaigns"):
            states = Counter(contact["state"] for contact in contacts if contact["campaign"] == row["name"])
            entries.append(
                info(
                    "closed",
                    campaign=row["name"],
                    closed=row["completed_at"] is not None,
                    reason=row["close_reason"],
                    states=dict(states),
                    counters={},
                )
            )
        return entries


@asynccontextmanager
async def run_baseline(
    workers: int, keep_logs: Path | None = None, *, as_written: bool = False
) -> AsyncIterator[Baseline]:
    """A whole installation of its own; leaves nothing behind but the logs, if wanted."""
    directory = Path(".relance") / "bench-baseline" / secrets.token_hex(4)
    valkey_port = free_port()
    external = External(redis_url=valkey_url(valkey_port), temporal_address="none")
    try:
        async with Servers.start(data_dir=directory.absolute(), external=external) as servers:
            cache = valkey_spec(valkey_port, servers.data_dir.path)
            command = replace(cache.command, argv=(*cache.command.argv, *DURABLE))
            await servers.supervisor.start_all(replace(cache, command=command))
            await _create_tables(servers.database_url)
            async with _own_processes(servers, workers, as_written=as_written) as (api, sandbox):
                yield Baseline(
                    supervisor=servers.supervisor,
                    database_url=servers.database_url,
                    api=api,
                    sandbox=sandbox,
                    components=COMPONENTS,
                )
    finally:
        if keep_logs is not None:
            shutil.copytree(directory / "logs", keep_logs, dirs_exist_ok=True)
        shutil.rmtree(directory, ignore_errors=True)


async def _create_tables(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(Path(__file__).with_name("schema.sql").read_text())
    finally:
        await connection.close()


@asynccontextmanager
async def _own_processes(
    servers: Servers, workers: int, *, as_written: bool
) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    secret, port = secrets.token_hex(16), free_port()
    api_url = f"http://127.0.0.1:{port}"
    environment = {
        **ENVIRONMENT,
        "BASELINE_DATABASE_URL": servers.database_url,
        "BASELINE_REDIS_URL": servers.redis_url,
        "BASELINE_GATEWAY_URL": str(servers.sandbox_url),
        "BASELINE_WEBHOOK_SECRET": secret,
        "BASELINE_PORT": str(port),
        "BASELINE_AS_WRITTEN": str(as_written),
    }
    await servers.supervisor.start_all(_api(environment, api_url))
    await servers.supervisor.start_all(
        *(_worker(environment, number) for number in range(1, workers + 1)),
        _beat(environment, servers.data_dir.path / "beat-schedule"),
    )
    async with (
        httpx.AsyncClient(base_url=api_url, timeout=30, trust_env=False) as api,
        httpx.AsyncClient(base_url=str(servers.sandbox_url), timeout=30, trust_env=False) as sandbox,
    ):
        (await sandbox.post("/control/settings", json={"webhook_retry_longest_s": 4})).raise_for_status()
        order = {
            "name": "baseline",
            "url": f"{api_url}/webhooks/wassenger?token={secret}",
            "events": ["message:in:new", "message:out:ack", "message:out:failed", "message:reaction"],
        }
        token = {"Token": "sandbox-token"}
        (await sandbox.post("/v1/webhooks", json=order, headers=token)).raise_for_status()
        yield api, sandbox


def _api(environment: dict[str, str], url: str) -> Spec:
    command = Command(argv=(sys.executable, "-m", f"{PACKAGE}.api"), environment=environment)
    return Spec(name="api", command=command, ready=http_answers(f"{url}/healthz"), ready_within_s=60)


def _celery(environment: dict[str, str], *arguments: str) -> Command:
    argv = (sys.executable, "-m", "celery", "-A", f"{PACKAGE}.tasks", *arguments, "--loglevel", "INFO")
    return Command(argv=argv, environment=environment, stop_grace_s=30)


def _worker(environment: dict[str, str], number: int) -> Spec:
    arguments = ("--concurrency", CONCURRENCY, "-Q", "message_2,message_1,default")
    quiet = ("--without-gossip", "--without-mingle", "-n", f"worker-{number}@%h")
    return Spec(
        name="worker" if number == 1 else f"worker-{number}",
        command=_celery(environment, "worker", *arguments, *quiet),
        ready=log_contains(" ready."),
        ready_within_s=60,
    )


def _beat(environment: dict[str, str], schedule: Path) -> Spec:
    command = _celery(environment, "beat", "--schedule", str(schedule), "--pidfile=")
    return Spec(name="beat", command=command, ready=log_contains("beat: Starting"), ready_within_s=60)
