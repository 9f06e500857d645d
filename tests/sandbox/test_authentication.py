"""Who may use the API."""

import httpx
import pytest

from tests.sandbox.harness import TOKEN, Process, Sandbox


@pytest.mark.parametrize(
    "headers",
    [{"Token": TOKEN}, {"Authorization": TOKEN}, {"Authorization": f"Bearer {TOKEN}"}],
    ids=["token header", "bare authorization", "bearer"],
)
async def test_each_documented_way_of_passing_the_token_works(
    process: Process, headers: dict[str, str]
) -> None:
    async with httpx.AsyncClient(base_url=process.url) as client:
        assert (await client.get("/v1/devices", headers=headers)).status_code == 200


async def test_the_token_may_travel_in_the_query_and_is_not_recorded(
    sandbox: Sandbox, process: Process
) -> None:
    async with httpx.AsyncClient(base_url=process.url) as client:
        assert (await client.get("/v1/devices", params={"token": TOKEN})).status_code == 200
    recorded = await sandbox.get("/control/requests")
    assert recorded["requests"][-1]["path"] == "/v1/devices"
    assert TOKEN not in str(recorded)


@pytest.mark.parametrize(
    "headers", [{}, {"Token": "another"}, {"Token": f"Token {TOKEN}"}], ids=["none", "another", "prefixed"]
)
async def test_any_other_token_is_refused_in_the_providers_error_shape(
    process: Process, headers: dict[str, str]
) -> None:
    async with httpx.AsyncClient(base_url=process.url) as client:
        answer = await client.post("/v1/messages", headers=headers, json={})
    assert answer.status_code == 401
    assert answer.json() == {"status": 401, "message": "The token is missing or not valid"}


async def test_health_and_control_need_no_token(sandbox: Sandbox, process: Process) -> None:
    async with httpx.AsyncClient(base_url=process.url) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/control/clock")).status_code == 200


async def test_unknown_routes_and_methods_answer_in_the_providers_error_shape(sandbox: Sandbox) -> None:
    unknown = await sandbox.http.get("/v1/nothing")
    assert (unknown.status_code, unknown.json()["status"]) == (404, 404)
    wrong_method = await sandbox.http.put("/v1/messages")
    assert (wrong_method.status_code, wrong_method.json()["status"]) == (405, 405)
