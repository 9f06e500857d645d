"""A device is a WhatsApp number of the account: it has a session, a queue and a speed."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sandbox.clock import Clock, iso
from sandbox.errors import ApiError, not_found
from sandbox.store import Json, Store

DEFAULT_DEVICE_ID = "5a0db0c5e1a2b3c4d5e6f701"
DEFAULT_DEVICE_PHONE = "+33199000001"
DEFAULT_META_ID = "100000000000001"
DEFAULT_META_PHONE = "+33199000009"
DEFAULT_AGE_DAYS = 365.0
DEFAULT_TIMEZONE = "Europe/Paris"
DAY_S = 86400.0

# No source says which code a device gives that cannot send; these are assumptions.
REFUSALS = {"unpaid": 402, "disabled": 403, "banned": 403, "invalid": 403, "removed": 404}


@dataclass(slots=True)
class Device:
    """One number, as the account sees it."""

    id: str
    phone: str
    alias: str
    created_at: float
    status: str = "operative"
    session: str = "online"
    offline_mode: str = "queue"  # or "refuse"
    delivery_per_minute: float | None = None  # None is as fast as the network
    queue_status: str = "active"
    flush_until: float = field(default=0.0)  # before then nothing waits for its slot
    born_at: float = 0.0  # when the number came to WhatsApp; 0 in a state from before numbers had an age
    timezone: str = DEFAULT_TIMEZONE
    banned_at: float | None = None
    ban_reason: str | None = None

    @property
    def is_meta(self) -> bool:
        """Whether it is a number of Meta's Cloud API: those have decimal ids, shorter than Wassenger's."""
        return len(self.id) < 24

    @property
    def wid(self) -> str:
        return f"{self.phone.lstrip('+')}@c.us"

    @property
    def delivers(self) -> bool:
        return (
            self.status == "operative"
            and self.session == "online"
            and self.queue_status in ("active", "reject")
        )

    def gap_s(self, at: float) -> float:
        """The pause between two deliveries."""
        if not self.delivery_per_minute or at < self.flush_until:
            return 0.0
        return 60.0 / self.delivery_per_minute

    def check_accepts(self) -> None:
        """Refuses a new message when the device takes none.

        Raises
        ------
        ApiError
            402, 403 or 404 for an unusable device, 409 for a rejecting queue, 503 for a session that is down
            and set to refuse.
        """
        if self.status in REFUSALS:
            raise ApiError(REFUSALS[self.status], f"The device is {self.status}", f"device:{self.status}")
        if self.queue_status in ("reject", "freeze"):
            raise ApiError(409, "The queue of the device takes no new messages", "queue:rejected")
        if self.session != "online" and self.offline_mode == "refuse":
            raise ApiError(503, f"The session of the device is {self.session}", "device:offline")


class Devices:
    """All numbers of the account, in the order of their creation."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._by_id: dict[str, Device] = {}

    def __iter__(self) -> Iterator[Device]:
        return iter(list(self._by_id.values()))

    def get(self, device_id: str) -> Device:
        """One device, or the refusal that Wassenger gives."""
        if device_id not in self._by_id:
            raise not_found("device", device_id)
        return self._by_id[device_id]

    def first(self) -> Device:
        """The device meant when a request names none."""
        return next(iter(self._by_id.values()))

    def add(
        self,
        device_id: str,
        phone: str,
        alias: str,
        per_minute: float | None,
        *,
        age_days: float = DEFAULT_AGE_DAYS,
        timezone: str = DEFAULT_TIMEZONE,
    ) -> Device:
        """Adds a number; the id of an existing one gives that one, unchanged."""
        if device_id not in self._by_id:
            now = self._clock.now()
            device = Device(
                device_id,
                phone,
                alias,
                now,
                delivery_per_minute=per_minute,
                born_at=born_at(age_days, now),
                timezone=timezone,
            )
            self._by_id[device_id] = device
            self._store.save("device", device_id, asdict(device))
        return self._by_id[device_id]

    def add_default(self) -> None:
        self.add(DEFAULT_DEVICE_ID, DEFAULT_DEVICE_PHONE, "Default", None)
        self.add(DEFAULT_META_ID, DEFAULT_META_PHONE, "Default", None)

    def change(self, device: Device, **changes: Any) -> None:
        for name, value in changes.items():
            setattr(device, name, value)
        self._store.save("device", device.id, changes)

    def restore(self, documents: dict[str, Json]) -> None:
        for fields in documents.values():
            self._by_id[fields["id"]] = Device(**fields)

    def other_than(self, device: Device) -> Device:
        """A number that is not this one, for events that reach the wrong address."""
        for other in self._by_id.values():
            if other.id != device.id and other.is_meta is device.is_meta:
                return other
        return replace(
            device, id="9" * 15 if device.is_meta else "f" * 24, phone="+33199009999", alias="Somebody else"
        )


def born_at(age_days: float, now: float) -> float:
    """When a number of this age came to WhatsApp."""
    return now - age_days * DAY_S


def device_object(device: Device, plan: str, waiting: int, scheduled: int) -> Json:
    """A device as the API shows it."""
    return {
        "id": device.id,
        "phone": device.phone,
        "wid": device.wid,
        "alias": device.alias,
        "status": device.status,
        "plan": plan_name(plan),
        "connector": "web",
        "version": 1,
        "createdAt": iso(device.created_at),
        "session": {"status": device.session},
        "queue": {"status": device.queue_status, "messages": waiting, "scheduled": scheduled},
        "settings": {"deliverySpeed": device.delivery_per_minute or 0},
    }


def plan_name(plan: str) -> str:
    """Platform plans are called `io-*`."""
    return "gateway-professional" if plan == "gateway" else f"io-{plan}"
