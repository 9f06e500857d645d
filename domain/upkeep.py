"""What an upkeep run looks for, and how it says what it found."""

from dataclasses import dataclass, field
from enum import StrEnum

SUBJECTS_KEPT = 20  # ids of examples; the numbers are complete


class FindingKind(StrEnum):
    """Everything that an upkeep run can find wrong."""

    UNKNOWN_OUTCOME = "unknown_outcome"  # nobody found out whether the gateway has a message
    MISSED_REPLY = "missed_reply"  # its webhook never came
    MISSED_STATUS = "missed_status"
    WEBHOOK = "webhook"  # its registration at the gateway
    CAMPAIGN_WITHOUT_WORKFLOW = "campaign_without_workflow"
    BATCH_WITHOUT_WORKFLOW = "batch_without_workflow"
    CONTACT_WITHOUT_WORKFLOW = "contact_without_workflow"
    REPLY_NOT_TOLD = "reply_not_told"  # stored, but the contact's workflow does not know
    OVERDUE_WINDOW = "overdue_window"  # closed without a final state (E13)
    COUNTER_DRIFT = "counter_drift"
    SENT_BEFORE_RESTORE = "sent_before_restore"  # the gateway has it, the restored database does not
    NOT_LOOKED = "not_looked"  # a part of the run that could not be done


class UpkeepReason(StrEnum):
    """Why a run was started."""

    SCHEDULE = "schedule"
    PERSON = "person"
    RESTORE = "restore"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """All that one part of a run found of one kind."""

    kind: str  # a FindingKind
    found: int
    fixed: int
    detail: str
    subjects: list[str] = field(default_factory=list)  # ids, never anything personal


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What one part of a run looked at, and what it found."""

    part: str
    looked_at: int
    findings: list[Finding] = field(default_factory=list)


def found(kind: FindingKind, subjects: list[str], detail: str, *, fixed: int | None = None) -> list[Finding]:
    """One finding about these subjects, or none without any; `fixed` unset: all of them are."""
    if not subjects:
        return []
    repaired = len(subjects) if fixed is None else fixed
    kept = subjects[:SUBJECTS_KEPT]
    return [Finding(kind=kind, found=len(subjects), fixed=repaired, detail=detail, subjects=kept)]
