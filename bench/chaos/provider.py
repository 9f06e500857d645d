"""The provider's side of a run: its people before, its journal after."""

from typing import Any

import httpx

from bench.chaos.history import Recorder
from bench.chaos.schedule import Schedule

Json = dict[str, Any]

REACTIONS = frozenset({"message:in:new", "message:reaction"})
GONE_ASTRAY = frozenset({"truncate", "malformed", "wrong_device"})


async def prepare(sandbox: httpx.AsyncClient, plan: Schedule) -> None:
    """Devices, and people with their habits."""
    for device in plan.devices:
        order = {"id": device.id, "phone": device.phone, "alias": device.id[-4:]}
        (await sandbox.post("/control/devices", json=order)).raise_for_status()
    people = [person for mailing in plan.mailings for person in mailing.people]
    (await sandbox.put("/control/people", json={"people": people})).raise_for_status()


async def pending(sandbox: httpx.AsyncClient) -> int:
    """How many webhooks are still on their way."""
    answer = await sandbox.get("/control/webhooks")
    return sum(told["status"] == "pending" for told in answer.json()["webhooks"])


async def fired(sandbox: httpx.AsyncClient) -> list[Json]:
    """The faults that struck, but for those of webhooks: their journal tells each of them."""
    faults: list[Json] = (await sandbox.get("/control/faults", timeout=10)).json()
    return [fault for fault in faults if fault["fired"] and fault["target"] != "webhook"]


async def step_clock(sandbox: httpx.AsyncClient, step_s: float) -> float:
    """Sets the provider's clock ahead; gives how far it is ahead in all. Raises httpx.HTTPError."""
    answer = await sandbox.post("/control/clock", json={"advance_s": step_s}, timeout=10)
    return float(answer.raise_for_status().json()["offset_s"])


def true_time(at: float | None, steps: list[tuple[float, float]]) -> float | None:
    """A time of the provider's clock by ours; `steps` are our times and how far it was ahead from then on."""
    if at is None:
        return None
    true = at
    for stepped_at, offset_s in steps:
        true = max(min(true, stepped_at), at - offset_s)
    return true


async def read(sandbox: httpx.AsyncClient, plan: Schedule, recorder: Recorder) -> None:
    """Writes down what was accepted, and what webhooks were told."""
    steps = [(entry["at"], entry["offset_s"]) for entry in recorder.entries if entry["op"] == "clock"]
    journal = (await sandbox.get("/control/journal", timeout=60)).json()["messages"]
    for sent in journal:
        campaign, _, message = sent["body"].partition("/")
        recorder.note(
            "accepted",
            at=sent["accepted_at_unix"],
            campaign=campaign,
            message=int(message),
            phone=sent["phone"],
            device=sent["device"],
            id=sent["id"],
            wa_id=sent["wa_id"],
            sent_at=true_time(sent["sent_at_unix"], steps),
            reached=sent["reached_phone"],
        )
    in_groups = _in_groups(plan)
    for told in (await sandbox.get("/control/webhooks", timeout=60)).json()["webhooks"]:
        recorder.note(
            "told",
            at=true_time(told["created_at_unix"], steps),
            event=told["event"],
            id=told["id"],
            ack=told["ack"],
            phone=told["phone"],
            means=_meaning(told, in_groups),
            happened_at=true_time(told["happened_at_unix"], steps),
            status=told["status"],
            answered_at=true_time(told["delivered_at_unix"], steps),
            astray=told["fault"] in GONE_ASTRAY,
            fault=told["fault"],
        )


def _in_groups(plan: Schedule) -> set[str]:
    """Whose words go to a group, and so are no answer."""
    return {
        str(person["phone"])
        for mailing in plan.mailings
        for person in mailing.people
        if any(step["kind"] == "group" for step in person["script"])
    }


def _meaning(told: Json, in_groups: set[str]) -> str:
    if told["event"] not in REACTIONS:
        return "status"
    if told["phone"] in in_groups:
        return "nothing"
    said = (told["said"] or "").casefold()
    return "opt_out" if said.startswith("stop") else "reaction"
