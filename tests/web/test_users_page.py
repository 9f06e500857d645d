"""Users, as a super admin manages them; nobody else does."""

import re

from playwright.async_api import Locator, Page, expect

from domain.access import Role
from storage import users
from tests.api.people import Door
from tests.conftest import eventually
from tests.web.axe import keeps_nobody_out
from tests.web.conftest import Opener
from tests.web.faults import BROKEN, answer_with


def row(page: Page, name: str) -> Locator:
    """The row of one user."""
    return page.get_by_role("row").filter(has_text=name)


async def choose(page: Page, name: str, action: str, more: str) -> None:
    """An action of the menu of a user."""
    await page.get_by_role("button", name=f"{more} {name}").click()
    await page.get_by_role("menuitem", name=action).click()


async def test_a_name_that_is_taken_can_be_corrected(open_page: Opener, door: Door) -> None:
    """The form comes back with what was typed; the row that was there already goes."""
    taken = await door.user()
    page = await open_page("/users", role=Role.SUPER_ADMIN)
    await page.get_by_role("button", name="Add a user").click()
    await page.get_by_role("dialog").get_by_label("Name").fill(taken.name)
    await page.get_by_label("Role").select_option("Super administrator")
    await page.get_by_role("button", name="Add this user").click()
    form = page.get_by_role("dialog", name="Add a user")
    await expect(form.get_by_text("Somebody has this name already.")).to_be_visible()
    await expect(form.get_by_label("Name")).to_have_value(taken.name)
    await expect(form.get_by_label("Role")).to_have_value("super_admin")
    await form.get_by_role("button", name="Cancel").click()
    await expect(row(page, taken.name)).to_have_count(1)


async def test_role_password_and_removal(open_page: Opener, door: Door) -> None:
    """Each says what it ends before it does."""
    user = await door.user()
    page = await open_page(f"/users?q={user.name[-8:]}", role=Role.SUPER_ADMIN, locale="fr-FR")
    await choose(page, user.name, "Modifier", "Plus d’actions pour")
    await page.get_by_label("Rôle").select_option("Super administrateur")
    await expect(page.get_by_role("dialog")).to_contain_text("déconnecte cette personne partout")
    await page.get_by_role("button", name="Enregistrer").click()
    await expect(row(page, user.name)).to_contain_text("Super administrateur")
    await choose(page, user.name, "Réinitialiser", "Plus d’actions pour")
    await expect(page.get_by_role("dialog")).to_contain_text("toutes les sessions")
    await page.get_by_role("button", name="Réinitialiser le mot de passe").click()
    secret = page.get_by_label("Mot de passe à usage unique")
    await expect(secret).to_have_value(re.compile(r"\w{5}-"))
    await page.get_by_role("button", name="Je l’ai transmis").click()
    await choose(page, user.name, "Supprimer", "Plus d’actions pour")
    await page.get_by_role("button", name="Supprimer cet utilisateur").click()
    await expect(page.get_by_text("Personne ne porte ce nom")).to_be_visible()

    async def gone() -> bool:
        return await users.find_user(door.pool, user.name) is None

    await eventually(gone, what="the removal")


async def test_a_removal_that_fails_takes_back_itself_alone(open_page: Opener, door: Door) -> None:
    """The row comes back, the other one stays away."""
    first, second = await door.user(), await door.user()
    page = await open_page("/users", role=Role.SUPER_ADMIN)
    await answer_with(page, f"**/api/users/{second.id}", "DELETE", BROKEN)
    for user in (first, second):
        await choose(page, user.name, "Remove", "More for")
        await page.get_by_role("button", name="Remove this user").click()
        await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(page.get_by_text("The user was not removed", exact=True)).to_be_visible()
    await expect(row(page, second.name)).to_be_visible()
    await expect(row(page, first.name)).to_be_hidden()
    await page.get_by_role("button", name="Try again").click()
    await expect(row(page, second.name)).to_be_hidden()


async def test_others_do_not_find_it_and_are_told_whom_to_ask(open_page: Opener) -> None:
    """Not in the navigation; the address says why there is nothing."""
    page = await open_page("/users")
    await expect(page.get_by_text("Only super administrators manage users")).to_be_visible()
    navigation = page.get_by_role("navigation", name="Navigation")
    await expect(navigation.get_by_role("link", name="Settings")).to_be_visible()
    await expect(navigation.get_by_role("link", name="Users")).to_be_hidden()


async def test_it_keeps_nobody_out(open_page: Opener) -> None:
    """By the rules of axe, with users on it."""
    page = await open_page("/users", role=Role.SUPER_ADMIN, reduced_motion="reduce")
    await expect(page.get_by_role("table")).to_be_visible()
    await keeps_nobody_out(page)
