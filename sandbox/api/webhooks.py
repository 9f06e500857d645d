"""`/v1/webhooks`: register an address, look after it, read what was sent to it."""

from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from sandbox.api.account import unknown_fields
from sandbox.api.requesting import CurrentWorld, Query, json_object
from sandbox.api.validation import is_hex_id, is_text, problem, refusal
from sandbox.errors import Problem
from sandbox.store import Json
from sandbox.webhooks.registry import EVENTS, log_object, webhook_object

router = APIRouter(prefix="/v1/webhooks")

LONGEST_NAME = 30
FIELDS = {"name", "url", "events", "device", "headers"}
LARGEST_LOG = 1000


@router.post("", response_model=None)
async def create_webhook(request: Request, world: CurrentWorld) -> JSONResponse:
    body = await json_object(request)
    problems = [problem(name, "is needed") for name in ("name", "url", "events") if name not in body]
    check(problems + webhook_problems(body))
    if body.get("device") is not None:
        world.devices.get(body["device"])
    webhook = world.webhooks.add(
        body["name"], body["url"], body["events"], body.get("device"), body.get("headers", {})
    )
    shown = webhook_object(webhook)
    if world.settings.behaviour.security == "hmac":
        shown["secret"] = webhook.secret
    return JSONResponse(shown, status_code=201)


@router.get("", response_model=None)
async def list_webhooks(world: CurrentWorld) -> list[Json]:
    return [webhook_object(webhook) for webhook in world.webhooks if not webhook.is_meta]


@router.get("/{webhook_id}", response_model=None)
async def get_webhook(webhook_id: str, world: CurrentWorld) -> Json:
    return webhook_object(world.webhooks.get(webhook_id))


@router.patch("/{webhook_id}", response_model=None)
async def change_webhook(webhook_id: str, request: Request, world: CurrentWorld) -> Json:
    webhook = world.webhooks.get(webhook_id)
    changes = await json_object(request)
    check(webhook_problems(changes))
    if changes.get("device") is not None:
        world.devices.get(changes["device"])
    world.webhooks.change(webhook, **changes)
    return webhook_object(webhook)


@router.delete("/{webhook_id}", response_model=None)
async def delete_webhook(webhook_id: str, world: CurrentWorld) -> Json:
    webhook = world.webhooks.get(webhook_id)
    world.webhooks.remove(webhook)
    return webhook_object(webhook)


@router.post("/{webhook_id}/enable", response_model=None)
async def enable_webhook(webhook_id: str, world: CurrentWorld) -> Json:
    """Switches an address on again that failed too often."""
    webhook = world.webhooks.get(webhook_id)
    world.webhooks.change(webhook, status="active", retries=0)
    return webhook_object(webhook)


@router.get("/{webhook_id}/logs", response_model=None)
async def webhook_logs(webhook_id: str, request: Request, world: CurrentWorld) -> list[Json]:
    """Newest first."""
    webhook = world.webhooks.get(webhook_id)
    query = Query(request)
    size, skip = query.number("size", 20, LARGEST_LOG), query.number("skip", 0, 1_000_000)
    entries = [entry for entry in world.webhooks.notifications() if entry.webhook == webhook.id]
    entries.reverse()
    return [log_object(entry) for entry in entries[skip : skip + size]]


def check(problems: list[Problem]) -> None:
    if problems:
        raise refusal(problems)


def webhook_problems(body: Json) -> list[Problem]:
    problems = unknown_fields(body, FIELDS)
    if "name" in body and not (is_text(body["name"]) and len(body["name"]) <= LONGEST_NAME):
        problems.append(problem("name", f"must have 1 to {LONGEST_NAME} characters"))
    if "url" in body and not is_web_address(body["url"]):
        problems.append(problem("url", "must be an http or https address"))
    if "events" in body and not are_events(body["events"]):
        problems.append(problem("events", "must be a list of known events"))
    if body.get("device") is not None and not is_hex_id(body["device"]):
        problems.append(problem("device", "must be 24 hexadecimal characters"))
    if "headers" in body and not are_headers(body["headers"]):
        problems.append(problem("headers", "must be an object of texts"))
    return problems


def is_web_address(value: object) -> bool:
    if not isinstance(value, str):
        return False
    parts = urlsplit(value)
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def are_events(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(event in EVENTS for event in value)


def are_headers(value: object) -> bool:
    return isinstance(value, dict) and all(is_text(text) for text in value.values())
