"""Numbers by a part of them, in every list alike: people type them with spaces, and in national format."""

import re

from storage.keyset import Where, as_pattern

_TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")  # "+33 (0)6 ...": not dialled after a country code
_BETWEEN_DIGITS = re.compile(r"[\s().\-/]")
_PART = re.compile(r"\+?[0-9]+", re.ASCII)


def phone_pattern(q: str) -> str | None:
    """What LIKE takes to find numbers in E.164 with this part; None if it is no part of a number.

    The zeros that begin a national number, or an international one, are not in E.164.
    """
    digits = _BETWEEN_DIGITS.sub("", _TRUNK_ZERO.sub("", q))
    if not _PART.fullmatch(digits):
        return None
    return f"{digits}%" if digits.startswith("+") else f"%{digits.lstrip('0') or '0'}%"


def of_name_or_phone(where: Where, q: str, *, name: str, phone: str) -> str:
    """The condition of a search for either; `name` is one whose `{}` is the pattern, `phone` a column."""
    by_name = name.format(where.parameter(as_pattern(q)))
    pattern = phone_pattern(q)
    return f"({by_name} OR {phone} LIKE {where.parameter(pattern)})" if pattern else by_name
