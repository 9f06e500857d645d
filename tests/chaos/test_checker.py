"""The checker judges our promises, so it is judged itself: it finds every way in which a run can be spoilt.

`good_history.jsonl` is a real run of 40 contacts under fire (`make chaos SEED=... CONTACTS=40`). Each spoiler
changes something in it as a broken system would; Hypothesis picks whom it strikes.
"""

import itertools
import re
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.chaos.checker import ATTEMPTS, IN_FLIGHT_S, check
from bench.chaos.history import Entry, History, read_history
from bench.chaos.story import Case, Story

Pick = Callable[[list[Any]], Any]
Spoiler = Callable[[History, Pick], None]

SPOILERS: list[tuple[str, Spoiler]] = []


def breaks(rule: str) -> Callable[[Spoiler], Spoiler]:
    """Names the rule that has to notice."""

    def register(spoiler: Spoiler) -> Spoiler:
        SPOILERS.append((rule, spoiler))
        return spoiler

    return register


@cache
def good() -> History:
    """As it was recorded."""
    return read_history(Path(__file__).parent / "good_history.jsonl")


def of(history: History, op: str, **fields: Any) -> History:
    """The entries of an operation that look like this."""
    return [
        entry
        for entry in history
        if entry["op"] == op and all(entry.get(name) == value for name, value in fields.items())
    ]


def cases(history: History, *states: str) -> list[Case]:
    """The contacts in these states, or all that took part."""
    return [
        case for case in Story.of(history).cases if case.final and (not states or case.final["state"] in states)
    ]


def final_of(case: Case) -> Entry:
    """The contact's own entry, to be changed."""
    assert case.final is not None
    return case.final


@breaks("twice")
def sent_again(history: History, pick: Pick) -> None:
    """Another acceptance, seconds later, as of a retry without a lookup."""
    sent = pick(of(history, "accepted"))
    history.append({**sent, "id": "another", "at": sent["at"] + 3})


@breaks("stranger")
def sent_to_a_stranger(history: History, pick: Pick) -> None:
    """Somebody who is in no campaign."""
    history.append({**pick(of(history, "accepted")), "phone": "+33639989999"})


@breaks("lost")
def claimed_but_never_taken(history: History, pick: Pick) -> None:
    """The system says sent; the provider has never seen it."""
    history.remove(pick(of(history, "accepted")))


@breaks("unknown")
def taken_but_not_known(history: History, pick: Pick) -> None:
    """Sent, and the system does not know."""
    final_of(pick(cases(history, "no_interaction", "message_2_sent")))["status_1"] = "pending"


@breaks("not final")
def forgotten_on_the_way(history: History, pick: Pick) -> None:
    """Still waiting at the end."""
    final_of(pick(cases(history)))["state"] = pick(["pending", "message_1_sent"])


@breaks("not final")
def gone_from_the_book(history: History, pick: Pick) -> None:
    """No row at all."""
    history.remove(final_of(pick([case for case in cases(history) if case.accepted[1]])))


@breaks("not final")
def expired_without_a_reason(history: History, pick: Pick) -> None:
    """The campaign closed because everybody was final, they say."""
    for closed in of(history, "closed"):
        closed["reason"] = "all_final"
    final_of(pick(cases(history)))["state"] = pick(["expired", "cancelled"])


@breaks("open")
def never_closed(history: History, pick: Pick) -> None:
    """A campaign without an end."""
    pick(of(history, "closed"))["closed"] = False


@breaks("state")
def followed_up_on_paper(history: History, pick: Pick) -> None:
    """Counted as followed up, without Message 2."""
    final_of(pick(cases(history, "no_interaction")))["state"] = "message_2_sent"


@breaks("state")
def silent_on_paper(history: History, pick: Pick) -> None:
    """Counted as silent, with Message 2."""
    final_of(pick(cases(history, "message_2_sent")))["state"] = pick(["no_interaction", "late_interaction"])


@breaks("state")
def late_on_paper(history: History, pick: Pick) -> None:
    """Counted as late, without a word."""
    silent = [
        case
        for case in cases(history, "no_interaction")
        if not any(t["means"] == "reaction" for t in case.told)
    ]
    final_of(pick(silent))["state"] = "late_interaction"


