"""Reported: who lowered a limit while a campaign was paused found it finished, with people left out."""

from typing import Any

from tests.conftest import eventually
from tests.scenarios.conftest import ended_well, goes_on_later
from tests.test_pausing import RATE_PER_S, SILENT, SOON_S, House, mailing

CONTACTS = 30  # two batches


async def set_limit(house: House, name: str, value: float, **scope: str) -> None:
    """A person changes a setting."""
    body: dict[str, Any] = {"value": value, **scope}
    (await house.api.put(f"/api/settings/{name}", json=body)).raise_for_status()


async def test_a_limit_changed_while_paused_leaves_nobody_out(house: House) -> None:
    """P11: a quota below what was sent, another size of batches, another age and window, for everything."""
    run = await mailing(house, [SILENT] * CONTACTS, window_s=1)
    sender = {"sender_id": run.sender.id}
    await run.until_accepted(5)
    await house.post(f"{run.path}/pause")
    await set_limit(house, "quota_per_day", 3, **sender)

    async def is_over_quota() -> bool:
        shown = (await house.api.get(f"/api/senders/{run.sender.id}")).json()
        return bool(shown["pace"]["quota"] == 3)

    await eventually(is_over_quota, what="the new quota")
    for name, value in (("batch_size", 100), ("batch_pause_s", 0), ("max_age_s", 1), ("window_s", 0.1)):
        await set_limit(house, name, value)
    refused = await house.api.patch(run.path, json={"max_age_s": 1})
    assert refused.status_code == 409, "the shape of a campaign stays what it was when it started"
    await goes_on_later(run)

    # Over its quota, it waits as if it were still paused.
    sent = len(await run.accepted())
    await house.post(f"{run.path}/resume")
    await house.served()
    assert len(await run.accepted()) <= sent + 1
    await goes_on_later(run)

    await set_limit(house, "quota_per_day", 1000, **sender)
    await run.until_accepted(CONTACTS, within_s=(CONTACTS - sent) / RATE_PER_S + SOON_S)
    await ended_well(run)
    for name in ("batch_size", "batch_pause_s", "max_age_s", "window_s"):
        (await house.api.delete(f"/api/settings/{name}")).raise_for_status()
