"""What people change about themselves, and the programs that act for them."""

import secrets

import httpx
from playwright.async_api import Page, expect

from storage import sessions, users
from tests.api.people import PASSWORD, Door
from tests.conftest import eventually
from tests.web.axe import violations
from tests.web.conftest import Opener
from tests.web.faults import BROKEN, answer_with


async def myself(page: Page, door: Door) -> users.User:
    """Who is signed in there."""
    user = await users.find_user(door.pool, await page.locator(".sidebar .person-name").inner_text())
    assert user is not None
    return user


async def test_name_language_and_appearance(open_page: Opener, door: Door) -> None:
    """U1: seen at once, and there in the next browser."""
    page = await open_page("/profile", locale="fr-FR")
    me, name = await myself(page, door), f"Zoé {secrets.token_hex(4)}"
    await page.get_by_label("Nom", exact=True).fill(name)
    await page.get_by_role("button", name="Enregistrer").click()
    await expect(page.locator(".sidebar .person-name")).to_have_text(name)
    await page.get_by_text("English", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Profile")
    await page.get_by_text("Dark", exact=True).click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")

    async def stored() -> bool:
        user = await users.get_user(door.pool, me.id)
        return user is not None and (user.name, user.language) == (name, "en")

    await eventually(stored, what="name and language")


async def test_a_name_that_is_taken_stays_in_its_field(open_page: Opener, door: Door) -> None:
    """With the reason."""
    other = await door.user()
    page = await open_page("/profile")
    await page.get_by_label("Name", exact=True).fill(other.name)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Somebody else has this name.")).to_be_visible()
    await expect(page.get_by_label("Name", exact=True)).to_have_value(other.name)


async def test_a_new_password_and_other_browsers(open_page: Opener, door: Door) -> None:
    """U8: with the current one; every other session ends."""
    page = await open_page("/profile", locale="fr-FR")
    me = await myself(page, door)
    await sessions.open_session(door.pool, me.id, user_agent="Mozilla/5.0 (Android 15) Firefox/140.0")
    await page.get_by_role("button", name="Changer le mot de passe").click()
    await page.get_by_label("Mot de passe actuel").fill("not this one, I think")
    await page.get_by_label("Nouveau mot de passe").fill("quatre autres mots de moi")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Le mot de passe actuel n’est pas le bon.")).to_be_visible()
    await page.get_by_label("Mot de passe actuel").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Votre mot de passe est changé").first).to_be_visible()
    await page.reload()
    await expect(page.get_by_text("Ce navigateur")).to_be_visible()
    await expect(page.get_by_text("Firefox sur Android")).to_be_hidden()


async def test_one_other_browser_is_signed_out_and_one_that_fails_stays(open_page: Opener, door: Door) -> None:
    """Only what failed comes back."""
    page = await open_page("/profile")
    me = await myself(page, door)
    for system in ("Windows NT 10.0", "Android 15"):
        await sessions.open_session(door.pool, me.id, user_agent=f"Mozilla/5.0 ({system}) Firefox/140.0")
    await page.reload()
    windows = page.get_by_role("listitem").filter(has_text="Firefox on Windows")
    android = page.get_by_role("listitem").filter(has_text="Firefox on Android")
    await expect(windows).to_be_visible()
    await windows.get_by_role("button").click()
    await expect(windows).to_be_hidden()
    await answer_with(page, "**/api/me/sessions/*", "DELETE", BROKEN)
    await android.get_by_role("button").click()
    await expect(page.get_by_text("That browser was not signed out", exact=True)).to_be_visible()
    await expect(android).to_be_visible()
    await expect(windows).to_be_hidden()
    await page.get_by_role("button", name="Try again").click()
    await expect(android).to_be_hidden()


async def test_a_key_is_shown_once_and_works_until_it_is_revoked(
    open_page: Opener, door: Door, api: httpx.AsyncClient
) -> None:
    """C7: with its scopes, for a program."""
    name = f"CRM {secrets.token_hex(4)}"
    page = await open_page("/profile", locale="fr-FR")
    await page.get_by_role("button", name="Nouvelle clé").click()
    form = page.get_by_role("dialog", name="Nouvelle clé")
    await form.get_by_label("lire").uncheck()
    await form.get_by_label("Nom").fill(name)
    await form.get_by_role("button", name="Créer la clé").click()
    await expect(form.get_by_text("Choisissez-en au moins un.")).to_be_visible()
    await expect(form.get_by_label("gérer les utilisateurs")).to_be_hidden()
    await form.get_by_label("lire").check()
    assert await violations(page) == []
    await form.get_by_role("button", name="Créer la clé").click()
    shown = page.get_by_role("dialog", name=f"La clé de {name}")
    token = await shown.get_by_label("Clé d’API").input_value()
    await shown.get_by_role("button", name="Je l’ai gardée").click()
    async with door.client(Authorization=f"Bearer {token}") as program:
        assert (await program.get("/api/senders")).status_code == 200
        row = page.get_by_role("row").filter(has_text=name)
        await expect(row).to_contain_text("lire")
        await row.get_by_role("button", name="Révoquer").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("refusé dès sa prochaine requête")
        await dialog.get_by_role("button", name="Révoquer").click()
        await expect(row).to_be_hidden()

        async def refused() -> bool:
            return (await program.get("/api/senders")).status_code == 401

        await eventually(refused, what="the revocation")
