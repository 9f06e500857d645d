"""The ten main journeys, 6 to 10, in both languages: campaigns from draft to report, and what goes wrong."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from domain.access import Role
from domain.messages import MessageType
from storage import audit, campaigns, drafts, outcomes, senders, users
from storage.database import Pool
from storage.sending import Ready
from tests.api.people import Door
from tests.conftest import Town, eventually, next_phone
from tests.scene import Scene, open_scene
from tests.storage.test_counters import attempt, react
from tests.web.axe import violations
from tests.web.conftest import Opener
from tests.web.words import LANGUAGES, Tongue

SILENT: dict[str, Any] = {"script": []}
REPLIES = {"script": [{"after_s": 0.2, "kind": "text", "body": "Oui"}]}


@pytest.fixture(params=LANGUAGES)
def t(request: pytest.FixtureRequest) -> Tongue:
    """Every journey is made in French and in English."""
    return Tongue(request.param)


@pytest.fixture
async def undisturbed(pool: Pool) -> AsyncIterator[None]:
    """What counts for everything counts for other tests too."""
    yield
    await pool.execute("DELETE FROM settings WHERE scope = 'global'")


def count(page: Page, step: str) -> Locator:
    """The number at one step of the funnel."""
    found = page.locator(".funnel-step").filter(has=page.get_by_text(step, exact=True))
    return found.locator(".funnel-count")


def pill(page: Page) -> Locator:
    """The state of the campaign."""
    return page.locator("header .pill")


async def named(scene: Scene, name: str) -> None:
    """Calls the campaign something that a page can be searched for."""
    await scene.pool.execute("UPDATE campaigns SET name = $2 WHERE id = $1", scene.campaign.id, name)


async def becomes(scene: Scene, status: str, scope: str | None) -> None:
    """Waits until the campaign is stored so."""

    async def stored() -> bool:
        campaign = await campaigns.get_campaign(scene.pool, scene.campaign.id)
        return campaign is not None and (campaign.status, campaign.pause_scope) == (status, scope)

    await eventually(stored, what=status)


async def write_messages(page: Page, t: Tongue) -> None:
    """With variables, and as they look on a phone; the draft has its address by then."""
    await expect(page.get_by_role("heading", name=t("campaign-new.messagesTitle"))).to_be_focused()
    await page.get_by_role("textbox", name="Message 1").fill("Bonjour ")
    await page.get_by_role("button", name=t("campaign-new.insertName", "name")).first.click()
    await page.keyboard.type("!")
    await page.get_by_role("textbox", name="Message 2").fill("Code : {{code}}")
    chat = page.locator(".chat")
    await expect(chat).to_contain_text("Bonjour N0!")
    await expect(chat).to_contain_text(t("campaign-new.missing", "code"))
    await expect(page).to_have_url(re.compile(r"/campaigns/[0-9a-f-]{36}/edit\?step=messages"))
    await expect(page.get_by_role("textbox", name="Message 2")).to_be_focused()


async def try_out(page: Page, town: Town, t: Tongue) -> None:
    """A number that makes no sense is said beside it; another one really gets the message."""
    tester = next_phone()
    send = page.get_by_role("button", name=t("campaign-new.testSend"))
    await page.get_by_label(t("campaign-new.testPhone")).fill("12")
    await send.click()
    await expect(page.get_by_text(t("campaign-new.testPhoneWrong"))).to_be_visible()
    await page.get_by_label(t("campaign-new.testPhone")).fill(tester)
    await page.get_by_role("radio", name="Message 1").check(force=True)
    await send.click()
    arrived_states = "|".join(t(f"common.states.{state}") for state in ("sent", "delivered", "read"))
    await expect(page.locator(".tests li")).to_contain_text(re.compile(arrived_states))
    assert [each["body"] for each in await town.journal(tester)] == ["Bonjour !"]
    await t.alone(page)


@pytest.mark.usefixtures("running_worker", "alone")
async def test_a_campaign_is_made_tried_out_and_started(
    open_page: Opener, town: Town, api: httpx.AsyncClient, t: Tongue
) -> None:
    """6, E1: from nothing to messages that arrive in the sandbox, partly by the keyboard."""
    category_id, phones = await town.people([SILENT] * 3)
    name = f"Boutique {phones[0]}"
    (await api.patch(f"/api/categories/{category_id}", json={"name": name})).raise_for_status()
    await town.pool.execute("UPDATE contacts SET opted_out_at = now() WHERE phone = $1", phones[2])
    await town.sender()
    page = await open_page("/campaigns/new", locale=t.locale)
    await page.get_by_label(t("campaign-new.name")).fill(f"Promo {phones[0]}")
    await expect(page.locator(".choice-list")).to_be_visible()
    search = page.get_by_role("searchbox")
    if await search.count():
        await search.fill(name)
    await page.get_by_role("checkbox", name=name).check()
    await expect(page.locator(".audience-reached")).to_contain_text("2")
    await expect(page.get_by_text(t("campaign-new.optedOut", 1))).to_be_visible()
    await t.alone(page)
    await page.keyboard.press("Control+Enter")

    await write_messages(page, t)
    await try_out(page, town, t)
    await page.get_by_role("button", name=t("campaign-new.next")).click()
    await expect(page.get_by_text(re.compile(t.either("^Done on", "^Terminée le")))).to_be_visible()
    await expect(page.get_by_text(t("campaign-new.health.usable"))).to_be_visible()
    await t.alone(page)
    await page.get_by_role("button", name=t("campaign-new.next")).click()
    gap = t.either("N0, for one, has no value for: code.", "Par exemple, N0 n’a pas de valeur pour : code.")
    await expect(page.get_by_text(gap)).to_be_visible()
    await t.alone(page)
    await page.get_by_role("button", name=t("campaign-new.start"), exact=True).click()
    dialog = page.get_by_role("dialog", name=t("campaign-new.startTitle"))
    await expect(dialog).to_contain_text(t("shared.senders", 1))
    await t.alone(page)
    await dialog.get_by_role("button", name=t("campaign-new.startAsk", 2)).click()
    await expect(page).to_have_url(re.compile(r"/campaigns/[0-9a-f-]{36}$"))

    async def arrived() -> bool:
        return bool(await town.journal(phones[0])) and bool(await town.journal(phones[1]))

    await eventually(arrived, what="Message 1")
    assert (await town.journal(phones[0]))[0]["body"] == "Bonjour N0!"
    assert await town.journal(phones[2]) == []
    found = (await api.get("/api/campaigns", params={"q": f"Promo {phones[0]}"})).json()["items"]
    assert [each["status"] for each in found] in (["running"], ["completed"])


async def test_a_running_campaign_is_watched_paused_and_resumed(
    open_page: Opener, town: Town, t: Tongue
) -> None:
    """7, U6: the funnel moves without a reload; a pause says what it holds back, and one click ends it."""
    scene = await open_scene(town, 3, window_s=3600)
    await named(scene, "Printemps")
    page = await open_page(f"/campaigns/{scene.campaign.id}", locale=t.locale)
    await expect(count(page, t("campaign.steps.sent"))).to_have_text("0")
    await attempt(scene, "accept", 0, MessageType.MESSAGE_1)
    await expect(count(page, t("campaign.steps.sent"))).to_have_text("1")
    await react(scene, 0, timedelta(0))
    await expect(count(page, t("campaign.steps.reacted"))).to_have_text("1")
    await attempt(scene, "accept", 1, MessageType.MESSAGE_1)
    await expect(count(page, t("campaign.steps.sent"))).to_have_text("2")
    await t.alone(page)

    await page.get_by_role("button", name=t("campaign.pause")).click()
    dialog = page.get_by_role("dialog", name=t("campaign.pauseTitle"))
    await expect(dialog).to_contain_text(
        t.either("1 contact will not get Message 1", "1 contact ne recevra pas le message 1")
    )
    await t.alone(page)
    await dialog.get_by_role("radio", name=t("campaign.pauseAll")).check()
    await t.alone(page)
    await dialog.get_by_role("button", name=t("campaign.pause")).click()
    await expect(pill(page)).to_have_text(t("common.states.paused"))
    await expect(page.get_by_text(t("campaign.pausedAll"))).to_be_visible()
    await t.alone(page)
    await becomes(scene, "paused", "all")
    await page.get_by_role("button", name=t("campaign.resume")).click()
    await expect(pill(page)).to_have_text(t("common.states.running"))
    await becomes(scene, "running", None)
    for tab in ("contacts", "senders"):
        await page.get_by_role("tab", name=t(f"campaign.tabs.{tab}")).click()
        await expect(page.get_by_role("tabpanel")).to_contain_text(
            "N1" if tab == "contacts" else scene.sender.name
        )
        await t.alone(page)


@pytest.mark.usefixtures("running_worker")
async def test_a_campaign_is_cancelled_read_and_copied(
    open_page: Opener, town: Town, api: httpx.AsyncClient, t: Tongue
) -> None:
    """8, U7: the numbers before it, the report after it, the results as a file, and a copy as a draft."""
    category_id, phones = await town.people([REPLIES, *[SILENT] * 4])
    sender = await town.sender(rate_per_s=0.001)
    campaign = await town.campaign(
        category_id, [sender.id], window_s=3600, max_age_s=7_776_000, name=t.either("Autumn", "Automne")
    )
    started = await api.post(f"/api/campaigns/{campaign.id}/start")
    assert started.status_code == 202, started.text
    page = await open_page(f"/campaigns/{campaign.id}", locale=t.locale)
    await expect(count(page, t("campaign.steps.sent"))).to_have_text("1")
    await page.get_by_role("button", name=t("campaign.more")).click()
    await t.alone(page)
    await page.get_by_role("menuitem", name=t("campaign.cancel")).click()
    dialog = page.get_by_role("dialog", name=t("campaign.cancelTitle"))
    lost = t.either("4 contacts will not get Message 1.", "4 contacts ne recevront pas le message 1.")
    await expect(dialog).to_contain_text(lost)
    await t.alone(page)
    await dialog.get_by_role("button", name=t("campaign.cancel")).click()
    await expect(pill(page)).to_have_text(t("common.states.cancelled"))
    report = page.get_by_role("region", name=t("campaign.report"))
    reached = t.either("1 of 5 contacts got Message 1.", "1 sur 5 contacts ont reçu le message 1.")
    await expect(report).to_contain_text(reached)
    await expect(report).to_contain_text(t("campaign.reasons.cancelled"))
    await t.alone(page)
    async with page.expect_download() as download:
        await report.get_by_role("link", name=t("campaign.resultsFile")).click()
    lines = (await (await download.value).path()).read_text("utf-8-sig").strip().splitlines()
    assert len(lines) == 1 + len(phones)

    await page.get_by_role("button", name=t("campaign.more")).click()
    await page.get_by_role("menuitem", name=t("campaign.duplicate")).click()
    await expect(page).to_have_url(re.compile("/campaigns/[0-9a-f-]+/edit$"))
    await t.alone(page)
    copy = re.sub(".*/campaigns/|/edit", "", page.url)
    stored = await campaigns.get_campaign(town.pool, copy)
    assert stored is not None
    assert (stored.name, stored.status) == (t.either("Copy of Autumn", "Copie de Automne"), "draft")
    await drafts.delete(town.pool, copy)
    assert (await api.get(f"/api/campaigns/{campaign.id}")).json()["counts"]["messages_1_sent"] == 1


async def test_a_stopped_sender_is_found_looked_after_and_resumed(
    open_page: Opener, town: Town, sandbox: httpx.AsyncClient, t: Tongue
) -> None:
    """9, W4: from what needs attention to what to do about it; nobody resumes without a thought."""
    sender = await town.sender()
    device = f"/control/devices/{sender.device_id}"
    (await sandbox.patch(device, json={"session": "authorize"})).raise_for_status()
    await senders.stop_sender(town.pool, sender.id, "the WhatsApp session is authorize")
    page = await open_page(locale=t.locale)
    attention = page.get_by_role("region", name=t("overview.attention"))
    finding = attention.get_by_role("listitem").filter(has_text=t("overview.senderStopped", sender.name))
    await expect(finding).to_contain_text(t.either("QR code", "code QR"))
    await t.alone(page)
    await finding.get_by_role("link", name=t("overview.look")).click()
    card = page.get_by_role("region", name=re.compile(re.escape(sender.name)))
    await expect(card).to_contain_text(t("senders.healthTodo.scan"))
    await t.alone(page)
    (await sandbox.patch(device, json={"session": "online"})).raise_for_status()
    await card.get_by_role("button", name=t("senders.checkAgain")).click()
    await expect(card).to_contain_text(t("senders.health.ready"))
    await card.get_by_role("button", name=t("senders.resume")).click()
    await t.alone(page)
    await page.get_by_role("button", name=t("senders.resumeConfirm")).click()
    await expect(card.get_by_role("button", name=t("senders.pause"))).to_be_visible()
    await t.alone(page)

    async def active() -> bool:
        stored = await senders.get_sender(town.pool, sender.id)
        return stored is not None and stored.status == "active"

    await eventually(active, what="the sender")


async def test_a_failed_message_is_found_with_its_reason(
    open_page: Opener, town: Town, api: httpx.AsyncClient, t: Tongue
) -> None:
    """10, W4: seen within seconds in monitoring, from there to the contact, the campaign and each attempt."""
    scene = await open_scene(town, 1, window_s=3600)
    await named(scene, f"Soldes {scene.phones[0]}")
    page = await open_page("/monitoring", locale=t.locale)
    await expect(page.get_by_role("heading", name=t("monitoring.failures"))).to_be_visible()
    ready = await scene.begin()
    assert isinstance(ready, Ready)
    detail = "Wassenger answered 400: 8 chiffres"  # what follows the number is the gateway's own
    await outcomes.record_rejected(scene.pool, ready.message_id, ready.attempt, code="400", detail=detail)
    table = page.get_by_role("table", name=t("monitoring.failures"))
    row = table.get_by_role("row").filter(has_text=scene.phones[0][-2:]).filter(has_text="Soldes").first
    await expect(row).to_contain_text(t("common.reasons.refused", "400"))
    await expect(row.get_by_role("link", name="Soldes")).to_have_attribute(
        "href", f"/campaigns/{scene.campaign.id}"
    )
    await expect(row.get_by_role("link", name="N0")).to_have_attribute(
        "href", f"/contacts?contact={scene.contact_ids[0]}"
    )
    await t.alone(page)
    await page.goto(f"/messages?campaign={scene.campaign.id}")
    await page.get_by_label(t("messages.status")).select_option("failed")
    rows = page.get_by_role("grid", name=t("messages.title")).locator(".vrow")
    await expect(rows).to_have_count(1)
    await t.alone(page)
    await rows.click()
    panel = page.get_by_role("dialog", name=t("messages.messageTo", "N0"))
    await expect(panel).to_contain_text(t("messages.attempts", 1))
    await expect(panel).to_contain_text(t("messages.outcomes.rejected"))
    await t.alone(page)
    listed = (await api.get("/api/messages", params={"campaign_id": scene.campaign.id})).json()["items"]
    assert [each["status"] for each in listed] == ["failed"]


@pytest.mark.usefixtures("undisturbed")
async def test_a_setting_is_changed_and_is_in_the_log(
    open_page: Opener, town: Town, pool: Pool, t: Tongue
) -> None:
    """10, C4: in its unit, within its limits; the log says who changed what."""
    scene = await open_scene(town, 1, window_s=3600)
    label = t("settings.names.careful_delay_s.label")
    page = await open_page("/settings", role=Role.SUPER_ADMIN, locale=t.locale)
    row = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=label, exact=True))
    await expect(row).to_contain_text(t.either("22.5", "22,5"))
    await t.alone(page)
    await row.get_by_role("button", name=t("settings.change")).click()
    dialog = page.get_by_role("dialog", name=label)
    await dialog.get_by_label(label).last.fill("12")
    await dialog.get_by_role("button", name=t("settings.save")).click()
    await expect(dialog).to_contain_text(t.either("At least 15s.", "Au moins 15 s."))
    await t.alone(page)
    assert await violations(page) == []
    await dialog.get_by_label(label).last.fill(t.either("17.5", "17,5"))
    await page.keyboard.press("Enter")
    await expect(row).to_contain_text(t.either("17.5", "17,5"))
    name = await page.locator(".sidebar .person-name").inner_text()
    await expect(row).to_contain_text(t("settings.changedBy", name))

    for action, subject, after in (
        ("sender.paused", "sender", {"scope": "all"}),
        ("sender.changed", "sender", {"name": "Boutique", "maturity": "young", "message_1_rate_per_s": 0.2}),
        ("messages.exported", "messages", {"status": "failed"}),
        ("import.started", "import", {"file_name": "clients.csv"}),
    ):
        subject_id = scene.sender.id if subject == "sender" else scene.campaign.id
        await audit.note(pool, name, action, subject, subject_id, after=after)
    await page.get_by_role("tab", name=t("settings.tabs.audit")).click()
    entry = page.get_by_role("row").filter(has_text=name).filter(has_text=label)
    await expect(entry.first).to_contain_text(t("settings.actions.setting.set"))
    await expect(page.get_by_role("row").filter(has_text="clients.csv").first).to_be_visible()
    await t.alone(page)
    await page.get_by_role("tab", name=t("settings.tabs.settings")).click()
    await row.get_by_role("button", name=t("settings.reset")).click()
    await expect(row).to_contain_text(t("settings.sources.default"))

    async def logged() -> bool:
        changes = await pool.fetch(
            "SELECT action FROM audit_log WHERE actor = $1 AND action LIKE 'setting.%' ORDER BY id", name
        )
        return [each["action"] for each in changes] == ["setting.set", "setting.removed"]

    await eventually(logged, what="the change and its end in the log")  # the page shows it before


async def test_a_user_is_added_changed_and_removed(open_page: Opener, door: Door, t: Tongue) -> None:
    """10, U8: by super admins; the one-time password is shown once and good for getting in."""
    name = f"Robin {next_phone()}"
    page = await open_page("/users", role=Role.SUPER_ADMIN, locale=t.locale)
    await page.get_by_role("button", name=t("users.add")).click()
    form = page.get_by_role("dialog", name=t("users.add"))
    await form.get_by_label(t("users.name")).fill(name)
    await t.alone(page)
    await page.keyboard.press("Enter")
    secret = page.get_by_role("dialog", name=t("users.passwordOf", name))
    password = await secret.get_by_label(t("users.passwordLabel")).input_value()
    await t.alone(page)
    assert await violations(page) == []
    await secret.get_by_role("button", name=t("users.done")).click()
    await page.get_by_role("searchbox").fill(name)
    row = page.get_by_role("row").filter(has_text=name)
    await expect(row).to_contain_text(t("users.waiting"))
    await t.alone(page)

    theirs = await open_page(signed_in=False, locale=t.locale)
    await theirs.get_by_label(t("common.userName")).fill(name)
    await theirs.get_by_label(t("common.password")).fill(password)
    await theirs.keyboard.press("Enter")
    await expect(theirs.get_by_role("heading", level=1)).to_have_text(t("sign-in.choose"))

    async def choose(action: str) -> None:
        await page.get_by_role("button", name=t("users.actions", name)).click()
        await page.get_by_role("menuitem", name=t(action)).click()

    await choose("users.edit")
    await page.get_by_label(t("users.role")).select_option("super_admin")
    await expect(page.get_by_role("dialog")).to_contain_text(t("users.endsSessions"))
    await t.alone(page)
    await page.get_by_role("button", name=t("users.save")).click()
    await expect(row).to_contain_text(t("users.roles.super_admin"))
    await choose("users.remove")
    await t.alone(page)
    await page.get_by_role("button", name=t("users.removeConfirm")).click()
    await expect(row).to_be_hidden()

    async def gone() -> bool:
        return await users.find_user(door.pool, name) is None

    await eventually(gone, what="the removal")
