"""Webhook bodies as Meta sends them, for tests that need one at an exact time or in an odd order."""

import hashlib
import hmac
import json
import secrets
from datetime import UTC, datetime
from typing import Any

from activities.intake import Intake
from local.addresses import SANDBOX_APP_SECRET
from providers.meta_events import split_webhook
from storage import webhook_events
from storage.database import Pool

Json = dict[str, Any]


def body(number: str, field: str = "messages", /, **lists: list[Json]) -> Json:
    """One POST about one number, with its messages and statuses."""
    metadata = {"display_phone_number": "33639980000", "phone_number_id": number}
    value = {"messaging_product": "whatsapp", "metadata": metadata, **lists}
    entry = {"id": "200000000000001", "changes": [{"field": field, "value": value}]}
    return {"object": "whatsapp_business_account", "entry": [entry]}


def status(
    name: str, *, reference: str | None, wamid: str = "", code: int | None = None, at: datetime | None = None
) -> Json:
    """How far a message got; `code` for one that failed."""
    told: Json = {
        "id": wamid or f"wamid.{secrets.token_hex(8)}",
        "status": name,
        "timestamp": str(int((at or datetime.now(UTC)).timestamp())),
        "recipient_id": "33639980000",
    }
    if reference:
        told["biz_opaque_callback_data"] = reference
    if code:
        told["errors"] = [{"code": code, "title": "no", "error_data": {"details": "why"}}]
    return told


def text(phone: str, said: str = "yes", **more: Any) -> Json:
    """Somebody wrote."""
    return {
        "from": phone.lstrip("+"),
        "id": f"wamid.{secrets.token_hex(8)}",
        "timestamp": str(int(datetime.now(UTC).timestamp())),
        "type": "text",
        "text": {"body": said},
        **more,
    }


def preference(phone: str, wanted: str, **more: Any) -> Json:
    """Somebody has set in WhatsApp whether they want marketing messages: a `user_preferences` webhook."""
    return {
        "wa_id": phone.lstrip("+"),
        "detail": f"User requested to {wanted} marketing messages",
        "category": "marketing_messages",
        "value": wanted,
        "timestamp": int(datetime.now(UTC).timestamp()),
        **more,
    }


def preference_message(phone: str, wanted: str) -> Json:
    """The same as a message of the system."""
    system = {"body": "a sentence", "marketing": wanted, "type": "user_preference_changed"}
    said = text(phone, type="system", system=system)
    return {name: part for name, part in said.items() if name != "text"}


def signed(payload: Json, secret: str = SANDBOX_APP_SECRET) -> tuple[bytes, dict[str, str]]:
    """The bytes and the headers of a POST."""
    raw = json.dumps(payload).encode()
    return raw, {"X-Hub-Signature-256": signature(raw, secret), "Content-Type": "application/json"}


def signature(raw: bytes, secret: str = SANDBOX_APP_SECRET) -> str:
    """As Meta makes it."""
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


async def deliver(pool: Pool, intake: Intake, payload: Json) -> list[str]:
    """The whole way of one body; gives what each of its updates did."""
    done = []
    for item in split_webhook(json.dumps(payload).encode()):
        event = await webhook_events.store_event(pool, key=item.key, event=item.event, payload=item.payload)
        done.append(await intake.process(event) if event else "known")
    return done
