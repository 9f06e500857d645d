"""How long a campaign takes at least."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from domain.duration import Plan

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S

_plans = st.builds(
    Plan,
    contacts=st.integers(1, 1_000_000),
    rates_per_s=st.lists(st.floats(0.01, 50), min_size=1, max_size=10),
    batch_size=st.integers(25, 100),
    batch_pause_s=st.floats(0, 300),
    window_s=st.floats(1, DAY_S),
    grace_s=st.floats(0, 600),
)


def test_one_lane_sends_pauses_and_waits_for_the_last_window() -> None:
    """P9: 1000 contacts at one in 4 s, 20 batches with 19 pauses, then a day and a minute."""
    plan = Plan(contacts=1000, rates_per_s=[0.25], batch_size=50, batch_pause_s=30, window_s=DAY_S, grace_s=60)
    assert plan.duration_s == 4000 + 19 * 30 + DAY_S + 60


def test_the_slowest_lane_decides() -> None:
    """P9."""
    plan = Plan(contacts=100, rates_per_s=[1, 0.5], batch_size=25, batch_pause_s=30, window_s=60, grace_s=0)
    assert plan.duration_s == 100 + 30 + 60


def test_a_campaign_of_one_batch_makes_no_pause() -> None:
    """P9."""
    plan = Plan(contacts=25, rates_per_s=[1], batch_size=25, batch_pause_s=30, window_s=60, grace_s=5)
    assert plan.duration_s == 25 + 60 + 5


def test_nobody_to_write_to_takes_only_the_window() -> None:
    plan = Plan(contacts=0, rates_per_s=[1], batch_size=25, batch_pause_s=30, window_s=60, grace_s=5)
    assert plan.duration_s == 65


def test_a_thousand_a_day_cannot_reach_five_thousand_in_two_days() -> None:
    """E15: such a campaign has to be refused."""
    plan = Plan(
        contacts=5000,
        rates_per_s=[1000 / DAY_S],
        batch_size=100,
        batch_pause_s=30,
        window_s=DAY_S,
        grace_s=60,
    )
    assert plan.duration_s > 2 * DAY_S


@given(_plans)
def test_more_contacts_never_take_less_time_and_a_second_sender_never_more(plan: Plan) -> None:
    """P9."""
    longer = replace(plan, contacts=plan.contacts + 1)
    shared = replace(plan, rates_per_s=[*plan.rates_per_s, max(plan.rates_per_s)])
    assert plan.window_s + plan.grace_s <= plan.duration_s <= longer.duration_s
    assert shared.duration_s <= plan.duration_s
