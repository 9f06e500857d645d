"""No number of a person in a text that leaves our hands, and every id left as it is."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.masking import mask_phones


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("to +33639980001 now", "to +336…01 now"),
        ("(+33639980001)", "(+336…01)"),
        ('{"phone":"+12025550142"}', '{"phone":"+120…42"}'),
        ("phone=%2B33639980001&x", "phone=+336…01&x"),
        ("+33 6 39 98 00 01, and +1 (202) 555-0142", "+336…01, and +120…42"),
        ("33639980001@c.us", "336…01@c.us"),
        ("33639980001:12@s.whatsapp.net", "336…01:12@s.whatsapp.net"),
        ("true_33639980001@c.us_3EB0C767D26", "true_336…01@c.us_3EB0C767D26"),
        ("chats/33639980001%40c.us", "chats/336…01%40c.us"),
        ("33639980001-1600000000@g.us", "336…01-1600000000@g.us"),
        ("first\\n+33639980001", "first\\n+336…01"),
    ],
)
def test_numbers_and_chats_are_masked(text: str, masked: str) -> None:
    assert mask_phones(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T14:50:13.123456+00:00",
        "2026-11-21T14:50:13+0100",
        "contact-0199c7a2-7d1f-7c3e-8a55-0a1b2c3d4e5f-0199c7a2-7d1f-7c3e-8a55-111122223333",
        "5a0db0c5e1a2b3c4d5e6f701",
        "somebody@example.com, 123456789@example.com, 123456789@c.us.example.com",
        "1763736613123",
        "1+2, +3, a+b",
        "postgresql://relance:secret@127.0.0.1:5442/relance",  # pragma: allowlist secret
    ],
)
def test_ids_times_and_addresses_stay(text: str) -> None:
    assert mask_phones(text) == text


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True), st.text(), st.text(alphabet="xyz \n\"'"))
def test_no_surroundings_let_a_number_through(phone: str, before: str, after: str) -> None:
    assert phone not in mask_phones(f"{before}{phone}{after}")


@given(st.uuids(), st.uuids())
def test_no_pair_of_ids_is_touched(one: UUID, two: UUID) -> None:
    text = f"contact-{one}-{two} {one}"
    assert str(one) in mask_phones(text)
    assert str(two) in mask_phones(text)
