"""Sends through Wassenger, whose devices are WhatsApp accounts linked by QR code.

Strict in what it sends, because Wassenger refuses unknown fields; tolerant in what it reads, because answers
come as objects or arrays, sometimes without fields, and proxies answer in HTML.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn
from urllib.parse import quote

import httpx

from providers.base import (
    DeliveryStatus,
    DeviceHealth,
    GatewayBusyError,
    GatewayMessage,
    HistoryPage,
    MessageRejectedError,
    OutcomeUnknownError,
    OutgoingMessage,
    SenderStoppedError,
    WebhookItem,
)
from providers.bounded_http import ask
from providers.wassenger_history import inbound_events, status_events, webhook_problems
from providers.wassenger_statuses import read_status
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
LONGEST_BREAK_S = 3600.0  # who asks for more made a mistake, and would silence the sender for years
LONGEST_WEBHOOK_NAME = 30
LOOKUP_SIZE = 20
DEVICES_SIZE = 100
HISTORY_SIZE = 100
DEVICES_PAGES = 10
_STOPPING = {401, 402, 403}
_NO_VERDICT = {408, 425}  # a proxy gave up: that says nothing about the message
_BROKEN_SENDER = ("device:", "session:", "queue:")  # the device, its session or its queue takes nothing
_WRAPPERS = ("data", "messages", "message", "result")
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class WassengerGateway:
    """One Wassenger account, which may own several devices. A malformed token is a ValueError at once."""

    def __init__(self, *, base_url: str, token: str, timeout_s: float) -> None:
        self._within_s = CONNECT_TIMEOUT_S + timeout_s  # no request lasts longer, answer included
        self._http = httpx.AsyncClient(
            base_url=f"{base_url.rstrip('/')}/v1",
            headers={"Token": _clean_token(token)},
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
            response = await ask(self._http, "POST", "/messages", within_s=self._within_s, json=body)
        except _NEVER_SENT as error:
            raise _unreachable(error) from error
        except httpx.HTTPError as error:
            raise OutcomeUnknownError(
                f"no answer from Wassenger: {type(error).__name__}", code=type(error).__name__
            ) from error
        if not response.is_success:
            _raise_refusal(response)
        try:
            accepted = _first_object(response)
        except GatewayBusyError:  # a wording for questions: here the message may have been accepted
            accepted = None
        if accepted is None or not accepted.get("id"):
            raise OutcomeUnknownError("Wassenger's answer cannot be read", code=str(response.status_code))
        return _message(accepted)

    async def find_by_reference(self, *, device: str, reference: str) -> GatewayMessage | None:
        """GET /messages by reference: prefers one that did not fail, since that one may be on a phone."""
        response = await self._read(
            "/messages",
            params={"reference": reference, "device": device, "size": LOOKUP_SIZE, "sort": "date:desc"},
        )
        answer = _answer(response)
        listed = answer if isinstance(answer, list) else [answer]
        found = [
            _message(item) for item in _dicts(listed) if item.get("reference") == reference and item.get("id")
        ]
        is_doubtful = (
            isinstance(answer, dict) or len(listed) >= LOOKUP_SIZE
        )  # no list, or the filter was ignored
        if not found and (is_doubtful or not all(_is_of_another(item, reference) for item in listed)):
            raise _unreadable(response)  # None would be a definite "never accepted"
        found.sort(key=lambda message: message.accepted_at or _LONG_AGO, reverse=True)
        found.sort(key=lambda message: message.status is DeliveryStatus.FAILED)
        return found[0] if found else None

    async def withdraw(self, provider_id: str) -> bool:
        """DELETE /messages/{id}, without force: a message that was sent already is refused, and stays."""
        path = f"/messages/{quote(provider_id, safe='')}"
        try:
            await self._change("DELETE", path)
        except (MessageRejectedError, SenderStoppedError):
            # Perhaps it is gone since an earlier try, whose answer was lost.
            return await self._was_removed(path)
        return True

    async def _was_removed(self, path: str) -> bool:
        try:
            item = _first_object(await self._read(path)) or {}
        except (MessageRejectedError, SenderStoppedError):
            return False
        return item.get("status") == "removed" and not item.get("waId")

    async def device_health(self, device: str) -> DeviceHealth:
        """GET /devices/{id}. Usable means operative, with its session online."""
        response = await self._read(f"/devices/{quote(device, safe='')}")
        item = _first_object(response)
        if item is None:
            raise _unreadable(response)
        return _device(device, item)

    async def list_devices(self) -> list[DeviceHealth]:
        """GET /devices, page by page."""
        found: dict[str, DeviceHealth] = {}  # by id: a page that moved under us may come twice
        for page in range(DEVICES_PAGES):
            response = await self._read("/devices", params={"size": DEVICES_SIZE, "page": page})
            answer = _answer(response)
            if not isinstance(answer, list):
                raise _unreadable(response)
            found |= {item["id"]: _device(item["id"], item) for item in _dicts(answer) if _has_id(item)}
            if len(answer) < DEVICES_SIZE:
                break
        return list(found.values())

    async def number_exists(self, phone: str) -> bool | None:
        """POST /numbers/exists. "No" comes as an answer, or as a 404 in Wassenger's own words."""
        response = await self._ask("POST", "/numbers/exists", {"phone": phone})
        if response.status_code == 404 and _error_body(response).get("message"):  # not the page of a proxy
            return False
        exists = (_first_object(_checked(response)) or {}).get("exists")
        return exists if isinstance(exists, bool) else None

    async def register_webhook(self, *, url: str, name: str) -> list[str]:
        """Leaves exactly one active webhook of that name, for the whole account, pointing at `url`.

        Returns what was wrong. Wassenger takes names of at most 30 characters: a longer one is a ValueError.
        """
        if len(name) > LONGEST_WEBHOOK_NAME:
            raise ValueError(f"the webhook name {name} is too long: at most {LONGEST_WEBHOOK_NAME} characters")
        mine = _webhooks_named(name, await self._read("/webhooks"))
        wanted = {"name": name, "url": url, "events": list(EVENTS)}
        kept = mine[0] if mine and not mine[0].get("device") else None
        wrong = webhook_problems(mine, url, EVENTS)
        for item in mine:
            if item is not kept:
                await self._change("DELETE", f"/webhooks/{item['id']}")
        if kept is None:
            await self._change("POST", "/webhooks", wanted)
            return wrong
        if kept.get("url") != url or not _covers_our_events(kept):
            await self._change("PATCH", f"/webhooks/{kept['id']}", wanted)
        if kept.get("status") not in {None, "active"}:
            await self._change("POST", f"/webhooks/{kept['id']}/enable")
        return wrong

    async def list_reactions(self, *, device: str, since: datetime, until: datetime, page: int) -> HistoryPage:
        """GET /chat/{device}/messages of what came in."""
        period = {"after": since.isoformat(), "before": until.isoformat()}
        params = {"flow": "inbound", "size": HISTORY_SIZE, "page": page, "sort": "date:asc", **period}
        items = await self._list(f"/chat/{quote(device, safe='')}/messages", params)
        return HistoryPage(events=inbound_events(device, items), more=len(items) >= HISTORY_SIZE)

    async def list_statuses(self, *, provider_ids: list[str]) -> list[WebhookItem]:
        """GET /messages by ids."""
        params = {"ids": ",".join(provider_ids), "size": HISTORY_SIZE}
        return status_events(await self._list("/messages", params))

    async def list_accepted(
        self, *, device: str, since: datetime, until: datetime, page: int
    ) -> tuple[list[GatewayMessage], bool]:
        """GET /messages by the time of acceptance."""
        period = {"createdAfter": since.isoformat(), "createdBefore": until.isoformat()}
        params = {"device": device, "size": HISTORY_SIZE, "page": page, "sort": "date:asc", **period}
        items = await self._list("/messages", params)
        found = [_message(item) for item in items if _has_id(item) and item.get("device") in {None, device}]
        return found, len(items) >= HISTORY_SIZE

    async def _list(self, path: str, params: dict[str, Any]) -> list[dict[str, Any]]:
        response = await self._read(path, params=params)
        answer = _answer(response)
        if not isinstance(answer, list):
            raise _unreadable(response)
        return _dicts(answer)

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def _read(self, path: str, params: dict[str, Any] | None = None) -> httpx.Response:
        return await self._change("GET", path, params=params)

    async def _change(
        self, method: str, path: str, body: dict[str, Any] | None = None, params: dict[str, Any] | None = None
    ) -> httpx.Response:
        return _checked(await self._ask(method, path, body, params))

    async def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, params: dict[str, Any] | None = None
    ) -> httpx.Response:
        try:
            return await ask(self._http, method, path, within_s=self._within_s, json=body, params=params)
        except httpx.HTTPError as error:
            raise _unreachable(error) from error


