"""What a run came to: a table for people, a line for programs."""

import json
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.chaos.checker import Violation
from bench.chaos.history import Entry, History

SHOWN = 20
TARGETS = {"violations": 0, "unresolved_outcomes": 0}
LEAVES_UNKNOWN = {
    f"messages.post {kind}"
    for kind in (
        "accept_then_drop",
        "accept_then_timeout",
        "accept_then_502",
        "drop",
        "reset",
        "timeout",
        "html_502",
        "html_504",
    )
}


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run and its verdict."""

    path: Path
    history: History
    violations: list[Violation]

    @property
    def seed(self) -> int:
        """Of its schedule."""
        return int(next(entry["seed"] for entry in self.history if entry["op"] == "run"))

    @property
    def unresolved(self) -> History:
        """The attempts to send of which the system does not know what became."""
        return [entry for entry in self.history if entry["op"] == "unresolved"]

    def blows(self) -> Counter[str]:
        """How often which process was hit how."""
        return Counter(f"{entry['how']} {entry['role']}" for entry in self.history if entry["op"] == "down")

    def webhook_faults(self) -> Counter[str]:
        """What went wrong with webhooks."""
        told = (entry for entry in self.history if entry["op"] == "told")
        return Counter(f"webhook {entry['fault']}" for entry in told if entry["fault"])

    def provider_faults(self) -> Counter[str]:
        """What the provider did wrong to requests, as far as it remembers."""
        total: Counter[str] = Counter()
        for entry in self.history:
            if entry["op"] == "fault":
                total[f"{entry['target']} {entry['fault']}"] += entry["fired"]
        return total

    def unknown_outcomes(self) -> int:
        """How many sends got no answer that says whether they were taken; those that kills cut short apart."""
        return sum(count for what, count in self.provider_faults().items() if what in LEAVES_UNKNOWN)

    def unknown_calls(self) -> int:
        """How many calls of the driver got no answer that says something."""
        return sum(entry["kind"] == "unknown" for entry in self.history)

    def sent(self, message: int) -> int:
        """How many the provider took."""
        return sum(entry["op"] == "accepted" and entry["message"] == message for entry in self.history)

    def recoveries(self) -> Iterator[tuple[str, float]]:
        """Process and seconds: from the kill, the end of a restart, or the thaw to the next piece of work done.

        For the API that is a webhook answered 200, for all others a message that the provider took. What was
        not due before (a webhook not sent yet, a Message 2 whose reaction was not told) counts from then on.
        """
        webhooks: list[tuple[float, float]] = sorted(
            (e["answered_at"], e["at"]) for e in self.history if _is_answered(e)
        )
        reacted: dict[Any, float] = {
            e["phone"]: e["answered_at"] for e in self.history if _is_answered(e) and e["means"] == "reaction"
        }
        messages: list[tuple[float, float]] = sorted(
            (e["at"], reacted.get(e["phone"], 0.0) if e["message"] == 2 else 0.0)
            for e in self.history
            if e["op"] == "accepted"
        )
        began: dict[str, float] = {}
        for entry in self.history:
            if entry["op"] == "down":
                began[entry["role"]] = entry["at"]
            elif entry["op"] == "up":
                role = entry["role"]
                since = entry["thawed_at"] if entry["how"] in {"freeze", "restart"} else began[role]
                signs = webhooks if role == "api" else messages
                sign = next((sign for sign in signs if sign[0] > since), None)
                if sign is not None:
                    yield f"{entry['how']} {role}", max(0.0, sign[0] - max(since, sign[1]))


def _is_answered(entry: Entry) -> bool:
    return entry["op"] == "told" and entry["answered_at"] is not None


def report(runs: list[RunReport]) -> int:
    """Prints the table, the findings and the last line; 1 when a promise was broken."""
    console = Console(width=120)
    console.print(_by_run(runs) if len(runs) > 1 else _by_fault(runs[0]))
    figures = _figures(runs)
    for run in runs:
        for violation in run.violations[:SHOWN]:
            console.print(f"seed {run.seed} [red]{violation.rule}[/]: {violation.subject}: {violation.detail}")
        if run.violations:
            console.print(f"seed {run.seed}: {Counter(violation.rule for violation in run.violations)}")
        for left in run.unresolved:
            told = ", ".join(f"{key} {value}" for key, value in left.items() if key not in {"at", "kind", "op"})
            console.print(f"seed {run.seed} [red]unresolved[/]: {told}")
        console.print(f"history: {run.path}", soft_wrap=True)
    met = all(figures[name] <= target for name, target in TARGETS.items())
    print(json.dumps({"bench": "chaos", "figures": figures, "targets": TARGETS, "met": met}))
    return 0 if met else 1


def _figures(runs: list[RunReport]) -> dict[str, Any]:
    faults: Counter[str] = Counter()
    for run in runs:
        faults += run.blows() + run.webhook_faults() + run.provider_faults()
    recovered: dict[str, list[float]] = {}
    for run in runs:
        for what, seconds in run.recoveries():
            recovered.setdefault(what, []).append(seconds)
    every = [seconds for times in recovered.values() for seconds in times]
    return {
        "seeds": [run.seed for run in runs],
        "violations": sum(len(run.violations) for run in runs),
        "messages_1": sum(run.sent(1) for run in runs),
        "messages_2": sum(run.sent(2) for run in runs),
        "faults_total": sum(faults.values()),
        "faults": dict(sorted(faults.items())),
        "unknown_outcomes": sum(run.unknown_outcomes() for run in runs),
        "unknown_calls": sum(run.unknown_calls() for run in runs),
        "unresolved_outcomes": sum(len(run.unresolved) for run in runs),
        "recovery_p50_s": round(statistics.median(every), 2) if every else None,
        "recovery_max_s": round(max(every), 2) if every else None,
        "recovery_s": {what: _spread(times) for what, times in sorted(recovered.items())},
    }


def _spread(times: list[float]) -> dict[str, float]:
    return {"n": len(times), "p50": round(statistics.median(times), 2), "max": round(max(times), 2)}


def _by_fault(run: RunReport) -> Table:
    table = Table(title=f"Chaos, seed {run.seed}: {run.sent(1)} Messages 1, {run.sent(2)} Messages 2")
    for column in ("fault", "times", "recovered: p50", "max"):
        table.add_column(column, justify="left" if column == "fault" else "right")
    recovered: dict[str, list[float]] = {}
    for what, seconds in run.recoveries():
        recovered.setdefault(what, []).append(seconds)
    for what, times in sorted((run.blows() + run.webhook_faults() + run.provider_faults()).items()):
        spread = _spread(recovered[what]) if what in recovered else None
        cells = (f"{spread['p50']:.2f} s", f"{spread['max']:.2f} s") if spread else ("", "")
        table.add_row(what, str(times), *cells)
    table.add_row("sends without an answer", str(run.unknown_outcomes()))
    table.add_row("calls without an answer", str(run.unknown_calls()))
    table.add_row("unresolved outcomes", str(len(run.unresolved)))
    table.add_row("violations", str(len(run.violations)), style="bold")
    return table


def _by_run(runs: list[RunReport]) -> Table:
    table = Table(title=f"Chaos, {len(runs)} seeds")
    columns = (
        "seed",
        "M1",
        "M2",
        "blows",
        "provider",
        "webhooks",
        "unknown",
        "calls",
        "rec. p50",
        "max",
        "violations",
    )
    for column in columns:
        table.add_column(column, justify="right")
    for run in runs:
        times = [seconds for _, seconds in run.recoveries()]
        table.add_row(
            str(run.seed),
            str(run.sent(1)),
            str(run.sent(2)),
            str(run.blows().total()),
            str(run.provider_faults().total()),
            str(run.webhook_faults().total()),
            str(run.unknown_outcomes()),
            str(run.unknown_calls()),
            f"{statistics.median(times):.2f} s" if times else "",
            f"{max(times):.2f} s" if times else "",
            str(len(run.violations)),
        )
    return table
