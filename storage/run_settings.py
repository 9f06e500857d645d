"""Overrides of the settings that may change while Relance runs; every change enters the audit log."""

from collections.abc import Collection
from dataclasses import replace

from domain.run_settings import (
    Effective,
    Override,
    RunSettings,
    SettingScope,
    Source,
    build,
    check,
    check_scope,
    resolve,
    scope_of,
)
from storage import audit
from storage.database import Connection, Pool


class UnknownTargetError(LookupError):
    """There is no such sender or campaign."""

    def __init__(self, what: str, identity: str) -> None:
        super().__init__(f"there is no {what} {identity}")
        self.what = what
        self.identity = identity


OVERRIDES = """
    SELECT name, scope, value FROM settings
    WHERE campaign_id = $2 OR (campaign_id IS NULL AND (sender_id IS NULL OR sender_id = $1))
"""
SENDER_EXISTS = "SELECT EXISTS (SELECT FROM senders WHERE id = $1)"
CAMPAIGN_EXISTS = "SELECT EXISTS (SELECT FROM campaigns WHERE id = $1)"
# One statement, so that two changes at once tell the audit log one after the other. No row comes back when
# the same value is there already.
SET = """
    INSERT INTO settings (name, scope, sender_id, campaign_id, value, updated_by)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (campaign_id, sender_id, name) DO UPDATE
        SET value = excluded.value, updated_at = excluded.updated_at, updated_by = excluded.updated_by
        WHERE settings.value <> excluded.value
    RETURNING old.value AS before
"""
# A lower quota counts from the answer on, also while no worker runs that would look at it: it takes the lock of
# every send. More room can wait for the sender's workflow.
LOWER_QUOTA = """
    UPDATE sender_paces p SET quota = $1::int
    WHERE p.quota > $1::int AND CASE WHEN $2::uuid IS NOT NULL THEN p.sender_id = $2 ELSE NOT EXISTS (
        SELECT FROM settings WHERE name = 'quota_per_day' AND sender_id = p.sender_id) END
"""
REMOVE = """
    DELETE FROM settings
    WHERE name = $1 AND sender_id IS NOT DISTINCT FROM $2 AND campaign_id IS NOT DISTINCT FROM $3
    RETURNING value AS before
"""


async def effective(
    pool: Pool,
    defaults: RunSettings,
    given_by_environment: Collection[str],
    *,
    sender_id: str | None = None,
    campaign_id: str | None = None,
) -> dict[str, Effective]:
    """What every setting is now, with the overrides of that sender and campaign, and where it comes from."""
    rows = await pool.fetch(OVERRIDES, sender_id, campaign_id)
    overrides = [
        Override(name=row["name"], scope=SettingScope(row["scope"]), value=row["value"]) for row in rows
    ]
    return resolve(defaults, given_by_environment, overrides)


async def load(
    pool: Pool, defaults: RunSettings, *, sender_id: str | None = None, campaign_id: str | None = None
) -> RunSettings:
    """The values of `effective` alone, for those who send."""
    return build(await effective(pool, defaults, (), sender_id=sender_id, campaign_id=campaign_id))


async def for_batch(pool: Pool, defaults: RunSettings, *, sender_id: str, campaign_id: str) -> RunSettings:
    """With what the next batch of that campaign on that sender starts."""
    found = await effective(pool, defaults, (), sender_id=sender_id, campaign_id=campaign_id)
    settings = build(found)
    if found["delay_s"].source in {Source.SENDER, Source.CAMPAIGN}:
        # Whoever names a delay means it, also for a mature account.
        settings = replace(settings, mature_delay_s=settings.delay_s)
    return settings


async def batch_pause_s(pool: Pool, defaults: RunSettings, campaign_id: str, drafted_s: float | None) -> float:
    """The pause after a batch: as set for the campaign since, in its draft, or by the settings now."""
    found = (await effective(pool, defaults, (), campaign_id=campaign_id))["batch_pause_s"]
    return float(found.value) if found.source is Source.CAMPAIGN or drafted_s is None else drafted_s


async def check_targets(
    source: "Pool | Connection", *, sender_id: str | None = None, campaign_id: str | None = None
) -> None:
    """Raises UnknownTargetError for a sender or a campaign that does not exist."""
    if sender_id is not None and not await source.fetchval(SENDER_EXISTS, sender_id):
        raise UnknownTargetError("sender", sender_id)
    if campaign_id is not None and not await source.fetchval(CAMPAIGN_EXISTS, campaign_id):
        raise UnknownTargetError("campaign", campaign_id)


async def set_override(
    pool: Pool,
    name: str,
    value: object,
    *,
    sender_id: str | None = None,
    campaign_id: str | None = None,
    actor: str,
) -> bool:
    """Overrides a setting for everything, one sender or one campaign; False if it had that value there already.

    Raises ValueError for a value that is not allowed (UnknownSettingError, WrongScopeError for the rest), and
    UnknownTargetError.
    """
    scope = scope_of(sender_id, campaign_id)
    check_scope(name, scope)
    checked = check(name, value)
    async with pool.acquire() as connection, connection.transaction():
        await check_targets(connection, sender_id=sender_id, campaign_id=campaign_id)
        row = await connection.fetchrow(SET, name, scope, sender_id, campaign_id, checked, actor)
        if row is None:
            return False
        if name == "quota_per_day":
            await connection.execute(LOWER_QUOTA, checked, sender_id)
        subject_type, subject_id = _subject(name, sender_id, campaign_id)
        await audit.record(
            connection,
            actor=actor,
            action="setting.set",
            subject_type=subject_type,
            subject_id=subject_id,
            before=None if row["before"] is None else {name: row["before"]},
            after={name: checked},
        )
    return True


async def remove_override(
    pool: Pool, name: str, *, sender_id: str | None = None, campaign_id: str | None = None, actor: str
) -> bool:
    """Goes back to the wider value; False if there was no override. Raises as `set_override` does."""
    check_scope(name, scope_of(sender_id, campaign_id))
    async with pool.acquire() as connection, connection.transaction():
        await check_targets(connection, sender_id=sender_id, campaign_id=campaign_id)
        row = await connection.fetchrow(REMOVE, name, sender_id, campaign_id)
        if row is None:
            return False
        subject_type, subject_id = _subject(name, sender_id, campaign_id)
        await audit.record(
            connection,
            actor=actor,
            action="setting.removed",
            subject_type=subject_type,
            subject_id=subject_id,
            before={name: row["before"]},
            after=None,
        )
    return True


def _subject(name: str, sender_id: str | None, campaign_id: str | None) -> tuple[str, str]:
    # A sender's or a campaign's log shows what was set for it; a setting's log, what was set for everything.
    if sender_id is not None:
        return "sender", sender_id
    return ("setting", name) if campaign_id is None else ("campaign", campaign_id)
