"""Workflow code stays replayable: it must take every stored history of every version as its own."""

import json
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

with workflow.unsafe.imports_passed_through():
    from worker import WORKFLOWS
    from workflows.contact import ContactInput

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


def stored(path: Path) -> WorkflowHistory:
    """A history as it was recorded."""
    return WorkflowHistory.from_json(path.stem, json.loads(path.read_text()))


def test_every_workflow_has_stored_histories_of_every_version() -> None:
    """Q4: an empty folder would let everything pass. Later versions have workflows of more kinds."""
    kinds: dict[str, set[str]] = {}
    for path in HISTORIES:
        version, kind, *_ = path.stem.split("-")
        kinds.setdefault(version, set()).add(kind)
    assert kinds == {
        "v1": {"campaign", "batch", "contact"},
        "v2": {"campaign", "batch", "contact", "sender"},
        "v3": {"campaign", "batch", "contact", "sender", "import", "check", "test_send", "scheduled_start"},
        "v4": {"upkeep"},
    }


def test_the_histories_hold_every_signal_of_campaigns_and_senders() -> None:
    """E17: what people may tell a workflow that runs over an upgrade."""
    signals = {
        (path.stem.split("-")[1], event.workflow_execution_signaled_event_attributes.signal_name)
        for path in HISTORIES
        for event in stored(path).events
        if event.HasField("workflow_execution_signaled_event_attributes")
    }
    assert signals >= {
        *(("campaign", name) for name in ("batch_done", "cancel", "pause", "resume")),
        *(("sender", name) for name in ("change", "resume")),
        ("scheduled_start", "change"),
    }


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_stored_history_replays(path: Path) -> None:
    """E17: a running campaign survives an upgrade of the code."""
    await Replayer(workflows=WORKFLOWS).replay_workflow(stored(path))


@workflow.defn(name="ContactWorkflow")
class ForgetfulContactWorkflow:
    """A contact's workflow that nobody thought through."""

    @workflow.run
    async def run(self, contact: ContactInput) -> str:
        """Skips Message 1."""
        await workflow.sleep(contact.window_s)
        return "no_interaction"


async def test_a_change_that_breaks_a_history_is_noticed() -> None:
    """The replay test itself can fail."""
    path = next(path for path in HISTORIES if "contact-all_final-silent" in path.stem)
    with pytest.raises(NondeterminismError):
        await Replayer(workflows=[ForgetfulContactWorkflow]).replay_workflow(stored(path))
