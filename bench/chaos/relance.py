"""Relance as a system under fire: the real stack, driven through its API."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from bench.chaos.history import Entry, History, RefusedError, UnknownOutcomeError
from bench.chaos.schedule import WORKERS, Device, Mailing
from bench.driving import run_stack
from local.stack import Stack

COMPONENTS = {
    **dict(zip(WORKERS, ("worker", "worker-2"), strict=True)),
    "api": "api",
    "engine": "temporal",
    "database": "postgres",
    "cache": "valkey",
    "provider": "sandbox",
}
# A minute's run has no time for real patience; how often and whether at all stays as it is.
ENVIRONMENT = {
    "RELANCE_GATEWAY_TIMEOUT_S": "3",
    "RELANCE_RETRY_BASE_S": "1",
    "RELANCE_PROFILE": "standard",
}
BATCH_SIZE, BATCH_PAUSE_S = 50, 1.0

CONTACTS = """
    SELECT cc.campaign_id::text, co.phone, cc.state, cc.reason,
        m1.status AS status_1, m1.attempts AS attempts_1, m2.status AS status_2, m2.attempts AS attempts_2,
        extract(epoch FROM m1.sent_at)::float AS sent_at
    FROM campaign_contacts cc
    JOIN contacts co ON co.id = cc.contact_id
    LEFT JOIN messages m1 ON m1.campaign_id = cc.campaign_id AND m1.contact_id = cc.contact_id
        AND m1.message_type = 'message_1'
    LEFT JOIN messages m2 ON m2.campaign_id = cc.campaign_id AND m2.contact_id = cc.contact_id
        AND m2.message_type = 'message_2'
"""
STORED = """
    SELECT event, coalesce(payload->>'entityId', payload->'data'->>'id') AS id, payload->'data'->>'ack' AS ack
    FROM webhook_events WHERE payload IS NOT NULL
"""
UNFINISHED = "SELECT count(*) FROM webhook_events WHERE status IN ('received', 'parked')"
OUTCOMES = """
    SELECT count(*) FILTER (WHERE code IS NOT NULL AND code NOT IN ('stale') OR outcome IS NULL) AS troubled,
        count(*) FILTER (WHERE outcome IS NULL OR outcome = 'unknown') AS unresolved
    FROM sends
