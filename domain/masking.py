"""Takes phone numbers out of text that leaves our hands, such as a log line."""

import re

from domain.phone import mask_phone

# E.164 with its plus sign, also as a URL writes it, or spaced as people write it. No id and no time has
# so many digits behind a plus sign.
_PHONE = re.compile(r"(\+|%2[Bb])([1-9](?:[ \u00a0.()\-]{0,2}[0-9]){6,14})(?![0-9])")
# What WhatsApp calls a chat: a person, one of their devices, a group that bears its maker's number.
_CHAT = re.compile(
    r"(?<![0-9])([0-9]{6,20})((?::[0-9]+|-[0-9]+)?(?:@|%40)(?:c\.us|s\.whatsapp\.net|g\.us|lid|broadcast|newsletter)(?![A-Za-z.]))"
)


def mask_phones(text: str) -> str:
    """The text with its numbers and chat ids masked; everything else, ids among it, stays as it is."""
    if "+" not in text and "@" not in text and "%" not in text:
        return text
    return _CHAT.sub(_masked_chat, _PHONE.sub(_masked_phone, text))


def _masked_phone(found: re.Match[str]) -> str:
    digits = re.sub(r"[^0-9]", "", found[2])
    return mask_phone(f"+{digits}")


def _masked_chat(found: re.Match[str]) -> str:
    return mask_phone(f"+{found[1]}")[1:] + found[2]
