"""Campaigns as they really go, with jitter and replies by chance: what a forecast is measured against.

Written on its own, not on the forecast: each lane tries, is told when to come back, and tries again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from math import inf
from random import Random

from domain.pacing.forecast import CampaignOutlook, SenderOutlook
from domain.pacing.simulation import SimulatedSender

STALE_S = 60.0
"""A lane that waits looks again after so many seconds: windows that end in the meantime may free its place."""


@dataclass
class Lane:
    """One campaign on one sender."""

    campaign: CampaignOutlook
    sender_id: str
    pending: int
    in_batch: int = 0
    resumes_at: float = 0.0


@dataclass
class Outcome:
    """What happened to a campaign; moments are unix seconds."""

    done_at: float = 0.0
    closed_at: float = 0.0
    sent: int = 0
    by_sender: dict[str, int] = field(default_factory=dict)


class CampaignWorld:
    """Runs campaigns to their end."""

    def __init__(
        self,
        now: float,
        senders: Sequence[SenderOutlook],
        campaigns: Sequence[CampaignOutlook],
        reply_rate: float,
        random: Random,
    ) -> None:
        self._random = random
        self._reply_rate = reply_rate
        self._numbers = count()
        self._events: list[tuple[float, int, str, str, str]] = []  # at, number, what, sender, campaign
        self.outcomes = {each.id: Outcome() for each in campaigns}
        self._unassigned = {each.id: each.unassigned for each in campaigns}
        self._senders = {
            each.id: SimulatedSender(
                at=now,
                settings=each.settings,
                history=each.history,
                maturity=each.maturity,
                fixed=each.fixed,
                error_factor=each.error_factor,
                sent=each.sent,
                rhythm=each.rhythm,
            )
            for each in senders
        }
        self._lanes: dict[str, list[Lane]] = {
            each.id: [
                Lane(campaign, each.id, campaign.pending.get(each.id, 0))
                for campaign in campaigns
                if each.id in campaign.pending or each.id in campaign.sender_ids
            ]
            for each in senders
        }
        for each in senders:
            self._at(now, "message 1", each.id)

    def run(self) -> dict[str, Outcome]:
        """The outcome of each campaign by its id."""
        while self._events:
            at, _, what, sender_id, campaign_id = heappop(self._events)
            sender = self._senders[sender_id]
            if what == "message 1":
                self._try_message_1(at, sender_id)
            elif what == "reply":
                sender.reply(campaign_id)
                self._at(at, "message 2", sender_id, campaign_id)
            elif what == "message 2":
                self._try_message_2(at, sender_id, campaign_id)
            else:
                sender.fall_silent(campaign_id)
                self.outcomes[campaign_id].closed_at = at
        return self.outcomes

    def _try_message_1(self, at: float, sender_id: str) -> None:
        lanes = [each for each in self._lanes[sender_id] if each.pending or self._may_take(each)]
        if not lanes:
            return
        may_at = max(self._senders[sender_id].message_1_at(at), min(each.resumes_at for each in lanes))
        if may_at > at:
            self._at(min(may_at, at + STALE_S), "message 1", sender_id)
            return
        lane = next(each for each in lanes if each.resumes_at <= at)
        self._lanes[sender_id].remove(lane)  # the one that has sent goes to the end of the queue
        self._lanes[sender_id].append(lane)
        self._send(at, lane)
        self._at(at, "message 1", sender_id)

    def _may_take(self, lane: Lane) -> bool:
        return lane.sender_id in lane.campaign.sender_ids and self._unassigned[lane.campaign.id] > 0

    def _send(self, at: float, lane: Lane) -> None:
        campaign, outcome = lane.campaign, self.outcomes[lane.campaign.id]
        self._senders[lane.sender_id].send_message_1(at, self._random.random, campaign.id)
        if lane.pending:
            lane.pending -= 1
        else:
            self._unassigned[campaign.id] -= 1
        lane.in_batch += 1
        if lane.in_batch == campaign.batch_size:
            lane.in_batch, lane.resumes_at = 0, at + campaign.batch_pause_s
        outcome.sent += 1
        outcome.done_at = at
        outcome.by_sender[lane.sender_id] = outcome.by_sender.get(lane.sender_id, 0) + 1
        # Most people answer soon, some much later.
        delay = self._random.expovariate(1 / 5400)
        if self._random.random() < self._reply_rate and delay < campaign.window_s:
            self._at(at + delay, "reply", lane.sender_id, campaign.id)
        else:
            self._at(at + campaign.window_s + campaign.grace_s, "window", lane.sender_id, campaign.id)

    def _try_message_2(self, at: float, sender_id: str, campaign_id: str) -> None:
        may_at = self._senders[sender_id].message_2_at(at)
        if may_at == at:
            self._senders[sender_id].send_message_2(at)
            self.outcomes[campaign_id].closed_at = at
        elif may_at < inf:
            self._at(may_at, "message 2", sender_id, campaign_id)

    def _at(self, at: float, what: str, sender_id: str, campaign_id: str = "") -> None:
        heappush(self._events, (at, next(self._numbers), what, sender_id, campaign_id))
