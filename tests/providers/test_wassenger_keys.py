"""What makes an event the same event: the top-level id does not, it belongs to the message."""

import json
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.wassenger_events import LONGEST_KEY
from tests.providers.payloads import (
    AT,
    CHAT,
    DEVICE,
    WA_ID,
    Json,
    ack,
    envelope,
    gateway_item,
    inbound_data,
    incoming,
    iso,
    key,
    outbound_data,
    reaction,
    split,
    vote,
)

OTHER = "3EB0CCCCCCCCCCCCCCCC01"


def bare_reaction(message_id: str, emoji: str) -> Json:
    """A reaction without an id of its own."""
    data = {"flow": "inbound", "fromNumber": "+33639980001", "messageId": message_id, "reaction": emoji}
    return envelope("message:reaction", data, id=message_id)


# All different events, most of them about one and the same message.
DIFFERENT: list[Json] = [
    incoming(body="Yes"),
    incoming(id=OTHER, body="Yes"),
    {**incoming(body="Yes"), "device": {"id": "61b37a069cba0c15d6c89758"}},
    envelope("message:out:new", outbound_data()),
    ack("sent"),
    ack("delivered"),
    ack("read"),
    ack("read", id=OTHER),
    reaction("👍"),
    reaction("❤️"),
    reaction("-"),
    reaction("👍", **{"from": "33639980002@c.us"}),
    reaction("👍", id=OTHER),
    bare_reaction("3EB0AAAA", "👍"),
    bare_reaction("3EB0BBBB", "👍"),
    vote(),
    vote(body="changed"),
    gateway_item("message:out:sent"),
    gateway_item("message:out:failed"),
    envelope("number:session", {"id": DEVICE, "session": {"status": "online"}}),
    envelope("number:session", {"id": DEVICE, "session": {"status": "offline"}}),
    envelope("message:in:new", {"body": "no id"}),
    envelope("message:in:new", {"body": "no id either"}),
]


def test_different_events_have_different_keys() -> None:
    for one, other in combinations(DIFFERENT, 2):
        assert key(one) != key(other), (one, other)


@pytest.mark.parametrize("payload", DIFFERENT, ids=lambda payload: str(payload["event"]))
def test_the_same_event_twice_has_one_key(payload: Json) -> None:
    reordered = dict(reversed(payload.items()))
    assert key(payload) == key(reordered)


def test_a_second_delivery_may_differ_where_it_does_not_matter() -> None:
    again = {**incoming(body="Yes"), "created": int(AT.timestamp()) + 60, "deliveryAttempt": 2}
    assert key(again) == key(incoming(body="Yes"))
    assert key(ack("read", events={"readed": {"date": iso(AT)}})) == key(ack("read"))


def test_the_flat_and_the_nested_envelope_are_one_event() -> None:
    flat = incoming(body="Yes")
    assert key({**flat, "id": "evt_1", "data": {"message": flat["data"]}}) == key(flat)


def test_an_array_keeps_every_event_apart() -> None:
    items = split(ack("sent"), ack("delivered"), ack("delivered"))
    assert len({item.key for item in items}) == 2


@given(st.text(max_size=3000), st.text(max_size=3000))
def test_a_key_always_fits_into_an_index_and_stays_distinct(one: str, other: str) -> None:
    keys = [key(incoming(id=f"{WA_ID}{text}")) for text in (one, other)]
    assert all(len(made) <= LONGEST_KEY for made in keys)
    if one.replace("\x00", "") != other.replace("\x00", ""):
        assert keys[0] != keys[1]


def test_a_long_name_of_an_event_fits_as_well() -> None:
    assert len(key(envelope("x" * 5000, {}))) <= LONGEST_KEY


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_an_event_without_an_id_is_known_by_its_content(content: object) -> None:
    first = envelope("contact:update", {"chat": CHAT, "content": content})
    assert key(first) == key(json.loads(json.dumps(first)))
    assert key(first) != key(envelope("contact:update", {"chat": CHAT, "content": [content]}))


def test_a_reaction_to_nothing_known_still_has_a_key() -> None:
    assert key(envelope("message:reaction", inbound_data(id=None, reaction="👍"), id=None))
