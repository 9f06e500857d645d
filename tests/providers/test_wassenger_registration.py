"""Registering for webhooks: afterwards exactly one active webhook of our name points at us, and covers all."""

from typing import Any

import pytest

from providers.base import GatewayBusyError, GatewayError, SenderStoppedError
from providers.wassenger import EVENTS, WassengerGateway
from tests.providers.scripted import ScriptedServer, Step, answer, html, reset

URL = "https://relance.example/webhooks/wassenger/s3cret"
NAME = "relance"
WANTED = {"name": NAME, "url": URL, "events": list(EVENTS)}


def webhook(number: int, **more: Any) -> dict[str, Any]:
    """A webhook of ours that is just right."""
    return {"id": f"w{number}", **WANTED, "status": "active", "device": None, **more}


async def register(server: ScriptedServer, gateway: WassengerGateway, listed: Any) -> list[tuple[str, Any]]:
    """What registering changes when these webhooks exist."""
    server.will(answer(200, listed), *[answer(200, {"id": "w"})] * 5)
    await gateway.register_webhook(url=URL, name=NAME)
    assert str(server.requests[0]) == "GET /v1/webhooks"
    return [(str(request), request.body if request.content else None) for request in server.requests[1:]]


CREATED = ("POST /v1/webhooks", WANTED)


@pytest.mark.parametrize(
    "listed",
    [[], {"data": []}, [webhook(1, name="another")], [{"name": NAME}], [webhook(1, status="removed")]],
)
async def test_a_missing_webhook_is_created(
    server: ScriptedServer, gateway: WassengerGateway, listed: Any
) -> None:
    assert await register(server, gateway, listed) == [CREATED]


async def test_a_webhook_that_is_right_is_left_alone(server: ScriptedServer, gateway: WassengerGateway) -> None:
    listed = [webhook(1, events=list(reversed(EVENTS))), webhook(2, name="another", url="https://b.example")]
    assert await register(server, gateway, listed) == []


@pytest.mark.parametrize(
    "difference",
    [
        *({"url": "https://old.example/hook"}, {"url": None}),
        *({"events": ["message:in:new"]}, {"events": None}, {"events": 5}, {"events": [{"name": "x"}]}),
    ],
)
async def test_a_webhook_that_differs_is_changed_and_no_second_one_made(
    server: ScriptedServer, gateway: WassengerGateway, difference: dict[str, Any]
) -> None:
    changes = await register(server, gateway, [webhook(1, **difference)])
    assert changes == [("PATCH /v1/webhooks/w1", WANTED)]


@pytest.mark.parametrize("status", ["failed", "error", "pending"])
async def test_a_webhook_that_was_switched_off_is_switched_on(
    server: ScriptedServer, gateway: WassengerGateway, status: str
) -> None:
    changes = await register(server, gateway, [webhook(1, status=status)])
    assert changes == [("POST /v1/webhooks/w1/enable", None)]


async def test_a_webhook_that_is_old_and_off_is_changed_first(
    server: ScriptedServer, gateway: WassengerGateway
) -> None:
    changes = await register(server, gateway, [webhook(1, url="https://old.example", status="failed")])
    assert [change for change, _body in changes] == ["PATCH /v1/webhooks/w1", "POST /v1/webhooks/w1/enable"]


async def test_surplus_webhooks_are_deleted(server: ScriptedServer, gateway: WassengerGateway) -> None:
    """Each would bring every event once more."""
    changes = await register(server, gateway, [webhook(1), webhook(2), webhook(3)])
    assert changes == [("DELETE /v1/webhooks/w2", None), ("DELETE /v1/webhooks/w3", None)]


async def test_a_webhook_bound_to_one_account_is_replaced(
    server: ScriptedServer, gateway: WassengerGateway
) -> None:
    """It would silently miss the events of all other accounts."""
    bound = webhook(1, device="61b37a069cba0c15d6c89757")
    assert await register(server, gateway, [bound]) == [("DELETE /v1/webhooks/w1", None), CREATED]


async def test_of_a_bound_and_an_unbound_webhook_the_unbound_one_stays(
    server: ScriptedServer, gateway: WassengerGateway
) -> None:
    bound = webhook(1, device="61b37a069cba0c15d6c89757")
    assert await register(server, gateway, [bound, webhook(2)]) == [("DELETE /v1/webhooks/w1", None)]


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ([reset], GatewayBusyError),
        ([html(502)], GatewayBusyError),
        ([html(200)], GatewayBusyError),
        ([answer(200, {"message": "maintenance"})], GatewayBusyError),
        ([answer(200, []), html(502)], GatewayBusyError),
        ([answer(200, []), answer(403, {})], SenderStoppedError),
        ([answer(200, [webhook(1, url="")]), reset], GatewayBusyError),
    ],
)
async def test_a_registration_that_did_not_work_is_reported(
    server: ScriptedServer, gateway: WassengerGateway, steps: list[Step], error: type[GatewayError]
) -> None:
    server.will(*steps)
    with pytest.raises(error):
        await gateway.register_webhook(url=URL, name=NAME)


async def test_a_name_that_the_provider_would_refuse_is_refused_before_anything_is_asked(
    server: ScriptedServer, gateway: WassengerGateway
) -> None:
    with pytest.raises(ValueError, match="at most 30"):
        await gateway.register_webhook(url=URL, name="n" * 31)
    assert server.requests == []
