"""Tells what Wassenger's history holds in the words of its webhooks, so that both take the same way in.

The chat history carries the very `data` of the webhooks. The envelope around it is made here, with the same
event, device, id and acknowledgement: so the key is the same too, and whichever comes second is known.
"""

import hmac
from collections.abc import Iterable
from typing import Any

from providers.base import DeliveryStatus, UnreadableWebhookError, WebhookItem
from providers.wassenger_events import webhook_item
from providers.wassenger_statuses import read_status

Json = dict[str, Any]


def inbound_events(device: str, items: Iterable[Json]) -> list[WebhookItem]:
    """What people sent. Whether it counts is decided where webhooks are read."""
    told = (
        _told("message:reaction" if item.get("type") == "reaction" else "message:in:new", device, item)
        for item in items
        if item.get("flow") != "outbound" and _has_id(item)
    )
    return [item for item in told if item]


def status_events(items: Iterable[Json]) -> list[WebhookItem]:
    """How far messages of ours got, from the gateway's list of them."""
    told = (_status_event(item) for item in items if _has_id(item))
    return [item for item in told if item]


def _status_event(item: Json) -> WebhookItem | None:
    device = str(item.get("device", ""))
    delivery = str(item.get("deliveryStatus", ""))
    if DeliveryStatus.FAILED in {read_status(delivery), read_status(item.get("status"))}:
        return _told("message:out:failed", device, item, entity="message", entityId=item["id"])
    if read_status(delivery) is DeliveryStatus.QUEUED or not isinstance(item.get("waId"), str):
        return None
    known = {name: item[name] for name in ("reference", "sentAt") if item.get(name)}
    return _told("message:out:ack", device, {**known, "id": item["waId"], "flow": "outbound"}, ack=delivery)


def _told(event: str, device: str, data: Json, **more: str) -> WebhookItem | None:
    about = {"id": data["id"], "object": "message", "event": event, "device": {"id": device}, **more}
    try:
        return webhook_item({**about, "data": data})
    except UnreadableWebhookError:  # it holds what cannot be stored
        return None


def _has_id(item: Json) -> bool:
    return isinstance(item.get("id"), str) and bool(item["id"])


def webhook_problems(mine: list[Json], url: str, events: Iterable[str]) -> list[str]:
    """What is wrong with the webhooks of our name, the one to keep first. Their addresses are secret."""
    whole_account = [item for item in mine if not item.get("device")]
    if not mine:
        return ["it is not registered"]
    wrong = []
    if not whole_account:
        wrong.append("it is bound to one device and misses all others")
    elif len(mine) > 1:
        wrong.append(f"there are {len(mine)} of them")
    kept = mine[0]
    registered = str(kept.get("url"))
    if not hmac.compare_digest(registered.encode(), url.encode()):
        is_same_place = registered.rpartition("/")[0] == url.rpartition("/")[0]
        wrong.append("its secret is wrong" if is_same_place else "it points elsewhere")
    listed = kept.get("events")
    if not isinstance(listed, list) or {str(event) for event in listed} != set(events):
        wrong.append("it misses events, or has others")
    if kept.get("status") not in {None, "active"}:
        wrong.append(f"it is {str(kept['status'])[:20]}")
    return wrong
