"""The doctor's look at the WhatsApp gateway, and at each account that we send from."""

import asyncio
from typing import Any

import asyncpg
import httpx
from pydantic import SecretStr

from domain.providers import Provider
from local.addresses import SANDBOX_APP_SECRET, SANDBOX_TOKEN, SANDBOX_VERIFY_TOKEN
from local.findings import TIMEOUT_S, Finding, failed, ok, reason, warning
from providers.base import GatewayError
from providers.gateways import Gateways
from settings import Settings
from storage import database
from storage.senders import Sender, list_senders

_ASKED_AT_ONCE = 8  # a provider takes a crowd of questions for abuse


def in_sandbox(settings: Settings, url: str) -> Settings:
    """The settings with which a running stack uses its sandbox."""
    return settings.model_copy(
        update={
            "wassenger_url": url,
            "wassenger_token": SecretStr(SANDBOX_TOKEN),
            "meta_url": url,
            "meta_access_token": SecretStr(SANDBOX_TOKEN),
            "meta_app_secret": SecretStr(SANDBOX_APP_SECRET),
            "meta_verify_token": SecretStr(SANDBOX_VERIFY_TOKEN),
        }
    )


async def check_meta(settings: Settings, *, is_sandbox: bool) -> Finding:
    """Whether Meta's webhooks can reach us and prove themselves: its numbers are looked at one by one."""
    name = "meta"
    which = f"sandbox at {settings.meta_url}" if is_sandbox else f"real gateway at {settings.meta_url}"
    missing = [
        setting
        for setting, value in (
            ("RELANCE_META_APP_SECRET", settings.meta_app_secret),
            ("RELANCE_META_VERIFY_TOKEN", settings.meta_verify_token),
            ("RELANCE_PUBLIC_URL", settings.public_url or is_sandbox or None),
        )
        if value is None
    ]
    if missing:
        lost = "no reaction is seen, and what became of a lost answer is never learnt"
        return failed(name, f"{which}: without {', '.join(missing)} {lost}", "Set them: docs/meta.md.")
    return ok(name, which)


async def check_gateway(url: str, token: str | None, *, is_sandbox: bool) -> Finding:
    """Whether Wassenger accepts our token and has an account that can send; and whether it is real."""
    name = "gateway"
    if token is None:
        return failed(name, "There is no token", "Set RELANCE_WASSENGER_TOKEN; `relance up` brings a sandbox.")
    which = f"sandbox at {url}, nobody gets anything real" if is_sandbox else f"real gateway at {url}"
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            response = await client.get(
                f"{url.rstrip('/')}/v1/devices", headers={"Token": token.removeprefix("Token ").strip()}
            )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        hint = "Check the network and RELANCE_WASSENGER_URL."
        return failed(name, f"{which}: {reason(error)}", hint)
    if response.status_code in {401, 403}:
        return failed(name, f"{which}: it refuses the token", "Correct RELANCE_WASSENGER_TOKEN.")
    if response.status_code != 200:
        return failed(name, f"{which}: it answers {response.status_code}", "Try again later.")
    return _judge_devices(name, which, response)


async def check_senders(database_url: str, gateways: Gateways) -> list[Finding]:
    """Whether each sender of ours may send, by our own book and by its gateway's: a finding for each."""
    name = "senders"
    try:
        try:
            pool = await database.connect(database_url, application="doctor", size=2)
            try:
                senders = await list_senders(pool)
            finally:
                await pool.close()
        except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            return [failed(name, reason(error), "PostgreSQL has to answer first, with its tables.")]
        if not senders:
            return [warning(name, "there is none", "Add one: `relance sender add DEVICE PHONE NAME`.")]
        turns = asyncio.Semaphore(_ASKED_AT_ONCE)
        return list(await asyncio.gather(*(_judge_sender(gateways, sender, turns) for sender in senders)))
    finally:
        await gateways.close()


async def _judge_sender(gateway: Gateways, sender: Sender, turns: asyncio.Semaphore) -> Finding:
    name = f"sender {sender.name}"
    try:
        async with turns:
            health = await gateway.device_health(sender.device_id)
    except GatewayError as error:
        hint = f"Its account is {sender.device_id}: see that {sender.provider.capitalize()} has it and answers."
        return failed(name, reason(error), hint)
    is_meta = sender.provider == Provider.META
    state = f"{health.status}, {health.session if is_meta else f'session {health.session}'}"
    resume = f"`relance sender resume {sender.id}`"
    if not health.usable:
        hint = f"Reconnect device {sender.device_id} in the gateway's console"
        if is_meta:
            hint = f"Look at number {sender.device_id} in the WhatsApp Manager of Meta"
        then = f", then {resume}" if sender.status != "active" else ""
        return failed(name, state, f"{hint}{then}.")
    if sender.status != "active":
        return warning(name, f"stopped: {sender.status_reason}", f"When the account is well: {resume}.")
    return ok(name, state)


def _judge_devices(name: str, which: str, response: httpx.Response) -> Finding:
    try:
        states = {device["id"]: _device_state(device) for device in response.json()}
    except (ValueError, TypeError, KeyError, AttributeError):
        hint = "Check that RELANCE_WASSENGER_URL is a Wassenger gateway."
        return failed(name, f"{which}: the list of devices cannot be read", hint)
    unusable = {device: state for device, state in states.items() if state != "operative, online"}
    detail = f"{which}; {len(states) - len(unusable)} of {len(states)} devices can send"
    if unusable:
        detail += ": " + "; ".join(f"{device} is {state}" for device, state in unusable.items())
    if len(unusable) == len(states):
        hint = "Connect a WhatsApp account to the gateway: open its console and scan the QR code."
        return failed(name, detail, hint)
    if unusable:
        return warning(name, detail, "Reconnect those in the gateway's console.")
    return ok(name, detail)


def _device_state(device: dict[str, Any]) -> str:
    return f"{device.get('status')}, {device.get('session', {}).get('status')}"
