"""A request with an Idempotency-Key is done once, however often and however concurrently it is sent."""

import asyncio
import secrets
import socket
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.app import create_app
from domain.access import Scope
from settings import Settings
from storage import campaigns, idempotency
from storage.database import Pool
from storage.idempotency import Answer, Claimed, Other, Running
from tests.api.applications import client_of
from tests.api.cuttable import cuttable_way
from tests.api.people import Door
from tests.conftest import Town, next_phone

Json = dict[str, Any]


def a_sender() -> Json:
    """A sender that does not exist yet."""
    return {"name": "Lyon", "phone": next_phone(), "device_id": secrets.token_hex(12)}


async def a_draft(town: Town) -> Json:
    """A campaign that does not exist yet."""
    category_id, _phones = await town.people([{"script": []}])
    return {
        "name": f"Once {secrets.token_hex(4)}",
        "message_1": "Hello",
        "message_2": "Thank you",
        "sender_ids": [(await town.sender()).id],
        "category_ids": [category_id],
    }


async def post(api: httpx.AsyncClient, key: str, body: Json, path: str = "/api/campaigns") -> httpx.Response:
    """With that key."""
    return await api.post(path, json=body, headers={"Idempotency-Key": key})


async def test_the_same_request_twice_makes_one_campaign(town: Town, api: httpx.AsyncClient) -> None:
    """The second answer is the first one, and says so."""
    draft, key = await a_draft(town), secrets.token_hex(8)
    first, second = await post(api, key, draft), await post(api, key, draft)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert first.headers["content-type"] == second.headers["content-type"]
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    made = await town.pool.fetchval("SELECT count(*) FROM campaigns WHERE name = $1", draft["name"])
    assert made == 1


async def test_many_at_once_make_one_campaign(town: Town, api: httpx.AsyncClient) -> None:
    """Those who come while the first one runs are told to wait (409), or get its answer."""
    draft, key = await a_draft(town), secrets.token_hex(8)
    answers = await asyncio.gather(*(post(api, key, draft) for _ in range(20)))

    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409}
    assert statuses[201] >= 1
    assert len({answer.text for answer in answers if answer.status_code == 201}) == 1
    made = await town.pool.fetchval("SELECT count(*) FROM campaigns WHERE name = $1", draft["name"])
    assert made == 1


async def test_a_key_belongs_to_one_request(town: Town, api: httpx.AsyncClient) -> None:
    """Another body or path with it is a mistake: 422, and nothing is done."""
    key = secrets.token_hex(8)
    draft = await a_draft(town)
    await post(api, key, draft)
    for answer in (
        await post(api, key, {**draft, "name": "Other"}),
        await post(api, key, draft, "/api/senders"),
    ):
        assert (answer.status_code, answer.json()["title"]) == (422, "Key used before")


async def test_callers_do_not_share_keys(door: Door, town: Town) -> None:
    """What one of them chose, the other may choose too, and sees nothing of it."""
    key = secrets.token_hex(8)
    async with door.program([Scope.WRITE]) as one, door.program([Scope.WRITE]) as other:
        answers = [await post(client, key, a_sender(), "/api/senders") for client in (one, other)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] != answers[1].json()["id"]


async def test_what_failed_may_be_mended_under_the_same_key(town: Town, api: httpx.AsyncClient) -> None:
    """It did nothing."""
    key, draft = secrets.token_hex(8), await a_draft(town)
    assert (await post(api, key, {**draft, "message_1": "Hello {{"})).status_code == 422
    assert (await post(api, key, draft)).status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256])
async def test_a_key_that_is_none_is_refused(api: httpx.AsyncClient, key: str) -> None:
    """Rather than ignored: the client counts on it."""
    answer = await api.post("/api/senders", json=a_sender(), headers={b"Idempotency-Key": key.encode()})
    assert (answer.status_code, answer.json()["title"]) == (422, "Invalid key")


async def test_answers_with_a_secret_are_not_kept(api: httpx.AsyncClient, pool: Pool) -> None:
    """For users and keys, the name is what keeps them from being made twice."""
    key, name = secrets.token_hex(8), f"User {secrets.token_hex(4)}"
    first = await post(api, key, {"name": name}, "/api/users")
    again = await post(api, key, {"name": name}, "/api/users")
    assert (first.status_code, again.status_code) == (201, 409)
    assert await pool.fetchval("SELECT count(*) FROM idempotent_requests WHERE key = $1", key) == 0


