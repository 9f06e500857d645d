"""The audit log: whoever makes something send, deletes, imports or takes data out stands in it by name."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from domain.access import Scope
from storage import campaigns, scheduling
from storage.campaigns import Campaign
from storage.database import Pool
from tests.api.people import Door
from tests.api.walking import all_pages
from tests.conftest import Town, next_phone

Json = dict[str, Any]
SCOPES = (Scope.READ, Scope.WRITE, Scope.SEND)


@pytest.fixture
async def program(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    """A program that may do everything but manage users."""
    async with door.program(SCOPES) as client:
        yield client


async def draft(town: Town) -> Campaign:
    """To one silent person."""
    category_id, _phones = await town.people([{"script": []}])
    return await town.campaign(category_id, [(await town.sender()).id])


async def logged(program: httpx.AsyncClient, **query: Any) -> list[Json]:
    """What the program did, oldest first."""
    actor = f"key {(await program.get('/api/me')).json()['name']}"
    found = await all_pages(program, "/api/audit-log", limit=3, actor=actor, **query)
    return found[::-1]


async def actions(program: httpx.AsyncClient, **query: Any) -> list[str]:
    """The same in short."""
    return [entry["action"] for entry in await logged(program, **query)]


async def ask(client: httpx.AsyncClient, method: str, path: str, **options: Any) -> httpx.Response:
    """A request that is done."""
    answer = await client.request(method, path, **options)
    assert answer.is_success, answer.text
    return answer


@pytest.mark.usefixtures("running_worker")
async def test_whoever_makes_a_campaign_send_or_stop_is_named(town: Town, program: httpx.AsyncClient) -> None:
    """P11, U8: each with what it was before; what changed nothing is not there."""
    campaign = await draft(town)
    path = f"/api/campaigns/{campaign.id}"
    at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    await ask(program, "POST", f"{path}/schedule", json={"start_at": at})
    await ask(program, "DELETE", f"{path}/schedule")
    await ask(program, "POST", f"{path}/start")
    await ask(program, "POST", f"{path}/pause", json={"scope": "all"})
    await ask(program, "POST", f"{path}/pause", json={"scope": "all"})
    await ask(program, "POST", f"{path}/resume")
    await ask(program, "POST", f"{path}/resume")
    await ask(program, "POST", f"{path}/cancel")

    entries = await logged(program, subject_type="campaign", subject_id=campaign.id)

    assert [entry["action"] for entry in entries] == [
        "campaign.scheduled",
        "campaign.unscheduled",
        "campaign.started",
        "campaign.paused",
        "campaign.resumed",
        "campaign.cancelled",
    ]
    assert entries[0]["before"] == {"status": "draft"}
    assert entries[0]["after"]["status"] == "scheduled"
    assert entries[3]["after"]["pause_scope"] == "all"


async def test_a_start_by_a_worker_that_was_quicker_is_still_by_whoever_asked(town: Town, pool: Pool) -> None:
    """One entry, however many asked; a scheduled start is by Relance itself."""
    quick, scheduled = await draft(town), await draft(town)
    await campaigns.open_campaign(pool, quick.id)
    for actor in ("one", "other"):
        assert not await campaigns.mark_started(pool, quick.id, actor=actor)
    soon = datetime.now(UTC)
    assert await scheduling.schedule(pool, scheduled.id, soon, actor="one")
    assert await scheduling.start_due(pool, scheduled.id, soon)
    assert not await campaigns.mark_started(pool, scheduled.id, actor="other")
    found = "SELECT actor FROM audit_log WHERE subject_id = $1 AND action = 'campaign.started'"
    assert [row["actor"] for row in await pool.fetch(found, quick.id)] == ["one"]
    assert [row["actor"] for row in await pool.fetch(found, scheduled.id)] == ["relance"]


async def test_drafts_that_are_cancelled_or_deleted_and_tests_are_in_the_log(
    town: Town, program: httpx.AsyncClient
) -> None:
    """The number of a test is not: the log is for ever."""
    campaign, cancelled, phone = await draft(town), await draft(town), next_phone()
    await ask(program, "POST", f"/api/campaigns/{campaign.id}/test-send", json={"phone": phone})
    await ask(program, "DELETE", f"/api/campaigns/{campaign.id}")
    await ask(program, "POST", f"/api/campaigns/{cancelled.id}/cancel")
    sent, deleted, ended = await logged(program)
    assert (sent["action"], sent["after"]["messages"]) == ("campaign.test_sent", ["message_1", "message_2"])
    assert phone not in str(sent)
    assert (deleted["action"], deleted["before"]["name"]) == ("campaign.deleted", campaign.name)
    assert (ended["action"], ended["after"]["status"]) == ("campaign.cancelled", "cancelled")


async def test_changes_of_senders_are_in_the_log(town: Town, program: httpx.AsyncClient) -> None:
    """P6, P11."""
    sender = await town.sender()
    path = f"/api/senders/{sender.id}"
    body = {"name": "New", "phone": sender.phone, "device_id": sender.device_id}
    await ask(program, "POST", "/api/senders", json=body)
    await ask(program, "PATCH", path, json={"name": "Newer"})
    await ask(program, "POST", f"{path}/pause", json={"scope": "all"})
    await ask(program, "POST", f"{path}/resume")
    await ask(program, "DELETE", path)
    entries = await logged(program, subject_type="sender", subject_id=sender.id)
    assert [entry["action"].removeprefix("sender.") for entry in entries] == [
        "saved",
        "changed",
        "paused",
        "resumed",
        "removed",
    ]
    assert entries[1]["after"] == {"name": "Newer"}
    assert entries[2]["after"] == {"scope": "all"}


async def test_imports_deletions_opt_outs_and_exports_are_in_the_log(
    town: Town, program: httpx.AsyncClient
) -> None:
    """Who brought people in, who took them out, and who took their data away; nothing personal."""
    _category_id, [phone] = await town.people([{"script": []}])
    campaign = await draft(town)
    file = f"phone,name\n{next_phone()},Zoé\n"
    started = (await ask(program, "POST", "/api/imports", content=file, params={"name": "a.csv"})).json()
    await ask(program, "POST", "/api/contacts/import", content=file)
    await program.post(f"/api/imports/{started['id']}/cancel")
    await ask(program, "POST", "/api/opt-outs", json={"phone": phone, "reason": "by letter"})
    await ask(program, "POST", "/api/opt-outs", json={"phone": phone, "reason": "by letter"})
    await ask(program, "POST", "/api/contacts/bulk", json={"action": "delete", "filter": {"q": phone}})
    await ask(program, "GET", "/api/contacts/export.csv", params={"q": phone})
    await ask(program, "GET", f"/api/campaigns/{campaign.id}/results.csv")
    await ask(program, "GET", "/api/messages/export.csv", params={"campaign_id": campaign.id})
    await ask(program, "GET", f"/api/imports/{started['id']}/rejected.csv")

    entries = await logged(program)

    assert [entry["action"] for entry in entries if entry["action"] != "import.cancelled"] == [
        "import.started",
        "contacts.imported",
        "opt_out.added",
        "erasure.requested",
        "contacts.deleted",
        "contacts.exported",
        "campaign.exported",
        "messages.exported",
        "import.exported",
    ]
    assert phone not in str(entries)
    assert "Zoé" not in str(entries)
    by_action = {entry["action"]: entry for entry in entries}
    deleted = by_action["contacts.deleted"]["after"]
    assert deleted == {"deleted": 1, "erased": 0, "refused": 0, "erasure_id": deleted["erasure_id"]}
    assert by_action["contacts.exported"]["after"] == {"filters": ["q"]}
    assert by_action["messages.exported"]["after"] == {"campaign_id": campaign.id}


async def test_an_import_that_is_cancelled_is_in_the_log(program: httpx.AsyncClient, pool: Pool) -> None:
    """Once, by whoever it was."""
    import_id = await pool.fetchval(
        "INSERT INTO imports (country, duplicates, state) VALUES ('FR', 'update', 'queued') RETURNING id::text"
    )
    for _ in range(2):
        await ask(program, "POST", f"/api/imports/{import_id}/cancel")
    assert await actions(program) == ["import.cancelled"]


async def test_the_log_comes_in_pages_and_can_be_searched(town: Town, program: httpx.AsyncClient) -> None:
    """A3: by actor, action, subject and time, the newest first."""
    sender = await town.sender()
    began = datetime.now(UTC) - timedelta(seconds=1)
    for _ in range(3):
        for step in ("pause", "resume"):
            await ask(program, "POST", f"/api/senders/{sender.id}/{step}")
    assert await actions(program) == ["sender.paused", "sender.resumed"] * 3
    assert await actions(program, action="sender.paused", since=began.isoformat()) == ["sender.paused"] * 3
    assert await actions(program, since=(began + timedelta(days=1)).isoformat()) == []
    listed = await logged(program)
    assert [entry["at"] for entry in listed] == sorted(entry["at"] for entry in listed)
    assert (await program.get("/api/audit-log", params={"limit": 1, "cursor": "x"})).status_code == 422
    assert (await program.get("/api/audit-log", params={"since": "yesterday"})).status_code == 422


async def test_the_changes_of_a_pace_come_in_pages(town: Town, program: httpx.AsyncClient, pool: Pool) -> None:
    """P6, A3."""
    sender = await town.sender()
    add = """
        INSERT INTO pacing_changes (sender_id, state, reason, profile, maturity, delay_s, error_factor,
            error_rate, quota, message_1_queue_per_s, message_2_queue_per_s)
        VALUES ($1, 'sending', $2, 'careful', 'young', 5, 1, 0, 10, 1, 1)
    """
    for nth in range(5):
        await pool.execute(add, sender.id, f"reason {nth}")
    found = await all_pages(program, f"/api/senders/{sender.id}/pacing-changes", limit=2)
    assert [change["reason"] for change in found if change["reason"].startswith("reason")] == [
        f"reason {nth}" for nth in (4, 3, 2, 1, 0)
    ]
