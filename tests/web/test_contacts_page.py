"""The contacts, as a campaign manager keeps them: found, added, corrected, chosen by the hundred, opted out."""

import re

import httpx
import pytest
from playwright.async_api import Route, expect

from domain.messages import MessageType
from tests.conftest import Town, eventually, next_phone
from tests.scene import open_scene
from tests.storage.test_counters import attempt
from tests.web.axe import keeps_nobody_out
from tests.web.conftest import Opener

FRENCH = {"locale": "fr-FR"}


def spoken(phone: str) -> str:
    """+33639980001 as people write it in France."""
    return " ".join(["0" + phone[3], phone[4:6], phone[6:8], phone[8:10], phone[10:]])


def shown(phone: str) -> str:
    """The same as the dashboard shows it."""
    return f"+33 {spoken(phone)[1:]}"


async def refuse(route: Route) -> None:
    """The server has a problem."""
    await route.fulfill(status=500, json={"title": "Broken", "status": 500, "detail": "it broke"})


async def test_a_contact_is_added_changed_and_deleted(open_page: Opener, api: httpx.AsyncClient) -> None:
    """As people write numbers; the list shows it at once, the panel what is known of it."""
    phone = next_phone()
    page = await open_page("/contacts", **FRENCH)
    await page.get_by_role("button", name="Nouveau contact").click()
    form = page.get_by_role("dialog", name="Nouveau contact")
    await form.get_by_role("button", name="Ajouter le contact").click()
    await expect(form.get_by_text("Le numéro de téléphone manque.")).to_be_visible()
    await form.get_by_label("Numéro").fill(spoken(phone))
    await form.get_by_label("Nom (facultatif)").fill("Zoé Exemple")
    await form.get_by_role("button", name="Ajouter une variable").click()
    await form.get_by_label("Nom", exact=True).fill("ville")
    await form.get_by_label("Valeur de ville").fill("Lyon")
    await page.keyboard.press("Enter")
    row = page.get_by_role("row").filter(has_text="Zoé Exemple")
    await expect(row).to_contain_text(shown(phone))

    await row.click()
    panel = page.get_by_role("dialog", name="Zoé Exemple")
    await expect(panel).to_contain_text("Lyon")
    await expect(panel.get_by_role("listitem").filter(has_text="Contact ajouté")).to_be_visible()
    await panel.get_by_role("button", name="Modifier").click()
    edit = page.get_by_role("dialog", name="Modifier le contact")
    await edit.get_by_label("Nom (facultatif)").fill("Zoé Autre")
    await edit.get_by_role("button", name="Enregistrer").click()
    renamed = page.get_by_role("dialog", name="Zoé Autre")
    await expect(renamed).to_be_visible()
    await page.go_back()
    await expect(renamed).to_be_hidden()

    await page.get_by_role("button", name="Actions pour Zoé Autre").click()
    await page.get_by_role("menuitem", name="Supprimer").click()
    await page.get_by_role("dialog").get_by_role("button", name="Supprimer le contact").click()
    await expect(page.get_by_role("row").filter(has_text="Zoé Autre")).to_be_hidden()

    async def gone() -> bool:
        return not (await api.get("/api/contacts", params={"q": phone})).json()["items"]

    await eventually(gone, what="the deletion")


async def test_an_error_takes_back_its_own_change_alone(open_page: Opener, town: Town) -> None:
    """One of two deletions fails: that row comes back, the other stays away; trying again does it."""
    category_id, phones = await town.people([{}, {}, {}])
    page = await open_page(f"/contacts?category_id={category_id}")
    rows = page.get_by_role("row").filter(has_text=re.compile(r"\+33"))
    await expect(rows).to_have_count(3)
    ids = {
        row["phone"]: str(row["id"])
        for row in await town.pool.fetch("SELECT id, phone FROM contacts WHERE phone = ANY($1)", phones)
    }
    await page.route(f"**/api/contacts/{ids[phones[0]]}", refuse)

    async def delete(phone: str) -> None:
        await rows.filter(has_text=shown(phone)).get_by_role("button", name="Actions").click()
        await page.get_by_role("menuitem", name="Delete").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete the contact").click()

    await delete(phones[0])
    await delete(phones[1])
    alert = page.locator(".toast").filter(has_text="was not deleted")
    await expect(alert).to_contain_text("The server has a problem")
    await expect(rows).to_have_count(2)
    await expect(rows.filter(has_text=shown(phones[0]))).to_be_visible()
    await expect(rows.filter(has_text=shown(phones[1]))).to_be_hidden()
    await page.unroute(f"**/api/contacts/{ids[phones[0]]}")
    await alert.get_by_role("button", name="Try again").click()
    await expect(rows).to_have_count(1)


