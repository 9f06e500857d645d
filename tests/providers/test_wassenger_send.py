"""Sending through Wassenger: what goes over the wire, and what every way of failing means."""

import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from httpx import Response
from hypothesis import given
from hypothesis import strategies as st

from providers.base import (
    DeliveryStatus,
    GatewayBusyError,
    GatewayError,
    MessageRejectedError,
    OutcomeUnknownError,
    OutgoingMessage,
    SenderStoppedError,
)
from providers.wassenger import (
    LONGEST_BREAK_S,
    PROVIDER_EXPIRATION_S,
    PROVIDER_RETRIES,
    WassengerGateway,
    _retry_after_s,
)
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

MESSAGE = OutgoingMessage(
    device="61b37a069cba0c15d6c89757", phone="+33639980001", body="Bonjour Zoé 👋", reference="0198f0a2-r"
)
ACCEPTED: dict[str, Any] = {
    "id": "5bf612faa893b00016c0f13d",
    "phone": "+33639980001",
    "status": "queued",
    "deliveryStatus": "queued",
    "createdAt": "2026-01-01T10:00:00.000Z",
    "reference": "0198f0a2-r",
    "message": "Bonjour Zoé 👋",
}


async def failure(gateway: WassengerGateway) -> GatewayError:
    """The error of a send that has to fail."""
    with pytest.raises(GatewayError) as caught:
        await gateway.send(MESSAGE)
    return caught.value


async def test_a_message_goes_out_once_with_exactly_the_documented_fields(
    server: ScriptedServer, gateway: WassengerGateway
) -> None:
    """Wassenger refuses unknown fields; retries and expiration are set on purpose."""
    server.will(answer(201, ACCEPTED))
    sent = await gateway.send(MESSAGE)
    [request] = server.requests
    assert str(request) == "POST /v1/messages"
    assert request.headers["token"] == TOKEN
    assert "authorization" not in request.headers
    assert request.query == {}
    assert request.body == {
        "phone": "+33639980001",
        "message": "Bonjour Zoé 👋",
        "device": "61b37a069cba0c15d6c89757",
        "reference": "0198f0a2-r",
        "retries": PROVIDER_RETRIES,
        "expiration": {"seconds": PROVIDER_EXPIRATION_S},
    }
    assert (sent.provider_id, sent.reference, sent.status) == (ACCEPTED["id"], "0198f0a2-r", "queued")
    assert sent.accepted_at == datetime(2026, 1, 1, 10, tzinfo=UTC)
    assert (sent.wa_id, sent.sent_at, sent.failure_reason) == (None, None, None)


@pytest.mark.parametrize("token", [f"{TOKEN}\n{TOKEN}", f"{TOKEN}\x00", f"{TOKEN}\u200b", f"é{TOKEN}"])
def test_a_malformed_token_is_refused_at_once_and_not_shown(token: str) -> None:
    """The HTTP library would show it in its own error."""
    with pytest.raises(ValueError, match="copy it again") as caught:
        WassengerGateway(base_url=refused_url(), token=token, timeout_s=TIMEOUT_S)
    assert TOKEN not in "".join(traceback.format_exception(caught.value)) + repr(caught.value)


@pytest.mark.parametrize("token", [TOKEN, f"Token {TOKEN}", f"  Token {TOKEN} \n"])
async def test_a_token_that_was_copied_with_its_name_still_works(server: ScriptedServer, token: str) -> None:
    server.will(answer(201, ACCEPTED))
    gateway = WassengerGateway(base_url=f"{server.url}/", token=token, timeout_s=1)
    await gateway.send(MESSAGE)
    await gateway.close()
    assert server.requests[0].headers["token"] == TOKEN
    assert server.requests[0].path == "/v1/messages"


