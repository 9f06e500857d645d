"""What every gateway has to do, tried against its simulated provider running as a process of its own.

A second gateway is a second entry in `PROVIDERS`.
"""

import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from providers.base import (
    DeliveryStatus,
    Gateway,
    GatewayBusyError,
    GatewayMessage,
    MessageRejectedError,
    OutcomeUnknownError,
    OutgoingMessage,
    SenderStoppedError,
)
from providers.wassenger import WassengerGateway
from tests.conftest import eventually
from tests.providers.scripted import refused_url

ROOT = Path(__file__).parents[2]
PHONE = "+33639980001"


@dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """A gateway, its provider, and what the provider can be told to do wrong.

    `faults` by name: lost and slow (accepted, but no answer is given), broken, busy, cut. `ways_to_say_no` are
    its settings for numbers that are not on WhatsApp.
    """

    gateway: Gateway
    gateway_with_wrong_token: Gateway
    gateway_to_nowhere: Gateway
    device: str
    control: httpx.AsyncClient
    faults: dict[str, dict[str, Any]]
    ways_to_say_no: list[dict[str, Any]]

    def message(self, **changes: Any) -> OutgoingMessage:
        """A message with a reference of its own."""
        given = {"device": self.device, "phone": PHONE, "body": "Bonjour Zoé 👋", **changes}
        return OutgoingMessage(**{"reference": secrets.token_hex(8), **given})

    async def disturb(self, fault: str) -> None:
        """The next request goes wrong."""
        (await self.control.post("/control/faults", json=self.faults[fault])).raise_for_status()

    async def accepted(self, reference: str) -> list[dict[str, Any]]:
        """What the provider's own book says about a reference."""
        answer = await self.control.get("/control/journal", params={"reference": reference})
        messages: list[dict[str, Any]] = answer.json()["messages"]
        return messages

    async def find(self, message: OutgoingMessage) -> GatewayMessage | None:
        """Looks a message up."""
        return await self.gateway.find_by_reference(device=message.device, reference=message.reference)


