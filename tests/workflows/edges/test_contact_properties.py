"""Random days of a contact, against a plain model: reactions around the edges, early, late, twice and unheard.

Times of arrival keep a few seconds away from the moment at which the window settles, since a test cannot say
what comes first there. Times of occurrence and of receipt meet every edge to the millisecond.
"""

from dataclasses import dataclass
from datetime import timedelta

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from domain.contact_states import ContactState
from domain.messages import MessageType
from tests.workflows.edges.conftest import GRACE, MILLISECOND, WINDOW, Stage, skipping_stage
from workflows.contact import ContactWorkflow

MESSAGE_1, MESSAGE_2 = MessageType.MESSAGE_1, MessageType.MESSAGE_2
SETTLES = WINDOW + GRACE
QUIET = timedelta(seconds=5)  # in which whatever a step caused comes to its end

OCCURRED = st.one_of(
    st.sampled_from([timedelta(0), WINDOW - MILLISECOND, WINDOW, WINDOW + MILLISECOND, SETTLES]),
    st.timedeltas(timedelta(0), SETTLES + timedelta(hours=1)),
)
RECEIVED = st.one_of(
    st.sampled_from([WINDOW, SETTLES - MILLISECOND, SETTLES, SETTLES + MILLISECOND]),
    st.timedeltas(timedelta(0), SETTLES + timedelta(hours=1)),
)
ARRIVES = st.one_of(
    st.sampled_from([WINDOW - QUIET, WINDOW + QUIET, SETTLES - 3 * QUIET, SETTLES + 3 * QUIET]),
    st.integers(1, 25 * 12 - 1).map(lambda nth: nth * timedelta(minutes=5) + QUIET),
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that reaches us, so long after Message 1."""

    arrives: timedelta
    occurred: timedelta
    received: timedelta
    signals: int  # how often the workflow hears of a reaction that was stored once
    stop: ContactState | None  # instead of a reaction


STEPS = st.builds(
    Step,
    arrives=ARRIVES,
    occurred=OCCURRED,
    received=RECEIVED,
    signals=st.sampled_from([0, 1, 1, 2]),
    stop=st.sampled_from([None] * 5 + [ContactState.OPTED_OUT, ContactState.CANCELLED, ContactState.EXPIRED]),
)


@dataclass(frozen=True, kw_only=True)
class Day:
    """What happens to one contact."""

    steps: list[Step]
    failing: set[MessageType]

    def foresee(self) -> tuple[str, str, int]:
        """The final state by the workflow and by the database, and how many Message 2 arrive."""
        if MESSAGE_1 in self.failing:
            return "failed", "failed", 0
        stored: list[Step] = []
        final: str | None = None
        after_reply = "failed" if MESSAGE_2 in self.failing else "message_2_sent"
        for step in [*self.steps, None]:
            if final is None and (step is None or step.arrives > SETTLES):
                silent = "late_interaction" if stored else "no_interaction"
                final = after_reply if any(map(_in_time, stored)) else silent
            if step is None:
                break
            if step.stop:
                final = final or step.stop.value
                continue
            stored.append(step)
            if final is None and step.signals and _in_time(step):
                final = after_reply
        assert final is not None
        wrote_after = any(step.arrives > SETTLES and not step.stop for step in self.steps)
        in_database = "late_interaction" if final == "no_interaction" and wrote_after else final
        return final, in_database, int(final == "message_2_sent")


def _in_time(step: Step) -> bool:
    return step.occurred < WINDOW and step.received <= SETTLES


DAYS = st.builds(
    Day,
    steps=st.lists(STEPS, max_size=5, unique_by=lambda step: step.arrives).map(
        lambda steps: sorted(steps, key=lambda step: step.arrives)
    ),
    failing=st.sampled_from([set()] * 6 + [{MESSAGE_1}, {MESSAGE_2}]),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(days=st.lists(DAYS, min_size=3, max_size=6))
async def test_a_contact_ends_as_the_model_foresees(days: list[Day]) -> None:
    """E2, E5, E6, E9, E12, Q4; properties 6, 10 and 13 of document 003: several contacts on one clock."""
    async with skipping_stage() as stage:
        handles = {}
        for nth, day in enumerate(days):
            stage.ledger.person(f"{nth}").failing = set(day.failing)
            handles[nth] = await stage.contact(f"{nth}")
        await stage.environment.sleep(QUIET)
        began = max(
            [person.sent_at for person in stage.ledger.people.values() if person.sent_at] or [await stage.now()]
        )
        steps = [(step.arrives, nth, step) for nth, day in enumerate(days) for step in day.steps]
        for arrives, nth, step in sorted(steps, key=lambda entry: entry[:2]):
            await stage.skip_to(began + arrives)
            await take(stage, handles[nth], f"{nth}", step)
            await stage.environment.sleep(timedelta(seconds=1))
        for nth, day in enumerate(days):
            final, in_database, follow_ups = day.foresee()
            event(final)
            assert await handles[nth].result() == final
            person = stage.ledger.person(f"{nth}")
            assert person.state == in_database
            assert person.received[MESSAGE_2] == follow_ups


async def take(
    stage: Stage, handle: "WorkflowHandle[ContactWorkflow, str]", contact_id: str, step: Step
) -> None:
    """Stores what arrives, then tells the workflow, if it still lives."""
    sent_at = stage.ledger.person(contact_id).sent_at
    try:
        if step.stop:
            await stage.stop(handle, step.stop, contact_id)
        elif sent_at:
            reaction = stage.reaction(
                sent_at + step.occurred, received_at=sent_at + step.received, contact_id=contact_id
            )
            for _ in range(step.signals):
                await handle.signal(ContactWorkflow.interact, reaction)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
