"""The OpenAPI document holds what it promises: Schemathesis asks every route, with good and bad data."""

import asyncio
import os
import sys
from pathlib import Path

import httpx
import pytest

from settings import Settings
from tests.conftest import LOCAL_API_KEY

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
ROOT = Path(__file__).parents[2]
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


async def test_the_document_names_what_generated_clients_need(api: httpx.AsyncClient) -> None:
    """Q5: the key on each POST that honours it, the parts of a problem, and how long to wait."""
    document = (await api.get("/openapi.json")).json()
    posts = {path: each["post"] for path, each in document["paths"].items() if "post" in each}
    with_key = {
        path
        for path, operation in posts.items()
        if [part["name"] for part in operation.get("parameters", [])].count("Idempotency-Key") == 1
    }
    assert set(posts) - with_key == {
        path for path in posts if path.startswith(("/api/auth/", "/api/users", "/api/api-keys"))
    }
    assert "/api/campaigns/{campaign_id}/test-send" in with_key

    schemas = document["components"]["schemas"]
    problem = schemas["ProblemBody"]
    assert set(problem["required"]) == {"type", "title", "status", "detail"}
    assert problem["properties"]["errors"]["items"]["$ref"] == "#/components/schemas/FieldProblem"
    assert set(schemas["FieldProblem"]["required"]) == {"field", "reason"}
    assert {"retry_after_s", "missing"} <= set(problem["properties"])
    assert "Retry-After" in posts["/api/auth/login"]["responses"]["429"]["headers"]


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
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.api.fresh_keys", "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()[-12_000:]
