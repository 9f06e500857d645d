"""The settings that may change while Relance runs: by default from the environment, overridden in the database.

An override counts for everything, for one sender or for one campaign; the narrowest one wins.
"""

import re
import reprlib
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, TypeAlias
from zoneinfo import available_timezones


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
    window_s: float = 24.0 * 3600
    grace_s: float = 60.0
    max_age_s: float = 48.0 * 3600


Value: TypeAlias = str | int | float


class SettingScope(StrEnum):
    """What an override counts for; from wide to narrow."""

    GLOBAL = "global"
    SENDER = "sender"
    CAMPAIGN = "campaign"


class Source(StrEnum):
    """Where a value comes from; from wide to narrow."""

    DEFAULT = "default"  # built in
    ENVIRONMENT = "environment"
    STORED = "stored"  # overridden for everything
    SENDER = "sender"
    CAMPAIGN = "campaign"


_NEXT_BATCH = "in batches that start after the change"
# What a campaign's draft does not name, it takes over when it is made, and keeps.
_NEXT_DRAFT = "in campaigns whose drafts are made after the change"
_AT_ONCE = "at once"


class UnknownSettingError(ValueError):
    """There is no setting of that name."""


class WrongScopeError(ValueError):
    """The setting exists, but not for that scope."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What people need to know about one setting before they change it."""

    name: str
    unit: str
    help: str
    scopes: tuple[SettingScope, ...]
    takes_effect: str = _NEXT_BATCH
    lowest: float | None = None
    above: float | None = None  # a lower limit that is not allowed itself
    highest: float | None = None
    choices: tuple[str, ...] | None = None
    pattern: str | None = None

    @property
    def default(self) -> Value:
        """The built-in default."""
        value: Value = getattr(_BUILT_IN, self.name)
        return value


@dataclass(frozen=True, kw_only=True, slots=True)
class Override:
    """A stored value; whose it is, the one who reads it has chosen already."""

    name: str
    scope: SettingScope
    value: object  # as stored, perhaps by another version


@dataclass(frozen=True, kw_only=True, slots=True)
class Effective:
    """The value that counts, and why."""

    value: Value
    source: Source


_BUILT_IN = RunSettings()
_SOURCE_OF = {
    SettingScope.GLOBAL: Source.STORED,
    SettingScope.SENDER: Source.SENDER,
    SettingScope.CAMPAIGN: Source.CAMPAIGN,
}
_FROM_WIDE_TO_NARROW = tuple(SettingScope)

_EVERYWHERE = (SettingScope.GLOBAL,)
_PER_SENDER = (SettingScope.GLOBAL, SettingScope.SENDER)
_PER_CAMPAIGN = (SettingScope.GLOBAL, SettingScope.CAMPAIGN)

_LARGEST_NUMBER = 1e9  # where a setting has no limit: 31 years in seconds still make a date
_TIME_OF_DAY = "^([01][0-9]|2[0-3]):[0-5][0-9]$"

