"""How fast the dashboard is there, and under the hand: paints, readiness, JavaScript, scrolling, writing.

Cold: a browser that was never here, in a process of its own. Warm: the third load in the same browser, which
keeps what it has compiled from the second one on. Everything on the loopback address, nothing throttled.
"""

import asyncio
import gzip
import math
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
import httpx
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from bench.driving import Json, Report, add_contacts, post, run_stack
from bench.page_use import optimistic_paints, scroll
from storage import sessions

ASSETS = Path(__file__).parent.parent / "web" / "dist" / "assets"
LOADS = 15
SETTLE_S = 5.0  # a stack that has just started is busy with itself
CONTACTS = 100_000
# A page gets a line here: what it is called, and where it is; `{campaign}` is one that runs.
PAGES = {
    "overview": "/",
    "contacts": "/contacts",
    "import": "/contacts/import",
    "categories": "/categories",
    "campaigns": "/campaigns",
    "new campaign": "/campaigns/new",
    "running campaign": "/campaigns/{campaign}",
    "messages": "/messages",
    "senders": "/senders",
    "monitoring": "/monitoring",
    "settings": "/settings",
    "users": "/users",
    "profile": "/profile",
}
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
# U1 counts for a warm load; a cold one, which begins with a new process of the browser, is told.
TARGETS: dict[str, float] = {
    "warm_fcp_ms": 100,
    "warm_lcp_ms": 200,
    "warm_ready_ms": 200,
    "js_all_kb": 130,  # in one language, as nobody fetches the other one too
    "js_first_page_kb": 90,
    "scroll_frame_p95_ms": 16.7,
    "optimistic_paint_ms": 50,
}
MORE_CONTACTS = """
    INSERT INTO contacts (phone, name)
    SELECT '+336399810' || lpad(n::text, 5, '0'), 'Person ' || n FROM generate_series(0, $1 - 1) n
"""
# Before the page's own scripts: what the browser tells only to those who listen.
WATCH = """
    window.seen = { lcp: 0, blocked: 0 };
    const watch = (type, take) =>
        new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
    watch('largest-contentful-paint', (each) => { seen.lcp = each.startTime; });
    watch('longtask', (each) => { seen.blocked += each.duration - 50; });
"""
READ = """
    async () => {
        const at = (name) => performance.getEntriesByName(name)[0]?.startTime;
        while (at('app-ready') === undefined) await new Promise((go) => setTimeout(go, 20));
        await new Promise((go) => setTimeout(go, 250));  // the largest paint may still come
        const scripts = performance.getEntriesByType('resource').map((each) => each.name)
            .filter((name) => name.endsWith('.js')).map((name) => name.split('/').pop());
        return { ...seen, fcp: at('first-contentful-paint') ?? 0, ready: at('app-ready'), scripts };
    }
"""


@dataclass(frozen=True, slots=True)
class Loads:
    """One measure over all loads, in milliseconds."""

    times: list[float]

    @property
    def p50(self) -> float:
        """The median."""
        return round(median(self.times), 1)

    @property
    def p90(self) -> float:
        """Nine of ten loads were at least as fast."""
        return self.at(0.9)

    def at(self, part: float) -> float:
        """So large a part of them, between 0 and 1, took at most this long."""
        return round(sorted(self.times)[math.ceil(part * len(self.times)) - 1], 1)

    @property
    def summary(self) -> str:
        """For a table."""
        return f"median {self.p50:g} ms, p95 {self.at(0.95):g} ms, most {self.at(1):g} ms"


async def load(page: Page, path: str) -> Json:
    """One load, until nothing more comes."""
    await page.goto(path)
    seen: Json = await page.evaluate(READ)
    return seen


async def window(browser: Browser, base_url: str, cookie: Any) -> BrowserContext:
    """A browser that was never here, but is signed in."""
    context = await browser.new_context(base_url=base_url, locale="fr-FR")
    await context.add_cookies([cookie])
    await context.add_init_script(WATCH)
    return context


async def measure(browser: Browser, base_url: str, cookie: Any, path: str) -> dict[str, list[Json]]:
    """Cold and warm loads of one page."""
    found: dict[str, list[Json]] = {"cold": [], "warm": []}
    for _ in range(LOADS):
        context = await window(browser, base_url, cookie)
        page = await context.new_page()
        found["cold"].append(await load(page, path))
        await load(page, path)
        found["warm"].append(await load(page, path))
        await context.close()
    return found


