"""Which numbers are on WhatsApp: only a clear answer is stored, at a rate that all workers keep together."""

import asyncio
from functools import partial
from time import monotonic

import httpx
from temporalio.testing import ActivityEnvironment

from activities.number_checks import NumberCheckActivities
from local.addresses import SANDBOX_TOKEN
from providers.wassenger import WassengerGateway
from settings import Settings
from storage import contact_lists, contacts, number_checks
from storage.database import Pool
from storage.number_checks import NumberCheck
from tests.conftest import Town, eventually
from tests.providers.scripted import refused_url

FAST = 6000.0
ON_A_BREAK = "SELECT next_at > clock_timestamp() + interval '0.5 s' FROM number_check_pace"


async def check(
    town: Town, settings: Settings, check_id: str, *, per_minute: float = FAST, token: str = SANDBOX_TOKEN
) -> NumberCheck:
    """One run of the activity, and what came of it."""
    gateway = WassengerGateway(base_url=settings.wassenger_url, token=token, timeout_s=2)
    try:
        activities = NumberCheckActivities(town.pool, gateway, per_minute)
        assert not await ActivityEnvironment().run(activities.check_numbers, check_id)
    finally:
        await gateway.close()
    found = await number_checks.get_check(town.pool, check_id)
    assert found is not None
    return found


async def states(pool: Pool, phones: list[str]) -> list[str]:
    """What we think of each number."""
    rows = await pool.fetch("SELECT whatsapp FROM contacts WHERE phone = ANY($1) ORDER BY phone", phones)
    return [row["whatsapp"] for row in rows]


async def asked(pool: Pool, category_id: str) -> str:
    """A request for a category."""
    return (await number_checks.add_check(pool, category_id=category_id, contact_ids=None, recheck=False)).id


async def test_both_ways_of_saying_no_are_understood(
    town: Town, settings: Settings, sandbox: httpx.AsyncClient
) -> None:
    """As an answer and as a 404."""
    for style in ("exists_false", "not_found"):
        (await sandbox.post("/control/settings", json={"number_check": style})).raise_for_status()
        category_id, phones = await town.people([{"on_whatsapp": True}, {"on_whatsapp": False}])
        done = await check(town, settings, await asked(town.pool, category_id))
        assert (done.state, done.total, done.checked) == ("completed", 2, 2)
        assert (done.on_whatsapp, done.not_on_whatsapp, done.undecided) == (1, 1, 0)
        assert await states(town.pool, phones) == ["yes", "no"]


async def test_a_request_for_a_break_is_honoured_and_decides_nothing(
    town: Town, settings: Settings, sandbox: httpx.AsyncClient
) -> None:
    """429: the same number is asked about again, after the break."""
    category_id, phones = await town.people([{"on_whatsapp": True}])
    fault = {"target": "numbers.post", "kind": "status", "http_status": 429, "retry_after_s": 1, "count": 2}
    (await sandbox.post("/control/faults", json={**fault, "match_phone": phones[0]})).raise_for_status()
    began = monotonic()
    done = await check(town, settings, await asked(town.pool, category_id))
    assert monotonic() - began >= 2
    assert (done.checked, done.on_whatsapp) == (1, 1)


async def test_an_error_never_becomes_a_no(
    town: Town, settings: Settings, sandbox: httpx.AsyncClient, pool: Pool
) -> None:
    """A gateway that refuses a number leaves it unknown, and goes on."""
    category_id, phones = await town.people([{"on_whatsapp": True}] * 2)
    fault = {"target": "numbers.post", "kind": "status", "http_status": 400, "match_phone": phones[0]}
    (await sandbox.post("/control/faults", json=fault)).raise_for_status()
    done = await check(town, settings, await asked(pool, category_id))
    assert (done.state, done.undecided, done.on_whatsapp) == ("completed", 1, 1)
    assert await states(pool, phones) == ["unknown", "yes"]


async def test_a_wrong_token_fails_the_check_and_not_its_numbers(town: Town, settings: Settings) -> None:
    category_id, phones = await town.people([{"on_whatsapp": False}])
    done = await check(town, settings, await asked(town.pool, category_id), token="wrong")
    assert (done.state, done.checked) == ("failed", 0)
    assert "401" in str(done.error)
    assert await states(town.pool, phones) == ["unknown"]