_SETTINGS = (
    Setting(
        name="profile",
        unit="name",
        help="How fast a sender writes: auto goes by the account's history, standard and careful are fixed.",
        scopes=_PER_SENDER,
        choices=("auto", "standard", "careful"),
    ),
    Setting(
        name="delay_s",
        unit="seconds",
        help="The mean time between two Messages 1 of a sender in the standard profile.",
        scopes=(SettingScope.GLOBAL, SettingScope.SENDER, SettingScope.CAMPAIGN),
        lowest=2,
        highest=10,
    ),
    Setting(
        name="mature_delay_s",
        unit="seconds",
        help="The mean time between two Messages 1 of an account that has written for long without trouble.",
        scopes=_EVERYWHERE,
        lowest=2,
        highest=10,
    ),
    Setting(
        name="careful_delay_s",
        unit="seconds",
        help="The mean time between two Messages 1 of a sender in the careful profile.",
        scopes=_PER_SENDER,
        lowest=15,
        highest=30,
    ),
    Setting(
        name="jitter",
        unit="share",
        help="How irregular the pace is: the part of a delay in which a message may leave; 0 is a metronome.",
        scopes=_PER_SENDER,
        lowest=0,
        highest=0.9,
    ),
    Setting(
        name="quota_per_day",
        unit="messages in 24 hours",
        help="How many messages a sender may send in any 24 hours, Messages 1 and 2 together.",
        scopes=_PER_SENDER,
        takes_effect=_AT_ONCE,
        lowest=1,
    ),
    Setting(
        name="message_2_reserve",
        unit="share",
        help="The share of the quota that Message 1 leaves alone, so that whoever reacts still gets Message 2.",
        scopes=_PER_SENDER,
        takes_effect=_AT_ONCE,
        lowest=0,
        highest=0.9,
    ),
    Setting(
        name="message_2_rate_per_s",
        unit="messages per second",
        help="How many Messages 2 a sender sends per second at most.",
        scopes=_PER_SENDER,
        takes_effect=_AT_ONCE,
        above=0,
        highest=1000,
    ),
    Setting(
        name="adaptive_from_contacts",
        unit="contacts",
        help="Campaigns with at least that many contacts slow down by themselves when messages fail.",
        scopes=_EVERYWHERE,
        takes_effect=_AT_ONCE,
        lowest=1,
    ),
    Setting(
        name="error_threshold",
        unit="share",
        help="The share of failed messages from which on such a campaign slows down.",
        scopes=_EVERYWHERE,
        takes_effect=_AT_ONCE,
        above=0,
        highest=1,
    ),
    Setting(
        name="night_starts",
        unit="time of day, HH:MM",
        help="From when on a careful sender sends no Message 1; there is no night if it equals night_ends.",
        scopes=_PER_SENDER,
        pattern=_TIME_OF_DAY,
    ),
    Setting(
        name="night_ends",
        unit="time of day, HH:MM",
        help="Until when a careful sender sends no Message 1.",
        scopes=_PER_SENDER,
        pattern=_TIME_OF_DAY,
    ),
    Setting(
        name="timezone",
        unit="time zone",
        help="The time zone in which the night is meant.",
        scopes=_PER_SENDER,
    ),
    Setting(
        name="batch_size",
        unit="contacts",
        help="How many contacts a sender takes on at once.",
        scopes=_EVERYWHERE,
        takes_effect=_NEXT_DRAFT,
        lowest=25,
        highest=100,
    ),
    Setting(
        name="batch_pause_s",
        unit="seconds",
        help="How long a sender pauses between two batches.",
        scopes=_PER_CAMPAIGN,
        lowest=0,
    ),
    Setting(
        name="window_s",
        unit="seconds",
        help="How long after Message 1 a reaction earns Message 2.",
        scopes=_EVERYWHERE,
        takes_effect=_NEXT_DRAFT,
        above=0,
    ),
    Setting(
        name="grace_s",
        unit="seconds",
        help="How long after the window we wait for news of a reaction that came in time.",
        scopes=_EVERYWHERE,
        takes_effect=_NEXT_DRAFT,
        lowest=0,
    ),
    Setting(
        name="max_age_s",
        unit="seconds",
        help="After how long a campaign ends, whatever is still open.",
        scopes=_EVERYWHERE,
        takes_effect=_NEXT_DRAFT,
        above=0,
    ),
)
CATALOGUE: Mapping[str, Setting] = MappingProxyType({setting.name: setting for setting in _SETTINGS})


def find(name: str) -> Setting:
    """The setting of that name. Raises UnknownSettingError, which names them all."""
    try:
        return CATALOGUE[name]
    except KeyError:
        raise UnknownSettingError(
            f"there is no setting {_shown(name)}; there are {', '.join(CATALOGUE)}"
        ) from None


def scope_of(sender_id: str | None, campaign_id: str | None) -> SettingScope:
    """The scope that these ids mean. Raises WrongScopeError for both at once."""
    if sender_id is not None and campaign_id is not None:
        raise WrongScopeError("an override is for one sender or for one campaign: give only one of the two ids")
    if sender_id is not None:
        return SettingScope.SENDER
    return SettingScope.GLOBAL if campaign_id is None else SettingScope.CAMPAIGN


