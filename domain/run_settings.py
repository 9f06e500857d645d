"""The settings that may change while Relance runs: by default from the environment, overridden in the database.

An override counts for everything, for one sender or for one campaign; the narrowest one wins.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSettings:
    """One value for each setting. Durations in seconds, shares from 0 to 1, times of day as HH:MM."""

    profile: str = "auto"  # auto (by the account's own history), standard or careful
    delay_s: float = 5.0  # between two Messages 1 in the standard profile
    mature_delay_s: float = 3.0
    careful_delay_s: float = 22.5
    jitter: float = 0.4  # the part of a slot in which a message may leave: the gap varies, the mean does not
    quota_per_day: int = 1000  # messages of a sender in any 24 hours, both kinds together
    message_2_reserve: float = 0.2  # the share of the quota that Message 1 may not touch
    message_2_rate_per_s: float = 10.0
    adaptive_from_contacts: int = 500  # campaigns of that size adapt the delay to errors
    error_threshold: float = 0.05
    night_starts: str = "23:00"  # in the careful profile no Message 1 leaves at night
    night_ends: str = "06:00"
    timezone: str = "Europe/Paris"
    batch_size: int = 50
    batch_pause_s: float = 30.0
    window_s: float = 24 * 3600
    grace_s: float = 60.0
    max_age_s: float = 48 * 3600
