"""Looking up messages and accounts: a missing message is a definite no, anything doubtful is an error."""

from typing import Any

import pytest

from providers.base import (
    DeliveryStatus,
    GatewayBusyError,
    GatewayError,
    MessageRejectedError,
    SenderStoppedError,
)
from providers.wassenger import LOOKUP_SIZE, WassengerGateway
from tests.providers.conftest import TIMEOUT_S, TOKEN
from tests.providers.scripted import (
    ScriptedServer,
    Step,
    answer,
    cut_off,
    gibberish,
    hang_up,
    html,
    refused_url,
    reset,
    silence,
)

DEVICE = "61b37a069cba0c15d6c89757"
REFERENCE = "0198f0a2-r"


def message(number: int, *, reference: object = REFERENCE, **more: Any) -> dict[str, Any]:
    """A message as GET /messages shows it."""
    return {"id": f"5bf612faa893b00016c0f{number:03d}", "reference": reference, "status": "processed", **more}


async def find(gateway: WassengerGateway) -> str | None:
    """The id of the message that carries our reference."""
    found = await gateway.find_by_reference(device=DEVICE, reference=REFERENCE)
    return found.provider_id[-3:] if found else None


async def test_a_message_is_looked_up_by_our_reference(
    server: ScriptedServer, gateway: WassengerGateway
) -> None:
    server.will(answer(200, [message(1, waId="3EB0", deliveryStatus="sent", sentAt="2026-01-01T10:00:01Z")]))
    found = await gateway.find_by_reference(device=DEVICE, reference=REFERENCE)
    assert found is not None
    assert (found.wa_id, found.reference, found.status) == ("3EB0", REFERENCE, DeliveryStatus.SENT)
    assert found.sent_at is not None
    [request] = server.requests
    assert str(request) == "GET /v1/messages"
    assert request.headers["token"] == TOKEN
    assert request.query == {
        "reference": REFERENCE,
        "device": DEVICE,
        "size": str(LOOKUP_SIZE),
        "sort": "date:desc",
    }


async def test_one_that_did_not_fail_is_preferred_since_it_may_be_on_a_phone(
    server: ScriptedServer, gateway: WassengerGateway
) -> None:
    """E9."""
    failed, older = message(3, deliveryStatus="failed"), message(1, deliveryStatus="delivered")
    server.will(answer(200, [failed, message(2, status="failed"), older]))
    assert await find(gateway) == "001"


@pytest.mark.parametrize(
    "listed",
    [
        [message(2), message(1)],
        [
            message(1, createdAt="2026-01-01T10:00:00Z"),
            message(2, createdAt="2026-01-01T11:00:00Z"),
            message(3, createdAt="2026-01-01T12:00:00Z", status="failed"),
        ],
    ],
    ids=["as listed", "by date"],
)
async def test_the_newest_of_several_is_taken(
    server: ScriptedServer, gateway: WassengerGateway, listed: list[dict[str, Any]]
) -> None:
    server.will(answer(200, listed))
    assert await find(gateway) == "002"


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([message(1, reference="another")], None),
        ([message(1, reference=f"{REFERENCE}2")], None),
        ([message(1, reference="another"), message(2)], "002"),
        ([], None),
        ({"data": []}, None),
        ({"messages": []}, None),
        ({"data": [message(1)]}, "001"),
        ({"data": {"messages": [message(1)]}}, "001"),
        ([message(1, reference=None), message(2)], "002"),
        (message(1), "001"),
    ],
)
async def test_only_a_message_that_really_carries_the_reference_is_ours(
    server: ScriptedServer, gateway: WassengerGateway, listed: Any, expected: str | None
) -> None:
    """E9."""
    server.will(answer(200, listed))
    assert await find(gateway) == expected


@pytest.mark.parametrize(
    "step",
    [
        html(200),
        answer(200, raw=b""),
        answer(200, None),
        answer(200, "ok"),
        answer(200, {}),
        answer(200, {"status": "maintenance"}),
        answer(200, [message(number, reference="another") for number in range(LOOKUP_SIZE)]),
        answer(200, [{"reference": REFERENCE}]),
        answer(200, [message(1, reference=None)]),
        answer(200, [message(1, reference="another"), "nonsense", None]),
        answer(200, {"items": [message(1, reference="another")]}),
    ],
    ids=[
        *("html", "empty", "null", "text", "object", "maintenance", "filter ignored"),
        *("ours without an id", "no reference", "nonsense", "unknown wrapping"),
    ],
)
async def test_an_answer_that_proves_nothing_is_no_never_accepted(
    server: ScriptedServer, gateway: WassengerGateway, step: Step
) -> None:
    """E9: None would let the message be sent again."""
    server.will(step)
    with pytest.raises(GatewayBusyError):
        await find(gateway)


@pytest.mark.parametrize(
    "step",
    [
        reset,
        hang_up,
        cut_off,
        gibberish,
        silence,
        html(502),
        html(504),
        answer(500, {"message": "oops"}),
        answer(503, {"errorCode": "device:offline"}),
        answer(408, {}),
        answer(302, None, Location="/elsewhere"),
        answer(429, {}),
    ],
)
async def test_a_question_that_was_not_answered_can_simply_be_asked_again(
    server: ScriptedServer, gateway: WassengerGateway, step: Step
) -> None:
    server.will(step, step)
    with pytest.raises(GatewayBusyError):
        await find(gateway)
    with pytest.raises(GatewayBusyError):
        await gateway.device_health(DEVICE)


