"""The receiver: what was answered 200 is stored, what cannot be stored is answered 503, nothing breaks it."""

import asyncio
import json
import secrets
from datetime import datetime
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from api.app import create_app
from api.webhooks import WebhookDesk
from domain.contact_states import ContactState
from settings import Settings
from storage.database import Pool
from storage.outcomes import Settled
from storage.webhook_events import finish_event
from tests.api.applications import client_of
from tests.api.cuttable import cuttable_way
from tests.conftest import Town, eventually, next_phone
from tests.scene import open_scene
from tests.wassenger import inbound

Json = dict[str, Any]


@pytest.fixture(scope="module", autouse=True)
async def began(pool: Pool) -> datetime:
    """When the first test of this room began: other rooms may leave events that wait for a worker."""
    moment: datetime = await pool.fetchval("SELECT clock_timestamp()")
    return moment


def webhook_path(settings: Settings) -> str:
    """Where the provider posts; the secret is part of it."""
    assert settings.webhook_secret is not None
    return f"/webhooks/wassenger/{settings.webhook_secret.get_secret_value()}"


def strangers_message(**content: Any) -> Json:
    """A message that belongs to no campaign."""
    return inbound(secrets.token_hex(12), next_phone(), **content)


async def post(api: httpx.AsyncClient, settings: Settings, body: Any) -> httpx.Response:
    """One delivery; bytes go as they are, everything else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await api.post(webhook_path(settings), content=content)


async def stored(pool: Pool, payload: Json) -> list[Any]:
    """The rows of this event."""
    return await pool.fetch("SELECT * FROM webhook_events WHERE payload -> 'data' ->> 'id' = $1", payload["id"])


@pytest.mark.parametrize("secret", ["wrong", "é%00", " "])
async def test_a_wrong_secret_is_turned_away(api: httpx.AsyncClient, pool: Pool, secret: str) -> None:
    """Whoever does not know the secret leaves no trace; the answer is a problem document."""
    payload = strangers_message()
    answer = await api.post(f"/webhooks/wassenger/{secret}", json=payload)

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert await stored(pool, payload) == []


async def test_an_event_is_stored_before_it_is_answered(
    api: httpx.AsyncClient, pool: Pool, settings: Settings
) -> None:
    """E8, E17; and worked off right after."""
    payload = strangers_message()
    answer = await post(api, settings, payload)

    assert (answer.status_code, answer.json()) == (200, {"stored": 1, "known": 0, "rejected": 0})
    [row] = await stored(pool, payload)
    assert (row["event"], row["copies"], row["payload"]) == ("message:in:new", 1, payload)

    async def processed() -> bool:
        return bool((await stored(pool, payload))[0]["status"] == "processed")

    await eventually(processed, what="the working off")


async def test_an_opt_out_is_in_force_before_it_is_answered(
    settings: Settings, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C4; whatever dies right after the 200: nothing is sent any more. The relay tells the workflow later."""
    monkeypatch.setattr(WebhookDesk, "hand_over", lambda _desk, _event: None)
    scene = await open_scene(town)
    payload = inbound(scene.sender.device_id, scene.phones[0], type="text", body="Stop svp")

    async with client_of(create_app(settings)) as api:
        assert (await post(api, settings, payload)).status_code == 200

    assert await scene.state() == "opted_out"
    assert await scene.begin() == Settled(state=ContactState.OPTED_OUT, sent_at=None)
    [left] = await stored(scene.pool, payload)
    assert left["status"] == "received"
    await finish_event(scene.pool, str(left["id"]), "worked off by nobody, so that no other test finds it")


async def test_the_same_event_twice_is_one_row_of_two_copies(
    api: httpx.AsyncClient, pool: Pool, settings: Settings
) -> None:
    """E11; a provider that got no answer sends it again."""
    payload = strangers_message()
    await post(api, settings, payload)
    answer = await post(api, settings, payload)

    assert answer.json() == {"stored": 0, "known": 1, "rejected": 0}
    [row] = await stored(pool, payload)
    assert row["copies"] == 2


async def test_ten_deliveries_at_once_are_one_row(
    api: httpx.AsyncClient, pool: Pool, settings: Settings
) -> None:
    """E9, E11; property 10."""
    payload = strangers_message()
    answers = await asyncio.gather(*(post(api, settings, payload) for _ in range(10)))

    assert sum(answer.json()["stored"] for answer in answers) == 1
    [row] = await stored(pool, payload)
    assert row["copies"] == 10


async def test_an_array_holds_several_events(api: httpx.AsyncClient, pool: Pool, settings: Settings) -> None:
    """E8; Gateway events come up to 25 in one body, some of them known already."""
    known, *new = [strangers_message() for _ in range(4)]
    await post(api, settings, known)
    answer = await post(api, settings, [known, *new])

    assert answer.json() == {"stored": 3, "known": 1, "rejected": 0}
    for payload in new:
        assert len(await stored(pool, payload)) == 1


