"""What goes wrong while something is written is taken back alone, and trying again does it; sessions end."""

import re
from collections.abc import Callable
from uuid import uuid4

import httpx
from playwright.async_api import Locator, Page, expect

from storage import campaigns
from tests.api.people import PASSWORD, Door
from tests.conftest import Town, eventually, next_phone
from tests.scene import open_scene
from tests.web.conftest import Opener
from tests.web.faults import FAULTS, fail_once


async def is_said_and_tried_again(page: Page, fault: str, what: str, taken_back: Callable[[], Locator]) -> None:
    """What happened and why; the screen is as the server has it; one click does it after all."""
    alert = page.locator(".toast").filter(has_text=what)
    await expect(alert).to_contain_text(FAULTS[fault])
    await expect(taken_back()).to_be_visible()
    await alert.get_by_role("button", name="Try again").click()
    await expect(alert).to_be_hidden()


async def test_contacts_that_could_not_be_written(
    open_page: Opener, town: Town, api: httpx.AsyncClient
) -> None:
    """003 property 3: changed, deleted, added, each failing in another way; the others stay as they are."""
    category_id, phones = await town.people([{}, {}])
    new = next_phone()
    page = await open_page(f"/contacts?category_id={category_id}")
    rows = page.get_by_role("row").filter(has_text=re.compile(r"\+33"))
    await expect(rows).to_have_count(2)
    form = page.get_by_role("dialog")

    async def rename(who: str, to: str) -> None:
        await page.get_by_role("button", name=f"Actions for {who}").click()
        await page.get_by_role("menuitem", name="Edit").click()
        await form.get_by_label("Name (optional)").fill(to)
        await form.get_by_role("button", name="Save").click()

    await fail_once(page, "**/api/contacts/*", "PATCH", "503")
    await rename("N0", "Ana")
    await rename("N1", "Bea")
    await expect(rows.filter(has_text="Bea")).to_be_visible()
    await is_said_and_tried_again(page, "503", "not changed", lambda: rows.filter(has_text="N0"))
    await expect(rows.filter(has_text="Ana")).to_be_visible()
    await expect(rows.filter(has_text="Bea")).to_be_visible()

    await fail_once(page, "**/api/contacts/*", "DELETE", "cut")
    await page.get_by_role("button", name="Actions for Ana").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await form.get_by_role("button", name="Delete the contact").click()
    await is_said_and_tried_again(page, "cut", "not deleted", lambda: rows.filter(has_text="Ana"))
    await expect(rows).to_have_count(1)

    await fail_once(page, "**/api/contacts", "POST", "500")
    await page.get_by_role("button", name="New contact").click()
    await form.get_by_label("Number").fill(new)
    await form.get_by_label("Name (optional)").fill("Cleo")
    await form.get_by_role("button", name="Add the contact").click()
    await is_said_and_tried_again(page, "500", "not added", lambda: rows.filter(has_text="Bea"))

    async def stored() -> bool:
        names = [
            [each["name"] for each in (await api.get("/api/contacts", params={"q": phone})).json()["items"]]
            for phone in (*phones, new)
        ]
        return names == [[], ["Bea"], ["Cleo"]]

    await eventually(stored, what="what was tried again")


async def test_categories_that_could_not_be_written(open_page: Opener, api: httpx.AsyncClient) -> None:
    """003 property 3."""
    mark = next_phone()
    for name in ("Alpha", "Bravo"):
        await api.post("/api/categories", json={"name": f"{name} {mark}"})
    page = await open_page(f"/categories?q={mark[1:]}")
    rows = page.get_by_role("row").filter(has_text=mark)
    await expect(rows).to_have_count(2)
    form = page.get_by_role("dialog")

    async def choose(name: str, action: str) -> None:
        await rows.filter(has_text=name).get_by_role("button", name="Actions").click()
        await page.get_by_role("menuitem", name=action).click()

    await fail_once(page, "**/api/categories/*", "PATCH", "cut")
    await choose("Alpha", "Edit")
    await form.get_by_label("Name").fill(f"Renamed {mark}")
    await form.get_by_role("button", name="Save").click()
    await is_said_and_tried_again(page, "cut", "not changed", lambda: rows.filter(has_text="Alpha"))
    await expect(rows.filter(has_text="Renamed")).to_be_visible()

    await fail_once(page, "**/api/categories/*", "DELETE", "500")
    await choose("Bravo", "Delete")
    await form.get_by_role("button", name="Delete the category").click()
    await is_said_and_tried_again(page, "500", "not deleted", lambda: rows.filter(has_text="Bravo"))
    await expect(rows).to_have_count(1)

    await fail_once(page, "**/api/categories", "POST", "503")
    await page.get_by_role("button", name="New category").first.click()
    await form.get_by_label("Name").fill(f"Third {mark}")
    await form.get_by_role("button", name="Create the category").click()
    await is_said_and_tried_again(page, "503", "not created", lambda: rows.filter(has_text="Renamed"))
    await expect(rows.filter(has_text="Third")).to_be_visible()

    async def stored() -> bool:
        listed = (await api.get("/api/categories", params={"q": mark})).json()["items"]
        return sorted(each["name"].split()[0] for each in listed) == ["Renamed", "Third"]

    await eventually(stored, what="what was tried again")


