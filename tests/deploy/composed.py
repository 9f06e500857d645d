"""docker-compose.yml as compose reads it: anchors merged, variables filled in."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent.parent
COMPOSE = ROOT / "docker-compose.yml"
META = ROOT / "deploy/meta.compose.yml"
META_ALONE = ROOT / "deploy/meta-alone.compose.yml"
SECRETS = "/run/secrets/"
_VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?:(?P<how>:[-?])(?P<rest>[^}]*))?\}")


@dataclass(frozen=True)
class Service:
    """One service, in the terms of the compose specification."""

    name: str
    raw: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        """Its variables; where it comes from Relance, its settings."""
        return {name: str(value) for name, value in self.raw.get("environment", {}).items()}

    @property
    def command(self) -> list[str]:
        """What runs."""
        return [str(word) for word in self.raw.get("command", [])]

    @property
    def secrets(self) -> set[str]:
        """Those that are mounted."""
        return set(self.raw.get("secrets", []))

    @property
    def volumes(self) -> list[tuple[str, str]]:
        """What is mounted where."""
        return [tuple(volume.split(":")[:2]) for volume in self.raw.get("volumes", [])]

    @property
    def ports(self) -> list[tuple[str, str, str]]:
        """Address, port outside, port inside."""
        return [tuple(port.rsplit(":", 2)) for port in self.raw.get("ports", [])]

    @property
    def image(self) -> str:
        """With its version."""
        return str(self.raw["image"])

    @property
    def is_ours(self) -> bool:
        """Whether it runs our image."""
        return self.image.startswith("relance:")

    @property
    def is_job(self) -> bool:
        """Whether it runs to its end."""
        return bool(self.raw["restart"] == "no")


class _Override(list[Any]):
    """A list that does not go behind the one of the file before, but takes its place."""


class _Loader(yaml.SafeLoader):
    """Knows what compose adds to YAML."""


def _override(loader: yaml.SafeLoader, node: yaml.SequenceNode) -> _Override:
    return _Override(loader.construct_sequence(node))


_Loader.add_constructor("!override", _override)


def _merged(first: Any, then: Any) -> Any:
    """As compose puts one file upon another."""
    if isinstance(first, dict) and isinstance(then, dict):
        return {key: _merged(first[key], then[key]) if key in first and key in then
                else then.get(key, first.get(key)) for key in {**first, **then}}  # fmt: skip
    if isinstance(first, list) and isinstance(then, list) and not isinstance(then, _Override):
        return [*first, *then]
    return then


def load(*added: Path, **variables: str) -> dict[str, Any]:
    """The whole file, with these files upon it and these variables.

    Raises KeyError for a variable that must be set and is not.
    """

    def fill(match: re.Match[str]) -> str:
        if value := variables.get(match["name"]):
            return value
        if match["how"] == ":-":
            return str(match["rest"])
        raise KeyError(match["name"])

    document: Any = {}
    for path in (COMPOSE, *added):
        document = _merged(document, yaml.load(path.read_text(), _Loader))  # noqa: S506 - a safe one

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            return _VARIABLE.sub(fill, value).replace("$$", "$")
        if isinstance(value, dict):
            return {key: filled(each) for key, each in value.items()}
        return [filled(each) for each in value] if isinstance(value, list) else value

    services = filled(document["services"])
    return {**document, "services": {name: Service(name, raw) for name, raw in services.items()}}


def services(public_url: str = "https://relance.example") -> dict[str, Service]:
    """Every service by its name."""
    found: dict[str, Service] = load(RELANCE_PUBLIC_URL=public_url)["services"]
    return found
