"""What Meta's webhooks mean, kind by kind, and what odd ones do."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.interactions import InteractionKind
from providers.base import DeliveryStatus, DeliveryUpdate, Ignored, InboundMessage, UnreadableWebhookError
from providers.meta_events import MOST_ITEMS, split_webhook
from providers.webhook_news import interpret
from tests import meta

NUMBER = "106540352242922"
PHONE = "+33639980001"
NOW = datetime.now(UTC)

Json = dict[str, Any]

KINDS: list[tuple[Json, InteractionKind, str | None]] = [
    ({"type": "text", "text": {"body": "Oui"}}, InteractionKind.TEXT, "Oui"),
    ({"type": "text", "text": {"body": "👍🏽"}}, InteractionKind.EMOJI, "👍🏽"),
    ({"type": "audio", "audio": {"id": "1", "voice": True}}, InteractionKind.VOICE, None),
    ({"type": "audio", "audio": {"id": "1", "voice": False}}, InteractionKind.AUDIO, None),
    ({"type": "image", "image": {"id": "1", "caption": "STOP"}}, InteractionKind.IMAGE, "STOP"),
    ({"type": "video", "video": {"id": "1"}}, InteractionKind.VIDEO, None),
    ({"type": "document", "document": {"id": "1"}}, InteractionKind.DOCUMENT, None),
    ({"type": "sticker", "sticker": {"id": "1"}}, InteractionKind.STICKER, None),
    ({"type": "location", "location": {"latitude": 48.8}}, InteractionKind.LOCATION, None),
    ({"type": "contacts", "contacts": [{"name": {}}]}, InteractionKind.CONTACTS, None),
    ({"type": "button", "button": {"payload": "p", "text": "Stop"}}, InteractionKind.BUTTONS_RESPONSE, "Stop"),
    (
        {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"title": "Oui"}}},
        InteractionKind.BUTTONS_RESPONSE,
        "Oui",
    ),
    (
        {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"title": "Deux"}}},
        InteractionKind.LIST_RESPONSE,
        "Deux",
    ),
    ({"type": "reaction", "reaction": {"message_id": "wamid.1", "emoji": "❤"}}, InteractionKind.REACTION, None),
    ({"type": "unsupported", "errors": [{"code": 131051}]}, InteractionKind.OTHER, None),
    ({"type": "something_of_2027"}, InteractionKind.OTHER, None),
]


def read(payload: Json) -> Any:
    [item] = split_webhook(json.dumps(payload).encode())
    return interpret(item.payload, NOW)


@pytest.mark.parametrize(("content", "kind", "text"), KINDS)
def test_every_human_kind_counts(content: Json, kind: InteractionKind, text: str | None) -> None:
    """E7."""
    said = {**meta.text(PHONE), "text": None, **content}
    news = read(meta.body(NUMBER, messages=[said]))
    assert isinstance(news, InboundMessage)
    assert (news.kind, news.text, news.phone, news.device) == (kind, text, PHONE, NUMBER)


@pytest.mark.parametrize(
    "content",
    [
        {"type": "reaction", "reaction": {"message_id": "wamid.1"}},
        {"type": "system", "system": {"body": "changed number"}},
        {"type": "system", "system": {"marketing": "resume", "type": "user_preference_changed"}},
    ],
)
def test_what_is_no_reaction_does_not_count(content: Json) -> None:
    """E7: a reaction that is taken back has no emoji."""
    assert isinstance(read(meta.body(NUMBER, messages=[{**meta.text(PHONE), **content}])), Ignored)


@pytest.mark.parametrize(
    "payload",
    [
        meta.body(NUMBER, "user_preferences", user_preferences=[meta.preference(PHONE, "stop")]),
        meta.body(NUMBER, messages=[meta.preference_message(PHONE, "stop")]),
    ],
)
def test_a_setting_against_marketing_messages_asks_to_stop(payload: Json) -> None:
    news = read(payload)
    assert isinstance(news, InboundMessage)
    assert (news.asks_to_stop, news.phone, news.device) == (True, PHONE, NUMBER)
    said = json.loads(json.dumps(payload).replace('"stop"', '"resume"'))
    assert isinstance(read(said), Ignored)


def test_somebody_with_a_user_name_is_found_by_what_they_answer() -> None:
    said = meta.text(PHONE, context={"id": "wamid.ours"})
    del said["from"]
    contact = {"profile": {"name": "C"}, "wa_id": "", "user_id": "FR.1"}
    news = read(meta.body(NUMBER, messages=[said], contacts=[contact]))
    assert isinstance(news, InboundMessage)
    assert (news.phone, news.quoted_wa_id) == (None, "wamid.ours")


def test_a_status_names_our_message_and_its_own_time() -> None:
    """E2: `biz_opaque_callback_data` is message id / attempt."""
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    news = read(meta.body(NUMBER, statuses=[meta.status("read", reference="m/3", wamid="wamid.1", at=at)]))
    assert news == DeliveryUpdate(
        provider_id="wamid.1",
        wa_id="wamid.1",
        reference="m",
        status=DeliveryStatus.READ,
        occurred_at=at,
        failure_reason=None,
        attempt=3,
    )


@pytest.mark.parametrize(
    ("code", "opted_out", "stops_sender"),
    [(131026, False, False), (131049, False, False), (131050, True, False), (131048, False, True)],
)
def test_a_failure_says_what_follows(code: int, opted_out: bool, stops_sender: bool) -> None:
    news = read(meta.body(NUMBER, statuses=[meta.status("failed", reference="m/1", code=code)]))
    assert isinstance(news, DeliveryUpdate)
    assert (news.status, news.opted_out, news.stops_sender) == (DeliveryStatus.FAILED, opted_out, stops_sender)
    assert str(code) in str(news.failure_reason)


def test_the_future_is_now_and_nonsense_is_when_it_came() -> None:
    later = {**meta.text(PHONE), "timestamp": "4000000000"}
    assert read(meta.body(NUMBER, messages=[later])).occurred_at == NOW
    for odd in ("", "x", "-1", "9" * 40, None, "١٢٣", 3.5):
        news = read(meta.body(NUMBER, messages=[{**meta.text(PHONE), "timestamp": odd}]))
        assert news.occurred_at == NOW


def test_the_order_and_the_company_of_an_update_do_not_change_its_key() -> None:
    """E9: the same update, told again in another POST, is known."""
    said, told = meta.text(PHONE), meta.status("sent", reference="m/1")
    together = split_webhook(json.dumps(meta.body(NUMBER, messages=[said], statuses=[told])).encode())
    alone = [
        item
        for lists in ({"messages": [said]}, {"statuses": [told]})
        for item in split_webhook(json.dumps(meta.body(NUMBER, **lists)).encode())
    ]
    assert [item.key for item in together] == [item.key for item in alone]
    assert len({item.key for item in together}) == 2


def test_more_updates_than_meta_sends_are_refused() -> None:
    told = meta.status("sent", reference=None)
    with pytest.raises(UnreadableWebhookError):
        split_webhook(json.dumps(meta.body(NUMBER, statuses=[told] * (MOST_ITEMS + 1))).encode())


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


_FIELDS = ["id", "type", "from", "text", "timestamp", "context", "wa_id", "value", "system"]


@given(message=st.dictionaries(st.sampled_from(_FIELDS), _JSON))
def test_no_message_is_so_odd_that_reading_it_breaks(message: Json) -> None:
    lists = {name: [message] for name in ("messages", "statuses", "user_preferences")}
    raw = json.dumps(meta.body(NUMBER, **lists)).encode()
    try:
        items = split_webhook(raw)
    except UnreadableWebhookError:
        return
    for item in items:
        interpret(item.payload, NOW)
