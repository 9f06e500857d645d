"""Relance as a system under fire: the real stack, driven through its API."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.chaos.driven import Driven
from bench.chaos.history import History, info
from bench.chaos.schedule import WORKERS, Device, Mailing
from bench.driving import run_stack

COMPONENTS = {
    **dict(zip(WORKERS, (("worker",), ("worker-2",)), strict=True)),
    "api": ("api",),
    "engine": ("temporal",),
    "database": ("postgres",),
    "cache": ("valkey",),
    "provider": ("sandbox",),
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
UNRESOLVED = """
    SELECT m.campaign_id::text, co.phone, m.message_type, s.attempt, s.outcome, s.code, m.status, cc.state,
        extract(epoch FROM clock_timestamp() - s.started_at)::float AS age_s
    FROM sends s
    JOIN messages m ON m.id = s.message_id
    JOIN contacts co ON co.id = m.contact_id
    JOIN campaign_contacts cc ON cc.campaign_id = m.campaign_id AND cc.contact_id = m.contact_id
    WHERE s.outcome IS NULL OR s.outcome = 'unknown'
"""


@dataclass(slots=True, kw_only=True)
class Relance(Driven):
    """One stack that is up."""

    _senders: dict[str, str] = field(default_factory=dict)  # by device

    async def add_device(self, device: Device) -> None:
        body = {
            "name": device.id[-4:],
            "phone": device.phone,
            "device_id": device.id,
            "message_1_rate_per_s": device.rate_per_s,
        }
        self._senders[device.id] = (await self.post("/api/senders", body))["id"]

    async def add_mailing(self, mailing: Mailing, *, window_s: float, grace_s: float) -> None:
        imported = await self.request(
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
        self.campaigns[mailing.name] = (await self.post("/api/campaigns", draft))["id"]

    async def limit(self, device: str, quota: int) -> None:
        await self.request(
            "PUT",
            "/api/settings/quota_per_day",
            json={"value": quota, "sender_id": self._senders[device]},
        )

    async def start(self, mailing: str) -> None:
        shown = await self.request("GET", f"/api/campaigns/{self.campaigns[mailing]}")
        if shown["status"] == "draft":  # else an earlier call had its effect, though nobody heard of it
            await self.post(f"/api/campaigns/{self.campaigns[mailing]}/start")

    async def pause(self, mailing: str, scope: str) -> None:
        await self.post(f"/api/campaigns/{self.campaigns[mailing]}/pause", {"scope": scope})

    async def resume(self, mailing: str) -> None:
        await self.post(f"/api/campaigns/{self.campaigns[mailing]}/resume")

    async def pause_sender(self, device: str, scope: str) -> None:
        await self.post(f"/api/senders/{self._senders[device]}/pause", {"scope": scope})

    async def resume_sender(self, device: str) -> None:
        await self.post(f"/api/senders/{self._senders[device]}/resume")

    async def opt_out(self, phone: str) -> None:
        await self.post("/api/opt-outs", {"phone": phone})

    async def closed(self, mailing: str) -> bool:
        shown = await self.request("GET", f"/api/campaigns/{self.campaigns[mailing]}")
        return shown["closed_at"] is not None

    async def unfinished(self) -> int:
        return int((await self.rows(UNFINISHED))[0]["count"])

    async def finals(self) -> History:
        names = {identity: name for name, identity in self.campaigns.items()}
        entries: History = []
        for row in await self.rows(CONTACTS):
            entries.append(info("contact", campaign=names[row.pop("campaign_id")], **row))
        for name, identity in self.campaigns.items():
            shown = await self.request("GET", f"/api/campaigns/{identity}")
            counters = {key: value for key, value in shown["counts"].items() if isinstance(value, int)}
            entries.append(
                info(
                    "closed",
                    campaign=name,
                    closed=shown["closed_at"] is not None,
                    reason=shown["close_reason"],
                    states=shown["counts"]["contacts_by_state"],
                    counters=counters,
                )
            )
        for row in await self.rows(UNRESOLVED):
            entries.append(info("unresolved", campaign=names[row.pop("campaign_id")], **row))
        events = [[row["event"], row["id"], row["ack"]] for row in await self.rows(STORED)]
        entries.append(info("stored", events=events, unfinished=await self.unfinished()))
        return entries


@asynccontextmanager
async def run_relance(workers: int, keep_logs: Path | None = None) -> AsyncIterator[Relance]:
    """A whole stack of its own; leaves nothing behind but the logs, if wanted."""
    os.environ.update(ENVIRONMENT)
    async with run_stack("chaos", workers=workers) as (stack, api, sandbox):
        await sandbox.post("/control/settings", json={"webhook_retry_longest_s": 4})
        try:
            yield Relance(
                supervisor=stack.supervisor,
                database_url=stack.addresses.database_url,
                api=api,
                sandbox=sandbox,
                components=COMPONENTS,
            )
        finally:
            if keep_logs is not None:
                shutil.copytree(stack.servers.data_dir.path / "logs", keep_logs, dirs_exist_ok=True)
