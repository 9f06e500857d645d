"""What goes wrong on the API when a test asks for it."""

import time

import httpx
import pytest

from tests.sandbox.harness import OTHER_PHONE, PHONE, Sandbox


async def test_a_message_accepted_before_the_connection_dropped_is_found_by_its_reference(
    sandbox: Sandbox,
) -> None:
    await sandbox.fault("messages.post", "accept_then_drop")
    with pytest.raises(httpx.RemoteProtocolError):
        await sandbox.send(reference="lost-answer")
    [found] = await sandbox.get("/v1/messages", reference="lost-answer")
    await sandbox.until(found, "status", "processed")
    [entry] = await sandbox.journal()
    assert entry["reference"] == "lost-answer"


async def test_a_dropped_request_was_never_accepted(sandbox: Sandbox) -> None:
    await sandbox.fault("messages.post", "drop")
    with pytest.raises(httpx.RemoteProtocolError):
        await sandbox.send()
    assert await sandbox.journal() == []


async def test_a_reset_is_a_reset_on_the_wire(sandbox: Sandbox) -> None:
    await sandbox.fault("messages.post", "reset")
    with pytest.raises(httpx.ReadError):
        await sandbox.send()
    assert await sandbox.journal() == []


async def test_a_timeout_after_acceptance_leaves_the_message_accepted(sandbox: Sandbox) -> None:
    await sandbox.fault("messages.post", "accept_then_timeout", delay_s=60)
    with pytest.raises(httpx.ReadTimeout):
        await sandbox.http.post("/v1/messages", json={"phone": PHONE, "message": "Hi"}, timeout=0.3)
    assert len(await sandbox.journal()) == 1


async def test_a_late_answer_still_comes(sandbox: Sandbox) -> None:
    await sandbox.fault("messages.post", "accept_then_timeout", delay_s=0.2)
    begun = time.monotonic()
    assert (await sandbox.send())["status"] == "queued"
    assert time.monotonic() - begun >= 0.2


async def test_a_timeout_before_acceptance_leaves_nothing(sandbox: Sandbox) -> None:
    await sandbox.fault("messages.post", "timeout", delay_s=0.1)
    with pytest.raises(httpx.RemoteProtocolError):
        await sandbox.send()
    assert await sandbox.journal() == []


@pytest.mark.parametrize(
    ("kind", "status", "accepted"), [("accept_then_502", 502, 1), ("html_502", 502, 0), ("html_504", 504, 0)]
)
async def test_a_proxy_answers_in_html(sandbox: Sandbox, kind: str, status: int, accepted: int) -> None:
    await sandbox.fault("messages.post", kind)
    answer = await sandbox.http.post("/v1/messages", json={"phone": PHONE, "message": "Hi"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html")
    assert len(await sandbox.journal()) == accepted


@pytest.mark.parametrize("status", [401, 402, 403, 404, 409, 413, 429, 500, 503])
async def test_any_status_can_be_asked_for(sandbox: Sandbox, status: int) -> None:
    await sandbox.fault("messages.post", "status", http_status=status, retry_after_s=7)
    answer = await sandbox.http.post("/v1/messages", json={"phone": PHONE, "message": "Hi"})
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["retry-after"] == "7"


async def test_without_a_wish_there_is_no_retry_after(sandbox: Sandbox) -> None:
    await sandbox.fault("messages.post", "status", http_status=429)
    answer = await sandbox.http.post("/v1/messages", json={"phone": PHONE, "message": "Hi"})
    assert "retry-after" not in answer.headers


async def test_a_fault_strikes_where_when_and_as_often_as_planned(sandbox: Sandbox) -> None:
    planned = await sandbox.fault(
        "messages.post", "status", http_status=503, count=2, after=1, match_phone=PHONE
    )
    answers = [
        await sandbox.http.post("/v1/messages", json={"phone": phone, "message": "Hi"})
        for phone in (PHONE, OTHER_PHONE, PHONE, OTHER_PHONE, PHONE, PHONE)
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 503, 201, 503, 201]
    [record] = await sandbox.get("/control/faults")
    assert (record["id"], record["fired"]) == (planned["id"], 2)
    recorded = (await sandbox.get("/control/requests"))["requests"]
    assert [request["status"] for request in recorded] == [201, 201, 503, 201, 503, 201]


async def test_a_fault_can_wait_for_one_reference(sandbox: Sandbox) -> None:
    await sandbox.fault("messages.post", "html_502", match_reference="b")
    await sandbox.send(reference="a")
    answer = await sandbox.http.post("/v1/messages", json={"phone": PHONE, "message": "Hi", "reference": "b"})
    assert answer.status_code == 502


async def test_lookups_can_fail_too(sandbox: Sandbox) -> None:
    await sandbox.fault("messages.get", "status", http_status=500)
    assert (await sandbox.http.get("/v1/messages")).status_code == 500
    assert (await sandbox.http.get("/v1/messages")).status_code == 200


async def test_cleared_faults_strike_no_more(sandbox: Sandbox) -> None:
    await sandbox.fault("messages.post", "drop", count=None)
    await sandbox.http.delete("/control/faults")
    await sandbox.send()


async def test_a_refused_message_is_refused_even_when_its_answer_was_to_be_lost(sandbox: Sandbox) -> None:
    await sandbox.fault("messages.post", "accept_then_drop")
    answer = await sandbox.http.post("/v1/messages", json={"phone": "nobody", "message": "Hi"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("target", "kind"), [("messages.post", "burst"), ("webhook", "reset"), ("webhook", "unheard_of")]
)
async def test_a_fault_that_the_target_does_not_know_is_an_error(
    sandbox: Sandbox, target: str, kind: str
) -> None:
    answer = await sandbox.http.post("/control/faults", json={"target": target, "kind": kind})
    assert answer.status_code == 422