async def test_campaigns_that_could_not_be_written(open_page: Opener, town: Town) -> None:
    """003 property 3: copied and deleted in the list, renamed on its page."""
    mark = uuid4().hex[:8]
    category_id, _phones = await town.people([{}])
    sender = await town.sender()
    draft = await town.campaign(category_id, [sender.id], name=f"Draft {mark}")
    page = await open_page(f"/campaigns?q={mark}")
    rows = page.get_by_role("list", name="Campaigns").get_by_role("listitem")
    await expect(rows).to_have_count(1)

    async def choose(name: str, action: str) -> None:
        await page.get_by_role("button", name=f"More about {name}").click()
        await page.get_by_role("menuitem", name=action).click()

    await fail_once(page, "**/api/campaigns/*/duplicate", "POST", "500")
    await choose(f"Draft {mark}", "Duplicate")
    await is_said_and_tried_again(page, "500", "not duplicated", lambda: rows.filter(has_text=f"Draft {mark}"))
    await expect(rows).to_have_count(2)

    await fail_once(page, f"**/api/campaigns/{draft.id}", "DELETE", "503")
    await choose(f"Draft {mark}", "Delete the draft")
    await page.get_by_role("dialog").get_by_role("button", name="Delete the draft").click()
    await is_said_and_tried_again(page, "503", "not deleted", lambda: rows.filter(has_not_text="Copy of"))
    await expect(rows).to_have_count(1)

    scene = await open_scene(town, 1, window_s=3600)
    await page.goto(f"/campaigns/{scene.campaign.id}")
    await fail_once(page, f"**/api/campaigns/{scene.campaign.id}", "PATCH", "cut")
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name="Rename").click()
    await page.get_by_role("dialog").get_by_label("Name").fill(f"Renamed {mark}")
    await page.keyboard.press("Enter")
    before = page.get_by_role("heading", level=1, name=scene.campaign.name)
    await is_said_and_tried_again(page, "cut", "name was not saved", lambda: before)
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"Renamed {mark}")

    async def stored() -> bool:
        found = await campaigns.get_campaign(town.pool, scene.campaign.id)
        return found is not None and found.name == f"Renamed {mark}"

    await eventually(stored, what="the name")
    assert await campaigns.get_campaign(town.pool, draft.id) is None


async def test_a_session_that_ends_while_somebody_types_costs_nothing(
    open_page: Opener, door: Door, api: httpx.AsyncClient
) -> None:
    """The sign-in comes over the form; what was typed is there afterwards, and is saved."""
    phone = next_phone()
    page = await open_page("/contacts")
    name = await page.locator(".sidebar .person-name").inner_text()
    await page.get_by_role("button", name="New contact").click()
    form = page.get_by_role("dialog", name="New contact")
    await form.get_by_label("Name (optional)").fill("Zoé Exemple")
    await form.get_by_label("Number").fill(phone[:6])
    await door.pool.execute("DELETE FROM sessions WHERE user_id = (SELECT id FROM users WHERE name = $1)", name)
    # Something happens that makes the page ask anew.
    (await api.post("/api/contacts", json={"phone": next_phone()})).raise_for_status()
    await page.evaluate(
        "dispatchEvent(new Event('focus')); document.dispatchEvent(new Event('visibilitychange'))"
    )
    await form.get_by_label("Number").press("End")
    await page.keyboard.type(phone[6:])
    await form.get_by_role("button", name="Add the contact").click()
    again = page.get_by_role("dialog", name="Please sign in again")
    await expect(again).to_be_visible()
    await again.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(again).to_be_hidden()
    await expect(page.get_by_role("row").filter(has_text="Zoé Exemple")).to_be_visible()

    async def stored() -> bool:
        items = (await api.get("/api/contacts", params={"q": phone})).json()["items"]
        return [each["name"] for each in items] == ["Zoé Exemple"]

    await eventually(stored, what="the contact")
