"""The ways of a contact, the same here and in the database."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contact_states import FINAL_STATES, OPEN_STATES, TRANSITIONS, ContactState, is_final, may_become

MIGRATION = Path(__file__).parents[2] / "storage" / "migrations" / "0001_campaigns.sql"

_any_state = st.sampled_from(ContactState)


def test_the_database_enforces_the_same_table() -> None:
    [values] = re.findall(
        r"INSERT INTO contact_state_transitions VALUES(.*?);", MIGRATION.read_text(), re.DOTALL
    )
    stored = re.findall(r"\(\s*'(\w+)'\s*,\s*'(\w+)'\s*\)", values)
    ours = {(state.value, target.value) for state, targets in TRANSITIONS.items() for target in targets}
    assert len(stored) == len(set(stored))
    assert set(stored) == ours


def test_the_database_knows_the_same_states() -> None:
    table = MIGRATION.read_text().partition("CREATE TABLE campaign_contacts")[2].partition(");\n")[0]
    [listed] = re.findall(r"CHECK \(state IN \((.*?)\)\)", table, re.DOTALL)
    assert set(re.findall(r"'(\w+)'", listed)) == {state.value for state in ContactState}


def test_every_state_has_its_row() -> None:
    assert set(TRANSITIONS) == set(ContactState)


@pytest.mark.parametrize("state", sorted(FINAL_STATES))
def test_a_final_state_is_the_end_but_for_a_late_interaction(state: ContactState) -> None:
    """E6, E14."""
    way_out = {ContactState.LATE_INTERACTION} if state is ContactState.NO_INTERACTION else set()
    assert TRANSITIONS[state] == way_out
    assert is_final(state)


@pytest.mark.parametrize("state", sorted(OPEN_STATES))
def test_whoever_is_still_waiting_can_always_be_stopped(state: ContactState) -> None:
    """E15."""
    stops = {ContactState.FAILED, ContactState.OPTED_OUT, ContactState.CANCELLED, ContactState.EXPIRED}
    assert stops <= TRANSITIONS[state]
    assert not is_final(state)


def test_only_message_1_leads_to_message_2() -> None:
    """E9."""
    before = [state for state in ContactState if may_become(state, ContactState.MESSAGE_2_SENT)]
    assert before == [ContactState.MESSAGE_1_SENT]


@given(_any_state)
def test_no_state_follows_itself(state: ContactState) -> None:
    assert not may_become(state, state)


@given(st.lists(_any_state, max_size=30))
def test_whatever_happens_a_contact_gets_message_2_at_most_once_and_final_stays_final(
    attempts: list[ContactState],
) -> None:
    """E9, E14: property 10 and 11 of document 003."""
    state, way = ContactState.PENDING, [ContactState.PENDING]
    for target in attempts:
        if may_become(state, target):
            assert not is_final(state) or target is ContactState.LATE_INTERACTION
            state = target
            way.append(state)
    assert len(way) == len(set(way))
