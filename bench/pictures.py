"""Every page as a person sees it: in both themes, on a desk and on a phone, with a town that answers.

`make pictures` writes them to `.relance/pictures`, to be looked at; those of the README are in `docs/pictures`.
"""

import asyncio
import shutil
import sys
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from playwright.async_api import Browser, Page, async_playwright

from bench.driving import Json, post, run_stack
from bench.page import FLAGS, many_and_a_session
from domain.contact_file import read_contacts
from local.demo import BEHAVIOURS, DEVICES, EXAMPLE, MESSAGE_1, MESSAGE_2

FOLDER = Path(".relance") / "pictures"
PAGES = {
    "overview": "/",
    "campaigns": "/campaigns",
    "campaign": "/campaigns/{running}",
    "campaign-contacts": "/campaigns/{running}?tab=contacts",
    "campaign-senders": "/campaigns/{running}?tab=senders",
    "campaign-closed": "/campaigns/{closed}",
    "campaign-scheduled": "/campaigns/{scheduled}",
    "wizard-audience": "/campaigns/{draft}/edit?step=audience",
    "wizard-messages": "/campaigns/{draft}/edit?step=messages",
    "wizard-senders": "/campaigns/{draft}/edit?step=senders",
    "wizard-check": "/campaigns/{draft}/edit?step=check",
    "contacts": "/contacts",
    "opt-outs": "/contacts?tab=opt-outs",
    "import": "/contacts/import",
    "categories": "/categories",
    "messages": "/messages",
    "senders": "/senders",
    "monitoring": "/monitoring",
    "settings": "/settings",
    "audit": "/settings?tab=audit",
    "users": "/users",
    "profile": "/profile",
}
SHOTS: dict[str, dict[str, Any]] = {
    "light": {"locale": "en-GB", "color_scheme": "light", "viewport": {"width": 1280, "height": 860}},
    "dark": {"locale": "fr-FR", "color_scheme": "dark", "viewport": {"width": 1280, "height": 860}},
    "phone": {"locale": "fr-FR", "color_scheme": "light", "viewport": {"width": 390, "height": 844}},
}
RUNS_FOR_S = 45.0  # until some have reacted and some have not
SETTLE_S = 1.2
# What was sent before today, as if it had been a month.
HISTORY = """
    INSERT INTO campaign_days (campaign_id, day, messages_1_sent, messages_2_sent, messages_delivered,
        messages_read, failures, interactions)
    SELECT c.id, (now() - make_interval(days => d))::date, n, n * 6 / 10, n * 15 / 10, n * 11 / 10, n / 40,
        n * 7 / 10
    FROM (SELECT id FROM campaigns WHERE status = 'completed') c,
        (SELECT d, 180 + d * 397 % 240 AS n FROM generate_series(1, 30) d) days
"""


async def import_example(api: httpx.AsyncClient) -> str:
    """The people of the example; gives their category's id."""
    answer = await api.post(
        "/api/contacts/import",
        params={"category": "Newsletter", "country": "FR"},
        content=EXAMPLE.read_bytes(),
        headers={"Content-Type": "text/csv"},
    )
    return str(answer.json()["category_id"])


async def settle(sandbox: httpx.AsyncClient) -> None:
    """Their accounts, and how people there behave."""
    for device, phone, name in DEVICES:
        await post(sandbox, "/control/devices", {"id": device, "phone": phone, "alias": name})
    contacts = read_contacts(EXAMPLE.read_bytes(), "FR").contacts
    people = [{"phone": each.phone, **how} for each, how in zip(contacts, cycle(BEHAVIOURS), strict=False)]
    (await sandbox.put("/control/people", json={"people": people})).raise_for_status()


async def campaigns(api: httpx.AsyncClient) -> dict[str, str]:
    """One of each kind; gives their ids."""
    senders = [
        (
            await post(
                api,
                "/api/senders",
                {"name": name, "phone": phone, "device_id": device, "message_1_rate_per_s": 4},
            )
        )["id"]
        for device, phone, name in DEVICES
    ]
    category = await import_example(api)
    texts: Json = {"message_1": MESSAGE_1, "message_2": MESSAGE_2, "sender_ids": senders}

    async def made(name: str, **more: object) -> str:
        body = {"name": name, **texts, "category_ids": [category], **more}
        return str((await post(api, "/api/campaigns", body))["id"])

    closed = await made("Ventes privées d’automne", window_s=20, grace_s=1, batch_pause_s=0)
    await post(api, f"/api/campaigns/{closed}/start", {})
    await asyncio.sleep(RUNS_FOR_S + 30)
    running = await made("Nouvelle collection", window_s=7200)
    await post(api, f"/api/campaigns/{running}/start", {})
    await asyncio.sleep(RUNS_FOR_S)
    scheduled = await made("Portes ouvertes")
    at = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=3)
    await post(api, f"/api/campaigns/{scheduled}/schedule", {"start_at": at.isoformat()})
    draft = await made("Fêtes de fin d’année")
    return {"closed": closed, "running": running, "scheduled": scheduled, "draft": draft}


async def picture(browser: Browser, base_url: str, cookie: Any, ids: dict[str, str], shot: str) -> None:
    """All pages in one theme at one size."""
    context = await browser.new_context(base_url=base_url, **SHOTS[shot])
    await context.add_cookies([cookie])
    page: Page = await context.new_page()
    for name, path in PAGES.items():
        await page.goto(path.format(**ids))
        await page.locator("h1").wait_for()
        await asyncio.sleep(SETTLE_S)
        await page.screenshot(path=FOLDER / f"{name}-{shot}.png")
    await context.close()


async def main() -> None:
    """Takes them all."""
    chromium = shutil.which("chromium") or sys.exit("this needs Chromium: apt-get install chromium")
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with run_stack("pictures") as (stack, api, sandbox), async_playwright() as playwright:
        await settle(sandbox)
        ids = await campaigns(api)
        base_url = str(stack.addresses.api_url)
        cookie = await many_and_a_session(stack.addresses.database_url, base_url, contacts=0)
        connection = await asyncpg.connect(stack.addresses.database_url)
        await connection.execute(HISTORY)
        await connection.close()
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        for shot in SHOTS:
            await picture(browser, base_url, cookie, ids, shot)
        await browser.close()
    print(f"The pictures are in {FOLDER}.")


if __name__ == "__main__":
    asyncio.run(main())
