"""Sends through Wassenger, whose devices are WhatsApp accounts linked by QR code.

Strict in what it sends, because Wassenger refuses unknown fields; tolerant in what it reads, because answers
come as objects or arrays, sometimes without fields, and proxies answer in HTML.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

import httpx

from providers.base import (
    DeliveryStatus,
    DeviceHealth,
    GatewayBusyError,
    GatewayMessage,
    MessageRejectedError,
    OutcomeUnknownError,
    OutgoingMessage,
    SenderStoppedError,
)
from providers.wassenger_times import read_time

EVENTS = (
    "message:in:new",
    "message:out:sent",
    "message:out:ack",
    "message:out:failed",
    "message:reaction",
    "message:update",
    "number:session",
)
# Wassenger itself tries up to 25 times, for ever, by default. Two more tries within ten minutes bridge a hiccup
# of the phone; what takes longer is reported as failed.
PROVIDER_RETRIES = 2
PROVIDER_EXPIRATION_S = 600

CONNECT_TIMEOUT_S = 3.0
LOOKUP_SIZE = 20
_STOPPING = {401, 402, 403}
_NO_VERDICT = {408, 425}  # a proxy gave up: that says nothing about the message
_BROKEN_SESSION = ("device:", "session:")

_STATUSES = {
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "readed": DeliveryStatus.READ,
    "played": DeliveryStatus.READ,
    "failed": DeliveryStatus.FAILED,
    "error": DeliveryStatus.FAILED,
    "expired": DeliveryStatus.FAILED,
    "cancelled": DeliveryStatus.FAILED,
    "removed": DeliveryStatus.FAILED,
    "invalid": DeliveryStatus.FAILED,
}


def read_status(text: object) -> DeliveryStatus:
    """Wassenger's word for how far a message got; an unknown word means no news."""
    return _STATUSES.get(str(text).lower(), DeliveryStatus.QUEUED)


