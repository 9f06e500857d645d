"""The API and the webhook, as small as a comparison needs them."""

import logging
from datetime import UTC, datetime
from secrets import compare_digest
from typing import Annotated, Any

import uvicorn
from celery import Task
from fastapi import Body, Depends, FastAPI, HTTPException, Request
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from bench.celery_baseline import store, tasks
from bench.celery_baseline.database import Row, transaction
from bench.celery_baseline.settings import SETTINGS
from providers.base import DeliveryUpdate, InboundMessage
from providers.wassenger_events import interpret, split_webhook

log = logging.getLogger(__name__)
app = FastAPI()
Order = Annotated[dict[str, Any], Body()]


def enqueue(task: Task[Any, Any], *arguments: Any) -> None:
    """Best effort: the rows say what has to be done, and `resume_pending` finds them when Redis is down."""
    try:
        task.apply_async(arguments, retry=False)
    except (BrokerError, RedisError, OSError):
        log.warning("Redis is down: %s is left to the periodic task", task.name)


@app.get("/healthz")
def healthz() -> str:
    """Alive."""
    return "ok"


def told_secret(token: str = "") -> None:
    """Who does not know it is not Wassenger."""
    if not compare_digest(token, SETTINGS.webhook_secret):
        raise HTTPException(401)


async def raw_body(request: Request) -> bytes:
    """As it came, whatever it holds."""
    return await request.body()


@app.post("/webhooks/wassenger", dependencies=[Depends(told_secret)])
def webhook(raw: Annotated[bytes, Depends(raw_body)]) -> str:
    """Answers 200 once it is in the database; an error is a 500, and Wassenger comes again."""
    try:
        work_off(raw)
    except Exception:
        if not SETTINGS.as_written:
            raise
        log.exception("webhook processing error")
        return "error_logged"
    return "ok"


def work_off(raw: bytes) -> None:
    """Every event of one body, or none."""
    items = split_webhook(raw)
    created = []
    with transaction() as connection:
        for item in items:
            news = interpret(item.payload, datetime.now(UTC))
            if isinstance(news, DeliveryUpdate) and news.reference:
                store.note_status(connection, news.reference, news.status.value)
            elif isinstance(news, InboundMessage) and news.phone:
                if (news.text or "").casefold().startswith("stop"):
                    store.add_opt_out(connection, news.phone)
                    continue
                created.append(
                    store.note_interaction(
                        connection,
                        key=item.key,
                        phone=news.phone,
                        kind=news.kind.value,
                        occurred_at=news.occurred_at,
                    )
                )
    for message_id in filter(None, created):
        enqueue(tasks.send_message_2, message_id)


@app.post("/devices")
def add_device(order: Order) -> None:
    """An account to send with."""
    with transaction() as connection:
        connection.execute(
            "INSERT INTO devices VALUES (%(id)s, %(rate_per_s)s, %(quota)s) ON CONFLICT DO NOTHING", order
        )


@app.post("/devices/{device}")
def change_device(device: str, order: Order) -> None:
    """A quota, a pause, or the end of one."""
    with transaction() as connection:
        if "quota" in order:
            connection.execute("UPDATE devices SET quota = %s WHERE id = %s", (order["quota"], device))
        if "paused" in order:
            connection.execute("UPDATE devices SET paused = %s WHERE id = %s", (order["paused"], device))
    if order.get("paused", "") is None:
        enqueue(tasks.resume_pending, 0)


@app.post("/campaigns")
def add_campaign(order: Order) -> str:
    """A draft with its contacts, shared out among its devices."""
    with transaction() as connection:
        campaign = connection.execute(
            "INSERT INTO campaigns (name, window_s, grace_s, max_age_s, batch_size, batch_pause_s) VALUES"
            " (%(name)s, %(window_s)s, %(grace_s)s, %(max_age_s)s, %(batch_size)s, %(batch_pause_s)s)"
            " RETURNING id::text",
            order,
        ).fetchone()
        identity = str((campaign or {})["id"])
        devices = order["devices"]
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO campaign_contacts (campaign_id, phone, position, device_id)"
                " VALUES (%s, %s, %s, %s)",
                [(identity, phone, n, devices[n % len(devices)]) for n, phone in enumerate(order["phones"])],
            )
    return identity


@app.post("/campaigns/{campaign}/start")
def start(campaign: str) -> None:
    """Message 1 for everybody: rows first, tasks after."""
    with transaction() as connection:
        started = connection.execute(
            "UPDATE campaigns SET status = 'running', started_at = now() WHERE id = %s AND status = 'draft'"
            " RETURNING id",
            (campaign,),
        ).fetchone()
        if started is None:
            return
        devices = connection.execute(
            "SELECT DISTINCT device_id FROM campaign_contacts WHERE campaign_id = %s", (campaign,)
        ).fetchall()
        connection.execute(store.PLAN, {"id": campaign, "devices": [row["device_id"] for row in devices]})
    enqueue(tasks.send_batch, campaign, 0)


@app.post("/campaigns/{campaign}/pause")
def pause(campaign: str, order: Order) -> None:
    """Checked by every task right before it sends."""
    with transaction() as connection:
        connection.execute("UPDATE campaigns SET paused = %s WHERE id = %s", (order["scope"], campaign))


@app.post("/campaigns/{campaign}/resume")
def resume(campaign: str) -> None:
    """What waited goes on at once."""
    with transaction() as connection:
        connection.execute("UPDATE campaigns SET paused = NULL WHERE id = %s", (campaign,))
    enqueue(tasks.resume_pending, 0)


@app.get("/campaigns/{campaign}")
def show(campaign: str) -> Row:
    """Its progress."""
    with transaction() as connection:
        found = connection.execute("SELECT * FROM campaigns WHERE id = %s", (campaign,)).fetchone()
    if found is None:
        raise HTTPException(404)
    return found


@app.post("/opt-outs")
def opt_out(order: Order) -> None:
    """Checked by every task right before it sends."""
    with transaction() as connection:
        store.add_opt_out(connection, order["phone"])


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=SETTINGS.port, access_log=False)
