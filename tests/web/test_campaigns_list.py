"""The list of campaigns: live, filtered by the address, and changed at once."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from playwright.async_api import Locator, Page, Route, expect

from domain.access import Role
from domain.messages import MessageType
from storage import campaigns
from storage.passwords import hash_password
from tests.apart import new_database
from tests.api.people import PASSWORD, Door
from tests.conftest import Town, eventually
from tests.scene import open_scene
from tests.storage.test_counters import attempt, react
from tests.web.conftest import Opener, serving

SILENT: dict[str, Any] = {"script": []}


def row(page: Page, name: str) -> Locator:
    """The campaign of that name."""
    return (
        page.get_by_role("list", name=re.compile("Campaigns|Campagnes"))
        .get_by_role("listitem")
        .filter(has_text=name)
    )


async def draft(town: Town, name: str) -> str:
    """A stored draft to one person; its id."""
    category_id, _phones = await town.people([SILENT])
    return (await town.campaign(category_id, [(await town.sender()).id], name=name)).id


async def test_progress_is_seen_as_it_is_made(open_page: Opener, town: Town) -> None:
    """U6: contacts, reactions and states, without doing anything."""
    name = f"Live {uuid4().hex[:6]}"
    scene = await open_scene(town, 2, window_s=3600)
    await town.pool.execute("UPDATE campaigns SET name = $2 WHERE id = $1", scene.campaign.id, name)
    page = await open_page(f"/campaigns?q={name}")
    line = row(page, name)
    await expect(line).to_contain_text("0 of 2 people done")
    await expect(line.get_by_role("img")).to_have_attribute(
        "aria-label", re.compile("Waiting for a reaction: 0")
    )
    await attempt(scene, "accept", 0, MessageType.MESSAGE_1)
    await expect(line.get_by_role("img")).to_have_attribute(
        "aria-label", re.compile("Waiting for a reaction: 1")
    )
    await react(scene, 0, timedelta(0))
    await expect(line).to_contain_text("1 reaction", timeout=20_000)
    await attempt(scene, "reject", 1, MessageType.MESSAGE_1)
    await expect(line).to_contain_text("1 of 2 people done", timeout=20_000)
    await campaigns.pause_campaign(scene.pool, scene.campaign.id, "all")
    await expect(line).to_contain_text("Paused", timeout=20_000)
    await expect(line).to_contain_text("Both messages are held back")
    await expect(line.get_by_role("button", name="Resume")).to_be_visible()


async def test_filters_stand_in_the_address(open_page: Opener, town: Town) -> None:
    """Loaded again, or sent on, it shows the same; the keyboard moves through the tabs."""
    word = uuid4().hex[:8]
    await draft(town, f"{word} brouillon")
    scene = await open_scene(town, 1, window_s=3600)
    await town.pool.execute("UPDATE campaigns SET name = $2 WHERE id = $1", scene.campaign.id, f"{word} lancée")
    page = await open_page("/campaigns", locale="fr-FR")
    await page.get_by_label("Rechercher par nom").fill(word)
    await expect(row(page, word)).to_have_count(2)
    await page.get_by_role("tab", name="Brouillons").click()
    await expect(row(page, word)).to_have_count(1)
    await expect(page).to_have_url(re.compile(f"status=draft.*q={word}|q={word}.*status=draft"))
    await page.reload()
    await expect(page.get_by_label("Rechercher par nom")).to_have_value(word)
    await expect(row(page, word)).to_contain_text("brouillon")
    await page.get_by_role("tab", name="Brouillons").press("ArrowRight")
    await expect(page.get_by_role("tab", name="Programmées")).to_be_focused()
    await expect(page.get_by_text("Aucune campagne ne correspond")).to_be_visible()
    await page.get_by_role("link", name="Tout afficher").click()
    await expect(page.get_by_label("Rechercher par nom")).to_have_value("")


async def test_a_draft_is_copied_and_deleted(open_page: Opener, town: Town) -> None:
    """The copy is named in the maker's language; what cannot be deleted comes back and can be tried again."""
    name = f"Salon {uuid4().hex[:6]}"
    campaign_id = await draft(town, name)
    page = await open_page(f"/campaigns?q={name}", locale="fr-FR")
    await page.get_by_role("button", name=f"Autres actions pour {name}").click()
    await page.get_by_role("menuitem", name="Dupliquer").click()
    await expect(row(page, f"Copie de {name}")).to_be_visible()
    await expect(page.get_by_text("La copie est prête, en brouillon").last).to_be_visible()
    copies = await town.pool.fetchval("SELECT count(*) FROM campaigns WHERE name = $1", f"Copie de {name}")
    assert copies == 1

    async def refuse(route: Route) -> None:
        await (route.abort() if route.request.method == "DELETE" else route.fallback())

    await page.context.route(f"**/api/campaigns/{campaign_id}", refuse)
    line = row(page, name).filter(has_not_text="Copie de")
    await line.get_by_role("button", name="Autres actions").click()
    await page.get_by_role("menuitem", name="Supprimer le brouillon").click()
    dialog = page.get_by_role("dialog", name=re.compile("Supprimer ce brouillon"))
    await expect(dialog).to_contain_text("avec ses deux messages")
    await dialog.get_by_role("button", name="Supprimer le brouillon").click()
    await expect(page.get_by_text("Le brouillon n’a pas été supprimé").last).to_be_visible()
    await expect(line).to_be_visible()
    await page.context.unroute_all()
    await page.get_by_role("button", name="Réessayer").click()
    await expect(line).to_be_hidden()

    async def gone() -> bool:
        return await campaigns.get_campaign(town.pool, campaign_id) is None

    await eventually(gone, what="the deletion")


