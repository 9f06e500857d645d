"""Bodies that are too large: refused before they are read, as a problem document like every other error."""

import secrets
from collections.abc import AsyncIterator

import httpx
import pytest

from api.app import create_app
from api.body_limits import LARGER, LARGEST_BODY
from settings import Settings
from tests.api.applications import client_of
from tests.api.people import Door
from tests.conftest import AUTHORIZED

KIB = b" " * 1024
HEADER = b"phone" + b" " * 1018 + b"\n"
ROW = b"x" * 1023 + b"\n"


async def chunked(body: bytes) -> AsyncIterator[bytes]:
    """Without saying how long it will be."""
    for start in range(0, len(body), 65536):
        yield body[start : start + 65536]


def is_a_problem(answer: httpx.Response) -> bool:
    """With all that every answer carries."""
    return (
        answer.headers["content-type"] == "application/problem+json"
        and answer.json()["title"] == "Too large"
        and answer.headers["x-content-type-options"] == "nosniff"
        and bool(answer.headers["x-request-id"])
    )


@pytest.mark.parametrize("path", ["/api/campaigns", "/api/auth/login", "/api/senders/x/pause"])
@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k"}], ids=["without key", "with key"])
@pytest.mark.parametrize("is_declared", [True, False], ids=["declared", "chunked"])
async def test_a_body_over_the_limit_is_a_problem(
    settings: Settings, path: str, key: dict[str, str], is_declared: bool
) -> None:
    """RFC 9457; nobody parses megabytes for whoever sends them."""
    async with client_of(create_app(settings.model_copy(update={"public_url": None}))) as client:
        body = KIB * 1025 if is_declared else chunked(KIB * 1025)
        headers = {
            "Content-Type": "application/json",
            **({"Idempotency-Key": secrets.token_hex(8)} if key else {}),
        }
        answer = await client.post(path, content=body, headers=headers)
        small = await client.post(path, content=KIB * 1024, headers=headers)
    assert answer.status_code == 413, answer.text
    assert is_a_problem(answer)
    assert small.status_code == 422  # which is no JSON


async def test_whoever_is_not_known_uploads_nothing(door: Door) -> None:
    """401 comes before 413."""
    async with door.client() as nobody:
        answer = await nobody.post("/api/campaigns", content=KIB * 1025)
    assert answer.status_code == 401


@pytest.mark.parametrize("path", sorted(LARGER))
@pytest.mark.parametrize("is_declared", [True, False], ids=["declared", "chunked"])
async def test_files_may_be_larger_up_to_their_own_limit(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, path: str, is_declared: bool
) -> None:
    """E2; with an Idempotency-Key too."""
    assert LARGER[path] > LARGEST_BODY
    monkeypatch.setitem(LARGER, path, 3 * LARGEST_BODY)
    async with client_of(create_app(settings.model_copy(update={"public_url": None}))) as client:
        for headers in (AUTHORIZED, {**AUTHORIZED, "Idempotency-Key": secrets.token_hex(8)}):
            file = HEADER + ROW * 3072
            body = file if is_declared else chunked(file)
            answer = await client.post(path, content=body, headers=headers)
            assert answer.status_code == 413, answer.text
            assert is_a_problem(answer)
            allowed = await client.post(path, content=HEADER + ROW * 1500, headers=headers)
            assert allowed.status_code != 413


async def test_a_real_server_answers_it_too(api: httpx.AsyncClient) -> None:
    """Over HTTP, where the body comes in pieces."""
    answer = await api.post("/api/campaigns", content=chunked(KIB * 1025))
    assert answer.status_code == 413
    assert is_a_problem(answer)
