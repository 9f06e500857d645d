"""The ten main journeys, 1 to 5, from click to database in both languages: getting in, contacts, categories."""

import re
import sys
from dataclasses import dataclass
from time import monotonic

import httpx
import pytest
from playwright.async_api import FilePayload, Locator, Page, expect
from temporalio.client import Client

from settings import Settings
from storage import users
from tests.api.people import PASSWORD, Door
from tests.conftest import Town, eventually, next_phone
from tests.web.axe import violations
from tests.web.conftest import Opener
from tests.web.installation import new_installation
from tests.web.words import LANGUAGES, Tongue

BY_PHONE = re.compile(r"\+33")


@pytest.fixture(params=LANGUAGES)
def t(request: pytest.FixtureRequest) -> Tongue:
    """Every journey is made in French and in English."""
    return Tongue(request.param)


def shown(phone: str) -> str:
    """+33639980001 as the dashboard shows it."""
    return f"+33 {phone[3]} " + " ".join(phone[n : n + 2] for n in range(4, 12, 2))


async def choose(page: Page, name: str, content: bytes) -> None:
    """A file from their device."""
    file = FilePayload(name=name, mimeType="text/csv", buffer=content)
    await page.locator("input[type=file]").set_input_files(file)


async def test_signing_in_with_a_password_of_ones_own_and_out(open_page: Opener, door: Door, t: Tongue) -> None:
    """1: the one-time password need not be typed twice; afterwards the new one counts."""
    user = await door.user(must_change=True)
    page = await open_page(signed_in=False, locale=t.locale)
    await page.get_by_label(t("common.userName")).fill(user.name)
    await page.get_by_label(t("common.password")).fill(PASSWORD)
    await t.alone(page)
    await page.get_by_role("button", name=t("common.signIn")).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(t("sign-in.choose"))
    new = page.get_by_label(t("common.newPassword"))
    await new.fill("too short")
    await expect(page.get_by_text(t("common.stillToType", 6))).to_be_visible()
    await t.alone(page)
    await new.fill("another four words of mine")
    await page.get_by_role("button", name=t("common.choosePassword")).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(t("overview.title"))
    await page.get_by_role("button", name=user.name).click()
    await page.get_by_role("menuitem", name=t("common.signOut")).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(t("sign-in.title"))
    stored = await users.find_user(door.pool, user.name)
    assert stored is not None
    assert not stored.must_change_password
    assert await door.pool.fetchval("SELECT count(*) FROM sessions WHERE user_id = $1", user.id) == 0


