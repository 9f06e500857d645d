"""Whoever is erased is gone from everywhere, and whoever said no stays unwritten to."""

import asyncio
import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from api.app import create_app
from domain.identifiers import contact_workflow_id
from settings import Settings
from storage import audit, contact_lists, database, interactions
from storage.database import Pool
from storage.suppression_key import SuppressionKeyError, check_key, connection_settings
from tests.apart import new_database
from tests.api.applications import client_of
from tests.conftest import SUPPRESSION_KEY, Town, eventually, next_phone
from tests.wassenger import inbound, store

pytestmark = pytest.mark.usefixtures("running_worker")

TABLES = """
    SELECT table_name FROM information_schema.tables
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name NOT LIKE '%yoyo%'
"""


async def traces_of(pool: Pool, *texts: str) -> dict[str, int]:
    """The tables in which one of these texts stands anywhere, as text or as bytes."""
    wanted = [f"%{form}%" for text in texts for form in (text, text.encode().hex())]
    found = {}
    for row in await pool.fetch(TABLES):
        statement = f"SELECT count(*) FROM {row['table_name']} t WHERE t::text LIKE ANY ($1::text[])"  # noqa: S608
        if count := await pool.fetchval(statement, wanted, timeout=60):
            found[row["table_name"]] = count
    return found


async def erased(api: httpx.AsyncClient, *, within_s: float = 30) -> None:
    """Waits until nothing is left to do."""

    async def done() -> bool:
        return all(one["finished_at"] for one in (await api.get("/api/erasures")).json()["items"])

    await eventually(done, within_s=within_s, what="the erasure")


async def add(api: httpx.AsyncClient, phone: str, **more: Any) -> Any:
    answer = await api.post("/api/contacts", json={"phone": phone, **more})
    return answer.raise_for_status().json()


async def test_whoever_took_part_in_a_campaign_is_gone_from_everywhere(
    api: httpx.AsyncClient, town: Town, pool: Pool, temporal: Client
) -> None:
    """Raw webhooks, rejected rows, test messages, kept answers, workflows; counters and the request stay."""
    said = f"Oui {secrets.token_hex(8)}"
    sender = await town.sender()
    scripts = [[{"after_s": 0.3, "kind": "text", "body": body}] for body in ("Non", said)]
    category_id, [bystander, phone] = await town.people([{"script": script} for script in scripts])
    digits, name = phone[1:], f"Zoé {secrets.token_hex(8)}"
    [contact_id] = [
        item["id"] for item in (await api.get("/api/contacts", params={"q": phone})).json()["items"]
    ]
    keyed = {"Idempotency-Key": secrets.token_hex(8)}
    await api.patch(f"/api/contacts/{contact_id}", json={"name": name})
    campaign = await town.campaign(category_id, [sender.id])
    path = f"/api/campaigns/{campaign.id}"
    test_send = {"phone": phone, "sender_id": sender.id}
    (await api.post(f"{path}/test-send", json=test_send, headers=keyed)).raise_for_status()
    (await api.post(f"{path}/start")).raise_for_status()

    async def closed() -> bool:
        return bool((await api.get(path)).json()["closed_at"])

    await eventually(closed, what="the closing")
    rows = [phone, f"0{phone[3:]}", f"0{phone[3:5]}.{phone[5:]}"]  # the last two are rejected: the same number
    imported = await api.post(
        "/api/imports", params={"category": "I"}, content="\n".join(["phone", *rows]).encode()
    )
    await eventually(lambda: _has_ended(api, imported.json()["id"]), what="the import")
    before = (await api.get(path)).json()["counts"]
    before_it = (await traces_of(pool, digits, phone[3:])).keys()
    assert before_it >= {"webhook_events", "test_sends", "contacts", "idempotent_requests", "import_rejections"}

    deleted = await api.delete(f"/api/contacts/{contact_id}")
    await erased(api, within_s=100)  # Temporal deletes half a minute after the end of a workflow

    assert deleted.status_code == 204
    assert await traces_of(pool, digits, name, said, phone[3:]) == {}
    rejections = await api.get(f"/api/imports/{imported.json()['id']}/rejected")
    assert rejections.json()["items"] == []
    assert (await api.get(path)).json()["counts"] == before
    repeated = await api.post(f"{path}/test-send", json=test_send, headers=keyed)
    assert repeated.status_code == 410, "a repetition brings nobody back"
    assert await _is_unknown(temporal, contact_workflow_id(campaign.id, contact_id))
    assert (await traces_of(pool, bystander[1:])).keys() >= {"webhook_events", "contacts"}
    latest = (await api.get("/api/erasures", params={"limit": 1})).json()["items"][0]
    assert (latest["people"], latest["left"], latest["actor"]) == (1, 0, "local")
    entries = (await audit.list_entries(pool, 5, subject_type="erasure", subject_id=latest["id"])).items
    assert [entry.action for entry in entries] == ["erasure.finished", "erasure.requested"]


async def _is_unknown(temporal: Client, workflow_id: str) -> bool:
    try:
        await temporal.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        return error.status is RPCStatusCode.NOT_FOUND
    return False


async def _has_ended(api: httpx.AsyncClient, import_id: str) -> bool:
    return bool((await api.get(f"/api/imports/{import_id}")).json()["finished_at"])


