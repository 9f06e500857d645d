"""STOP comes before anything else: it suppresses for good, and it never earns Message 2."""

import pytest

from domain.messages import MessageType
from storage import campaigns
from storage.database import Pool
from tests.activities.conftest import Desk, Post
from tests.activities.test_sending import accepted_by_provider
from tests.conftest import Town, next_phone
from tests.scene import Scene, open_scene
from tests.wassenger import inbound


async def opted_out(pool: Pool, phone: str) -> bool:
    """Whether this number is suppressed."""
    return bool(await pool.fetchval("SELECT opted_out_at IS NOT NULL FROM contacts WHERE phone = $1", phone))


@pytest.mark.parametrize("words", ["STOP", "Arrêtez.", "stop svp 🙏", "Désabonnez-moi"])
async def test_stop_is_no_reaction_and_cancels_message_2(
    town: Town, post: Post, desk: Desk, words: str
) -> None:
    """E5, E9; section 4 of the design: whoever says stop gets nothing more, though he reacted before."""
    scene = await open_scene(town, sender=desk.account)
    await post.send(scene)
    workflow = await desk.listen(scene)
    device, phone = desk.account.device_id, scene.phones[0]
    assert await desk.deliver(inbound(device, phone)) == "interaction"

    outcome = await desk.deliver(inbound(device, phone, type="text", body=words))

    assert outcome == "opt-out, 1 campaigns stopped for this contact"
    assert await desk.told(workflow) == ["interact", "stop"]
    assert await scene.state() == "opted_out"
    assert len(await scene.interactions()) == 1
    assert (await post.send(scene, message_type=MessageType.MESSAGE_2)).state == "opted_out"
    assert await scene.message(message_type=MessageType.MESSAGE_2) is None
    assert len(await accepted_by_provider(scene)) == 1


async def test_stop_cancels_message_1_in_every_other_campaign(town: Town, post: Post, desk: Desk) -> None:
    """E1; the suppression is global: campaigns that have not written yet never will."""
    first = await open_scene(town, sender=desk.account)
    await post.send(first)
    campaign = await town.campaign(first.campaign.category_ids[0], [desk.account.id])
    await campaigns.open_campaign(town.pool, campaign.id)
    second = Scene(town, desk.account, campaign, first.phones, first.contact_ids)
    workflows = [await desk.listen(scene) for scene in (first, second)]

    stop = inbound(desk.account.device_id, first.phones[0], type="text", body="STOP")
    await desk.deliver(stop)

    assert [await desk.told(workflow) for workflow in workflows] == [["stop"], ["stop"]]
    assert [await scene.state() for scene in (first, second)] == ["opted_out", "opted_out"]
    assert (await post.send(second)).state == "opted_out"
    assert (await second.message())["status"] == "cancelled"
    assert len(await accepted_by_provider(first)) == 1


async def test_a_stop_from_a_number_nobody_knows_is_kept_for_good(town: Town, desk: Desk) -> None:
    """E1; whoever imports this number later does not get through to it."""
    phone = next_phone()
    outcome = await desk.deliver(inbound(desk.account.device_id, phone, type="text", body="stop"))
    assert outcome == "opt-out, 0 campaigns stopped for this contact"

    scene = await open_scene(town, sender=desk.account)
    await town.pool.execute(
        "INSERT INTO contact_categories (contact_id, category_id) SELECT id, $2 FROM contacts WHERE phone = $1",
        phone,
        scene.campaign.category_ids[0],
    )
    later = await town.campaign(scene.campaign.category_ids[0], [desk.account.id])
    assert await opted_out(town.pool, phone)
    assert await campaigns.audience_size(town.pool, later.id) == 1


async def test_a_stop_counts_though_whatsapp_hides_the_number(town: Town, post: Post, desk: Desk) -> None:
    """E9; the message that it answers says who wrote; STOP never earns Message 2."""
    scene = await open_scene(town, sender=desk.account)
    await post.send(scene)
    quotes = {"reference": (await scene.message())["id"]}
    stop = inbound(
        desk.account.device_id, scene.phones[0], hides_phone=True, quotes=quotes, type="text", body="STOP"
    )

    assert await desk.deliver(stop) == "opt-out, 1 campaigns stopped for this contact"

    assert await scene.state() == "opted_out"
    assert await scene.interactions() == []
    assert await opted_out(town.pool, scene.phones[0])


async def test_a_stop_from_nobody_suppresses_nobody(town: Town, desk: Desk) -> None:
    """A hidden number that answers nothing of ours: said in the log, not guessed."""
    stop = inbound(desk.account.device_id, "+33639980000", hides_phone=True, type="text", body="STOP")
    assert await desk.deliver(stop) == "opt-out of a hidden number that is not known here"


async def test_a_sentence_with_the_word_in_it_is_a_reaction(town: Town, post: Post, desk: Desk) -> None:
    """E5, E7."""
    scene = await open_scene(town, sender=desk.account)
    await post.send(scene)
    text = inbound(desk.account.device_id, scene.phones[0], type="text", body="non-stop depuis lundi, oui !")
    assert await desk.deliver(text) == "interaction"
    assert await scene.state() == "message_1_sent"