def _checked(response: httpx.Response) -> httpx.Response:
    """An answer to a question, or to a change that may be made twice: worth asking again unless refused."""
    if not response.is_success and not _is_refusal(response.status_code):
        raise GatewayBusyError(
            f"Wassenger answered {response.status_code}",
            code=str(response.status_code),
            retry_after_s=_retry_after_s(response),
        )
    if not response.is_success:
        _raise_refusal(response)
    return response


def _clean_token(token: str) -> str:
    """The token without the name that it is often copied with.

    A character that no header can carry is refused here, because the HTTP library would show the whole token
    in its own error.
    """
    cleaned = token.strip().removeprefix("Token ").strip()
    if not (cleaned.isascii() and cleaned.isprintable()):
        raise ValueError("the Wassenger token holds a character that no token has: copy it again")
    return cleaned


def _webhooks_named(name: str, response: httpx.Response) -> list[dict[str, Any]]:
    """Ours, the one to keep first: one bound to a device misses all others."""
    listed = _answer(response)
    if not isinstance(listed, list):
        raise _unreadable(response)
    mine = [item for item in _dicts(listed) if item.get("name") == name and item.get("id")]
    mine = [item for item in mine if item.get("status") != "removed"]
    return sorted(mine, key=lambda item: bool(item.get("device")))


