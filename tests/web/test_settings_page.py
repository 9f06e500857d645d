"""Settings by subject, for everything or for one sender, and the log of who changed them."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Locator, Page, Route, expect

from domain.access import Role
from storage import run_settings
from storage.database import Pool
from tests.conftest import Town
from tests.web.axe import violations
from tests.web.conftest import Opener
from tests.web.faults import BROKEN, answer_with


@pytest.fixture(autouse=True)
async def undisturbed(pool: Pool) -> AsyncIterator[None]:
    """What counts for everything counts for other tests too."""
    yield
    await pool.execute("DELETE FROM settings WHERE scope = 'global'")


def row(page: Page, label: str) -> Locator:
    """One setting."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=label, exact=True))


async def change(page: Page, label: str, value: str, words: tuple[str, str] = ("Change", "Save")) -> Locator:
    """Types a new value and saves it."""
    await row(page, label).get_by_role("button", name=words[0]).click()
    dialog = page.get_by_role("dialog", name=label)
    await dialog.get_by_label(label).last.fill(value)
    await dialog.get_by_role("button", name=words[1]).click()
    return dialog


async def test_one_sender_may_differ(open_page: Opener, town: Town) -> None:
    """It has an address; only what can differ is shown, and everything else stays as it is."""
    sender = await town.sender()
    page = await open_page(f"/settings?for=sender:{sender.id}")
    await expect(page.get_by_label("Values for")).to_have_value(f"sender:{sender.id}")
    await expect(row(page, "Quota of a sender")).to_be_visible()
    await expect(row(page, "Batch")).to_be_hidden()
    await change(page, "Quota of a sender", "321")
    await expect(row(page, "Quota of a sender")).to_contain_text("For this sender")
    await page.get_by_label("Values for").select_option("Everything")
    await expect(row(page, "Batch")).to_be_visible()
    await expect(row(page, "Quota of a sender")).not_to_contain_text("321")


async def test_a_change_that_fails_takes_back_itself_alone(open_page: Opener) -> None:
    """What was changed a moment before stays; trying again from the message works."""
    page = await open_page("/settings")
    await answer_with(page, "**/api/settings/adaptive_from_contacts", "PUT", BROKEN)
    await change(page, "Irregularity", "55")
    await change(page, "Large campaigns", "1234")
    await expect(page.get_by_text("“Large campaigns” was not changed", exact=True)).to_be_visible()
    await expect(row(page, "Irregularity")).to_contain_text("55%")
    await expect(row(page, "Large campaigns")).to_contain_text("500 contacts")
    await page.get_by_role("button", name="Try again").click()
    await expect(row(page, "Large campaigns")).to_contain_text("1,234 contacts")


async def test_what_the_api_refuses_can_be_corrected(open_page: Opener) -> None:
    """The dialog comes back with what was typed and what is wrong with it."""
    page = await open_page("/settings")
    problem = {"title": "Invalid value", "status": 422, "detail": "this zone is closed"}
    await answer_with(page, "**/api/settings/timezone", "PUT", problem)
    dialog = await change(page, "Time zone", "Europe/Lisbon")
    await expect(dialog.get_by_text("this zone is closed")).to_be_visible()
    await expect(dialog.get_by_label("Time zone").last).to_have_value("Europe/Lisbon")


async def test_the_log_says_who_changed_what(open_page: Opener, town: Town, pool: Pool) -> None:
    """In words, filtered by subject in the address."""
    sender = await town.sender()
    await run_settings.set_override(pool, "quota_per_day", 250, sender_id=sender.id, actor="Camille")
    await run_settings.set_override(pool, "jitter", 0.5, actor="Camille")
    page = await open_page("/settings?tab=audit&about=sender", locale="fr-FR")
    entry = page.get_by_role("row").filter(has_text=sender.name)
    await expect(entry).to_contain_text("Camille")
    await expect(entry).to_contain_text("Quota d’un expéditeur")
    await expect(entry).to_contain_text("250 messages")
    await expect(page.get_by_role("row").filter(has_text="Irrégularité")).to_have_count(0)
    await page.get_by_label("À propos de").select_option("Réglages")
    await expect(page.get_by_role("row").filter(has_text="Irrégularité").first).to_contain_text("50")
    assert "about=setting" in page.url
    assert await violations(page) == []


async def test_the_keys_of_everybody_are_for_super_admins(open_page: Opener) -> None:
    """Others find their own on their profile."""
    page = await open_page("/settings?tab=keys", role=Role.SUPER_ADMIN)
    await expect(page.get_by_role("region", name="Keys of everybody")).to_be_visible()
    page = await open_page("/settings?tab=keys")
    await expect(page.get_by_role("tab", name="Settings")).to_have_attribute("aria-selected", "true")
    await expect(page.get_by_role("tab", name="API keys")).to_be_hidden()


async def test_a_test_of_the_alerts_says_whether_they_arrive(open_page: Opener) -> None:
    """W2: without a destination it says what to set; with one, its address is not shown."""
    page = await open_page("/settings")
    card = page.get_by_role("region", name="Alerts")
    await expect(card).to_contain_text("set RELANCE_ALERT_URLS")
    await expect(card.get_by_role("button")).to_have_count(0)

    async def destinations(route: Route) -> None:
        await route.fulfill(json=[{"service": "slack", "understood": True}])

    async def tested(route: Route) -> None:
        await route.fulfill(json=[{"service": "slack", "reached": False}])

    await page.route("**/api/alerts/destinations", destinations)
    await page.route("**/api/alerts/test", tested)
    await page.reload()
    await expect(card).to_contain_text("slack")
    assert await violations(page) == []
    await card.get_by_role("button", name="Send a test").click()
    await expect(page.get_by_text("The test has not reached: slack").first).to_be_attached()
