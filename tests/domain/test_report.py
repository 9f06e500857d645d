"""What a campaign came to, and that it survives being stored."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contact_states import ContactState
from domain.report import CampaignCounters, ClosingReport

STARTED_AT = datetime(2026, 3, 28, 10, 0, tzinfo=UTC)
COUNTERS = CampaignCounters(
    total_contacts=100,
    pending=0,
    message_1_sent=0,
    message_2_sent=40,
    no_interaction=30,
    late_interaction=10,
    failed=10,
    opted_out=5,
    cancelled=3,
    expired=2,
    messages_1_sent=80,
    messages_2_sent=40,
    messages_1_delivered=72,
    messages_1_read=60,
    messages_delivered=110,
    messages_read=90,
    failures=10,
    interactions=70,
    suppressed_duplicates=15,
)
REPORT = ClosingReport(
    campaign_id="0198-c",
    name="Spring",
    started_at=STARTED_AT,
    closed_at=STARTED_AT + timedelta(hours=25),
    close_reason="all_final",
    counters=COUNTERS,
)

_counts = st.integers(0, 10_000_000)
_moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_reports = st.builds(
    ClosingReport,
    campaign_id=st.uuids().map(str),
    name=st.text(),
    started_at=_moments,
    closed_at=_moments,
    close_reason=st.sampled_from(["all_final", "max_age", "cancelled"]),
    counters=st.builds(CampaignCounters, **{field.name: _counts for field in fields(CampaignCounters)}),
)


@given(_reports)
def test_a_stored_report_comes_back_as_it_was(report: ClosingReport) -> None:
    """E16: property 12 of document 003."""
    assert ClosingReport.from_json(json.loads(json.dumps(report.to_json()))) == report


def test_the_stored_form_holds_what_readers_look_for() -> None:
    """E16, A5."""
    stored = REPORT.to_json()
    assert stored["duration_s"] == 25 * 3600
    assert stored["reply_rate"] == 0.5
    assert stored["summary"] == REPORT.summary()
    assert stored["counters"]["messages_read"] == 90


def test_the_summary_says_it_in_one_sentence() -> None:
    """E16."""
    assert REPORT.summary() == (
        "Spring: Message 1 sent to 80 of 100 contacts, 40 reacted in time and got Message 2, 30 did not react, "
        "10 reacted too late, 10 failed, 5 opted out. It closed because every contact reached a final state."
    )


@pytest.mark.parametrize(
    ("reason", "words"), [("max_age", "maximum age was reached"), ("cancelled", "it was cancelled")]
)
def test_the_summary_says_why_it_closed(reason: str, words: str) -> None:
    """E15, E16."""
    assert words in replace(REPORT, close_reason=reason).summary()


def test_a_campaign_that_reached_nobody_has_a_reply_rate_of_nothing() -> None:
    nobody = replace(COUNTERS, messages_1_sent=0, message_2_sent=0)
    assert replace(REPORT, counters=nobody).reply_rate == 0.0


def test_the_states_add_up_to_all_contacts() -> None:
    """A5."""
    assert list(COUNTERS.by_state()) == [state.value for state in ContactState]
    assert sum(COUNTERS.by_state().values()) == COUNTERS.total_contacts
    assert COUNTERS.final_contacts == 100
    assert COUNTERS.messages_sent == 120


@given(_reports)
def test_every_report_can_be_put_into_words(report: ClosingReport) -> None:
    """E16."""
    assert report.name in report.summary()
