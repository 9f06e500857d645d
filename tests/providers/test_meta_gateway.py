"""What Meta's Cloud API is asked, and what its answers mean; the sandbox plays it in a process of its own."""

import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from providers.base import (
    CannotLookUpError,
    GatewayBusyError,
    GatewayError,
    MessageRejectedError,
    MessageTemplate,
    OutcomeUnknownError,
    OutgoingMessage,
    SenderStoppedError,
)
from providers.meta import MetaGateway
from tests.providers.scripted import refused_url

ROOT = Path(__file__).parents[2]
NUMBER = "100000000000001"
PHONE = "+33639980001"
TOKEN = "sandbox-token"
TEMPLATE = MessageTemplate(name="relance_message", language="fr")


@dataclass(frozen=True, slots=True)
class Meta:
    """The sandbox, and our client of it."""

    url: str
    gateway: MetaGateway
    control: httpx.AsyncClient

    async def accepted(self, reference: str) -> list[dict[str, Any]]:
        """What was accepted under a reference of ours."""
        messages: list[dict[str, Any]] = (await self.control.get("/control/journal")).json()["messages"]
        return [entry for entry in messages if entry["reference"].startswith(reference)]

    async def disturb(self, kind: str, **details: Any) -> None:
        """The next send goes wrong."""
        fault = {"target": "meta_messages.post", "kind": kind, **details}
        (await self.control.post("/control/faults", json=fault)).raise_for_status()

    async def hears_from(self, phone: str) -> None:
        """Somebody writes to the number."""
        order = {"device": NUMBER, "phone": phone}
        (await self.control.post("/control/inbound", json=order)).raise_for_status()


def message(**changes: Any) -> OutgoingMessage:
    """A Message 1 with a reference of its own."""
    given = {"device": NUMBER, "phone": PHONE, "body": "Bonjour Zoé 👋", "template": TEMPLATE, **changes}
    return OutgoingMessage(**{"reference": secrets.token_hex(8), **given})


def gateway_at(url: str, token: str | None = TOKEN, **tokens: str) -> MetaGateway:
    return MetaGateway(base_url=url, version="v24.0", token=token, tokens=tokens, timeout_s=1.0)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.kill()


@pytest.fixture
async def meta(url: str) -> AsyncIterator[Meta]:
    gateway = gateway_at(url)
    async with httpx.AsyncClient(base_url=url, timeout=10) as control:
        (await control.post("/control/reset")).raise_for_status()
        yield Meta(url, gateway, control)
    await gateway.close()


async def test_message_1_is_a_template_with_its_text_in_one_line(meta: Meta) -> None:
    """E1: line breaks would be refused."""
    sent = await meta.gateway.send(message(reference="m1", attempt=2, body="Bonjour Zoé,\n\n  voici\tla suite"))
    assert sent.provider_id.startswith("wamid.")
    [entry] = await meta.accepted("m1")
    assert (entry["reference"], entry["body"]) == ("m1/2", "Bonjour Zoé, voici la suite")


async def test_message_2_is_free_form_and_needs_the_window_that_a_reply_opens(meta: Meta) -> None:
    """E6: 131047 outside of it."""
    text = message(template=None, body="Merci\nZoé")
    with pytest.raises(MessageRejectedError) as refused:
        await meta.gateway.send(text)
    assert refused.value.code == "131047"
    await meta.hears_from(PHONE)
    await meta.gateway.send(text)
    (await meta.control.post("/control/clock", json={"advance_s": 86_401})).raise_for_status()
    with pytest.raises(MessageRejectedError):
        await meta.gateway.send(text)
    assert [entry["body"] for entry in await meta.accepted(text.reference)] == ["Merci\nZoé"]


@pytest.mark.parametrize("kind", ["accept_then_drop", "accept_then_timeout", "accept_then_502", "html_504"])
async def test_a_lost_answer_is_unknown_and_cannot_be_looked_up(meta: Meta, kind: str) -> None:
    """E9: not once more by itself either."""
    await meta.disturb(kind, delay_s=5)
    sent = message()
    with pytest.raises(OutcomeUnknownError):
        await meta.gateway.send(sent)
    assert len(await meta.accepted(sent.reference)) == (kind != "html_504")
    with pytest.raises(CannotLookUpError):
        await meta.gateway.find_by_reference(device=NUMBER, reference=sent.reference)


