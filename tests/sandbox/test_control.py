"""The control side: settings, clock, reset."""

import time

from tests.sandbox.harness import DEVICE, PHONE, Receiver, Sandbox


async def test_the_clock_runs_on_real_time_plus_what_it_was_advanced(sandbox: Sandbox) -> None:
    await sandbox.post("/control/clock", advance_s=3600)
    clock = await sandbox.post("/control/clock", advance_s=1800.5)
    assert clock["offset_s"] == 5400.5
    assert abs(clock["now_unix"] - time.time() - 5400.5) < 5
    assert (await sandbox.get("/control/clock"))["offset_s"] == 5400.5


async def test_the_clock_never_runs_back(sandbox: Sandbox) -> None:
    assert (await sandbox.http.post("/control/clock", json={"advance_s": -1})).status_code == 422


async def test_settings_change_one_by_one_and_wrong_ones_change_nothing(sandbox: Sandbox) -> None:
    await sandbox.post("/control/settings", plan="professional")
    refused = await sandbox.http.post("/control/settings", json={"read_probability": 2, "plan": "gateway"})
    assert refused.status_code == 422
    misspelt = await sandbox.http.post("/control/settings", json={"pln": "gateway"})
    assert misspelt.status_code == 422
    settings = await sandbox.get("/control/settings")
    assert (settings["plan"], settings["read_probability"]) == ("professional", 0.7)


async def test_a_reset_leaves_only_the_default_device(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.post("/control/devices", phone="+33199000002")
    await sandbox.post("/control/settings", plan="gateway")
    await sandbox.post("/control/clock", advance_s=60)
    await sandbox.people({"phone": PHONE, "on_whatsapp": False})
    await sandbox.subscribe(receiver.url)
    await sandbox.send()
    await sandbox.fault("messages.post", "drop")
    await sandbox.post("/control/reset")
    assert [device["id"] for device in await sandbox.get("/v1/devices")] == [DEVICE]
    assert await sandbox.get("/v1/webhooks") == []
    assert await sandbox.get("/control/faults") == []
    assert await sandbox.journal() == []
    assert (await sandbox.get("/control/settings"))["plan"] == "business"
    assert (await sandbox.get("/control/clock"))["offset_s"] == 0
    await sandbox.sent()


async def test_the_journal_is_filtered_by_phone_reference_and_time(sandbox: Sandbox) -> None:
    await sandbox.send(reference="a")
    first = (await sandbox.journal())[0]
    await sandbox.send("+33639980002", reference="b")
    assert [entry["reference"] for entry in await sandbox.journal(phone="+33639980002")] == ["b"]
    assert [entry["reference"] for entry in await sandbox.journal(reference="a")] == ["a"]
    since = first["accepted_at_unix"] + 0.000001
    assert [entry["reference"] for entry in await sandbox.journal(since=since)] == ["b"]
    assert len(await sandbox.journal(since="2020-01-01T00:00:00Z")) == 2