"""


@dataclass(slots=True)
class Relance:
    """One stack that is up."""

    stack: Stack
    api: httpx.AsyncClient
    sandbox: httpx.AsyncClient
    _senders: dict[str, str] = field(default_factory=dict)  # by device
    _campaigns: dict[str, str] = field(default_factory=dict)  # by name

    @property
    def roles(self) -> list[str]:
        running = {component.name for component in self.stack.components()}
        return [role for role, name in COMPONENTS.items() if name in running]

    async def kill(self, role: str) -> None:
        await self.stack.supervisor.kill(COMPONENTS[role])

    def freeze(self, role: str) -> None:
        self.stack.supervisor.pause(COMPONENTS[role])

    def thaw(self, role: str) -> None:
        self.stack.supervisor.resume(COMPONENTS[role])

    async def restart(self, role: str) -> None:
        await self.stack.supervisor.restart(COMPONENTS[role])

    async def ready(self, role: str, *, within_s: float) -> None:
        await self.stack.supervisor.wait_ready(COMPONENTS[role], within_s=within_s)

    async def add_device(self, device: Device) -> None:
        body = {
            "name": device.id[-4:],
            "phone": device.phone,
            "device_id": device.id,
            "message_1_rate_per_s": device.rate_per_s,
        }
        self._senders[device.id] = (await self._post("/api/senders", body))["id"]

    async def add_mailing(self, mailing: Mailing, *, window_s: float, grace_s: float) -> None:
        imported = await self._request(
            "POST",
            "/api/contacts/import",
            params={"category": f"Chaos {mailing.name}"},
            content="\n".join(["phone", *mailing.phones]),
            headers={"Content-Type": "text/csv"},
        )
        draft = {
            "name": f"Chaos {mailing.name}",
            "message_1": f"{mailing.name}/1",
            "message_2": f"{mailing.name}/2",
            "sender_ids": [self._senders[device] for device in mailing.devices],
            "category_ids": [imported["category_id"]],
            "window_s": window_s,
            "grace_s": grace_s,
            "max_age_s": mailing.max_age_s,
            "batch_size": BATCH_SIZE,
            "batch_pause_s": BATCH_PAUSE_S,
        }
        self._campaigns[mailing.name] = (await self._post("/api/campaigns", draft))["id"]

    async def limit(self, device: str, quota: int) -> None:
        await self._request(
            "PUT",
            "/api/settings/quota_per_day",
            json={"value": quota, "sender_id": self._senders[device]},
        )

    async def start(self, mailing: str) -> None:
        shown = await self._request("GET", f"/api/campaigns/{self._campaigns[mailing]}")
        if shown["status"] == "draft":  # else an earlier call had its effect, though nobody heard of it
            await self._post(f"/api/campaigns/{self._campaigns[mailing]}/start")

    async def pause(self, mailing: str, scope: str) -> None:
        await self._post(f"/api/campaigns/{self._campaigns[mailing]}/pause", {"scope": scope})

    async def resume(self, mailing: str) -> None:
        await self._post(f"/api/campaigns/{self._campaigns[mailing]}/resume")

    async def pause_sender(self, device: str, scope: str) -> None:
        await self._post(f"/api/senders/{self._senders[device]}/pause", {"scope": scope})

    async def resume_sender(self, device: str) -> None:
        await self._post(f"/api/senders/{self._senders[device]}/resume")

    async def opt_out(self, phone: str) -> None:
        await self._post("/api/opt-outs", {"phone": phone})

    async def closed(self, mailing: str) -> bool:
        shown = await self._request("GET", f"/api/campaigns/{self._campaigns[mailing]}")
        return shown["closed_at"] is not None

    async def unfinished(self) -> int:
        return int((await self._rows(UNFINISHED))[0]["count"])

    async def finals(self) -> History:
        names = {identity: name for name, identity in self._campaigns.items()}
        entries: History = []
        for row in await self._rows(CONTACTS):
            fields = dict(row)
            entries.append(_info("contact", campaign=names[fields.pop("campaign_id")], **fields))
        for name, identity in self._campaigns.items():
            shown = await self._request("GET", f"/api/campaigns/{identity}")
            counters = {key: value for key, value in shown["counts"].items() if isinstance(value, int)}
            entries.append(
                _info(
                    "closed",
                    campaign=name,
                    closed=shown["closed_at"] is not None,
                    reason=shown["close_reason"],
                    states=shown["counts"]["contacts_by_state"],
                    counters=counters,
                )
            )
        events = [[row["event"], row["id"], row["ack"]] for row in await self._rows(STORED)]
        entries.append(_info("stored", events=events, unfinished=await self.unfinished()))
        return entries

    async def figures(self) -> dict[str, float]:
        row = (await self._rows(OUTCOMES))[0]
        return {"unresolved_outcomes": row["unresolved"]}

    async def _post(self, path: str, body: Any = None) -> Any:
        return await self._request("POST", path, json=body)

    async def _request(self, method: str, path: str, **more: Any) -> Any:
        try:
            answer = await self.api.request(method, path, timeout=8, **more)
        except httpx.TransportError as error:
            raise UnknownOutcomeError(f"{type(error).__name__}: {error}") from error
        if answer.status_code >= 500 or answer.status_code in {408, 429}:
            raise UnknownOutcomeError(f"{answer.status_code} {answer.text[:200]}")
        if not answer.is_success:
            raise RefusedError(f"{answer.status_code} {answer.text[:300]}")
        return answer.json()

    async def _rows(self, query: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.stack.addresses.database_url, timeout=20)
        try:
            return list(await connection.fetch(query))
        finally:
            await connection.close()


def _info(op: str, **data: Any) -> Entry:
    return {"kind": "info", "op": op, **data}


@asynccontextmanager
async def run_relance(workers: int, keep_logs: Path | None = None) -> AsyncIterator[Relance]:
    """A whole stack of its own; leaves nothing behind but the logs, if wanted."""
    os.environ.update(ENVIRONMENT)
    async with run_stack("chaos", workers=workers) as (stack, api, sandbox):
        await sandbox.post("/control/settings", json={"webhook_retry_longest_s": 4})
        try:
            yield Relance(stack, api, sandbox)
        finally:
            if keep_logs is not None:
                shutil.copytree(stack.servers.data_dir.path / "logs", keep_logs, dirs_exist_ok=True)
