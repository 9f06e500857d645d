"""The names by which workflows and task queues are known to Temporal and to its operators."""

import re

DEPLOYMENT = "relance"  # what the versions of the workers belong to
CAMPAIGN_QUEUE = "campaigns"  # workflows and their unpaced activities

WEBHOOK_NAME = "relance"  # by which we know our webhook at the gateway

# By these, all of them keywords, operators find campaigns and contacts in the Temporal Web UI.
CAMPAIGN_ATTRIBUTE = "RelanceCampaign"
CONTACT_STATE_ATTRIBUTE = "RelanceContactState"
SENDER_ATTRIBUTE = "RelanceSender"
SEARCH_ATTRIBUTES = (CAMPAIGN_ATTRIBUTE, CONTACT_STATE_ATTRIBUTE, SENDER_ATTRIBUTE)

SEND_QUEUE_PREFIX = "send-"
REPLY_QUEUE_PREFIX = "reply-"


def campaign_workflow_id(campaign_id: str) -> str:
    """One campaign, one workflow: a second start finds the first."""
    return f"campaign-{campaign_id}"


def batch_workflow_id(campaign_id: str, batch: int) -> str:
    """Batches are numbered through the whole campaign, from 0."""
    return f"batch-{campaign_id}-{batch}"


def contact_workflow_id(campaign_id: str, contact_id: str) -> str:
    """Webhooks find a contact's workflow by these two ids alone."""
    return f"contact-{campaign_id}-{contact_id}"


def send_queue(sender_id: str) -> str:
    """Message 1 of one sender: paced."""
    return f"{SEND_QUEUE_PREFIX}{sender_id}"


def reply_queue(sender_id: str) -> str:
    """Message 2 of one sender: must leave within seconds."""
    return f"{REPLY_QUEUE_PREFIX}{sender_id}"


def sender_workflow_id(sender_id: str) -> str:
    """One sender, one workflow, for as long as the sender exists."""
    return f"sender-{sender_id}"


def scheduled_start_workflow_id(campaign_id: str) -> str:
    """One campaign has at most one start in the future."""
    return f"start-{campaign_id}"


def send_test_workflow_id(test_send_id: str) -> str:
    """One test message, one workflow: a second request finds the first."""
    return f"test-send-{test_send_id}"


def contact_import_workflow_id(import_id: str) -> str:
    """One file, one workflow: a second start finds the first."""
    return f"import-{import_id}"


def number_check_workflow_id(check_id: str) -> str:
    """One request to check numbers, one workflow."""
    return f"number-check-{check_id}"


UPKEEP_SCHEDULE_ID = "upkeep"  # starts a run every hour
UPKEEP_WORKFLOW_ID = "upkeep-now"  # one that a person asked for: a second request finds the first
INSTALLATION_SCHEDULE_ID = "installation"  # never runs: its note says when this installation lived last


_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_IDS = re.compile(
    f"contact-(?P<campaign>{_UUID})-(?P<contact>{_UUID})"
    f"|(?:campaign|batch|start)-(?P<campaign_alone>{_UUID})(?:-[0-9]+)?"
    f"|sender-(?P<sender>{_UUID})"
)


def ids_in(workflow_id: str) -> dict[str, str]:
    """What a workflow's id says of whom it is about: `campaign_id`, `contact_id` or `sender_id`."""
    found = _IDS.fullmatch(workflow_id)
    if found is None:
        return {}
    ids = {
        "campaign_id": found["campaign"] or found["campaign_alone"],
        "contact_id": found["contact"],
        "sender_id": found["sender"],
    }
    return {name: value for name, value in ids.items() if value}
