"""The documentation as a site: built strictly, complete, readable on a phone, fetching nothing elsewhere."""

import re
import shutil
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Request, async_playwright

from domain.contact_states import TRANSITIONS
from tests.docs.pages import DOCS, ROOT, blocks, name_of
from tests.web.conftest import CHROMIUM, FLAGS

BUILD = [str(Path(sys.executable).with_name("zensical")), "build", "--strict", "--clean"]
SVG = "{http://www.w3.org/2000/svg}"
# Of the narrowest phones that people still have.
PHONE: Any = {"width": 360, "height": 740}


def build(place: Path) -> "subprocess.CompletedProcess[str]":
    """Of the sources in this place."""
    return subprocess.run(BUILD, cwd=place, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - ours


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, so that nothing is built into the repository."""
    place = tmp_path_factory.mktemp("documentation")
    shutil.copy(ROOT / "zensical.toml", place)
    shutil.copytree(DOCS, place / "docs")
    return place


@pytest.fixture(scope="module")
def site(sources: Path) -> Path:
    """Built as `make docs` builds it."""
    built = build(sources)
    assert built.returncode == 0, built.stdout + built.stderr
    return sources / "site"


def test_a_broken_link_and_a_broken_anchor_fail_the_build(tmp_path: Path, sources: Path) -> None:
    """Item 7."""
    for number, link in enumerate(("nowhere.md", "pacing.md#nowhere")):
        place = tmp_path / str(number)
        shutil.copytree(sources, place, ignore=shutil.ignore_patterns("site"))
        with (place / "docs/start.md").open("a") as page:
            page.write(f"\n[A link]({link})\n")
        assert build(place).returncode != 0, link


def test_every_page_is_in_the_navigation() -> None:
    """Item 7: decisions by way of their list."""
    pages = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}
    listed = set(_listed(tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]))
    decisions = (DOCS / "decisions/index.md").read_text()
    listed |= {f"decisions/{name}" for name in re.findall(r"\]\((\d{4}-[^)]+\.md)\)", decisions)}
    assert listed == pages


def _listed(nav: list[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    for entry in nav:
        for target in entry.values():
            found += [target] if isinstance(target, str) else _listed(target)
    return found


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    """Item 7: no font, script, style or picture."""
    fetched = re.compile(
        r"<(?:link|script|img|iframe|source)\b[^>]*\b(?:href|src)=[\"']?((?:https?:)?//[^\"'\s>]+)"
    )
    pages = list(site.rglob("*.html"))
    assert len(pages) > len(list(DOCS.glob("*.md")))
    assert {found for page in pages for found in fetched.findall(page.read_text())} == set()


def various(site: Path) -> list[Path]:
    """All pages but the decisions, of which the list and one stand for the others."""
    return [
        *sorted(site.glob("*.html")),
        *sorted(site.glob("decisions/index.html")),
        *site.glob("decisions/0018*"),
    ]


@pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium")
async def test_every_page_reads_on_a_phone_and_asks_nobody(site: Path) -> None:
    """Item 7: wide tables, code and diagrams scroll by themselves, the page does not; errors would show."""
    asked: list[str] = []
    errors: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")):
            asked.append(request.url)

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, "--allow-file-access-from-files"]
        )
        page = await browser.new_page(viewport=PHONE, reduced_motion="reduce")
        page.on("request", note)
        page.on("pageerror", lambda error: errors.append(str(error)))
        too_wide = {}
        for each in various(site):
            await page.goto(each.as_uri(), wait_until="domcontentloaded")
            width = await page.evaluate("document.documentElement.scrollWidth")
            if width > PHONE["width"]:
                too_wide[str(each.relative_to(site))] = width
        await browser.close()
    assert too_wide == {}
    assert asked == []
    assert errors == []


def test_the_diagram_of_states_is_the_table_of_transitions() -> None:
    """Item 7: every step that is allowed, and no other."""
    drawn = {
        (path.attrib["data-from"], target)
        for path in ET.parse(DOCS / "diagrams/contact.svg").iter(f"{SVG}path")  # noqa: S314 - a file of ours
        if "data-from" in path.attrib
        for target in path.attrib["data-to"].split()
    }
    assert drawn == {(str(state), str(target)) for state, targets in TRANSITIONS.items() for target in targets}


def test_the_french_start_has_the_commands_of_the_english_one() -> None:
    """Item 7."""
    assert blocks(DOCS / "demarrage.md", "sh") == blocks(DOCS / "start.md", "sh")


def test_every_message_in_troubleshooting_is_one_that_relance_says() -> None:
    """Item 7: people search for the words that they have before them."""
    rooms = ("activities", "api", "domain", "local", "providers", "storage", "workflows")
    files = [*(path for room in rooms for path in (ROOT / room).rglob("*.py")), *ROOT.glob("*.py")]
    said = re.sub(r'"\s*\n\s*f?"', "", "\n".join(path.read_text() for path in files))
    page = DOCS / "troubleshooting.md"
    quoted = set(_quoted(page.read_text()))
    assert len(quoted) > 30
    unknown = {message for message in quoted if any(part.strip() not in said for part in message.split("..."))}
    assert unknown == set(), name_of(page)


def _quoted(text: str) -> list[str]:
    """What stands in the columns that say what one reads."""
    found: list[str] = []
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        rows = [[cell.strip() for cell in row.strip("|\n").split("|")] for row in table.splitlines()]
        for at, title in enumerate(rows[0]):
            if title in {"it says", "its last line says"}:
                found += [message for row in rows[2:] for message in re.findall(r"`([^`]+)`", row[at])]
    return [message for message in found if not message.startswith("relance ")]
