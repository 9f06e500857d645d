"""The kinds of reaction that count as an interaction (E7): every human one."""

import re
from enum import StrEnum

# Emoji live in these blocks, or are keys such as 1️⃣; joiners, selectors and tags only modify them.
_EMOJI = re.compile(
    "[0-9#*]\ufe0f?\u20e3|["
    "\U0001f000-\U0001faff\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\u00a9\u00ae\u203c\u2049\u2122\u2139]"
)
_MODIFIER = re.compile("[\u200d\ufe0e\ufe0f\U000e0020-\U000e007f\\s]")


class InteractionKind(StrEnum):
    """How somebody reacted."""

    TEXT = "text"
    EMOJI = "emoji"
    VOICE = "voice"
    AUDIO = "audio"
    IMAGE = "image"
    VIDEO = "video"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACTS = "contacts"
    POLL = "poll"
    POLL_VOTE = "poll_vote"
    BUTTONS_RESPONSE = "buttons_response"
    LIST_RESPONSE = "list_response"
    REACTION = "reaction"
    OTHER = "other"  # a kind that did not exist when this was written: it counts as well


def is_emoji_only(text: str) -> bool:
    """Whether a text consists of nothing but emoji."""
    rest, emoji = _EMOJI.subn("", text)
    return emoji > 0 and not _MODIFIER.sub("", rest)