def check_scope(name: str, scope: SettingScope) -> None:
    """Raises WrongScopeError if the setting cannot be overridden there, with where it can."""
    scopes = find(name).scopes
    if scope not in scopes:
        allowed = " or ".join(_SCOPE_IN_WORDS[each] for each in scopes)
        raise WrongScopeError(f"{name} cannot be set {_SCOPE_IN_WORDS[scope]}: set it {allowed}")


_SCOPE_IN_WORDS = {
    SettingScope.GLOBAL: "for everything",
    SettingScope.SENDER: "for one sender",
    SettingScope.CAMPAIGN: "for one campaign",
}


def check(name: str, value: object) -> Value:
    """The value as the setting's type. Raises ValueError (UnknownSettingError), which says what is allowed."""
    setting = find(name)
    if isinstance(setting.default, str):
        valid: Value | None = value if isinstance(value, str) and _is_text_for(setting, value) else None
    else:
        valid = _number_for(setting, value)
    if valid is None:
        raise ValueError(f"{name} must be {_allowed(setting)}, not {_shown(value)}")
    return valid


def _is_text_for(setting: Setting, text: str) -> bool:
    if setting.choices is not None:
        return text in setting.choices
    if setting.pattern is not None:
        return re.fullmatch(setting.pattern, text) is not None
    return text in _known_zones()


def _number_for(setting: Setting, value: object) -> int | float | None:
    # True counts as 1 in Python, and what reads JSON takes NaN, Infinity and whole numbers of any length.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST_NUMBER:
        return None
    if isinstance(setting.default, int) and value != int(value):
        return None
    number = int(value) if isinstance(setting.default, int) else float(value)
    in_range = (
        (setting.lowest is None or number >= setting.lowest)
        and (setting.above is None or number > setting.above)
        and (setting.highest is None or number <= setting.highest)
    )
    return number if in_range else None


@cache
def _known_zones() -> frozenset[str]:
    # A list of what there is, since a name in itself may lead anywhere in the file system.
    return frozenset(available_timezones())


def _allowed(setting: Setting) -> str:
    if setting.choices is not None:
        return f"one of {', '.join(setting.choices)}"
    if setting.pattern is not None:
        return f"a {setting.unit}, from 00:00 to 23:59"
    if isinstance(setting.default, str):
        return f"a known time zone such as {setting.default}"
    kind = "a whole number" if isinstance(setting.default, int) else "a number"
    lower = f"above {setting.above:g}" if setting.lowest is None else f"from {setting.lowest:g}"
    highest = _LARGEST_NUMBER if setting.highest is None else setting.highest
    return f"{kind} {lower} up to {highest:.12g} ({setting.unit})"


def _shown(value: object) -> str:
    return reprlib.repr(value)


def resolve(
    defaults: RunSettings, given_by_environment: Collection[str], overrides: Iterable[Override]
) -> dict[str, Effective]:
    """The value of every setting, and where it comes from: the narrowest override wins, then the defaults.

    `given_by_environment` names the defaults that somebody chose. An override that this version does not
    know or allow (another version stored it) is passed over: it must not stop a batch.
    """
    effective = {
        name: Effective(
            value=getattr(defaults, name),
            source=Source.ENVIRONMENT if name in given_by_environment else Source.DEFAULT,
        )
        for name in CATALOGUE
    }
    for override in sorted(overrides, key=lambda each: _FROM_WIDE_TO_NARROW.index(each.scope)):
        with suppress(ValueError):
            check_scope(override.name, override.scope)
            value = check(override.name, override.value)
            effective[override.name] = Effective(value=value, source=_SOURCE_OF[override.scope])
    return effective


def from_stored(values: Mapping[str, Any]) -> RunSettings:
    """Values that some version has stored: during an update, a newer one may know more settings than this."""
    return RunSettings(**{name: value for name, value in values.items() if name in CATALOGUE})


def build(effective: Mapping[str, Effective]) -> RunSettings:
    """The values alone, as those who send use them."""
    values: dict[str, Any] = {name: each.value for name, each in effective.items()}
    return RunSettings(**values)