async def test_characters_that_no_database_can_hold_are_left_out(
    api: httpx.AsyncClient, pool: Pool, settings: Settings
) -> None:
    """E8; NUL and half a character: the rest of the message still counts."""
    payload = strangers_message(type="text", body="a\x00b\ud83dc")
    answer = await post(api, settings, payload)

    assert (answer.status_code, answer.json()["stored"]) == (200, 1)
    [row] = await stored(pool, payload)
    assert row["payload"]["data"]["body"] == "ab?c"


def truncated() -> bytes:
    """A body that broke off."""
    return json.dumps(strangers_message()).encode()[:-20]


@pytest.mark.parametrize(
    "body",
    [
        truncated(),
        b"",
        b"null",
        b"[]",
        b'{"event": 7}',
        b'{"data": {}}',
        b'[{"event": "message:in:new"}, 3]',
        b'{"event": "e", "n": 1e999}',
        b"[" * 100_000,
        b'{"event": "e", "data": ' + b"[" * 600 + b"]" * 600 + b"}",
    ],
    ids=range(10),
)
async def test_nonsense_is_kept_as_rejected_and_answered_200(
    api: httpx.AsyncClient, pool: Pool, settings: Settings, body: bytes
) -> None:
    """Anything but 200 would make the provider send it for a day."""
    answer = await post(api, settings, body)

    assert (answer.status_code, answer.json()["rejected"]) == (200, 1)
    row = await pool.fetchrow("SELECT status, outcome FROM webhook_events WHERE raw = $1", body)
    assert row is not None
    assert row["status"] == "rejected"
    assert row["outcome"]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
_fields = ["id", "event", "data", "device", "ack", "created", "entityId", "date"]
_inner = ["id", "from", "chat", "meta", "body", "type", "timestamp", "date", "events", "reaction", "quoted"]
_names = ["in:new", "out:ack", "reaction", "update", "out:failed", "out:new"]
_events = st.sampled_from([*(f"message:{name}" for name in _names), "number:session", "\x00"])
_odd = st.dictionaries(st.sampled_from(_fields), _json, max_size=5).flatmap(
    lambda outer: st.builds(
        lambda event, data: {**outer, "event": event, "data": data},
        _events,
        st.dictionaries(st.sampled_from(_inner), _json, max_size=6),
    )
)


@given(body=st.binary(max_size=200) | _odd.map(lambda odd: json.dumps(odd).encode()))
@example(body=b"\xff\xfe\x00\x00")
@example(body=b'{"event": "\\ud800"}')
@hypothesis_settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_no_body_breaks_the_receiver(
    api: httpx.AsyncClient, pool: Pool, settings: Settings, body: bytes
) -> None:
    """E8; random bytes and odd JSON: 200, and a row for everything."""
    answer = await post(api, settings, body)

    assert answer.status_code == 200, answer.text
    assert sum(answer.json().values()) >= 1
    if answer.json()["rejected"]:
        assert await pool.fetchval("SELECT count(*) FROM webhook_events WHERE raw = $1", body) == 1


async def test_no_event_stays_open_because_of_its_content(pool: Pool, began: datetime) -> None:
    """E8; after all the nonsense above: what makes no sense is worked off, not tried for ever."""

    async def none_open() -> bool:
        open_events = await pool.fetchval(
            "SELECT count(*) FROM webhook_events WHERE status = 'received' AND received_at >= $1", began
        )
        return bool(open_events == 0)

    await eventually(none_open, what="the working off")


async def test_a_body_larger_than_any_event_is_refused(api: httpx.AsyncClient, settings: Settings) -> None:
    """It would fill the database; no provider sends such a thing."""
    assert (await post(api, settings, b" " * 1_048_577)).status_code == 413


async def test_an_event_that_cannot_be_stored_is_answered_503_and_accepted_later(
    settings: Settings, pool: Pool
) -> None:
    """E8, E17; the database is away, so the provider has to send it again."""
    payload = strangers_message()
    async with cuttable_way(str(settings.database_url)) as way:
        app = create_app(settings.model_copy(update={"database_url": way.url, "public_url": None}))
        async with client_of(app, headers={}) as api:
            await way.cut()
            refused = await post(api, settings, payload)
            unread = await post(api, settings, b"no JSON")
            assert await stored(pool, payload) == []

            await way.open()
            accepted = await post(api, settings, payload)

    assert [refused.status_code, unread.status_code] == [503, 503]
    assert refused.headers["content-type"] == "application/problem+json"
    assert "send this again" in refused.json()["detail"]
    assert (accepted.status_code, accepted.json()["stored"]) == (200, 1)
    assert len(await stored(pool, payload)) == 1
