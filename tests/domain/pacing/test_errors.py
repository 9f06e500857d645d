"""What errors do to a sender."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pacing.errors import LARGEST_FACTOR, SAMPLE, Outcomes, adapted, emergency


@pytest.mark.parametrize(
    ("factor", "finished", "failed", "then"),
    [
        (1.0, 100, 5, 1.0),  # at the threshold is not over it
        (1.0, 100, 6, 1.5),
        (1.5, 100, 6, 2.25),
        (2.25, 100, 6, 3.375),
        (3.375, 100, 6, 4.0),
        (4.0, 100, 100, 4.0),
        (1.5, 100, 5, 1.35),
        (1.05, 100, 0, 1.0),
        (1.5, 19, 19, 1.5),  # too few to say anything
        (1.0, 20, 2, 1.5),
        (2.0, 0, 0, 2.0),
    ],
)
def test_the_delay_adapts(factor: float, finished: int, failed: int, then: float) -> None:
    """P4, P5: longer by half when more than five in a hundred fail, back in small steps, at most four times."""
    assert adapted(factor, Outcomes(finished=finished, failed=failed), 0.05) == pytest.approx(then)


def test_recovery_is_gradual() -> None:
    """P5: from the longest delay it takes many good evaluations back to the usual one."""
    factors = [LARGEST_FACTOR]
    while factors[-1] > 1:
        factors.append(adapted(factors[-1], Outcomes(finished=100, failed=0), 0.05))
    assert len(factors) == 15
    assert factors[-1] == 1


@given(st.floats(1, 4), st.integers(0, 1000), st.integers(0, 1000), st.floats(0.001, 1))
def test_the_factor_keeps_its_limits(factor: float, finished: int, failed: int, threshold: float) -> None:
    """P5: from 1 to 4, and never up without errors."""
    then = adapted(factor, Outcomes(finished=finished, failed=min(failed, finished)), threshold)
    assert 1 <= then <= LARGEST_FACTOR
    assert then <= factor or (finished >= SAMPLE and failed > 0)


def test_nothing_finished_is_no_error() -> None:
    """P12: a sender that has sent nothing has no errors."""
    assert Outcomes(finished=0, failed=0).error_rate == 0


@pytest.mark.parametrize(
    ("in_a_row", "in_ten_minutes", "reason"),
    [
        (0, 0, None),
        (2, 4, None),
        (3, 3, "3 messages failed in a row"),
        (2, 5, "5 messages failed within ten minutes"),
        (6, 6, "6 messages failed in a row"),
    ],
)
def test_emergency(in_a_row: int, in_ten_minutes: int, reason: str | None) -> None:
    """P12: a young account stops when failures pile up, and says why."""
    assert emergency(in_a_row=in_a_row, in_ten_minutes=in_ten_minutes) == reason
