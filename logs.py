"""One log format for every process: JSON lines, with the contextual ids bound where work begins.

Whole numbers of people never reach a log: the finished line is masked, so that texts of exceptions, of
libraries and of nested values are too.
"""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import structlog
from opentelemetry import trace
from structlog.typing import EventDict
from temporalio import activity, workflow

from domain.identifiers import ids_in
from domain.masking import mask_phones


def configure_logging(process: str, level: str = "INFO") -> None:
    """Routes structlog, the standard library, warnings and last words through one JSON renderer on stdout."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        add_work,
        _add_trace,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
                _mask,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # its INFO lines carry full URLs
    logging.captureWarnings(True)
    sys.excepthook = _log_last_words
    threading.excepthook = _log_end_of_thread
    structlog.contextvars.bind_contextvars(process=process)


@contextmanager
def log_scope(**ids: str) -> Iterator[None]:
    """Lines of this block carry these ids, and those that are bound on the way; none of them afterwards."""
    before = structlog.contextvars.get_contextvars()
    structlog.contextvars.bind_contextvars(**ids)
    try:
        yield
    finally:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(**before)


def add_work(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Which workflow this is about, and so which campaign and contact."""
    if activity.in_activity():
        doing = activity.info()
        workflow_id = doing.workflow_id
        line = {"activity": doing.activity_type, "attempt": doing.attempt, **line}
    elif workflow.in_workflow():
        workflow_id = workflow.info().workflow_id
    else:
        return line
    if workflow_id is None:
        return line
    return {"workflow_id": workflow_id, **ids_in(workflow_id), **line}


def _add_trace(_logger: object, _method: str, line: EventDict) -> EventDict:
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        line["trace_id"] = f"{span.trace_id:032x}"
    return line


def _mask(_logger: object, _method: str, line: Any) -> str:
    return mask_phones(str(line))


def _log_last_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    structlog.get_logger("process").critical("the process ends", exc_info=(kind, error, trace))


def _log_end_of_thread(end: threading.ExceptHookArgs) -> None:
    value = end.exc_value or end.exc_type()
    structlog.get_logger("process").error("a thread ended", exc_info=(end.exc_type, value, end.exc_traceback))