def _covers_our_events(webhook: dict[str, Any]) -> bool:
    events = webhook.get("events")
    return isinstance(events, list) and {str(event) for event in events} == set(EVENTS)


def _is_of_another(item: object, reference: str) -> bool:
    """Whether this is certainly not our message; one that hides its reference may be."""
    return isinstance(item, dict) and isinstance(item.get("reference"), str) and item["reference"] != reference


def _unreachable(error: httpx.HTTPError) -> GatewayBusyError:
    return GatewayBusyError(
        f"Wassenger cannot be reached: {type(error).__name__}", code=type(error).__name__, retry_after_s=None
    )


def _raise_refusal(response: httpx.Response) -> NoReturn:
    status = response.status_code
    answer = _error_body(response)
    broken = next((code for code in _codes(answer) if code.lower().startswith(_BROKEN_SENDER)), None)
    code = _shown(response, broken or answer.get("errorCode") or status)
    text = f"Wassenger answered {status}: {_shown(response, answer.get('message') or 'no reason given')}"
    if status == 429:
        raise GatewayBusyError(text, code=code, retry_after_s=_retry_after_s(response))
    if status in _STOPPING or broken:
        raise SenderStoppedError(text, code=code)
    if _is_refusal(status):
        raise MessageRejectedError(text, code=code)
    raise OutcomeUnknownError(text, code=code)


def _error_body(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return {}
    return next(iter(_dicts(body if isinstance(body, list) else [body])), {})


def _codes(answer: dict[str, Any]) -> list[str]:
    errors = answer.get("errors")
    inner = [error.get("code") for error in _dicts(errors if isinstance(errors, list) else [])]
    return [str(code) for code in (answer.get("errorCode"), *inner)]


def _shown(response: httpx.Response, part: object) -> str:
    """A part of an answer, short, and without the token even if the answer repeats it."""
    text = str(part)
    token = response.request.headers["Token"]
    return (text.replace(token, "…") if token else text)[:200]


def _is_refusal(status: int) -> bool:
    return 400 <= status < 500 and status not in _NO_VERDICT


def _unreadable(response: httpx.Response) -> GatewayBusyError:
    return GatewayBusyError(
        "Wassenger's answer cannot be read", code=str(response.status_code), retry_after_s=None
    )


def _retry_after_s(response: httpx.Response) -> float | None:
    header = response.headers.get("Retry-After", "")
    if header.isdecimal():
        return min(float(header), LONGEST_BREAK_S)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - datetime.now(UTC)).total_seconds()), LONGEST_BREAK_S)


def _dicts(items: list[Any]) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)]


def _answer(response: httpx.Response) -> list[Any] | dict[str, Any]:
    try:
        answer = response.json()
    except (ValueError, RecursionError) as error:
        raise _unreadable(response) from error
    for _wrapping in range(2):
        if isinstance(answer, dict) and "id" not in answer:
            inner = (answer.get(name) for name in _WRAPPERS)
            answer = next((value for value in inner if isinstance(value, list | dict)), answer)
    if not isinstance(answer, list | dict):
        raise _unreadable(response)
    return answer


def _first_object(response: httpx.Response) -> dict[str, Any] | None:
    answer = _answer(response)
    return next(iter(_dicts(answer if isinstance(answer, list) else [answer])), None)


def _has_id(item: dict[str, Any]) -> bool:
    return isinstance(item.get("id"), str)


def _device(device: str, item: dict[str, Any]) -> DeviceHealth:
    session = item.get("session")
    status = str(item.get("status", "unknown"))
    session_status = str(session.get("status", "unknown")) if isinstance(session, dict) else "unknown"
    text = {key: value for key in ("alias", "phone") if isinstance(value := item.get(key), str) and value}
    return DeviceHealth(
        device=device,
        name=text.get("alias"),
        phone=text.get("phone"),
        status=status,
        session=session_status,
        usable=status == "operative" and session_status == "online",
    )


def _message(item: dict[str, Any]) -> GatewayMessage:
    status = read_status(item.get("deliveryStatus"))
    if status is DeliveryStatus.QUEUED:
        status = read_status(item.get("status"))
    text = {
        key: value
        for key in ("waId", "reference", "failureReason", "phone", "message")
        if isinstance(value := item.get(key), str)
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
        phone=text.get("phone"),
        body=text.get("message"),
    )
