"""A Relance for the stories, and what each of them has to end with."""

from collections.abc import AsyncIterator

import pytest

from tests.test_pausing import House, Mailing, open_house


@pytest.fixture(scope="session")
async def house() -> AsyncIterator[House]:
    """One for all stories that do not need data of their own."""
    async with open_house() as opened:
        yield opened


async def ended_well(run: Mailing, *, answered: int = 0) -> None:
    """It closes by itself when everybody is final: Message 1 once to all, Message 2 to the first ones."""
    shown = await run.until_closed()
    states = {state: count for state, count in shown["counts"]["contacts_by_state"].items() if count}
    expected = {"no_interaction": len(run.phones) - answered, "message_2_sent": answered}
    assert (shown["status"], shown["close_reason"]) == ("completed", "all_final")
    assert states == {state: count for state, count in expected.items() if count}
    hellos, thanks = await run.accepted("Hello"), await run.accepted("Thank you")
    assert sorted(entry["phone"] for entry in hellos) == sorted(run.phones)
    assert sorted(entry["phone"] for entry in thanks) == sorted(run.phones[:answered])


async def goes_on_later(run: Mailing) -> None:
    """The campaign is under way, and some people have nothing yet."""
    shown = (await run.house.api.get(run.path)).json()
    assert shown["closed_at"] is None
    assert shown["counts"]["contacts_by_state"]["pending"] > 0
    assert len(await run.accepted()) < len(run.phones)
