"""The quota is exact although not every send counts all sends of the day."""

from datetime import timedelta

import pytest

from storage import reservations
from tests.apart import add_sends, finish, held, pace_row, ready, sent, set_pace, time_passes
from tests.conftest import Town
from tests.scene import Scene, open_scene
from tests.storage.reservations.scenes import HOUR_S


async def count_anew(scene: Scene) -> None:
    """The next send counts all sends of the day."""
    await set_pace(scene, counted_to=None)


async def test_what_was_counted_once_is_not_counted_again(town: Town) -> None:
    """P1: a send counts what is new since then."""
    scene = await open_scene(town, 3)
    await set_pace(scene, quota=10)
    await add_sends(scene, [HOUR_S] * 4)

    await sent(scene, 0)
    first = await pace_row(scene)
    await sent(scene, 1)
    await sent(scene, 2)

    assert first["counted"] == 4
    assert (await pace_row(scene))["counted_to"] == first["counted_to"]


async def test_after_many_sends_it_counts_anew(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """P1: what is new has to stay little."""
    monkeypatch.setattr(reservations, "COUNTED_ANEW_AFTER", 2)
    scene = await open_scene(town, 3)
    await set_pace(scene, quota=10)

    for nth in range(3):
        await sent(scene, nth)

    assert (await pace_row(scene))["counted"] == 2


async def test_what_has_left_the_day_makes_room(town: Town) -> None:
    """P1: counted once, it is counted anew before anybody has to wait."""
    scene = await open_scene(town, 4)
    await set_pace(scene, quota=3)
    await add_sends(scene, [23 * HOUR_S] * 2)
    await sent(scene, 0)
    await held(scene, 1)

    await time_passes(scene.pool, scene.sender.id, 2 * HOUR_S)

    await sent(scene, 1)
    await sent(scene, 2)
    assert (await held(scene, 3)).detail == "3 of 3 messages in 24 hours"


async def test_sends_of_the_past_count(town: Town) -> None:
    """P1, E5: such as those that a restored backup did not know of."""
    scene = await open_scene(town, 3)
    await set_pace(scene, quota=3)
    await sent(scene, 0)

    await add_sends(scene, [HOUR_S] * 2)

    assert (await held(scene, 1)).detail == "3 of 3 messages in 24 hours"


@pytest.mark.parametrize("before", ["not_sent", "rejected"])
async def test_an_attempt_that_went_out_after_all_counts(town: Town, before: str) -> None:
    """P1: also where it was counted as one that did not."""
    scene = await open_scene(town, 5)
    await set_pace(scene, quota=3)
    attempt = await ready(scene, 0)
    await finish(scene.pool, attempt, before)
    await count_anew(scene)
    await sent(scene, 1)
    assert (await pace_row(scene))["counted"] == 0

    await finish(scene.pool, attempt)

    await sent(scene, 2)
    assert (await held(scene, 3)).detail == "3 of 3 messages in 24 hours"


async def test_a_clock_that_was_put_back_loses_nothing(town: Town) -> None:
    """P1: what was counted up to a moment that lies ahead says nothing of what is new."""
    scene = await open_scene(town, 3)
    await set_pace(scene, quota=2)
    await sent(scene, 0)
    ahead = (await pace_row(scene))["counted_to"] + timedelta(hours=1)
    await set_pace(scene, counted_to=ahead)
    await sent(scene, 1)

    assert (await held(scene, 2)).detail == "2 of 2 messages in 24 hours"
