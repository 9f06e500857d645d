"""The sandbox as the Cloud API of Meta: signed webhooks with several updates each, refusals that come later."""

import hashlib
import hmac
import json
from collections import Counter
from typing import Any

from tests.sandbox.harness import TOKEN, Received, Receiver, Sandbox, eventually

NUMBER = "100000000000001"
SECRET = "sandbox-app-secret"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}

Json = dict[str, Any]


async def direct(sandbox: Sandbox, url: str) -> None:
    """Sets the callback of the number, with its handshake."""
    wanted = {"webhook_configuration": {"override_callback_uri": url, "verify_token": "any"}}
    answer = await sandbox.http.post(f"/v24.0/{NUMBER}", json=wanted, headers=AUTHORIZED)
    answer.raise_for_status()


async def send(sandbox: Sandbox, phone: str, **more: Any) -> Json:
    parameters = [{"type": "text", "text": "Bonjour"}]
    template = {
        "name": "relance_message",
        "language": {"code": "fr"},
        "components": [{"type": "body", "parameters": parameters}],
    }
    body = {"messaging_product": "whatsapp", "to": phone, "type": "template", "template": template, **more}
    answer = await sandbox.http.post(f"/v24.0/{NUMBER}/messages", json=body, headers=AUTHORIZED)
    answer.raise_for_status()
    sent: Json = answer.json()
    return sent


def updates(received: list[Received], name: str) -> list[Json]:
    values = [
        change["value"] for post in received for entry in post.body["entry"] for change in entry["changes"]
    ]
    return [update for value in values for update in value.get(name, [])]


async def test_what_happens_together_is_told_together_and_signed(sandbox: Sandbox, receiver: Receiver) -> None:
    await direct(sandbox, receiver.url)
    for nth in range(20):
        await send(sandbox, f"+33639980{nth:03d}", biz_opaque_callback_data=f"r{nth}/1")

    async def all_delivered() -> bool:
        told = Counter(status["status"] for status in updates(receiver.received, "statuses"))
        return told["sent"] == told["delivered"] == 20

    await eventually(all_delivered)
    assert len(receiver.received) < 40, "several updates share a POST"
    for post in receiver.received:
        expected = hmac.new(SECRET.encode(), post.content, hashlib.sha256).hexdigest()
        assert post.headers["x-hub-signature-256"] == f"sha256={expected}"
    references = {status["biz_opaque_callback_data"] for status in updates(receiver.received, "statuses")}
    assert references == {f"r{nth}/1" for nth in range(20)}


async def test_a_number_that_is_not_on_whatsapp_fails_after_it_was_accepted(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    await direct(sandbox, receiver.url)
    await sandbox.people({"phone": "+33639980001", "on_whatsapp": False})
    await send(sandbox, "+33639980001")

    async def told() -> bool:
        return bool(updates(receiver.received, "statuses"))

    await eventually(told)
    [status] = updates(receiver.received, "statuses")
    assert (status["status"], status["errors"][0]["code"]) == ("failed", 131026)


async def test_the_two_providers_do_not_hear_of_each_other(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.subscribe(receiver.url)
    await send(sandbox, "+33639980001")
    await sandbox.inbound(device=NUMBER, phone="+33639980001")
    await sandbox.sent()
    await receiver.until_event("message:out:ack")
    assert not any("entry" in json.loads(post.content) for post in receiver.received)
    listed = await sandbox.get("/v1/devices")
    assert NUMBER not in {device["id"] for device in listed}
