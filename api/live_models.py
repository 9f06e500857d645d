"""What the live events carry, written down for clients that are generated from the document."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field


class LiveCampaign(BaseModel):
    """A campaign that is under way, or has ended within a minute."""

    id: str
    name: str
    status: str
    pause_scope: str | None
    start_at: AwareDatetime | None
    start_problem: str | None
    total_contacts: int
    pending: int
    waiting: int = Field(description="Got Message 1; their window is open")
    message_2_sent: int
    no_interaction: int
    late_interaction: int
    failed: int
    opted_out: int
    cancelled: int
    expired: int
    messages_sent: int
    messages_1_sent: int
    messages_2_sent: int
    messages_delivered: int
    messages_read: int
    interactions: int
    failures: int


class LiveSender(BaseModel):
    """A sender with its pace."""

    id: str
    name: str
    status: str
    status_reason: str | None
    pause_scope: str | None
    state: str
    reason: str | None
    opens_at: AwareDatetime | None
    delay_s: float | None
    error_rate: float
    many_errors: bool


class LiveImport(BaseModel):
    """An import that is under way, or has ended within a minute."""

    id: str
    file_name: str | None
    state: str
    size_bytes: int | None
    position_bytes: int
    rows_read: int
    created: int
    updated: int
    skipped: int
    rejected: int
    error: str | None


class WarningOut(BaseModel):
    """What a person should look at now."""

    kind: Literal[
        "no_worker",
        "sender_stopped",
        "sender_errors",
        "campaign_not_started",
        "component_down",
        "quota_high",
        "webhook_silence",
        "upkeep_findings",
        "installation_held",
        "alert",
    ]
    subject_type: Literal["workers", "sender", "campaign", "component", "alert"]
    subject_id: str | None = Field(description="Of an `alert`, its kind and subject")
    value: float | None = Field(default=None, description="Of quota_high, the share that is used up")
    text: str


class LiveOut(BaseModel):
    """Everything that the stream of events tells about, as of the last look."""

    campaigns: list[LiveCampaign]
    senders: list[LiveSender]
    imports: list[LiveImport]
    warnings: list[WarningOut]
