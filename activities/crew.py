"""Puts together what a worker does: its activities, and what runs beside them until it stops."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from redis.asyncio import Redis
from temporalio.client import Client

from activities.alerts import AlertActivities, Alerts
from activities.bell import SenderBell
from activities.campaigns import CampaignActivities
from activities.erasing import Eraser
from activities.heartbeats import HealthFile, Heartbeat
from activities.imports import ImportActivities
from activities.installation import InstallationGuard
from activities.intake import Intake, Relay
from activities.mirror import ProgressMirror
from activities.number_checks import NumberCheckActivities
from activities.pacing import PacingActivities
from activities.presence import Presence, Probe, temporal_probe, workers_probe
from activities.repairs import RepairActivities
from activities.restore import RestoreActivities
from activities.retention import Kept, Retention
from activities.scheduling import SchedulingActivities, StartKeeper
from activities.sending import SendingActivities, SendingRules
from activities.starter import BackgroundStarter
from activities.test_sends import SendTestActivities
from activities.upkeep import UpkeepActivities, UpkeepRules
from activities.upkeep_starts import UpkeepKeeper
from activities.watch import AlertWatch
from domain.identifiers import WEBHOOK_NAME
from providers.gateways import Gateways
from providers.wassenger import CONNECT_TIMEOUT_S
from settings import Settings
from storage import locks
from storage.database import Pool

Activity = Callable[..., Awaitable[Any]]
Work = Coroutine[Any, Any, None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Links:
    """What activities reach. Whoever opened it closes it."""

    pool: Pool
    client: Client
    gateway: Gateways
    redis: Redis | None


class Crew:
    """All that one worker does, over one set of links."""

    def __init__(self, settings: Settings, links: Links) -> None:
        self._settings = settings
        self._links = links
        self._bell = SenderBell(links.client)
        self._intake = Intake(links.pool, links.client, self._bell)
        self._rules = sending_rules(settings)
        lock = locks.Message2Lock(links.redis) if links.redis else None
        self.sending = SendingActivities(links.pool, links.gateway, lock, self._rules, self._bell)
        self.guard = InstallationGuard(links.pool, links.client, links.gateway)
        self._alerts = Alerts([url.get_secret_value() for url in settings.alert_urls])
        self._probes: dict[str, Probe] = {"temporal": temporal_probe(links.client)}
        if links.redis:
            self._probes["redis"] = links.redis.ping
        self._watch = AlertWatch(
            links.pool,
            self._alerts,
            settings.alert_thresholds,
            components=("api", "worker", *self._probes),
            language=settings.alert_language,
            webhook_url=settings.public_url or "",
        )

    @property
    def activities(self) -> list[Activity]:
        """Everything that is not paced; besides, what became of a message whose contact was stopped."""
        return [
            self.sending.send_message,
            *self._of_campaigns(),
            *self._of_senders(),
            *self._of_contacts(),
            *self._of_actions(),
            *self._of_upkeep(),
        ]

    def background(self, *, guarded: bool) -> list[Work]:
        """What runs until the worker stops."""
        pool, client, redis = self._links.pool, self._links.client, self._links.redis
        return [
            Relay(pool, self._intake).run(),
            BackgroundStarter(pool, client).run(),
            StartKeeper(pool, client).run(),
            self._watch.run(),
            UpkeepKeeper(client, every_s=self._settings.upkeep_every_s).run(),
            Eraser(pool, client).run(),
            Retention(pool, retention_of(self._settings)).run(),
            *([self.guard.run()] if guarded else []),
            *([ProgressMirror(pool, redis).run()] if redis else []),
        ]

    def signs_of_life(self) -> list[Work]:
        """What others see of this worker."""
        pool, settings = self._links.pool, self._settings
        workers = workers_probe(pool, self._links.client)
        return [
            Heartbeat(pool, settings.worker_roles, settings.worker_build_id).run(),
            Presence(pool, {"worker": workers, **self._probes}).run(),
            *([HealthFile(settings.health_path).run()] if settings.health_path else []),
        ]

    def _of_campaigns(self) -> list[Activity]:
        campaigns = CampaignActivities(self._links.pool, self._settings.run_settings)
        return [
            campaigns.open_campaign,
            campaigns.load_batch,
            campaigns.await_messages_sent,
            campaigns.settle_contact,
            campaigns.stop_contacts,
            campaigns.fail_contact,
            campaigns.close_campaign,
        ]

    def _of_senders(self) -> list[Activity]:
        pool, client, gateway = self._links.pool, self._links.client, self._links.gateway
        pacing = PacingActivities(pool, client, gateway, self._settings.run_settings)
        alerts = AlertActivities(self._alerts, self._watch.look)
        return [pacing.set_pace, pacing.wake_messages, pacing.withdraw_messages, alerts.send_alert]

    def _of_contacts(self) -> list[Activity]:
        pool, gateway = self._links.pool, self._links.gateway
        checks = NumberCheckActivities(pool, gateway, self._settings.number_checks_per_minute)
        return [ImportActivities(pool).import_contacts, checks.check_numbers]

    def _of_actions(self) -> list[Activity]:
        pool, settings = self._links.pool, self._settings
        starts = SchedulingActivities(
            pool, settings.run_settings, self._bell, latest_start_s=settings.latest_start_s
        )
        tests = SendTestActivities(pool, self._links.gateway, self._rules, self._bell)
        return [starts.decide_start, tests.send_test_message, tests.give_up_test_message]

    def _of_upkeep(self) -> list[Activity]:
        pool, client, gateway = self._links.pool, self._links.client, self._links.gateway
        upkeep = UpkeepActivities(pool, gateway, self._intake, self.sending, upkeep_rules(self._settings))
        repairs = RepairActivities(pool, client, patience_s=self._settings.upkeep_patience_s)
        restore = RestoreActivities(pool, client, gateway, self._bell)
        return [
            upkeep.begin_upkeep,
            upkeep.check_webhook,
            upkeep.resolve_stuck,
            upkeep.read_history,
            repairs.restart_workflows,
            repairs.tell_replies,
            repairs.settle_windows,
            repairs.recount,
            upkeep.finish_upkeep,
            restore.adopt_sent,
            restore.end_old_workflows,
            restore.release_hold,
        ]


def sending_rules(settings: Settings) -> SendingRules:
    """How often, and with which patience, a message is tried."""
    return SendingRules(
        attempts=settings.send_attempts,
        retry_base_s=settings.retry_base_s,
        lookup_wait_s=settings.lookup_wait_s,
        status_patience_s=settings.meta_status_patience_s,
        post_limit_s=CONNECT_TIMEOUT_S + settings.gateway_timeout_s,
    )


def upkeep_rules(settings: Settings) -> UpkeepRules:
    """How upkeep goes about it here."""
    return UpkeepRules(
        patience_s=settings.upkeep_patience_s,
        webhook_url=settings.webhook_url,
        webhook_name=WEBHOOK_NAME,
        meta_webhook=settings.meta_webhook,
    )


def retention_of(settings: Settings) -> Kept:
    """For how long raw data is kept."""
    return Kept(
        webhooks=timedelta(days=settings.webhook_retention_days),
        import_rejections=timedelta(days=settings.import_rejection_retention_days),
        test_sends=timedelta(days=settings.test_send_retention_days),
    )