def kilobytes(names: list[str]) -> float:
    """Of these scripts together, compressed by gzip at its best."""
    return round(sum(len(gzip.compress((ASSETS / name).read_bytes(), 9)) for name in names) / 1000, 1)


def judge(report: Report, name: str, found: dict[str, list[Json]]) -> None:
    """A line per measure; the slowest page counts."""
    for state, loads in found.items():
        for what in ("fcp", "lcp", "ready", "blocked"):
            times = Loads([each[what] for each in loads])
            report.row(f"{name}, {state}: {what}", f"median {times.p50:g} ms, p90 {times.p90:g} ms")
            report.worst(f"{state}_{what}_ms", times.p50)
    report.worst("js_first_page_kb", kilobytes(found["cold"][0]["scripts"]))


async def use(report: Report, page: Page) -> None:
    """What happens under the hand: contacts are scrolled through, categories made."""
    frames = Loads(await scroll(page, "/contacts"))
    report.row(f"scrolling through contacts: main thread in a frame ({len(frames.times)})", frames.summary)
    report.figures["scroll_frame_p95_ms"] = frames.at(0.95)
    paints = Loads(await optimistic_paints(page))
    report.row(f"a category, from the click to the paint ({len(paints.times)})", paints.summary)
    report.figures["optimistic_paint_ms"] = paints.p50


def weigh(report: Report) -> None:
    """All scripts: what somebody can fetch at most, in one language, and what lies there in both."""
    names = [each.name for each in ASSETS.glob("*.js")]
    languages = [kilobytes([name for name in names if name.startswith(f"{each}-")]) for each in ("fr", "en")]
    report.figures["js_both_languages_kb"] = kilobytes(names)
    report.figures["js_all_kb"] = round(kilobytes(names) - min(languages), 1)


async def something_to_see(api: httpx.AsyncClient, sandbox: httpx.AsyncClient) -> str:
    """A sender, contacts and a campaign under way, whose id it gives: an empty page would be too easy."""
    device = {"id": "5a0db0c5e1a2b3c4d5e6f701", "phone": "+33199000001", "alias": "Paris"}
    await post(sandbox, "/control/devices", device)
    draft = {"name": "Paris", "phone": device["phone"], "device_id": device["id"], "message_1_rate_per_s": 1}
    sender = await post(api, "/api/senders", draft)
    category_id = await add_contacts(api, "Page", 0, 300)
    campaign = {
        "name": "Spring",
        "message_1": "Hello",
        "message_2": "Here it is",
        "sender_ids": [sender["id"]],
        "category_ids": [category_id],
    }
    created = await post(api, "/api/campaigns", campaign)
    await post(api, f"/api/campaigns/{created['id']}/start", {})
    return str(created["id"])


async def many_and_a_session(database_url: str, base_url: str, contacts: int = CONTACTS) -> Json:
    """Many contacts, and the cookie of the first user, who has chosen a password."""
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=1)
    await pool.execute(MORE_CONTACTS, contacts)
    await pool.execute("ANALYZE contacts")
    user_id = await pool.fetchval("UPDATE users SET must_change_password = false RETURNING id::text")
    token = await sessions.open_session(pool, user_id, user_agent="bench")
    await pool.close()
    return {"name": "relance_session", "value": token, "url": base_url}


async def main() -> None:
    """Prints the table and, last, one line of JSON."""
    chromium = shutil.which("chromium") or sys.exit("this needs Chromium: apt-get install chromium")
    report = Report("page", f"The dashboard in Chromium: {LOADS} loads each", TARGETS)
    async with run_stack("page") as (stack, api, sandbox), async_playwright() as playwright:
        campaign = await something_to_see(api, sandbox)
        base_url = str(stack.addresses.api_url)
        cookie = await many_and_a_session(stack.addresses.database_url, base_url)
        await asyncio.sleep(SETTLE_S)
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        for name, path in PAGES.items():
            judge(report, name, await measure(browser, base_url, cookie, path.format(campaign=campaign)))
        context = await window(browser, base_url, cookie)
        await use(report, await context.new_page())
        await browser.close()
    weigh(report)
    report.print()


if __name__ == "__main__":
    asyncio.run(main())
