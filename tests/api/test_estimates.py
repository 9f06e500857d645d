"""Estimates through the API: what they say in each state of a campaign, and what a refused start advises."""

import re
from datetime import datetime
from time import monotonic
from typing import Any

import httpx
import pytest

from domain.contact_states import ContactState
from storage import campaigns
from storage import senders as accounts
from storage.campaigns import Campaign
from storage.senders import Sender
from tests.conftest import Town
from tests.scene import open_scene

Json = dict[str, Any]
SILENT: Json = {"script": []}

ADD_CROWD = """
    WITH people AS (
        INSERT INTO contacts (phone) SELECT '+3363' || (8000000 + n) FROM generate_series(1, $2) n RETURNING id
    )
    INSERT INTO contact_categories (category_id, contact_id) SELECT $1, id FROM people
"""


async def estimate(api: httpx.AsyncClient, campaign: Campaign) -> Json:
    answer = await api.get(f"/api/campaigns/{campaign.id}/estimate")
    assert answer.status_code == 200, answer.text
    shown: Json = answer.json()
    return shown


def seconds(shown: Json, name: str) -> float:
    """From the moment of the estimate on."""
    begins, ends = (datetime.fromisoformat(shown[key]) for key in ("estimated_at", name))
    return (ends - begins).total_seconds()


async def test_a_draft_is_estimated_as_if_it_started_now(town: Town, api: httpx.AsyncClient) -> None:
    """P9: three gaps of ten seconds, then the window and its grace."""
    category_id, _phones = await town.people([SILENT] * 4)
    sender = await town.sender(rate_per_s=0.1)
    campaign = await town.campaign(category_id, [sender.id], window_s=60, grace_s=5)

    shown = await estimate(api, campaign)

    assert shown["contacts"] == 4
    assert seconds(shown, "messages_1_done_at") == pytest.approx(30, abs=1)
    # A reply may be due up to the end of the window; it costs no more time.
    assert seconds(shown, "closes_at") == pytest.approx(95, abs=1)
    assert seconds(shown, "closes_by") == campaign.max_age_s
    assert shown["fits"]
    assert shown["messages_1_by_sender"] == {sender.id: 4}
    assert sum(day["messages"] for day in shown["per_day"]) >= 4
    assert next(iter(shown["held_up_by"])) == "pace"


async def test_a_running_campaign_is_estimated_from_where_it_is(town: Town, api: httpx.AsyncClient) -> None:
    """P9: what is sent is not sent again; the maximum age counts from the start."""
    scene = await open_scene(town, 4, sender=await town.sender(rate_per_s=0.1), window_s=60, grace_s=5)
    before = await estimate(api, scene.campaign)
    await scene.begin(0)
    for statement in (
        "UPDATE messages SET sent_at = now(), accepted_at = now(), status = 'accepted' WHERE campaign_id = $1 "
        "AND contact_id = $2",
        "UPDATE campaign_contacts SET state = 'message_1_sent' WHERE campaign_id = $1 AND contact_id = $2",
    ):
        await town.pool.execute(statement, scene.campaign.id, scene.contact_ids[0])

    after = await estimate(api, scene.campaign)

    assert (before["contacts"], after["contacts"]) == (4, 3)
    assert seconds(after, "messages_1_done_at") == pytest.approx(30, rel=0.2)
    assert seconds(after, "closes_by") < scene.campaign.max_age_s
    assert after["closes_by"] == before["closes_by"]


async def test_a_paused_campaign_is_estimated_as_if_it_went_on_now(town: Town, api: httpx.AsyncClient) -> None:
    """P9: nobody knows when a person resumes it."""
    scene = await open_scene(town, 4, sender=await town.sender(rate_per_s=0.1))
    assert await campaigns.pause_campaign(town.pool, scene.campaign.id, "all")
    shown = await estimate(api, scene.campaign)
    assert shown["contacts"] == 4
    assert seconds(shown, "messages_1_done_at") == pytest.approx(30, abs=1)


