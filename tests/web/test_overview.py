"""The overview, as a campaign manager has it open all day."""

from datetime import timedelta

import httpx
from playwright.async_api import BrowserContext, Route, expect

from domain.messages import MessageType
from storage import campaigns, senders
from tests.api.cuttable import cuttable_way
from tests.api.people import Door
from tests.conftest import Town, eventually
from tests.scene import open_scene
from tests.storage.test_counters import attempt, react
from tests.web.conftest import Opener


async def test_what_happens_is_seen_without_doing_anything(open_page: Opener, town: Town) -> None:
    """U6: from the write to the screen by the one stream; no number waits for more than five seconds."""
    scene = await open_scene(town, 2, window_s=3600)
    await town.pool.execute("UPDATE campaigns SET name = $2 WHERE id = $1", scene.campaign.id, "Spring live")
    page = await open_page()
    row = page.get_by_role("region", name="Under way").get_by_role("listitem").filter(has_text="Spring live")
    await expect(row).to_contain_text("0 of 2 contacts written to")
    await attempt(scene, "accept", 0, MessageType.MESSAGE_1)
    await expect(row).to_contain_text("1 of 2 contacts written to", timeout=20_000)
    await react(scene, 0, timedelta(0))
    await expect(row).to_contain_text("1 reaction", timeout=20_000)
    await campaigns.pause_campaign(scene.pool, scene.campaign.id, "all")
    await expect(row).to_contain_text("Paused", timeout=20_000)
    await senders.stop_sender(scene.pool, scene.sender.id, "the session is broken")
    attention = page.get_by_role("region", name="Needs attention")
    await expect(attention).to_contain_text(f"{scene.sender.name} is stopped", timeout=20_000)
    await expect(attention).to_contain_text("the session is broken")


async def test_a_connection_that_breaks_is_said_and_comes_back(open_page: Opener, door: Door) -> None:
    """The page stays as it is meanwhile."""
    async with cuttable_way(door.settings.effective_api_url) as way:
        page = await open_page(base_url=way.url)
        sign = page.locator(".sidebar .connection")
        await expect(sign).to_have_text("Live")
        await way.cut()
        await expect(sign).to_have_text("Reconnecting…")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
        await way.open()
        await expect(sign).to_have_text("Live")
        await page.context.close()


async def test_without_a_stream_the_same_is_asked_for_every_few_seconds(open_page: Opener, town: Town) -> None:
    """A proxy that lets no stream through costs seconds, not the view."""
    scene = await open_scene(town, 1, window_s=3600)
    await town.pool.execute("UPDATE campaigns SET name = $2 WHERE id = $1", scene.campaign.id, "Polled")

    async def refuse(route: Route) -> None:
        await route.abort()

    async def no_stream(context: BrowserContext) -> None:
        await context.route("**/api/events", refuse)

    page = await open_page(before=no_stream)
    sign = page.locator(".sidebar .connection")
    await expect(sign).to_have_text("Reconnecting…", timeout=20_000)
    await expect(sign).to_have_text("Updated every 5 s")
    await attempt(scene, "accept", 0, MessageType.MESSAGE_1)
    row = page.get_by_role("listitem").filter(has_text="Polled")
    await expect(row).to_contain_text("1 of 1 contact written to")


async def test_a_tab_that_nobody_looks_at_gives_its_stream_back(
    open_page: Opener, api: httpx.AsyncClient
) -> None:
    """Browsers have six connections to a server for all tabs together."""

    async def listeners(count: int) -> None:
        async def there() -> bool:
            return f"relance_live_listeners {count}.0" in (await api.get("/metrics")).text

        await eventually(there, within_s=60, what=f"{count} listeners")

    await listeners(0)
    page = await open_page()
    await listeners(1)
    await page.clock.install()
    show = "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true }); "
    show += "document.dispatchEvent(new Event('visibilitychange')); }"
    await page.evaluate(show, True)
    await page.clock.fast_forward(31_000)
    await listeners(0)
    await page.evaluate(show, False)
    await listeners(1)
    await expect(page.locator(".sidebar .connection")).to_have_text("Live")
