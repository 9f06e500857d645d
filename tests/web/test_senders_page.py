"""The senders: the first one in a few clicks, and each day's look at all of them."""

import re
import secrets

from playwright.async_api import Locator, Page, expect

from storage import senders
from tests.conftest import Town, eventually
from tests.scene import open_scene
from tests.web.axe import violations
from tests.web.conftest import Opener
from tests.web.faults import BROKEN, answer_with


def card(page: Page, name: str) -> Locator:
    """The card of one sender."""
    return page.get_by_role("region", name=re.compile(re.escape(name)))


async def choose(page: Page, name: str, action: str, more: str = "More for") -> None:
    """An action of the menu of a sender."""
    await page.get_by_role("button", name=f"{more} {name}").click()
    await page.get_by_role("menuitem", name=action).click()


async def test_a_number_that_the_gateway_does_not_list_is_typed(open_page: Opener, town: Town) -> None:
    """What is wrong is said at its field; what was typed stays, also when the API refuses it."""
    device, name = secrets.token_hex(12), f"Desk {secrets.token_hex(3)}"
    page = await open_page("/senders")
    await page.get_by_role("button", name="Add a sender").click()
    form = page.get_by_role("dialog", name="Add a sender")
    await form.get_by_role("button", name="Enter a number by hand").click()
    await form.get_by_label("Phone number").fill("06 39 98 00 01")
    await form.get_by_label("Device at the gateway").fill("not one")
    await form.get_by_label("Name").fill(name)
    await form.get_by_role("button", name="Add this sender").click()
    await expect(form.get_by_text("Write the number with a plus sign")).to_be_visible()
    await expect(form.get_by_label("Phone number")).to_be_focused()
    await form.get_by_label("Phone number").fill("+1 202 555 0187")
    await form.get_by_label("Device at the gateway").fill(device)
    refusal = {"field": "body.name", "reason": "not this one"}
    problem = {"title": "Invalid request", "status": 422, "detail": "name", "errors": [refusal]}
    await answer_with(page, "**/api/senders", "POST", problem)
    await form.get_by_role("button", name="Add this sender").click()
    await expect(form.get_by_text("not this one")).to_be_visible()
    await expect(form.get_by_label("Name")).to_have_value(name)
    await expect(form.get_by_label("Device at the gateway")).to_have_value(device)
    await form.get_by_role("button", name="Add this sender").click()
    await expect(card(page, name)).to_contain_text("+1 202 555 0187")

    async def stored() -> bool:
        return device in {sender.device_id for sender in await senders.list_senders(town.pool)}

    await eventually(stored, what="the sender")


async def test_pausing_says_what_stops_and_what_goes_on(open_page: Opener, town: Town) -> None:
    """For new contacts alone, or for everything; and back."""
    scene = await open_scene(town, 1, window_s=3600)
    name = scene.sender.name
    page = await open_page("/senders", locale="fr-FR")
    shown = card(page, name)
    await shown.get_by_role("button", name="Mettre en pause").click()
    dialog = page.get_by_role("dialog", name=f"Mettre {name} en pause")
    await expect(dialog).to_contain_text("1 campagne non terminée utilise cet expéditeur")
    await expect(dialog.get_by_role("radio", name="Les nouveaux contacts seulement")).to_be_checked()
    await dialog.get_by_role("radio", name="Tout").check()
    await dialog.get_by_role("button", name="Mettre en pause").click()
    await expect(shown).to_contain_text("pas même le Message 2")

    async def paused(scope: str | None) -> bool:
        sender = await senders.get_sender(town.pool, scene.sender.id)
        return sender is not None and sender.pause_scope == scope

    await eventually(lambda: paused("all"), what="the pause")
    await shown.get_by_role("button", name="Reprendre").click()
    await expect(shown.get_by_role("button", name="Mettre en pause")).to_be_visible()
    await eventually(lambda: paused(None), what="the resumption")


async def test_a_pause_that_fails_takes_back_itself_alone(open_page: Opener, town: Town) -> None:
    """The other one stays paused; trying again from the message works."""
    first, second = await town.sender(), await town.sender()
    page = await open_page("/senders")
    await answer_with(page, f"**/api/senders/{second.id}/pause", "POST", BROKEN)
    for sender in (first, second):
        await card(page, sender.name).get_by_role("button", name="Pause").click()
        dialog = page.get_by_role("dialog", name=f"Pause {sender.name}")
        await dialog.get_by_role("button", name="Pause").click()
    await expect(page.get_by_text("The sender was not paused", exact=True)).to_be_visible()
    await expect(card(page, first.name)).to_contain_text("Paused: no Message 1 leaves")
    await expect(card(page, second.name).get_by_role("button", name="Pause")).to_be_visible()
    await page.get_by_role("button", name="Try again").click()
    await expect(card(page, second.name)).to_contain_text("Paused: no Message 1 leaves")


async def test_one_in_use_stays_and_one_that_is_free_goes(open_page: Opener, town: Town) -> None:
    """With the number of campaigns that need it."""
    scene, free = await open_scene(town, 1, window_s=3600), await town.sender()
    page = await open_page("/senders")
    await choose(page, scene.sender.name, "Remove")
    await expect(page.get_by_role("dialog")).to_contain_text("1 campaign that has not ended uses this sender")
    await page.get_by_role("button", name="Cancel").click()
    await choose(page, free.name, "Remove")
    await expect(page.get_by_role("dialog")).to_contain_text("it comes back with its history")
    await page.get_by_role("button", name="Remove the sender").click()
    await expect(card(page, free.name)).to_be_hidden()
    await expect(card(page, scene.sender.name)).to_be_visible()


async def test_details_have_an_address_and_a_name_is_changed(open_page: Opener, town: Town) -> None:
    """The history of the pace, in words; a change is seen at once."""
    scene = await open_scene(town, 1, sender=await town.sender(rate_per_s=None), window_s=3600)
    await town.pool.execute(
        "INSERT INTO pacing_changes (sender_id, state, reason, profile, maturity, delay_s, error_factor,"
        " error_rate, quota, message_1_queue_per_s, message_2_queue_per_s)"
        " VALUES ($1, 'night', 'night', 'careful', 'young', 22.5, 1, 0, 50, 0, 1)",
        scene.sender.id,
    )
    page = await open_page(f"/senders?sender={scene.sender.id}")
    details = page.get_by_role("dialog", name=scene.sender.name)
    await expect(details.get_by_role("region", name="How its pace changed")).to_contain_text(
        "Careful senders do not write at night."
    )
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await expect(details).to_be_hidden()
    assert "sender=" not in page.url
    name = f"Renamed {secrets.token_hex(3)}"
    await choose(page, scene.sender.name, "Edit")
    await page.get_by_label("Name").fill(name)
    await page.keyboard.press("Enter")
    await expect(card(page, name)).to_be_visible()
