"""The API: what it is made of, and what it opens and closes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from fastapi import Depends, FastAPI
from fastapi_offline import FastAPIOffline

from activities.bell import SenderBell
from activities.gateways import open_gateways
from activities.intake import Intake
from activities.meta_webhooks import MetaWebhooks
from activities.temporal import connect
from api import (
    alerts,
    api_keys,
    auth,
    caching,
    campaign_actions,
    campaigns,
    categories,
    contacts,
    dashboard,
    erasures,
    exports,
    hardening,
    imports,
    interactions,
    live,
    messages,
    metrics,
    monitoring,
    number_checks,
    opt_outs,
    problems,
    schema,
    sender_health,
    senders,
    statistics,
    tracing,
    upkeep,
    users,
    webhooks,
)
from api import settings as settings_routes
from api.dependencies import Needs, Resources
from api.webhooks import WebhookDesk
from domain.identifiers import WEBHOOK_NAME
from providers.base import GatewayError
from providers.gateways import Gateways
from settings import Settings
from storage import database
from storage import users as first_users
from storage.suppression_key import SuppressionKeyError, check_key
from tracing import send_last_spans

log = structlog.get_logger(__name__)

REGISTER_RETRY_S = 10.0


def create_app(settings: Settings) -> FastAPI:
    """The application; its connections open with its lifespan."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        pool = await database.connect(
            _required(settings.database_url, "DATABASE_URL"),
            application="api",
            suppression_key=settings.suppression_key,
        )
        await _refuse_wrong_key(pool)
        # Lazy: webhooks are stored also while Temporal is away.
        temporal = await connect(
            settings, address=_required(settings.temporal_address, "TEMPORAL_ADDRESS"), lazy=True
        )
        await _make_first_user(pool)
        bell = SenderBell(temporal)
        app.state.resources = Resources(settings=settings, pool=pool, temporal=temporal, bell=bell)
        desk = app.state.webhook_desk = WebhookDesk(Intake(pool, temporal, bell))
        registration = asyncio.create_task(_keep_webhooks(settings, pool))
        try:
            yield
        finally:
            registration.cancel()
            with suppress(asyncio.CancelledError):
                await registration
            await desk.drain()
            await database.close(pool)
            # Here, because uvicorn ends the process by the signal that it got.
            await asyncio.to_thread(send_last_spans)

    app = FastAPIOffline(
        title="Relance",
        summary="WhatsApp campaigns: Message 1, the window, Message 2.",
        version="0.1.0",
        lifespan=lifespan,
        generate_unique_id_function=schema.operation_name,
        dependencies=[Depends(tracing.bind_ids)],
        # Its spans hold paths and queries as they came: the webhook's secret, and numbers that people look for.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    problems.install(app)
    hardening.install(app, settings)
    metrics.install(app)
    tracing.install(app, settings)
    # Exports first: their paths would be taken for ids.
    for subject in (exports, categories, imports, number_checks, opt_outs):
        app.include_router(subject.router)
    for part in (api_keys, auth, campaigns, contacts, erasures, senders, settings_routes, users, webhooks):
        app.include_router(part.router)
    for part in (campaign_actions, interactions, messages, sender_health):
        app.include_router(part.router)
    # In this order: what opens with a router is there for those after it.
    for operations in (caching, monitoring, alerts, live, metrics, statistics, upkeep):
        app.include_router(operations.router)
    app.add_api_route("/healthz", health, tags=["operations"])
    app.include_router(dashboard.router)
    dashboard.install(app)
    schema.install(app, settings)
    return app


async def health(needs: Needs) -> dict[str, str]:
    """Answers when the API and its database do."""
    await needs.pool.fetchval("SELECT 1", timeout=2)
    return {"status": "ok"}


async def _refuse_wrong_key(pool: database.Pool) -> None:
    try:
        await check_key(pool)
    except SuppressionKeyError as error:
        await pool.close()
        raise SystemExit(str(error)) from error


async def _make_first_user(pool: database.Pool) -> None:
    """Somebody has to be able to log in. Where `relance up` started us, it has done this and shown it."""
    password = await first_users.add_first_user(pool)
    if password is not None:
        log.warning(
            "first start: log in with this name and password, and choose another password",
            name=first_users.FIRST_USER,
            one_time_password=password,
        )


def _required(value: str | None, name: str) -> str:
    if value is None:
        raise SystemExit(f"RELANCE_{name} is not set: start the embedded stack with `make up`, or set it")
    return value


async def _keep_webhooks(settings: Settings, pool: database.Pool) -> None:
    """Tells the gateways where their webhooks go, as soon as they can be told; none waits for another."""
    gateways = open_gateways(settings)
    if gateways is None:
        log.warning("no webhooks: there is no token of any gateway")
        return
    tasks = []
    if settings.wassenger_token is not None:
        tasks.append(_register(settings, gateways))
    if settings.has_meta:
        tasks.append(_direct(settings, pool, gateways))
    try:
        await asyncio.gather(*tasks)
    finally:
        await gateways.close()


async def _register(settings: Settings, gateways: Gateways) -> None:
    if (url := settings.webhook_url) is None:
        log.warning(
            "Wassenger cannot tell of any reaction: RELANCE_PUBLIC_URL or RELANCE_WEBHOOK_SECRET is not set"
        )
        return
    while True:
        try:
            await gateways.register_webhook(url=url, name=WEBHOOK_NAME)
        except GatewayError as error:
            log.warning("webhook not registered, trying again", error=str(error))
        except Exception:
            log.exception("webhook not registered, trying again")
        else:
            log.info("webhook registered", public_url=settings.public_url)
            return
        await asyncio.sleep(REGISTER_RETRY_S)


async def _direct(settings: Settings, pool: database.Pool, gateways: Gateways) -> None:
    if settings.meta_webhook is None:
        log.warning(
            "Meta cannot tell of any reaction: RELANCE_PUBLIC_URL, RELANCE_META_APP_SECRET or "
            "RELANCE_META_VERIFY_TOKEN is not set"
        )
        return
    await MetaWebhooks(pool, gateways, settings.meta_webhook).run()
