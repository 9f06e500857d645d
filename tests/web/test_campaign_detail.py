"""One campaign, from its start to its report, as whoever runs it sees it."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.async_api import BrowserContext, Locator, Page, Route, expect

from domain.contact_states import ContactState
from domain.messages import MessageType
from storage import campaigns, drafts
from tests.conftest import Town
from tests.scene import Scene, open_scene
from tests.storage.test_counters import attempt, react
from tests.web.axe import keeps_nobody_out, violations
from tests.web.conftest import Opener

REPLIES = {"script": [{"after_s": 0.2, "kind": "text", "body": "Yes, please"}]}
SILENT: dict[str, Any] = {"script": []}


def step(page: Page, name: str) -> Locator:
    """One step of the funnel."""
    return page.locator(".funnel-step").filter(has=page.get_by_text(name, exact=True))


def pill(page: Page) -> Locator:
    """The state of the campaign."""
    return page.locator("header .pill")


async def named(scene: Scene, name: str) -> None:
    """Calls the campaign something that a page can be searched for."""
    await scene.pool.execute("UPDATE campaigns SET name = $2 WHERE id = $1", scene.campaign.id, name)


@pytest.mark.usefixtures("running_worker")
async def test_a_campaign_is_followed_to_its_report_without_touching_anything(
    open_page: Opener, town: Town, api: httpx.AsyncClient
) -> None:
    """U6: every counter changes by itself, and the report comes when it closes."""
    category_id, _phones = await town.people([REPLIES] * 3 + [SILENT] * 2)
    campaign = await town.campaign(category_id, [(await town.sender()).id], window_s=3, grace_s=0.2)
    assert (await api.post(f"/api/campaigns/{campaign.id}/start")).status_code == 202
    page = await open_page(f"/campaigns/{campaign.id}")
    await expect(step(page, "Message 1 sent").locator(".funnel-count")).to_have_text("5")
    await expect(step(page, "Followed up").locator(".funnel-count")).to_have_text("3")
    await expect(step(page, "Reacted")).to_contain_text("60% of those sent")
    report = page.get_by_role("region", name="Report")
    await expect(report).to_contain_text("5 of 5 contacts got Message 1.")
    await expect(report).to_contain_text("2 did not react, 0 reacted too late.")
    await expect(report).to_contain_text("everything was done for every contact")
    await expect(pill(page)).to_have_text("Completed")
    async with page.expect_download() as download:
        await report.get_by_role("link", name="Results as CSV").click()
    assert (await download.value).suggested_filename == f"campaign-{campaign.id}.csv"


async def test_a_pause_that_fails_is_taken_back_and_can_be_tried_again(open_page: Opener, town: Town) -> None:
    """The page shows what is true, says what went wrong, and offers the same again."""
    scene = await open_scene(town, 2, window_s=3600)
    refusals = 1

    async def refuse_once(route: Route) -> None:
        nonlocal refusals
        refusals -= 1
        if refusals < 0:
            await route.continue_()
        else:
            problem = {"title": "Unavailable", "detail": "not now", "status": 409}
            await route.fulfill(status=409, body=json.dumps(problem), content_type="application/problem+json")

    async def failing(context: BrowserContext) -> None:
        await context.route("**/pause", refuse_once)

    page = await open_page(f"/campaigns/{scene.campaign.id}", before=failing)
    await page.get_by_role("button", name="Pause").click()
    await page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    toast = page.locator(".toast")
    await expect(toast).to_contain_text("The campaign was not paused")
    await expect(toast).to_contain_text("not now")
    await expect(pill(page)).to_have_text("Running")
    await toast.get_by_role("button", name="Try again").click()
    await expect(pill(page)).to_have_text("Paused")


async def test_contacts_are_found_and_each_tells_its_story(open_page: Opener, town: Town) -> None:
    """State, search and the opened contact are in the address: whoever gets the link sees the same."""
    scene = await open_scene(town, 3, window_s=3600)
    await attempt(scene, "accept", 0, MessageType.MESSAGE_1)
    await react(scene, 0, timedelta(0))
    await town.pool.execute("UPDATE contacts SET name = 'Zoé Martin' WHERE id = $1", scene.contact_ids[0])
    page = await open_page(f"/campaigns/{scene.campaign.id}", locale="fr-FR")
    await page.get_by_role("link", name="Réaction attendue").click()
    rows = page.get_by_role("grid", name="Contacts").locator(".vrow")
    await expect(rows).to_have_count(1)
    await expect(page).to_have_url(re.compile("tab=contacts&state=message_1_sent"))
    await page.get_by_label("État").select_option("")
    await expect(rows).to_have_count(3)
    await page.get_by_role("searchbox").fill("zoe")
    await expect(rows).to_have_count(1)
    await rows.first.focus()
    await page.keyboard.press("Enter")
    panel = page.get_by_role("dialog", name="Zoé Martin")
    await expect(panel).to_contain_text("Message 1 envoyé")
    await expect(panel).to_contain_text("Réaction : texte")
    await page.reload()
    await expect(panel).to_contain_text("Message 1 envoyé")
    await panel.get_by_role("link", name="Tentatives d’envoi").click()
    await expect(page.get_by_role("dialog", name="À Zoé Martin")).to_contain_text("1 tentative d’envoi")


async def test_senders_show_their_part_and_why_they_are_slow(open_page: Opener, town: Town) -> None:
    """P6 and P10: batches, contacts, pace and its changes, in words."""
    scene = await open_scene(town, 30, window_s=3600, batch_size=25)
    await town.pool.execute(
        "INSERT INTO campaign_batches (campaign_id, batch, sender_id, settings) VALUES ($1, 0, $2, '{}')",
        scene.campaign.id,
        scene.sender.id,
    )
    await town.pool.execute(
        """
        INSERT INTO pacing_changes (sender_id, at, state, reason, profile, maturity, delay_s, error_factor,
            error_rate, quota, message_1_queue_per_s, message_2_queue_per_s)
        VALUES ($1, now() + interval '1 second', 'quota',
            '40 of 50 messages sent in 24 hours, room for 10 replies is kept', 'careful', 'young', 22.5,
            1, 0, 50, 0, 1)
        """,
        scene.sender.id,
    )
    page = await open_page(f"/campaigns/{scene.campaign.id}?tab=senders")
    senders = page.get_by_role("region", name="Senders")
    await expect(senders).to_contain_text("25 of 30 contacts begun")
    await expect(senders).to_contain_text("batch 1 of 2")
    changes = page.get_by_role("region", name="How the pace changed")
    await expect(changes).to_contain_text(
        "40 of 50 messages of 24 hours are sent; room for 10 replies is kept."
    )
    await expect(page.get_by_role("table", name="Batches").get_by_role("row")).to_have_count(2)


async def test_a_scheduled_start_is_moved_and_called_off(
    open_page: Opener, town: Town, api: httpx.AsyncClient
) -> None:
    """With when, and what it would take; called off, it is a draft, which is made ready in its wizard."""
    category_id, _phones = await town.people([SILENT] * 2)
    campaign = await town.campaign(category_id, [(await town.sender()).id])
    start_at = datetime.now(UTC) + timedelta(days=1, minutes=5)
    body = {"start_at": start_at.isoformat()}
    assert (await api.post(f"/api/campaigns/{campaign.id}/schedule", json=body)).status_code == 202
    page = await open_page(f"/campaigns/{campaign.id}", locale="fr-FR", timezone_id="Europe/Paris")
    waiting = page.get_by_role("region", name="En attente de son démarrage")
    await expect(waiting).to_contain_text(re.compile("Démarre dans 1\\s*j"))
    await waiting.get_by_role("button", name="Déplacer").click()
    dialog = page.get_by_role("dialog", name="Démarrer à une date")
    await dialog.get_by_label("Date et heure").fill("2020-01-01T10:00")
    await dialog.get_by_role("button", name="Déplacer le départ").click()
    await expect(dialog).to_contain_text("Choisissez un moment à venir, dans l’année.")
    later = (datetime.now(UTC) + timedelta(days=3, hours=2)).strftime("%Y-%m-%dT%H:%M")
    await dialog.get_by_label("Date et heure").fill(later)
    await dialog.get_by_role("button", name="Déplacer le départ").click()
    await expect(waiting).to_contain_text(re.compile("Démarre dans [23]\\s*j"))
    await waiting.get_by_role("button", name="Remettre en brouillon").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remettre en brouillon").click()
    await expect(page).to_have_url(re.compile(f"/campaigns/{campaign.id}/edit$"))


async def test_a_campaign_is_renamed_and_copied(open_page: Opener, town: Town) -> None:
    """The name is there at once; the copy is a draft."""
    scene = await open_scene(town, 1, window_s=3600)
    page = await open_page(f"/campaigns/{scene.campaign.id}")
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name="Rename").click()
    await page.get_by_role("dialog").get_by_label("Name").fill("Spring, second try")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Spring, second try")
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name="Duplicate").click()
    await expect(page).to_have_url(re.compile("/campaigns/[0-9a-f-]+/edit$"))
    copy = re.sub(".*/campaigns/|/edit", "", page.url)
    stored = await campaigns.get_campaign(town.pool, copy)
    assert stored is not None
    assert (stored.name, stored.status) == ("Copy of Spring, second try", "draft")
    await drafts.delete(town.pool, copy)


@pytest.mark.usefixtures("running_worker")
async def test_a_test_is_sent_to_one_number(open_page: Opener, town: Town) -> None:
    """Really, and what came of it is shown; a number that makes no sense is said beside it."""
    category_id, _phones = await town.people([SILENT])
    _category, [phone] = await town.people([SILENT])
    sender = await town.sender()
    campaign = await town.campaign(category_id, [sender.id], window_s=3600)
    await campaigns.open_campaign(town.pool, campaign.id)
    page = await open_page(f"/campaigns/{campaign.id}")
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name="Send a test").click()
    dialog = page.get_by_role("dialog", name="Send a test")
    await dialog.get_by_label("Phone number").fill("12")
    await dialog.get_by_role("button", name="Send the test").click()
    await expect(dialog.locator(".field-error")).to_be_visible()
    await dialog.get_by_label("Phone number").fill(f"{phone[:3]} {phone[3:]}")
    await dialog.get_by_text("Message 1", exact=True).click()
    await dialog.get_by_role("button", name="Send the test").click()
    await expect(dialog.locator(".tests .pill")).to_have_text(re.compile("Sent|Delivered|Read"))


async def test_a_campaign_that_does_not_exist_says_so(open_page: Opener) -> None:
    """And leads back."""
    page = await open_page("/campaigns/01980000-0000-7000-8000-000000000000")
    await expect(page.get_by_role("alert")).to_contain_text("It is not there any more.")
    await expect(page.locator("main").get_by_role("link", name="All campaigns")).to_be_visible()


async def test_nothing_of_a_campaign_keeps_anybody_out(open_page: Opener, town: Town) -> None:
    """Every tab, a dialog and a side panel, by the rules of axe; none is wider than the screen."""
    scene = await open_scene(town, 3, window_s=3600)
    await attempt(scene, "accept", 0, MessageType.MESSAGE_1)
    await react(scene, 0, timedelta(0))
    await attempt(scene, "reject", 1, MessageType.MESSAGE_1)
    page = await open_page(f"/campaigns/{scene.campaign.id}", reduced_motion="reduce")
    await expect(page.locator(".chart svg")).to_be_visible()
    await keeps_nobody_out(page)
    await page.get_by_role("button", name="Pause").click()
    await keeps_nobody_out(page)
    await page.keyboard.press("Escape")
    await page.get_by_role("tab", name="Senders").click()
    await expect(page.get_by_role("region", name="Batches")).to_be_visible()
    await keeps_nobody_out(page)
    await page.get_by_role("tab", name="Contacts").click()
    await page.locator(".vrow").first.click()
    await expect(page.get_by_role("dialog").locator(".event").first).to_be_visible()
    await keeps_nobody_out(page)


async def test_a_closed_campaign_shows_its_report(open_page: Opener, town: Town) -> None:
    """E16, in French; what did not start because the end came is said."""
    scene = await open_scene(town, 4, window_s=3600)
    await named(scene, "Printemps")
    for nth in range(2):
        await attempt(scene, "accept", nth, MessageType.MESSAGE_1)
    await react(scene, 0, timedelta(seconds=10))
    await campaigns.close_campaign(
        scene.pool, scene.campaign.id, close_reason="max_age", left_over=ContactState.EXPIRED
    )
    page = await open_page(f"/campaigns/{scene.campaign.id}", locale="fr-FR")
    report = page.get_by_role("region", name="Bilan")
    await expect(report).to_contain_text("2 sur 4 contacts ont reçu le message 1.")
    await expect(report).to_contain_text("1 a réagi (50 % de ceux qui l’ont reçu).")
    await expect(report).to_contain_text("sa durée maximale était atteinte")
    times = page.get_by_role("region", name="Délai de réaction")
    await expect(times.locator("div").filter(has_text="Moins d’une minute").first).to_contain_text("1")
    assert await violations(page) == []
