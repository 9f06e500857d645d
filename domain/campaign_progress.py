"""How far a campaign has got: what its workflow carries from one run to the next.

These types live outside `workflows/`, because the sandbox in which workflow modules are loaded replaces
`datetime`, and an input that holds one could then not be read back.
"""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class LaneProgress:
    """How far one sender has got. Its batches are numbered lane, lane + lanes, lane + 2 * lanes ..."""

    sender_id: str
    lane: int
    batches: int
    started: int = 0  # batches started so far
    sending: bool = False  # the last one started still has contacts without Message 1
    resumes_at: datetime | None = None  # the end of the pause after the last one


@dataclass(frozen=True, kw_only=True)
class CampaignProgress:
    """All that a campaign carries from one run to the next, and the answer to the query `progress`."""

    name: str
    lanes: list[LaneProgress]
    closes_by: datetime
    batch_pause_s: float
    open_batches: list[int] = field(default_factory=list)
    states: dict[str, int] = field(default_factory=dict)  # contacts of ended batches, by final state
    paused: bool = False


@dataclass(frozen=True, kw_only=True)
class CampaignInput:
    """`progress` is None at the start and set by continue-as-new."""

    campaign_id: str
    progress: CampaignProgress | None = None
