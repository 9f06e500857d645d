"""Everything that can come from a phone, in the shapes of the real API."""

from typing import Any

import pytest

from tests.sandbox.harness import DEVICE, PHONE, Receiver, Sandbox, eventually

BODY_ABSENT = object()

MESSAGE_KINDS = [
    ("text", "text", "Hello"),
    ("emoji", "text", "👍"),
    ("voice", "audio", BODY_ABSENT),
    ("audio", "audio", BODY_ABSENT),
    ("image", "image", BODY_ABSENT),
    ("video", "video", BODY_ABSENT),
    ("document", "document", BODY_ABSENT),
    ("sticker", "sticker", BODY_ABSENT),
    ("location", "location", BODY_ABSENT),
    ("contacts", "contacts", BODY_ABSENT),
    ("poll", "poll", None),
    ("buttons_response", "buttons_response", BODY_ABSENT),
    ("list_response", "list_response", BODY_ABSENT),
    ("notification", "notification", BODY_ABSENT),
]


@pytest.mark.parametrize(("kind", "data_type", "body"), MESSAGE_KINDS)
async def test_each_kind_of_message_arrives_in_its_own_shape(
    sandbox: Sandbox, receiver: Receiver, kind: str, data_type: str, body: Any
) -> None:
    await sandbox.subscribe(receiver.url)
    injected = await sandbox.inbound(kind)
    event = await receiver.until_event("message:in:new")
    assert event == injected["event"]
    data = event["data"]
    assert (data["type"], data.get("body", BODY_ABSENT)) == (data_type, body)
    assert (data["flow"], data["fromNumber"]) == ("inbound", PHONE)
    assert data["chat"]["id"] == f"{PHONE[1:]}@c.us"
    assert data["id"] == event["id"] == injected["wa_id"]
    assert isinstance(data["timestamp"], int)
    assert data["meta"]["isNotification"] is (kind == "notification")


async def test_each_kind_has_its_content(sandbox: Sandbox) -> None:
    voice = (await sandbox.inbound("voice"))["event"]["data"]
    assert voice["media"]["format"] == "ptt"
    emoji = (await sandbox.inbound("emoji"))["event"]["data"]
    assert emoji["meta"]["containsEmoji"]
    image = (await sandbox.inbound("image", body="Look"))["event"]["data"]
    assert (image["body"], image["media"]["caption"]) == ("Look", "Look")
    location = (await sandbox.inbound("location"))["event"]["data"]["location"]
    assert {"lat", "lon"} <= set(location)
    poll = (await sandbox.inbound("poll"))["event"]["data"]["poll"]
    assert poll["name"]
    assert len(poll["options"]) == 2
    contacts = (await sandbox.inbound("contacts"))["event"]["data"]["contacts"]
    assert contacts[0]["phones"]


async def test_a_reply_can_quote_our_message(sandbox: Sandbox) -> None:
    message = await sandbox.sent(reference="r-1", message="Are you there?")
    data = (await sandbox.inbound(quote_reference="r-1"))["event"]["data"]
    assert data["quoted"] == {
        "wid": message["waId"],
        "type": "text",
        "body": "Are you there?",
        "reference": "r-1",
    }


async def test_a_message_that_was_not_sent_cannot_be_quoted(sandbox: Sandbox) -> None:
    answer = await sandbox.http.post(
        "/control/inbound", json={"device": DEVICE, "phone": PHONE, "quote_reference": "nothing"}
    )
    assert answer.status_code == 409


@pytest.mark.parametrize(("kind", "reaction"), [("reaction", "👍"), ("reaction_removed", "-")])
async def test_a_reaction_is_an_event_of_its_own(
    sandbox: Sandbox, receiver: Receiver, kind: str, reaction: str
) -> None:
    await sandbox.subscribe(receiver.url)
    message = await sandbox.sent(reference="r-1")
    await sandbox.inbound(kind)
    data = (await receiver.until_event("message:reaction"))["data"]
    assert (data["reaction"], data["messageId"], data["fromNumber"]) == (reaction, message["waId"], PHONE)


async def test_a_poll_vote_updates_our_message(sandbox: Sandbox) -> None:
    message = await sandbox.sent(poll={"name": "When?", "options": ["Now", "Later"]})
    event = (await sandbox.inbound("poll_vote", body="Later"))["event"]
    assert (event["event"], event["id"]) == ("message:update", message["waId"])
    assert event["data"]["poll"]["votes"][0]["name"] == "Later"