async def test_a_gateway_that_is_away_is_waited_for(town: Town, pool: Pool) -> None:
    """Nothing is decided meanwhile, and the check goes on."""
    category_id, phones = await town.people([{"on_whatsapp": False}])
    check_id = await asked(pool, category_id)
    gateway = WassengerGateway(base_url=refused_url(), token=SANDBOX_TOKEN, timeout_s=1)
    environment = ActivityEnvironment()
    running = asyncio.create_task(
        environment.run(NumberCheckActivities(pool, gateway, FAST).check_numbers, check_id)
    )
    _done, still_running = await asyncio.wait([running], timeout=1)
    assert still_running
    environment.cancel()
    await asyncio.wait([running])
    await gateway.close()
    await pool.execute("UPDATE number_check_pace SET next_at = 'epoch'")
    found = await number_checks.get_check(pool, check_id)
    assert found is not None
    assert (found.state, found.checked) == ("running", 0)
    assert await states(pool, phones) == ["unknown"]


async def test_known_answers_are_asked_for_again_only_when_somebody_wants_it(
    town: Town, settings: Settings, pool: Pool
) -> None:
    category_id, phones = await town.people([{"on_whatsapp": True}] * 2)
    await pool.execute("UPDATE contacts SET whatsapp = 'no' WHERE phone = $1", phones[0])
    first = await check(town, settings, await asked(pool, category_id))
    assert (first.total, first.checked) == (1, 1)
    assert await states(pool, phones) == ["no", "yes"]
    rows = await pool.fetch("SELECT id::text FROM contacts WHERE phone = ANY($1)", phones)
    again = await number_checks.add_check(
        pool, category_id=None, contact_ids=[row["id"] for row in rows], recheck=True
    )
    assert (await check(town, settings, again.id)).on_whatsapp == 2


async def test_an_answer_about_an_old_number_is_not_taken_for_the_new_one(
    town: Town, settings: Settings, sandbox: httpx.AsyncClient, pool: Pool
) -> None:
    """Whoever gets another number while the gateway is asked is asked about again."""
    category_id, phones = await town.people([{"on_whatsapp": False}, {"on_whatsapp": False}])
    _category, [new_phone] = await town.people([{"on_whatsapp": True}])
    rows = await pool.fetch("SELECT phone, id::text FROM contacts WHERE phone = ANY($1)", [*phones, new_phone])
    ids = {row["phone"]: row["id"] for row in rows}
    await contact_lists.remove_contacts(pool, [ids[new_phone]], actor="test")
    fault = {"target": "numbers.post", "kind": "status", "http_status": 429, "retry_after_s": 1, "count": 1}
    (await sandbox.post("/control/faults", json={**fault, "match_phone": phones[0]})).raise_for_status()
    checking = asyncio.create_task(check(town, settings, await asked(pool, category_id)))
    await eventually(partial(pool.fetchval, ON_A_BREAK), what="the break")
    await contacts.change_contact(pool, ids[phones[0]], {"phone": new_phone}, None)
    done = await checking
    assert (done.state, done.checked, done.on_whatsapp, done.not_on_whatsapp) == ("completed", 2, 1, 1)
    assert await states(pool, [new_phone]) == ["yes"]


async def test_two_checks_keep_the_rate_together(town: Town, settings: Settings, pool: Pool) -> None:
    """600 a minute are one in a tenth of a second, for everybody together."""
    checks = [await asked(pool, (await town.people([{"on_whatsapp": True}] * 5))[0]) for _ in range(2)]
    began = monotonic()
    await asyncio.gather(*(check(town, settings, check_id, per_minute=600) for check_id in checks))
    assert monotonic() - began >= 0.9


async def test_a_cancelled_check_asks_nothing(town: Town, settings: Settings, pool: Pool) -> None:
    category_id, phones = await town.people([{"on_whatsapp": True}])
    check_id = await asked(pool, category_id)
    assert await number_checks.finish_check(pool, check_id, "cancelled")
    assert (await check(town, settings, check_id)).state == "cancelled"
    assert await states(pool, phones) == ["unknown"]
