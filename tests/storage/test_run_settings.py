"""Overrides in PostgreSQL: which one counts, what each change leaves behind, and that the log only grows."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.run_settings import Effective, RunSettings, Source, UnknownSettingError, WrongScopeError
from storage import audit, run_settings
from storage.audit import AuditEntry
from storage.database import Pool
from storage.run_settings import UnknownTargetError, remove_override, set_override
from storage.senders import Sender
from tests.conftest import Town

DEFAULTS = RunSettings()
Target = dict[str, str]


@pytest.fixture(autouse=True)
async def nothing_stays(pool: Pool) -> AsyncIterator[None]:
    """What is set for everything would change other tests."""
    yield
    await pool.execute("DELETE FROM settings WHERE scope = 'global'")


async def new_campaign(town: Town, sender: Sender) -> str:
    """The id of a draft."""
    category_id, _phones = await town.people([{"script": []}])
    return (await town.campaign(category_id, [sender.id])).id


async def delay(pool: Pool, **target: str) -> Effective:
    """The delay that counts there."""
    return (await run_settings.effective(pool, DEFAULTS, (), **target))["delay_s"]


async def log_of(pool: Pool, subject_type: str, subject_id: str) -> list[AuditEntry]:
    """The entries of one subject, oldest first."""
    return (await audit.list_entries(pool, 100, subject_type=subject_type, subject_id=subject_id)).items[::-1]


async def test_each_scope_wins_over_the_wider_one(town: Town, pool: Pool) -> None:
    """P11; and each goes back to the wider one when it is removed."""
    sender, other = await town.sender(), await town.sender()
    campaign_id = await new_campaign(town, sender)
    here = {"sender_id": sender.id, "campaign_id": campaign_id}
    steps: list[tuple[Target, float, Source]] = [
        ({}, 6.0, Source.STORED),
        ({"sender_id": sender.id}, 7.0, Source.SENDER),
        ({"campaign_id": campaign_id}, 8.0, Source.CAMPAIGN),
    ]
    seen = [await delay(pool, **here)]
    for target, value, source in steps:
        assert await set_override(pool, "delay_s", value, **target, actor="test")
        seen.append(await delay(pool, **here))
        assert seen[-1] == Effective(value=value, source=source)
    assert await run_settings.load(pool, DEFAULTS, **here) == RunSettings(delay_s=8.0)
    assert (await delay(pool, sender_id=other.id)).value == (await delay(pool)).value == 6.0

    for target, value, _source in reversed(steps):
        assert (await delay(pool, **here)).value == value
        assert await remove_override(pool, "delay_s", **target, actor="test")
    assert await delay(pool, **here) == seen[0] == Effective(value=5.0, source=Source.DEFAULT)


async def test_every_change_is_logged_with_before_and_after(town: Town, pool: Pool) -> None:
    """P11; what changes nothing leaves no entry."""
    sender = await town.sender()
    target = {"sender_id": sender.id}

    changes = [
        await set_override(pool, "quota_per_day", 500, **target, actor="ann"),
        await set_override(pool, "quota_per_day", 500.0, **target, actor="bob"),
        await set_override(pool, "quota_per_day", 200, **target, actor="cid"),
        await remove_override(pool, "quota_per_day", **target, actor="dan"),
        await remove_override(pool, "quota_per_day", **target, actor="eve"),
    ]

    assert changes == [True, False, True, True, False]
    assert [
        (entry.actor, entry.action, entry.before, entry.after)
        for entry in await log_of(pool, "sender", sender.id)
    ] == [
        ("ann", "setting.set", None, {"quota_per_day": 500}),
        ("cid", "setting.set", {"quota_per_day": 500}, {"quota_per_day": 200}),
        ("dan", "setting.removed", {"quota_per_day": 200}, None),
    ]


async def test_a_setting_for_everything_is_logged_under_its_name(pool: Pool) -> None:
    """P11."""
    await set_override(pool, "error_threshold", 0.1, actor="ann")

    [entry] = (await audit.list_entries(pool, 1, subject_type="setting", subject_id="error_threshold")).items
    assert (entry.actor, entry.before, entry.after) == ("ann", None, {"error_threshold": 0.1})
    assert entry in (await audit.list_entries(pool, 5, subject_type="setting")).items
    assert entry in (await audit.list_entries(pool, 5)).items
    with pytest.raises(ValueError, match="subject_type"):
        await audit.list_entries(pool, 1, subject_id="error_threshold")


async def test_changes_at_once_tell_one_story(town: Town, pool: Pool) -> None:
    """P11: each entry begins where the one before it ended."""
    sender = await town.sender()
    values = [2.0 + n / 10 for n in range(8)]

    await asyncio.gather(
        *(set_override(pool, "delay_s", value, sender_id=sender.id, actor="test") for value in values)
    )

    next_one = {
        entry.before["delay_s"] if entry.before else None: entry.after["delay_s"]
        for entry in await log_of(pool, "sender", sender.id)
        if entry.after
    }
    story = [next_one[None]]
    while story[-1] in next_one:
        story.append(next_one[story[-1]])
    assert sorted(story) == values
    assert (await delay(pool, sender_id=sender.id)).value == story[-1]


async def test_nothing_is_stored_that_is_not_allowed(town: Town, pool: Pool) -> None:
    """P11: a name, a value, a scope, a target; neither an override nor an entry."""
    sender = await town.sender()
    campaign_id = await new_campaign(town, sender)
    unknown = str(uuid4())
    refused: list[tuple[type[Exception], str, Any, Target]] = [
        (UnknownSettingError, "delay", 5, {"sender_id": sender.id}),
        (ValueError, "delay_s", 1, {"sender_id": sender.id}),
        (WrongScopeError, "profile", "careful", {"campaign_id": campaign_id}),
        (WrongScopeError, "delay_s", 5, {"sender_id": sender.id, "campaign_id": campaign_id}),
        (UnknownTargetError, "delay_s", 5, {"sender_id": unknown}),
        (UnknownTargetError, "delay_s", 5, {"campaign_id": unknown}),
    ]
    for error, name, value, target in refused:
        with pytest.raises(error):
            await set_override(pool, name, value, **target, actor="test")
        if error is not ValueError:
            with pytest.raises(error):
                await remove_override(pool, name, **target, actor="test")

    for subject in (
        ("sender", sender.id),
        ("campaign", campaign_id),
        ("sender", unknown),
        ("campaign", unknown),
    ):
        assert await log_of(pool, *subject) == []
    effective = await run_settings.effective(
        pool, DEFAULTS, {"jitter"}, sender_id=sender.id, campaign_id=campaign_id
    )
    assert {each.source for name, each in effective.items() if name != "jitter"} == {Source.DEFAULT}
    assert effective["jitter"].source is Source.ENVIRONMENT


async def test_a_change_whose_entry_cannot_be_stored_does_not_happen(town: Town, pool: Pool) -> None:
    """P11: change and entry are one transaction; an actor without a name is refused by the log."""
    sender = await town.sender()
    await set_override(pool, "delay_s", 3, sender_id=sender.id, actor="test")

    with pytest.raises(asyncpg.CheckViolationError):
        await remove_override(pool, "delay_s", sender_id=sender.id, actor="")

    assert await delay(pool, sender_id=sender.id) == Effective(value=3.0, source=Source.SENDER)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_log SET actor = 'nobody'", "DELETE FROM audit_log", "TRUNCATE audit_log"],
)
async def test_the_log_takes_nothing_back(town: Town, pool: Pool, statement: str) -> None:
    """P11."""
    sender = await town.sender()
    await set_override(pool, "delay_s", 3, sender_id=sender.id, actor="ann")

    with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
        await pool.execute(statement)

    [entry] = await log_of(pool, "sender", sender.id)
    assert entry.actor == "ann"


@pytest.mark.parametrize(
    ("scope", "columns"),
    [("global", ("sender",)), ("sender", ()), ("sender", ("campaign",)), ("campaign", ("sender", "campaign"))],
)
async def test_the_table_refuses_a_scope_that_its_ids_contradict(
    town: Town, pool: Pool, scope: str, columns: tuple[str, ...]
) -> None:
    """P11."""
    sender = await town.sender()
    ids = {"sender": sender.id, "campaign": await new_campaign(town, sender)}
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute(
            "INSERT INTO settings (name, scope, sender_id, campaign_id, value, updated_by) "
            "VALUES ('delay_s', $1, $2, $3, '3', 'test')",
            scope,
            *(ids[column] if column in columns else None for column in ("sender", "campaign")),
        )


PLACES = ("global", "sender", "campaign")


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(PLACES), st.one_of(st.none(), st.floats(2, 10).map(lambda x: round(x, 3)))),
        max_size=8,
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_after_any_changes_the_narrowest_override_counts(
    everybody: Town, account: Sender, steps: list[tuple[str, float | None]]
) -> None:
    """P11, against a plain model: a dictionary; None removes."""
    pool = everybody.pool
    campaign_id = await new_campaign(everybody, account)
    targets: dict[str, Target] = {
        "global": {},
        "sender": {"sender_id": account.id},
        "campaign": {"campaign_id": campaign_id},
    }
    model: dict[str, float] = {}
    try:
        for place, value in steps:
            before = model.get(place)
            if value is None:
                changed = await remove_override(pool, "delay_s", **targets[place], actor="test")
                model.pop(place, None)
            else:
                changed = await set_override(pool, "delay_s", value, **targets[place], actor="test")
                model[place] = value
            assert changed == (before != model.get(place))
            expected = next((model[each] for each in reversed(PLACES) if each in model), DEFAULTS.delay_s)
            assert (await delay(pool, sender_id=account.id, campaign_id=campaign_id)).value == expected
    finally:
        for place in PLACES:
            await remove_override(pool, "delay_s", **targets[place], actor="test")
