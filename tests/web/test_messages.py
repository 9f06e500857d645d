"""Every message that was sent, and what became of it."""

import re
import secrets

from playwright.async_api import expect

from domain.messages import MessageType
from storage import outcomes, sending
from tests.api.walking import reacted, sent
from tests.conftest import Town
from tests.scene import Scene, open_scene
from tests.storage.test_counters import attempt
from tests.web.axe import keeps_nobody_out
from tests.web.conftest import Opener


async def tried_twice(town: Town) -> tuple[Scene, str]:
    """A message that was sent at the second attempt, to somebody with a name of their own."""
    scene = await open_scene(town, 3, window_s=3600)
    name = f"Inès {secrets.token_hex(4)}"
    await town.pool.execute("UPDATE contacts SET name = $2 WHERE id = $1", scene.contact_ids[0], name)
    ready = await scene.begin()
    assert isinstance(ready, sending.Ready)
    reason = "Wassenger cannot be reached: ConnectError"
    await outcomes.record_not_sent(
        scene.pool, ready.message_id, 1, code="ConnectError", detail=reason, max_attempts=3
    )
    await sent(scene)
    return scene, name


async def test_a_message_is_found_by_a_name_and_tells_its_attempts(open_page: Opener, town: Town) -> None:
    """E3: what was tried, when, and what came of it, in words; and the link leads there again."""
    scene, name = await tried_twice(town)
    page = await open_page("/messages")
    await page.get_by_role("searchbox", name="Text, name or number").fill(name.replace("è", "e").lower())
    rows = page.get_by_role("grid", name="Messages").locator(".vrow")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text(name)
    await rows.click()
    panel = page.get_by_role("dialog", name=f"To {name}")
    await expect(panel).to_contain_text("2 attempts")
    await expect(panel).to_contain_text("Not sent; it is tried again")
    await expect(panel).to_contain_text("The gateway could not be reached.")
    await expect(panel).to_contain_text("Taken by the gateway")
    await page.reload()
    await expect(panel).to_contain_text(scene.sender.name)
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    await expect(rows).to_have_count(1)


async def test_messages_are_filtered_and_taken_along_as_a_file(open_page: Opener, town: Town) -> None:
    """What is chosen is in the address, and in the file."""
    scene = await open_scene(town, 4, window_s=3600)
    await town.pool.execute("UPDATE campaigns SET name = 'Soldes' WHERE id = $1", scene.campaign.id)
    for nth in range(2):
        await sent(scene, nth)
    await reacted(scene, 0)
    await sent(scene, 0, MessageType.MESSAGE_2)
    await attempt(scene, "reject", 2, MessageType.MESSAGE_1)
    page = await open_page("/messages", locale="fr-FR")
    rows = page.get_by_role("grid", name="Messages").locator(".vrow")
    await page.get_by_label("Campagne").select_option(scene.campaign.id)
    await expect(rows).to_have_count(3)
    await page.get_by_label("Statut").select_option("all")
    await expect(rows).to_have_count(5)
    await page.get_by_label("Statut").select_option("failed")
    await expect(rows).to_have_count(1)
    await page.get_by_label("Statut").select_option("")
    await page.get_by_label("Message", exact=True).select_option("message_2")
    await expect(rows).to_have_count(1)
    await expect(page).to_have_url(re.compile(f"campaign={scene.campaign.id}&type=message_2"))
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Exporter en CSV").click()
    path = await (await download.value).path()
    lines = path.read_text("utf-8-sig").strip().splitlines()
    assert len(lines) == 2
    assert "message_2" in lines[1]
    await page.reload()
    await expect(rows).to_have_count(1)
    await page.get_by_label("Envoyé du").fill("2020-01-01")
    await page.get_by_label("au", exact=True).fill("2020-01-02")
    await expect(page.get_by_text("Aucun message ne correspond")).to_be_visible()
    await page.locator(".empty").get_by_role("button", name="Effacer les filtres").click()
    await expect(page).to_have_url(re.compile("/messages$"))


async def test_what_is_new_is_offered_and_not_pushed(open_page: Opener, town: Town) -> None:
    """Rows stay where they are until somebody asks for others."""
    scene = await open_scene(town, 2, window_s=3600)
    await sent(scene, 0)
    page = await open_page(f"/messages?campaign={scene.campaign.id}")
    rows = page.get_by_role("grid", name="Messages").locator(".vrow")
    await expect(rows).to_have_count(1)
    await expect(page.locator(".sidebar .connection")).to_have_text("Live")
    await sent(scene, 1)
    await page.get_by_role("button", name="Refresh").click()
    await expect(rows).to_have_count(2)
    await expect(page.get_by_role("button", name="Refresh")).to_be_hidden()


async def test_nothing_of_messages_keeps_anybody_out(open_page: Opener, town: Town) -> None:
    """The list, and a message beside it."""
    scene, _name = await tried_twice(town)
    page = await open_page(
        f"/messages?campaign={scene.campaign.id}",
        reduced_motion="reduce",
    )
    await expect(page.locator(".vrow")).to_have_count(1)
    await keeps_nobody_out(page)
    await page.locator(".vrow").click()
    await expect(page.get_by_role("dialog")).to_contain_text("2 attempts")
    await keeps_nobody_out(page)