async def test_what_was_refused_can_be_corrected(open_page: Opener, api: httpx.AsyncClient) -> None:
    """Nothing that was typed is lost, and the contact who has the number is one click away."""
    known = (await api.post("/api/contacts", json={"phone": next_phone(), "name": "Ana Known"})).json()
    page = await open_page("/contacts")
    await page.get_by_role("button", name="New contact").click()
    form = page.get_by_role("dialog", name="New contact")
    await form.get_by_label("Number").fill("06 12")
    await form.get_by_label("Name (optional)").fill("Max Draft")
    await form.get_by_role("button", name="Add the contact").click()
    alert = page.locator(".toast").filter(has_text="Max Draft was not added")
    await expect(alert).to_contain_text("phone number")
    await expect(page.get_by_role("row").filter(has_text="Max Draft")).to_be_hidden()
    await alert.get_by_role("button", name="Correct it").click()
    await expect(form.get_by_label("Name (optional)")).to_have_value("Max Draft")
    await expect(form.get_by_label("Number")).to_have_attribute("aria-invalid", "true")
    await form.get_by_label("Number").fill(known["phone"])
    await form.get_by_role("button", name="Add the contact").click()
    await page.locator(".toast").get_by_role("button", name="Correct it").click()
    await expect(form.get_by_text("Another contact has this number already.")).to_be_visible()
    await form.get_by_role("link", name="Show that contact").click()
    await expect(page.get_by_role("dialog", name="Ana Known")).to_be_visible()


async def test_filters_are_in_the_address_and_search_is_by_what_people_type(
    open_page: Opener, town: Town, api: httpx.AsyncClient
) -> None:
    """A reload shows the same; filters are cleared at once."""
    category_id, phones = await town.people([{}, {}])
    name = f"Filtered {phones[0]}"
    # By the API, which keeps the list of categories for a while.
    assert (await api.patch(f"/api/categories/{category_id}", json={"name": name})).status_code == 200
    page = await open_page("/contacts", **FRENCH)
    await page.get_by_role("combobox", name="Catégorie").select_option(label=name)
    rows = page.get_by_role("row").filter(has_text=re.compile(r"\+33"))
    await expect(rows).to_have_count(2)
    await page.get_by_role("searchbox", name="Nom ou numéro").fill(spoken(phones[1]))
    await expect(rows).to_have_count(1)
    await expect(page.get_by_role("status").filter(has_text="1 contact")).to_be_visible()
    await page.reload()
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text(shown(phones[1]))
    export = await page.get_by_role("link", name="Exporter").get_attribute("href")
    assert export is not None
    csv = await (await page.request.get(export)).text()
    assert [phones[1] in line for line in csv.splitlines()] == [False, True]
    await page.get_by_role("combobox", name="Désinscription").select_option("true")
    await expect(page.get_by_text("Personne ne correspond")).to_be_visible()
    await page.get_by_role("button", name="Effacer les filtres").first.click()
    await expect(page).to_have_url(re.compile(r"/contacts$"))


async def test_many_are_chosen_and_changed_at_once(
    open_page: Opener, town: Town, api: httpx.AsyncClient
) -> None:
    """Ticked ones into a category, all that a filter leaves to the opt-out list, and one is deleted."""
    category_id, phones = await town.people([{}, {}, {}])
    other = (await api.post("/api/categories", json={"name": f"Chosen {phones[0]}"})).json()
    page = await open_page(f"/contacts?category_id={category_id}")
    rows = page.get_by_role("row").filter(has_text=re.compile(r"\+33"))
    await expect(rows).to_have_count(3)
    await rows.nth(0).get_by_role("checkbox").check()
    await rows.nth(1).get_by_role("checkbox").check()
    await expect(page.get_by_text("2 selected")).to_be_visible()
    await page.get_by_role("button", name="Categories").click()
    await page.get_by_role("menuitem", name="Add to a category").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Category").select_option(label=other["name"])
    await dialog.get_by_role("button", name="Add", exact=True).click()
    await expect(rows.filter(has_text=other["name"])).to_have_count(2)

    await rows.nth(0).get_by_role("checkbox").check()
    await page.get_by_role("button", name="Select all 3").click()
    await expect(page.get_by_text("3 selected")).to_be_visible()
    await page.get_by_role("button", name="Opt out").click()
    await dialog.get_by_label("Reason").fill("by telephone")
    await dialog.get_by_role("button", name="Opt out", exact=True).click()
    await expect(page.locator(".toast").filter(has_text="3 contacts opted out")).to_be_visible()
    await expect(rows.filter(has_text="Opted out")).to_have_count(3)
    [entry] = (await api.get("/api/opt-outs", params={"q": phones[2]})).json()["items"]
    assert entry["reason"] == "by telephone"