@dataclass
class Newcomer:
    """Somebody who goes through an empty installation, and how many clicks that takes."""

    page: Page
    t: Tongue
    clicks: int = 0

    async def click(self, button: Locator) -> None:
        """One more; before it, nothing English is on a French screen."""
        await expect(button).to_be_enabled()
        await self.t.alone(self.page)
        self.clicks += 1
        await button.click()

    async def overview(self) -> None:
        """Back to where the next step is."""
        await self.click(self.page.get_by_role("link", name=self.t("common.pages.overview")).first)

    async def next_step(self, step: str) -> None:
        """What the overview offers has to be this step."""
        current = self.page.locator("[aria-current=step]")
        await expect(current.get_by_role("heading")).to_have_text(self.t(f"overview.steps.{step}.title"))
        await self.click(current.get_by_role("link", name=self.t(f"overview.steps.{step}.action")))

    async def add_a_sender(self) -> None:
        """The gateway's numbers are offered, the first that can send is chosen; then what comes next."""
        page, t = self.page, self.t
        await self.next_step("sender")
        await self.click(page.get_by_role("button", name=t("senders.add")))
        form = page.get_by_role("dialog", name=t("senders.add"))
        await expect(form.get_by_text(t("senders.sandbox"))).to_be_visible()
        await expect(form.get_by_role("radio", checked=True)).to_have_count(1)
        assert await violations(page) == []
        await self.click(form.get_by_role("button", name=t("senders.addIt")))
        await expect(page.get_by_role("button", name=t("senders.nextStep"))).to_be_visible()
        await expect(page.get_by_text(t("senders.health.ready"))).to_be_visible()

    async def import_contacts(self, phones: list[str]) -> None:
        """A file, a category, a click."""
        page, t = self.page, self.t
        await self.next_step("contacts")
        self.clicks += 1  # the file, in the window of their system
        rows = ["phone,name", *(f"{phone},Zoé" for phone in phones)]
        await choose(page, "contacts.csv", "\n".join(rows).encode())
        await page.get_by_label(t("contacts-import.category")).fill("Clients")
        await self.click(page.get_by_role("button", name=t("contacts-import.start"), exact=True))
        await expect(page.get_by_text(t("contacts-import.done", len(phones)))).to_be_visible()
        await expect(page.get_by_role("link", name=t("contacts-import.newCampaign"))).to_be_visible()

    async def start_a_campaign(self, people: int) -> None:
        """Whom, what, and go; everything else has a value that does."""
        page, t = self.page, self.t
        onward = page.get_by_role("button", name=t("campaign-new.next"))
        await self.next_step("campaign")
        await self.click(page.get_by_role("checkbox", name="Clients"))
        await expect(page.locator(".audience-reached")).to_contain_text(str(people))
        await self.click(onward)
        await page.get_by_role("textbox", name="Message 1").fill("{{name}}, bonjour")
        await page.get_by_role("textbox", name="Message 2").fill("Merci")
        await self.click(onward)
        await expect(page.get_by_role("heading", name=t("campaign-new.sendersTitle"))).to_be_visible()
        await expect(page.get_by_text(t("campaign-new.health.usable"))).to_be_visible()
        await self.click(onward)
        await expect(page.get_by_role("heading", name=t("campaign-new.checkTitle"))).to_be_visible()
        await self.click(page.get_by_role("button", name=t("campaign-new.start")))
        dialog = page.get_by_role("dialog", name=t("campaign-new.startTitle"))
        await self.click(dialog.get_by_role("button", name=t("campaign-new.startAsk", people)))
        await expect(page.locator("header .pill")).to_have_text(t("common.states.running"))


async def test_an_empty_installation_leads_to_its_first_campaign(
    open_page: Opener, settings: Settings, temporal: Client, sandbox: httpx.AsyncClient, t: Tongue
) -> None:
    """2, U2: sender, contacts, campaign: each next step is on the screen, and messages reach the sandbox."""
    phones = [next_phone(), next_phone()]
    async with new_installation(settings, temporal) as installation:
        page = await open_page(
            base_url=installation.url, signed_in=False, locale=t.locale, before=installation.sign_in
        )
        began = monotonic()
        newcomer = Newcomer(page, t)
        await expect(page.get_by_role("heading", name=t("overview.firstRun"))).to_be_visible()
        await expect(page.get_by_text(t("overview.chart"))).to_be_hidden()
        await newcomer.add_a_sender()
        await newcomer.overview()
        await newcomer.import_contacts(phones)
        await newcomer.overview()
        await newcomer.start_a_campaign(len(phones))
        sys.stdout.write(f"first run, {t.language}: {newcomer.clicks} clicks, {monotonic() - began:.1f} s\n")
        count = page.locator(".funnel-step").nth(1).locator(".funnel-count")
        await expect(count).not_to_have_text("0")
        await newcomer.overview()
        await expect(page.get_by_role("heading", name=t("overview.running"), exact=True)).to_be_visible()
        await t.alone(page)

        async def arrived() -> bool:
            found = [await sandbox.get("/control/journal", params={"phone": phone}) for phone in phones]
            return any(each["body"] == "Zoé, bonjour" for one in found for each in one.json()["messages"])

        await eventually(arrived, what="Message 1 in the sandbox")
        await page.context.close()


