"""Judges a history: nothing lost, nothing twice, nothing to those who said no. Pure, and about no system.

Where the provider's word and ours can differ by the time that a message needs, both are accepted: a rule is
broken only by what nobody could call right.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from bench.chaos.history import Entry, History
from bench.chaos.story import Case, Story

# Documented: a message whose sending began before a pause or an opt-out leaves at most that much later.
IN_FLIGHT_S = 2.0
# A reaction that lands so shortly before the end of the grace may be stored after it, on a busy machine.
LANDING_S = 2.0
EDGE_S = 0.05  # our clock and the provider's are read one after the other
GAP_SLACK_S = 0.01
DAY_S = 86_400.0
ATTEMPTS = 3

FINAL = frozenset(
    {"message_2_sent", "no_interaction", "late_interaction", "failed", "opted_out", "cancelled", "expired"}
)
ENDED_EARLY = {"cancelled": "cancelled", "expired": "max_age"}
HANDED_OVER = frozenset({"accepted", "sent", "delivered", "read"})
RANK = {"pending": 0, "cancelled": 0, "accepted": 1, "sent": 2, "delivered": 3, "read": 4, "played": 4}


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise."""

    rule: str
    subject: str
    detail: str


Rule = Callable[[Story], Iterator[Violation]]


def check(history: History) -> list[Violation]:
    """Every broken promise of a run; none means that it holds."""
    story = Story.of(history)
    return [violation for rule in RULES for violation in rule(story)]


def at_most_once(story: Story) -> Iterator[Violation]:
    """E10, E11: at most one Message 1 and one Message 2 per contact and campaign."""
    known = {(case.campaign["campaign"], case.phone) for case in story.cases}
    for case in story.cases:
        for message, entries in case.accepted.items():
            if len(entries) > 1:
                at = ", ".join(f"{entry['at']:.3f}" for entry in entries)
                yield Violation(
                    "twice", case.name, f"Message {message} was accepted {len(entries)} times: {at}"
                )
    for entry in story.accepted:
        if (entry["campaign"], entry["phone"]) not in known:
            yield Violation("stranger", entry["phone"], f"a message of campaign {entry['campaign']}")


def everybody_final(story: Story) -> Iterator[Violation]:
    """E13, E17: every contact has a final state, and every campaign is closed."""
    for name in story.campaigns:
        closed = story.closed.get(name)
        if closed is None or not closed["closed"]:
            yield Violation("open", name, "the campaign has not closed")
    for case in story.cases:
        state = case.final["state"] if case.final else "missing"
        if case.final is None and not any(case.accepted.values()) and _opted_out(story, case):
            continue  # before the audience was taken: never part of the campaign
        if state not in FINAL:
            yield Violation("not final", case.name, f"the contact is {state}")
        elif state in ENDED_EARLY:
            closed = story.closed.get(case.campaign["campaign"], {})
            if closed.get("reason") != ENDED_EARLY[state]:
                yield Violation(
                    "not final", case.name, f"{state} in a campaign that ended {closed.get('reason')}"
                )


def books_agree(story: Story) -> Iterator[Violation]:
    """What the system says it sent is what the provider took."""
    for case in story.cases:
        if case.final is None:
            continue
        for message in (1, 2):
            status = case.final[f"status_{message}"]
            claimed, taken = status in HANDED_OVER, bool(case.accepted[message])
            if claimed and not taken:
                yield Violation("lost", case.name, f"Message {message} is {status}, the provider never took it")
            if taken and not claimed and not _may_fail(case, message):
                yield Violation("unknown", case.name, f"Message {message} was taken, but is {status}")


def states_are_true(story: Story) -> Iterator[Violation]:
    """The final state is what happened."""
    for case in story.cases:
        if case.final is None:
            continue
        if problem := _untrue(case):
            yield Violation("state", case.name, problem)


def _untrue(case: Case) -> str | None:
    final = case.final
    assert final is not None  # noqa: S101 - for the type checker
    state = final["state"]
    got_1, got_2 = bool(case.accepted[1]), bool(case.accepted[2])
    reacted = any(told["means"] == "reaction" for told in case.told)
    problems = {
        "message_2_sent": (not got_2, "no Message 2 was taken"),
        "no_interaction": (not got_1 or got_2, f"Message 1 taken: {got_1}, Message 2 taken: {got_2}"),
        "late_interaction": (not got_1 or got_2 or not reacted, "late without a late reaction"),
        "failed": (not _has_failed(case), "nothing failed for good"),
    }
    is_wrong, detail = problems.get(state, (False, ""))
    return f"{state}, but {detail}" if is_wrong else None


def _may_fail(case: Case, message: int) -> bool:
    return case.phone in case.campaign["unreachable"] and message == 1


