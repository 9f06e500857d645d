"""Reactions and timelines through the API."""

from datetime import UTC, datetime
from uuid import uuid4

import httpx

from storage import interactions
from tests.api.walking import Json, all_pages, reacted, sent
from tests.conftest import Town
from tests.scene import open_scene


async def test_reactions_are_listed_newest_first_and_by_what_they_are(
    town: Town, api: httpx.AsyncClient
) -> None:
    """E8, A3: campaign, contact, type, and whether they came in time."""
    scene = await open_scene(town, 2, window_s=3600)
    for nth in (0, 1):
        await sent(scene, nth)
    ids = [
        await reacted(scene, 0, text="x" * 500),
        await reacted(scene, 1, kind="voice", text=None),
        await reacted(scene, 0, kind="reaction", text="👍"),
    ]
    own: Json = {"campaign_id": scene.campaign.id}

    listed = await all_pages(api, "/api/interactions", **own)

    assert [item["id"] for item in listed] == ids[::-1]
    assert len(listed[2]["text"]) == 200
    assert [item["suppressed_duplicate"] for item in listed] == [True, False, False]
    by_contact = await all_pages(api, "/api/interactions", contact_id=scene.contact_ids[0])
    assert [item["id"] for item in by_contact] == [ids[2], ids[0]]
    [voice] = await all_pages(api, "/api/interactions", **own, interaction_type="voice")
    assert voice["phone"] == scene.phones[1]
    kinds = ["reaction", "text", "text"]
    twice = await all_pages(api, "/api/interactions", limit=50, **own, interaction_type=kinds)
    assert [item["id"] for item in twice] == [ids[2], ids[0]]
    assert len(await all_pages(api, "/api/interactions", **own, in_time=True)) == 3
    assert await all_pages(api, "/api/interactions", **own, in_time=False) == []


async def test_a_timeline_tells_everything_of_one_contact(town: Town, api: httpx.AsyncClient) -> None:
    """E8: messages, reactions, states and the opt-out, the latest first, in pages."""
    scene = await open_scene(town, window_s=3600)
    message_id = await sent(scene)
    await reacted(scene)
    await interactions.record_opt_out(town.pool, scene.phones[0], datetime.now(UTC))

    path = f"/api/contacts/{scene.contact_ids[0]}/timeline"
    told = await all_pages(api, path)

    assert told == await all_pages(api, path, limit=200)
    kinds = [entry["kind"] for entry in told]
    assert sorted(kinds) == ["contact_created", "interaction", "message_sent", "opted_out", "state"]
    assert kinds[-1] == "contact_created"
    assert [entry["at"] for entry in told] == sorted((entry["at"] for entry in told), reverse=True)
    by_kind = {entry["kind"]: entry for entry in told}
    assert by_kind["message_sent"]["message_id"] == message_id
    assert by_kind["interaction"]["detail"] == "text: yes"
    assert by_kind["state"]["detail"].startswith("opted_out")
    assert by_kind["state"]["campaign_name"] == scene.campaign.name
    of_campaign = await all_pages(api, path, campaign_id=scene.campaign.id)
    assert {entry["kind"] for entry in of_campaign} == {"message_sent", "interaction", "state"}
    assert await all_pages(api, path, campaign_id=str(uuid4())) == []
    assert (await api.get(f"/api/contacts/{uuid4()}/timeline")).status_code == 404
