"""How mature an account is, and what a young one may send."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pacing.maturity import WARM_UP, History, maturity_of, warm_up_quota
from domain.pacing.pace import Maturity

BARELY_MATURE = History(age_days=90, sending_days=10, messages=2000, failures=100)


@pytest.mark.parametrize(
    ("history", "maturity"),
    [
        (History(age_days=0, sending_days=0, messages=0, failures=0), Maturity.YOUNG),
        (History(age_days=13.9, sending_days=5, messages=500, failures=0), Maturity.YOUNG),
        (History(age_days=14, sending_days=4, messages=500, failures=0), Maturity.YOUNG),
        (History(age_days=400, sending_days=4, messages=9000, failures=0), Maturity.YOUNG),
        (History(age_days=14, sending_days=5, messages=500, failures=0), Maturity.ESTABLISHED),
        (BARELY_MATURE, Maturity.MATURE),
        (replace(BARELY_MATURE, age_days=89.9), Maturity.ESTABLISHED),
        (replace(BARELY_MATURE, sending_days=9), Maturity.ESTABLISHED),
        (replace(BARELY_MATURE, messages=1999), Maturity.ESTABLISHED),
        (replace(BARELY_MATURE, failures=101), Maturity.ESTABLISHED),
    ],
)
def test_thresholds(history: History, maturity: Maturity) -> None:
    """P3: an account counts as mature only when all that is known speaks for it."""
    assert maturity_of(history) is maturity


@pytest.mark.parametrize(
    ("sending_days", "allowed"), [(0, 20), (1, 50), (2, 200), (3, 500), (4, 1000), (9, 1000)]
)
def test_warm_up(sending_days: int, allowed: int) -> None:
    """P1: a young account starts with few messages a day."""
    assert warm_up_quota(1000, sending_days) == allowed


@given(st.integers(1, 10_000), st.integers(0, 100))
def test_warm_up_never_exceeds_the_quota_and_never_shrinks(quota: int, sending_days: int) -> None:
    """P1: whatever the quota is set to."""
    assert warm_up_quota(quota, sending_days) <= min(quota, WARM_UP[-1])
    assert warm_up_quota(quota, sending_days) <= warm_up_quota(quota, sending_days + 1)
