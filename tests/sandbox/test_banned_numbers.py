"""What a client of the sandbox sees of a ban: over HTTP, on the advanced clock."""

import random

import pytest

from tests.sandbox.harness import DEVICE, PHONE, Json, Receiver, Sandbox, eventually

YOUNG = "5a0db0c5e1a2b3c4d5e6f702"
BANS = f"/control/devices/{DEVICE}/bans"


def stranger(nth: int) -> str:
    return f"+33639981{nth:03d}"


async def send_at_pace(
    sandbox: Sandbox, gaps: list[float], *, first: int = 0, device: str = DEVICE
) -> int | None:
    """Sends to one stranger after each gap; gives how many it took until a message was refused."""
    for nth, gap in enumerate(gaps):
        await sandbox.post("/control/clock", advance_s=gap)
        body = {"phone": stranger(first + nth), "device": device, "message": "Hello"}
        answer = await sandbox.http.post("/v1/messages", json=body)
        if answer.status_code == 403:
            return nth
        assert answer.status_code == 201, answer.text
    await settled(sandbox)
    return None


async def settled(sandbox: Sandbox) -> None:
    """Waits until all that was accepted has left or failed."""
    await sandbox.post("/control/clock", advance_s=1)

    async def nothing_under_way() -> bool:
        return not await sandbox.get("/v1/messages", status="queued,processing")

    await eventually(nothing_under_way)


async def banned(sandbox: Sandbox, device: str = DEVICE) -> Json:
    shown: Json = {}

    async def has_verdict() -> bool:
        shown.update(await sandbox.get(f"/control/devices/{device}/bans"))
        return bool(shown["banned"])

    await eventually(has_verdict, lambda: f"not banned: {shown}")
    return shown


@pytest.mark.parametrize(("age_days", "at_most"), [(365, 100), (0, 30)])
async def test_a_fixed_beat_is_banned_long_before_its_end(
    sandbox: Sandbox, receiver: Receiver, age_days: float, at_most: int
) -> None:
    await sandbox.post("/control/settings", bans=True)
    await sandbox.patch(f"/control/devices/{DEVICE}", age_days=age_days)
    await sandbox.subscribe(receiver.url, events=["number:session", "message:out:failed"])
    waiting = [await sandbox.send(schedule={"delayTo": "2d"}) for _ in range(3)]
    refused_at = await send_at_pace(sandbox, [5.0] * 1000)
    assert refused_at is not None
    assert refused_at < at_most

    event = await receiver.until_event("number:session")
    assert event["data"]["session"] == "blocked"
    device = await sandbox.get(f"/v1/devices/{DEVICE}")
    assert (device["status"], device["session"]["status"]) == ("banned", "blocked")
    assert device["queue"]["messages"] == device["queue"]["scheduled"] == 0
    for message in waiting:
        failed = await sandbox.get(f"/v1/messages/{message['id']}")
        assert (failed["status"], failed["failureReason"]) == ("failed", "The number of the device is banned")

    async def all_told() -> bool:
        arrays = [post.body for post in receiver.received if isinstance(post.body, list)]
        return sum(len(array) for array in arrays) >= len(waiting)

    await eventually(all_told)
    answer = await sandbox.http.post("/v1/messages", json={"phone": PHONE, "message": "Still there?"})
    assert (answer.status_code, answer.json()["errorCode"]) == (403, "device:banned")


async def test_the_timeline_tells_how_it_came_to_the_ban(sandbox: Sandbox) -> None:
    await sandbox.post("/control/settings", bans=True)
    await send_at_pace(sandbox, [5.0] * 1000)
    shown = await banned(sandbox)
    timeline = shown["timeline"]
    assert shown["reason"].startswith("beat: 30 gaps of about 5.0 s")
    assert shown["banned_at"] == timeline[-1]["at"]
    heard = sum(step["rule"] == "beat" for step in timeline)
    assert shown["sends"] == shown["unsolicited"] == 30 + heard  # it takes 31 messages to hear it once
    assert timeline[-1]["score"] >= shown["ban_score"]
    assert all(step["score"] < shown["ban_score"] for step in timeline if step["at"] < shown["banned_at"])
    assert {step["rule"] for step in timeline} == {"beat", "identical"}
    assert [step["at"] for step in timeline] == sorted(step["at"] for step in timeline)
    score = shown["score"]
    await sandbox.post("/control/clock", advance_s=12 * 3600)
    assert (await sandbox.get(BANS))["score"] == pytest.approx(score / 2, rel=0.01)


async def test_a_human_rhythm_is_not_banned(sandbox: Sandbox) -> None:
    await sandbox.post("/control/settings", bans=True)
    await sandbox.post("/control/devices", id=YOUNG, phone="+33199000002", age_days=5, timezone="UTC")
    clock = await sandbox.get("/control/clock")
    await sandbox.post(
        "/control/clock", advance_s=86400 + 8 * 3600 - clock["now_unix"] % 86400
    )  # 8 in the morning
    rng = random.Random(1)  # noqa: S311
    assert await send_at_pace(sandbox, [rng.uniform(3, 7) for _ in range(100)]) is None
    assert await send_at_pace(sandbox, [rng.uniform(10, 35) for _ in range(100)], device=YOUNG) is None
    for device in (DEVICE, YOUNG):
        shown = await sandbox.get(f"/control/devices/{device}/bans")
        assert (shown["sends"], shown["banned"], shown["reason"]) == (100, False, None)
        assert {step["rule"] for step in shown["timeline"]} <= {"identical"}