def _has_failed(case: Case) -> bool:
    """Definitely: not on WhatsApp, or three attempts that the provider did not take."""
    final = case.final or {}
    if case.phone in case.campaign["unreachable"]:
        return True
    return any(
        (final[f"attempts_{message}"] or 0) >= ATTEMPTS and not case.accepted[message] for message in (1, 2)
    )


def message_1_to_all(story: Story) -> Iterator[Violation]:
    """E17: nobody is forgotten, but for those who opted out before."""
    excused = {"opted_out", "failed", *ENDED_EARLY}
    for case in story.cases:
        if not case.accepted[1] and case.final and case.final["state"] not in excused:
            yield Violation("forgotten", case.name, f"no Message 1, and the contact is {case.final['state']}")
        if (
            not case.accepted[1]
            and case.final
            and case.final["state"] == "opted_out"
            and not _opted_out(story, case)
        ):
            yield Violation("forgotten", case.name, "no Message 1, and nobody opted out")


def _opted_out(story: Story, case: Case) -> bool:
    asked = any(call["subject"] == case.phone for call in story.calls("opt_out"))
    return asked or any(told["means"] == "opt_out" for told in case.told)


def message_2_to_those_who_react(story: Story) -> Iterator[Violation]:
    """E5, E6, E7: Message 2 to exactly those who reacted in their window."""
    for case in story.cases:
        opens = case.window_opens
        if opens is None:
            if case.accepted[2]:
                yield Violation("undue", case.name, "Message 2 without Message 1")
            continue
        state = case.final["state"] if case.final else "missing"
        got = bool(case.accepted[2])
        if got and not any(_may_earn(story, case, told, opens[1]) for told in case.told):
            yield Violation("undue", case.name, "Message 2 without a reaction in the window")
        earned = [told for told in case.told if _must_earn(story, case, told, opens[0])]
        excused = {"opted_out", "failed", *ENDED_EARLY}
        if earned and not got and state not in excused:
            yield Violation(
                "owed", case.name, f"reacted in time, told at {earned[0]['answered_at']:.3f}: {state}"
            )
        if state == "opted_out" and not _opted_out(story, case):
            yield Violation("state", case.name, "opted_out, but nobody opted out")


def _must_earn(story: Story, case: Case, told: Entry, opens: float) -> bool:
    campaign = case.campaign
    if told["means"] != "reaction" or told["astray"] or told["status"] != "notified":
        return False
    settles = opens + campaign["window_s"] + campaign["grace_s"]
    return bool(
        told["happened_at"] + story.skew_s < opens + campaign["window_s"] - EDGE_S
        and told["answered_at"] <= settles - LANDING_S
    )


def _may_earn(story: Story, case: Case, told: Entry, opens: float) -> bool:
    campaign = case.campaign
    ends = opens + campaign["window_s"] + story.skew_s
    return bool(
        told["means"] == "reaction"
        and told["happened_at"] < ends + EDGE_S
        and told["at"] <= ends + campaign["grace_s"] + EDGE_S
    )


def nothing_after_opt_out(story: Story) -> Iterator[Violation]:
    """C4: after the answer to an opt-out nobody writes to that number; the answer to a "STOP" is the 200."""
    answered: dict[str, float] = {}
    for call in story.calls("opt_out"):
        if call["kind"] == "ok":
            answered.setdefault(call["subject"], call["at"])
    for told in story.told:
        if told["means"] == "opt_out" and told["status"] == "notified" and not told["astray"]:
            answered[told["phone"]] = min(told["answered_at"], answered.get(told["phone"], told["answered_at"]))
    for entry in story.accepted:
        at = answered.get(entry["phone"])
        if at is not None and entry["at"] > story.in_flight_until(at, IN_FLIGHT_S):
            after_s = entry["at"] - at
            yield Violation(
                "after opt-out", entry["phone"], f"Message {entry['message']} {after_s:.2f} s after it"
            )


def nothing_in_a_pause(story: Story) -> Iterator[Violation]:
    """E14: nothing of its scope leaves between the answer to a pause and the resume."""
    for prefix, by in (("", "campaign"), ("_sender", "device")):
        for subject, scope, began, ended in _pauses(story, f"pause{prefix}", f"resume{prefix}"):
            for entry in story.accepted:
                concerns = entry[by] == subject and (scope == "all" or entry["message"] == 1)
                if concerns and story.in_flight_until(began, IN_FLIGHT_S) < entry["at"] < ended:
                    after_s = entry["at"] - began
                    yield Violation(
                        "in a pause", f"{by} {subject}", f"Message {entry['message']}, {after_s:.2f} s in"
                    )


