"""Making a campaign in four steps: nothing that was typed is lost, and it starts as it was said."""

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Locator, Page, Route, expect

from storage import campaigns, contacts
from tests.conftest import Town
from tests.web.axe import keeps_nobody_out
from tests.web.conftest import Opener

SILENT: dict[str, Any] = {"script": []}
STEPS = ["audience", "messages", "senders", "check"]


async def category(town: Town, api: httpx.AsyncClient, people: int = 2) -> tuple[str, list[str]]:
    """The name of a new category, and the phones in it. By the API, whose cache hears of it so."""
    category_id, phones = await town.people([SILENT] * people)
    name = f"Shop {uuid4().hex[:6]}"
    (await api.patch(f"/api/categories/{category_id}", json={"name": name})).raise_for_status()
    return name, phones


async def stored_draft(town: Town, people: int = 1, **changes: Any) -> str:
    """The id of a draft that would take a moment."""
    category_id, _phones = await town.people([SILENT] * people)
    return (await town.campaign(category_id, [(await town.sender()).id], **changes)).id


def saved(page: Page, word: str = "Saved") -> Locator:
    """The sign that the server has everything."""
    return page.get_by_role("status").filter(has_text=re.compile(f"^\\s*{word}$"))


async def choose(page: Page, name: str) -> None:
    """Picks a category, by its search where there are many."""
    search = page.get_by_role("searchbox")
    await expect(page.locator(".choice-list")).to_be_visible()
    if await search.count():
        await search.fill(name)
    await page.get_by_role("checkbox", name=name).check()


@pytest.mark.usefixtures("alone")
async def test_a_reload_in_the_middle_loses_nothing(
    open_page: Opener, town: Town, api: httpx.AsyncClient
) -> None:
    """Before the server can have it, and after; in the middle of a word. Going back goes a step back."""
    name, _phones = await category(town, api)
    await town.sender()
    page = await open_page("/campaigns/new", locale="fr-FR")
    await choose(page, name)
    await page.get_by_role("button", name="Suivant").click()
    await page.get_by_role("textbox", name="Message 1").fill("Bonjour {{name|vo")
    await page.reload()
    await expect(page.get_by_text("Nous avons conservé ce que vous aviez commencé.")).to_be_visible()
    first, second = [page.get_by_role("textbox", name=f"Message {number}") for number in (1, 2)]
    await expect(first).to_have_value("Bonjour {{name|vo")
    await expect(page.get_by_text("une variable n’est pas fermée")).to_be_visible()
    await page.goto("/campaigns")
    await page.get_by_role("link", name="Continuer").click()
    await expect(page.get_by_role("checkbox", name=name)).to_be_checked()
    await page.get_by_role("navigation", name="Étapes").get_by_role("link", name="Messages").click()
    await first.fill("Bonjour {{name|vous}}")
    await second.fill("Merci")
    await expect(saved(page, "Enregistré")).to_be_visible()
    await second.fill("Merci beaucoup")
    await page.reload()
    await expect(second).to_have_value("Merci beaucoup")
    await expect(saved(page, "Enregistré")).to_be_visible()
    await page.get_by_role("link", name="Expéditeurs et rythme").click()
    await expect(page.get_by_role("heading", name="Qui écrit")).to_be_focused()
    await page.go_back()
    await expect(second).to_have_value("Merci beaucoup")
    campaign_id = page.url.split("/")[4]
    stored = await campaigns.get_campaign(town.pool, campaign_id)
    assert stored is not None
    assert (stored.message_1, stored.message_2) == ("Bonjour {{name|vous}}", "Merci beaucoup")


async def test_a_save_that_fails_is_tried_again(open_page: Opener, town: Town) -> None:
    """It says so, keeps what was typed, and saves it by itself or at a press."""
    campaign_id = await stored_draft(town)
    page = await open_page(f"/campaigns/{campaign_id}/edit?step=messages")
    message = page.get_by_role("textbox", name="Message 2")
    await expect(saved(page)).to_be_visible()

    async def cut(route: Route) -> None:
        await (route.abort() if route.request.method == "PATCH" else route.fallback())

    await page.context.route(f"**/api/campaigns/{campaign_id}", cut)
    await message.fill("Typed while nobody answered")
    await expect(page.get_by_text("Not saved. It is kept in this browser.")).to_be_visible()
    await expect(page.get_by_text("The server cannot be reached.")).to_be_visible()
    await page.context.unroute_all()
    await page.get_by_role("button", name="Save now").click()
    await expect(saved(page)).to_be_visible()
    stored = await campaigns.get_campaign(town.pool, campaign_id)
    assert stored is not None
    assert stored.message_2 == "Typed while nobody answered"


