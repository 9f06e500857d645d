"""Faults on demand: a test says what goes wrong, for which request or webhook, how often and how likely."""

import itertools
import random
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

ApiKind = Literal[
    "accept_then_drop",
    "accept_then_timeout",
    "accept_then_502",
    "drop",
    "reset",
    "timeout",
    "status",
    "html_502",
    "html_504",
]
WebhookKind = Literal[
    "duplicate",
    "burst",
    "delay",
    "reorder",
    "drop",
    "truncate",
    "malformed",
    "wrong_device",
    "wrong_secret",
]
DeliveryKind = Literal["attempt_failed", "failed"]

KINDS_BY_TARGET = {"webhook": get_args(WebhookKind), "delivery": get_args(DeliveryKind)}
"""Every other target is a request to the API."""


class Fault(BaseModel):
    """One thing that goes wrong."""

    model_config = ConfigDict(extra="forbid")

    target: str  # messages.post, messages.get, devices.get ..., any; webhook; delivery (the network's attempts)
    kind: ApiKind | WebhookKind | DeliveryKind
    count: int | None = Field(1, ge=1)  # None is without end
    probability: float = Field(1.0, ge=0, le=1)
    after: int = Field(0, ge=0)  # the first ones that match stay unharmed
    match_phone: str | None = None
    match_reference: str | None = None
    match_event: str | None = None  # webhooks only
    match_ack: str | None = None  # webhooks only
    retry_after_s: int | None = None
    delay_s: float | None = Field(None, ge=0)
    http_status: int = Field(500, ge=400, le=599)
    error_code: int | None = None  # of Meta: in a refusal, or in the status of a message that failed
    copies: int = Field(5, ge=2, le=100)  # of a burst

    @model_validator(mode="after")
    def kind_fits_target(self) -> "Fault":
        fitting = KINDS_BY_TARGET.get(self.target, get_args(ApiKind))
        if self.kind not in fitting:
            raise ValueError(f"{self.target} knows these kinds: {', '.join(fitting)}")
        return self


class Occasion(BaseModel):
    """A moment at which something could go wrong."""

    target: str
    phone: str | None = None
    reference: str | None = None
    event: str | None = None
    ack: str | None = None


class PlannedFault(BaseModel):
    """A fault with its record so far."""

    id: int
    fault: Fault
    seen: int = 0
    fired: int = 0

    def matches(self, occasion: Occasion) -> bool:
        fault = self.fault
        if fault.target != occasion.target and not (fault.target == "any" and "." in occasion.target):
            return False
        return (
            fault.match_phone in (None, occasion.phone)
            and fault.match_reference in (None, occasion.reference)
            and fault.match_event in (None, occasion.event)
            and fault.match_ack in (None, occasion.ack)
        )

    @property
    def is_used_up(self) -> bool:
        return self.fault.count is not None and self.fired >= self.fault.count


class Faults:
    """What is planned to go wrong. Not kept over a restart: a crash is a fault of its own."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable by seed, protects nothing
        self._ids = itertools.count(1)
        self.planned: list[PlannedFault] = []

    def add(self, fault: Fault) -> PlannedFault:
        planned = PlannedFault(id=next(self._ids), fault=fault)
        self.planned.append(planned)
        return planned

    def draw(self, occasion: Occasion) -> Fault | None:
        """The first planned fault that strikes here; it counts as fired."""
        for planned in self.planned:
            if planned.is_used_up or not planned.matches(occasion):
                continue
            planned.seen += 1
            if planned.seen <= planned.fault.after:
                continue
            if self._random.random() < planned.fault.probability:
                planned.fired += 1
                return planned.fault
        return None
