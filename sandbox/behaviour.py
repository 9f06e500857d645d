"""How this Wassenger behaves is a choice of the test: which plan, how fast, how it signs."""

from typing import Any, Literal

from pydantic import Field

from sandbox.store import Store
from sandbox.whatsapp.ban_rules import BanRules


class Behaviour(BanRules):
    """All settings; each has the value of a healthy, fast provider until a test says otherwise."""

    # From the start of a delivery; each status needs the one before it.
    sent_after_s: float = Field(0.02, ge=0)
    delivered_after_s: float = Field(0.05, ge=0)
    read_after_s: float = Field(0.1, ge=0)
    delivered_probability: float = Field(1.0, ge=0, le=1)
    read_probability: float = Field(0.7, ge=0, le=1)
    retry_delay_s: float = Field(0.5, ge=0)  # between two delivery attempts of one message

    plan: Literal["professional", "business", "gateway"] = "business"
    envelope: Literal["flat", "skills"] = "flat"
    failed_envelope: Literal["array", "object"] = "array"
    gateway_batch_s: float = Field(0.05, ge=0)  # what fails within this time shares one array, up to 25 items
    not_on_whatsapp: Literal["async", "sync"] = "async"
    number_check: Literal["exists_false", "not_found"] = "exists_false"
    reaction_removed_as: str | None = "-"  # unconfirmed, hence a setting

    meta_app_secret: str = "sandbox-app-secret"  # noqa: S105 - it opens nothing else
    meta_batch_s: float = Field(0.05, ge=0)  # what happens within this time shares one POST
    meta_unordered: bool = False  # the newest status comes first
    meta_skips_delivered: bool = False  # as when somebody reads at once
    meta_window_s: float = Field(86400.0, gt=0)
    meta_reaction_opens_window: bool = True  # unconfirmed, hence a setting
    meta_window_refusal: Literal["sync", "async"] = "sync"
    meta_pair_gap_s: float = Field(6.0, ge=0)
    meta_pair_burst: int = Field(45, ge=1)
    meta_throughput_per_s: int = Field(80, ge=1)

    security: Literal["none", "query", "header", "hmac"] = "none"
    secret: str = ""
    secret_query: str = "secret"  # noqa: S105 - the name of a parameter
    secret_header: str = "X-Webhook-Secret"  # noqa: S105 - the name of a header

    webhook_timeout_s: float = Field(10.0, gt=0)
    webhook_retry_first_s: float = Field(0.5, gt=0)
    webhook_retry_factor: float = Field(2.0, ge=1)
    webhook_retry_longest_s: float = Field(3600.0, gt=0)
    webhook_retry_for_s: float = Field(86400.0, ge=0)
    webhook_disable_after: int | None = Field(None, ge=1)  # failures in a row; None never switches off


class Settings:
    """The behaviour in force, remembered over a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.behaviour = Behaviour()

    def change(self, changes: dict[str, Any]) -> None:
        """Takes some settings over, or none of them when one is wrong.

        Raises
        ------
        pydantic.ValidationError
            When a name is unknown or a value out of range.
        """
        self.behaviour = Behaviour.model_validate({**self.behaviour.model_dump(), **changes})
        self._store.save("settings", "behaviour", self.behaviour.model_dump())

    def restore(self, fields: dict[str, Any]) -> None:
        self.behaviour = Behaviour.model_validate(fields)
