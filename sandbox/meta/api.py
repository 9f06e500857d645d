"""`/<version>/<phone number id>`: send, look at the number, set its webhook; templates: `/control/meta`."""

import secrets
from typing import Any

import httpx
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.convertors import StringConvertor, register_url_convertor

from sandbox.api.front import ARRIVED_AT
from sandbox.api.requesting import CurrentWorld
from sandbox.meta.account import Template
from sandbox.meta.errors import MetaError
from sandbox.meta.payloads import REENGAGEMENT
from sandbox.store import Json
from sandbox.webhooks.registry import EVENTS
from sandbox.whatsapp.devices import Device
from sandbox.whatsapp.outbound import Message
from sandbox.world import World


class GraphVersion(StringConvertor):
    """Such as v24.0; Wassenger's paths begin with v1."""

    regex = r"v[0-9]+\.[0-9]+"


register_url_convertor("graph", GraphVersion())
router = APIRouter()

LONGEST_TEXT = 4096
LONGEST_CALLBACK = 200
VERIFY_WITHIN_S = 10.0
INVALID = 100
NO_SUCH_OBJECT = 33


@router.post("/{version:graph}/{number_id}/messages", response_model=None)
async def send_message(number_id: str, request: Request, world: CurrentWorld) -> Json:
    """Takes a message; two equal requests are two messages."""
    number = number_of(world, number_id)
    body = await json_body(request)
    phone = phone_of(body)
    check_number(number)
    now = world.clock.now()
    text, is_template = text_of(world, body)
    world.meta.check_limits(number.id, phone, now)
    is_refused = not is_template and not world.meta.window_is_open(number.id, phone, now)
    behaviour = world.settings.behaviour
    if is_refused and behaviour.meta_window_refusal == "sync":
        raise MetaError(REENGAGEMENT, "Re-engagement message: more than 24 hours since the last reply")
    if not world.people.find(phone).on_whatsapp and behaviour.not_on_whatsapp == "sync":
        raise MetaError(131026, "Message undeliverable")
    message = Message(
        n=world.messages.next_n(),
        id=f"wamid.{secrets.token_urlsafe(30)}",
        device=number.id,
        chat=f"{phone.lstrip('+')}@c.us",
        phone=phone,
        content=content_of(body, text, is_template=is_template),
        accepted_at=request.scope[ARRIVED_AT],
        created_at=now,
        max_retries=0,
        failure_code=REENGAGEMENT if is_refused else None,
    )
    world.messages.add(message)
    if is_refused:
        world.delivery.refuse(message, now, "Re-engagement message")
    else:
        world.delivery.take(message)
    return {
        "messaging_product": "whatsapp",
        "contacts": [{"input": body["to"], "wa_id": phone.lstrip("+")}],
        "messages": [{"id": message.id, "message_status": "accepted"}],
    }


@router.get("/{version:graph}/{number_id}", response_model=None)
async def get_number(number_id: str, world: CurrentWorld) -> Json:
    number = number_of(world, number_id)
    hook = webhook_of(world, number)
    return {
        "id": number.id,
        "display_phone_number": number.phone,
        "verified_name": number.alias,
        "quality_rating": "GREEN",
        "status": "CONNECTED" if number.status == "operative" and number.session == "online" else "BANNED",
        "webhook_configuration": {"phone_number": hook.url}
        if hook
        else {"application": "https://app.example/"},
    }


@router.post("/{version:graph}/{number_id}", response_model=None)
async def change_number(number_id: str, request: Request, world: CurrentWorld) -> Json:
    """Sets the callback of one number, once that has answered the handshake."""
    number = number_of(world, number_id)
    wanted = (await json_body(request)).get("webhook_configuration")
    if not isinstance(wanted, dict):
        raise MetaError(INVALID, "webhook_configuration is required")
    url, token = str(wanted.get("override_callback_uri", "")), str(wanted.get("verify_token", ""))
    if not 0 < len(url) <= LONGEST_CALLBACK:
        raise MetaError(INVALID, f"override_callback_uri has {len(url)} characters, at most {LONGEST_CALLBACK}")
    await verify(url, token)
    if known := webhook_of(world, number):
        world.webhooks.change(known, url=url, status="active", retries=0)
    else:
        world.webhooks.add("meta", url, sorted(EVENTS), number.id, {}, is_meta=True)
    return {"success": True}


class TemplateOrder(BaseModel):
    """A template as a person and Meta's reviewers leave it."""

    model_config = ConfigDict(extra="forbid")

    name: str
    language: str = "en"
    body: str = "{{1}}"
    status: str = "APPROVED"


@router.put("/control/meta/templates", response_model=None)
async def put_template(order: TemplateOrder, world: CurrentWorld) -> JSONResponse:
    world.meta.put_template(Template(**order.model_dump()))
    return JSONResponse(order.model_dump())


async def verify(url: str, token: str) -> None:
    """The handshake: whoever knows the token gives the challenge back."""
    challenge = str(secrets.randbelow(10**9))
    query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": token}
    try:
        async with httpx.AsyncClient(timeout=VERIFY_WITHIN_S) as client:
            answer = await client.get(url, params=query)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise MetaError(2200, f"Callback verification failed: {type(error).__name__}") from error
    if answer.status_code != 200 or answer.text != challenge:
        raise MetaError(2200, f"Callback verification failed with HTTP {answer.status_code}")


def webhook_of(world: World, number: Device) -> Any:
    return next((hook for hook in world.webhooks if hook.is_meta and hook.device == number.id), None)


def number_of(world: World, number_id: str) -> Device:
    number = next((device for device in world.devices if device.is_meta and device.id == number_id), None)
    if number is None:
        raise MetaError(INVALID, f"Object with ID '{number_id}' does not exist", subcode=NO_SUCH_OBJECT)
    return number


def check_number(number: Device) -> None:
    if number.status == "banned" or number.session == "blocked":
        raise MetaError(131031, "Business Account has been locked", status=403)


async def json_body(request: Request) -> Json:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise MetaError(INVALID, "Invalid JSON payload")
    return body


def phone_of(body: Json) -> str:
    if body.get("messaging_product") != "whatsapp":
        raise MetaError(INVALID, "The parameter messaging_product is required")
    digits = str(body.get("to", "")).lstrip("+")
    if not digits.isdecimal():
        raise MetaError(131009, "Parameter value is not valid: to")
    return f"+{digits}"


def text_of(world: World, body: Json) -> tuple[str, bool]:
    """What the phone will show, and whether it comes from a template."""
    if body.get("type") == "template":
        template = body.get("template", {})
        parts = [part for part in template.get("components", []) if part.get("type") == "body"]
        values = [str(each.get("text", "")) for part in parts for each in part.get("parameters", [])]
        name, language = str(template.get("name")), str(template.get("language", {}).get("code"))
        return world.meta.fill(name, language, values), True
    text = body.get("text", {}).get("body")
    if body.get("type") != "text" or not isinstance(text, str) or not text:
        raise MetaError(INVALID, "The parameter text['body'] is required")
    if len(text) > LONGEST_TEXT:
        raise MetaError(INVALID, f"Param text['body'] must be at most {LONGEST_TEXT} characters long")
    return text, False


def content_of(body: Json, text: str, *, is_template: bool) -> Json:
    content: Json = {"message": text}
    if is_template:
        content["template"] = {
            "name": body["template"]["name"],
            "language": body["template"]["language"]["code"],
        }
    if "biz_opaque_callback_data" in body:
        content["reference"] = body["biz_opaque_callback_data"]
    return content
