"""What errors do to a sender: a longer delay, a warning, or an emergency stop."""

from dataclasses import dataclass

SLOWER = 1.5  # P5: by half at each evaluation over the threshold
RECOVERY = 0.9  # and back in small steps
LARGEST_FACTOR = 4.0
SAMPLE = 20  # messages with an outcome that an evaluation needs: five in a hundred cannot be seen in five

FAILURES_IN_A_ROW = 3
FAILURES_IN_TEN_MINUTES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcomes:
    """What became of a sender's messages since the last evaluation."""

    finished: int
    failed: int

    @property
    def error_rate(self) -> float:
        """From 0 to 1; 0 as long as nothing has finished."""
        return self.failed / self.finished if self.finished else 0.0


def adapted(factor: float, outcomes: Outcomes, threshold: float) -> float:
    """By how much the delay is longer than usual from now on; at least 1."""
    if outcomes.finished < SAMPLE:
        return factor
    if outcomes.error_rate > threshold:
        return min(LARGEST_FACTOR, factor * SLOWER)
    return max(1.0, factor * RECOVERY)


def emergency(*, in_a_row: int, in_ten_minutes: int) -> str | None:
    """Why a young account has to stop until a person has looked at it; None when it need not.

    Counted are messages that WhatsApp or the gateway refused or could not deliver. A gateway that is away is no
    sign of a ban.
    """
    if in_a_row >= FAILURES_IN_A_ROW:
        return f"{in_a_row} messages failed in a row"
    if in_ten_minutes >= FAILURES_IN_TEN_MINUTES:
        return f"{in_ten_minutes} messages failed within ten minutes"
    return None