@breaks("state")
def failed_too_soon(history: History, pick: Pick) -> None:
    """Given up after fewer attempts than promised."""
    case = pick(cases(history, "no_interaction"))
    final_of(case).update(state="failed", status_1="failed", attempts_1=ATTEMPTS - 1)


@breaks("forgotten")
def opted_out_by_nobody(history: History, pick: Pick) -> None:
    """Left out as opted out, though they never asked for it."""
    case = pick([case for case in cases(history, "no_interaction") if not case.told])
    history.remove(case.accepted[1][0])
    final_of(case).update(state="opted_out", status_1="cancelled")


@breaks("forgotten")
def skipped(history: History, pick: Pick) -> None:
    """No Message 1, yet counted as silent."""
    case = pick(cases(history, "no_interaction"))
    history.remove(case.accepted[1][0])
    final_of(case)["status_1"] = None


@breaks("undue")
def followed_up_without_a_reaction(history: History, pick: Pick) -> None:
    """Nobody had said anything."""
    for told in pick(cases(history, "message_2_sent")).told:
        history.remove(told)


@breaks("undue")
def followed_up_for_a_late_reaction(history: History, pick: Pick) -> None:
    """They reacted after the window."""
    case = pick(cases(history, "message_2_sent"))
    opens = case.window_opens
    assert opens is not None
    for told in case.told:
        told["happened_at"] = opens[1] + case.campaign["window_s"] + 3


@breaks("undue")
def followed_up_for_a_late_webhook(history: History, pick: Pick) -> None:
    """They reacted in time, but it was told after the grace."""
    case = pick(cases(history, "message_2_sent"))
    opens = case.window_opens
    assert opens is not None
    for told in case.told:
        told["at"] = opens[1] + case.campaign["window_s"] + case.campaign["grace_s"] + 3


@breaks("owed")
def reaction_without_an_answer(history: History, pick: Pick) -> None:
    """Reacted in time and was told in time; the system calls it silence."""
    prompt = [
        case for case in cases(history, "message_2_sent") if any(_is_prompt(told, case) for told in case.told)
    ]
    case = pick(prompt)
    history.remove(case.accepted[2][0])
    final_of(case).update(state="late_interaction", status_2=None)


def _is_prompt(told: Entry, case: Case) -> bool:
    return bool(
        told["means"] == "reaction"
        and not told["astray"]
        and told["answered_at"] is not None
        and told["answered_at"] < case.accepted[1][0]["at"] + case.campaign["window_s"] / 2
    )


@breaks("after opt-out")
def sent_after_an_opt_out(history: History, pick: Pick) -> None:
    """The answer to the opt-out was out for long."""
    sent = pick(of(history, "accepted"))
    _say(history, "opt_out", sent["phone"], _quiet_before(history, sent))


@breaks("after opt-out")
def sent_after_a_stop(history: History, pick: Pick) -> None:
    """The 200 to a "STOP" was out for long."""
    sent = pick(of(history, "accepted"))
    template = of(history, "told", event="message:in:new", status="notified", astray=False)[0]
    at = _quiet_before(history, sent)
    stop = {**template, "phone": sent["phone"], "means": "opt_out", "at": at, "answered_at": at}
    history.append(stop)


@breaks("in a pause")
def sent_in_a_pause(history: History, pick: Pick) -> None:
    """Of the campaign, with a resume afterwards."""
    sent = pick(of(history, "accepted", message=1))
    history[:] = [entry for entry in history if entry["op"] not in {"pause", "resume"}]
    _say(history, "pause", sent["campaign"], _quiet_before(history, sent), scope="message_1")
    _say(history, "resume", sent["campaign"], sent["at"] + 1)


@breaks("in a pause")
def sent_in_a_pause_of_all(history: History, pick: Pick) -> None:
    """Message 2 too, and of the sender; the pause never ends."""
    sent = pick(of(history, "accepted"))
    history[:] = [entry for entry in history if entry["op"] not in {"pause_sender", "resume_sender"}]
    _say(history, "pause_sender", sent["device"], _quiet_before(history, sent), scope="all")