async def test_a_webhook_that_is_not_worked_off_is_waited_for(
    api: httpx.AsyncClient, town: Town, pool: Pool
) -> None:
    """Nothing that was answered 200 is lost, not even for an erasure."""
    phone = next_phone()
    contact_id = (await add(api, phone))["id"]
    sender = await town.sender()
    event = await store(pool, inbound(sender.device_id, phone))
    assert event is not None
    await pool.execute("UPDATE webhook_events SET next_try_at = now() + interval '1 h' WHERE id = $1", event.id)
    await api.delete(f"/api/contacts/{contact_id}")
    tried = "SELECT tries > 0 FROM erasure_numbers WHERE phone = $1"
    await eventually(lambda: pool.fetchval(tried, phone), what="the first look")
    assert await pool.fetchval(
        "SELECT payload::text LIKE $2 FROM webhook_events WHERE id = $1", event.id, f"%{phone}%"
    )
    await pool.execute("UPDATE webhook_events SET next_try_at = now() WHERE id = $1", event.id)
    processed = "SELECT status = 'processed' FROM webhook_events WHERE id = $1"
    await eventually(lambda: pool.fetchval(processed, event.id), what="the relay")
    await pool.execute("UPDATE erasure_numbers SET next_try_at = now()")
    await erased(api)
    assert await traces_of(pool, phone[1:]) == {}


async def test_an_erased_opt_out_is_honoured_on_every_way_in(api: httpx.AsyncClient, pool: Pool) -> None:
    """Issue: kept as a keyed hash, so that a later import or creation still refuses that number."""
    phone = next_phone()
    entry = (await api.post("/api/opt-outs", json={"phone": phone, "reason": "by e-mail of Zoé"})).json()
    await api.delete(f"/api/contacts/{entry['contact_id']}")
    await erased(api)
    assert await traces_of(pool, phone[1:]) == {}
    [listed] = [one for one in (await api.get("/api/opt-outs")).json()["items"] if one["id"] == entry["id"]]
    assert (listed["phone"], listed["reason"], listed["contact_id"]) == (None, None, None)
    assert listed["erased_at"] is not None

    async def repeated() -> Any:
        return (await api.post("/api/opt-outs", json={"phone": phone})).json()["id"]

    assert await repeated() == await repeated() == entry["id"]
    assert await interactions.record_opt_out(pool, phone, datetime.now(UTC)) == []
    assert await traces_of(pool, phone[1:]) == {}, "an opt-out brings no number back"

    for way in ("create", "small file", "file", "change"):
        contact_id = await _come_back(api, way, phone)
        shown = (await api.get(f"/api/contacts/{contact_id}")).json()
        assert shown["opted_out_at"] is not None, way
        assert await pool.fetchval("SELECT count(*) FROM suppressions WHERE phone = $1", phone) == 0
        await api.delete(f"/api/contacts/{contact_id}")
    await erased(api)
    assert await traces_of(pool, phone[1:]) == {}

    contact_id = await _come_back(api, "create", phone)
    removed = await api.delete(f"/api/opt-outs/{entry['id']}", params={"reason": "signed up again"})
    assert removed.status_code == 204
    assert (await api.get(f"/api/contacts/{contact_id}")).json()["opted_out_at"] is None


async def _come_back(api: httpx.AsyncClient, way: str, phone: str) -> str:
    match way:
        case "create":
            await add(api, phone)
        case "small file":
            (await api.post("/api/contacts/import", content=f"phone\n{phone}\n")).raise_for_status()
        case "file":
            imported = await api.post("/api/imports", content=f"phone\n{phone}\n".encode())
            await eventually(lambda: _has_ended(api, imported.json()["id"]), what="the import")
        case "change":
            other = await add(api, next_phone())
            (await api.patch(f"/api/contacts/{other['id']}", json={"phone": phone})).raise_for_status()
    [found] = (await api.get("/api/contacts", params={"q": phone})).json()["items"]
    return str(found["id"])


async def test_the_hash_is_hmac_sha256_under_the_key(pool: Pool) -> None:
    """So that a copy of the database does not tell whose numbers these are."""
    for key in (SUPPRESSION_KEY.get_secret_value(), "x" * 32, "y" * 200, "é" * 40):
        expected = hmac.new(key.encode(), b"+33639980001", hashlib.sha256).digest()
        async with pool.acquire() as connection, connection.transaction():
            for name, value in connection_settings(key).items():
                await connection.execute("SELECT set_config($1, $2, true)", name, value)
            assert await connection.fetchval("SELECT suppression_hash('+33639980001')") == expected


async def test_nothing_starts_and_nobody_comes_in_without_the_right_key(settings: Settings, pool: Pool) -> None:
    """Issue: refuse to start with a clear error, never send by mistake; a first erasure needs a key, too."""
    url = await new_database(str(settings.database_url))
    phone = next_phone()
    keyed = await database.connect(url, application="tests", suppression_key=SUPPRESSION_KEY)
    without = await database.connect(url, application="tests")
    async with keyed.acquire() as connection:
        await connection.execute("INSERT INTO contacts (phone, opted_out_at) VALUES ($1, now())", phone)
    contact_id = await keyed.fetchval("SELECT id::text FROM contacts")
    with pytest.raises(SuppressionKeyError, match="set RELANCE_SUPPRESSION_KEY"):
        await contact_lists.remove_contacts(without, [contact_id], actor="test")
    assert await keyed.fetchval("SELECT count(*) FROM erasures") == 0
    await contact_lists.remove_contacts(keyed, [contact_id], actor="test")
    await check_key(keyed)
    with pytest.raises(SuppressionKeyError, match="Set RELANCE_SUPPRESSION_KEY"):
        await check_key(without)
    with pytest.raises(Exception, match="this connection does not have"):
        await without.execute("INSERT INTO contacts (phone) VALUES ($1)", phone)
    for wrong in (None, "z" * 40):
        changed = settings.model_copy(
            update={"database_url": url, "suppression_key": wrong and type(SUPPRESSION_KEY)(wrong)}
        )
        with pytest.raises(SystemExit, match="RELANCE_SUPPRESSION_KEY"):
            async with client_of(create_app(changed)):
                raise AssertionError("it started")
    await asyncio.gather(keyed.close(), without.close())