@pytest.mark.usefixtures("alone")
async def test_an_answer_that_is_lost_makes_no_second_draft(
    open_page: Opener, town: Town, api: httpx.AsyncClient
) -> None:
    """The server has it, the browser does not know: the second try finds the first."""
    name, _phones = await category(town, api)
    title = f"Once {uuid4().hex[:6]}"
    await town.sender()
    page = await open_page("/campaigns/new")
    lost = 0

    async def lose_the_first(route: Route) -> None:
        nonlocal lost
        if route.request.method != "POST" or lost:
            return await route.fallback()
        lost += 1
        await route.fetch()
        return await route.abort()

    await page.context.route("**/api/campaigns", lose_the_first)
    await page.get_by_label("Name of the campaign").fill(title)
    await choose(page, name)
    await page.get_by_role("button", name="Next").click()
    await page.get_by_role("textbox", name="Message 1").fill("One")
    await page.get_by_role("textbox", name="Message 2").fill("Two")
    await expect(page.get_by_text("Not saved. It is kept in this browser.")).to_be_visible()
    await page.get_by_role("textbox", name="Message 2").fill("Two and a half")
    await expect(saved(page)).to_be_visible()
    rows = await town.pool.fetch("SELECT message_2 FROM campaigns WHERE name = $1", title)
    assert (lost, [each["message_2"] for each in rows]) == (1, ["Two and a half"])


async def test_a_start_is_planned_moved_and_taken_back(open_page: Opener, town: Town) -> None:
    """The time zone is that of whoever plans it, and it says so."""
    campaign_id = await stored_draft(town, name="Demain")
    page = await open_page(
        f"/campaigns/{campaign_id}/edit?step=check", locale="fr-FR", timezone_id="Asia/Tokyo"
    )
    await page.get_by_role("button", name="Programmer").click()
    dialog = page.get_by_role("dialog", name="Démarrer à une date")
    await expect(dialog).to_contain_text("Fuseau horaire : Asia/Tokyo".replace(" :", "\u00a0:"))
    when = dialog.get_by_label("Date et heure")
    await when.fill("2020-01-01T10:00")
    await dialog.get_by_role("button", name="Programmer le départ").click()
    await expect(dialog.get_by_text("Choisissez un moment à venir")).to_be_visible()
    year = (await page.evaluate("new Date().getFullYear()")) + 1
    await when.fill(f"{year}-01-05T10:00")
    await dialog.get_by_role("button", name="Programmer le départ").click()
    await expect(page.get_by_text(re.compile(f"Elle démarre le 5 janv. {year}"))).to_be_visible()
    start_at = await town.pool.fetchval("SELECT start_at FROM campaigns WHERE id = $1", campaign_id)
    assert start_at.isoformat() == f"{year}-01-05T01:00:00+00:00"
    await page.get_by_role("button", name="Déplacer").click()
    await expect(when).to_have_value(f"{year}-01-05T10:00")
    await when.fill(f"{year}-01-06T10:00")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text(re.compile(f"Elle démarre le 6 janv. {year}"))).to_be_visible()
    await page.get_by_role("button", name="Annuler le départ").click()
    await page.get_by_role("dialog").get_by_role("button", name="Annuler le départ").click()
    await expect(page.get_by_role("button", name="Programmer")).to_be_visible()
    stored = await campaigns.get_campaign(town.pool, campaign_id)
    assert stored is not None
    assert (stored.status, stored.start_at) == ("draft", None)


@pytest.mark.usefixtures("running_worker")
async def test_what_does_not_fit_is_refused_with_the_way_out(open_page: Opener, town: Town) -> None:
    """The API's numbers, in words; one press, and it fits."""
    campaign_id = await stored_draft(town, window_s=3600, max_age_s=600)
    page = await open_page(f"/campaigns/{campaign_id}/edit?step=check")
    await page.get_by_role("button", name="Start now").click()
    dialog = page.get_by_role("dialog", name="Start now?")
    await dialog.get_by_role("button", name="Write to 1 person").click()
    refusal = page.locator(".refusal")
    await expect(refusal).to_be_focused()
    await expect(refusal).to_contain_text("and may last for 10 mins")
    await refusal.get_by_role("button", name="Let it last for").click()
    await expect(page.get_by_text(re.compile("^Done on"))).to_be_visible()
    await expect(refusal).to_be_hidden()
    stored = await campaigns.get_campaign(town.pool, campaign_id)
    assert stored is not None
    assert stored.max_age_s == 2 * 3600


async def test_what_is_missing_leads_to_its_step(open_page: Opener, town: Town) -> None:
    """A draft with a gap cannot be started; a category without anybody is worth a word."""
    empty = await contacts.save_category(town.pool, f"Empty {uuid4().hex[:6]}")
    campaign = await town.campaign(empty, [(await town.sender()).id])
    page = await open_page(f"/campaigns/{campaign.id}/edit?step=messages")
    await page.get_by_role("textbox", name="Message 2").fill("")
    await page.get_by_role("link", name="Check and start").click()
    await expect(page.get_by_text("Write Message 2.")).to_be_visible()
    await expect(page.get_by_text("Nobody can be reached this way.")).to_be_visible()
    await expect(page.get_by_role("button", name="Start now")).to_be_disabled()
    await page.get_by_role("alert").get_by_role("link", name="Fix it").click()
    await expect(page.get_by_role("heading", name="What do you want to say?")).to_be_focused()


async def test_no_step_keeps_anybody_out(open_page: Opener, town: Town) -> None:
    """Axe finds nothing, and nothing is wider than the screen."""
    campaign_id = await stored_draft(town, window_s=3600, max_age_s=600, message_2="{{missing}}")
    page = await open_page("/", reduced_motion="reduce")
    for step in STEPS:
        await page.goto(f"/campaigns/{campaign_id}/edit?step={step}")
        await expect(page.locator(".editor .card").nth(1)).to_be_visible()
        if step == "senders":
            await page.locator(".advanced summary").click()
        await keeps_nobody_out(page)
