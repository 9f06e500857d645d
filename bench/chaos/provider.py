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


async def read(sandbox: httpx.AsyncClient, plan: Schedule, recorder: Recorder) -> None:
    """Writes down what was accepted, and what webhooks were told."""
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
            sent_at=sent["sent_at_unix"],
            reached=sent["reached_phone"],
        )
    in_groups = _in_groups(plan)
    for told in (await sandbox.get("/control/webhooks", timeout=60)).json()["webhooks"]:
        recorder.note(
            "told",
            at=told["created_at_unix"],
            event=told["event"],
            id=told["id"],
            ack=told["ack"],
            phone=told["phone"],
            means=_meaning(told, in_groups),
            happened_at=told["happened_at_unix"],
            status=told["status"],
            answered_at=told["delivered_at_unix"],
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