async def test_an_edit_updates_the_earlier_message_of_that_person(sandbox: Sandbox) -> None:
    original = await sandbox.inbound(body="Yse")
    event = (await sandbox.inbound("edit", body="Yes"))["event"]
    assert (event["event"], event["id"]) == ("message:update", original["wa_id"])
    assert (event["data"]["body"], event["data"]["flow"]) == ("Yes", "inbound")


async def test_a_group_message_is_marked_as_one(sandbox: Sandbox) -> None:
    data = (await sandbox.inbound("group"))["event"]["data"]
    assert data["meta"]["isGroup"]
    assert data["chat"]["id"].endswith("@g.us")


async def test_what_the_owner_types_on_the_phone_is_outbound_without_a_reference(sandbox: Sandbox) -> None:
    event = (await sandbox.inbound("own_phone", body="Hi, it is me"))["event"]
    assert event["event"] == "message:out:new"
    assert (event["data"]["flow"], event["data"]["toNumber"]) == ("outbound", PHONE)
    assert "reference" not in event["data"]


async def test_a_hidden_number_shows_no_phone(sandbox: Sandbox) -> None:
    data = (await sandbox.inbound(hide_phone=True))["event"]["data"]
    assert "fromNumber" not in data
    assert data["chat"]["id"].endswith("@lid")
    assert PHONE[1:] not in str(data)


async def test_an_event_tells_when_it_happened_not_when_it_is_told(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    await sandbox.subscribe(receiver.url)
    await sandbox.inbound(occurred_at="2030-01-02T03:04:05Z", delay_s=3600)
    await sandbox.post("/control/clock", advance_s=3600)
    data = (await receiver.until_event("message:in:new"))["data"]
    assert (data["date"], data["timestamp"]) == ("2030-01-02T03:04:05.000Z", 1893553445)


async def test_copies_of_one_event_arrive_together(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.subscribe(receiver.url)
    await sandbox.inbound(copies=4)
    received = await receiver.until_received(4)
    assert len({post.digest for post in received}) == 1


async def test_the_chat_history_has_both_directions_for_catching_up(sandbox: Sandbox) -> None:
    await sandbox.sent(reference="r-1")
    early = await sandbox.inbound(body="early", occurred_at="2030-01-01T00:00:00Z")
    late = await sandbox.inbound(body="late", occurred_at="2030-01-02T00:00:00Z")
    reaction = await sandbox.inbound("reaction")
    path = f"/v1/chat/{DEVICE}/messages"
    assert len(await sandbox.get(path)) == 4
    inbound = await sandbox.get(path, flow="inbound")
    assert [data["id"] for data in inbound] == [late["wa_id"], early["wa_id"], reaction["wa_id"]]
    missed = await sandbox.get(path, flow="inbound", after="2030-01-01T12:00:00Z")
    assert missed == [late["event"]["data"]]
    assert [data["reference"] for data in await sandbox.get(path, flow="outbound")] == ["r-1"]
    assert (await sandbox.get(f"{path}/{early['wa_id']}"))["body"] == "early"
    assert len(await sandbox.get(path, flow="inbound", sort="date:asc", size=1, page=1)) == 1


async def test_the_gateway_plan_has_no_inbound_at_all(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.post("/control/settings", plan="gateway")
    await sandbox.subscribe(receiver.url)
    await sandbox.inbound()
    await sandbox.sent()
    await receiver.until_received(1)
    assert receiver.events("message:in:new") == []
    assert (await sandbox.http.get(f"/v1/chat/{DEVICE}/messages")).status_code == 403


async def test_injecting_an_unknown_kind_is_an_error(sandbox: Sandbox) -> None:
    order = {"device": DEVICE, "phone": PHONE, "kind": "telegram"}
    assert (await sandbox.http.post("/control/inbound", json=order)).status_code == 422


async def test_a_person_can_react_before_reading_any_message_of_ours(sandbox: Sandbox) -> None:
    data = (await sandbox.inbound("reaction"))["event"]["data"]
    assert data["messageId"]
    assert "quoted" not in data


async def test_nothing_is_told_before_it_happened(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.subscribe(receiver.url)
    await sandbox.inbound(delay_s=3600)

    async def is_planned() -> bool:
        return [entry["next_at"] is not None for entry in await sandbox.notifications()] == [True]

    await eventually(is_planned)
    assert receiver.received == []
