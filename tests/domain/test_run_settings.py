"""Settings that may change while Relance runs: what is allowed, and which value counts."""

import math
import re
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.run_settings import (
    CATALOGUE,
    Override,
    RunSettings,
    Setting,
    SettingScope,
    Source,
    UnknownSettingError,
    WrongScopeError,
    build,
    check,
    check_scope,
    find,
    resolve,
    scope_of,
)
from settings import Settings

ZONES = ("Europe/Paris", "America/Guadeloupe", "UTC", "Asia/Kathmandu")
TIMES = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))


def values_for(setting: Setting) -> st.SearchStrategy[Any]:
    """Values that the setting allows."""
    if setting.choices is not None:
        return st.sampled_from(setting.choices)
    if isinstance(setting.default, str):
        return TIMES if setting.pattern is not None else st.sampled_from(ZONES)
    if isinstance(setting.default, int):
        return st.integers(int(setting.lowest or 0), int(setting.highest or 10**9))
    return st.floats(
        setting.above if setting.lowest is None else setting.lowest,
        setting.highest or 1e9,
        exclude_min=setting.lowest is None,
    )


@st.composite
def override_sets(draw: st.DrawFn) -> list[Override]:
    """Any values for any settings in any of their scopes, in any order, each at most once as in the table."""
    places = [(setting, scope) for setting in CATALOGUE.values() for scope in setting.scopes]
    chosen = draw(st.lists(st.sampled_from(places), unique_by=lambda place: (place[0].name, place[1])))
    return [
        Override(name=setting.name, scope=scope, value=draw(values_for(setting))) for setting, scope in chosen
    ]


@given(overrides=override_sets(), given_by_environment=st.sets(st.sampled_from(sorted(CATALOGUE))))
def test_the_narrowest_value_wins(overrides: list[Override], given_by_environment: set[str]) -> None:
    """P11: campaign, sender, stored for everything, environment, built in; whatever the order of the rows."""
    defaults = RunSettings(delay_s=9.0, timezone="UTC")

    effective = resolve(defaults, given_by_environment, overrides)

    stored = {(override.name, override.scope): override.value for override in overrides}
    for name in CATALOGUE:
        expected: tuple[object, Source]
        if (name, SettingScope.CAMPAIGN) in stored:
            expected = stored[name, SettingScope.CAMPAIGN], Source.CAMPAIGN
        elif (name, SettingScope.SENDER) in stored:
            expected = stored[name, SettingScope.SENDER], Source.SENDER
        elif (name, SettingScope.GLOBAL) in stored:
            expected = stored[name, SettingScope.GLOBAL], Source.STORED
        else:
            source = Source.ENVIRONMENT if name in given_by_environment else Source.DEFAULT
            expected = getattr(defaults, name), source
        assert (effective[name].value, effective[name].source) == expected
        assert getattr(build(effective), name) == expected[0]


@given(st.data())
def test_what_is_allowed_is_taken_as_the_type_of_the_setting(data: st.DataObject) -> None:
    """P11; JSON makes 3 of 3.0 and back, and nothing else may."""
    setting = data.draw(st.sampled_from(list(CATALOGUE.values())))
    value = data.draw(values_for(setting))

    assert check(setting.name, value) == value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    assert type(check(setting.name, value)) is type(setting.default)


@given(
    name=st.sampled_from(sorted(CATALOGUE)), value=st.one_of(st.integers(), st.floats(), st.text(), st.none())
)
def test_any_value_is_taken_or_refused_with_a_sentence(name: str, value: object) -> None:
    """P11: nothing else comes out, and what is taken could have come from the environment."""
    refusal = ""
    try:
        taken = check(name, value)
    except ValueError as error:
        refusal = str(error)
    else:
        Settings.model_validate({name: taken})
    assert not refusal or refusal.startswith(f"{name} must be ")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("delay_s", 1.9, "delay_s must be a number from 2 up to 10 (seconds), not 1.9"),
        ("delay_s", "4", "delay_s must be a number from 2 up to 10 (seconds), not '4'"),
        ("delay_s", True, "delay_s must be a number from 2 up to 10 (seconds), not True"),
        ("delay_s", None, "delay_s must be a number from 2 up to 10 (seconds), not None"),
        ("delay_s", math.nan, "delay_s must be a number from 2 up to 10 (seconds), not nan"),
        ("window_s", 0, "window_s must be a number above 0 up to 1000000000 (seconds), not 0"),
        ("window_s", math.inf, "window_s must be a number above 0 up to 1000000000 (seconds), not inf"),
        ("batch_size", 50.5, "batch_size must be a whole number from 25 up to 100 (contacts), not 50.5"),
        ("quota_per_day", 10**400, "a whole number from 1 up to 1000000000 (messages in 24 hours), not 1000"),
        ("profile", "fast", "profile must be one of auto, standard, careful, not 'fast'"),
        ("night_starts", "24:00", "must be a time of day, HH:MM, from 00:00 to 23:59, not '24:00'"),
        ("night_ends", "06:00\n", "must be a time of day, HH:MM, from 00:00 to 23:59, not '06:00\\n'"),
        ("timezone", "Paris", "timezone must be a known time zone such as Europe/Paris, not 'Paris'"),
        ("timezone", "../../etc/passwd", "timezone must be a known time zone"),
        ("timezone", "x" * 10_000, "timezone must be a known time zone"),
        ("timezone", ["UTC"], "timezone must be a known time zone"),
    ],
)
def test_a_refusal_says_what_is_allowed(name: str, value: object, sentence: str) -> None:
    """P11."""
    with pytest.raises(ValueError, match=re.escape(sentence)) as refused:
        check(name, value)
    assert len(str(refused.value)) < 200


