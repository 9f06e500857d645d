"""Traces: where the time went between a webhook and the Message 2 that it earned.

Off unless an OTLP endpoint is set; then spans leave in batches over HTTP. Sampling, limits, headers and
resource attributes are those of the standard `OTEL_*` variables. No number of a person leaves with a span.
"""

import threading
from collections.abc import Sequence
from typing import TypeAlias

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes

from domain.masking import mask_phones

Carrier: TypeAlias = dict[str, str]  # W3C trace context, as headers have it

tracer = trace.get_tracer("relance")

LAST_SPANS_S = 3.0

_propagator = TraceContextTextMapPropagator()


def configure_tracing(url: str | None, service: str) -> None:
    """Sends the spans of this process to an OTLP endpoint, if there is one.

    Parameters
    ----------
    url
        Where traces go, path included; None: nowhere.
    service
        The name of this process among others, unless OTEL_SERVICE_NAME says otherwise.
    """
    if url is None:
        return
    # The environment wins over what is created with `create`.
    provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(MaskingExporter(OTLPSpanExporter(endpoint=url))))
    trace.set_tracer_provider(provider)


def send_last_spans() -> None:
    """At the end of a process: what has not been sent yet gets a moment, and no more if nobody takes it."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        # The exporter would try again for as long as its own patience lasts, whatever it is told.
        sending = threading.Thread(target=provider.force_flush, name="last spans", daemon=True)
        sending.start()
        sending.join(LAST_SPANS_S)


def current_carrier() -> Carrier:
    """The current span, to be taken along; empty without one."""
    carrier: Carrier = {}
    _propagator.inject(carrier)
    return carrier


def context_of(carrier: Carrier | None) -> Context:
    """The span that somebody took along; an empty context if nobody did."""
    return _propagator.extract(carrier or {}, context=Context())


def is_traced() -> bool:
    """Whether there is a span now."""
    return trace.get_current_span().get_span_context().is_valid


class MaskingExporter(SpanExporter):
    """Whatever text a span carries, of exceptions too, goes without whole numbers of people."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Sends masked copies."""
        return self._exporter.export([_masked(span) for span in spans])

    def shutdown(self) -> None:
        """Ends the exporter."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Sends what is left."""
        return self._exporter.force_flush(timeout_millis)


def _masked(span: ReadableSpan) -> ReadableSpan:
    status = span.status
    return ReadableSpan(
        name=mask_phones(span.name),
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=_masked_values(span.attributes),
        events=[Event(event.name, _masked_values(event.attributes), event.timestamp) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(status.status_code, mask_phones(status.description)) if status.description else status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _masked_values(attributes: Attributes) -> Attributes:
    return {
        name: mask_phones(value) if isinstance(value, str) else value
        for name, value in (attributes or {}).items()
    }
