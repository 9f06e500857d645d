"""Monitoring, as somebody has it open on a second screen."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, Route, expect

from domain.messages import MessageType
from storage import alerts, monitoring, run_settings, senders, uptime
from storage.database import Pool
from tests.conftest import Town, next_phone
from tests.scene import open_scene
from tests.storage.test_counters import attempt
from tests.web.axe import keeps_nobody_out
from tests.web.conftest import Opener


async def test_senders_workers_and_the_cache_are_there_at_a_glance(open_page: Opener, town: Town) -> None:
    """P1, U7: room in contacts, who lives since when, hits and misses; and warnings as they come."""
    scene = await open_scene(town, 1, window_s=3600)
    # What a worker would find as well, if other tests have one running.
    for name, value in (("quota_per_day", 200), ("message_2_reserve", 0)):
        await run_settings.set_override(town.pool, name, value, sender_id=scene.sender.id, actor="test")
    await town.pool.execute(
        "UPDATE sender_paces SET quota = 200, expected_replies = 0, reply_rate = 0 WHERE sender_id = $1",
        scene.sender.id,
    )
    process_id = int(next_phone()[-6:])
    await monitoring.beat(town.pool, None, host="a-host", process_id=process_id)
    page = await open_page("/monitoring")
    row = page.get_by_role("table", name="Senders").get_by_role("row").filter(has_text=scene.sender.name)
    await expect(row).to_contain_text("0 of 200")
    await expect(row).to_contain_text("200 contacts")
    await expect(row).to_contain_text("Connected")
    await expect(page.get_by_role("row").filter(has_text=str(process_id))).to_contain_text("Alive")
    cache = page.get_by_role("region", name="Cache")
    await expect(cache).to_contain_text("Hit rate")
    await expect(cache).to_contain_text("Connected")
    await senders.stop_sender(town.pool, scene.sender.id, "3 messages failed in a row")
    warnings = page.get_by_role("region", name="Warnings")
    await expect(warnings).to_contain_text(f"{scene.sender.name} is stopped")
    await expect(warnings).to_contain_text("3 messages failed in a row.")


async def test_an_answer_that_does_not_come_leaves_the_last_one_and_says_so(open_page: Opener) -> None:
    """Old numbers that look new are worse than none."""
    page = await open_page("/monitoring")
    await expect(page.get_by_text("asked for anew every 5 seconds")).to_be_visible()

    async def refuse(route: Route) -> None:
        await route.fulfill(status=500, body="{}", content_type="application/problem+json")

    await page.route("**/api/monitoring/stats", refuse)
    await expect(page.get_by_text("Not up to date")).to_be_visible()
    await expect(page.get_by_role("region", name="Workers")).to_be_visible()


async def loaded(page: Page) -> None:
    """With everything that comes later."""
    await expect(page.get_by_role("region", name="Cache")).to_be_visible()


async def test_it_keeps_nobody_out_once_it_is_full(open_page: Opener, town: Town) -> None:
    """By the rules of axe."""
    scene = await open_scene(town, 1, window_s=3600)
    await attempt(scene, "reject", 0, MessageType.MESSAGE_1)
    await senders.stop_sender(town.pool, scene.sender.id, "the session is broken")
    page = await open_page("/monitoring", reduced_motion="reduce")
    await loaded(page)
    await keeps_nobody_out(page)


@pytest.fixture
async def unwatched(pool: Pool) -> AsyncIterator[None]:
    """Nobody looks whether what a test raises is true: a live worker would find Temporal well."""
    await pool.execute("UPDATE alert_looks SET looked_at = clock_timestamp() + interval '5 minutes'")
    yield
    await pool.execute("UPDATE alert_looks SET looked_at = '-infinity'")


@pytest.mark.usefixtures("unwatched")
async def test_availability_stands_against_its_target_and_alerts_are_said_in_words(
    open_page: Opener, town: Town
) -> None:
    """W2, W3: what is measured of each part, and what people were told of."""
    await uptime.seen(town.pool, None, "worker")
    await alerts.raise_alert(town.pool, "component_down", "temporal", {"since": "now"})
    page = await open_page("/monitoring", locale="fr-FR")
    await expect(page.get_by_role("region", name="Alertes")).to_contain_text("Aucun signe de vie de temporal")
    await alerts.resolve(town.pool, "component_down", "temporal")
    await expect(page.get_by_text("Aucun signe de vie de temporal")).to_have_count(0)
    table = page.get_by_role("table", name="Disponibilité")
    await expect(table.get_by_role("row").filter(has_text="API")).to_contain_text("%", timeout=70_000)
    await expect(table).to_contain_text("30 jours")
