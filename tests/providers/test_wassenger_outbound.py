"""What the provider tells about our own messages and accounts."""

from datetime import timedelta

import pytest

from providers.base import DeliveryStatus, DeliveryUpdate, Ignored, SessionUpdate
from tests.providers.payloads import (
    API_ID,
    AT,
    DEVICE,
    RECEIVED_AT,
    REFERENCE,
    WA_ID,
    Json,
    ack,
    envelope,
    gateway_item,
    iso,
    news,
    outbound_data,
    split,
)

SECOND = timedelta(seconds=1)


def update(payload: Json) -> DeliveryUpdate:
    """The delivery update of an event that has to be one."""
    meaning = news(payload)
    assert isinstance(meaning, DeliveryUpdate), meaning
    return meaning


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("sent", DeliveryStatus.SENT),
        ("delivered", DeliveryStatus.DELIVERED),
        ("read", DeliveryStatus.READ),
        ("readed", DeliveryStatus.READ),
        ("played", DeliveryStatus.READ),
        ("failed", DeliveryStatus.FAILED),
        ("error", DeliveryStatus.FAILED),
        ("Delivered", DeliveryStatus.DELIVERED),
    ],
)
def test_an_acknowledgement_says_how_far_a_message_got(word: str, status: DeliveryStatus) -> None:
    meaning = update(ack(word))
    assert meaning.status is status
    assert (meaning.wa_id, meaning.provider_id, meaning.reference) == (WA_ID, None, REFERENCE)


@pytest.mark.parametrize("word", ["pending", "processing", "", "teleported"])
def test_an_acknowledgement_without_news_is_ignored(word: str) -> None:
    assert isinstance(news(ack(word)), Ignored)


def test_the_word_in_the_data_will_do() -> None:
    payload = {**ack("read"), "ack": None}
    assert update(payload).status is DeliveryStatus.READ


def test_the_nested_envelope_says_the_same() -> None:
    flat = ack("delivered")
    assert update({**flat, "id": "evt_1", "data": {"message": flat["data"]}}) == update(flat)


@pytest.mark.parametrize(
    ("word", "name"), [("sent", "sent"), ("delivered", "delivered"), ("read", "readed"), ("played", "played")]
)
def test_a_status_dates_from_its_own_entry_and_not_from_the_message(word: str, name: str) -> None:
    """E2: `data.date` is when the message was sent, which is no date of its delivery."""
    happened_at = AT + SECOND
    payload = ack(word, events={"other": {"date": iso(AT)}, name: {"date": iso(happened_at)}})
    assert update(payload).occurred_at == happened_at


def test_a_status_never_dates_from_after_the_receipt() -> None:
    payload = ack("delivered", events={"delivered": {"date": iso(RECEIVED_AT + SECOND)}})
    assert update(payload).occurred_at == RECEIVED_AT


def test_without_an_entry_of_its_own_a_status_dates_from_the_message() -> None:
    assert update(ack("sent")).occurred_at == AT


def test_a_message_that_left_the_account_was_sent() -> None:
    meaning = update(envelope("message:out:new", outbound_data(ack="pending")))
    assert (meaning.status, meaning.wa_id) == (DeliveryStatus.SENT, WA_ID)


def test_gateway_events_come_as_an_array_and_name_the_id_of_the_api() -> None:
    items = split(
        gateway_item("message:out:sent", waId=WA_ID),
        gateway_item("message:out:failed", failureReason="not on WhatsApp", sentAt=iso(AT)),
    )
    assert [item.event for item in items] == ["message:out:sent", "message:out:failed"]
    sent, failed = (update(item.payload) for item in items)
    assert (sent.status, sent.provider_id, sent.wa_id) == (DeliveryStatus.SENT, API_ID, WA_ID)
    assert sent.occurred_at == AT
    assert (failed.status, failed.failure_reason) == (DeliveryStatus.FAILED, "not on WhatsApp")
    assert (failed.provider_id, failed.wa_id, failed.reference) == (API_ID, None, REFERENCE)


def test_a_failure_as_one_object_is_a_failure_too() -> None:
    flat = envelope("message:out:failed", outbound_data(failureReason="too slow"))
    meaning = update(flat)
    assert (meaning.status, meaning.wa_id, meaning.failure_reason) == (DeliveryStatus.FAILED, WA_ID, "too slow")


def test_an_id_of_the_api_is_recognised_without_an_entity_id() -> None:
    payload = {**gateway_item("message:out:sent"), "entityId": None}
    meaning = update(payload)
    assert (meaning.provider_id, meaning.wa_id) == (API_ID, None)


@pytest.mark.parametrize(
    "data",
    [
        {"id": DEVICE, "status": "operative", "session": {"status": "offline"}},
        {"id": DEVICE, "session": "offline"},
        {"id": DEVICE, "status": "offline"},
    ],
)
def test_an_account_that_goes_offline_is_noticed(data: Json) -> None:
    assert news(envelope("number:session", data)) == SessionUpdate(device=DEVICE, session="offline")