@pytest.mark.parametrize(
    "step",
    [
        answer(200, ACCEPTED),
        answer(201, [ACCEPTED]),
        answer(201, {"data": [ACCEPTED]}),
        answer(201, {"data": ACCEPTED}),
        answer(201, {"message": ACCEPTED}),
        answer(201, {"data": {"message": ACCEPTED}}),
        answer(201, ACCEPTED, Content_Type="text/plain"),
    ],
    ids=["200", "array", "wrapped array", "wrapped", "as message", "wrapped twice", "text"],
)
async def test_an_acceptance_is_understood_in_any_form(
    server: ScriptedServer, gateway: WassengerGateway, step: Step
) -> None:
    server.will(step)
    assert (await gateway.send(MESSAGE)).provider_id == ACCEPTED["id"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"deliveryStatus": "sent", "sentAt": "2026-01-01T10:00:01Z"}, DeliveryStatus.SENT),
        ({"deliveryStatus": "readed"}, DeliveryStatus.READ),
        ({"deliveryStatus": "queued", "status": "failed", "failureReason": "no"}, DeliveryStatus.FAILED),
        ({"status": "expired"}, DeliveryStatus.FAILED),
        ({"deliveryStatus": 7, "status": None}, DeliveryStatus.QUEUED),
    ],
)
async def test_the_state_of_an_accepted_message_is_read(
    server: ScriptedServer, gateway: WassengerGateway, fields: dict[str, Any], status: DeliveryStatus
) -> None:
    server.will(answer(201, {**ACCEPTED, **fields}))
    assert (await gateway.send(MESSAGE)).status is status


async def test_a_failed_message_was_not_sent_whatever_its_dates_say(
    server: ScriptedServer, gateway: WassengerGateway
) -> None:
    """E2: in Wassenger's own example of a failed message, `sentAt` is set."""
    dates = {"sentAt": "2026-01-01T10:00:01Z", "failedAt": None}
    server.will(answer(201, {**ACCEPTED, "deliveryStatus": "failed", **dates}))
    assert (await gateway.send(MESSAGE)).sent_at is None


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
        answer(500, {"status": 500, "message": "oops"}),
        answer(503, raw=b""),
        answer(501, []),
        answer(408, {"message": "Request Timeout"}),
        answer(425, None),
        answer(302, None, Location="/elsewhere"),
        html(201),
        answer(201, raw=b'{"id": "5bf6'),
        answer(201, {}),
        answer(201, {"id": None}),
        answer(201, []),
        answer(201, None),
        answer(201, "accepted"),
        answer(200, raw=b"\x1f\x8b nonsense", Content_Encoding="gzip"),
    ],
)
async def test_whenever_it_may_have_been_accepted_the_outcome_is_unknown(
    server: ScriptedServer, gateway: WassengerGateway, step: Step
) -> None:
    """E9: such a message is looked up before it is sent again, so it is never sent twice."""
    server.will(step)
    error = await failure(gateway)
    assert type(error) is OutcomeUnknownError
    assert len(server.requests) == 1


@pytest.mark.parametrize("base_url", [refused_url(), "api.wassenger.example"], ids=["refused", "no scheme"])
async def test_nobody_listening_means_certainly_not_sent(base_url: str) -> None:
    """E4."""
    gateway = WassengerGateway(base_url=base_url, token=TOKEN, timeout_s=TIMEOUT_S)
    error = await failure(gateway)
    await gateway.close()
    assert isinstance(error, GatewayBusyError)
    assert error.retry_after_s is None


@pytest.mark.parametrize("status", [401, 402, 403])
async def test_a_refused_account_stops_the_sender_and_not_the_contact(
    server: ScriptedServer, gateway: WassengerGateway, status: int
) -> None:
    server.will(answer(status, {"status": status, "message": "no"}))
    error = await failure(gateway)
    assert isinstance(error, SenderStoppedError)
    assert error.code == str(status)


@pytest.mark.parametrize("code", ["device:offline", "Device:NotFound", "session:expired", "queue:rejected"])
@pytest.mark.parametrize("status", [400, 404, 409])
async def test_a_broken_session_stops_the_sender_whatever_the_http_status(
    server: ScriptedServer, gateway: WassengerGateway, status: int, code: str
) -> None:
    server.will(answer(status, {"status": status, "message": "no", "errorCode": code}))
    error = await failure(gateway)
    assert isinstance(error, SenderStoppedError)
    assert error.code == code


