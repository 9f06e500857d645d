"""Whatever arrives is read, ignored or refused with a reason; nothing else can happen."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.base import DeliveryUpdate, Ignored, InboundMessage, SessionUpdate, UnreadableWebhookError
from providers.wassenger_events import MOST_ITEMS, interpret, split_webhook
from tests.providers.nonsense import REAL, mutated, odd_json
from tests.providers.payloads import RECEIVED_AT, Json, envelope, incoming, news, split


def storable(value: Any) -> bool:
    """Whether PostgreSQL can hold it as jsonb."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    text.encode()  # half a character has no UTF-8
    return "\x00" not in text and "\\u0000" not in text


def read(raw: bytes) -> None:
    """Reads a body as the receiver does; only the one error is allowed."""
    try:
        items = split_webhook(raw)
    except UnreadableWebhookError:
        return
    for item in items:
        assert storable([item.event, item.key, item.payload])
        meaning = interpret(item.payload, RECEIVED_AT)
        assert isinstance(meaning, InboundMessage | DeliveryUpdate | SessionUpdate | Ignored)
        if isinstance(meaning, InboundMessage | DeliveryUpdate):
            assert meaning.occurred_at <= RECEIVED_AT


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>502 Bad Gateway</html>",
        b'{"event": "message:in:new", "data": {',
        b"null",
        b"42",
        b'"event"',
        b"[]",
        b"[[]]",
        b"[null]",
        b"{}",
        b'{"event": null}',
        b'{"event": ""}',
        b'{"event": ["message:in:new"]}',
        b"\xff\xfe\xfd",
        b"9" * 5000,
        b'{"event": "x", "data": {"n": [1e999]}}',
        b'{"event": "x", "data": {"n": [-1e999]}}',
        b"[" * 100_000,
        json.dumps([{"event": "x"}] * (MOST_ITEMS + 1)).encode(),
    ],
    ids=lambda raw: f"{raw[:24]!r} {len(raw)}",
)
def test_a_body_that_is_no_webhook_is_refused_with_a_reason(raw: bytes) -> None:
    with pytest.raises(UnreadableWebhookError, match=r"\w"):
        split_webhook(raw)


@pytest.mark.parametrize("depth", [100, 300, 600, 900, 2000, 50_000])
def test_no_depth_of_nesting_is_harmful(depth: int) -> None:
    read(b'{"event": "x", "data": ' + b"[" * depth + b"]" * depth + b"}")


def test_one_bad_event_spoils_its_body() -> None:
    with pytest.raises(UnreadableWebhookError):
        split(incoming(body="Yes"), {})


def test_nul_and_half_characters_become_storable() -> None:
    raw = b'{"event": "message:in:new", "data": {"id": "A\\u0000", "bo\\u0000dy": "ST\\ud83dOP\\u0000"}}'
    [item] = split_webhook(raw)
    assert storable([item.key, item.payload])
    assert item.payload["data"] == {"id": "A", "body": "ST?OP"}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_no_json_become_texts(number: str) -> None:
    [item] = split_webhook(b'{"event": "x", "n": %s}' % number.encode())
    assert storable(item.payload)
    assert isinstance(item.payload["n"], str)


def test_a_body_in_another_unicode_encoding_is_read() -> None:
    raw = json.dumps(incoming(body="Oui, ça va")).encode("utf-16")
    [item] = split_webhook(raw)
    meaning = interpret(item.payload, RECEIVED_AT)
    assert isinstance(meaning, InboundMessage)
    assert meaning.text == "Oui, ça va"


def test_an_event_from_the_future_of_the_api_is_ignored() -> None:
    assert isinstance(news({"event": "message:in:telepathy"}), Ignored)
    assert isinstance(news(envelope("message:out:teleported", {})), Ignored)


@given(st.binary())
def test_random_bytes_are_harmless(raw: bytes) -> None:
    read(raw)


@given(odd_json, st.sampled_from(["message:in:new", "message:reaction", "message:out:ack", "number:session"]))
def test_random_json_is_harmless(data: Any, event: str) -> None:
    read(json.dumps(data).encode())
    read(json.dumps({"event": event, "data": data}).encode())
    read(json.dumps({"event": event, "data": {"message": data}}).encode())


@given(mutated())
def test_real_events_with_odd_content_are_harmless(payload: Json) -> None:
    read(json.dumps(payload).encode())


@given(st.sampled_from(REAL), st.data())
def test_real_events_cut_off_or_with_flipped_bytes_are_harmless(payload: Json, data: st.DataObject) -> None:
    raw = bytearray(json.dumps(payload).encode())
    for _ in range(data.draw(st.integers(0, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    read(bytes(raw[: data.draw(st.integers(0, len(raw)))]))


@given(mutated(), st.datetimes(datetime(1990, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_an_event_is_understood_at_any_moment(payload: Json, received_at: datetime) -> None:
    interpret(payload, received_at)
