"""The people behind the phones: who is on WhatsApp, who reads, and who answers what, and when."""

import random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sandbox.store import Json, Store

InboundKind = Literal[
    "text",
    "emoji",
    "voice",
    "audio",
    "image",
    "video",
    "document",
    "sticker",
    "location",
    "contacts",
    "poll",
    "poll_vote",
    "buttons_response",
    "list_response",
    "reaction",
    "reaction_removed",
    "group",
    "notification",
    "edit",
    "own_phone",
]


class Step(BaseModel):
    """One thing that a person does some time after a message reached the phone."""

    model_config = ConfigDict(extra="forbid")

    after_s: float = Field(0.0, ge=0)
    kind: InboundKind = "text"
    body: str | None = None
    quote: bool = False


class Habits(BaseModel):
    """How somebody behaves; `reads: null` leaves it to the read probability."""

    model_config = ConfigDict(extra="forbid")

    on_whatsapp: bool = True
    reads: bool | None = None
    reports: bool = False  # every message that arrives: blocks or reports the number
    script: list[Step] = []
    script_2: list[Step] = []

    def script_for(self, nth: int) -> list[Step]:
        """What follows the nth message that reaches the phone from one device."""
        return {1: self.script, 2: self.script_2}.get(nth, [])


class Person(Habits):
    """Somebody with a phone."""

    phone: str = Field(pattern=r"^\+[1-9]\d{6,14}$")


class People:
    """Everybody that a test described, and the habits of everybody else."""

    def __init__(self, store: Store, seed: int) -> None:
        self._store = store
        self._seed = seed
        self._by_phone: dict[str, Habits] = {}
        self._default = Habits()

    def put(self, people: list[Person], default: Habits | None) -> None:
        """Describes people; whoever is not named keeps the habits they had."""
        for person in people:
            self._by_phone[person.phone] = person
            self._store.save("person", person.phone, person.model_dump())
        if default is not None:
            self._default = default
            self._store.save("settings", "person", default.model_dump())

    def find(self, phone: str | None) -> Habits:
        return self._by_phone.get(phone or "", self._default)

    def draw(self, phone: str | None, nth: int, question: str) -> float:
        """A number from 0 to 1 that depends on the seed and the question, never on who was asked before."""
        return random.Random(f"{self._seed}/{phone}/{nth}/{question}").random()  # noqa: S311 - repeatable

    def restore(self, documents: dict[str, Json], default: Json | None) -> None:
        self._by_phone = {phone: Person(**fields) for phone, fields in documents.items()}
        if default is not None:
            self._default = Habits(**default)
