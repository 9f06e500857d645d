"""Every command, setting, route and file that a page names is there."""

import re
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from fastapi.routing import iter_route_contexts

import cli
from api.app import create_app
from domain.run_settings import CATALOGUE
from settings import Settings
from tests.docs.pages import DOCS, PAGES, ROOT, Command, code_of, commands, inline, name_of

COMMANDS = commands()
TEMPORAL = Path(sys.executable).with_name("temporal")
# Placeholders of the pages, for any setting.
ANY_SETTING = {"NAME", "NAME_FILE"}
OF_COMPOSE = {"VERSION"}  # docker-compose.yml reads that one: the tag of the image
OURS = ("/api", "/webhooks", "/healthz", "/readyz", "/metrics", "/openapi.json", "/docs")
ROUTE = re.compile(r"(?:\b(GET|POST|PUT|PATCH|DELETE)\s+)?(?<![\w.:/}*])(/[a-z][^\s`?,;)\"'|]*)")
ROOMS = ("activities", "api", "bench", "deploy", "docs", "domain", "examples", "local", "providers", "sandbox",
         "storage", "tests", "web", "workflows")  # fmt: skip


def _after(command: Command, *names: str) -> tuple[str, ...] | None:
    """The words after the program, also where Compose runs it."""
    words = command.words
    if words[:3] == ("docker", "compose", "exec"):
        words = words[4:]
    elif words[:3] == ("docker", "compose", "run") and "--entrypoint" in words:
        at = words.index("--entrypoint") + 1
        words = (words[at], *words[at + 2 :])  # between them is the service
    return words[1:] if words and words[0].removeprefix(".venv/bin/") in names else None


def _each(*names: str) -> pytest.MarkDecorator:
    found = {str(command): command for command in COMMANDS if _after(command, *names) is not None}
    assert found, f"no page names {names}"
    return pytest.mark.parametrize("command", found.values(), ids=str)


@_each("relance")
def test_relance_has_this_command_with_these_options(command: Command) -> None:
    """Item 7."""
    [*words] = _after(command, "relance") or ()
    found: Any = typer.main.get_command(cli.app)
    while words and hasattr(found, "commands"):
        names = words.pop(0).split("|")
        if names[0] == "--help" or (not command.is_whole and names[0] == "..."):
            return
        assert set(names) <= set(found.commands), f"no command {names}"
        found = found.commands[names[0]]
    if hasattr(found, "commands"):
        assert not command.is_whole, f"{found.name} wants another word"
        return
    _check_arguments(found, words, is_whole=command.is_whole)


def _check_arguments(found: Any, words: list[str], *, is_whole: bool) -> None:
    options = {name: param for param in found.params for name in (*param.opts, *param.secondary_opts)}
    given, values = set(), 0
    while words:
        word = words.pop(0)
        if word.startswith("--") and word != "--help":
            assert word in options, f"no option {word}"
            given.add(options[word].name)
            if not options[word].is_flag and words:
                words.pop(0)
        else:
            values += word != "..."
    wanted = [param for param in found.params if param.param_type_name == "argument"]
    assert values <= len(wanted), "too many values"
    if is_whole:
        assert values >= sum(param.required for param in wanted), "a value is missing"
        missing = (
            {param.name for param in found.params if param.required} - given - {each.name for each in wanted}
        )
        assert not missing, f"without {missing}"


@_each("relance")
def test_a_setting_that_is_changed_while_relance_runs_can_be(command: Command) -> None:
    """Item 7."""
    words = _after(command, "relance") or ()
    if words[:1] == ("settings",) and words[1:2] in {("set",), ("unset",)} and len(words) > 2:
        assert words[2] in CATALOGUE


@_each("temporal")
def test_temporal_has_this_command_with_these_options(command: Command) -> None:
    """Item 7: asked of the one that is installed here."""
    words = _after(command, "temporal") or ()
    path = tuple(word for word in words[: _first_option(words)] if word.islower())
    known = _temporal_options(path) | _global_options()
    assert {word for word in words if word.startswith("--")} <= known


def _first_option(words: tuple[str, ...]) -> int:
    return next((at for at, word in enumerate(words) if word.startswith("-")), len(words))


@cache
def _temporal_options(path: tuple[str, ...]) -> frozenset[str]:
    shown = subprocess.run(  # noqa: S603 - a tool of ours
        [TEMPORAL, *path, "--help"], capture_output=True, text=True, timeout=30, check=True
    ).stdout
    assert not path or shown.split("Usage:")[1].strip().startswith(f"temporal {' '.join(path)}"), path
    return frozenset(re.findall(r"--[a-z][a-z-]+", shown))