class WassengerGateway:
    """One Wassenger account, which may own several devices."""

    def __init__(self, *, base_url: str, token: str, timeout_s: float) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"{base_url.rstrip('/')}/v1",
            headers={"Token": token.strip().removeprefix("Token ").strip()},
            timeout=httpx.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S),
            limits=httpx.Limits(max_connections=50, max_keepalive_connections=20, keepalive_expiry=30),
        )

    async def send(self, message: OutgoingMessage) -> GatewayMessage:
        """POST /messages, once."""
        body = {
            "phone": message.phone,
            "message": message.body,
            "device": message.device,
            "reference": message.reference,
            "retries": PROVIDER_RETRIES,
            "expiration": {"seconds": PROVIDER_EXPIRATION_S},
        }
        try:
            response = await self._http.post("/messages", json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise _unreachable(error) from error
        except httpx.HTTPError as error:
            raise OutcomeUnknownError(
                f"no answer from Wassenger: {type(error).__name__}", code=type(error).__name__
            ) from error
        if not response.is_success:
            _raise_refusal(response)
        accepted = _first_object(response)
        if accepted is None or not accepted.get("id"):
            raise OutcomeUnknownError("Wassenger's answer cannot be read", code=str(response.status_code))
        return _message(accepted)

    async def find_by_reference(self, *, device: str, reference: str) -> GatewayMessage | None:
        """GET /messages by reference: prefers one that did not fail, since that one may be on a phone."""
        response = await self._read(
            "/messages",
            params={"reference": reference, "device": device, "size": LOOKUP_SIZE, "sort": "date:desc"},
        )
        listed = _objects(response)
        found = [_message(item) for item in listed if item.get("reference") == reference and item.get("id")]
        if not found and (len(listed) >= LOOKUP_SIZE or isinstance(_answer(response), dict)):
            # Not a definite "never accepted": the filter was ignored, or this is no list of messages.
            raise _unreadable(response)
        found.sort(key=lambda message: message.status is DeliveryStatus.FAILED)
        return found[0] if found else None

    async def device_health(self, device: str) -> DeviceHealth:
        """GET /devices/{id}. Usable means operative, with its session online."""
        response = await self._read(f"/devices/{device}")
        item: dict[str, Any] = next(iter(_objects(response)), {})
        session = item.get("session")
        status = str(item.get("status", "unknown"))
        session_status = str(session.get("status", "unknown")) if isinstance(session, dict) else "unknown"
        return DeviceHealth(
            device=device,
            phone=item.get("phone") if isinstance(item.get("phone"), str) else None,
            status=status,
            session=session_status,
            usable=status == "operative" and session_status == "online",
        )

    async def register_webhook(self, *, url: str, name: str) -> None:
        """Leaves exactly one active webhook of that name, for the whole account, pointing at `url`."""
        listed = _objects(await self._read("/webhooks"))
        mine = [item for item in listed if item.get("name") == name and item.get("id")]
        mine.sort(key=lambda item: bool(item.get("device")))  # one bound to a device misses all others
        wanted = {"name": name, "url": url, "events": list(EVENTS)}
        kept = mine[0] if mine and not mine[0].get("device") else None
        for item in mine:
            if item is not kept:
                await self._change("DELETE", f"/webhooks/{item['id']}")
        if kept is None:
            await self._change("POST", "/webhooks", wanted)
            return
        if kept.get("url") != url or set(kept.get("events") or []) != set(EVENTS):
            await self._change("PATCH", f"/webhooks/{kept['id']}", wanted)
        if kept.get("status") not in {None, "active"}:
            await self._change("POST", f"/webhooks/{kept['id']}/enable")

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def _read(self, path: str, params: dict[str, Any] | None = None) -> httpx.Response:
        return await self._change("GET", path, params=params)

    async def _change(
        self, method: str, path: str, body: dict[str, Any] | None = None, params: dict[str, Any] | None = None
    ) -> httpx.Response:
        try:
            response = await self._http.request(method, path, json=body, params=params)
        except httpx.HTTPError as error:
            raise _unreachable(error) from error
        if not response.is_success and not _is_refusal(response.status_code):
            raise GatewayBusyError(
                f"Wassenger answered {response.status_code}",
                code=str(response.status_code),
                retry_after_s=_retry_after_s(response),
            )
        if not response.is_success:
            _raise_refusal(response)
        return response


def _unreachable(error: httpx.HTTPError) -> GatewayBusyError:
    return GatewayBusyError(
        f"Wassenger cannot be reached: {type(error).__name__}", code=type(error).__name__, retry_after_s=None
    )


def _raise_refusal(response: httpx.Response) -> NoReturn:
    status = response.status_code
    answer = _first_object(response) or {}
    code = str(answer.get("errorCode") or status)
    reason = str(answer.get("message") or "no reason given")
    if token := response.request.headers["Token"]:
        reason = reason.replace(token, "…")
    text = f"Wassenger answered {status}: {reason[:200]}"
    if status == 429:
        raise GatewayBusyError(text, code=code, retry_after_s=_retry_after_s(response))
    if status in _STOPPING or code.startswith(_BROKEN_SESSION):
        raise SenderStoppedError(text, code=code)
    if _is_refusal(status):
        raise MessageRejectedError(text, code=code)
    raise OutcomeUnknownError(text, code=code)


def _is_refusal(status: int) -> bool:
    return 400 <= status < 500 and status not in _NO_VERDICT


def _unreadable(response: httpx.Response) -> GatewayBusyError:
    return GatewayBusyError(
        "Wassenger's answer cannot be read", code=str(response.status_code), retry_after_s=None
    )


def _retry_after_s(response: httpx.Response) -> float | None:
    header = response.headers.get("Retry-After", "")
    if header.isdecimal():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _objects(response: httpx.Response) -> list[dict[str, Any]]:
    answer = _answer(response)
    return [item for item in (answer if isinstance(answer, list) else [answer]) if isinstance(item, dict)]


def _answer(response: httpx.Response) -> list[Any] | dict[str, Any]:
    try:
        answer = response.json()
    except (ValueError, RecursionError) as error:
        raise _unreadable(response) from error
    if isinstance(answer, dict):
        wrapped = answer.get("data", answer.get("messages"))
        return wrapped if isinstance(wrapped, list) else answer
    if not isinstance(answer, list):
        raise _unreadable(response)
    return answer


def _first_object(response: httpx.Response) -> dict[str, Any] | None:
    try:
        return next(iter(_objects(response)), None)
    except GatewayBusyError:
        return None


def _message(item: dict[str, Any]) -> GatewayMessage:
    status = read_status(item.get("deliveryStatus"))
    if status is DeliveryStatus.QUEUED:
        status = read_status(item.get("status"))
    text = {
        key: value for key in ("waId", "reference", "failureReason") if isinstance(value := item.get(key), str)
    }
    return GatewayMessage(
        provider_id=str(item["id"]),
        wa_id=text.get("waId"),
        reference=text.get("reference"),
        status=status,
        accepted_at=read_time(item.get("createdAt")),
        # A failed message may carry a sentAt all the same: the state decides, not the dates.
        sent_at=None if status is DeliveryStatus.FAILED else read_time(item.get("sentAt")),
        failure_reason=text.get("failureReason"),
    )
