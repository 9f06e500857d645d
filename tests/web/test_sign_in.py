"""Signing in, in both languages, and everything around the session."""

import re

import pytest
from playwright.async_api import expect

from tests.api.people import PASSWORD, Door
from tests.conftest import Town
from tests.scene import open_scene
from tests.web.conftest import Opener

WORDS = {
    "fr-FR": ("Connexion", "Nom", "Mot de passe", "Se connecter", "Vue d’ensemble", "ne correspondent pas"),
    "en-GB": ("Sign in", "Name", "Password", "Sign in", "Overview", "do not go together"),
    "de-DE": ("Sign in", "Name", "Password", "Sign in", "Overview", "do not go together"),
}


@pytest.mark.parametrize("locale", WORDS)
async def test_people_sign_in_in_the_language_of_their_browser(
    open_page: Opener, door: Door, locale: str
) -> None:
    """A wrong password says so and keeps the name; the right one leads on."""
    title, name, password, button, overview, wrong = WORDS[locale]
    user = await door.user()
    page = await open_page(signed_in=False, locale=locale)
    await expect(page.get_by_role("heading", level=1)).to_have_text(title)
    await expect(page).to_have_title(f"{title} · Relance")
    await page.get_by_label(name, exact=True).fill(user.name)
    await page.get_by_label(password, exact=True).fill("not this one")
    await page.get_by_role("button", name=button).click()
    await expect(page.get_by_role("alert")).to_contain_text(wrong)
    await page.get_by_label(password, exact=True).fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text(overview)
    assert await page.evaluate("document.documentElement.lang") == ("fr" if locale == "fr-FR" else "en")


async def test_the_language_is_switched_and_remembered(open_page: Opener) -> None:
    """In the frame of whoever is signed in; a loaded page keeps it."""
    page = await open_page()
    await page.get_by_role("button", name="Person").click()
    await page.get_by_role("menuitemradio", name="Français").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Vue d’ensemble")
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Vue d’ensemble")


async def test_an_address_inside_leads_there_after_signing_in(open_page: Opener, door: Door) -> None:
    """The deep link survives; an address that nobody knows says so."""
    user = await door.user()
    page = await open_page("/campaigns/nothing/here", signed_in=False)
    await page.get_by_label("Name").fill(user.name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")
    await page.get_by_role("link", name="To the overview").click()
    await expect(page.get_by_role("heading", level=1)).to_be_focused()
    await expect(page).to_have_url(re.compile("/$"))


async def test_a_session_that_ends_is_taken_up_again_without_losing_anything(
    open_page: Opener, door: Door, town: Town
) -> None:
    """A dialog over the page; once somebody has signed in, what was asked for comes."""
    scene = await open_scene(town, 1, window_s=3600)
    page = await open_page()
    await expect(page.get_by_text("Live", exact=True).first).to_be_visible()
    name = await page.locator(".sidebar .person-name").inner_text()
    await door.pool.execute("DELETE FROM sessions WHERE user_id = (SELECT id FROM users WHERE name = $1)", name)
    # What happens makes the page ask for its numbers anew.
    await door.pool.execute("UPDATE campaigns SET name = 'Autumn' WHERE id = $1", scene.campaign.id)
    dialog = page.get_by_role("dialog", name="Please sign in again")
    await expect(dialog).to_be_visible()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    await expect(dialog.get_by_label("Name")).to_have_value(name)
    await dialog.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_text("Autumn").first).to_be_visible()
