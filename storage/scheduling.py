"""Starts in the future. `campaigns.start_at` is the truth: whoever waits for a start reads it again."""

from dataclasses import dataclass
from datetime import datetime

from storage import audit
from storage.campaigns import CHANGED
from storage.database import Pool

SCHEDULE = f"""
    UPDATE campaigns SET status = 'scheduled', start_at = $2, start_problem = NULL, start_problem_at = NULL
    WHERE id = $1 AND status IN ('draft', 'scheduled') RETURNING {CHANGED}
"""
UNSCHEDULE = f"""
    UPDATE campaigns SET status = 'draft', start_at = NULL WHERE id = $1 AND status = 'scheduled'
    RETURNING {CHANGED}
"""
LOOK = """
    SELECT status, start_at, extract(epoch FROM start_at - clock_timestamp())::double precision AS due_in_s
    FROM campaigns WHERE id = $1
"""
# Only if nobody has moved it meanwhile.
START_DUE = f"""
    UPDATE campaigns SET status = 'running', started_at = clock_timestamp(),
        start_problem = NULL, start_problem_at = NULL
    WHERE id = $1 AND status = 'scheduled' AND start_at = $2 RETURNING {CHANGED}
"""
REFUSE = f"""
    UPDATE campaigns SET status = 'draft', start_at = NULL, start_problem = $3,
        start_problem_at = clock_timestamp()
    WHERE id = $1 AND status = 'scheduled' AND start_at = $2 RETURNING {CHANGED}
"""
SCHEDULED = "SELECT id::text FROM campaigns WHERE status = 'scheduled' ORDER BY start_at"


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduledStart:
    """Where a scheduled start stands. `due_in_s` by the database's clock, negative once it is due."""

    status: str
    start_at: datetime | None
    due_in_s: float | None


async def schedule(pool: Pool, campaign_id: str, start_at: datetime, *, actor: str = audit.RELANCE) -> bool:
    """Sets or moves the start of a campaign that has not started; False if it has."""
    action = "campaign.scheduled"
    return await audit.change_alone(pool, SCHEDULE, campaign_id, start_at, actor=actor, action=action)


async def unschedule(pool: Pool, campaign_id: str, *, actor: str = audit.RELANCE) -> bool:
    """Makes a scheduled campaign a draft again; False if it was not scheduled."""
    return await audit.change_alone(pool, UNSCHEDULE, campaign_id, actor=actor, action="campaign.unscheduled")


async def look(pool: Pool, campaign_id: str) -> ScheduledStart | None:
    """Where the start stands now; None if there is no such campaign."""
    row = await pool.fetchrow(LOOK, campaign_id)
    return ScheduledStart(**row) if row else None


async def start_due(pool: Pool, campaign_id: str, start_at: datetime) -> bool:
    """Takes the campaign to running; False if its start was moved or removed meanwhile."""
    action = "campaign.started"
    return await audit.change_alone(pool, START_DUE, campaign_id, start_at, actor=audit.RELANCE, action=action)


async def refuse(pool: Pool, campaign_id: str, start_at: datetime, problem: str) -> bool:
    """Makes it a draft again and keeps why; False if its start was moved or removed meanwhile."""
    action = "campaign.start_refused"
    return await audit.change_alone(
        pool, REFUSE, campaign_id, start_at, problem, actor=audit.RELANCE, action=action
    )


async def list_scheduled(pool: Pool) -> list[str]:
    """The ids of all campaigns that wait for their start."""
    return [row["id"] for row in await pool.fetch(SCHEDULED)]
