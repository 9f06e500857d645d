"""Categories: made, renamed, coloured, deleted, and the ways from them to contacts and campaigns."""

import httpx
from playwright.async_api import Route, expect

from tests.conftest import Town, next_phone
from tests.scene import open_scene
from tests.web.axe import keeps_nobody_out
from tests.web.conftest import Opener

FRENCH = {"locale": "fr-FR"}


async def test_an_error_takes_back_its_own_change_alone(open_page: Opener, api: httpx.AsyncClient) -> None:
    """What could not be made goes, what could stays; a name that is taken can be corrected."""
    mark = next_phone()
    await api.post("/api/categories", json={"name": f"Taken {mark}"})
    page = await open_page(f"/categories?q={mark[1:]}")
    rows = page.get_by_role("row").filter(has_text=mark)
    await expect(rows).to_have_count(1)
    form = page.get_by_role("dialog")

    async def add(name: str) -> None:
        await page.get_by_role("button", name="New category").first.click()
        await form.get_by_label("Name").fill(f"{name} {mark}")
        await form.get_by_role("button", name="Create the category").click()

    async def refuse(route: Route) -> None:
        if "Broken" in (route.request.post_data or ""):
            await route.fulfill(status=500, json={"title": "Broken", "status": 500, "detail": "it broke"})
        else:
            await route.continue_()

    await page.route("**/api/categories", refuse)
    await add("Broken")
    await add("Whole")
    alert = page.locator(".toast").filter(has_text=f"Broken {mark} was not created")
    await expect(alert).to_contain_text("The server has a problem")
    await expect(rows.filter(has_text="Whole")).to_be_visible()
    await expect(rows.filter(has_text="Broken")).to_be_hidden()
    await page.unroute("**/api/categories")
    await alert.get_by_role("button", name="Try again").click()
    await expect(rows.filter(has_text="Broken")).to_be_visible()

    await add("Taken")
    await page.locator(".toast").get_by_role("button", name="Correct it").click()
    await expect(form.get_by_text("Another category has this name.")).to_be_visible()
    await expect(form.get_by_label("Name")).to_have_value(f"Taken {mark}")


async def test_a_category_that_a_campaign_needs_stays(
    open_page: Opener, town: Town, api: httpx.AsyncClient
) -> None:
    """And the page says which campaign it is."""
    scene = await open_scene(town, 1, window_s=3600)
    # The API caches the list, and hears of nothing that is stored without it.
    (await api.post("/api/categories", json={"name": f"Newest {next_phone()}"})).raise_for_status()
    await town.pool.execute("UPDATE campaigns SET name = 'Still going' WHERE id = $1", scene.campaign.id)
    page = await open_page(f"/categories?q={scene.phones[0][1:]}", **FRENCH)
    row = page.get_by_role("row").filter(has_text=scene.phones[0])
    await row.get_by_role("button", name="Actions").click()
    await page.get_by_role("menuitem", name="Supprimer").click()
    await page.get_by_role("dialog").get_by_role("button", name="Supprimer la catégorie").click()
    await expect(page.locator(".toast")).to_contain_text("Still going")
    await expect(row).to_be_visible()


async def test_nothing_of_it_keeps_anybody_out(open_page: Opener, town: Town) -> None:
    """List and form by the rules of axe."""
    await town.people([{}])
    page = await open_page("/categories", reduced_motion="reduce")
    await expect(page.get_by_role("row").nth(1)).to_be_visible()
    await page.get_by_role("row").nth(1).get_by_role("button", name="Actions").click()
    await page.get_by_role("menuitem", name="Edit").click()
    await expect(page.get_by_role("dialog").get_by_label("Name")).to_be_focused()
    await keeps_nobody_out(page)
