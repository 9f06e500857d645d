"""Reads what Meta's webhooks say.

One POST holds up to a thousand updates: entries, changes in them, messages and statuses in those. Each update
is stored alone, in an envelope of the same shape, so that it has a key, an outcome and a life of its own.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from domain.interactions import InteractionKind, is_emoji_only
from providers.base import (
    DeliveryStatus,
    DeliveryUpdate,
    Ignored,
    InboundMessage,
    UnreadableWebhookError,
    WebhookItem,
    WebhookNews,
)
from providers.meta_errors import ACCOUNT_FAILED, BUSY_S, MEANINGS, OPTED_OUT, STOPPING
from providers.storable import storable

OBJECT = "whatsapp_business_account"
MOST_ITEMS = 1000  # that Meta puts into one body
INBOUND = "message:in:meta"
STATUS = "message:out:meta"

Json = dict[str, Any]

_DIGITS = re.compile(r"^\+?([1-9][0-9]{6,14})$", re.ASCII)
_ATTEMPT = re.compile(r"^[1-9][0-9]{0,5}$", re.ASCII)
_FIRST_SECOND = 1_420_070_400  # 2015: what is earlier is nonsense
_LAST_SECOND = 4_102_444_800
_NOT_PEOPLE = frozenset({"system", "request_welcome"})
_STOP = "stop"  # as opposed to "resume", which takes back no opt-out: only a person here does
_UPDATES = ("messages", "statuses", "user_preferences")
_KINDS = {
    "audio": InteractionKind.AUDIO,
    "image": InteractionKind.IMAGE,
    "video": InteractionKind.VIDEO,
    "document": InteractionKind.DOCUMENT,
    "sticker": InteractionKind.STICKER,
    "location": InteractionKind.LOCATION,
    "contacts": InteractionKind.CONTACTS,
    "button": InteractionKind.BUTTONS_RESPONSE,
    "interactive": InteractionKind.BUTTONS_RESPONSE,
    "reaction": InteractionKind.REACTION,
}
_STATUSES = {
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "played": DeliveryStatus.READ,
    "failed": DeliveryStatus.FAILED,
}


def is_signed(raw: bytes, signature: str | None, app_secret: str) -> bool:
    """Whether these very bytes come from somebody who knows the app's secret (X-Hub-Signature-256)."""
    expected = "sha256=" + hmac.new(app_secret.encode(), raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), (signature or "").encode())


