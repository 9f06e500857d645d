"""The words of the dashboard, as its dictionaries have them, in the language of a journey."""

import re
from functools import cache
from pathlib import Path

from playwright.async_api import Page

SOURCES = Path(__file__).parents[2] / "web" / "src"
ROOMS = {"common": "i18n", "shared": "campaigns"}
LANGUAGES = {"fr-FR": "fr", "en-GB": "en"}

_ENTRY = re.compile(r"^( +)(?:'([^']+)'|(\w+)):\s*(.*)$")
_LITERAL = re.compile(r"'((?:[^'\\]|\\.)*)'|`([^`]*)`")
_PART = re.compile(r"['`]?(\w+)['`]?: (?:'((?:[^'\\]|\\.)*)'|`([^`]*)`)")
_HOLE = re.compile(r"\$\{[^}]*\}|#")
# Words of English sentences that no French one has; what people typed, or the sandbox, is not looked at.
_ENGLISH = re.compile(
    r"\b(the|this|that|it|and|of|from|with|which|has|have|had|was|were|is|are|not|will|cannot|its|paused|"
    r"failed|refused|removed|answered|reached|sent|sends?|senders?|gateway|unknown|pending|running)\b",
    re.IGNORECASE,
)
_DATA = re.compile(
    r"(Category of|Account) \+\d+|Copy of Autumn|Person [0-9a-f]{8}|\S+\.csv|"
    r"[ABC] of \+\d+|the session is broken|^unknown$|The sandbox was asked to refuse this",
    re.MULTILINE,
)
_VISIBLE = """
() => [...document.querySelectorAll('main, dialog[open], .toast, [role=menu]')]
    .filter((part) => part.checkVisibility()).map((part) => part.innerText).join('\\n')
"""


@cache
def _room(name: str, language: str) -> dict[str, str]:
    """By path, what follows the colon."""
    folder = SOURCES / ROOMS[name] if name in ROOMS else SOURCES / "pages" / name
    entries: dict[str, str] = {}
    open_paths: list[str] = []
    leaf, leaf_depth = "", 0
    for line in (folder / f"{language}.ts").read_text().splitlines():
        depth = (len(line) - len(line.lstrip(" "))) // 2
        if leaf and depth > leaf_depth:
            entries[leaf] += " " + line.strip()
            continue
        leaf = ""
        found = _ENTRY.match(line)
        if not found:
            continue
        open_paths = [*open_paths[: depth - 1], found[2] or found[3]]
        path = ".".join(open_paths)
        if found[4] == "{":
            continue
        if found[4].startswith("{"):
            entries |= {f"{path}.{key}": f"'{one or other}'" for key, one, other in _PART.findall(found[4])}
            continue
        leaf, leaf_depth = path, depth
        entries[path] = found[4]
    return entries


class Tongue:
    """`t("senders.add")` is the word; `t("senders.actions", name)` fills in what it needs, in its order."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self.language = LANGUAGES[locale]

    def __call__(self, path: str, *values: object) -> str:
        """With plain spaces, which Playwright takes for any kind."""
        room, _, key = path.partition(".")
        found = _room(room, self.language)[key]
        forms = {name: one or other for name, one, other in _PART.findall(found)}
        if "plural(" in found:
            few = values[0] == 1 or (self.language == "fr" and values[0] == 0)
            text = forms["one"] if few and "one" in forms else forms["other"]
        else:
            literal = _LITERAL.search(found)
            assert literal, path
            text = literal[1] or literal[2]
        left = iter(values)
        return _HOLE.sub(lambda hole: str(next(left, hole[0])), text) if values else text

    def either(self, english: str, french: str) -> str:
        """For what the dictionaries put together from parts."""
        return french if self.language == "fr" else english

    async def alone(self, page: Page) -> None:
        """Nothing English is on a French screen."""
        if self.language != "fr":
            return
        shown = _DATA.sub("", await page.evaluate(_VISIBLE))
        english = [line for line in shown.splitlines() if _ENGLISH.search(line)]
        assert not english, f"English at {page.url}: {english}"
