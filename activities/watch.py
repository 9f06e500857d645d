"""Watches Relance itself, in every API and worker process, and tells people what needs them.

Each kind of process watches the other: whoever is left says who is gone. One of them looks at a time, and a
notice is delivered by one of them alone; PostgreSQL keeps both.
"""

import asyncio
from collections.abc import Collection
from time import monotonic

import structlog

from activities.alerts import Alerts
from activities.loops import goes_on
from domain.alerts import Kind, Language, Stage, Thresholds, words_for
from storage import alerts as stored
from storage import watching
from storage.alerts import Notice
from storage.database import Pool

log = structlog.get_logger(__name__)

TICK_S = 2.0
LOOK_EVERY_S = 10.0
# After an outage of the database nobody has been seen for long; whoever lives has signed in again by then.
PATIENCE_S = 30.0
_DATABASE = {
    "en": ("PostgreSQL: down", "It does not answer: {error}. Nothing works."),
    "fr": ("PostgreSQL : hors service", "Il ne répond pas : {error}. Rien ne fonctionne."),
}
_DATABASE_OVER = {
    "en": ("Over: PostgreSQL: down", "It answers again."),
    "fr": ("Terminé : PostgreSQL : hors service", "Il répond à nouveau."),
}


class AlertWatch:
    """Looks, notes what it finds, and delivers what people have to be told.

    `components` are those that have to be up. With `speaks_for_database` this process says, without the
    database, that there is none: each process that may do so says it by itself.
    """

    def __init__(
        self,
        pool: Pool,
        alerts: Alerts,
        thresholds: Thresholds,
        *,
        components: Collection[str],
        language: Language = "en",
        webhook_url: str = "",
        speaks_for_database: bool = False,
    ) -> None:
        self._pool = pool
        self._alerts = alerts
        self._thresholds = thresholds
        self._components = components
        self._language = language
        self._webhook_url = webhook_url
        self._speaks_for_database = speaks_for_database
        self._patience_s = min(PATIENCE_S, thresholds.down_s)
        self._well_since: float | None = None
        self._ill_since: float | None = None
        self._said_ill_at: float | None = None

    async def run(self) -> None:
        """Until cancelled. Trouble is logged, never raised."""
        while goes_on():
            try:
                if await stored.take_look(self._pool, LOOK_EVERY_S):
                    await self.look()
                await self._note_well()
                await self.post_due()
            except Exception as error:
                await self._note_ill(error)
            await asyncio.sleep(TICK_S)

    async def look(self) -> None:
        """Finds out what is wrong now, and what no longer is."""
        well_s = 0.0 if self._well_since is None else monotonic() - self._well_since
        sure = well_s >= self._patience_s
        found = await watching.find_troubles(
            self._pool,
            self._components if sure else (),
            self._thresholds,
            webhook_url=self._webhook_url,
        )
        watched = [kind for kind in Kind if sure or kind is not Kind.COMPONENT_DOWN]
        await stored.note_findings(self._pool, found, watched, self._thresholds)

    async def post_due(self) -> int:
        """Delivers the notices that are due; returns how many were tried."""
        tried = 0
        # Whoever has no destination leaves them to those who have.
        while self._alerts.destinations and (notice := await stored.claim_notice(self._pool)):
            tried += 1
            await self._post(notice)
        return tried

    async def _post(self, notice: Notice) -> None:
        title, body = words_for(
            notice.kind,
            notice.subject,
            notice.facts,
            stage=Stage(notice.stage),
            lasted_s=notice.lasted_s,
            language=self._language,
        )
        keys = self._alerts.keys
        before = [position for position, key in enumerate(keys) if key in notice.reached]
        reached = await self._alerts.deliver(title=title, body=body, reached=before)
        for position in set(reached) - set(before):
            await stored.note_reached(self._pool, notice.id, keys[position])
        if len(reached) == len(keys):
            await stored.finish_notice(self._pool, notice.id)
            log.info("alert delivered", kind=notice.kind, subject=notice.subject, stage=notice.stage)
        else:
            await stored.postpone_notice(self._pool, notice)

    async def _note_well(self) -> None:
        self._ill_since = None
        if self._well_since is None:
            self._well_since = monotonic()
        if self._said_ill_at is not None:
            title, body = _DATABASE_OVER[self._language]
            await self._alerts.send(title=title, body=body)
            self._said_ill_at = None

    async def _note_ill(self, error: Exception) -> None:
        now = monotonic()
        self._well_since = None
        if self._ill_since is None:
            self._ill_since = now
            log.warning("the watch cannot reach the database, trying again", error=repr(error))
        said_lately = self._said_ill_at is not None and now - self._said_ill_at < self._thresholds.reminder_s
        if not self._speaks_for_database or said_lately or now - self._ill_since < self._thresholds.down_s:
            return
        title, body = _DATABASE[self._language]
        if await self._alerts.send(title=title, body=body.format(error=type(error).__name__)):
            self._said_ill_at = now
