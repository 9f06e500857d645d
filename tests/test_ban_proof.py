"""Our own rules of pacing against the sandbox's model of bans: a new number reaches a thousand people."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import inf
from random import Random
from typing import Literal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from domain.pacing.maturity import History
from domain.pacing.simulation import SimulatedSender
from domain.run_settings import RunSettings
from sandbox.whatsapp.ban_rules import BanRules
from sandbox.whatsapp.bans import Conduct, Number, Send
from tests.domain.pacing.accounts import ESTABLISHED, MATURE, NEW, paris, seeded
from tests.sandbox.harness import DEVICE, Json, Process, Sandbox
from tests.sandbox.rhythms import DAY_S, beat

RULES = BanRules(bans=True)
CONTACTS = 1000
REPLY_RATE = 0.25
REPLIES_AFTER_S = 3600.0
CAMPAIGN = "campaign"
YOUNG_DEVICE = "5a0db0c5e1a2b3c4d5e6f7aa"
MONDAY = paris("2035-01-08T09:00")  # the sandbox's clock only goes forward: late enough for years to come
HARMLESS = {"identical"}  # every campaign repeats itself, which never bans alone

Kind = Literal["message_1", "reply", "silence", "message_2"]
SEEDS = st.integers(min_value=0, max_value=2**32)
OLDER_ACCOUNTS = st.sampled_from([(ESTABLISHED, 30.0), (MATURE, 400.0)])  # and their age in days


@dataclass(frozen=True, order=True)
class Event:
    """Something that passes between a sender and one of its contacts."""

    at: float
    contact: int
    kind: Kind


@dataclass
class Account:
    """A sender that keeps to our rules, on a simulated clock, and people who sometimes answer."""

    history: History
    seed: int
    settings: RunSettings = field(default_factory=RunSettings)

    def events(self, contacts: int, at: float) -> Iterator[Event]:
        """Everything that happens from `at` on, in the order of time, until all have been written to."""
        random = seeded(self.seed)
        sender = SimulatedSender(at=at, settings=self.settings, history=self.history)
        fates: list[Event] = []  # a heap: who will answer and who will not
        due: list[int] = []
        written = 0
        while written < contacts or fates or due:
            message_1_at = sender.message_1_at(at) if written < contacts else inf
            message_2_at = sender.message_2_at(at) if due else inf
            if fates and fates[0].at <= min(message_1_at, message_2_at):
                event = heappop(fates)
                if event.kind == "reply":
                    sender.reply(CAMPAIGN)
                    due.append(event.contact)
                else:
                    sender.fall_silent(CAMPAIGN)
            elif message_2_at <= message_1_at:
                event = Event(message_2_at, due.pop(0), "message_2")
                sender.send_message_2(event.at)
            else:
                event = Event(message_1_at, written, "message_1")
                sender.send_message_1(event.at, random.random, CAMPAIGN)
                written += 1
                heappush(fates, fate_of(event, random))
            at = event.at
            yield event


def fate_of(message_1: Event, random: Random) -> Event:
    """One contact in four answers within the hour or so; the window of the others ends in silence."""
    replies_after_s = random.expovariate(1 / REPLIES_AFTER_S)
    if random.random() < REPLY_RATE and replies_after_s < DAY_S:
        return Event(message_1.at + replies_after_s, message_1.contact, "reply")
    return Event(message_1.at + DAY_S, message_1.contact, "silence")


def judged(
    events: Iterator[Event], number: Number, unknown_every: int | None = None
) -> tuple[Conduct, list[str]]:
    """What WhatsApp makes of it, by the rules alone; the reasons for a ban, of which there should be none."""
    conduct, heard, reasons = Conduct(), dict[int, float](), []
    for event in events:
        if event.kind == "reply":
            heard[event.contact] = event.at
        if event.kind in {"reply", "silence"}:
            continue
        send = Send(
            at=event.at,
            body="Hello" if event.kind == "message_1" else "Thank you",
            invited=event.at - heard.get(event.contact, -inf) < RULES.ban_invited_for_s,
            on_whatsapp=unknown_every is None or event.kind == "message_2" or event.contact % unknown_every > 0,
        )
        reason = conduct.observe(send, number, RULES)
        if reason:
            reasons.append(reason)
    return conduct, reasons


def born(age_days: float) -> Number:
    return Number(born_at=MONDAY - age_days * DAY_S, timezone="Europe/Paris")


def days_taken(events: list[Event]) -> int:
    return int((events[-1].at - MONDAY) // DAY_S) + 1


# By the rules alone, over chance


def property_of_chance(examples: int) -> settings:
    """Each example is thousands of messages, so a failing one is not made smaller."""
    return settings(
        max_examples=examples,
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )


@property_of_chance(20)
@given(seed=SEEDS, hour=st.floats(0, 24), careful_delay_s=st.floats(15.25, 30))
def test_a_new_account_reaches_a_thousand_people_without_a_ban(
    seed: int, hour: float, careful_delay_s: float
) -> None:
    """P1, P3: breaks, nights, gaps of the careful profile, at any hour of its first day."""
    starts = MONDAY - 9 * 3600 + hour * 3600
    account = Account(NEW, seed, RunSettings(careful_delay_s=careful_delay_s))
    conduct, bans = judged(account.events(CONTACTS, starts), Number(starts, "Europe/Paris"))
    assert bans == []
    assert conduct.unsolicited == CONTACTS
    assert {step.rule for step in conduct.increases} <= HARMLESS


@property_of_chance(15)
@given(seed=SEEDS, account=OLDER_ACCOUNTS, hour=st.floats(0, 24))
def test_older_accounts_keep_their_pace_without_a_ban(
    seed: int, account: tuple[History, float], hour: float
) -> None:
    """P1, P3: the standard profile as it is set, at 5 s and at 3 s, over three quotas; a bad list besides."""
    history, age_days = account
    events = Account(history, seed).events(3 * CONTACTS, MONDAY + hour * 3600)
    conduct, bans = judged(events, born(age_days), unknown_every=12)
    assert bans == []
    assert max((step.score for step in conduct.increases), default=0) < RULES.ban_score / 2


@property_of_chance(15)
@given(seed=SEEDS, account=OLDER_ACCOUNTS, delay_s=st.floats(2.6, 10), jitter=st.floats(0.25, 0.9))
def test_another_delay_and_jitter_that_a_person_sets_do_no_harm(
    seed: int, account: tuple[History, float], delay_s: float, jitter: float
) -> None:
    """P3: from 2.6 s and a jitter of a quarter on; less than that is too fast or too even in this model."""
    history, age_days = account
    chosen = RunSettings(delay_s=delay_s, mature_delay_s=delay_s, jitter=jitter)
    conduct, bans = judged(Account(history, seed, chosen).events(CONTACTS, MONDAY), born(age_days))
    assert bans == []
    assert max((step.score for step in conduct.increases), default=0) < RULES.ban_score / 2


@pytest.mark.parametrize("seed", range(3))
def test_an_account_that_grows_up_while_it_sends_is_never_banned(seed: int) -> None:
    """P1, P3: from its first day through the warm-up and into the standard profile, every day its quota."""
    events = list(Account(NEW, seed).events(12_000, MONDAY))
    _, bans = judged(iter(events), born(0))
    assert bans == []
    assert days_taken(events) > 14


@property_of_chance(10)
@given(seed=SEEDS)
def test_the_pace_of_an_old_account_bans_a_new_one(seed: int) -> None:
    """P3: which is why the profile goes by the account's own history."""
    events = Account(MATURE, seed).events(CONTACTS, MONDAY)
    assert judged(events, born(0))[1]