@pytest.mark.usefixtures("running_worker")
async def test_a_file_of_excel_is_mapped_imported_and_its_rejects_explained(
    open_page: Opener, api: httpx.AsyncClient, t: Tongue
) -> None:
    """3: semicolons, Windows-1252, a column that only a person knows to be the phone; reloads in between."""
    phone, other = next_phone(), next_phone()
    lines = ["Prénom;Nom;Joignable au;Ville", f"Zoé;Martin;0{phone[3:]};Orléans", f"Ana;Faure;{other};Nîmes"]
    bad = ["Max;Petit;12;Nice", f"Léo;Blanc;{phone};Nice", f"Ida;{'I' * 300};{next_phone()};Nice"]
    content = "\r\n".join([*lines, *bad]).encode("cp1252")
    page = await open_page("/contacts/import", locale=t.locale)
    await expect(page.get_by_text(t("contacts-import.drop"))).to_be_visible()
    await t.alone(page)
    await choose(page, "salon de mai.csv", content)
    separated = t.either("Separated by semicolons", "Séparé par des points-virgules")
    await expect(page.get_by_text(f"{separated} · Windows-1252")).to_be_visible()
    await expect(page.get_by_role("cell", name="Orléans")).to_be_visible()
    await expect(page.get_by_text(t("contacts-import.noPhoneColumn"))).to_be_visible()
    start = page.get_by_role("button", name=t("contacts-import.start"), exact=True)
    await expect(start).to_be_disabled()
    await t.alone(page)
    meaning = page.get_by_label(t("contacts-import.meaningOf", "Joignable au"))
    await meaning.select_option(label=t("contacts-import.meanings.phone"))
    await page.get_by_label(t("contacts-import.category")).fill(f"Salon {phone}")
    await page.wait_for_timeout(500)  # files are kept in the browser's own database, which takes a moment
    await page.reload()
    await expect(meaning).to_have_value("phone")
    await expect(page.get_by_label(t("contacts-import.category"))).to_have_value(f"Salon {phone}")
    await start.click()

    await expect(page.get_by_text(t("contacts-import.doneWithRejected", 3))).to_be_visible()
    await expect(page.locator(".tile").filter(has_text=t("contacts-import.created"))).to_contain_text("2")
    rejected = page.get_by_role("table", name=t("contacts-import.rejectedTitle", 3)).get_by_role("row")
    await expect(rejected.nth(1)).to_contain_text(t("common.phoneProblems.too short for a phone number"))
    await expect(rejected.nth(2)).to_contain_text(t("common.sameNumber", 2))
    await expect(rejected.nth(3)).to_contain_text("200")
    await t.alone(page)
    async with page.expect_download() as download:
        await page.get_by_role("link", name=t("contacts-import.download")).click()
    assert (await download.value).suggested_filename.startswith("rejected-")
    await page.reload()
    await expect(rejected).to_have_count(4)
    await page.get_by_role("link", name=t("contacts-import.showContacts")).click()
    await expect(page.get_by_role("row").filter(has_text="Zoé Martin")).to_contain_text(f"Salon {phone}")
    await t.alone(page)
    found = (await api.get("/api/contacts", params={"q": phone})).json()["items"][0]
    contact = (await api.get(f"/api/contacts/{found['id']}")).json()
    assert contact["variables"] == {"Prénom": "Zoé", "Ville": "Orléans"}


