"""The bytes of one webhook POST: body, secret and signature, whole or spoilt on purpose."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sandbox.behaviour import Behaviour
from sandbox.meta.payloads import of_number
from sandbox.store import Json
from sandbox.webhooks.registry import Webhook
from sandbox.whatsapp.devices import Device

WRONG_SECRET = "wrong-secret"  # noqa: S105 - its point is to be wrong


@dataclass(frozen=True, slots=True)
class Post:
    """What goes over the wire."""

    url: str
    content: bytes
    headers: dict[str, str]


def build_post(
    payload: Json | list[Json],
    webhook: Webhook,
    behaviour: Behaviour,
    fault: str | None,
    wrong_device: Device,
) -> Post:
    """Puts a POST together, with the fault that the test asked for."""
    if webhook.is_meta:
        return meta_post(payload, webhook, behaviour, fault, wrong_device)
    if fault == "wrong_device":
        payload = from_device(payload, wrong_device)
    content = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    if fault == "truncate":
        content = content[: len(content) // 2]
    elif fault == "malformed":
        content = b'{"event":7,"device":"nobody","data":[null]}'

    secret_is_wrong = fault == "wrong_secret"
    secret = WRONG_SECRET if secret_is_wrong else behaviour.secret or webhook.secret
    url = webhook.url
    headers = {"Content-Type": "application/json", "User-Agent": "Wassenger-Sandbox", **webhook.headers}
    if secret_is_wrong:
        url = with_query_values(url, WRONG_SECRET)
        headers.update(dict.fromkeys(webhook.headers, WRONG_SECRET))
    if behaviour.security == "query":
        url = with_query(url, behaviour.secret_query, secret)
    elif behaviour.security == "header":
        headers[behaviour.secret_header] = secret
    elif behaviour.security == "hmac":
        signature = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
        headers["X-Wassenger-Signature"] = f"sha256={signature}"
    return Post(url, content, headers)


def meta_post(
    payload: Json | list[Json], webhook: Webhook, behaviour: Behaviour, fault: str | None, wrong_device: Device
) -> Post:
    """Meta proves itself by a signature of the very bytes, whatever is in them."""
    if fault == "wrong_device" and isinstance(payload, dict):
        payload = of_number(payload, wrong_device)
    content = json.dumps(payload, separators=(",", ":")).encode()  # ASCII, with escapes, as the real one
    if fault == "truncate":
        content = content[: len(content) // 2]
    elif fault == "malformed":
        content = b'{"object":"whatsapp_business_account","entry":[null,{"changes":7}]}'
    secret = WRONG_SECRET if fault == "wrong_secret" else behaviour.meta_app_secret
    signature = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "facebookexternalua",
        "X-Hub-Signature-256": f"sha256={signature}",
    }
    return Post(webhook.url, content, headers)


def from_device(payload: Json | list[Json], device: Device) -> Json | list[Json]:
    """The same payload as if another number had sent it."""
    if isinstance(payload, list):
        return [{**item, "data": {**item["data"], "device": device.id}} for item in payload]
    return {**payload, "device": {**payload["device"], "id": device.id, "phone": device.phone}}


def with_query(url: str, name: str, value: str) -> str:
    """Sets one parameter of an address."""
    parts = urlsplit(url)
    pairs = [pair for pair in parse_qsl(parts.query) if pair[0] != name]
    return urlunsplit(parts._replace(query=urlencode([*pairs, (name, value)])))


def with_query_values(url: str, value: str) -> str:
    """Every parameter of an address gets the same value."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode([(name, value) for name, _ in parse_qsl(parts.query)])))
