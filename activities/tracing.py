"""Takes a trace from a signal through the contact's workflow to the message that follows from it.

Temporal's own interceptor makes one trace of each workflow, and links signals to it: a day long, with
everything that a campaign does in it. Here a workflow has no trace. What somebody signalled has one, which is
kept beside the signal; what the workflow starts because of it goes on in that trace. Headers come from history
alone, so that a replay gives the same commands; spans are made outside of the workflow, and not again in a
replay.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from opentelemetry.trace import SpanKind
from temporalio import workflow
from temporalio.client import OutboundInterceptor, QueryWorkflowInput, SignalWorkflowInput, StartWorkflowInput
from temporalio.client import WorkflowHandle as Handle
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.converter import PayloadConverter
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    HandleSignalInput,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from tracing import Carrier, context_of, is_traced, tracer

HEADER = "_tracer-data"  # as Temporal's interceptors call it
SPAN = "__relance_span"
# Those that begin a trace; others are seen only within one, or upkeep and pacing would drown everything else.
FIRST = frozenset({"send_message", "open_campaign", "close_campaign"})

_cause: ContextVar[Carrier | None] = ContextVar("cause", default=None)


def cause() -> Carrier | None:
    """In a signal's handler: the trace that the signal came from."""
    return _cause.get()


@contextmanager
def because_of(carrier: Carrier | None) -> Iterator[None]:
    """What a workflow starts in this block goes on in that trace."""
    token = _cause.set(carrier)
    try:
        yield
    finally:
        with suppress(ValueError):  # a workflow that leaves the cache ends in another context
            _cause.reset(token)


class Tracing(TracingInterceptor):
    """For clients, and so for the workers that use them."""

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - its name there
        """What is done within a trace carries it along."""
        return _OnlyInTrace(super().intercept_client(next), next)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """A span for an activity that belongs to a trace, or begins one."""
        return _KnownActivities(super().intercept_activity(next), next)

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> Any:  # noqa: A002
        """For workflows."""
        input.unsafe_extern_functions[SPAN] = _make_span
        return SignalTracing


class _OnlyInTrace(OutboundInterceptor):
    def __init__(self, traced: OutboundInterceptor, untraced: OutboundInterceptor) -> None:
        super().__init__(untraced)
        self._traced = traced

    def _way(self) -> OutboundInterceptor:
        return self._traced if is_traced() else self.next

    async def start_workflow(self, input: StartWorkflowInput) -> Handle[Any, Any]:  # noqa: A002
        return await self._way().start_workflow(input)

    async def signal_workflow(self, input: SignalWorkflowInput) -> None:  # noqa: A002
        await self._way().signal_workflow(input)

    async def query_workflow(self, input: QueryWorkflowInput) -> Any:  # noqa: A002
        return await self._way().query_workflow(input)


class _KnownActivities(ActivityInboundInterceptor):
    def __init__(self, traced: ActivityInboundInterceptor, untraced: ActivityInboundInterceptor) -> None:
        super().__init__(traced)
        self._untraced = untraced

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        is_known = HEADER in input.headers or input.fn.__name__ in FIRST
        way = self.next if is_known else self._untraced
        return await way.execute_activity(input)


class SignalTracing(WorkflowInboundInterceptor):
    """Inside of a workflow: reads what history says, and asks the outside for spans."""

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        """Before the workflow runs."""
        super().init(_CauseCarrier(outbound))

    async def handle_signal(self, input: HandleSignalInput) -> None:  # noqa: A002
        """Runs the handler with the trace of whoever signalled."""
        header = input.headers.get(HEADER)
        carrier: Carrier | None = None
        if header is not None:
            carrier = PayloadConverter.default.from_payloads([header])[0]
            if not workflow.unsafe.is_replaying():
                workflow.extern_functions()[SPAN](
                    f"HandleSignal:{input.signal}",
                    carrier,
                    workflow.time_ns(),
                    {"temporalWorkflowID": workflow.info().workflow_id},
                )
        with because_of(carrier):
            await super().handle_signal(input)


class _CauseCarrier(WorkflowOutboundInterceptor):
    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:  # noqa: A002
        carrier = _cause.get()
        if carrier is not None:
            header = PayloadConverter.default.to_payloads([carrier])[0]
            input.headers = {**input.headers, HEADER: header}
        return super().start_activity(input)


def _make_span(name: str, carrier: Carrier, at_ns: int, attributes: dict[str, str]) -> None:
    # Without a duration: it would be the time between two workflow tasks.
    span = tracer.start_span(
        name, context_of(carrier), kind=SpanKind.CONSUMER, attributes=attributes, start_time=at_ns
    )
    span.end(end_time=at_ns)