def split_webhook(raw: bytes) -> list[WebhookItem]:
    """The updates of one body. Raises UnreadableWebhookError when it holds anything else, or nothing."""
    try:
        body = json.loads(raw, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise UnreadableWebhookError(f"no JSON: {error}") from error
    if not isinstance(body, dict) or body.get("object") != OBJECT:
        raise UnreadableWebhookError("it is not about a WhatsApp business account")
    try:
        items = [_item(storable(update)) for update in _updates(body)]
    except RecursionError as error:
        raise UnreadableWebhookError("nested too deeply") from error
    if not 0 < len(items) <= MOST_ITEMS:
        raise UnreadableWebhookError(f"{len(items)} updates in one body")
    return items


def _updates(body: Json) -> Iterator[Json]:
    for entry in _objects(body.get("entry")):
        for change in _objects(entry.get("changes")):
            value = _object(change.get("value"))
            common = {name: part for name, part in value.items() if name not in {*_UPDATES, "contacts"}}
            contacts = _objects(value.get("contacts"))
            told = [(name, update) for name in _UPDATES for update in _objects(value.get(name))]
            for name, update in told:
                alone = {**common, name: [update]}
                if name == "messages":
                    alone["contacts"] = [each for each in contacts if each.get("wa_id") == update.get("from")]
                yield _alone(entry, change, alone)
            if not told:
                yield _alone(entry, change, common)


def _alone(entry: Json, change: Json, value: Json) -> Json:
    return {"object": OBJECT, "entry": [{"id": entry.get("id"), "changes": [{**change, "value": value}]}]}


def _item(payload: Json) -> WebhookItem:
    field, value = _change(payload)
    number = _text(_object(value.get("metadata")).get("phone_number_id"))
    message, status = _first(value.get("messages")), _first(value.get("statuses"))
    if identity := _text(message.get("id")):
        event, parts = INBOUND, [number, identity]
    elif identity := _text(status.get("id")):
        event, parts = STATUS, [number, identity, _text(status.get("status"))]
    else:
        content = json.dumps(payload, sort_keys=True).encode()
        event, parts = f"meta:{field[:60]}", [hashlib.sha256(content).hexdigest()[:24]]
    return WebhookItem(event=event, key="|".join([event, *parts]), payload=payload)


def interpret(payload: Json, received_at: datetime) -> WebhookNews:
    """What one update means. Never raises: odd content is `Ignored` with its reason."""
    field, value = _change(payload)
    number = _text(_object(value.get("metadata")).get("phone_number_id"))
    if message := _first(value.get("messages")):
        return _inbound(number, value, message, received_at)
    if status := _first(value.get("statuses")):
        return _status(status, received_at)
    if preference := _first(value.get("user_preferences")):
        return _preference(number, preference, received_at)
    if error := _first(value.get("errors")):
        return Ignored(f"Meta reports error {error.get('code')}")
    return Ignored(f"a change of {field[:60]}")


def _inbound(number: str, value: Json, message: Json, received_at: datetime) -> WebhookNews:
    kind = _text(message.get("type"))
    if kind == "system" and _object(message.get("system")).get("marketing") == _STOP:
        return _asked_to_stop(number, message, "from", received_at)
    if kind in _NOT_PEOPLE:
        return Ignored(f"a message of the type {kind}")
    reaction = _object(message.get("reaction"))
    if kind == "reaction" and not _text(reaction.get("emoji")):
        return Ignored("a reaction taken back")
    text = _body(message, kind)
    return InboundMessage(
        device=number,
        phone=_phone(message.get("from")) or _phone(_first(value.get("contacts")).get("wa_id")),
        kind=_kind(message, kind, text),
        text=text,
        quoted_wa_id=_text(_object(message.get("context")).get("id"))
        or _text(reaction.get("message_id"))
        or None,
        quoted_reference=None,
        occurred_at=_time(message.get("timestamp"), received_at),
    )


def _preference(number: str, preference: Json, received_at: datetime) -> WebhookNews:
    """What somebody has set in WhatsApp itself, under "Offers and announcements" of our number."""
    if (wanted := _text(preference.get("value"))) != _STOP:
        return Ignored(f"somebody prefers marketing messages to {wanted[:60]}")
    return _asked_to_stop(number, preference, "wa_id", received_at)


def _asked_to_stop(number: str, told: Json, who: str, received_at: datetime) -> InboundMessage:
    return InboundMessage(
        device=number,
        phone=_phone(told.get(who)),
        kind=InteractionKind.OTHER,
        text=None,
        quoted_wa_id=None,
        quoted_reference=None,
        occurred_at=_time(told.get("timestamp"), received_at),
        asks_to_stop=True,
    )


def _kind(message: Json, kind: str, text: str | None) -> InteractionKind:
    if kind == "text":
        return InteractionKind.EMOJI if text and is_emoji_only(text) else InteractionKind.TEXT
    if kind == "audio" and _object(message.get("audio")).get("voice") is True:
        return InteractionKind.VOICE
    if kind == "interactive" and "list_reply" in _object(message.get("interactive")):
        return InteractionKind.LIST_RESPONSE
    return _KINDS.get(kind, InteractionKind.OTHER)  # "unsupported" too: a person did something


def _body(message: Json, kind: str) -> str | None:
    content = _object(message.get(kind))
    for reply in ("button_reply", "list_reply"):
        content = {**content, "title": _object(content.get(reply)).get("title") or content.get("title")}
    for name in ("body", "caption", "text", "title"):
        if text := _text(content.get(name)):
            return text
    return None


def _status(status: Json, received_at: datetime) -> WebhookNews:
    reached = _STATUSES.get(_text(status.get("status")))
    if reached is None:
        return Ignored(f"status {_text(status.get('status'))[:60]}")
    error = _first(status.get("errors")) if reached is DeliveryStatus.FAILED else {}
    wamid = _text(status.get("id")) or None
    reference, _, attempt = _text(status.get("biz_opaque_callback_data")).partition("/")
    code = error.get("code") if isinstance(error.get("code"), int) else None
    return DeliveryUpdate(
        provider_id=wamid,
        wa_id=wamid,
        reference=reference or None,
        status=reached,
        occurred_at=_time(status.get("timestamp"), received_at),
        failure_reason=_reason(error) if reached is DeliveryStatus.FAILED else None,
        opted_out=code == OPTED_OUT,
        stops_sender=code in ACCOUNT_FAILED,
        attempt=int(attempt) if _ATTEMPT.match(attempt) else None,
        is_held=code in STOPPING or code in BUSY_S,
    )


def _reason(error: Json) -> str:
    code = error.get("code")
    details = _text(_object(error.get("error_data")).get("details"))
    said = details or _text(error.get("title")) or "no reason given"
    meaning = MEANINGS.get(code, "") if isinstance(code, int) else ""
    return f"Meta {code}: {meaning or said}"[:300]


def _time(value: object, received_at: datetime) -> datetime:
    """The provider's time, in seconds as text, never later than our receipt."""
    text = str(value)
    if not (text.isascii() and text.isdecimal() and _FIRST_SECOND <= int(text[:12]) <= _LAST_SECOND):
        return received_at
    return min(datetime.fromtimestamp(int(text[:12]), UTC), received_at)


def _phone(value: object) -> str | None:
    match = _DIGITS.match(_text(value))
    return f"+{match[1]}" if match else None


def _change(payload: Json) -> tuple[str, Json]:
    change = _first(_first(payload.get("entry")).get("changes"))
    return _text(change.get("field")), _object(change.get("value"))


def _first(value: object) -> Json:
    return _object(value[0]) if isinstance(value, list) and value else {}


def _objects(value: object) -> list[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