async def test_whoever_a_campaign_writes_to_is_kept(open_page: Opener, town: Town) -> None:
    """The others are deleted; the page says how many were kept, and shows them again."""
    scene = await open_scene(town, 2, window_s=3600)
    free = next_phone()
    category = await town.pool.fetchval(
        "SELECT category_id::text FROM contact_categories WHERE contact_id = $1", scene.contact_ids[0]
    )
    await town.pool.execute(
        "WITH c AS (INSERT INTO contacts (phone) VALUES ($1) RETURNING id) "
        "INSERT INTO contact_categories (contact_id, category_id) SELECT id, $2 FROM c",
        free,
        category,
    )
    page = await open_page(f"/contacts?category_id={category}", **FRENCH)
    rows = page.get_by_role("row").filter(has_text=re.compile(r"\+33"))
    await expect(rows).to_have_count(3)
    await page.get_by_role("checkbox", name="Tout sélectionner").check()
    await page.get_by_role("button", name="Supprimer").click()
    await page.get_by_role("dialog").get_by_role("button", name="Supprimer 3 contacts").click()
    await expect(page.locator(".toast").filter(has_text="2 contacts ont été gardés")).to_be_visible()
    await expect(rows).to_have_count(2)


async def test_a_panel_tells_what_happened(open_page: Opener, town: Town) -> None:
    """What was sent, in which campaign; its address can be sent to somebody."""
    scene = await open_scene(town, 1, window_s=3600)
    await attempt(scene, "accept", 0, MessageType.MESSAGE_1)
    page = await open_page(f"/contacts?contact={scene.contact_ids[0]}")
    panel = page.get_by_role("dialog")
    await expect(panel.get_by_role("listitem").filter(has_text="Message 1").first).to_contain_text("Sent")
    await expect(panel).to_contain_text("Waiting for a reaction")
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    assert "contact=" not in page.url


@pytest.mark.usefixtures("running_worker")
async def test_numbers_are_checked_on_whatsapp(open_page: Opener, town: Town) -> None:
    """The check goes on in the background, and the list shows what it found."""
    await town.sender()
    category_id, _phones = await town.people([{}])
    page = await open_page(f"/contacts?category_id={category_id}", **FRENCH)
    rows = page.get_by_role("row").filter(has_text=re.compile(r"\+33"))
    await rows.nth(0).get_by_role("checkbox").check()
    await page.get_by_role("button", name="Vérifier sur WhatsApp").click()
    await page.get_by_role("dialog").get_by_role("button", name="Lancer la vérification").click()
    await expect(page.locator(".toast").filter(has_text="1 numéro vérifié")).to_be_visible()
    await expect(rows).to_contain_text("Sur WhatsApp")


async def test_the_opt_out_list_is_kept_by_hand(open_page: Opener, api: httpx.AsyncClient) -> None:
    """A number comes with its reason, and leaves only with one."""
    phone = next_phone()
    page = await open_page("/contacts?tab=opt-outs")
    await page.get_by_role("button", name="Add a number").click()
    form = page.get_by_role("dialog", name="Add a number")
    await form.get_by_label("Number").fill(spoken(phone))
    await form.get_by_label("Reason").fill("by telephone")
    await page.keyboard.press("Enter")
    row = page.get_by_role("row").filter(has_text=shown(phone))
    await expect(row).to_contain_text("by telephone")

    await row.get_by_role("button", name=f"Take {phone} off the list").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Take off the list").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("at least 3 characters")
    await dialog.get_by_label("How did they agree?").fill("wrote on 12 May")
    await dialog.get_by_role("button", name="Take off the list").click()
    await expect(row).to_be_hidden()

    async def gone() -> bool:
        return not (await api.get("/api/opt-outs", params={"q": phone})).json()["items"]

    await eventually(gone, what="the number off the list")


async def test_nothing_of_it_keeps_anybody_out(open_page: Opener, town: Town) -> None:
    """Panel, forms and chosen rows by the rules of axe; the pages as they open are in test_accessibility.py."""
    scene = await open_scene(town, 2, window_s=3600)
    await attempt(scene, "accept", 0, MessageType.MESSAGE_1)
    page = await open_page("/contacts", reduced_motion="reduce")
    rows = page.get_by_role("row")
    await expect(rows.nth(2)).to_be_visible()
    await rows.nth(1).get_by_role("checkbox").check()
    await keeps_nobody_out(page)
    await page.goto(f"/contacts?contact={scene.contact_ids[0]}")
    await expect(page.get_by_role("dialog").get_by_role("listitem").first).to_be_visible()
    await keeps_nobody_out(page)
    await page.get_by_role("dialog").get_by_role("button", name="Edit").click()
    await expect(page.get_by_role("dialog", name="Edit the contact").get_by_label("Number")).to_be_focused()
    await keeps_nobody_out(page)
