"""How mature an account is, from its own history and age, and what a young one may send a day.

WhatsApp publishes no thresholds. These are careful readings of what operators report (docs/decisions/0007).
"""

from dataclasses import dataclass

from domain.pacing.pace import Maturity

WARM_UP = (20, 50, 200, 500, 1000)  # messages a day, by the days on which the account has sent before

YOUNG_DAYS = 14
MATURE_DAYS = 90
MATURE_SENDING_DAYS = 10
MATURE_MESSAGES = 2000
MATURE_ERROR_RATE = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """What is known of an account."""

    age_days: float
    sending_days: int  # days before today on which it sent anything
    messages: int  # accepted by the provider, ever
    failures: int  # of those and of the refused ones, ever


def maturity_of(history: History) -> Maturity:
    """Young until the warm-up is over; mature after months of sending without trouble."""
    if history.age_days < YOUNG_DAYS or history.sending_days < len(WARM_UP):
        return Maturity.YOUNG
    is_mature = (
        history.age_days >= MATURE_DAYS
        and history.sending_days >= MATURE_SENDING_DAYS
        and history.messages >= MATURE_MESSAGES
        and history.failures <= MATURE_ERROR_RATE * history.messages
    )
    return Maturity.MATURE if is_mature else Maturity.ESTABLISHED


def warm_up_quota(quota: int, sending_days: int) -> int:
    """What a young account may send in 24 hours."""
    return min(quota, WARM_UP[min(sending_days, len(WARM_UP) - 1)])