@cache
def _global_options() -> frozenset[str]:
    """Those of every command."""
    shown = subprocess.run(  # noqa: S603 - a tool of ours
        [TEMPORAL, "options"], capture_output=True, text=True, timeout=30, check=True
    ).stdout
    found = frozenset(re.findall(r"--[a-z][a-z-]+", shown))
    assert "--address" in found
    return found


@_each("make")
def test_make_has_this_target(command: Command) -> None:
    """Item 7."""
    targets = set(re.findall(r"^([a-z][a-z-]*)\b[^=\n]*:", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for word in _after(command, "make") or ():
        if "=" in word or not word[0].islower():
            continue
        benchmark = word.removeprefix("bench-")
        assert (
            word in targets
            or (benchmark != word and list((ROOT / "bench").glob(f"{benchmark}*")))
            or (word == "bench-NAME")
        ), word


def test_every_setting_that_is_named_exists() -> None:
    """Item 7."""
    known = {name.upper() for name in Settings.model_fields}
    known |= {f"{name}_FILE" for name in known} | ANY_SETTING | OF_COMPOSE
    unknown = []
    for page in PAGES:
        for name, rest in re.findall(r"\bRELANCE_([A-Z0-9_]+)(\*|\.\.\.)?", page.read_text()):
            exists = any(each.startswith(name) for each in known) if rest else name in known
            if not exists:
                unknown.append(f"{name_of(page)}: RELANCE_{name}")
    assert not unknown


def test_every_setting_has_its_line() -> None:
    """Item 7: whoever adds a setting says there what it is."""
    page = (DOCS / "settings.md").read_text()
    names = {
        f"RELANCE_{name.upper()}" for name, field in Settings.model_fields.items() if not field.validation_alias
    }
    assert names == set(re.findall(r"^\| `(RELANCE_[A-Z0-9_]+)` \|", page, re.MULTILINE))


def test_every_default_is_as_the_page_says() -> None:
    """Item 7."""
    rows = re.findall(
        r"^\| `RELANCE_([A-Z0-9_]+)` \| ([^|]+) \|", (DOCS / "settings.md").read_text(), re.MULTILINE
    )
    wrong = [
        name for name, shown in rows if shown not in _ways_to_write(Settings.model_fields[name.lower()].default)
    ]
    assert rows
    assert not wrong


def _ways_to_write(default: Any) -> set[str]:
    if default in (None, [], {}):
        return {"none"}
    if isinstance(default, list):
        return {"all"}
    return {f"{default:g}" if isinstance(default, float) else str(default), str(default).lower()}


def test_every_route_that_is_named_exists(settings: Settings) -> None:
    """Item 7: with its method, where one is named."""
    application = create_app(settings)
    paths = application.openapi()["paths"]
    known = {_shape(path): {method.upper() for method in each} for path, each in paths.items()}
    for route in iter_route_contexts(application.routes):  # the webhooks' doors, the interactive documents
        known.setdefault(_shape(str(route.path)), set()).update(route.methods or {"GET"})
    unknown = []
    for page in PAGES:
        for method, path in ROUTE.findall(code_of(page)):
            shape = _shape(path)
            if not shape.startswith(OURS) or "..." in path or shape.endswith("/*"):
                continue
            if shape not in known or (method and method not in known[shape]):
                unknown.append(f"{name_of(page)}: {method} {path}")
    assert not unknown


def _shape(path: str) -> str:
    """`/api/campaigns/{}` of `/api/campaigns/{campaign_id}`."""
    return re.sub(r"\{[^}]*\}|\b[A-Z][A-Z_]+\b", "{}", path.rstrip("/."))


def test_every_file_that_is_named_exists() -> None:
    """Item 7."""
    named = re.compile(rf"^(?:{'|'.join(ROOMS)})/[\w./*-]*$")
    missing = [
        f"{name_of(page)}: {word}"
        for page in PAGES
        for code in inline(page)
        for word in code.split()
        if named.match(word) and not _exists(page, word)
    ]
    assert not missing


def _exists(page: Path, word: str) -> bool:
    places: Iterable[Path] = (ROOT, ROOT / "deploy", ROOT / "web", page.parent)
    # What is built, or made at a start, is not in the repository.
    return "dist" in word or any(list(place.glob(word.rstrip("/"))) for place in places)