async def test_a_claim_is_free_again_after_a_day_or_a_crash(pool: Pool) -> None:
    """24 hours for answers; ten minutes for a request whose process died."""
    caller, key, mine, other = "a test", secrets.token_hex(8), b"1" * 32, b"2" * 32
    answer = Answer(status=201, headers={"content-type": "text/plain"}, body=b"made")
    age = "UPDATE idempotent_requests SET claimed_at = now() - $2::text::interval WHERE key = $1"

    assert await idempotency.claim(pool, caller, key, mine) == Claimed()
    assert await idempotency.claim(pool, caller, key, mine) == Running()
    await pool.execute(age, key, "11 minutes")
    assert await idempotency.claim(pool, caller, key, mine) == Claimed()
    await idempotency.keep(pool, caller, key, answer)
    await pool.execute(age, key, "23 hours")
    assert await idempotency.claim(pool, caller, key, mine) == answer
    assert await idempotency.claim(pool, caller, key, other) == Other()
    await idempotency.release(pool, caller, key)  # an answer is not released
    assert await idempotency.claim(pool, caller, key, mine) == answer
    await pool.execute(age, key, "25 hours")
    assert await idempotency.claim(pool, caller, key, other) == Claimed()

    await pool.execute(age, key, "25 hours")
    await idempotency.claim(pool, caller, f"{key}-2", mine)
    await idempotency.keep(pool, caller, f"{key}-2", answer)
    assert await pool.fetchval("SELECT count(*) FROM idempotent_requests WHERE key = $1", key) == 0


@pytest.fixture
async def breaking(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """An application whose database is away whenever it reads a campaign with its counters."""
    async with cuttable_way(str(settings.database_url)) as way:
        read = campaigns.get_with_counters

        async def read_over_a_broken_way(*given: Any) -> Any:
            await way.cut()
            try:
                return await read(*given)
            finally:
                await way.open()

        monkeypatch.setattr(campaigns, "get_with_counters", read_over_a_broken_way)
        here = settings.model_copy(update={"database_url": way.url, "public_url": None})
        async with client_of(create_app(here)) as client:
            yield client


async def test_a_database_that_goes_away_after_the_commit_makes_no_second_draft(
    town: Town, breaking: httpx.AsyncClient
) -> None:
    """What was stored is answered with, not read again."""
    draft, key = await a_draft(town), secrets.token_hex(8)
    first = await post(breaking, key, draft)
    again = await post(breaking, key, draft)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert await town.pool.fetchval("SELECT count(*) FROM campaigns WHERE name = $1", draft["name"]) == 1


async def test_a_key_whose_outcome_nobody_knows_is_not_free(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was stored, and then the database failed: the retry is told to look; a new key does it anew."""
    app = create_app(settings.model_copy(update={"public_url": None}))
    tries = 0

    async def store_and_fail(kind: str) -> None:
        nonlocal tries
        tries += 1
        raise ConnectionResetError("gone") if kind == "database" else LookupError("gone")

    app.add_api_route("/api/stored/{kind}", store_and_fail, methods=["POST"])
    async with client_of(app) as client:
        for kind, status in (("database", 503), ("unforeseen", 500)):
            tries, key = 0, secrets.token_hex(8)
            answers = [await post(client, key, {}, f"/api/stored/{kind}") for _ in range(3)]
            assert [answer.status_code for answer in answers] == [status] * 3
            assert answers[1].headers["idempotent-replayed"] == "true"
            assert len({answer.text for answer in answers}) == 1
            assert tries == 1
            await post(client, secrets.token_hex(8), {}, f"/api/stored/{kind}")
            assert tries == 2


async def test_what_says_that_it_may_be_asked_for_again_frees_its_key(town: Town, settings: Settings) -> None:
    """A start without Temporal did nothing, and may be asked for again under the same key."""
    body = await a_draft(town)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = {"temporal_address": f"127.0.0.1:{taken.getsockname()[1]}", "public_url": None}
        async with client_of(create_app(settings.model_copy(update=nowhere))) as client:
            campaign_id = (await client.post("/api/campaigns", json=body)).json()["id"]
            path, key = f"/api/campaigns/{campaign_id}/start", secrets.token_hex(8)
            answers = [await post(client, key, {}, path) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [503, 503]
    assert "idempotent-replayed" not in answers[1].headers


async def test_a_file_is_imported_once_without_being_held_in_memory(api: httpx.AsyncClient, pool: Pool) -> None:
    """E2, property 5: the key of a file stands for where it goes, its parameters and its length."""
    lines = "".join(f"{next_phone()},N{nth}\n" for nth in range(20))
    file, key = f"phone,name\n{lines}".encode(), {"Idempotency-Key": secrets.token_hex(8)}
    first, again = [await api.post("/api/imports", content=file, headers=key) for _ in range(2)]
    other = await api.post("/api/imports", content=file + b"\n", headers=key)
    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 422)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]
