"""A million sends of random senders: quota, gaps and reserve hold for each, and the mean keeps to the pace."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from domain.pacing.maturity import History
from domain.pacing.pace import FixedRates
from domain.run_settings import RunSettings
from tests.domain.pacing.accounts import ESTABLISHED, MATURE, NEW, paris, seeded
from tests.domain.pacing.busy_sender import BusySender, World

EXAMPLES = 60
SENDS = 17_000  # of each example

run_settings = st.builds(
    RunSettings,
    profile=st.sampled_from(("auto", "standard", "careful")),
    delay_s=st.floats(2, 10),
    mature_delay_s=st.floats(2, 10),
    careful_delay_s=st.floats(15, 30),
    jitter=st.floats(0, 0.9),
    quota_per_day=st.sampled_from((1, 2, 7, 20, 100, 1000, 1000, 1000, 3000, 10**9)),
    message_2_reserve=st.floats(0, 0.9),
    message_2_rate_per_s=st.sampled_from((0.2, 1.0, 10.0, 1000.0)),
    night_starts=st.sampled_from(("23:00", "02:30", "00:00")),
    night_ends=st.sampled_from(("06:00", "02:30", "00:00")),
    window_s=st.sampled_from((120.0, 3600.0, 86400.0, 86400.0)),
)
histories = st.one_of(
    st.sampled_from((NEW, ESTABLISHED, MATURE)),
    st.builds(
        History,
        age_days=st.floats(0, 200),
        sending_days=st.integers(0, 20),
        messages=st.integers(0, 5000),
        failures=st.integers(0, 100),
    ),
)
fixed_rates = st.one_of(
    st.just(FixedRates()), st.builds(FixedRates, message_1_per_s=st.sampled_from((0.01, 1.0, 50.0)))
)
worlds = st.builds(
    World,
    starts=st.sampled_from([paris(f"2026-{month:02}-{day}T10:00") for month in (3, 6, 10) for day in (24, 27)]),
    settings=run_settings,
    history=histories,
    fixed=fixed_rates,
    reply_rate=st.floats(0, 1),
    replies_after_s=st.sampled_from((1.0, 600.0, 7200.0)),
    error_rate=st.sampled_from((0.0, 0.03, 0.06, 0.3)),
    restarts=st.sampled_from((0.0, 0.001, 0.1)),
    jumps=st.sampled_from((0.0, 0.0001, 0.01)),
)
DEFAULT_WORLD = World(
    starts=paris("2026-06-01T10:00"),
    settings=RunSettings(),
    history=ESTABLISHED,
    fixed=FixedRates(),
    reply_rate=0.25,
    replies_after_s=3600,
    error_rate=0.0,
    restarts=0.001,
    jumps=0.0,
)


def test_a_million_sends() -> None:
    """P1, P2, P5, E5: the witness of BusySender agrees with every single one."""
    seen: Counter[str] = Counter()

    @settings(
        max_examples=EXAMPLES,
        phases=[
            Phase.explicit,
            Phase.reuse,
            Phase.generate,
        ],  # to shrink worlds of this size would take an hour
        suppress_health_check=[HealthCheck.too_slow],
    )
    @example(DEFAULT_WORLD, 1)
    @example(replace(DEFAULT_WORLD, history=NEW, error_rate=0.06, jumps=0.001), 2)
    @given(worlds, st.integers(0, 10**6))
    def live(world: World, seed: int) -> None:
        busy = BusySender(world, seeded(seed))
        busy.run(SENDS)
        seen["sends"] += busy.witness.messages_1 + busy.witness.messages_2
        seen["messages 2"] += busy.witness.messages_2
        seen["starved"] += busy.witness.starved

    live()
    assert seen["sends"] >= 1_000_000, seen
    assert seen["messages 2"] >= 50_000, seen


def test_hardly_anybody_waits_for_message_2_when_replies_are_as_expected() -> None:
    """P1, E5: two standard deviations of places are kept, so that a bad day touches few."""
    busy = BusySender(DEFAULT_WORLD, seeded(7))
    busy.run(50_000)
    assert busy.witness.messages_2 > 9000
    assert busy.witness.starved <= 0.01 * busy.witness.messages_2


@pytest.mark.parametrize(
    ("changes", "history", "fixed"),
    [
        ({}, ESTABLISHED, FixedRates()),
        ({}, MATURE, FixedRates()),
        ({"jitter": 0.9, "delay_s": 10}, ESTABLISHED, FixedRates()),
        ({"jitter": 0.0, "delay_s": 2}, ESTABLISHED, FixedRates()),
        ({}, NEW, FixedRates()),
        ({"careful_delay_s": 15}, NEW, FixedRates()),
        ({}, NEW, FixedRates(message_1_per_s=50)),
    ],
)
@pytest.mark.parametrize("error_rate", [0.0, 0.08])
def test_the_mean_delay_keeps_to_the_pace(
    changes: dict[str, float], history: History, fixed: FixedRates, error_rate: float
) -> None:
    """P2, P3, P5: within one in a hundred, leaving rests, nights and the quota out."""
    settings = replace(DEFAULT_WORLD.settings, **changes, quota_per_day=10**9)  # type: ignore[arg-type]
    world = replace(DEFAULT_WORLD, settings=settings, history=history, fixed=fixed, reply_rate=0.02)
    busy = BusySender(replace(world, error_rate=error_rate), seeded(3))
    busy.run(20_000)
    assert busy.steady_gaps > 2000
    assert busy.steady_s == pytest.approx(busy.steady_slots_s, rel=0.01)
