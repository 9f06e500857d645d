"""The names under which Temporal knows workflows and queues."""

from hypothesis import given
from hypothesis import strategies as st

from domain import identifiers

_ids = st.uuids().map(str)


def test_names_are_those_that_operators_look_for() -> None:
    assert identifiers.campaign_workflow_id("c") == "campaign-c"
    assert identifiers.batch_workflow_id("c", 0) == "batch-c-0"
    assert identifiers.contact_workflow_id("c", "k") == "contact-c-k"
    assert identifiers.send_queue("s") == "send-s"
    assert identifiers.reply_queue("s") == "reply-s"


@given(_ids, _ids, st.integers(0, 10_000))
def test_no_two_things_share_a_name(one: str, other: str, batch: int) -> None:
    """E9: a second start of the same workflow finds the first."""
    names = [
        identifiers.campaign_workflow_id(one),
        identifiers.batch_workflow_id(one, batch),
        identifiers.batch_workflow_id(one, batch + 1),
        identifiers.contact_workflow_id(one, other),
        identifiers.send_queue(one),
        identifiers.reply_queue(one),
        identifiers.CAMPAIGN_QUEUE,
    ]
    assert len(set(names)) == len(names)
    assert identifiers.send_queue(one).startswith(identifiers.SEND_QUEUE_PREFIX)
    assert identifiers.reply_queue(one).startswith(identifiers.REPLY_QUEUE_PREFIX)


@given(_ids, _ids, st.integers(0, 10_000))
def test_a_workflows_name_says_whom_it_is_about(campaign: str, contact: str, batch: int) -> None:
    """Issue: log lines of a workflow carry its campaign, contact and sender."""
    of = identifiers.ids_in
    assert of(identifiers.campaign_workflow_id(campaign)) == {"campaign_id": campaign}
    assert of(identifiers.batch_workflow_id(campaign, batch)) == {"campaign_id": campaign}
    assert of(identifiers.scheduled_start_workflow_id(campaign)) == {"campaign_id": campaign}
    both = {"campaign_id": campaign, "contact_id": contact}
    assert of(identifiers.contact_workflow_id(campaign, contact)) == both
    assert of(identifiers.sender_workflow_id(contact)) == {"sender_id": contact}
    assert of(identifiers.UPKEEP_WORKFLOW_ID) == of(identifiers.send_test_workflow_id(contact)) == {}
