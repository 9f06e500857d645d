"""What counts as a reaction, and what it says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.interactions import InteractionKind
from providers.base import Ignored, InboundMessage
from tests.providers.payloads import (
    AT,
    CHAT,
    DEVICE,
    OUR_PHONE,
    PHONE,
    RECEIVED_AT,
    REFERENCE,
    WA_ID,
    Json,
    envelope,
    inbound_data,
    incoming,
    iso,
    media,
    news,
    outbound_data,
    reaction,
    vote,
)

# Kind by kind what `data` holds, with `body` absent or null where Wassenger has it so.
CONTENT: list[tuple[InteractionKind, Json]] = [
    (InteractionKind.TEXT, {"type": "text", "body": "Yes"}),
    (InteractionKind.EMOJI, {"type": "text", "body": "👍🏽", "meta": {"containsEmoji": True}}),
    (InteractionKind.VOICE, {"type": "audio", "media": media("audio", format="ptt", meta={"duration": 4})}),
    (InteractionKind.VOICE, {"type": "voice", "media": media("audio")}),
    (InteractionKind.VOICE, {"type": "ptt", "media": media("audio")}),
    (InteractionKind.AUDIO, {"type": "audio", "media": media("audio")}),
    (InteractionKind.IMAGE, {"type": "image", "media": media("image", caption="Look")}),
    (InteractionKind.IMAGE, {"type": "image", "body": "Look", "media": media("image")}),
    (InteractionKind.VIDEO, {"type": "video", "media": media("video")}),
    (InteractionKind.DOCUMENT, {"type": "document", "media": media("document", filename="a.pdf")}),
    (InteractionKind.STICKER, {"type": "sticker", "media": media("image")}),
    (InteractionKind.LOCATION, {"type": "location", "location": {"name": "Home", "lat": 48.8, "lon": 2.3}}),
    (InteractionKind.CONTACTS, {"type": "contacts", "contacts": [{"name": "N.", "phones": []}]}),
    (InteractionKind.CONTACTS, {"type": "vcard", "vcards": []}),
    (InteractionKind.POLL, {"type": "poll", "body": None, "poll": {"name": "When?", "options": ["A"]}}),
    (InteractionKind.BUTTONS_RESPONSE, {"type": "buttons_response", "response": {"selectedId": "1"}}),
    (InteractionKind.BUTTONS_RESPONSE, {"type": "interactive"}),
    (InteractionKind.LIST_RESPONSE, {"type": "list_response", "response": {"selectedId": "r", "text": "A"}}),
    (InteractionKind.POLL_VOTE, {"type": "poll_vote"}),
    (InteractionKind.OTHER, {"type": "hologram"}),
]


def message(payload: Json, received_at: datetime = RECEIVED_AT) -> InboundMessage:
    """The reaction of an event that has to be one."""
    meaning = news(payload, received_at)
    assert isinstance(meaning, InboundMessage), meaning
    return meaning


@pytest.mark.parametrize(("kind", "content"), CONTENT)
def test_every_kind_of_message_counts(kind: InteractionKind, content: Json) -> None:
    """E7."""
    meaning = message(incoming(**content))
    assert (meaning.kind, meaning.device, meaning.phone) == (kind, DEVICE, PHONE)


@pytest.mark.parametrize(("kind", "content"), CONTENT)
def test_every_kind_counts_in_the_nested_envelope_as_well(kind: InteractionKind, content: Json) -> None:
    """E7."""
    flat = incoming(**content)
    nested = {**flat, "id": "evt_1", "data": {"message": {**flat["data"], "from": PHONE}}}
    assert message(nested) == message(flat)


@pytest.mark.parametrize("emoji", ["👍", "❤️", {"emoji": "👍"}, {"reaction": "👍"}, {"text": "👍"}])
def test_a_reaction_counts_and_tells_which_message_it_is_about(emoji: object) -> None:
    """E7."""
    meaning = message(reaction(emoji))
    assert (meaning.kind, meaning.quoted_wa_id) == (InteractionKind.REACTION, "3EB0AAAA")


def test_a_reaction_may_name_its_message_beside_the_emoji() -> None:
    """E7."""
    data = inbound_data(type="reaction", reaction={"emoji": "👍", "messageId": "3EB0BBBB"})
    assert message(envelope("message:reaction", data)).quoted_wa_id == "3EB0BBBB"


@pytest.mark.parametrize(
    "poll",
    [
        {"poll": {"votes": [{"name": "Today", "voters": [CHAT]}]}},
        {"poll": {"options": [{"name": "Today", "votes": 1}]}},
        {"votes": [{"name": "Today"}]},
    ],
)
def test_a_vote_counts_for_the_contact_and_quotes_our_poll(poll: Json) -> None:
    """E7."""
    meaning = message(envelope("message:update", outbound_data(type="poll", **poll)))
    assert (meaning.kind, meaning.phone, meaning.text) == (InteractionKind.POLL_VOTE, PHONE, None)
    assert (meaning.quoted_wa_id, meaning.quoted_reference) == (WA_ID, REFERENCE)


@pytest.mark.parametrize("chat", [{"id": "123456789012345@lid"}, {}])
def test_a_vote_is_never_taken_for_one_of_our_own_number(chat: Json) -> None:
    """E7: on a message of ours, `from` is us."""
    assert message(vote(chat=chat)).phone == PHONE
    assert message(vote(chat=chat, toNumber=None, to="1@lid")).phone != OUR_PHONE


def test_a_quoted_reply_names_the_message_that_it_answers() -> None:
    meaning = message(incoming(body="Yes", quoted={"wid": "3EB0BBBB", "reference": REFERENCE, "body": "Hello"}))
    assert (meaning.quoted_wa_id, meaning.quoted_reference) == ("3EB0BBBB", REFERENCE)


def test_a_message_that_answers_nothing_quotes_nothing() -> None:
    meaning = message(incoming(body="Yes"))
    assert (meaning.quoted_wa_id, meaning.quoted_reference) == (None, None)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"body": "Stop"}, "Stop"),
        ({"type": "image", "media": media("image", caption="Stop")}, "Stop"),
        ({"type": "buttons_response", "response": {"text": "Stop"}}, "Stop"),
        ({"type": "image", "body": "", "media": media("image", caption="Stop")}, "Stop"),
        ({"type": "poll", "body": None}, None),
        ({"type": "sticker"}, None),
    ],
)
def test_what_was_written_is_read_wherever_it_stands(content: Json, text: str | None) -> None:
    assert message(incoming(**content)).text == text


@pytest.mark.parametrize(
    ("data", "phone"),
    [
        ({}, PHONE),
        ({"chat": {}}, PHONE),
        ({"chat": {}, "from": PHONE, "fromNumber": None}, PHONE),
        ({"chat": {"id": "33639980001@s.whatsapp.net"}}, PHONE),
        ({"chat": {"id": "123456789012345@lid"}, "from": "123456789012345@lid"}, PHONE),
        ({"chat": {"id": "1@lid"}, "from": "1@lid", "fromNumber": None}, None),
        ({"chat": {"id": "1@lid"}, "from": "1@lid", "fromNumber": "hidden"}, None),
    ],
)
def test_the_number_is_found_or_known_to_be_hidden(data: Json, phone: str | None) -> None:
    assert message(incoming(body="Yes", **data)).phone == phone


@pytest.mark.parametrize(
    "payload",
    [
        incoming(body="Hi all", meta={"isGroup": True}),
        incoming(body="Hi all", chat={"id": "120363000000000001@g.us"}),
        incoming(body="News", meta={"isChannel": True}),
        incoming(body="News", chat={"id": "120363000000000001@newsletter"}),
        incoming(type="image", chat={"id": "status@broadcast"}),
        incoming(type="notification", meta={"isNotification": True}),
        incoming(type="notification"),
        incoming(type="group:event"),
        incoming(type="e2e_notification"),
        incoming(body="Typed by hand", flow="outbound"),
        reaction("-"),
        reaction(""),
        reaction(None),
        reaction({"emoji": None}),
        reaction("👍", flow="outbound"),
        reaction("👍", meta={"isGroup": True}),
        envelope("message:update", inbound_data(body="edited", edited=True)),
        envelope("message:update", outbound_data(body="edited")),
        envelope("message:update", outbound_data(type="poll", poll={"options": [{"name": "A", "votes": 0}]})),
        envelope("chat:update", {"id": CHAT}),
        envelope("campaign:finished", {}),
    ],
    ids=lambda payload: f"{payload['event']} {payload['data'].get('type', '')}",
)
def test_what_no_person_sent_to_us_is_ignored(payload: Json) -> None:
    """E7."""
    meaning = news(payload)
    assert isinstance(meaning, Ignored)
    assert meaning.reason


SECOND = timedelta(seconds=1)
WHOLE = AT.replace(microsecond=0)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"date": iso(AT), "timestamp": int(AT.timestamp())}, AT),  # the precise one
        ({"date": iso(AT), "timestamp": None}, AT),
        ({"date": None, "timestamp": int(AT.timestamp())}, WHOLE),
        ({"date": None, "timestamp": str(int(AT.timestamp()))}, WHOLE),
        ({"date": "2026-03-28T12:00:05.250+02:00", "timestamp": None}, AT),
        ({"date": "2026-03-28T10:00:05.250", "timestamp": None}, AT),  # without a zone it is UTC
        ({"date": "2022-12-15T20:00:00.000Z", "timestamp": int(AT.timestamp())}, WHOLE),  # they contradict
        ({"date": None, "timestamp": None}, WHOLE + SECOND),  # then when the event was made
        ({"date": "soon", "timestamp": int(AT.timestamp()) * 1000}, WHOLE + SECOND),
        ({"date": True, "timestamp": 0}, WHOLE + SECOND),
    ],
)
def test_the_time_of_a_reaction_is_the_provider_s(data: Json, expected: datetime) -> None:
    """E6."""
    assert message(incoming(body="Yes", **data)).occurred_at == expected


def test_a_time_after_the_receipt_is_cut_to_the_receipt() -> None:
    """E6."""
    assert message(incoming(body="Yes"), AT - SECOND).occurred_at == AT - SECOND


def test_without_any_time_the_receipt_is_the_time() -> None:
    payload = {**incoming(body="Yes", date=None, timestamp=None), "created": None}
    assert message(payload).occurred_at == RECEIVED_AT


def test_a_vote_dates_from_its_event_and_not_from_the_poll() -> None:
    """E6: else a vote on the next day would seem to come at once."""
    sent_at = AT - timedelta(days=2)
    meaning = message(vote(date=iso(sent_at), timestamp=int(sent_at.timestamp())))
    assert meaning.occurred_at == WHOLE + SECOND


_times: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
    st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
    st.datetimes().map(lambda moment: f"{moment.isoformat()}+23:59"),
    st.integers(1_400_000_000, 2_000_000_000),
)


@given(_times, _times, _times, st.datetimes(datetime(2016, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_no_time_is_ever_later_than_the_receipt(
    date: Any, timestamp: Any, created: Any, received_at: datetime
) -> None:
    """E6."""
    payload = {**incoming(body="Yes", date=date, timestamp=timestamp), "created": created}
    occurred_at = message(payload, received_at).occurred_at
    assert occurred_at.tzinfo is not None
    assert occurred_at <= received_at
