"""The pace of a sender: what its profile, its age and its recent errors make of the settings."""

from dataclasses import dataclass
from enum import StrEnum

from domain.pacing.night import Night
from domain.run_settings import RunSettings


class Profile(StrEnum):
    """Which rules a sender keeps."""

    STANDARD = "standard"
    CAREFUL = "careful"  # for young accounts
    FIXED = "fixed"  # a rate that a person has set for this one sender: for trying things out


class Maturity(StrEnum):
    """How much an account may be trusted with."""

    YOUNG = "young"
    ESTABLISHED = "established"
    MATURE = "mature"


@dataclass(frozen=True, slots=True)
class Break:
    """A rest after so many Messages 1 in a row."""

    after: int
    shortest_s: float
    longest_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """What a sender keeps to at present.

    Each Message 1 has a slot of `delay_s` and leaves within the first `spread_s` of it. So the gap between two
    of them varies from `delay_s - spread_s` to `delay_s + spread_s`, and its mean is `delay_s`.
    """

    profile: Profile
    delay_s: float
    spread_s: float
    reply_gap_s: float  # between two Messages 2, which must leave within seconds
    per_minute: int | None = None  # Message 1 waits when the sender sent that many within a minute
    breaks: tuple[Break, ...] = ()
    night: Night | None = None

    @property
    def min_gap_s(self) -> float:
        """Between a Message 1 and whatever this sender sent before it."""
        return self.delay_s - self.spread_s

    @property
    def rate_per_s(self) -> float:
        """Messages 1 per second, on average, while none of the rests is due."""
        return 1 / self.delay_s


STANDARD_GAP_S = 2.0
LEAST_JITTER = 0.3  # an exact beat gets a number banned sooner than a gap a little under two seconds
CAREFUL_GAP_S = 10.0
CAREFUL_SPREAD_S = 12.5  # 15 to 30 s between messages, give or take 5 s: 10 to 35 s around the mean of 22.5 s
CAREFUL_PER_MINUTE = 4
# After how many in a row, and for how long: what the predecessor's users wrote down after their ban.
CAREFUL_BREAKS = (Break(20, 180, 300), Break(40, 300, 600), Break(60, 600, 900), Break(100, 1200, 1800))


@dataclass(frozen=True, kw_only=True, slots=True)
class FixedRates:
    """What a person has set for this sender, in messages per second; None: as the profile says."""

    message_1_per_s: float | None = None
    message_2_per_s: float | None = None


def pace_of(
    settings: RunSettings,
    maturity: Maturity,
    *,
    error_factor: float = 1.0,
    fixed: FixedRates = FixedRates(),
) -> Pace:
    """The pace of a sender; `error_factor` says how much longer the delay is at present because of errors.

    A fixed rate of Message 1 leaves profile and errors aside.
    """
    reply_gap_s = 1 / (fixed.message_2_per_s or settings.message_2_rate_per_s)
    if fixed.message_1_per_s is not None:
        delay = 1 / fixed.message_1_per_s
        spread = settings.jitter * delay
        return Pace(
            profile=Profile.FIXED,
            delay_s=delay,
            spread_s=spread,
            reply_gap_s=reply_gap_s,
        )
    if profile_of(settings, maturity) is Profile.CAREFUL:
        delay = settings.careful_delay_s * error_factor
        spread = min(CAREFUL_SPREAD_S, delay - CAREFUL_GAP_S)
        return Pace(
            profile=Profile.CAREFUL,
            delay_s=delay,
            spread_s=spread,
            reply_gap_s=reply_gap_s,
            per_minute=CAREFUL_PER_MINUTE,
            breaks=CAREFUL_BREAKS,
            night=Night.of(settings.night_starts, settings.night_ends, settings.timezone),
        )
    usual = settings.mature_delay_s if maturity is Maturity.MATURE else settings.delay_s
    delay = usual * error_factor
    spread = max(
        min(settings.jitter * delay, delay - STANDARD_GAP_S), min(settings.jitter, LEAST_JITTER) * delay
    )
    return Pace(
        profile=Profile.STANDARD,
        delay_s=delay,
        spread_s=spread,
        reply_gap_s=reply_gap_s,
    )


def profile_of(settings: RunSettings, maturity: Maturity) -> Profile:
    """The profile that is set, or the one that the account's maturity asks for."""
    if settings.profile != "auto":
        return Profile(settings.profile)
    return Profile.CAREFUL if maturity is Maturity.YOUNG else Profile.STANDARD
