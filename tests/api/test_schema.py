"""The OpenAPI document holds what it promises: Schemathesis asks every route, with good and bad data."""

import asyncio
import sys
from pathlib import Path

import httpx
import pytest

from settings import Settings
from tests.conftest import LOCAL_API_KEY

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
EXAMPLES = 5
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
)
# An endless stream.
LEFT_OUT = ("/api/events",)


@pytest.mark.timeout(400)
async def test_no_route_breaks_its_promises(api: httpx.AsyncClient, settings: Settings, tmp_path: Path) -> None:
    """No server error, no answer that the document does not describe, no route that lets anybody in (Q5)."""
    left_out = [argument for path in LEFT_OUT for argument in ("--exclude-path", path)]
    process = await asyncio.create_subprocess_exec(
        str(SCHEMATHESIS),
        "run",
        f"{settings.effective_api_url}/openapi.json",
        *("--header", f"Authorization:Bearer {LOCAL_API_KEY}"),
        *("--checks", ",".join(CHECKS)),
        *("--phases", "coverage,fuzzing"),
        *("--max-examples", str(EXAMPLES)),
        *("--generation-deterministic", "--continue-on-failure", "--no-color"),
        *("--suppress-health-check", "all"),
        *left_out,
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()[-12_000:]
