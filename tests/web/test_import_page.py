"""An import, from the file as Excel leaves it to the rows that could not be used."""

import re

import httpx
from playwright.async_api import FilePayload, Page, Route, expect
from temporalio.client import Client

from settings import Settings
from tests.conftest import next_phone
from tests.web.axe import keeps_nobody_out
from tests.web.conftest import Opener
from tests.web.installation import new_installation

FRENCH = {"locale": "fr-FR"}


async def choose(page: Page, name: str, content: bytes) -> None:
    """A file from their device."""
    file = FilePayload(name=name, mimeType="text/csv", buffer=content)
    await page.locator("input[type=file]").set_input_files(file)


async def test_an_import_that_waits_can_be_stopped(
    open_page: Opener, settings: Settings, temporal: Client
) -> None:
    """Nothing of it was imported; it stays among the earlier ones."""
    content = "\n".join(["phone", *(next_phone() for _ in range(5))]).encode()
    async with new_installation(settings, temporal, works=False) as idle:
        page = await open_page("/contacts/import", signed_in=False, base_url=idle.url, before=idle.sign_in)
        await choose(page, "waiting.csv", content)
        await page.get_by_role("button", name="Import", exact=True).click()
        await page.get_by_role("button", name="Stop the import").click()
        await page.get_by_role("dialog").get_by_role("button", name="Stop the import").click()
        await expect(page.get_by_text("The import was stopped")).to_be_visible()
        await page.get_by_role("link", name="Import another file").click()
        earlier = page.get_by_role("table", name="Earlier imports")
        await expect(earlier.get_by_role("row").filter(has_text="waiting.csv")).to_be_visible()
        await page.close()
        assert await idle.pool.fetchval("SELECT count(*) FROM contacts") == 0


async def test_an_upload_that_fails_is_tried_again_and_imports_once(
    open_page: Opener, api: httpx.AsyncClient
) -> None:
    """The answer was lost on the way, the import was not: the same request gives the same import."""
    name = f"once {next_phone()}.csv"
    page = await open_page("/contacts/import")
    await choose(page, name, f"phone\n{next_phone()}\n".encode())

    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await page.route("**/api/imports?*", lose, times=1)
    start = page.get_by_role("button", name="Import", exact=True)
    await start.click()
    await expect(page.locator(".toast").filter(has_text="was not imported")).to_be_visible()
    await start.click()
    await expect(page).to_have_url(re.compile("id="))
    listed = (await api.get("/api/imports", params={"limit": 20})).json()["items"]
    assert [each["file_name"] for each in listed].count(name) == 1


async def test_what_is_no_table_of_contacts_is_said_at_once(open_page: Opener) -> None:
    """A workbook before it is sent, an empty table once it is looked at; another file is a click away."""
    page = await open_page("/contacts/import")
    await choose(page, "clients.xlsx", b"PK")
    await expect(page.get_by_role("alert")).to_contain_text("Save it as “CSV”")
    await choose(page, "blank.csv", b"\n\n")
    await expect(page.get_by_role("alert")).to_contain_text("The file is empty.")
    await page.get_by_role("button", name="Choose another file").click()
    await expect(page.get_by_text("Drop your file here")).to_be_visible()


async def test_nothing_of_it_keeps_anybody_out(open_page: Opener) -> None:
    """Columns and options by the rules of axe."""
    page = await open_page("/contacts/import", reduced_motion="reduce")
    await choose(page, "columns.csv", "Nom;Joignable au;Ville\nZoé;0639980000;Lyon\n".encode())
    heading = page.get_by_role("heading", name="columns.csv")
    await expect(heading).to_be_focused()
    await page.get_by_label("What Ville means").select_option("ignored")
    await keeps_nobody_out(page)
