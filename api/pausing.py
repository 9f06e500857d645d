"""What can be paused, for campaigns and senders alike."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class PauseScope(StrEnum):
    """What a pause keeps from leaving."""

    MESSAGE_1 = "message_1"  # whoever got Message 1 and reacts still gets Message 2
    ALL = "all"


class PauseIn(BaseModel):
    """How far the pause goes."""

    model_config = ConfigDict(extra="forbid")

    scope: PauseScope = PauseScope.MESSAGE_1