async def test_nobody_watches_unless_the_settings_say_so(sandbox: Sandbox) -> None:
    assert await send_at_pace(sandbox, [0.0] * 100) is None
    shown = await sandbox.get(BANS)
    assert (shown["watching"], shown["banned"], shown["sends"], shown["timeline"]) == (False, False, 0, [])


async def test_the_thresholds_are_settings(sandbox: Sandbox) -> None:
    await sandbox.post("/control/settings", bans=True, ban_gap_s=60, ban_score=10, ban_beat_points=0)
    assert await send_at_pace(sandbox, [30.0] * 10) is not None
    assert (await banned(sandbox))["reason"] == "gap: a gap of 30.0 s, where 60 s is the least"
    wrong = await sandbox.http.post("/control/settings", json={"ban_score": 0})
    assert wrong.status_code == 422


async def test_answers_to_somebody_who_wrote_are_not_judged(sandbox: Sandbox) -> None:
    await sandbox.post("/control/settings", bans=True)
    await sandbox.patch(f"/control/devices/{DEVICE}", age_days=0)
    await sandbox.inbound(body="Hello?")
    await sandbox.inbound("reaction", phone=stranger(1))
    for nth in range(60):
        await sandbox.send((PHONE, stranger(1))[nth % 2], message=f"Answer {nth}")
    await settled(sandbox)
    shown = await sandbox.get(BANS)
    assert (shown["sends"], shown["unsolicited"], shown["timeline"]) == (60, 0, [])


async def test_a_day_later_they_are_strangers_again(sandbox: Sandbox) -> None:
    await sandbox.post("/control/settings", bans=True)
    await sandbox.inbound(body="Hello?")
    await sandbox.inbound("own_phone", phone=stranger(1))
    await sandbox.inbound("group", phone=stranger(1))
    await sandbox.sent(PHONE)
    await sandbox.sent(stranger(1))
    await sandbox.post("/control/clock", advance_s=86400)
    await sandbox.sent(PHONE)
    shown = await sandbox.get(BANS)
    assert (shown["sends"], shown["unsolicited"]) == (3, 2)


async def test_groups_are_not_judged(sandbox: Sandbox) -> None:
    await sandbox.post("/control/settings", bans=True)
    message = await sandbox.post("/v1/messages", group="120363000000000001@g.us", message="Hello, all")
    await sandbox.until(message, "status", "processed")
    assert (await sandbox.get(BANS))["sends"] == 0


@pytest.mark.parametrize(
    ("habits", "rule"), [({"on_whatsapp": False}, "unknown"), ({"reports": True}, "reported")]
)
async def test_people_who_are_not_there_or_do_not_want_it_get_a_number_banned(
    sandbox: Sandbox, habits: Json, rule: str
) -> None:
    await sandbox.post("/control/settings", bans=True)
    await sandbox.people(default=habits)
    rng = random.Random(2)  # noqa: S311
    assert await send_at_pace(sandbox, [rng.uniform(30, 90) for _ in range(100)]) is not None
    shown = await banned(sandbox)
    assert shown["reason"].startswith(f"{rule}: 100% of the last")
    assert shown["timeline"][-1]["at"] == shown["banned_at"]


async def test_a_number_grows_older_with_the_clock(sandbox: Sandbox) -> None:
    await sandbox.post(
        "/control/devices", id=YOUNG, phone="+33199000002", age_days=2, timezone="America/New_York"
    )
    path = f"/control/devices/{YOUNG}"
    shown = await sandbox.get(f"{path}/bans")
    assert (shown["age_days"], shown["day_of_life"]) == (pytest.approx(2, abs=0.01), 3)
    assert shown["timezone"] == "America/New_York"
    await sandbox.post("/control/clock", advance_s=3 * 86400)
    assert (await sandbox.get(f"{path}/bans"))["age_days"] == pytest.approx(5, abs=0.01)
    await sandbox.patch(path, age_days=100, timezone="UTC")
    shown = await sandbox.get(f"{path}/bans")
    assert (shown["age_days"], shown["timezone"]) == (pytest.approx(100, abs=0.01), "UTC")
    assert (await sandbox.get(BANS))["age_days"] == pytest.approx(368, abs=0.01)


@pytest.mark.parametrize("wrong", [{"timezone": "Europe/Nowhere"}, {"timezone": "/etc"}, {"age_days": -1}])
async def test_wrong_ages_and_time_zones_are_refused(sandbox: Sandbox, wrong: Json) -> None:
    refused = await sandbox.http.patch(f"/control/devices/{DEVICE}", json=wrong)
    assert refused.status_code == 422


async def test_a_number_that_is_let_in_again_starts_afresh(sandbox: Sandbox) -> None:
    await sandbox.post("/control/settings", bans=True)
    await send_at_pace(sandbox, [0.0] * 100)
    await banned(sandbox)
    await sandbox.post(f"/v1/devices/{DEVICE}/start")
    assert (await sandbox.get(f"/v1/devices/{DEVICE}"))["session"]["status"] == "blocked"
    await sandbox.patch(f"/control/devices/{DEVICE}", status="operative", session="online")
    await sandbox.sent()
    shown = await sandbox.get(BANS)
    assert (shown["banned"], shown["reason"], shown["sends"], shown["score"]) == (False, None, 1, 0)
