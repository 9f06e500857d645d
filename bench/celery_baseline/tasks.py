"""The Celery application: sending, batches, and the periodic checks of documents 002 and 003."""

import random
from typing import Any, NoReturn

import psycopg
from celery import Celery, Task
from celery.signals import worker_ready
from celery.utils.log import get_task_logger
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from bench.celery_baseline import gateway, pacing, store
from bench.celery_baseline.database import Row, persist, transaction
from bench.celery_baseline.settings import SETTINGS

MAX_RETRIES = 3
INFRASTRUCTURE = (psycopg.OperationalError, RedisError)

log = get_task_logger(__name__)
app = Celery("baseline", broker=SETTINGS.redis_url, backend=SETTINGS.redis_url)
app.conf.update(
    # What Celery's own documentation advises for tasks that may not be lost.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": SETTINGS.visibility_timeout_s,
        "queue_order_strategy": "priority",
        "socket_timeout": 5,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 5,
    },
    task_publish_retry_policy={"max_retries": 3, "interval_start": 0.1, "interval_max": 0.5},
    task_ignore_result=True,
    timezone="UTC",
    task_routes={"*.send_message_1": "message_1", "*.send_message_2": "message_2"},
    task_default_queue="default",
    beat_schedule={
        "check-expired-interactions": {
            "task": "bench.celery_baseline.tasks.check_expired_interactions",
            "schedule": SETTINGS.check_every_s,
            "options": {"expires": SETTINGS.check_every_s * 5},
        },
        "resume-pending": {
            "task": "bench.celery_baseline.tasks.resume_pending",
            "schedule": SETTINGS.resume_every_s,
            "options": {"expires": SETTINGS.resume_every_s * 5},
        },
    },
)


@app.task(bind=True, max_retries=None)
def send_message_1(self: Task[Any, Any], message_id: str) -> None:
    """Sends it, unless that was done or may not be done."""
    send_message(self, message_id)


@app.task(bind=True, max_retries=None)
def send_message_2(self: Task[Any, Any], message_id: str) -> None:
    """The same; its queue comes first."""
    send_message(self, message_id)


def send_message(task: Task[Any, Any], message_id: str) -> None:
    """One message under its lock. Tries again by itself when something that it needs is down."""
    try:
        message = _sendable(message_id)
        if message is None:
            return
        lock = pacing.message_lock(message["message_type"], str(message["campaign_id"]), message["phone"])
        if not lock.acquire():
            log.info("message %s is at work elsewhere", message_id)
            _again(task, 1.0)
        try:
            _send_in_turn(task, message)
        finally:
            if lock.owned():
                lock.release()
    except INFRASTRUCTURE as error:
        log.warning("message %s waits: %s", message_id, error)
        _again(task, SETTINGS.retry_base_s)


def _sendable(message_id: str) -> Row | None:
    """The message, if it may leave now. This is the check that keeps repeated tasks from sending twice."""
    with transaction() as connection:
        message = connection.execute(store.TO_SEND, (message_id,)).fetchone()
        if message is None or message["status"] != "pending" or message["campaign_status"] != "running":
            return None
        if message["opted_out"]:
            connection.execute("UPDATE messages SET status = 'cancelled' WHERE id = %s", (message_id,))
            store.set_state(connection, message, "opted_out")
            return None
    holding = {"all", message["message_type"]}
    if message["campaign_paused"] in holding or message["device_paused"] in holding:
        return None  # it stays pending: whoever resumes gives it a new task
    return message


def _send_in_turn(task: Task[Any, Any], message: Row) -> None:
    gap_s = 1 / message["rate_per_s"] if message["message_type"] == "message_1" else 0.0
    turn = pacing.reserve(message["device_id"], gap_s=gap_s, quota=message["quota"])
    if isinstance(turn, float):
        _postpone(message, turn, attempts=message["attempts"])
        _again(task, turn)
    with transaction() as connection:
        connection.execute("UPDATE messages SET attempts = attempts + 1 WHERE id = %s", (message["id"],))
    fresh = _sendable(str(message["id"]))
    if fresh is None:
        turn.give_back()
        return
    if gap_s and pacing.missed(turn):
        turn.give_back()
        _postpone(message, 0, attempts=message["attempts"])
        _again(task, 0)
    _post(task, fresh, turn)


