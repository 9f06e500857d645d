"""Phone numbers: whatever people type, as E.164 or as a reason why not."""

import re

import phonenumbers

# What it takes for a number has lost its leading zero: 06399800.00 is how people type.
_DAMAGED_BY_SPREADSHEET = re.compile(r"^\s*\d+([.,]\d+)?[eE]\+?\d+\s*$|^\s*[1-9]\d*[.,]0+\s*$")
_TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")  # "+33 (0)6 ...": not dialled after a country code

SHORTEST, LONGEST = 7, 15  # in digits, with the country code

_REASONS = {
    phonenumbers.ValidationResult.TOO_SHORT: "too short for a phone number",
    phonenumbers.ValidationResult.TOO_LONG: "too long for a phone number",
    phonenumbers.ValidationResult.INVALID_COUNTRY_CODE: "no such country code",
    phonenumbers.ValidationResult.INVALID_LENGTH: "wrong number of digits for its country",
    phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "the area code is missing",
}


class InvalidPhoneError(ValueError):
    """The text is not a phone number; the message says why, in words for the person who typed it."""


def parse_phone(text: str, default_country: str) -> str:
    """The number in E.164, with its plus sign.

    `default_country` (ISO 3166, "FR") is used for national formats. Numbers from ranges reserved for
    fiction are accepted: a number must be possible, not assigned. Raises InvalidPhoneError.
    """
    cleaned = _TRUNK_ZERO.sub("", text.replace("\u00a0", " ").replace("\u202f", " ")).strip()
    if not cleaned:
        raise InvalidPhoneError("no phone number")
    if _DAMAGED_BY_SPREADSHEET.match(cleaned):
        raise InvalidPhoneError("damaged by a spreadsheet: format the column as text and export it again")
    if re.search(r"[A-Za-z]", cleaned):
        raise InvalidPhoneError("not a phone number: it contains letters")
    try:
        number = phonenumbers.parse(cleaned, default_country)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
            raise InvalidPhoneError("no such country code") from error
        if error.error_type == phonenumbers.NumberParseException.TOO_LONG:
            raise InvalidPhoneError("too long for a phone number") from error
        raise InvalidPhoneError("not a phone number") from error
    problem = _REASONS.get(phonenumbers.is_possible_number_with_reason(number))
    if problem:
        raise InvalidPhoneError(problem)
    phone = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    # A few countries have fixed lines with fewer digits, or more: neither E.164 nor the database takes them.
    if not SHORTEST < len(phone) <= LONGEST + 1:
        raise InvalidPhoneError(f"not between {SHORTEST} and {LONGEST} digits with its country code")
    return phone


def mask_phone(phone: str) -> str:
    """A number for logs: enough to recognise a country, too little to call."""
    return f"{phone[:4]}…{phone[-2:]}" if len(phone) > 7 else "…"


def digits_of(phone: str) -> list[str]:
    """The ways in which people and programs write this number (E.164), by their digits alone."""
    number = phonenumbers.parse(phone)
    national = phonenumbers.national_significant_number(number)
    dialled = re.sub(r"[^0-9]", "", phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL))
    return sorted({phone.lstrip("+"), national, dialled, f"00{phone.lstrip('+')}"})
