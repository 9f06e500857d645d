"""What profile, age and errors make of the settings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pacing.pace import (
    CAREFUL_BREAKS,
    CAREFUL_GAP_S,
    LEAST_JITTER,
    STANDARD_GAP_S,
    FixedRates,
    Maturity,
    Pace,
    Profile,
    pace_of,
    profile_of,
)
from domain.run_settings import RunSettings

DEFAULTS = RunSettings()


def gaps(pace: Pace) -> tuple[float, float, float]:
    """The mean, the shortest and the longest time between two Messages 1, in seconds."""
    return pace.delay_s, pace.min_gap_s, pace.delay_s + pace.spread_s


@pytest.mark.parametrize(
    ("profile", "maturity", "expected"),
    [
        ("auto", Maturity.YOUNG, Profile.CAREFUL),
        ("auto", Maturity.ESTABLISHED, Profile.STANDARD),
        ("auto", Maturity.MATURE, Profile.STANDARD),
        ("standard", Maturity.YOUNG, Profile.STANDARD),
        ("careful", Maturity.MATURE, Profile.CAREFUL),
    ],
)
def test_profiles(profile: str, maturity: Maturity, expected: Profile) -> None:
    """P2, P3: the account's maturity decides unless a person has."""
    settings = RunSettings(profile=profile)
    assert profile_of(settings, maturity) is expected
    assert pace_of(settings, maturity).profile is expected


def test_the_standard_pace() -> None:
    """P2, P3: five seconds, three for a mature account, with jitter around them."""
    assert gaps(pace_of(DEFAULTS, Maturity.ESTABLISHED)) == pytest.approx((5, 3, 7))
    assert gaps(pace_of(DEFAULTS, Maturity.MATURE)) == pytest.approx((3, 2, 4))
    assert pace_of(DEFAULTS, Maturity.ESTABLISHED).rate_per_s == pytest.approx(0.2)


def test_the_careful_pace() -> None:
    """P2: 10 to 35 s, four a minute, with rests and nights."""
    pace = pace_of(DEFAULTS, Maturity.YOUNG)
    assert gaps(pace) == pytest.approx((22.5, 10, 35))
    assert pace.per_minute == 4
    assert [each.after for each in pace.breaks] == [20, 40, 60, 100]
    assert pace.breaks == CAREFUL_BREAKS
    assert pace.night is not None


@pytest.mark.parametrize("maturity", list(Maturity))
def test_errors_make_the_mean_delay_longer(maturity: Maturity) -> None:
    """P5: by the factor, in every profile."""
    usual, slowed = pace_of(DEFAULTS, maturity), pace_of(DEFAULTS, maturity, error_factor=1.5)
    assert slowed.delay_s == pytest.approx(1.5 * usual.delay_s)
    assert slowed.min_gap_s >= usual.min_gap_s


def test_the_shortest_delay_is_no_metronome() -> None:
    """P2: at two seconds there is jitter too, unless a person wants none."""
    assert gaps(pace_of(RunSettings(delay_s=2), Maturity.ESTABLISHED)) == pytest.approx((2, 1.4, 2.6))
    assert gaps(pace_of(RunSettings(delay_s=2, jitter=0), Maturity.ESTABLISHED)) == (2, 2, 2)


def test_a_fixed_rate_leaves_profile_and_errors_aside() -> None:
    """P2: it is there for trying things out, with jitter like any other pace."""
    pace = pace_of(DEFAULTS, Maturity.YOUNG, error_factor=4, fixed=FixedRates(message_1_per_s=50))
    assert gaps(pace) == pytest.approx((0.02, 0.012, 0.028))
    assert (pace.profile, pace.breaks, pace.night, pace.per_minute) == (Profile.FIXED, (), None, None)


def test_a_fixed_rate_of_message_2_alone_changes_only_that() -> None:
    """P2: the profile stays."""
    pace = pace_of(DEFAULTS, Maturity.YOUNG, fixed=FixedRates(message_2_per_s=2))
    assert (pace.profile, pace.reply_gap_s) == (Profile.CAREFUL, 0.5)
    assert pace_of(DEFAULTS, Maturity.YOUNG).reply_gap_s == pytest.approx(0.1)


@given(st.floats(2, 10), st.floats(15, 30), st.floats(0, 0.9), st.floats(1, 4), st.sampled_from(list(Maturity)))
def test_no_gap_is_shorter_than_its_profile_allows(
    delay: float, careful: float, jitter: float, factor: float, maturity: Maturity
) -> None:
    """P2, P5: whatever the settings, a spread is never negative and the shortest gap never too short."""
    settings = RunSettings(delay_s=delay, mature_delay_s=delay, careful_delay_s=careful, jitter=jitter)
    pace = pace_of(settings, maturity, error_factor=factor)
    standard = min(STANDARD_GAP_S, (1 - LEAST_JITTER) * delay)
    shortest = CAREFUL_GAP_S if pace.profile is Profile.CAREFUL else standard
    assert pace.spread_s >= 0
    assert pace.min_gap_s >= shortest - 1e-9
    assert pace.min_gap_s <= pace.delay_s