async def test_a_closed_campaign_closed_when_it_did(town: Town, api: httpx.AsyncClient) -> None:
    """P9: also long after its maximum age, and as a cancelled draft."""
    scene = await open_scene(town, 2)
    await campaigns.close_campaign(
        town.pool, scene.campaign.id, close_reason="all_final", left_over=ContactState.EXPIRED
    )
    await town.pool.execute(
        "UPDATE campaigns SET started_at = started_at - interval '3 days', "
        "closed_at = closed_at - interval '3 days' WHERE id = $1",
        scene.campaign.id,
    )
    shown = await estimate(api, scene.campaign)
    stored = await campaigns.get_campaign(town.pool, scene.campaign.id)
    assert stored is not None
    assert datetime.fromisoformat(shown["closes_at"]) == stored.closed_at
    assert (shown["contacts"], shown["fits"], shown["per_day"]) == (0, True, [])

    category_id, _phones = await town.people([SILENT] * 2)
    draft = await town.campaign(category_id, [(await town.sender()).id])
    assert await campaigns.cancel_draft(town.pool, draft.id)
    assert (await estimate(api, draft))["contacts"] == 0


async def test_an_empty_audience_has_nothing_to_estimate(town: Town, api: httpx.AsyncClient) -> None:
    """P9, E1: it would be done at once."""
    category_id, _phones = await town.people([SILENT])
    await town.pool.execute("DELETE FROM contact_categories WHERE category_id = $1", category_id)
    campaign = await town.campaign(category_id, [(await town.sender()).id])
    shown = await estimate(api, campaign)
    assert (shown["contacts"], shown["messages_1_by_sender"], shown["held_up_by"]) == (0, {}, {})
    assert seconds(shown, "closes_at") == 0


# A start that is refused


async def refusal(api: httpx.AsyncClient, campaign: Campaign) -> Json:
    answer = await api.post(f"/api/campaigns/{campaign.id}/start")
    assert answer.status_code == 409, answer.text
    problem: Json = answer.json()
    assert problem["title"] == "The campaign cannot fit its maximum age"
    return problem


async def is_accepted(town: Town, api: httpx.AsyncClient, campaign: Campaign) -> bool:
    """Whether it can be started; then it is cancelled."""
    answer = await api.post(f"/api/campaigns/{campaign.id}/start")
    if answer.status_code == 202:
        assert (await api.post(f"/api/campaigns/{campaign.id}/cancel")).status_code == 202
    return answer.status_code == 202


async def fits(api: httpx.AsyncClient, campaign: Campaign) -> bool:
    """What a start asks before it starts."""
    answer = await api.get(f"/api/campaigns/{campaign.id}/estimate")
    return bool(answer.json()["fits"])


def named_max_age(problem: Json) -> float:
    found = re.search(r"raise max_age_s to (\d+) ", problem["detail"])
    assert found, problem["detail"]
    return float(found[1])


@pytest.mark.parametrize(
    ("contacts", "rate_per_s", "max_age_s"), [(6, 0.01, 200), (30, 0.05, 300), (9, 0.002, 1500)]
)
async def test_the_advice_of_a_refusal_holds(
    town: Town, api: httpx.AsyncClient, contacts: int, rate_per_s: float, max_age_s: float
) -> None:
    """P9, E15: it starts with the named maximum age, and with the named number of senders, not with fewer."""
    category_id, _phones = await town.people([SILENT] * contacts)
    sender_ids = [(await town.sender(rate_per_s=rate_per_s)).id]
    campaign = await town.campaign(category_id, sender_ids, max_age_s=max_age_s)

    problem = await refusal(api, campaign)

    assert problem["max_age_s"] == max_age_s < problem["duration_s"] <= named_max_age(problem)
    # Asked, not started: a worker of another test would send from these senders.
    longer = await town.campaign(category_id, sender_ids, max_age_s=named_max_age(problem))
    assert await fits(api, longer)
    more = [(await town.sender(rate_per_s=rate_per_s)).id for _ in range(problem["senders_to_add"])]
    too_few = [*sender_ids, *more[:-1]]
    await refusal(api, await town.campaign(category_id, too_few, max_age_s=max_age_s))
    enough = [*sender_ids, *more]
    assert await fits(api, await town.campaign(category_id, enough, max_age_s=max_age_s))


