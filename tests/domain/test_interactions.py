"""Texts of nothing but emoji."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.interactions import is_emoji_only

EMOJI = ["👍", "❤️", "❤", "👍🏽", "👨‍👩‍👧", "🇫🇷", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "☺️", "1️⃣", "#⃣", "™️", "‼️", "⏰", "⭐", "🫡", "ℹ️"]  # noqa: RUF001


@pytest.mark.parametrize("text", EMOJI)
def test_an_emoji_is_recognised(text: str) -> None:
    """E7."""
    assert is_emoji_only(text)


@pytest.mark.parametrize(
    "text", ["", " ", "\n", "\ufe0f", "\u200d", "ok", "👍 ok", "1", "1 2", "#", "!", "¿", "é"]
)
def test_anything_else_is_a_text(text: str) -> None:
    """E7."""
    assert not is_emoji_only(text)


@given(st.lists(st.sampled_from(EMOJI), min_size=1), st.sampled_from(["", " ", "\n"]))
def test_any_number_of_emoji_is_emoji_only(emoji: list[str], between: str) -> None:
    """E7."""
    assert is_emoji_only(between.join(emoji))


@given(
    st.lists(st.sampled_from(EMOJI)), st.characters(categories=["L", "Nd"]), st.lists(st.sampled_from(EMOJI))
)
def test_one_letter_or_digit_makes_it_a_text(before: list[str], letter: str, after: list[str]) -> None:
    """E7."""
    if letter != "\u2139":  # a letter to Unicode, an emoji to phones
        assert not is_emoji_only("".join([*before, letter, " ", *after]))
