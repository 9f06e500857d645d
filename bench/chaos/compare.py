"""`make chaos-compare SEED=1 SEEDS=3 CONTACTS=200`: Relance and a Celery baseline, hurt in the same way."""

import argparse
import asyncio
import json
import logging
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console
from rich.table import Table

from bench.celery_baseline.system import run_baseline
from bench.chaos.checker import Violation, check
from bench.chaos.history import History, Recorder, read_history
from bench.chaos.relance import run_relance
from bench.chaos.report import RunReport
from bench.chaos.run import Run
from bench.chaos.schedule import schedule
from bench.chaos.system import System

DIRECTORY = Path(".relance") / "chaos-compare"
SYSTEMS: dict[str, Callable[[int, Path], AbstractAsyncContextManager[System]]] = {
    "relance": run_relance,
    "celery": run_baseline,
    "celery_as_written": partial(run_baseline, as_written=True),
}
# The documents keep no raw webhooks and no live counters, so nobody is asked for them here.
NOT_ASKED = {"webhook", "counters"}
# What the table says, and which findings it counts.
LINES: dict[str, Callable[[Violation], bool]] = {
    "message_1_twice": lambda found: found.rule == "twice" and "Message 1" in found.detail,
    "message_2_twice": lambda found: found.rule == "twice" and "Message 2" in found.detail,
    "contacts_without_message_1": lambda found: found.rule == "forgotten",
    "contacts_never_final": lambda found: found.rule == "not final",
    "reactions_without_message_2": lambda found: found.rule == "owed",
    "message_2_undue": lambda found: found.rule == "undue",
    "after_opt_out": lambda found: found.rule == "after opt-out",
    "in_a_pause": lambda found: found.rule == "in a pause",
    "gap_or_quota_broken": lambda found: found.rule in {"gap", "quota"},
    "campaigns_never_closed": lambda found: found.rule == "open",
    "sent_but_not_in_the_book": lambda found: found.rule in {"unknown", "stranger"},
    "in_the_book_but_not_sent": lambda found: found.rule == "lost",
    "state_or_status_wrong": lambda found: found.rule in {"state", "status"},
}
Json = dict[str, Any]


def fair_violations(history: History) -> list[Violation]:
    """What the judge finds, but for what only one side could answer."""
    return [found for found in check(history) if found.rule not in NOT_ASKED]


async def one_run(name: str, seed: int, contacts: int) -> History:
    """A whole run of one system; its history is kept."""
    path = DIRECTORY / f"{name}-{seed}-{contacts}.jsonl"
    recorder = Recorder(path)
    plan = schedule(seed, contacts)
    try:
        async with SYSTEMS[name](plan.workers, path.with_suffix(".logs")) as system:
            await Run(plan, system, recorder).to_its_end()
    finally:
        recorder.close()
    return recorder.entries


def figures(histories: list[History]) -> Json:
    """What one side came to, over its runs."""
    runs = [RunReport(DIRECTORY, history, fair_violations(history)) for history in histories]
    found = [violation for run in runs for violation in run.violations]
    blows: Counter[str] = Counter()
    for run in runs:
        blows += run.blows()
    return {
        "contacts": sum(
            len(entry["phones"]) for run in runs for entry in run.history if entry["op"] == "campaign"
        ),
        "messages_1": sum(run.sent(1) for run in runs),
        "messages_2": sum(run.sent(2) for run in runs),
        "blows": blows.total(),
        "sends_without_an_answer": sum(run.unknown_outcomes() for run in runs),
        **{line: sum(map(counts, found)) for line, counts in LINES.items()},
        "violations": len(found),
    }


def show(sides: dict[str, Json], title: str) -> None:
    """Side by side."""
    table = Table(title=title)
    table.add_column("")
    for name in sides:
        table.add_column(name, justify="right")
    for line in next(iter(sides.values())):
        table.add_row(line.replace("_", " "), *(str(side[line]) for side in sides.values()))
    Console().print(table)


def main() -> None:
    """Exit code 1 when one of the systems did not come to an end; what it did wrong is the result."""
    parser = argparse.ArgumentParser(prog="make chaos-compare", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1, help="so many, one after the other, from the seed on")
    parser.add_argument("--contacts", type=int, default=200)
    parser.add_argument("--only", choices=sorted(SYSTEMS), help="one side alone")
    parser.add_argument(
        "--judge", action="store_true", help="judges the kept histories again, and runs nothing"
    )
    given = parser.parse_args()
    # What the supervision says of processes that we kill is no news.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    seeds = range(given.seed, given.seed + given.seeds)
    sides: dict[str, Json] = {}
    for name in [given.only] if given.only else SYSTEMS:
        histories = []
        for seed in seeds:
            if given.judge:
                history = read_history(DIRECTORY / f"{name}-{seed}-{given.contacts}.jsonl")
            else:
                history = asyncio.run(one_run(name, seed, given.contacts))
            histories.append(history)
            found = fair_violations(history)
            print(f"{name}, seed {seed}: {len(found)} violations", file=sys.stderr, flush=True)
            for violation in found:
                print(f"  {violation.rule}: {violation.subject}: {violation.detail}", file=sys.stderr)
        sides[name] = figures(histories)
    show(sides, f"The same faults: {len(seeds)} seeds, {given.contacts} contacts each")
    print(json.dumps({"bench": "chaos-compare", "seeds": list(seeds), "contacts": given.contacts, **sides}))


if __name__ == "__main__":
    main()
