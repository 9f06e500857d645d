"""What will happen in a run, decided by its seed alone: the same seed is the same schedule."""

import random
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import pairwise
from json import dumps
from typing import Any

Json = dict[str, Any]

WINDOW_S = 20.0
GRACE_S = 6.0
RATE_PER_S = 4.0  # Messages 1 of one device
DEVICES = 4
WORKERS = ("worker", "worker-2")
SHARED = ("api", "engine", "database", "cache", "provider")
ROLES = (*WORKERS, *SHARED)
BLOW_EVERY_S = 2.5
EVERYTHING = "everything"  # but the provider, which is elsewhere: a power cut
LONGEST_FREEZE_S = 8.0
CALM_S = 2.0  # before the first blow
LONG_S = 900.0  # no campaign of a run takes that long
CLOCK_STEPS_S = (0.8, 1.5)  # by which the provider's clock suddenly runs ahead
# One more account, which may send less than its campaign needs: the rest expires.
TIGHT_QUOTA, TIGHT_CONTACTS, TIGHT_RATE_PER_S = 10, 20, 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Blow:
    """Something is done to a process. A killed one comes back by itself, a frozen one after `for_s`."""

    at_s: float
    role: str
    how: str  # kill, freeze or restart
    for_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What the provider does wrong, in the words of the sandbox."""

    at_s: float
    order: Json


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """What a person asks of the system. `subject` is a campaign's or a device's name, or a phone."""

    at_s: float
    what: str  # start, pause, resume, pause_sender, resume_sender, opt_out
    subject: str
    scope: str = "message_1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """An account that sends."""

    id: str
    phone: str
    rate_per_s: float
    quota: int = 1000  # in 24 hours


@dataclass(frozen=True, kw_only=True, slots=True)
class Mailing:
    """One campaign, and what each of its people will do."""

    name: str
    devices: tuple[str, ...]
    people: tuple[Json, ...]  # as the sandbox wants them
    max_age_s: float = LONG_S

    @property
    def phones(self) -> list[str]:
        """Everybody in it."""
        return [str(person["phone"]) for person in self.people]

    @property
    def unreachable(self) -> list[str]:
        """Those who are not on WhatsApp."""
        return [str(person["phone"]) for person in self.people if not person.get("on_whatsapp", True)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """A whole run. Times in seconds after its start."""

    seed: int
    workers: int
    lasts_s: float  # then everything is healed
    devices: tuple[Device, ...]
    mailings: tuple[Mailing, ...]
    blows: tuple[Blow, ...]
    faults: tuple[Fault, ...]
    clock_steps: tuple[tuple[float, float], ...]  # when, and by how much; forward only
    deeds: tuple[Deed, ...]

    def digest(self) -> str:
        """The same for the same schedule."""
        return sha256(dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


def _script(*steps: tuple[float, str, str | None]) -> Json:
    return {"script": [{"after_s": at, "kind": kind, "body": body} for at, kind, body in steps]}


def _person(draw: random.Random) -> Json:
    """What somebody does after Message 1, as people do: most say nothing."""
    soon = round(draw.uniform(0.5, 6), 2)
    later = round(draw.uniform(6, WINDOW_S - 5), 2)
    kinds: list[tuple[int, Json]] = [
        (24, {"script": []}),
        (6, {"script": [], "reads": False}),
        (16, _script((soon, "text", "Oui, volontiers"))),
        (6, _script((later, "text", "Avec plaisir"))),
        (6, _script((soon, "voice", None))),
        (8, _script((soon, "reaction", "❤️"))),
        (4, _script((later, "image", None))),
        (6, _script((soon, "text", "Oui"), (soon + 0.2, "text", "Oui oui"), (later, "text", "Alors ?"))),
        (5, _script((WINDOW_S - 3, "text", "Juste à temps"))),
        (6, _script((WINDOW_S + 3, "text", "Trop tard"))),
        (5, _script((soon, "text", "STOP"))),
        (3, _script((soon, "text", "Stop svp"), (later, "text", "Et alors ?"))),
        (3, _script((soon, "text", "Oui"), (later, "text", "STOP"))),
        (2, _script((soon, "group", None))),
        (2, {"script": [], "on_whatsapp": False}),
    ]
    weights = [weight for weight, _ in kinds]
    return dict(draw.choices([behaviour for _, behaviour in kinds], weights)[0])


def _tight_age(contacts: int, lasts_s: float) -> float:
    """Long enough for its start to be allowed: what it has not quota for shows only afterwards."""
    return max(lasts_s + WINDOW_S, 1.5 * (contacts / TIGHT_RATE_PER_S + WINDOW_S + GRACE_S))


def _mailings(
    draw: random.Random, contacts: int, devices: tuple[Device, ...], lasts_s: float
) -> tuple[Mailing, ...]:
    """One campaign on two devices, one beside it on one of them, one on two others; and the tight one."""
    tight = min(TIGHT_CONTACTS, contacts // 5)
    usual = contacts - tight
    edges = [0, usual * 5 // 10, usual * 7 // 10, usual, contacts]
    ids = [device.id for device in devices]
    lanes = ((ids[0], ids[1]), (ids[1],), (ids[2], ids[3]), (ids[4],))
    mailings = []
    for name, senders, (first, end) in zip("abcd", lanes, pairwise(edges), strict=True):
        people = tuple({"phone": f"+3363998{number:04d}", **_person(draw)} for number in range(first, end))
        max_age_s = _tight_age(tight, lasts_s) if senders == lanes[-1] else LONG_S
        mailings.append(Mailing(name=name, devices=senders, people=people, max_age_s=max_age_s))
    return tuple(mailings)


def _blows(draw: random.Random, lasts_s: float, workers: int) -> tuple[Blow, ...]:
    """Each process is killed, frozen and restarted at least once if there is time, in no order."""
    roles = (*WORKERS[:workers], *SHARED)
    wanted = [(role, how) for role in roles for how in ("kill", "freeze", "restart")]
    draw.shuffle(wanted)
    wanted += [(draw.choice(roles), draw.choice(("kill", "kill", "freeze"))) for _ in wanted]
    # One that can only be right in the long run: the worker dies again and again.
    wanted = [("worker", "kill"), *wanted][: max(3, int(lasts_s / BLOW_EVERY_S))]
    blows = []
    for role, how in wanted:
        at_s = round(draw.uniform(CALM_S, lasts_s), 2)
        for_s = round(draw.uniform(0.5, LONGEST_FREEZE_S), 2) if how == "freeze" else 0.0
        blows.append(Blow(at_s=at_s, role=role, how=how, for_s=for_s))
    blows.append(Blow(at_s=round(draw.uniform(lasts_s / 4, lasts_s * 0.9), 2), role=EVERYTHING, how="kill"))
    return tuple(sorted(blows, key=lambda blow: blow.at_s))


PROVIDER_FAULTS: tuple[Json, ...] = (
    {"target": "messages.post", "kind": "accept_then_drop", "count": 4},
    {"target": "messages.post", "kind": "accept_then_timeout", "count": 2},
    {"target": "messages.post", "kind": "accept_then_502", "count": 3},
    {"target": "messages.post", "kind": "drop", "count": 2},
    {"target": "messages.post", "kind": "reset", "count": 2},
    {"target": "messages.post", "kind": "timeout", "count": 2},
    {"target": "messages.post", "kind": "html_502", "count": 2},
    {"target": "messages.post", "kind": "html_504", "count": 1},
    {"target": "messages.post", "kind": "status", "http_status": 429, "retry_after_s": 2},
    {"target": "messages.post", "kind": "status", "http_status": 429},
    {"target": "messages.post", "kind": "status", "http_status": 500},
    {"target": "messages.post", "kind": "status", "http_status": 402},
    {"target": "messages.get", "kind": "html_502", "count": 2},
    {"target": "messages.get", "kind": "timeout", "count": 1},
    {"target": "messages.get", "kind": "status", "http_status": 429, "retry_after_s": 1},
)
WEBHOOK_FAULTS: tuple[Json, ...] = (
    {"target": "webhook", "kind": "duplicate", "count": 8},
    {"target": "webhook", "kind": "burst", "count": 2, "copies": 6},
    {"target": "webhook", "kind": "delay", "count": 6, "delay_s": 3},
    {"target": "webhook", "kind": "reorder", "count": 6},
    {"target": "webhook", "kind": "drop", "count": 3},
    {"target": "webhook", "kind": "truncate", "count": 1},
    {"target": "webhook", "kind": "malformed", "count": 1},
    {"target": "webhook", "kind": "wrong_device", "count": 1},
    {"target": "webhook", "kind": "wrong_secret", "count": 2},
)


def _faults(draw: random.Random, lasts_s: float) -> tuple[Fault, ...]:
    """Every kind at least once, in a long run more often."""
    rounds = max(1, round(lasts_s / 40))
    orders = [order for order in (*PROVIDER_FAULTS, *WEBHOOK_FAULTS) for _ in range(rounds)]
    faults = [Fault(at_s=round(draw.uniform(0.5, lasts_s * 0.9), 2), order=order) for order in orders]
    return tuple(sorted(faults, key=lambda fault: fault.at_s))


def _deeds(draw: random.Random, lasts_s: float, mailings: tuple[Mailing, ...]) -> tuple[Deed, ...]:
    """Starts, pauses that end, and opt-outs."""
    mailings, tight = mailings[:-1], mailings[-1]
    deeds = [
        Deed(at_s=round(draw.uniform(0, lasts_s / 4), 2), what="start", subject=mailing.name)
        for mailing in mailings
        if mailing is not mailings[0]
    ]
    # Somebody looks after accounts that an error has stopped.
    for mailing in (*mailings, tight):
        for part in (3, 6, 9):
            deeds += [
                Deed(at_s=round(part * lasts_s / 10, 2), what="resume_sender", subject=device)
                for device in mailing.devices
            ]
    for scope, subject, verb in (
        ("message_1", draw.choice(mailings).name, ""),
        ("all", draw.choice(mailings).name, ""),
        (draw.choice(("message_1", "all")), draw.choice(draw.choice(mailings).devices), "_sender"),
    ):
        at_s = round(draw.uniform(lasts_s / 4, lasts_s * 0.8), 2)
        until_s = round(at_s + draw.uniform(2, 8), 2)
        deeds.append(Deed(at_s=at_s, what=f"pause{verb}", subject=subject, scope=scope))
        deeds.append(Deed(at_s=until_s, what=f"resume{verb}", subject=subject))
    everybody = [phone for mailing in mailings for phone in mailing.phones]
    for phone in draw.sample(everybody, max(2, len(everybody) // 25)):
        deeds.append(Deed(at_s=round(draw.uniform(1, lasts_s), 2), what="opt_out", subject=phone))
    return tuple(sorted(deeds, key=lambda deed: deed.at_s))


def schedule(seed: int, contacts: int) -> Schedule:
    """The run of a seed."""
    draw = random.Random(seed)  # noqa: S311 - repeatable by seed, protects nothing
    devices = tuple(
        Device(id=f"5a0db0c5e1a2b3c4d5e6f7{n:02d}", phone=f"+3319900{n:04d}", rate_per_s=RATE_PER_S)
        for n in range(1, DEVICES + 1)
    )
    tight = Device(
        id="5a0db0c5e1a2b3c4d5e6f799", phone="+33199000099", rate_per_s=TIGHT_RATE_PER_S, quota=TIGHT_QUOTA
    )
    devices = (*devices, tight)
    workers = 1 + seed % 2
    lasts_s = round(WINDOW_S + 1.5 * contacts / (DEVICES * RATE_PER_S), 2)
    mailings = _mailings(draw, contacts, devices, lasts_s)
    return Schedule(
        seed=seed,
        workers=workers,
        lasts_s=lasts_s,
        devices=devices,
        mailings=mailings,
        blows=_blows(draw, lasts_s, workers),
        faults=_faults(draw, lasts_s),
        clock_steps=tuple(
            sorted((round(draw.uniform(CALM_S, lasts_s), 2), step_s) for step_s in CLOCK_STEPS_S)
        ),
        deeds=_deeds(draw, lasts_s, mailings),
    )
