"""The pages as tests read them: their blocks of code, the code in their sentences, the commands in both."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]

_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`]+)`")
_ASSIGNMENT = re.compile(r"[A-Z_]+=")
_BETWEEN = {"&&", "||", "|", ";"}


@dataclass(frozen=True, slots=True)
class Command:
    """One command as its words."""

    page: str
    words: tuple[str, ...]
    is_whole: bool  # from a block: nothing is left out

    def __str__(self) -> str:
        return f"{self.page}: {shlex.join(self.words)}"


def name_of(page: Path) -> str:
    """Where it is in the repository."""
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[str]:
    """Its fenced blocks in this language."""
    return [dedent(text) for _, tagged, text in _BLOCK.findall(page.read_text()) if tagged == language]


def inline(page: Path) -> list[str]:
    """The code in its sentences and tables."""
    return [" ".join(code.split()) for code in _INLINE.findall(_BLOCK.sub("", page.read_text()))]


def code_of(page: Path) -> str:
    """All of its code."""
    return "\n".join([*(text for _, _, text in _BLOCK.findall(page.read_text())), *inline(page)])


def commands() -> list[Command]:
    """Of all pages."""
    return [command for page in PAGES for command in commands_of(page)]


def commands_of(page: Path) -> list[Command]:
    """In its blocks of shell, and in its sentences."""
    whole = (words for text in blocks(page, "sh") for line in _lines(text) for words in _split(line))
    parts = (words for code in inline(page) for line in _lines(code) for words in _split(line))
    return [
        *(Command(name_of(page), words, is_whole=True) for words in whole),
        *(Command(name_of(page), words, is_whole=False) for words in parts),
    ]


def _lines(text: str) -> Iterator[list[str]]:
    """Words of one line each; a line goes on after a backslash and inside of quotes."""
    pending = ""
    for line in text.replace("\\\n", " ").splitlines():
        pending = f"{pending}\n{line}" if pending else line
        try:
            words = shlex.split(pending, comments=True)
        except ValueError:
            continue
        pending = ""
        if words:
            yield words


def _split(words: list[str]) -> Iterator[tuple[str, ...]]:
    """The commands of a line, without the variables before them."""
    command: list[str] = []
    for word in [*words, ";"]:
        if word in _BETWEEN:
            if command:
                yield tuple(command)
            command = []
        elif command or not _ASSIGNMENT.match(word):
            command.append(word)