async def test_a_paused_campaign_goes_on_with_one_press(
    open_page: Opener, town: Town, api: httpx.AsyncClient
) -> None:
    """Seen before the server has answered, and true afterwards."""
    name = f"Pause {uuid4().hex[:6]}"
    scene = await open_scene(town, 1, window_s=3600)
    await town.pool.execute("UPDATE campaigns SET name = $2 WHERE id = $1", scene.campaign.id, name)
    await campaigns.pause_campaign(scene.pool, scene.campaign.id, "message_1")
    page = await open_page(f"/campaigns?q={name}")
    line = row(page, name)
    await line.get_by_role("button", name="Resume").click()
    await expect(line.get_by_text("Running", exact=True)).to_be_visible()

    async def running() -> bool:
        return bool((await api.get(f"/api/campaigns/{scene.campaign.id}")).json()["status"] == "running")

    await eventually(running, what="the campaign")


async def test_without_campaigns_the_list_leads_to_the_first_one(open_page: Opener, door: Door) -> None:
    """An installation of its own, as it is on the first day."""
    url = await new_database(str(door.settings.database_url))
    async with serving(door.settings.model_copy(update={"database_url": url})) as base_url:
        connection = await asyncpg.connect(url)
        await connection.execute(
            "UPDATE users SET password_hash = $1, must_change_password = false WHERE role = $2",
            await hash_password(PASSWORD),
            Role.SUPER_ADMIN,
        )
        await connection.close()
        page = await open_page("/campaigns", base_url=base_url, signed_in=False)
        await page.get_by_label("Name").fill("admin")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("No campaign yet")).to_be_visible()
        await page.get_by_role("tabpanel").get_by_role("link", name="New campaign").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("New campaign")
        await expect(page.get_by_text("No category yet")).to_be_visible()
        await page.goto("/campaigns/new?step=senders")
        await expect(page.get_by_text("No sender yet")).to_be_visible()
        await page.context.close()


@pytest.mark.parametrize("path", ["/campaigns", f"/campaigns/{UUID(int=1)}/edit"])
async def test_what_cannot_be_loaded_says_so_and_can_be_tried_again(open_page: Opener, path: str) -> None:
    """The page stays; one press asks again."""
    page = await open_page("/")
    await expect(page.get_by_text("Live", exact=True).first).to_be_visible()

    async def refuse(route: Route) -> None:
        await route.fulfill(status=404, json={"title": "Not found", "status": 404, "detail": "no"})

    await page.context.route("**/api/campaigns*", refuse)
    await page.goto(path)
    await expect(page.get_by_text("This could not be loaded")).to_be_visible()
    await expect(page.get_by_role("button", name="Try again")).to_be_visible()
