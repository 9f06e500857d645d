"""Looks at each part of a Relance and says what is wrong and how to put it right.

Nothing is printed here: every check returns a `Finding`, and none of them raises.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, ListTaskQueuePartitionsRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.identifiers import CAMPAIGN_QUEUE
from local.addresses import Addresses
from local.temporal import DYNAMIC_CONFIG, SEARCH_ATTRIBUTES
from local.valkey import why_no_pong
from providers.base import GatewayError
from providers.wassenger import WassengerGateway
from storage import database
from storage.senders import Sender, list_senders

_TIMEOUT_S = 5.0
_SCARCE_BYTES = 2 * 1024**3
_TOO_FEW_BYTES = 256 * 1024**2
_POLLED_WITHIN = timedelta(minutes=2)  # a poll lasts a minute
_PROBED_QUEUE = "relance-doctor"

# Gets the database's address and returns the names of the migrations that it still lacks.
PendingMigrations = Callable[[str], Awaitable[Sequence[str]]]


class Verdict(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"  # Relance works, with less than it should have
    FAILED = "failed"  # Relance does not work


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one check found."""

    name: str
    verdict: Verdict
    detail: str
    hint: str = ""  # what to do; empty when nothing needs doing


async def examine(
    addresses: Addresses,
    *,
    gateway_url: str,
    gateway_token: str | None,
    data_dir: Path,
    pending_migrations: PendingMigrations | None = None,
) -> list[Finding]:
    """Every check, run at the same time, in the order in which the parts depend on each other."""
    checks = [
        check_disk(data_dir),
        check_postgres(addresses.database_url, pending_migrations),
        check_valkey(addresses.redis_url),
        check_temporal(addresses.temporal_address, addresses.temporal_namespace),
        check_worker(addresses.temporal_address, addresses.temporal_namespace),
        check_gateway(gateway_url, gateway_token),
    ]
    if gateway_token:
        checks.append(check_senders(addresses.database_url, gateway_url, gateway_token))
    if addresses.api_url:
        checks.append(check_api(addresses.api_url))
    return list(await asyncio.gather(*checks))


async def check_disk(data_dir: Path) -> Finding:
    """Whether the disk that holds the data has room."""
    name = "disk"
    try:
        free = (await asyncio.to_thread(shutil.disk_usage, data_dir)).free
    except OSError as error:
        return _failed(name, f"{data_dir}: {error}", "Create the directory or set RELANCE_DATA_DIR.")
    detail = f"{free / 1024**3:.1f} GB free at {data_dir}"
    hint = "Free some space, or move the data with RELANCE_DATA_DIR."
    if free < _TOO_FEW_BYTES:
        return _failed(name, detail, hint)
    if free < _SCARCE_BYTES:
        return _warning(name, detail, hint)
    return _ok(name, detail)


async def check_postgres(url: str, pending_migrations: PendingMigrations | None = None) -> Finding:
    """Whether the database answers and has the tables that this version expects."""
    name = "postgres"
    try:
        connection = await asyncpg.connect(url, timeout=_TIMEOUT_S)
        try:
            server = await connection.fetchval("show server_version", timeout=_TIMEOUT_S)
        finally:
            await connection.close(timeout=_TIMEOUT_S)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return _failed(name, _reason(error), "Start it with `relance up`, or correct RELANCE_DATABASE_URL.")
    pending = await pending_migrations(url) if pending_migrations else ()
    if pending:
        return _failed(
            name,
            f"PostgreSQL {server} lacks {len(pending)} migrations: {', '.join(pending)}",
            "`relance up` applies them.",
        )
    return _ok(name, f"PostgreSQL {server}")


async def check_valkey(url: str) -> Finding:
    """Whether the cache answers; Relance works without it, more slowly."""
    if not url:
        return _warning("valkey", "not set", "Set RELANCE_REDIS_URL for the second guard around Message 2.")
    problem = await why_no_pong(url)
    if problem:
        return _warning("valkey", problem, "Start it with `relance up`, or correct RELANCE_REDIS_URL.")
    return _ok("valkey", "answers")


async def check_temporal(address: str, namespace: str) -> Finding:
    """Whether Temporal answers and is configured as the sending pace needs it."""
    name = "temporal"
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            client = await Client.connect(address, namespace=namespace)
            missing = await _missing_search_attributes(client)
            partitions = await _partitions(client)
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return _failed(
                name,
                f"The namespace {namespace!r} does not exist",
                f"Create it: `temporal operator namespace create {namespace} --address {address}`.",
            )
        return _failed(name, _reason(error), "See Temporal's log, or correct RELANCE_TEMPORAL_ADDRESS.")
    except (RuntimeError, TimeoutError) as error:
        hint = "Start it with `relance up`, or correct RELANCE_TEMPORAL_ADDRESS."
        return _failed(name, f"{address}: {_reason(error)}", hint)
    if missing:
        create = " ".join(f"--name {attribute} --type {SEARCH_ATTRIBUTES[attribute]}" for attribute in missing)
        return _failed(
            name,
            f"Search attributes are missing: {', '.join(missing)}",
            f"`temporal operator search-attribute create {create} --address {address} -n {namespace}`.",
        )
    if partitions != 1:
        return _failed(
            name,
            f"Task queues have {partitions} partitions, so messages would leave in bursts",
            f"Give the server the dynamic configuration of {DYNAMIC_CONFIG}.",
        )
    return _ok(name, f"answers at {address}, namespace {namespace}, one partition per queue")