def _pauses(story: Story, pause: str, resume: str) -> Iterator[tuple[str, str, float, float]]:
    """Subject, scope, and from when until when it certainly held."""
    running: dict[str, tuple[str, float]] = {}
    for call in story.calls(pause, resume):
        subject = call["subject"]
        ends = call["kind"] == "invoke"  # whatever comes of it, from now on it may have its effect
        if ends and subject in running:
            scope, began = running.pop(subject)
            yield subject, scope, began, call["at"]
        if call["op"] == pause and call["kind"] == "ok":
            running[subject] = (call["scope"], call["at"])
    for subject, (scope, began) in running.items():
        yield subject, scope, began, float("inf")


def counters_are_right(story: Story) -> Iterator[Violation]:
    """W1: the live counters are what counting the rows gives."""
    for name, closed in story.closed.items():
        finals = [case.final for case in story.cases if case.campaign["campaign"] == name and case.final]
        states = Counter(final["state"] for final in finals)
        claimed = {state: count for state, count in closed["states"].items() if count}
        if claimed != dict(states):
            yield Violation("counters", name, f"{claimed} claimed, {dict(states)} counted")
        for message in (1, 2):
            sent = sum(final[f"status_{message}"] in HANDED_OVER for final in finals)
            counter = closed["counters"].get(f"messages_{message}_sent")
            failed_later = sum(
                final[f"status_{message}"] == "failed"
                and final["phone"] in story.campaigns[name]["unreachable"]
                for final in finals
            )
            if counter is not None and not sent <= counter <= sent + failed_later:
                yield Violation("counters", name, f"messages_{message}_sent is {counter}, counted {sent}")


def no_webhook_lost(story: Story) -> Iterator[Violation]:
    """E8: whatever was answered 200 is stored and worked off, and its status counts."""
    stored = story.stored or {"events": [], "unfinished": 0}
    known = {(event, identity) for event, identity, _ in stored["events"]}
    acks = {(identity, ack) for event, identity, ack in stored["events"] if event == "message:out:ack"}
    if stored["unfinished"]:
        yield Violation("webhook", "all", f"{stored['unfinished']} are stored and not worked off")
    for told in story.told:
        if told["status"] != "notified" or told["fault"] in {"truncate", "malformed"}:
            continue
        is_ack = told["event"] == "message:out:ack"
        if ((told["id"], told["ack"]) not in acks) if is_ack else ((told["event"], told["id"]) not in known):
            yield Violation(
                "webhook", told["id"], f"{told['event']} {told['ack'] or ''} was answered 200 and is gone"
            )
        elif told["happened_at"] is None:
            yield Violation("webhook", told["id"], "happened at no time")


def statuses_are_known(story: Story) -> Iterator[Violation]:
    """E9: no acknowledgement that was answered 200 is missing in the message's status."""
    finals = {}
    for case in story.cases:
        for message, entries in case.accepted.items():
            for entry in entries:
                finals[entry["wa_id"]] = (case, message)
    for told in story.told:
        if told["event"] != "message:out:ack" or told["status"] != "notified" or told["astray"]:
            continue
        if told["id"] not in finals or finals[told["id"]][0].final is None:
            continue
        case, message = finals[told["id"]]
        status = (case.final or {})[f"status_{message}"]
        if RANK.get(status, 0) < RANK[told["ack"]]:
            yield Violation(
                "status", case.name, f"Message {message} is {status}, though {told['ack']} was told"
            )


def quota_and_gap(story: Story) -> Iterator[Violation]:
    """P1, P5: never more than the quota in 24 hours, never two Messages 1 too close to each other."""
    for device, limits in story.devices.items():
        sent = [entry for entry in story.accepted if entry["device"] == device]
        over = [
            late
            for early, late in zip(sent, sent[limits["quota"] :], strict=False)
            if late["at"] - early["at"] < DAY_S
        ]
        if over:
            yield Violation("quota", device, f"{len(over)} messages over {limits['quota']} in 24 hours")
        for early, late in pairwise([entry for entry in sent if entry["message"] == 1]):
            gap_s = late["at"] - early["at"]
            excused = story.froze_between(early["at"], late["at"], IN_FLIGHT_S)
            if gap_s < limits["min_gap_s"] - GAP_SLACK_S and not excused:
                yield Violation("gap", device, f"{gap_s:.3f} s between two Messages 1, at {late['at']:.3f}")


RULES: tuple[Rule, ...] = (
    at_most_once,
    everybody_final,
    books_agree,
    states_are_true,
    message_1_to_all,
    message_2_to_those_who_react,
    nothing_after_opt_out,
    nothing_in_a_pause,
    counters_are_right,
    no_webhook_lost,
    statuses_are_known,
    quota_and_gap,
)
