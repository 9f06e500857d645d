"""What the gateway says at this moment: of a sender's account, and of those that could become senders."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import AwareDatetime, BaseModel, Field

from activities.gateways import open_gateways
from api.dependencies import Needs, Resources
from api.problems import PROBLEM_RESPONSES, not_found
from domain.providers import Provider
from providers.base import DeviceHealth, GatewayError
from providers.gateways import Gateways
from storage import senders
from storage.senders import Sender

LONGEST_LOOK_S = 4.0
# The words of Wassenger for a session that has to be linked again, or for the first time.
_SCAN_NEEDED = frozenset({"new", "authorize", "authorizing"})
_CONFLICT = "conflict"
NO_GATEWAY = "no gateway: set RELANCE_WASSENGER_TOKEN or RELANCE_META_ACCESS_TOKEN"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@asynccontextmanager
async def _open_gateway(app: FastAPI) -> AsyncIterator[None]:
    resources: Resources = app.state.resources
    settings = resources.settings
    within_s = min(LONGEST_LOOK_S, settings.gateway_timeout_s)
    app.state.gateway = open_gateways(settings.model_copy(update={"gateway_timeout_s": within_s}))
    try:
        yield
    finally:
        if app.state.gateway is not None:
            await app.state.gateway.close()


router = APIRouter(prefix="/api", tags=["senders"], responses=PROBLEM_RESPONSES, lifespan=_open_gateway)


class SenderHealth(BaseModel):
    """The account as the gateway knows it. Without an answer of the gateway the words of it are unset."""

    checked_at: AwareDatetime
    reachable: bool = Field(description="Whether the gateway answered")
    usable: bool = Field(description="Whether the account can send now")
    scan_needed: bool = Field(description="A person has to scan the QR code at the gateway with this phone")
    status: str | None = Field(description="Of the device, in the gateway's own word, such as operative")
    session: str | None = Field(description="Of the WhatsApp session, such as online, offline or authorize")
    phone: str | None = Field(description="The number that is linked")
    detail: str = Field(description="What it means, and what to do")


class GatewayDevice(BaseModel):
    """A WhatsApp account that is linked at the gateway."""

    id: str
    name: str | None = Field(description="What it is called at the gateway")
    phone: str | None = Field(description="Unset until a phone was linked")
    usable: bool = Field(description="Whether it can send now")
    scan_needed: bool = Field(description="A person has to scan the QR code at the gateway with this phone")
    sender_id: str | None = Field(description="The sender that it is already")


class GatewayOut(BaseModel):
    """The accounts at the gateway. Without an answer of the gateway there are none."""

    reachable: bool = Field(description="Whether the gateway answered")
    simulated: bool = Field(description="It is on this machine, so a sandbox: nobody gets a real message")
    devices: list[GatewayDevice]
    detail: str = Field(description="What is wrong, if anything")


def _gateway(request: Request) -> Gateways | None:
    gateway: Gateways | None = request.app.state.gateway
    return gateway


CurrentGateway = Annotated[Gateways | None, Depends(_gateway)]


@router.get("/senders/{sender_id}/health")
async def get_health(sender_id: UUID, needs: Needs, gateway: CurrentGateway) -> SenderHealth:
    """Asks the gateway now, for at most four seconds. That it is away is an answer too, with status 200."""
    sender = await senders.get_sender(needs.pool, str(sender_id))
    if sender is None:
        raise not_found("sender", str(sender_id))
    if gateway is None:
        return _unknown(NO_GATEWAY)
    try:
        async with asyncio.timeout(LONGEST_LOOK_S):
            found = await gateway.device_health(sender.device_id)
    except TimeoutError:
        return _unknown(f"the gateway did not answer within {LONGEST_LOOK_S:.0f} s: try again in a moment")
    except GatewayError as error:
        return _unknown(f"the gateway gave no answer about this device: {error}")
    return _shown(found, sender)


@router.get("/gateway/devices")
async def list_devices(needs: Needs, gateway: CurrentGateway) -> GatewayOut:
    """The accounts that are linked at the gateway, asked for at most four seconds: each could be a sender."""
    if gateway is None:
        return _devices(needs, [], {}, NO_GATEWAY)
    try:
        async with asyncio.timeout(LONGEST_LOOK_S):
            found = await gateway.list_devices()
    except TimeoutError:
        return _devices(needs, [], {}, f"the gateway did not answer within {LONGEST_LOOK_S:.0f} s")
    except GatewayError as error:
        return _devices(needs, [], {}, str(error))
    senders_by_device = {sender.device_id: sender.id for sender in await senders.list_senders(needs.pool)}
    return _devices(needs, found, senders_by_device, "")


def _devices(
    needs: Resources, found: list[DeviceHealth], senders_by_device: dict[str, str], problem: str
) -> GatewayOut:
    return GatewayOut(
        reachable=not problem,
        simulated=urlsplit(needs.settings.wassenger_url).hostname in LOOPBACK,
        devices=[
            GatewayDevice(
                id=each.device,
                name=each.name,
                phone=each.phone,
                usable=each.usable,
                scan_needed=each.session in _SCAN_NEEDED,
                sender_id=senders_by_device.get(each.device),
            )
            for each in found
        ],
        detail=problem,
    )


def _unknown(detail: str) -> SenderHealth:
    return SenderHealth(
        checked_at=datetime.now(UTC),
        reachable=False,
        usable=False,
        scan_needed=False,
        status=None,
        session=None,
        phone=None,
        detail=detail,
    )


def _shown(found: DeviceHealth, sender: Sender) -> SenderHealth:
    return SenderHealth(
        checked_at=datetime.now(UTC),
        reachable=True,
        usable=found.usable,
        scan_needed=found.session in _SCAN_NEEDED,
        status=found.status,
        session=found.session,
        phone=found.phone,
        detail=_meaning(found, sender),
    )


def _meaning(found: DeviceHealth, sender: Sender) -> str:
    if found.phone is not None and found.phone.lstrip("+") != sender.phone.lstrip("+"):
        return f"another number is linked: {found.phone} instead of {sender.phone}"
    if sender.provider == Provider.META:
        hint = "ready to send" if found.usable else "look at it in the WhatsApp Manager of Meta"
        return f"the number is {found.status}, {found.session}: {hint}"
    return "ready to send" if found.usable else _what_to_do(found)


def _what_to_do(found: DeviceHealth) -> str:
    if found.session in _SCAN_NEEDED:
        return "scan the QR code: open the device at the gateway, and scan it with WhatsApp on this phone"
    if found.session == _CONFLICT:
        return "WhatsApp Web is open elsewhere with this account: close it there, then resume the sender"
    if found.session == "online":
        return f"the device is {found.status}: look at it at the gateway"
    return f"the session is {found.session}: check that the phone is on and connected"