async def test_contacts_are_found_corrected_sorted_and_deleted(
    open_page: Opener, town: Town, api: httpx.AsyncClient, t: Tongue
) -> None:
    """4: one by one and many at once; the export has what the filter leaves."""
    category_id, phones = await town.people([{}, {}, {}])
    chosen = (await api.post("/api/categories", json={"name": f"Choisis {phones[0]}"})).json()
    page = await open_page(f"/contacts?category_id={category_id}", locale=t.locale)
    rows = page.get_by_role("row").filter(has_text=BY_PHONE)
    await expect(rows).to_have_count(3)
    await t.alone(page)

    search = page.get_by_role("searchbox", name=t("contacts.search"))
    await search.fill(phones[1])
    await expect(rows).to_have_count(1)
    await expect(page).to_have_url(re.compile("q="))
    export = await page.get_by_role("link", name=t("contacts.exportCsv")).get_attribute("href")
    lines = (await (await page.request.get(str(export))).text()).splitlines()
    assert [phones[1] in line for line in lines] == [False, True]
    await rows.first.click()
    panel = page.get_by_role("dialog")
    await expect(
        panel.get_by_role("listitem").filter(has_text=t("contacts.happened.contact_created"))
    ).to_be_visible()
    await t.alone(page)
    await panel.get_by_role("button", name=t("contacts.edit")).click()
    form = page.get_by_role("dialog", name=t("contacts.editTitle"))
    await form.get_by_label(f"{t('contacts.name')} {t('contacts.optional')}").fill("Zoé Exemple")
    await t.alone(page)
    await form.get_by_role("button", name=t("contacts.save")).click()
    await expect(page.get_by_role("dialog", name="Zoé Exemple")).to_be_visible()
    await page.keyboard.press("Escape")
    await search.fill("")
    await expect(rows).to_have_count(3)
    await expect(rows.filter(has_text="Zoé Exemple")).to_have_count(1)

    await page.get_by_role("checkbox", name=t("common.selectAll")).check()
    await expect(page.get_by_text(t("contacts.chosen", 3), exact=True)).to_be_visible()
    await page.get_by_role("button", name=t("contacts.categories")).click()
    await page.get_by_role("menuitem", name=t("contacts.addToCategory")).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label(t("contacts.category")).select_option(label=chosen["name"])
    await t.alone(page)
    await dialog.get_by_role("button", name=t("contacts.addToCategoryConfirm"), exact=True).click()
    await expect(rows.filter(has_text=chosen["name"])).to_have_count(3)

    await rows.nth(0).get_by_role("checkbox").check()
    await rows.nth(1).get_by_role("checkbox").check()
    await page.get_by_role("button", name=t("contacts.remove"), exact=True).click()
    await t.alone(page)
    await dialog.get_by_role("button", name=t("contacts.removeConfirm", 2)).click()
    await expect(rows).to_have_count(1)
    await t.alone(page)

    async def stored() -> bool:
        left = (await api.get("/api/contacts", params={"category_id": category_id})).json()["items"]
        return [set(each["category_ids"]) for each in left] == [{category_id, chosen["id"]}]

    await eventually(stored, what="the deletion")


async def test_a_category_is_made_renamed_and_deleted(
    open_page: Opener, town: Town, api: httpx.AsyncClient, t: Tongue
) -> None:
    """5: seen at once; deleting says how many contacts are in it, and that they stay."""
    category_id, phones = await town.people([{}, {}])
    mark = next_phone()
    page = await open_page("/categories", locale=t.locale)
    await page.get_by_role("button", name=t("categories.add")).click()
    form = page.get_by_role("dialog")
    await page.keyboard.press("Enter")
    await expect(form.get_by_text(t("categories.nameMissing"))).to_be_visible()
    await form.get_by_label(t("categories.name")).fill(f"Fidèles {mark}")
    await form.get_by_role("radio", name=t("categories.colours.purple")).check(force=True)
    await t.alone(page)
    await page.keyboard.press("Enter")
    row = page.get_by_role("row").filter(has_text=f"Fidèles {mark}")
    await expect(row).to_contain_text(t("categories.nobody"))

    of_people = page.get_by_role("row").filter(has_text=f"Category of {phones[0]}")
    await of_people.get_by_role("button", name=t("categories.actions")).click()
    await page.get_by_role("menuitem", name=t("categories.edit")).click()
    await form.get_by_label(t("categories.name")).fill(f"Salon {mark}")
    await form.get_by_role("button", name=t("categories.save")).click()
    renamed = page.get_by_role("row").filter(has_text=f"Salon {mark}")
    await expect(renamed).to_contain_text("2")
    campaign = renamed.get_by_role("link", name=t("categories.newCampaign"))
    await expect(campaign).to_have_attribute("href", f"/campaigns/new?category_id={category_id}")

    await renamed.get_by_role("button", name=t("categories.actions")).click()
    await page.get_by_role("menuitem", name=t("categories.remove")).click()
    await expect(form).to_contain_text(t("categories.removeText", 2))
    await t.alone(page)
    await form.get_by_role("button", name=t("categories.removeConfirm")).click()
    await expect(renamed).to_be_hidden()
    await row.get_by_role("link", name=f"Fidèles {mark}").click()
    await expect(page).to_have_url(re.compile(r"/contacts\?category_id="))
    await expect(page.get_by_text(t("contacts.noMatch"))).to_be_visible()
    await t.alone(page)
    left = (await api.get("/api/categories", params={"q": mark})).json()
    assert [each["name"] for each in left["items"]] == [f"Fidèles {mark}"]
    assert len((await api.get("/api/contacts", params={"q": phones[1]})).json()["items"]) == 1
