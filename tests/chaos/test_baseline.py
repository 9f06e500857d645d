"""What we compare ourselves with has to work: where nothing goes wrong, the judge finds nothing wrong."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.celery_baseline.system import run_baseline
from bench.chaos import run
from bench.chaos.compare import fair_violations
from bench.chaos.history import Recorder
from bench.chaos.schedule import RATE_PER_S, Schedule, schedule

WINDOW_S, GRACE_S, LASTS_S, MAX_AGE_S = 4.0, 2.0, 3.0, 11.0
CONTACTS = 40


def calm(seed: int, contacts: int) -> Schedule:
    """The same people and campaigns, and nothing that goes wrong; those who react do it soon."""
    plan = schedule(seed, contacts)
    starts = tuple(replace(deed, at_s=0.0) for deed in plan.deeds if deed.what == "start")
    mailings = []
    for mailing in plan.mailings:
        people = tuple(
            {**person, "script": [{**step, "after_s": step["after_s"] / 5} for step in person["script"]]}
            if "script" in person
            else person
            for person in mailing.people
        )
        mailings.append(replace(mailing, people=people, max_age_s=MAX_AGE_S))
    return replace(
        plan,
        lasts_s=LASTS_S,
        workers=1,
        devices=tuple(replace(device, rate_per_s=RATE_PER_S) for device in plan.devices),
        mailings=tuple(mailings),
        blows=(),
        faults=(),
        clock_steps=(),
        deeds=starts,
    )


@pytest.mark.timeout(90)
async def test_the_baseline_is_clean_where_nothing_goes_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue, "Prove": a fair comparison needs an implementation that works (E1, E5, E6, E9, E12, E14, P1)."""
    monkeypatch.setattr(run, "WINDOW_S", WINDOW_S)
    monkeypatch.setattr(run, "GRACE_S", GRACE_S)
    recorder = Recorder(tmp_path / "calm.jsonl")
    async with run_baseline(1) as system:
        await run.Run(calm(1, CONTACTS), system, recorder).to_its_end()
    recorder.close()
    sent = [entry["message"] for entry in recorder.entries if entry["op"] == "accepted"]
    assert sent.count(1) >= CONTACTS // 2
    assert sent.count(2) >= 5
    assert fair_violations(recorder.entries) == []