def test_an_unknown_setting_is_answered_with_the_known_ones() -> None:
    """P11."""
    for look in (find, lambda name: check(name, 1), lambda name: check_scope(name, SettingScope.GLOBAL)):
        with pytest.raises(UnknownSettingError, match=r"no setting 'delay'; there are profile, delay_s, "):
            look("delay")


def test_a_setting_is_overridden_only_where_it_makes_sense() -> None:
    """P11: in its scopes, which always hold the one for everything."""
    for setting in CATALOGUE.values():
        assert SettingScope.GLOBAL in setting.scopes
        for scope in setting.scopes:
            check_scope(setting.name, scope)
    with pytest.raises(WrongScopeError, match="for one campaign: set it for everything or for one sender"):
        check_scope("profile", SettingScope.CAMPAIGN)
    assert CATALOGUE["delay_s"].scopes == tuple(SettingScope)


def test_ids_say_the_scope() -> None:
    """P11; both at once say nothing."""
    assert scope_of(None, None) is SettingScope.GLOBAL
    assert scope_of("a", None) is SettingScope.SENDER
    assert scope_of(None, "b") is SettingScope.CAMPAIGN
    with pytest.raises(WrongScopeError, match="only one of the two"):
        scope_of("a", "b")


def test_overrides_of_another_version_stop_nothing() -> None:
    """P11: an unknown name, a value out of range, a scope that is gone; the next wider value counts."""
    effective = resolve(
        RunSettings(),
        (),
        [
            Override(name="gone", scope=SettingScope.GLOBAL, value=1),
            Override(name="delay_s", scope=SettingScope.GLOBAL, value=4),
            Override(name="delay_s", scope=SettingScope.CAMPAIGN, value=99),
            Override(name="profile", scope=SettingScope.CAMPAIGN, value="careful"),
        ],
    )

    assert build(effective) == RunSettings(delay_s=4.0)
    assert effective["delay_s"].source is Source.STORED
    assert effective.keys() == CATALOGUE.keys()


def test_the_catalogue_has_every_setting_with_words_for_people() -> None:
    """P11."""
    assert list(CATALOGUE) == [field.name for field in fields(RunSettings)]
    for setting in CATALOGUE.values():
        assert setting.help.endswith(".")
        assert setting.unit
        assert setting.takes_effect.endswith(("after the change", "at once"))


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_the_environment_allows_the_same(name: str) -> None:
    """P11: defaults, limits, choices and patterns are those of settings.py."""
    setting, field = CATALOGUE[name], Settings.model_fields[name]

    def limit(attribute: str) -> Any:
        return next((getattr(each, attribute) for each in field.metadata if hasattr(each, attribute)), None)

    assert field.default == setting.default
    assert (limit("ge"), limit("gt"), limit("le"), limit("lt")) == (
        *(setting.lowest, setting.above, setting.highest),
        None,
    )
    assert limit("pattern") == setting.pattern
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else None
    assert choices == setting.choices
    if choices is None:
        assert field.annotation is type(setting.default)


def test_the_environment_gives_defaults_and_says_which_it_gave(monkeypatch: pytest.MonkeyPatch) -> None:
    """P11; nothing that is no run-time setting shows up, and an unknown zone is refused at once."""
    monkeypatch.setenv("RELANCE_DELAY_S", "4")
    monkeypatch.setenv("RELANCE_TIMEZONE", "UTC")
    monkeypatch.setenv("RELANCE_WASSENGER_TOKEN", "secret")

    given = Settings(_env_file=None)

    assert Settings(_env_file=None, window_s=1e9).run_settings.window_s == 1e9
    with pytest.raises(ValidationError, match="window_s must be a number above 0 up to 1000000000"):
        Settings(_env_file=None, window_s=1e10)
    assert given.run_settings == RunSettings(delay_s=4.0, timezone="UTC")
    assert given.given_by_environment == {"delay_s", "timezone"}
    monkeypatch.setenv("RELANCE_TIMEZONE", "Europe/Pari")
    with pytest.raises(ValidationError, match="timezone must be a known time zone such as Europe/Paris"):
        Settings(_env_file=None)