async def check_worker(address: str, namespace: str) -> Finding:
    """Whether a worker asks Temporal for work; without one, campaigns stand still and lose nothing."""
    name = "worker"
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            client = await Client.connect(address, namespace=namespace)
            answer = await client.workflow_service.describe_task_queue(
                DescribeTaskQueueRequest(
                    namespace=namespace,
                    task_queue=TaskQueue(name=CAMPAIGN_QUEUE),
                    task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
                )
            )
    except (RPCError, RuntimeError, TimeoutError) as error:
        return _failed(name, _reason(error), "Temporal has to answer first.")
    recent = [
        poller
        for poller in answer.pollers
        if datetime.now(UTC) - poller.last_access_time.ToDatetime(UTC) < _POLLED_WITHIN
    ]
    if not recent:
        hint = "Start one with `relance up` or `python -m worker`; see worker.log."
        return _failed(name, "no worker asks for work", hint)
    return _ok(name, f"{len({poller.identity for poller in recent})} asking for work")


async def check_senders(database_url: str, gateway_url: str, token: str) -> Finding:
    """Whether each sender of ours may send, by our own book and by the gateway's."""
    name = "senders"
    gateway = WassengerGateway(base_url=gateway_url, token=token, timeout_s=_TIMEOUT_S)
    try:
        pool = await database.connect(database_url, application="doctor", size=2)
        try:
            problems = [
                problem
                for sender in await list_senders(pool)
                if (problem := await _sender_problem(gateway, sender))
            ]
        finally:
            await pool.close()
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return _failed(name, _reason(error), "PostgreSQL has to answer first, with its tables.")
    finally:
        await gateway.close()
    if problems:
        return _warning(name, "; ".join(problems), "When the account is well, `relance sender resume ID`.")
    return _ok(name, "all of them may send")


async def _sender_problem(gateway: WassengerGateway, sender: Sender) -> str | None:
    if sender.status != "active":
        return f"{sender.name} ({sender.id}) is stopped: {sender.status_reason}"
    try:
        health = await gateway.device_health(sender.device_id)
    except GatewayError as error:
        return f"{sender.name}: {error}"
    return None if health.usable else f"{sender.name} is {health.status}, its session {health.session}"


async def check_gateway(url: str, token: str | None) -> Finding:
    """Whether the WhatsApp gateway accepts our token and has an account that can send."""
    name = "gateway"
    if token is None:
        return _failed(name, "There is no token", "Set RELANCE_WASSENGER_TOKEN; `relance up` brings a sandbox.")
    try:
        async with httpx.AsyncClient(timeout=_TIMEOUT_S) as client:
            response = await client.get(f"{url.rstrip('/')}/v1/devices", headers={"Token": token})
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return _failed(name, f"{url}: {_reason(error)}", "Check the network and RELANCE_WASSENGER_URL.")
    if response.status_code in {401, 403}:
        return _failed(name, f"{url} refuses the token", "Correct RELANCE_WASSENGER_TOKEN.")
    if response.status_code != 200:
        return _failed(name, f"{url} answers {response.status_code}", "Try again later.")
    return _judge_devices(name, response)


async def check_api(url: str) -> Finding:
    """Whether our own API answers."""
    hint = "See api.log in the data directory's `logs`, or start it with `relance up`."
    try:
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as client:
            response = await client.get(f"{url}/healthz")
    except httpx.HTTPError as error:
        return _failed("api", f"{url}: {_reason(error)}", hint)
    if response.status_code != 200:
        return _failed("api", f"{url}/healthz answers {response.status_code}", hint)
    return _ok("api", f"answers at {url}")


async def _missing_search_attributes(client: Client) -> list[str]:
    request = ListSearchAttributesRequest(namespace=client.namespace)
    known = (await client.operator_service.list_search_attributes(request)).custom_attributes
    return [attribute for attribute in SEARCH_ATTRIBUTES if attribute not in known]


async def _partitions(client: Client) -> int:
    request = ListTaskQueuePartitionsRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=_PROBED_QUEUE)
    )
    answer = await client.workflow_service.list_task_queue_partitions(request)
    return len(answer.activity_task_queue_partitions)


def _judge_devices(name: str, response: httpx.Response) -> Finding:
    try:
        devices = response.json()
        states = {device["id"]: _device_state(device) for device in devices}
    except (ValueError, TypeError, KeyError, AttributeError):
        hint = "Check that RELANCE_WASSENGER_URL is a Wassenger gateway."
        return _failed(name, "The list of devices cannot be read", hint)
    usable = [device for device, state in states.items() if state == "operative, online"]
    detail = f"{len(usable)} of {len(states)} devices can send"
    unusable = "; ".join(f"{device} is {state}" for device, state in states.items() if device not in usable)
    if not usable:
        hint = "Connect a WhatsApp account to the gateway: open its console and scan the QR code."
        return _failed(name, f"{detail}: {unusable}" if unusable else detail, hint)
    if unusable:
        return _warning(name, f"{detail}: {unusable}", "Reconnect those in the gateway's console.")
    return _ok(name, detail)


def _device_state(device: dict[str, Any]) -> str:
    return f"{device.get('status')}, {device.get('session', {}).get('status')}"


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _ok(name: str, detail: str) -> Finding:
    return Finding(name=name, verdict=Verdict.OK, detail=detail)


def _warning(name: str, detail: str, hint: str) -> Finding:
    return Finding(name=name, verdict=Verdict.WARNING, detail=detail, hint=hint)


def _failed(name: str, detail: str, hint: str) -> Finding:
    return Finding(name=name, verdict=Verdict.FAILED, detail=detail, hint=hint)
