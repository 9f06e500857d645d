"""What do traces cost? The follow-up's latency and the processor time of API and worker, without and with them.

The two take turns in one run, because a busy machine is no slower for one than for the other.
"""

import asyncio
import os
import statistics
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from bench import latency
from bench.driving import Report, run_stack
from local.stack import Stack
from tests.otlp import Collector, collecting

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
ROUNDS = 2
MEASURED = ("p50_ms", "p99_ms", "cpu_ms")
TARGETS = {"p50_with_to_without": 1.2}


async def main() -> None:
    """Prints the table and, last, one line of JSON."""
    report = Report("tracing", "Webhook in to Message 2, without and with traces", TARGETS)
    rounds: dict[str, list[dict[str, float]]] = {"without": [], "with": []}
    for _ in range(ROUNDS):
        for name, found in rounds.items():
            with _traces(on=name == "with") as collector:
                found.append(await _measure())
            report.figures[f"spans_{name}"] = len(collector.spans)
    for name, found in rounds.items():
        for figure in MEASURED:
            value = statistics.median(each[figure] for each in found)
            report.figures[f"{figure}_{name}"] = round(value, 1)
            each_round = ", ".join(f"{each[figure]:g}" for each in found)
            report.row(f"{figure} {name} traces", f"{value:g} ({each_round})")
    ratio = report.figures["p50_ms_with"] / report.figures["p50_ms_without"]
    report.figures["p50_with_to_without"] = round(ratio, 2)
    report.row("spans in a round", f"{report.figures['spans_with']:g}")
    report.print()


async def _measure() -> dict[str, float]:
    """Latencies, and what API and worker computed for each contact, with its Message 1 and its reply."""
    async with run_stack("tracing") as (stack, api, sandbox):
        before_s = _processor_s(stack)
        secret = stack.servers.data_dir.secret("webhook")
        figures = await latency.measure(api, sandbox, stack, f"/webhooks/wassenger/{secret}")
        used_s = _processor_s(stack) - before_s
    return {**figures, "cpu_ms": round(1000 * used_s / figures["replies"], 1)}


def _processor_s(stack: Stack) -> float:
    own = [each.pid for each in stack.components() if each.name in {"api", "worker"} and each.pid]
    times = [psutil.Process(pid).cpu_times() for pid in own]
    return sum(each.user + each.system for each in times)


@contextmanager
def _traces(*, on: bool) -> Iterator[Collector]:
    """The processes that are started in this block send their spans to a collector here, or none."""
    with collecting() as collector:
        os.environ.pop(ENDPOINT, None)
        if on:
            os.environ[ENDPOINT] = collector.url
        yield collector
        os.environ.pop(ENDPOINT, None)


if __name__ == "__main__":
    asyncio.run(main())