@pytest.mark.parametrize(
    "body",
    [
        {"status": 400, "errors": [{"code": "phone:invalid"}, {"code": "device:invalid"}]},
        {"status": 400, "errorCode": "device:invalid", "data": [{"device": "gone"}]},
        [{"errorCode": "device:invalid"}],
    ],
)
async def test_a_broken_session_is_noticed_wherever_the_answer_tells_it(
    server: ScriptedServer, gateway: WassengerGateway, body: Any
) -> None:
    """Else every contact of the campaign would fail, one by one, for what is the account's fault."""
    server.will(answer(400, body))
    error = await failure(gateway)
    assert isinstance(error, SenderStoppedError)
    assert error.code == "device:invalid"


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (answer(400, {"status": 400, "message": "bad phone", "errorCode": "phone:invalid"}), "phone:invalid"),
        (answer(400, {"errors": [{"code": "x"}]}), "400"),
        (answer(404, [{"message": "gone"}]), "404"),
        (answer(409, {}), "409"),
        (answer(410, None), "410"),
        (answer(415, 7), "415"),
        (html(413), "413"),
    ],
)
async def test_a_refusal_is_for_good(
    server: ScriptedServer, gateway: WassengerGateway, step: Step, code: str
) -> None:
    """E4."""
    server.will(step)
    error = await failure(gateway)
    assert isinstance(error, MessageRejectedError)
    assert error.code == code


async def test_the_reason_of_a_refusal_is_told(server: ScriptedServer, gateway: WassengerGateway) -> None:
    server.will(answer(400, {"status": 400, "message": "Invalid phone", "errorCode": "phone:invalid"}))
    assert str(await failure(gateway)) == "Wassenger answered 400: Invalid phone"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        *(("7", 7.0), ("0", 0.0), ("", None), ("soon", None), ("1.5", None)),
        *(("99999999999", LONGEST_BREAK_S), ("9" * 400, LONGEST_BREAK_S)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_BREAK_S),
    ],
)
async def test_too_many_requests_means_later(
    server: ScriptedServer, gateway: WassengerGateway, header: str, expected: float | None
) -> None:
    """E4."""
    server.will(answer(429, {"status": 429, "message": "slow down"}, Retry_After=header))
    error = await failure(gateway)
    assert isinstance(error, GatewayBusyError)
    assert error.retry_after_s == expected


@pytest.mark.parametrize(("delay_s", "at_least"), [(90, 80.0), (-90, 0.0)])
async def test_a_date_says_when_later_is(
    server: ScriptedServer, gateway: WassengerGateway, delay_s: int, at_least: float
) -> None:
    """E4."""
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=delay_s), usegmt=True)
    server.will(answer(429, {}, Retry_After=moment))
    error = await failure(gateway)
    assert isinstance(error, GatewayBusyError)
    assert error.retry_after_s is not None
    assert at_least <= error.retry_after_s <= max(at_least, delay_s)


@given(
    st.text(st.characters(max_codepoint=255), max_size=40)
    | st.from_regex(r"[A-Z][a-z]{2}, [0-9: -]{1,25}( GMT)?")
)
def test_no_retry_after_is_too_odd(header: str) -> None:
    wait_s = _retry_after_s(Response(429, headers=[(b"Retry-After", header.encode("latin-1", "ignore"))]))
    assert wait_s is None or 0 <= wait_s <= LONGEST_BREAK_S


@pytest.mark.parametrize(
    "step",
    [
        reset,
        silence,
        gibberish,
        html(502),
        html(201),
        answer(401, {"message": f"unknown token {TOKEN}"}),
        answer(400, {"message": TOKEN}),
        answer(400, {"errorCode": TOKEN}),
        answer(429, {"message": f"{TOKEN} is too fast"}),
        answer(500, {"message": TOKEN}),
    ],
)
async def test_no_error_ever_tells_the_token(
    server: ScriptedServer, gateway: WassengerGateway, step: Step
) -> None:
    server.will(step, step)
    for call in (lambda: gateway.send(MESSAGE), lambda: gateway.device_health("d")):
        with pytest.raises(GatewayError) as caught:
            await call()
        told = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(gateway)
        told += caught.value.code
        assert TOKEN not in told
        assert "5ecre7" not in told
