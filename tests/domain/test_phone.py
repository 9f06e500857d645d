"""What people type as phone numbers."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.phone import InvalidPhoneError, mask_phone, parse_phone


@pytest.mark.parametrize(
    "text",
    [
        "06 39 98 00 01",
        "06.39.98.00.01",
        "06-39-98-00-01",
        "0639980001",
        "06399800.01",
        "639980001",  # a spreadsheet ate the zero
        "33639980001",
        "+33639980001",
        "+33 6 39 98 00 01",
        "+33 (0)6 39 98 00 01",
        "+33 ( 0 ) 6 39 98 00 01",
        "(+33) 6 39 98 00 01",
        "0033 6 39 98 00 01",
        "  06\u00a039\u202f98\u00a000\u202f01\t",
        "+33-6-39-98-00-01",
    ],
)
def test_every_way_of_writing_a_french_number_gives_the_same_one(text: str) -> None:
    assert parse_phone(text, "FR") == "+33639980001"


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("+44 7700 900123", "FR", "+447700900123"),
        ("07700 900123", "GB", "+447700900123"),
        ("+44 (0)7700 900123", "FR", "+447700900123"),
        ("+1 (202) 555-0143", "FR", "+12025550143"),
        ("001 202 555 0143", "FR", "+12025550143"),
        ("(202) 555-0143", "US", "+12025550143"),
        ("+46 70 174 06 05", "FR", "+46701740605"),
        ("0491 570 006", "AU", "+61491570006"),
    ],
)
def test_numbers_of_other_countries_keep_their_country(text: str, country: str, expected: str) -> None:
    assert parse_phone(text, country) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no phone number"),
        ("+49 1234", "not between 7 and 15 digits"),
        ("+49 12345678901234", "not between 7 and 15 digits"),
        (" \u00a0\u202f ", "no phone number"),
        ("3.36E+10", "damaged by a spreadsheet"),
        ("3,36398E+10", "damaged by a spreadsheet"),
        ("336e8", "damaged by a spreadsheet"),
        ("33639980001.0", "damaged by a spreadsheet"),
        ("33639980001,00", "damaged by a spreadsheet"),
        ("call me", "contains letters"),
        ("06 39 98 xx xx", "contains letters"),
        ("camille@shop.example", "contains letters"),
        ("06 39", "too short"),
        ("+33 6 39 98 00", "too short"),
        ("06 39 98 00 01 00", "too long"),
        ("06 39 98 00 01 02 03 04 05 06", "too long"),
        ("+999 639 98 00 01", "no such country code"),
        ("---", "not a phone number"),
        ("+", "not a phone number"),
    ],
)
def test_whatever_is_no_number_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidPhoneError, match=reason):
        parse_phone(text, "FR")


def test_a_national_number_needs_a_country() -> None:
    with pytest.raises(InvalidPhoneError, match="no such country code"):
        parse_phone("06 39 98 00 01", "ZZ")


@given(st.text())
def test_any_text_is_a_number_in_e164_or_refused(text: str) -> None:
    try:
        phone = parse_phone(text, "FR")
    except InvalidPhoneError:
        return
    assert phone.startswith("+")
    assert phone[1:].isascii()
    assert phone[1:].isdecimal()
    assert parse_phone(phone, "US") == phone


@example(0, ["", "", "", "."])
@given(st.integers(0, 9999), st.lists(st.sampled_from([" ", ".", "-", "\u00a0", ""]), min_size=4, max_size=4))
def test_separators_never_matter(number: int, separators: list[str]) -> None:
    pairs = ["06", "39", "98", f"{number // 100:02d}", f"{number % 100:02d}"]
    text = "".join(pair + separator for pair, separator in zip(pairs, [*separators, ""], strict=True))
    assert parse_phone(text, "FR") == f"+3363998{number:04d}"


@given(st.from_regex(r"\+[1-9][0-9]{0,14}", fullmatch=True))
def test_a_masked_number_shows_too_little_to_call(phone: str) -> None:
    masked = mask_phone(phone)
    assert "…" in masked
    assert len(masked.replace("…", "")) <= 6
    assert phone not in masked


def test_a_masked_number_can_still_be_recognised() -> None:
    assert mask_phone("+33639980042") == "+336…42"
    assert mask_phone("+336398") == "…"
