"""Every page, in both themes and at two sizes, by the rules of axe; and what only a keyboard can tell."""

import pytest
from playwright.async_api import expect

from domain.messages import MessageType
from storage import senders
from tests.conftest import Town
from tests.scene import open_scene
from tests.storage.test_counters import attempt
from tests.web.axe import keeps_nobody_out
from tests.web.conftest import Opener

LONG_NAME = "Anticonstitutionnellement" * 8
# Path, and whether somebody is signed in there. A new page gets a line here; {campaign} is one that runs.
PAGES = {
    "sign in": ("/", False),
    "overview": ("/", True),
    "senders": ("/senders", True),
    "monitoring": ("/monitoring", True),
    "settings": ("/settings", True),
    "log": ("/settings?tab=audit", True),
    "users": ("/users", True),
    "profile": ("/profile", True),
    "campaigns": ("/campaigns", True),
    "new campaign": ("/campaigns/new", True),
    "campaign": ("/campaigns/{campaign}", True),
    "its contacts": ("/campaigns/{campaign}?tab=contacts", True),
    "its senders": ("/campaigns/{campaign}?tab=senders", True),
    "messages": ("/messages", True),
    "contacts": ("/contacts", True),
    "opt-outs": ("/contacts?tab=opt-outs", True),
    "import": ("/contacts/import", True),
    "categories": ("/categories", True),
}


@pytest.mark.parametrize("name", PAGES)
async def test_nothing_keeps_anybody_out(open_page: Opener, town: Town, name: str) -> None:
    """Contrast, names, roles, order; and nothing is wider than the screen, also when it is turned or dimmed."""
    path, signed_in = PAGES[name]
    scene = await open_scene(town, 2, window_s=3600)
    await attempt(scene, "accept", 0, MessageType.MESSAGE_1)
    await town.pool.execute("UPDATE campaigns SET name = $2 WHERE id = $1", scene.campaign.id, LONG_NAME)
    await town.pool.execute("UPDATE senders SET name = $2 WHERE id = $1", scene.sender.id, LONG_NAME)
    await senders.stop_sender(town.pool, scene.sender.id, LONG_NAME)
    page = await open_page(
        path.format(campaign=scene.campaign.id), signed_in=signed_in, reduced_motion="reduce"
    )
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(page.locator(".skeleton")).to_have_count(0)
    await keeps_nobody_out(page)


async def test_the_keyboard_alone_is_enough(open_page: Opener) -> None:
    """Past the navigation, through the menu and back, through a chart."""
    page = await open_page()
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#content")).to_be_focused()

    person = page.get_by_role("button", name="Person")
    await person.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem", name="Profile")).to_be_focused()
    await page.keyboard.press("End")
    await expect(page.get_by_role("menuitem", name="Sign out")).to_be_focused()
    await page.keyboard.press("Home")
    for _ in range(3):
        await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(person).to_be_focused()


async def test_a_chart_is_gone_through_point_by_point(open_page: Opener, town: Town) -> None:
    """By arrow keys; the same numbers are there as a table."""
    scene = await open_scene(town, 1, window_s=3600)
    await attempt(scene, "accept", 0, MessageType.MESSAGE_1)
    page = await open_page()
    chart = page.get_by_role("group", name="Messages by day")
    await chart.focus()
    await page.keyboard.press("End")
    await expect(chart.get_by_role("status")).to_contain_text("Message 1")
    await page.keyboard.press("Escape")
    await expect(chart.get_by_role("status")).to_be_hidden()
    await page.get_by_text("Show as a table").click()
    await expect(page.get_by_role("table", name="Messages by day").get_by_role("row")).to_have_count(8)
