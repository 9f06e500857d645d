"""What Wassenger's strict validator refuses."""

from typing import Any

import pytest

from tests.sandbox.harness import DEVICE, PHONE, Sandbox

WELL_FORMED: dict[str, Any] = {"phone": PHONE, "device": DEVICE, "message": "Hello"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"phone": PHONE.lstrip("+")}, "phone:invalid"),
        ({"phone": "+33 6 39 98 00 01"}, "phone:invalid"),
        ({"device": "abc"}, "device:invalid"),
        ({"caption": "text"}, "field:unknown"),
        ({"type": "text"}, "field:unknown"),
        ({"group": "120363000000000001@g.us"}, "target:invalid"),
        ({"message": "x" * 6001}, "message:invalid"),
        ({"message": ""}, "message:invalid"),
        ({"priority": "soon"}, "priority:invalid"),
        ({"retries": 101}, "retries:invalid"),
        ({"retries": True}, "retries:invalid"),
        ({"expiration": {"seconds": 1}}, "expiration:invalid"),
        ({"expiration": {"duration": "soon"}}, "expiration:invalid"),
        ({"deliverAt": "tomorrow"}, "deliverAt:invalid"),
        ({"enqueue": True}, "enqueue:invalid"),
        ({"live": "yes"}, "live:invalid"),
        ({"order": True, "live": True}, "order:invalid"),
        ({"media": {"url": "https://example.org/a.png", "file": "1"}}, "media:invalid"),
        ({"poll": {"name": "When?", "options": ["now"]}}, "poll:invalid"),
        ({"reference": ""}, "reference:invalid"),
    ],
)
async def test_a_message_with_a_wrong_field_is_refused(
    sandbox: Sandbox, changes: dict[str, Any], code: str
) -> None:
    answer = await sandbox.http.post("/v1/messages", json={**WELL_FORMED, **changes})
    assert answer.status_code == 400
    assert answer.json()["status"] == 400
    assert code in [error["code"] for error in answer.json()["errors"]]
    assert await sandbox.journal() == []


@pytest.mark.parametrize("missing", ["phone", "message"])
async def test_a_message_needs_a_target_and_some_content(sandbox: Sandbox, missing: str) -> None:
    body = {name: value for name, value in WELL_FORMED.items() if name != missing}
    assert (await sandbox.http.post("/v1/messages", json=body)).status_code == 400


async def test_a_bad_phone_has_the_error_code_seen_on_the_real_api(sandbox: Sandbox) -> None:
    answer = await sandbox.http.post("/v1/messages", json={**WELL_FORMED, "phone": "0639980001"})
    assert answer.json()["errorCode"] == "phone:invalid"


@pytest.mark.parametrize("content", ["{", "[]", '"text"'])
async def test_a_body_that_is_no_json_object_is_refused(sandbox: Sandbox, content: str) -> None:
    answer = await sandbox.http.post("/v1/messages", content=content)
    assert answer.status_code == 400


async def test_an_unknown_device_is_not_found(sandbox: Sandbox) -> None:
    answer = await sandbox.http.post("/v1/messages", json={**WELL_FORMED, "device": "0" * 24})
    assert (answer.status_code, answer.json()["errorCode"]) == (404, "device:notfound")


@pytest.mark.parametrize(
    "more",
    [
        {"media": {"url": "https://example.org/a.ogg", "format": "ptt"}},
        {"poll": {"name": "When?", "options": ["now", "later"]}},
        {"expiration": {"duration": "1h"}, "retries": 0, "typing": 2, "order": True},
        {"schedule": {"delayTo": "1h"}, "priority": "urgent", "reference": "r"},
    ],
)
async def test_every_documented_field_is_taken(sandbox: Sandbox, more: dict[str, Any]) -> None:
    await sandbox.send(**more)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "x" * 31},
        {"url": "ftp://example.org"},
        {"events": []},
        {"events": ["message:read"]},
        {"device": "abc"},
        {"secret": "s"},
    ],
)
async def test_a_webhook_with_a_wrong_field_is_refused(sandbox: Sandbox, changes: dict[str, Any]) -> None:
    body = {"name": "test", "url": "http://127.0.0.1:9/", "events": ["message:in:new"], **changes}
    assert (await sandbox.http.post("/v1/webhooks", json=body)).status_code == 400


async def test_a_number_check_takes_one_phone_and_nothing_else(sandbox: Sandbox) -> None:
    answer = await sandbox.http.post("/v1/numbers/exists", json={"phone": PHONE, "device": DEVICE})
    assert answer.status_code == 400