def _post(task: Task[Any, Any], message: Row, turn: pacing.Turn) -> None:
    body = f"{message['campaign']}/{message['message_type'][-1]}"
    try:
        gateway.send(
            phone=message["phone"], body=body, device=message["device_id"], reference=str(message["id"])
        )
    except gateway.RejectedError as error:
        log.warning("message %s was refused: %s", message["id"], error)
        persist(lambda: _failed(message))
    except gateway.BusyError as error:
        turn.give_back()
        countdown = error.retry_after_s
        persist(lambda: _postpone(message, countdown, attempts=message["attempts"] - 1))
        _again(task, countdown)
    except gateway.WassengerError as error:
        attempts = message["attempts"]
        log.warning("message %s, attempt %s: %s", message["id"], attempts, error)
        if attempts > MAX_RETRIES:
            persist(lambda: _failed(message))
            return
        countdown = SETTINGS.retry_base_s * 2 ** (attempts - 1)
        persist(lambda: _postpone(message, countdown, attempts=attempts))
        _again(task, countdown)
    else:
        persist(lambda: _sent(message))


def _sent(message: Row) -> None:
    with transaction() as connection:
        store.mark_sent(connection, message)


def _failed(message: Row) -> None:
    with transaction() as connection:
        store.mark_failed(connection, message)


def _postpone(message: Row, countdown: float, *, attempts: int) -> None:
    with transaction() as connection:
        connection.execute(
            "UPDATE messages SET attempts = %s, due_at = now() + make_interval(secs => %s) WHERE id = %s",
            (attempts, countdown, message["id"]),
        )


def _again(task: Task[Any, Any], countdown: float) -> NoReturn:
    raise task.retry(countdown=countdown, max_retries=None)


@app.task(bind=True, max_retries=None)
def send_batch(self: Task[Any, Any], campaign_id: str, batch: int) -> None:
    """Gives a batch its tasks, and the next one its time."""
    try:
        with transaction() as connection:
            campaign = connection.execute("SELECT * FROM campaigns WHERE id = %s", (campaign_id,)).fetchone()
            messages = connection.execute(
                "SELECT id::text, greatest(0, extract(epoch FROM due_at - now()))::float AS in_s FROM messages"
                " WHERE campaign_id = %s AND message_type = 'message_1' AND batch = %s AND status = 'pending'"
                " ORDER BY due_at",
                (campaign_id, batch),
            ).fetchall()
    except psycopg.OperationalError:
        _again(self, SETTINGS.retry_base_s)
    if campaign is None or not messages:
        return
    for message in messages:
        send_message_1.apply_async((message["id"],), countdown=message["in_s"])
    lasts_s = messages[-1]["in_s"] + campaign["batch_pause_s"]
    send_batch.apply_async((campaign_id, batch + 1), countdown=lasts_s)


@app.task
def resume_pending(after_s: float = SETTINGS.lost_after_s) -> None:
    """New tasks for messages that have lost theirs, in their old pace."""
    with transaction() as connection:
        lost = connection.execute(store.LOST, {"after_s": after_s}).fetchall()
    waiting: dict[str, float] = {}
    for message in lost:
        if message["message_type"] == "message_2":
            send_message_2.delay(message["id"])
            continue
        waiting[message["device_id"]] = waiting.get(message["device_id"], 0.0) + 1 / message["rate_per_s"]
        send_message_1.apply_async((message["id"],), countdown=waiting[message["device_id"]])


@app.task
def check_expired_interactions() -> None:
    """Ends what the window has ended, sends what is still owed, closes what is complete."""
    with transaction() as connection:
        owed = connection.execute(store.OWED).fetchall()
        created = [store.create_message_2(connection, case["campaign_id"], case["phone"]) for case in owed]
        connection.execute(store.EXPIRED)
        connection.execute(store.OVERDUE, (store.FINAL,))
        for closed in connection.execute(store.CLOSE, (store.FINAL,)).fetchall():
            log.info("campaign %s completed: %s", closed["name"], closed["stats"])
    for message_id in filter(None, created):
        send_message_2.delay(message_id)


@worker_ready.connect
def resume_after_restart(**_: object) -> None:
    """002 R4.4: after a restart, pending messages go on by themselves."""
    try:
        resume_pending.apply_async(countdown=random.random())  # noqa: S311 - keeps two workers apart
    except (BrokerError, RedisError):
        log.warning("the broker is down: the periodic task will resume")