# Over real HTTP, on the sandbox's own clock


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    """A sandbox of its own: the clock of the one that others use must not run ahead."""
    running = Process("--seed", "11")
    yield running
    running.kill()


@pytest.fixture
async def whatsapp(process: Process) -> AsyncIterator[Sandbox]:
    """It watches for bans, and it is Monday morning."""
    sandbox = Sandbox(process.url)
    await sandbox.post("/control/reset")
    await sandbox.post("/control/settings", bans=True)
    await Phone(sandbox).until(MONDAY)
    yield sandbox
    await sandbox.http.aclose()


@dataclass
class Phone:
    """A device whose clock the test turns."""

    sandbox: Sandbox
    device: str = DEVICE
    now: float = 0.0

    async def until(self, at: float) -> None:
        """Turns the clock to that moment."""
        if not self.now:
            self.now = (await self.sandbox.get("/control/clock"))["now_unix"]
        self.now = (await self.sandbox.post("/control/clock", advance_s=max(0.0, at - self.now)))["now_unix"]

    async def act(self, event: Event) -> int:
        """Lets it happen; gives the status of the answer."""
        await self.until(event.at)
        if event.kind == "silence":
            return 202
        phone = f"+336399{event.contact:05d}"
        if event.kind == "reply":
            await self.sandbox.inbound(device=self.device, phone=phone)
            return 202
        message = "Hello" if event.kind == "message_1" else "Thank you"
        body = {"phone": phone, "device": self.device, "message": message}
        return (await self.sandbox.http.post("/v1/messages", json=body)).status_code

    async def verdict(self) -> Json:
        """What WhatsApp holds against this number, once everything has left."""
        await self.until(self.now + 60)
        shown: Json = await self.sandbox.get(f"/control/devices/{self.device}/bans")
        return shown


async def young_phone(sandbox: Sandbox) -> Phone:
    """A number that comes to life now."""
    new: Json = {"id": YOUNG_DEVICE, "phone": "+33199000002", "age_days": 0, "timezone": "Europe/Paris"}
    await sandbox.post("/control/devices", **new)
    return Phone(sandbox, YOUNG_DEVICE)


async def test_a_new_number_sends_to_a_thousand_people_and_is_not_banned(whatsapp: Sandbox) -> None:
    """P1, P3: the careful profile, day by day: 20, 50, 200, 500 and the rest."""
    phone = await young_phone(whatsapp)
    events = list(Account(NEW, 5).events(CONTACTS, MONDAY + 60))
    for event in events:
        assert await phone.act(event) in {201, 202}, f"{event}: {await phone.verdict()}"

    shown = await phone.verdict()
    messages_2 = sum(event.kind == "message_2" for event in events)
    assert (shown["banned"], shown["unsolicited"], shown["sends"]) == (False, CONTACTS, CONTACTS + messages_2)
    assert {step["rule"] for step in shown["timeline"]} <= HARMLESS
    assert messages_2 > CONTACTS / 5
    assert days_taken(events) in {5, 6, 7}


@pytest.mark.parametrize(("age_days", "at_most"), [(0, 30), (365, 100)])
async def test_a_fixed_beat_is_banned_before_it_has_reached_a_tenth_of_them(
    whatsapp: Sandbox, age_days: float, at_most: int
) -> None:
    """P3: five seconds exactly, what got the predecessor's number banned; however old the number is."""
    phone = await young_phone(whatsapp)
    await whatsapp.patch(f"/control/devices/{YOUNG_DEVICE}", age_days=age_days)
    for nth, at in enumerate(beat(5, CONTACTS, MONDAY + 60)):
        if await phone.act(Event(at, nth, "message_1")) == 403:
            break

    shown = await phone.verdict()
    assert shown["banned"]
    assert shown["sends"] <= nth < at_most