def _say(history: History, op: str, subject: str, at: float, **more: Any) -> None:
    """A call that was answered, before all others of its kind that come later."""
    place = next((n for n, e in enumerate(history) if e["kind"] != "info" and e["at"] > at), len(history))
    entries = [{"at": at, "kind": kind, "op": op, "subject": subject, **more} for kind in ("invoke", "ok")]
    history[place:place] = entries


def _quiet_before(history: History, sent: Entry) -> float:
    """Before it, by more than a message may be under way, whatever the provider was going through."""
    story = Story.of(history)
    at: float = sent["at"] - IN_FLIGHT_S - 1
    while story.in_flight_until(at, IN_FLIGHT_S) >= sent["at"]:
        at -= 1
    return at


@breaks("counters")
def a_state_counted_wrong(history: History, pick: Pick) -> None:
    """One more than there are."""
    states = pick(of(history, "closed"))["states"]
    states[pick(sorted(states))] += 1


@breaks("counters")
def messages_counted_wrong(history: History, pick: Pick) -> None:
    """One fewer than there are."""
    pick(of(history, "closed"))["counters"][pick(["messages_1_sent", "messages_2_sent"])] -= 1


@breaks("webhook")
def a_webhook_lost(history: History, pick: Pick) -> None:
    """Answered 200 and not stored."""
    told = pick([t for t in of(history, "told", status="notified") if t["fault"] is None])
    events = of(history, "stored")[0]["events"]
    is_ack = told["event"] == "message:out:ack"
    events[:] = [e for e in events if e[:2] != [told["event"], told["id"]] or (is_ack and e[2] != told["ack"])]


@breaks("webhook")
def a_webhook_left_lying(history: History, _pick: Pick) -> None:
    """Stored and never worked off."""
    of(history, "stored")[0]["unfinished"] = 1


@breaks("status")
def a_status_overwritten(history: History, pick: Pick) -> None:
    """ "delivered" after "read", as in the product's first chaos run."""
    read = {told["id"] for told in of(history, "told", ack="read", status="notified", astray=False)}
    known = [case for case in cases(history) if case.accepted[1] and case.accepted[1][0]["wa_id"] in read]
    final_of(pick(known))["status_1"] = "delivered"


@breaks("gap")
def two_too_close(history: History, pick: Pick) -> None:
    """A Message 1 right behind another one of its account."""
    story = Story.of(history)
    pairs = []
    for device in story.devices:
        sent = [entry for entry in story.accepted if entry["device"] == device and entry["message"] == 1]
        pairs += [
            (one, other)
            for one, other in itertools.pairwise(sent)
            if not story.froze_between(one["at"], one["at"] + 0.1, IN_FLIGHT_S)
        ]
    one, other = pick(pairs)
    other["at"] = one["at"] + 0.02


@breaks("quota")
def over_the_quota(history: History, pick: Pick) -> None:
    """One more than allowed."""
    device = pick(
        [device for device in of(history, "device") if of(history, "accepted", device=device["device"])]
    )
    device["quota"] = len(of(history, "accepted", device=device["device"])) - 1


def test_a_good_history_passes() -> None:
    """Else every verdict of violations would be worth nothing."""
    assert check(good()) == []


@pytest.mark.parametrize(("rule", "spoiler"), SPOILERS, ids=[spoiler.__name__ for _, spoiler in SPOILERS])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_whatever_is_spoilt_is_noticed(rule: str, spoiler: Spoiler, data: st.DataObject) -> None:
    """Issue: mutations of a good history must be caught, whomever they strike."""

    def pick(choices: list[Any]) -> Any:
        assert choices, "the recorded history has nobody for this"
        return choices[data.draw(st.integers(0, len(choices) - 1))]

    history = deepcopy(good())
    spoiler(history, pick)
    assert rule in {violation.rule for violation in check(history)}


def test_every_rule_is_tested() -> None:
    """A rule that nothing here breaks may never fire."""
    source = Path("bench/chaos/checker.py").read_text()
    named = set(re.findall(r'Violation\(\s*"([^"]+)"', source))
    assert named == {rule for rule, _ in SPOILERS}
