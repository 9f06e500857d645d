"""What axe finds on a page, in both themes and at two sizes."""

from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Page, ViewportSize

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}
# Colours on their way to others have no contrast worth a test; what watches its size knows it a frame later.
AT_REST = """async () => {
    for (const _frame of [1, 2]) await new Promise(requestAnimationFrame);
    await Promise.allSettled(document.getAnimations().map((each) => each.finished));
}"""
LOOKS: tuple[tuple[Literal["desktop", "phone"], Literal["light", "dark"]], ...] = (
    ("desktop", "light"),
    ("desktop", "dark"),
    ("phone", "dark"),
    ("phone", "light"),
)


async def violations(page: Page) -> list[str]:
    """What axe finds, one line each."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text())
    result: dict[str, Any] = await page.evaluate(
        "(tags) => axe.run(document, { runOnly: { type: 'tag', values: tags } })", TAGS
    )
    return [
        f"{each['id']}: {each['help']}: {node['html'][:200]} {node['failureSummary']}"
        for each in result["violations"]
        for node in each["nodes"]
    ]


async def keeps_nobody_out(page: Page) -> None:
    """Axe finds nothing, and nothing is wider than the screen, however the page is looked at.

    The page stays: it is turned and dimmed before everybody's eyes, as a system does it. `reduced_motion` has
    to be asked for when it is opened.
    """
    for size, theme in LOOKS:
        await page.set_viewport_size(DESKTOP if size == "desktop" else PHONE)
        await page.emulate_media(color_scheme=theme)
        await page.evaluate(AT_REST)
        found = await violations(page)
        assert not found, f"{size}, {theme}: {found}"
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (size, theme)
    await page.set_viewport_size(DESKTOP)
