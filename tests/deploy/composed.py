"""docker-compose.yml as compose reads it: anchors merged, variables filled in."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent.parent
COMPOSE = ROOT / "docker-compose.yml"
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
        return "build" in self.raw

    @property
    def is_job(self) -> bool:
        """Whether it runs to its end."""
        return bool(self.raw["restart"] == "no")


def load(**variables: str) -> dict[str, Any]:
    """The whole file, with these variables; raises KeyError for one that must be set and is not."""

    def fill(match: re.Match[str]) -> str:
        if value := variables.get(match["name"]):
            return value
        if match["how"] == ":-":
            return str(match["rest"])
        raise KeyError(match["name"])

    document = yaml.safe_load(COMPOSE.read_text())

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
