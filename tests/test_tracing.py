"""What leaves the house with a span."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from settings import Settings
from tracing import MaskingExporter

PHONE = "+33639980001"


def test_texts_of_a_span_are_masked() -> None:
    """Issue: exceptions too, which Temporal's and our own spans record by themselves."""
    sent = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(MaskingExporter(sent)))
    with (
        pytest.raises(ValueError, match="no such number"),
        provider.get_tracer("test").start_as_current_span("ask", attributes={"text": f"to {PHONE}", "n": 3}),
    ):
        raise ValueError(f"no such number: {PHONE}")

    [span] = sent.get_finished_spans()
    everything = span.to_json()
    assert PHONE.lstrip("+") not in everything
    assert "ValueError: no such number: +336…01" in str(span.status.description)
    assert span.attributes == {"text": "to +336…01", "n": 3}


def test_traces_are_off_unless_the_standard_variables_say_where(monkeypatch: pytest.MonkeyPatch) -> None:
    """Issue: the base of an endpoint gets the path, a traces endpoint has it."""
    assert Settings(_env_file=None).traces_url is None
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318/")
    assert Settings(_env_file=None).traces_url == "http://127.0.0.1:4318/v1/traces"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:3000/otlp")
    assert Settings(_env_file=None).traces_url == "http://127.0.0.1:3000/otlp"
