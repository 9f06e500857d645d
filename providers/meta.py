"""Sends through Meta's WhatsApp Cloud API.

Message 1 is an approved template, because nobody has written to us yet; Message 2 is free-form, inside the
window that the reply has opened. Meta has neither an idempotency key nor a list of messages. What we learn
after an unknown outcome comes with a status webhook, which carries our `biz_opaque_callback_data`: see
docs/decisions/0017.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn
from urllib.parse import quote

import httpx

from providers.base import (
    CannotLookUpError,
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
from providers.meta_errors import BUSY_S, INVALID, MEANINGS, NO_SUCH_OBJECT, PAIR_LIMIT, STOPPING, UNCLEAR

CONNECT_TIMEOUT_S = 3.0
LONGEST_TEXT = 4096  # characters
LONGEST_CALLBACK = 200
FIELDS = "id,display_phone_number,verified_name,quality_rating,status,webhook_configuration"
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_USABLE = frozenset({"CONNECTED", "FLAGGED"})
_NO_VERDICT = frozenset({408, 425})

Json = dict[str, Any]


class MetaGateway:
    """The phone numbers for which there is an access token: one each, or one for all that have none.

    A malformed token is a ValueError at once.
    """

    def __init__(
        self, *, base_url: str, version: str, token: str | None, tokens: Mapping[str, str], timeout_s: float
    ) -> None:
        self._token = _clean_token(token) if token else None
        self._tokens = {number: _clean_token(each) for number, each in tokens.items()}
        self._within_s = CONNECT_TIMEOUT_S + timeout_s
        self._http = httpx.AsyncClient(
            base_url=f"{base_url.rstrip('/')}/{version}",
            timeout=httpx.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S),
            limits=httpx.Limits(max_connections=50, max_keepalive_connections=20, keepalive_expiry=30),
        )

    async def send(self, message: OutgoingMessage) -> GatewayMessage:
        """POST /{phone number id}/messages, once."""
        if message.template is None and len(message.body) > LONGEST_TEXT:
            raise MessageRejectedError(
                f"the text has {len(message.body)} characters, Meta takes {LONGEST_TEXT}", code="too_long"
            )
        path = f"/{quote(message.device, safe='')}/messages"
        try:
            response = await self._request("POST", path, message.device, json=_body(message))
        except _NEVER_SENT as error:
            raise _unreachable(error) from error
        except httpx.HTTPError as error:
            name = type(error).__name__
            raise OutcomeUnknownError(f"no answer from Meta: {name}", code=name) from error
        if not response.is_success:
            self._raise_refusal(response, message.device)
        accepted = _object(_first(_json(response).get("messages")))
        if not isinstance(wamid := accepted.get("id"), str) or not wamid:
            raise OutcomeUnknownError("Meta's answer cannot be read", code=str(response.status_code))
        return GatewayMessage(
            provider_id=wamid,
            wa_id=wamid,
            reference=message.reference,
            status=DeliveryStatus.QUEUED,
            accepted_at=None,
            sent_at=None,
            failure_reason=None,
        )

    async def find_by_reference(self, *, device: str, reference: str) -> GatewayMessage | None:
        """There is nothing to look it up in."""
        raise _no_book(f"what became of message {reference} of number {device}")

    async def withdraw(self, provider_id: str) -> bool:
        """What Meta has accepted is on its way."""
        del provider_id
        return False

    async def device_health(self, device: str) -> DeviceHealth:
        """GET /{phone number id}. Usable means connected; `session` is the quality rating."""
        item = await self._number(device)
        status = str(item.get("status") or "UNKNOWN")
        phone = item.get("display_phone_number")
        digits = "".join(each for each in phone if each.isdecimal()) if isinstance(phone, str) else ""
        name = item.get("verified_name")
        return DeviceHealth(
            device=device,
            name=name if isinstance(name, str) else None,
            phone=f"+{digits}" if digits else None,
            status=status,
            session=f"quality {item.get('quality_rating') or 'UNKNOWN'}",
            usable=status in _USABLE,
        )

    async def list_devices(self) -> list[DeviceHealth]:
        """Those that have an access token of their own; a common one does not say whose it is."""
        return [await self.device_health(number) for number in self._tokens]

    async def number_exists(self, phone: str) -> bool | None:
        """Meta does not answer that: who is not on WhatsApp shows when a message fails."""
        del phone
        raise SenderStoppedError("Meta does not say which numbers are on WhatsApp", code="unsupported")

    async def register_webhook(self, *, url: str, name: str) -> list[str]:
        """Each number has a callback of its own: see `direct_webhook`."""
        del url, name
        return []

    async def direct_webhook(self, device: str, *, url: str, verify_token: str) -> list[str]:
        """Makes sure that what happens to this number is posted to `url`; returns what was wrong with it.

        Meta takes addresses of at most 200 characters: a longer one is a ValueError. Any GatewayError may come,
        also when the handshake with that address failed.
        """
        if len(url) > LONGEST_CALLBACK:
            raise ValueError(f"the address for webhooks is too long: at most {LONGEST_CALLBACK} characters")
        found = _object((await self._number(device)).get("webhook_configuration")).get("phone_number")
        if isinstance(found, str) and hmac.compare_digest(found.encode(), url.encode()):
            return []
        wanted = {"override_callback_uri": url, "verify_token": verify_token}
        path = f"/{quote(device, safe='')}"
        await self._asked("POST", path, device, json={"webhook_configuration": wanted})
        return [f"the callback of number {device} {'pointed elsewhere' if found else 'was not set'}"]

    async def list_reactions(self, *, device: str, since: datetime, until: datetime, page: int) -> HistoryPage:
        """Meta keeps no history."""
        del since, until, page
        raise _no_book(f"what number {device} received")

    async def list_statuses(self, *, provider_ids: list[str]) -> list[WebhookItem]:
        """Meta keeps no history."""
        raise _no_book(f"how far {len(provider_ids)} messages got")

    async def list_accepted(
        self, *, device: str, since: datetime, until: datetime, page: int
    ) -> tuple[list[GatewayMessage], bool]:
        """Meta keeps no history."""
        del since, until, page
        raise _no_book(f"what number {device} sent")

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def _number(self, device: str) -> Json:
        return _json(await self._asked("GET", f"/{quote(device, safe='')}", device, params={"fields": FIELDS}))

    async def _asked(
        self, method: str, path: str, device: str, *, json: Json | None = None, params: Json | None = None
    ) -> httpx.Response:
        """An answer to a question, or to a change that may be made twice."""
        try:
            response = await self._request(method, path, device, json=json, params=params)
        except httpx.HTTPError as error:
            raise _unreachable(error) from error
        if response.is_success:
            return response
        try:
            self._raise_refusal(response, device)
        except OutcomeUnknownError as error:
            raise GatewayBusyError(str(error), code=error.code, retry_after_s=None) from error

    async def _request(
        self, method: str, path: str, device: str, *, json: Json | None = None, params: Json | None = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token_of(device)}"}
        return await ask(
            self._http, method, path, within_s=self._within_s, json=json, params=params, headers=headers
        )

    def _token_of(self, device: str) -> str:
        token = self._tokens.get(device, self._token)
        if token is None:
            raise SenderStoppedError(
                f"there is no access token for number {device}: set RELANCE_META_ACCESS_TOKEN", code="no_token"
            )
        return token

    def _raise_refusal(self, response: httpx.Response, device: str) -> NoReturn:
        status = response.status_code
        error = _object(_json(response).get("error"))
        code = error["code"] if isinstance(error.get("code"), int) else None
        text = self._words(status, code, error, device)
        shown = str(status if code is None else code)
        if code in BUSY_S or (code is None and status == 429):
            raise GatewayBusyError(
                text, code=shown, retry_after_s=BUSY_S.get(code or 0), sender_wide=code != PAIR_LIMIT
            )
        is_no_number = code == INVALID and error.get("error_subcode") == NO_SUCH_OBJECT
        if code in STOPPING or is_no_number or (code is None and status in {401, 402, 403}):
            raise SenderStoppedError(text, code=shown)
        # An answer of 5xx, or one that blames nobody, may follow on a message that was taken: nobody can look.
        if code in UNCLEAR or not 400 <= status < 500 or status in _NO_VERDICT:
            raise OutcomeUnknownError(text, code=shown)
        raise MessageRejectedError(text, code=shown)

    def _words(self, status: int, code: int | None, error: Json, device: str) -> str:
        """What Meta said, short, and without the token even if it repeats it."""
        details = _object(error.get("error_data")).get("details") or error.get("message") or "no reason given"
        meaning = f"{MEANINGS[code]}: " if code in MEANINGS else ""
        said = str(details).replace(self._token_of(device), "…")[:200]
        return f"Meta answered {status if code is None else code}: {meaning}{said}"


def _body(message: OutgoingMessage) -> Json:
    body: Json = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": message.phone,
        # The only thing of ours that comes back, in the status webhooks of this message.
        "biz_opaque_callback_data": f"{message.reference}/{message.attempt}",
    }
    if message.template is None:
        return {**body, "type": "text", "text": {"body": message.body, "preview_url": True}}
    # Meta refuses parameters with line breaks, tabs, or more than four blanks in a row.
    parameter = {"type": "text", "text": " ".join(message.body.split())}
    template = {
        "name": message.template.name,
        "language": {"code": message.template.language},
        "components": [{"type": "body", "parameters": [parameter]}],
    }
    return {**body, "type": "template", "template": template}


def _clean_token(token: str) -> str:
    cleaned = token.strip().removeprefix("Bearer ").strip()
    if not (cleaned.isascii() and cleaned.isprintable()):
        raise ValueError("the access token of Meta holds a character that no token has: copy it again")
    return cleaned


def _no_book(question: str) -> CannotLookUpError:
    return CannotLookUpError(f"Meta cannot be asked {question}: only its webhooks tell", code="no_history")


def _unreachable(error: httpx.HTTPError) -> GatewayBusyError:
    name = type(error).__name__
    return GatewayBusyError(f"Meta cannot be reached: {name}", code=name, retry_after_s=None)


def _json(response: httpx.Response) -> Json:
    try:
        return _object(response.json())
    except (ValueError, RecursionError):
        return {}


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else None