@asynccontextmanager
async def wassenger() -> AsyncIterator[Provider]:
    """Wassenger, played by the sandbox."""
    process = subprocess.Popen(  # noqa: ASYNC220 - our own program, started once
        [sys.executable, "-m", "sandbox", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().split()[-1]
        async with wassenger_at(url) as provider:
            yield provider
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@asynccontextmanager
async def wassenger_at(url: str) -> AsyncIterator[Provider]:
    """Our client of a sandbox that runs already."""
    token = "sandbox-token"
    gateways = [
        WassengerGateway(base_url=url, token=token, timeout_s=1.0),
        WassengerGateway(base_url=url, token="wrong-token", timeout_s=1.0),
        WassengerGateway(base_url=refused_url(), token=token, timeout_s=1.0),
    ]
    async with httpx.AsyncClient(base_url=url, headers={"Token": token}, timeout=10) as control:
        yield Provider(
            gateway=gateways[0],
            gateway_with_wrong_token=gateways[1],
            gateway_to_nowhere=gateways[2],
            device="5a0db0c5e1a2b3c4d5e6f701",
            control=control,
            faults={
                "lost": {"target": "messages.post", "kind": "accept_then_drop"},
                "slow": {"target": "messages.post", "kind": "accept_then_timeout", "delay_s": 30},
                "broken": {"target": "any", "kind": "html_502"},
                "busy": {"target": "any", "kind": "status", "http_status": 429, "retry_after_s": 7},
                "cut": {"target": "any", "kind": "reset"},
            },
            ways_to_say_no=[{"number_check": "not_found"}, {"number_check": "exists_false"}],
        )
    for gateway in gateways:
        await gateway.close()


PROVIDERS: list[Callable[[], AbstractAsyncContextManager[Provider]]] = [wassenger]


@pytest.fixture(scope="session", params=PROVIDERS, ids=lambda start: start.__name__)
async def provider(request: pytest.FixtureRequest) -> AsyncIterator[Provider]:
    """Each gateway in turn."""
    async with request.param() as started:
        yield started


async def test_a_message_is_accepted_once_and_arrives(provider: Provider) -> None:
    """E1."""
    message = provider.message()
    sent = await provider.gateway.send(message)
    assert sent.reference == message.reference
    assert sent.accepted_at is not None
    assert sent.status is not DeliveryStatus.FAILED

    async def arrived() -> bool:
        return [entry["reached_phone"] for entry in await provider.accepted(message.reference)] == [True]

    await eventually(arrived, within_s=60)
    [entry] = await provider.accepted(message.reference)
    assert (entry["id"], entry["phone"], entry["body"]) == (sent.provider_id, message.phone, message.body)


async def test_a_message_is_found_again_by_its_reference_and_device(provider: Provider) -> None:
    message = provider.message()
    sent = await provider.gateway.send(message)
    found = await provider.find(message)
    assert found is not None
    assert (found.provider_id, found.reference) == (sent.provider_id, message.reference)


async def test_a_message_that_was_never_accepted_is_a_definite_none(provider: Provider) -> None:
    """E9."""
    assert await provider.find(provider.message()) is None


async def test_once_sent_a_message_tells_when(provider: Provider) -> None:
    """E2."""
    message = provider.message()
    await provider.gateway.send(message)

    async def was_sent() -> bool:
        found = await provider.find(message)
        return found is not None and found.sent_at is not None and found.wa_id is not None

    await eventually(was_sent, within_s=60)


@pytest.mark.parametrize("fault", ["lost", "slow"])
async def test_a_lost_answer_leaves_a_message_that_can_be_found(provider: Provider, fault: str) -> None:
    """E9: and the gateway does not try a second time by itself."""
    message = provider.message()
    await provider.disturb(fault)
    with pytest.raises(OutcomeUnknownError):
        await provider.gateway.send(message)
    assert await provider.find(message) is not None
    assert len(await provider.accepted(message.reference)) == 1


@pytest.mark.parametrize("fault", ["broken", "cut"])
async def test_a_broken_send_is_unknown_and_a_broken_question_is_asked_again(
    provider: Provider, fault: str
) -> None:
    """E9."""
    message = provider.message()
    await provider.disturb(fault)
    with pytest.raises(OutcomeUnknownError):
        await provider.gateway.send(message)
    await provider.disturb(fault)
    with pytest.raises(GatewayBusyError):
        await provider.find(message)
    assert await provider.find(message) is None


async def test_a_busy_provider_says_for_how_long_and_accepts_nothing(provider: Provider) -> None:
    """E4."""
    message = provider.message()
    await provider.disturb("busy")
    with pytest.raises(GatewayBusyError) as caught:
        await provider.gateway.send(message)
    assert caught.value.retry_after_s == 7
    assert await provider.accepted(message.reference) == []


async def test_a_provider_that_cannot_be_reached_got_nothing(provider: Provider) -> None:
    """E4."""
    with pytest.raises(GatewayBusyError):
        await provider.gateway_to_nowhere.send(provider.message())


@pytest.mark.parametrize("changes", [{"phone": "+33"}, {"phone": "0639980001"}, {"body": "x" * 6001}])
async def test_a_bad_message_is_refused_for_good(provider: Provider, changes: dict[str, str]) -> None:
    """E4."""
    message = provider.message(**changes)
    with pytest.raises(MessageRejectedError):
        await provider.gateway.send(message)
    assert await provider.accepted(message.reference) == []


async def test_the_longest_message_goes_out_whole(provider: Provider) -> None:
    message = provider.message(body="é" * 6000)
    await provider.gateway.send(message)
    [entry] = await provider.accepted(message.reference)
    assert entry["body"] == message.body


async def test_a_wrong_token_stops_the_sender(provider: Provider) -> None:
    with pytest.raises(SenderStoppedError):
        await provider.gateway_with_wrong_token.send(provider.message())


async def test_an_account_that_can_send_is_usable(provider: Provider) -> None:
    health = await provider.gateway.device_health(provider.device)
    assert health.usable
    assert health.device == provider.device


async def test_an_unknown_account_is_refused(provider: Provider) -> None:
    with pytest.raises((MessageRejectedError, SenderStoppedError)):
        await provider.gateway.device_health("0" * 24)


async def test_the_accounts_at_the_gateway_are_listed(provider: Provider) -> None:
    listed = await provider.gateway.list_devices()
    [found] = [device for device in listed if device.device == provider.device]
    assert found == await provider.gateway.device_health(provider.device)
    assert found.phone is not None
    with pytest.raises(SenderStoppedError):
        await provider.gateway_with_wrong_token.list_devices()


async def test_registering_again_and_again_leaves_one_webhook_at_the_last_address(provider: Provider) -> None:
    urls = ["http://127.0.0.1:9/old", "http://127.0.0.1:9/new", "http://127.0.0.1:9/new"]
    for url in urls:
        await provider.gateway.register_webhook(url=url, name="contract")
    listed = (await provider.control.get("/v1/webhooks")).json()
    assert [hook["url"] for hook in listed if hook["name"] == "contract"] == [urls[-1]]


async def test_a_number_is_on_whatsapp_or_it_is_not(provider: Provider) -> None:
    """The provider knows two ways of saying no."""
    nobody: dict[str, Any] = {"phone": "+33639989998", "on_whatsapp": False}
    (await provider.control.put("/control/people", json={"people": [nobody]})).raise_for_status()
    assert await provider.gateway.number_exists(PHONE) is True
    for way in provider.ways_to_say_no:
        (await provider.control.post("/control/settings", json=way)).raise_for_status()
        assert await provider.gateway.number_exists(nobody["phone"]) is False


@pytest.mark.parametrize("fault", ["broken", "cut", "busy"])
async def test_trouble_never_means_that_a_number_is_not_on_whatsapp(provider: Provider, fault: str) -> None:
    """An error is an error."""
    await provider.disturb(fault)
    with pytest.raises(GatewayBusyError):
        await provider.gateway.number_exists(PHONE)
    assert await provider.gateway.number_exists(PHONE) is True


async def test_what_is_no_number_is_refused_and_not_absent(provider: Provider) -> None:
    with pytest.raises(MessageRejectedError):
        await provider.gateway.number_exists("0639980001")
    with pytest.raises(SenderStoppedError):
        await provider.gateway_with_wrong_token.number_exists(PHONE)
    with pytest.raises(GatewayBusyError):
        await provider.gateway_to_nowhere.number_exists(PHONE)