async def test_a_question_asked_again_is_answered_after_a_break(
    server: ScriptedServer, gateway: WassengerGateway
) -> None:
    server.will(reset, answer(503, {}, Retry_After="3"), answer(200, [message(1)]))
    with pytest.raises(GatewayBusyError):
        await find(gateway)
    with pytest.raises(GatewayBusyError) as caught:
        await find(gateway)
    assert caught.value.retry_after_s == 3.0
    assert await find(gateway) == "001"


async def test_nobody_listening_is_a_reason_to_ask_again() -> None:
    gateway = WassengerGateway(base_url=refused_url(), token=TOKEN, timeout_s=TIMEOUT_S)
    with pytest.raises(GatewayBusyError):
        await find(gateway)
    await gateway.close()


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (answer(401, {}), SenderStoppedError),
        (answer(404, {"errorCode": "device:notfound"}), SenderStoppedError),
        (answer(404, {}), MessageRejectedError),
    ],
)
async def test_a_refused_question_is_refused_as_a_message_is(
    server: ScriptedServer, gateway: WassengerGateway, step: Step, error: type[GatewayError]
) -> None:
    server.will(step)
    with pytest.raises(error):
        await gateway.device_health(DEVICE)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"status": "operative", "session": {"status": "online"}}, ("operative", "online", True)),
        ({"status": "operative", "session": {"status": "offline"}}, ("operative", "offline", False)),
        ({"status": "unpaid", "session": {"status": "online"}}, ("unpaid", "online", False)),
        ({"status": "operative"}, ("operative", "unknown", False)),
        ({"status": "operative", "session": None}, ("operative", "unknown", False)),
        ({}, ("unknown", "unknown", False)),
    ],
)
async def test_an_account_is_usable_when_it_is_operative_and_online(
    server: ScriptedServer,
    gateway: WassengerGateway,
    item: dict[str, Any],
    expected: tuple[str, str, bool],
) -> None:
    server.will(answer(200, {"id": DEVICE, "phone": "+33199000001", **item}))
    health = await gateway.device_health(DEVICE)
    assert (health.device, health.phone) == (DEVICE, "+33199000001")
    assert (health.status, health.session, health.usable) == expected
    assert str(server.requests[0]) == f"GET /v1/devices/{DEVICE}"


async def test_a_wrapped_account_is_read(server: ScriptedServer, gateway: WassengerGateway) -> None:
    server.will(answer(200, {"data": {"status": "operative", "session": {"status": "online"}}}))
    assert (await gateway.device_health(DEVICE)).usable


async def test_no_account_at_all_is_an_answer_that_cannot_be_read(
    server: ScriptedServer, gateway: WassengerGateway
) -> None:
    server.will(answer(200, []))
    with pytest.raises(GatewayBusyError):
        await gateway.device_health(DEVICE)


async def test_an_odd_device_id_stays_one_part_of_the_path(
    server: ScriptedServer, gateway: WassengerGateway
) -> None:
    server.will(answer(404, {}))
    with pytest.raises(MessageRejectedError):
        await gateway.device_health("a/b\n")
    assert server.requests[0].path == "/v1/devices/a%2Fb%0A"


async def test_an_account_without_a_number_has_none(server: ScriptedServer, gateway: WassengerGateway) -> None:
    server.will(answer(200, {"id": DEVICE, "phone": None}))
    assert (await gateway.device_health(DEVICE)).phone is None


@pytest.mark.parametrize(
    ("step", "verdict"),
    [
        (answer(200, {"exists": True, "phone": "+33639980001"}), True),
        (answer(200, {"exists": False}), False),
        (answer(200, [{"exists": False}]), False),
        (answer(200, {"data": {"exists": True}}), True),
        (answer(404, {"status": 404, "message": "Number not found", "errorCode": "phone:notfound"}), False),
        (answer(404, {"status": 404, "message": "Number not found"}), False),
        (answer(200, {}), None),
        (answer(200, {"exists": "yes"}), None),
        (answer(200, {"exists": None}), None),
    ],
)
async def test_a_clear_answer_about_a_number_is_taken_and_nothing_else(
    server: ScriptedServer, gateway: WassengerGateway, step: Step, verdict: bool | None
) -> None:
    """One number for one question, and nothing besides the number: Wassenger refuses more."""
    server.will(step)
    assert await gateway.number_exists("+33639980001") is verdict
    [request] = server.requests
    assert (str(request), request.body) == ("POST /v1/numbers/exists", {"phone": "+33639980001"})


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (html(404), MessageRejectedError),
        (answer(404, {}), MessageRejectedError),
        (answer(400, {"status": 400, "message": "bad"}), MessageRejectedError),
        (answer(401, {"status": 401, "message": "no"}), SenderStoppedError),
        (answer(429, {"status": 429, "message": "slow"}), GatewayBusyError),
        (html(502), GatewayBusyError),
        (answer(200, raw=b"<html>"), GatewayBusyError),
        *((step, GatewayBusyError) for step in (reset, hang_up, cut_off, gibberish, silence)),
    ],
)
async def test_trouble_with_a_number_is_an_error_and_never_a_no(
    server: ScriptedServer, gateway: WassengerGateway, step: Step, error: type[GatewayError]
) -> None:
    """The page of a proxy that knows no such path is not Wassenger's "no"."""
    server.will(step)
    with pytest.raises(error):
        await gateway.number_exists("+33639980001")


async def test_what_has_no_id_is_no_account(server: ScriptedServer, gateway: WassengerGateway) -> None:
    server.will(answer(200, [{"id": DEVICE, "alias": "Desk", "phone": None}, {"alias": "x"}, "x"]))
    [found] = await gateway.list_devices()
    assert (found.device, found.name, found.phone, found.usable) == (DEVICE, "Desk", None, False)
    server.will(answer(200, {"id": DEVICE}))
    with pytest.raises(GatewayBusyError):
        await gateway.list_devices()
