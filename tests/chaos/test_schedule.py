"""The schedule of a chaos run: random, and yet the same whenever its seed is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.chaos.schedule import EVERYTHING, PROVIDER_FAULTS, SHARED, WEBHOOK_FAULTS, WORKERS, schedule

SEEDS = st.integers(0, 10_000)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, contacts=st.integers(20, 1000))
def test_the_same_seed_is_the_same_schedule(seed: int, contacts: int) -> None:
    """Issue: a seed can be replayed."""
    assert schedule(seed, contacts) == schedule(seed, contacts)
    assert schedule(seed, contacts).digest() == schedule(seed, contacts).digest()


def test_other_seeds_are_other_schedules() -> None:
    """Else a hundred runs would be one."""
    assert len({schedule(seed, 100).digest() for seed in range(50)}) == 50


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_a_run_of_500_hits_every_process_in_every_way(seed: int) -> None:
    """Issue: kills, stops and restarts of all six, and every fault of the provider and of webhooks."""
    plan = schedule(seed, 500)
    hit = {(blow.role, blow.how) for blow in plan.blows}
    roles = (*WORKERS[: plan.workers], *SHARED)
    usual = {(role, how) for role in roles for how in ("kill", "freeze", "restart")}
    assert hit == {*usual, (EVERYTHING, "kill")}
    orders = [fault.order for fault in plan.faults]
    assert all(order in orders for order in (*PROVIDER_FAULTS, *WEBHOOK_FAULTS))
    assert {deed.what for deed in plan.deeds} >= {"start", "pause", "resume", "pause_sender", "opt_out"}


@pytest.mark.parametrize("contacts", [20, 60, 500])
def test_everybody_is_in_one_campaign_and_nobody_in_two(contacts: int) -> None:
    """The checker counts per campaign; who got what is clear only as long as nobody is in two of them."""
    phones = [phone for mailing in schedule(1, contacts).mailings for phone in mailing.phones]
    assert len(phones) == len(set(phones)) == contacts
