"""The one log format: whatever writes a line, by whatever way, no number of a person stands in it."""

import json
import subprocess
import sys

from structlog.contextvars import bind_contextvars, bound_contextvars, get_contextvars

from logs import log_scope

PROGRAM = """
import logging, threading, warnings
import structlog
from logs import configure_logging

configure_logging("test")
phone, chat = "+33639980001", "33639980001@c.us"
log = structlog.get_logger("ours")
identity = "0199c7a2-7d1f-7c3e-8a55-0a1b2c3d4e5f"
log.info(f"to {phone}", phone=phone, nested={"chats": [chat, (phone,)]}, id=identity)
logging.getLogger("library").warning("sent to %s", phone)
log.bind(phone=phone).warning("bound", odd=type("Odd", (), {"__repr__": lambda self: phone})())
try:
    raise ValueError(f"no such number: {phone}")
except ValueError:
    log.exception("failed")
    logging.getLogger("library").exception("failed")
warnings.warn(f"careful with {phone}")
thread = threading.Thread(target=lambda: [].index(phone))
thread.start()
thread.join()
def fail():
    raise KeyError(phone)
fail()
"""


def test_ids_of_one_piece_of_work_are_not_on_the_next() -> None:
    """Issue: a relay works off one event after the other; each line carries the ids of its own."""
    with bound_contextvars(process="test"):
        with log_scope(event_id="1"):
            bind_contextvars(campaign_id="c")
            assert get_contextvars() == {"process": "test", "event_id": "1", "campaign_id": "c"}
        assert get_contextvars() == {"process": "test"}


def test_no_way_to_write_a_line_lets_a_number_through() -> None:
    """Issue: every string value, texts of exceptions and lines of libraries; ids survive."""
    ended = subprocess.run(  # noqa: S603 - our own interpreter, our own text
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert "33639980001" not in ended.stderr + ended.stdout
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(lines) == 8
    assert lines[0]["event"] == "to +336…01"
    assert lines[0]["nested"] == {"chats": ["336…01@c.us", ["+336…01"]]}
    assert lines[0]["id"] == "0199c7a2-7d1f-7c3e-8a55-0a1b2c3d4e5f"
    assert "ValueError: no such number: +336…01" in lines[3]["exception"]
    assert lines[-1]["event"] == "the process ends"
