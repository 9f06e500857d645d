"""Scripted people: who reads, who answers, who is not there."""

from datetime import datetime, timedelta

from tests.sandbox.harness import DEVICE, OTHER_PHONE, PHONE, Json, Receiver, Sandbox, eventually


def step(kind: str = "text", **more: object) -> Json:
    return {"after_s": 0.01, "kind": kind, **more}


async def test_a_person_answers_the_first_message_and_then_the_second(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    await sandbox.subscribe(receiver.url, events=["message:in:new"])
    await sandbox.people(
        {"phone": PHONE, "script": [step(body="Who is it?")], "script_2": [step(body="I see")]}
    )
    await sandbox.send(reference="m1")
    await receiver.until_received(1)
    await sandbox.send(reference="m2")
    received = await receiver.until_received(2)
    assert [post.body["data"]["body"] for post in received] == ["Who is it?", "I see"]
    third = await sandbox.send(reference="m3")
    await sandbox.until(third, "deliveryStatus", "delivered", "read")
    assert (await sandbox.get("/control/clock"))["planned_actions"] <= 1  # at most the reading of the third


async def test_a_script_has_several_steps_in_its_own_time(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.subscribe(receiver.url, events=["message:in:new", "message:reaction"])
    script = [step("reaction"), {"after_s": 3600, "kind": "voice"}]
    await sandbox.people({"phone": PHONE, "script": script})
    message = await sandbox.sent()
    reaction = await receiver.until_event("message:reaction")
    assert reaction["data"]["messageId"] == message["waId"]
    await sandbox.post("/control/clock", advance_s=3600)
    voice = await receiver.until_event("message:in:new")
    [entry] = await sandbox.journal()
    assert voice["data"]["date"] > entry["delivered_at"]


async def test_a_reply_happened_when_it_was_due_even_if_the_clock_jumped_past_it(sandbox: Sandbox) -> None:
    await sandbox.people({"phone": PHONE, "script": [{"after_s": 3600.0, "body": "in time"}]})
    message = await sandbox.send()
    await sandbox.until(message, "deliveryStatus", "delivered", "read")
    await sandbox.post("/control/clock", advance_s=86400)

    async def answered() -> bool:
        return bool(await sandbox.get(f"/v1/chat/{DEVICE}/messages", flow="inbound"))

    await eventually(answered)
    [reply] = await sandbox.get(f"/v1/chat/{DEVICE}/messages", flow="inbound")
    [entry] = await sandbox.journal()
    assert reply["date"][:13] == hour_after(entry["delivered_at"])


def hour_after(date: str) -> str:
    return (datetime.fromisoformat(date) + timedelta(hours=1)).isoformat()[:13]


async def test_a_scripted_reply_can_quote(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.subscribe(receiver.url, events=["message:in:new"])
    await sandbox.people({"phone": PHONE, "script": [step(body="Yes", quote=True)]})
    await sandbox.send(reference="m1")
    event = await receiver.until_event("message:in:new")
    assert event["data"]["quoted"]["reference"] == "m1"


async def test_whoever_is_not_described_has_the_default_habits(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.subscribe(receiver.url, events=["message:in:new"])
    await sandbox.people({"phone": PHONE}, default={"script": [step(body="default")]})
    await sandbox.sent(PHONE)
    await sandbox.sent(OTHER_PHONE)
    await receiver.until_received(1)
    assert [event["data"]["fromNumber"] for event in receiver.events()] == [OTHER_PHONE]


async def test_who_reads_is_a_habit_or_left_to_the_probability(sandbox: Sandbox) -> None:
    await sandbox.post("/control/settings", read_probability=0)
    await sandbox.people({"phone": PHONE, "reads": True}, {"phone": OTHER_PHONE, "reads": None})
    reader, other = await sandbox.send(PHONE), await sandbox.send(OTHER_PHONE)
    await sandbox.until(reader, "deliveryStatus", "read")
    assert (await sandbox.until(other, "deliveryStatus", "delivered"))["deliveryStatus"] == "delivered"


async def test_a_message_may_never_reach_a_phone_that_is_off(sandbox: Sandbox) -> None:
    await sandbox.post("/control/settings", delivered_probability=0)
    await sandbox.until(await sandbox.send(), "deliveryStatus", "sent")
    assert not (await sandbox.journal())[0]["reached_phone"]


async def test_the_same_seed_makes_the_same_people_read(sandbox: Sandbox) -> None:
    async def readers() -> list[str]:
        await sandbox.post("/control/settings", read_probability=0.5)
        for number in range(10):
            await sandbox.send(f"+3363998{number:04d}")

        async def all_decided() -> bool:
            delivered = all(entry["delivered_at"] for entry in await sandbox.journal())
            return delivered and (await sandbox.get("/control/clock"))["planned_actions"] == 0

        await eventually(all_decided)
        return [entry["phone"] for entry in await sandbox.journal() if entry["read_at"]]

    first = await readers()
    await sandbox.post("/control/reset")
    assert await readers() == first
    assert 0 < len(first) < 10


async def test_a_number_check_tells_who_is_on_whatsapp_in_both_negative_styles(sandbox: Sandbox) -> None:
    await sandbox.people({"phone": OTHER_PHONE, "on_whatsapp": False})
    present = await sandbox.post("/v1/numbers/exists", phone=PHONE)
    assert (present["exists"], present["wid"]) == (True, f"{PHONE[1:]}@c.us")
    assert (await sandbox.post("/v1/numbers/exists", phone=OTHER_PHONE))["exists"] is False
    await sandbox.post("/control/settings", number_check="not_found")
    assert (await sandbox.http.post("/v1/numbers/exists", json={"phone": OTHER_PHONE})).status_code == 404