async def test_like_the_first_means_the_first(town: Town, api: httpx.AsyncClient) -> None:
    """P9, E15: whatever the order in which the senders came to us."""
    category_id, _phones = await town.people([SILENT] * 40)
    slow, fast = await town.sender(rate_per_s=0.0005), await town.sender(rate_per_s=0.05)
    to_add = {
        first.id: (await refusal(api, await town.campaign(category_id, [first.id, second.id], max_age_s=430)))[
            "senders_to_add"
        ]
        for first, second in ((slow, fast), (fast, slow))
    }
    assert to_add[slow.id] > to_add[fast.id] == 1


async def test_a_window_longer_than_the_maximum_age_needs_more_time_not_more_senders(
    town: Town, api: httpx.AsyncClient
) -> None:
    """P9, E15: no sender is advised that would not help."""
    category_id, _phones = await town.people([SILENT] * 3)
    campaign = await town.campaign(category_id, [(await town.sender()).id], window_s=7200, max_age_s=3600)
    problem = await refusal(api, campaign)
    assert problem["senders_to_add"] is None
    assert "more sender" not in problem["detail"]
    assert named_max_age(problem) > 7200


async def test_the_advice_never_exceeds_what_a_draft_may_have(town: Town, api: httpx.AsyncClient) -> None:
    """P9, E15: 90 days are the longest maximum age, and 85 days of work fit."""
    category_id, _phones = await town.people([SILENT] * 2)
    sender = await town.sender(rate_per_s=1 / (85 * 86400))
    problem = await refusal(api, await town.campaign(category_id, [sender.id]))
    assert problem["duration_s"] < named_max_age(problem) <= 90 * 86400
    longer = await town.campaign(category_id, [sender.id], max_age_s=named_max_age(problem))
    assert await is_accepted(town, api, longer)


@pytest.mark.parametrize("stopped", [True, False])
async def test_when_no_sender_can_send_it_says_so(town: Town, api: httpx.AsyncClient, stopped: bool) -> None:
    """P9, E6: in words, and that a sender has to be resumed."""
    category_id, _phones = await town.people([SILENT] * 4)
    senders: list[Sender] = [await town.sender() for _ in range(2)]
    for sender in senders:
        if stopped:
            await accounts.stop_sender(town.pool, sender.id, "a test")
        else:
            await accounts.pause_sender(town.pool, sender.id, "message_1")
    campaign = await town.campaign(category_id, [sender.id for sender in senders])

    shown = await estimate(api, campaign)
    assert (shown["messages_1_done_at"], shown["closes_at"], shown["fits"]) == (None, None, False)
    assert list(shown["held_up_by"]) == ["unavailable"]
    problem = await refusal(api, campaign)
    assert "4 contacts over 2 senders take more than 90 days" in problem["detail"]
    assert problem["detail"].endswith(
        "most of it is senders that are paused or stopped; resume a sender, or write to fewer contacts"
    )
    assert (problem["duration_s"], problem["senders_to_add"]) == (None, None)

    await accounts.resume_sender(town.pool, senders[0].id)
    assert (await estimate(api, campaign))["messages_1_by_sender"] == {senders[0].id: 4}


async def test_ten_thousand_contacts_are_estimated_while_a_person_waits(
    town: Town, api: httpx.AsyncClient, record_property: Any
) -> None:
    """P9: over three accounts and many days; the refusal, which looks for the senders to add, too."""
    category_id, _phones = await town.people([SILENT])
    await town.pool.execute(ADD_CROWD, category_id, 10_000)
    sender_ids = [
        (await town.sender(rate_per_s=None, maturity=each)).id for each in ("young", "established", "mature")
    ]
    campaign = await town.campaign(
        category_id, sender_ids, max_age_s=48 * 3600, window_s=86400, batch_pause_s=30
    )

    begun = monotonic()
    shown = await estimate(api, campaign)
    estimated_s = monotonic() - begun
    await refusal(api, campaign)
    refused_s = monotonic() - begun - estimated_s

    record_property("estimated_s", estimated_s)
    record_property("refused_s", refused_s)
    assert shown["contacts"] == 10_001
    assert sum(shown["messages_1_by_sender"].values()) == 10_001
    assert estimated_s < 15
    assert refused_s < 25
