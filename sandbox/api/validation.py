"""Wassenger's validator is strict: one unknown or malformed field and the whole message is refused with 400."""

import re
from collections.abc import Callable
from typing import Any

from sandbox.clock import parse_moment
from sandbox.errors import ApiError, Problem
from sandbox.store import Json

Check = Callable[[Any], bool]

TARGETS = ("phone", "group", "channel", "chat")
CONTENTS = (
    "message",
    "media",
    "poll",
    "buttons",
    "list",
    "location",
    "contacts",
    "reaction",
    "forward",
    "event",
    "template",
)

PHONE = re.compile(r"\+[1-9]\d{6,14}")
HEX_ID = re.compile(r"[0-9a-f]{24}")
CHAT = re.compile(r"[0-9-]+@(c\.us|lid|g\.us)")
DURATION = re.compile(r"(\d+)(s|m|h|d)")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

LONGEST_TEXT = 6000
EXPIRATION_SECONDS = range(5, 8_035_201)
MOST_RETRIES = 100


def is_phone(value: Any) -> bool:
    return isinstance(value, str) and PHONE.fullmatch(value) is not None


def is_hex_id(value: Any) -> bool:
    return isinstance(value, str) and HEX_ID.fullmatch(value) is not None


def is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_moment(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parse_moment(value)
    except ValueError:
        return False
    return True


def is_duration(value: Any) -> bool:
    return isinstance(value, str) and DURATION.fullmatch(value) is not None


def is_media(value: Any) -> bool:
    if not isinstance(value, dict) or not set(value) <= {
        "url",
        "file",
        "filename",
        "format",
        "viewOnce",
        "expiration",
    }:
        return False
    one_source = ("url" in value) != ("file" in value)
    return one_source and value.get("format", "native") in ("native", "gif", "ptt")


def is_expiration(value: Any) -> bool:
    if not isinstance(value, dict) or len(value) != 1:
        return False
    if "seconds" in value:
        return is_integer(value["seconds"]) and value["seconds"] in EXPIRATION_SECONDS
    if "duration" in value:
        return is_duration(value["duration"])
    return is_moment(value.get("date"))


def is_poll(value: Any) -> bool:
    if not isinstance(value, dict) or not is_text(value.get("name")):
        return False
    options = value.get("options")
    return isinstance(options, list) and len(options) >= 2


def one_of(*values: object) -> Check:
    return lambda value: isinstance(value, str) and value in values


def of_type(kind: type) -> Check:
    return lambda value: isinstance(value, kind)


RULES: dict[str, tuple[Check, str]] = {
    "phone": (is_phone, "must be E.164 with a leading +"),
    "group": (lambda value: is_text(value) and value.endswith("@g.us"), "must end in @g.us"),
    "channel": (lambda value: is_text(value) and value.endswith("@newsletter"), "must end in @newsletter"),
    "chat": (
        lambda value: isinstance(value, str) and CHAT.fullmatch(value) is not None,
        "must be a WhatsApp id",
    ),
    "device": (is_hex_id, "must be 24 hexadecimal characters"),
    "message": (
        lambda value: is_text(value) and len(value) <= LONGEST_TEXT,
        "must have 1 to 6000 characters",
    ),
    "media": (is_media, "must be {url} or {file}, with filename, format, viewOnce or expiration"),
    "priority": (one_of("low", "normal", "high", "urgent"), "must be low, normal, high or urgent"),
    "reference": (is_text, "must be text"),
    "deliverAt": (is_moment, "must be an ISO date"),
    "schedule": (
        lambda value: isinstance(value, dict) and list(value) == ["delayTo"] and is_duration(value["delayTo"]),
        'must be {"delayTo": "1h"}',
    ),
    "expiration": (is_expiration, "must be one of {seconds: 5 to 8035200}, {duration} or {date}"),
    "enqueue": (one_of("always", "never", "opportunistic"), "must be always, never or opportunistic"),
    "live": (of_type(bool), "must be true or false"),
    "retries": (
        lambda value: is_integer(value) and 0 <= value <= MOST_RETRIES,
        "must be a whole number from 0 to 100",
    ),
    "order": (of_type(bool), "must be true or false"),
    "typing": (
        lambda value: is_integer(value) and (value == 0 or 2 <= value <= 30),
        "must be 0 or 2 to 30 seconds",
    ),
    "sendReadAck": (of_type(bool), "must be true or false"),
    "quote": (is_text, "must be a message id"),
    "agent": (is_text, "must be an agent id"),
    "label": (is_text, "must be a label"),
    "actions": (of_type(list), "must be a list"),
    "poll": (is_poll, "must be {name, options: at least two}"),
    "buttons": (of_type(list), "must be a list"),
    "list": (of_type(dict), "must be an object"),
    "location": (of_type(dict), "must be an object"),
    "contacts": (of_type(list), "must be a list"),
    "reaction": (is_text, "must be an emoji, or - to remove it"),
    "reactionMessage": (is_text, "must be a message id"),
    "forward": (is_text, "must be a message id"),
    "event": (of_type(dict), "must be an object"),
    "template": (
        lambda value: isinstance(value, dict) and is_text(value.get("name")) and is_text(value.get("language")),
        "must have name and language",
    ),
}


def check_message(body: object) -> Json:
    """Gives the body of a send back when Wassenger would take it.

    Raises
    ------
    ApiError
        400, with every problem that was found.
    """
    if not isinstance(body, dict):
        raise refusal([problem("body", "must be a JSON object")])
    problems = field_problems(body)
    targets = [name for name in TARGETS if name in body]
    if len(targets) != 1:
        problems.append(problem("target", "exactly one of phone, group, channel or chat is needed"))
    if not any(name in body for name in CONTENTS):
        problems.append(problem("message", "a message needs some content"))
    if body.get("order") is True and (body.get("live") is True or body.get("enqueue") == "never"):
        problems.append(problem("order", "does not go with live or enqueue: never"))
    if problems:
        raise refusal(problems)
    return body


def field_problems(body: Json) -> list[Problem]:
    problems = []
    for name, value in body.items():
        if name not in RULES:
            problems.append(
                {
                    "code": "field:unknown",
                    "reason": "additionalProperties",
                    "message": f"{name} is not allowed",
                }
            )
            continue
        check, requirement = RULES[name]
        if not check(value):
            problems.append(problem(name, requirement))
    return problems


def problem(name: str, requirement: str) -> Problem:
    return {"code": f"{name}:invalid", "reason": "validation", "message": f"{name} {requirement}"}


def refusal(problems: list[Problem]) -> ApiError:
    """400; only the two codes seen on the real API appear as `errorCode`, which is not always present there."""
    codes = [found["code"] for found in problems]
    code = next((known for known in ("phone:invalid", "device:invalid") if known in codes), None)
    return ApiError(400, f"Bad request: {problems[0]['message']}", code, problems)


def duration_s(text: str) -> float:
    """`90s`, `5m`, `1h`, `2d` in seconds; the text has passed `is_duration`."""
    amount, unit = text[:-1], text[-1]
    return float(amount) * SECONDS[unit]


def deliver_at(body: Json, now: float) -> float | None:
    """When a checked message is wanted, if it was scheduled."""
    if "deliverAt" in body:
        return parse_moment(body["deliverAt"])
    if "schedule" in body:
        return now + duration_s(body["schedule"]["delayTo"])
    return None


def expires_at(body: Json, now: float) -> float | None:
    """When a checked message is not to be sent any more."""
    expiration = body.get("expiration")
    if expiration is None:
        return None
    if "seconds" in expiration:
        return now + float(expiration["seconds"])
    if "duration" in expiration:
        return now + duration_s(expiration["duration"])
    return parse_moment(expiration["date"])