CODES: list[tuple[int, int, type[GatewayError]]] = [
    (429, 130429, GatewayBusyError),
    (429, 131056, GatewayBusyError),
    (400, 80007, GatewayBusyError),
    (400, 131048, SenderStoppedError),
    (403, 131031, SenderStoppedError),
    (401, 190, SenderStoppedError),
    (400, 368, SenderStoppedError),
    (401, 0, SenderStoppedError),
    (400, 33, SenderStoppedError),
    (400, 100, MessageRejectedError),
    (404, 132001, SenderStoppedError),
    (400, 132015, SenderStoppedError),
    (400, 131026, MessageRejectedError),
    (400, 131049, MessageRejectedError),
    (400, 131051, MessageRejectedError),
    (400, 999999, MessageRejectedError),
    (500, 131000, OutcomeUnknownError),
    (400, 2, OutcomeUnknownError),
    (503, 999999, OutcomeUnknownError),
]


@pytest.mark.parametrize(("status", "code", "kind"), CODES)
async def test_the_code_of_an_error_decides(
    meta: Meta, status: int, code: int, kind: type[GatewayError]
) -> None:
    """E4."""
    await meta.disturb("status", http_status=status, error_code=code)
    with pytest.raises(kind) as raised:
        await meta.gateway.send(message())
    assert raised.value.code == str(code)
    assert TOKEN not in str(raised.value)
    if isinstance(raised.value, GatewayBusyError):
        assert raised.value.sender_wide is (code != 131056)


async def test_the_pair_limit_and_the_throughput_are_those_of_the_provider(meta: Meta) -> None:
    limits = {"meta_pair_burst": 2, "meta_throughput_per_s": 3}
    (await meta.control.post("/control/settings", json=limits)).raise_for_status()
    for _ in range(2):
        await meta.gateway.send(message())
    with pytest.raises(GatewayBusyError) as pair:
        await meta.gateway.send(message())
    assert (pair.value.code, pair.value.sender_wide) == ("131056", False)
    codes = []
    for nth in range(10):
        try:
            await meta.gateway.send(message(phone=f"+3363998010{nth}"))
        except GatewayBusyError as busy:
            codes.append(busy.code)
    assert "130429" in codes


@pytest.mark.parametrize(
    "changes",
    [{"template": MessageTemplate(name="nobody_knows", language="fr")}, {"device": "999999999999999"}],
)
async def test_what_is_wrong_for_everybody_is_no_fault_of_the_contact(
    meta: Meta, changes: dict[str, Any]
) -> None:
    sent = message(**changes)
    with pytest.raises(SenderStoppedError):
        await meta.gateway.send(sent)
    assert await meta.accepted(sent.reference) == []


async def test_a_text_that_is_too_long_is_not_cut_but_refused(meta: Meta) -> None:
    await meta.hears_from(PHONE)
    await meta.gateway.send(message(template=None, body="é" * 4096))
    with pytest.raises(MessageRejectedError):
        await meta.gateway.send(message(template=None, body="é" * 4097))
    with pytest.raises(
        SenderStoppedError
    ) as template:  # the text of the campaign: it would be so for everybody
        await meta.gateway.send(message(body="é" * 1025))
    assert template.value.code == "132005"


async def test_a_token_is_for_all_numbers_or_for_one(meta: Meta) -> None:
    of_one = gateway_at(meta.url, None, **{NUMBER: TOKEN})
    await of_one.send(message())
    with pytest.raises(SenderStoppedError):
        await of_one.send(message(device="123456"))
    wrong, nowhere = gateway_at(meta.url, "wrong"), gateway_at(refused_url())
    with pytest.raises(SenderStoppedError):
        await wrong.send(message())
    with pytest.raises(GatewayBusyError):
        await nowhere.send(message())
    for gateway in (of_one, wrong, nowhere):
        await gateway.close()
    with pytest.raises(ValueError, match="copy it again") as bad:
        gateway_at(meta.url, "tok\u00e9n")
    assert "tok" not in str(bad.value).replace("token", "")


async def test_a_number_says_whether_it_can_send(meta: Meta) -> None:
    health = await meta.gateway.device_health(NUMBER)
    assert (health.usable, health.phone, health.session) == (True, "+33199000009", "quality GREEN")
    (await meta.control.patch(f"/control/devices/{NUMBER}", json={"session": "blocked"})).raise_for_status()
    assert not (await meta.gateway.device_health(NUMBER)).usable
    with pytest.raises(SenderStoppedError):
        await meta.gateway.send(message())


async def test_a_callback_that_fails_the_handshake_is_not_set(meta: Meta) -> None:
    with pytest.raises(GatewayError):
        await meta.gateway.direct_webhook(NUMBER, url=f"{meta.url}/healthz", verify_token="v")
    with pytest.raises(ValueError, match="too long"):
        await meta.gateway.direct_webhook(NUMBER, url="https://relance.example/" + "x" * 200, verify_token="v")
