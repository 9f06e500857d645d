"""What goes in and out of the campaign routes."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from api.dependencies import Resources
from domain.identifiers import campaign_workflow_id
from domain.messages import MessageType
from domain.phone import parse_phone
from domain.report import CampaignCounters
from domain.template import check_template
from settings import Settings
from storage.campaigns import Campaign
from storage.drafts import Audience, SampleContact
from storage.test_sends import SendTest

CampaignName = Annotated[str, Field(min_length=1, max_length=200)]
DESCRIPTION_1 = "May hold {{variables}}, with a fallback as in {{name|there}}"


class AudienceIn(BaseModel):
    """Whom to reach."""

    model_config = ConfigDict(extra="forbid")

    category_ids: list[UUID] = Field(default=[], max_length=100)
    everyone: bool = Field(default=False, description="All contacts, instead of categories")

    @model_validator(mode="after")
    def _choose(self) -> Self:
        if self.everyone == bool(self.category_ids):
            raise ValueError("choose either category_ids or everyone")
        return self


class CampaignIn(AudienceIn):
    """A draft. Durations in seconds; what is unset comes from the settings."""

    name: CampaignName
    message_1: str = Field(description=DESCRIPTION_1)
    message_2: str
    sender_ids: list[UUID] = Field(min_length=1, max_length=100)
    window_s: float | None = Field(default=None, gt=0, le=30 * 86400)
    grace_s: float | None = Field(default=None, ge=0, le=3600)
    max_age_s: float | None = Field(default=None, gt=0, le=90 * 86400)
    batch_size: int | None = Field(default=None, ge=25, le=100)
    batch_pause_s: float | None = Field(default=None, ge=0, le=3600)

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        for name in ("message_1", "message_2"):
            problems = check_template(getattr(self, name))
            if problems:
                raise ValueError(f"{name}: {'; '.join(problems)}")
        if len(set(self.sender_ids)) < len(self.sender_ids):
            raise ValueError("sender_ids: a sender is named twice")
        return self


class CampaignChange(BaseModel):
    """What to change; what is not named stays. A campaign that has started takes a new name only."""

    model_config = ConfigDict(extra="forbid")

    # Whether the result makes sense, CampaignIn says of the whole.
    name: str | None = None
    message_1: str | None = None
    message_2: str | None = None
    sender_ids: list[UUID] | None = None
    category_ids: list[UUID] | None = None
    everyone: bool | None = None
    window_s: float | None = Field(default=None, description="null: as the settings say now")
    grace_s: float | None = None
    max_age_s: float | None = None
    batch_size: int | None = None
    batch_pause_s: float | None = Field(default=None, description="null: as the settings say when a batch ends")


class CampaignCounts(BaseModel):
    """Live counters, exact."""

    total_contacts: int
    messages_sent: int
    messages_1_sent: int
    messages_2_sent: int
    messages_delivered: int
    messages_read: int
    interactions: int
    suppressed_duplicates: int
    failures: int
    final_contacts: int
    contacts_by_state: dict[str, int]


class CampaignOut(BaseModel):
    """A campaign with its live counters; `report` is set once it has closed."""

    id: str
    name: str
    status: str = Field(description="draft, scheduled, running, paused, completed or cancelled")
    pause_scope: str | None
    message_1: str
    message_2: str
    everyone: bool
    sender_ids: list[str]
    category_ids: list[str]
    window_s: float
    grace_s: float
    max_age_s: float
    batch_size: int
    batch_pause_s: float | None = Field(description="Unset: as the settings say when a batch ends")
    created_at: AwareDatetime
    start_at: AwareDatetime | None = Field(description="When it starts, or was to start, by itself")
    start_problem: str | None = Field(
        description="Why a scheduled start did not happen; a person has to decide"
    )
    start_problem_at: AwareDatetime | None
    started_at: AwareDatetime | None
    closes_by: AwareDatetime | None
    closed_at: AwareDatetime | None
    close_reason: str | None
    workflow_id: str
    workflow_url: str | None = Field(description="Its page in the Temporal Web UI")
    counts: CampaignCounts
    report: dict[str, Any] | None


class ScheduleIn(BaseModel):
    """When to start."""

    model_config = ConfigDict(extra="forbid")

    start_at: AwareDatetime


class AudienceOut(BaseModel):
    """Whom a campaign would reach now: reached = memberships - duplicates - opted_out - not_on_whatsapp."""

    audience: Audience
    sample: list[SampleContact] = Field(description="Ten of them")


class PreviewIn(BaseModel):
    """For whom to show the messages: a contact, or made-up values."""

    model_config = ConfigDict(extra="forbid")

    contact_id: UUID | None = None
    variables: dict[str, str] | None = Field(default=None, description="Go before those of the contact")


class DraftPreviewIn(PreviewIn):
    """The same for messages that are not stored yet."""

    message_1: str = Field(description=DESCRIPTION_1)
    message_2: str


class RenderedMessage(BaseModel):
    """A message as one contact would get it."""

    text: str
    missing_variables: list[str] = Field(description="Without a value here, and without a fallback")
    problems: list[str] = Field(description="What is wrong with the template itself")


class PreviewOut(BaseModel):
    """Both messages, and every variable that was there for them."""

    message_1: RenderedMessage
    message_2: RenderedMessage
    variables: dict[str, str]


def _international(text: str) -> str:
    return parse_phone(text, "ZZ")


class SendTestIn(BaseModel):
    """Which message to send, and where to."""

    model_config = ConfigDict(extra="forbid")

    phone: Annotated[str, AfterValidator(_international)] = Field(description="E.164, with the plus sign")
    message: MessageType | None = Field(default=None, description="Unset: both")
    sender_id: UUID | None = Field(default=None, description="Unset: the first of the campaign")
    variables: dict[str, str] = Field(default={}, description="Go before those of a contact of this number")


class SendTestsOut(BaseModel):
    """The test messages that are on their way, Message 1 first."""

    test_sends: list[SendTest]


def shown(needs: Resources, campaign: Campaign, counters: CampaignCounters) -> CampaignOut:
    """The campaign as the API answers it."""
    shared = {name: getattr(campaign, name) for name in CampaignOut.model_fields if hasattr(campaign, name)}
    counts = {name: getattr(counters, name) for name in CampaignCounts.model_fields if hasattr(counters, name)}
    shared["closes_by"] = campaign.closes_by if campaign.started_at else None
    workflow_id = campaign_workflow_id(campaign.id)
    return CampaignOut(
        **shared,
        workflow_id=workflow_id,
        workflow_url=workflow_url(needs.settings, workflow_id),
        counts=CampaignCounts(**counts, contacts_by_state=counters.by_state()),
    )


def workflow_url(settings: Settings, workflow_id: str) -> str | None:
    """Where people find a workflow in the Temporal Web UI; None when nobody said where that is."""
    if settings.temporal_ui_url is None:
        return None
    namespace = f"{settings.temporal_ui_url.rstrip('/')}/namespaces/{settings.temporal_namespace}"
    return f"{namespace}/workflows/{workflow_id}"
