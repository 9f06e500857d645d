"""What a hand feels in the dashboard: frames while a long list scrolls, and how soon a change is seen.

The frames are from the browser's own trace: how long its main thread worked between two of them.
"""

import asyncio
from itertools import pairwise
from typing import Any

from playwright.async_api import CDPSession, Page

SCROLLS = 240
STEP_PX = 240.0  # 8,000 pixels a second: somebody in a hurry
EVERY_S = 0.03
SETTLE_S = 1.0
CHANGES = 20
CATEGORIES = "toplevel,devtools.timeline,disabled-by-default-devtools.timeline,devtools.timeline.frame"
MARK = "console.timeStamp('scrolling')"
# From the event to when the frame with the new words was given to the screen.
PAINTED = """
    (name) => new Promise((done) => {
        let since;
        addEventListener('click', (event) => { since = event.timeStamp; }, { capture: true, once: true });
        const painted = () => {
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => done(performance.now() - since);
            port2.postMessage(null);
        };
        new MutationObserver((_, observer) => {
            if (!document.querySelector('main').textContent.includes(name)) return;
            observer.disconnect();
            requestAnimationFrame(painted);
        }).observe(document.body, { subtree: true, childList: true, characterData: true });
    })
"""


async def scroll(page: Page, path: str) -> list[float]:
    """The milliseconds of the main thread's work in each frame, while the list behind `path` scrolls."""
    await page.goto(path)
    await page.get_by_role("row").nth(5).wait_for()
    await page.get_by_role("row").nth(5).hover()
    await asyncio.sleep(SETTLE_S)
    trace = await page.context.new_cdp_session(page)
    events: list[dict[str, Any]] = []
    trace.on("Tracing.dataCollected", lambda part: events.extend(part["value"]))
    await trace.send("Tracing.start", {"transferMode": "ReportEvents", "categories": CATEGORIES})
    await page.evaluate(MARK)
    for _ in range(SCROLLS):
        await page.mouse.wheel(0, STEP_PX)
        await asyncio.sleep(EVERY_S)
    await ended(trace)
    return frames(events)


async def ended(trace: CDPSession) -> None:
    """Waits until the trace has told everything."""
    complete = asyncio.Event()
    trace.on("Tracing.tracingComplete", lambda _: complete.set())
    await trace.send("Tracing.end")
    await complete.wait()


def frames(events: list[dict[str, Any]]) -> list[float]:
    """The work between the beginnings of frames, of the thread that scrolled."""
    thread = next(
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "TimeStamp" and event["args"]["data"]["message"] == "scrolling"
    )
    own = sorted((event for event in events if (event["pid"], event["tid"]) == thread), key=lambda e: e["ts"])
    begun = [event["ts"] for event in own if event["name"] == "AnimationFrame" and event["ph"] == "b"]
    tasks = [(event["ts"], event.get("dur", 0)) for event in own if event["name"] == "RunTask"]
    # A frame begins within a task: the task counts for the frame that it begins.
    return [
        sum(dur for ts, dur in tasks if start <= ts + dur and ts + dur < end) / 1000
        for start, end in pairwise(begun)
    ]


async def optimistic_paints(page: Page) -> list[float]:
    """The milliseconds from the click that makes a category to the frame in which it is in the list."""
    await page.goto("/categories")
    found = []
    for number in range(CHANGES):
        name = f"Seen {number:03d}"
        await page.get_by_role("button", name="Nouvelle catégorie").click()
        await page.get_by_role("dialog").get_by_role("textbox").first.fill(name)
        seen = asyncio.ensure_future(page.evaluate(PAINTED, name))
        await asyncio.sleep(0.1)  # until it watches
        await page.get_by_role("dialog").get_by_role("button", name="Créer la catégorie").click()
        found.append(float(await seen))
    return found
