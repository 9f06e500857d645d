"""WhatsApp watches every number of the account, when the settings want it to.

The verdict on a number is stored with its device. What led to it is kept in memory only: after a restart of the
sandbox a number that was not banned starts again from a score of 0.
"""

from collections.abc import Callable
from dataclasses import asdict

from sandbox.behaviour import Settings
from sandbox.clock import iso
from sandbox.store import Json
from sandbox.whatsapp.ban_rules import BanRules
from sandbox.whatsapp.bans import Conduct, Number, Send
from sandbox.whatsapp.devices import Device, Devices
from sandbox.whatsapp.inbound import Inbox
from sandbox.whatsapp.outbound import Message


class BanWatch:
    """Tells the rules what happened, and has a number banned when they say so."""

    def __init__(
        self, settings: Settings, inbox: Inbox, devices: Devices, ban: Callable[[Device], None]
    ) -> None:
        self._settings = settings
        self._inbox = inbox
        self._devices = devices
        self._ban = ban
        self._conducts: dict[str, Conduct] = {}

    def left(self, message: Message, device: Device, at: float, *, on_whatsapp: bool) -> None:
        """A message has left for a phone; groups and channels have members, who asked for it."""
        rules = self._settings.behaviour
        if not watched(device, rules) or message.phone is None:
            return
        heard_at = self._inbox.last_heard(device.id, message.phone)
        send = Send(
            at=at,
            body=message.body,
            invited=heard_at is not None and at - heard_at < rules.ban_invited_for_s,
            on_whatsapp=on_whatsapp,
        )
        reason = self._conduct(device).observe(send, number_of(device), rules)
        self._decide(device, at, reason)

    def reported(self, device: Device, at: float) -> None:
        """Somebody whom a message of the device reached has reported or blocked its number."""
        rules = self._settings.behaviour
        if watched(device, rules):
            self._decide(device, at, self._conduct(device).observe_report(at, rules))

    def pardon(self, device: Device) -> None:
        """Forgets all that is held against a number: WhatsApp has let it in again."""
        self._conducts.pop(device.id, None)
        self._devices.change(device, banned_at=None, ban_reason=None)

    def shown(self, device: Device, now: float) -> Json:
        """The recorded timeline, for assertions."""
        rules = self._settings.behaviour
        conduct = self._conducts.get(device.id, Conduct())
        scores = conduct.scores(now, rules)
        number = number_of(device)
        return {
            "device": device.id,
            "watching": rules.bans,
            "age_days": number.age_days(now),
            "day_of_life": number.day_of_life(now) + 1,
            "timezone": device.timezone,
            "sends": conduct.sends,
            "unsolicited": conduct.unsolicited,
            "score": sum(scores.values()),
            "score_by_rule": scores,
            "ban_score": rules.ban_score,
            "banned": device.banned_at is not None,
            "banned_at": iso(device.banned_at),
            "banned_at_unix": device.banned_at,
            "reason": device.ban_reason,
            "timeline": [
                {**asdict(increase), "at": iso(increase.at), "at_unix": increase.at}
                for increase in conduct.increases
            ],
        }

    def _conduct(self, device: Device) -> Conduct:
        return self._conducts.setdefault(device.id, Conduct())

    def _decide(self, device: Device, at: float, reason: str | None) -> None:
        if reason is not None:
            self._devices.change(device, banned_at=at, ban_reason=reason)
            self._ban(device)


def watched(device: Device, rules: BanRules) -> bool:
    """The timeline of a number ends with its ban."""
    return rules.bans and device.banned_at is None


def number_of(device: Device) -> Number:
    return Number(born_at=device.born_at, timezone=device.timezone)
