"""What a person can send, kind by kind, with `body` absent or null where the real API has it so."""

from collections.abc import Callable

from sandbox.store import Json

MEDIA_LIFETIME_S = 7 * 86400

Content = Callable[[str | None], Json]


def text(body: str | None) -> Json:
    return {"type": "text", "body": body or "Hello"}


def emoji(body: str | None) -> Json:
    return {"type": "text", "body": body or "👍", "meta": {"containsEmoji": True}}


def voice(_body: str | None) -> Json:
    return {"type": "audio", "media": media("audio/ogg", "ogg", format="ptt", meta={"duration": 4})}


def audio(_body: str | None) -> Json:
    return {"type": "audio", "media": media("audio/mpeg", "mp3", meta={"duration": 61})}


def image(body: str | None) -> Json:
    return captioned("image", media("image/jpeg", "jpg"), body)


def video(body: str | None) -> Json:
    return captioned("video", media("video/mp4", "mp4", meta={"duration": 9}), body)


def document(body: str | None) -> Json:
    return captioned("document", media("application/pdf", "pdf"), body)


def sticker(_body: str | None) -> Json:
    return {"type": "sticker", "media": media("image/webp", "webp")}


def location(body: str | None) -> Json:
    place = {"name": body or "Office", "address": "1 rue de la Paix, Paris", "lat": 48.8686, "lon": 2.3314}
    return {"type": "location", "location": place}


def contacts(body: str | None) -> Json:
    card = {"name": body or "Dominique", "phones": [{"number": "+33639980099", "type": "CELL"}]}
    return {"type": "contacts", "contacts": [card]}


def poll(body: str | None) -> Json:
    return {"type": "poll", "body": None, "poll": {"name": body or "When?", "options": ["Today", "Later"]}}


def buttons_response(body: str | None) -> Json:
    return {
        "type": "buttons_response",
        "subtype": "buttons_response",
        "response": {"selectedId": "1", "text": body or "Yes"},
    }


def list_response(body: str | None) -> Json:
    return {
        "type": "list_response",
        "subtype": "list_response",
        "response": {"selectedId": "row-1", "text": body or "First"},
    }


def group(body: str | None) -> Json:
    return {"type": "text", "body": body or "Hello everybody", "meta": {"isGroup": True}}


def notification(_body: str | None) -> Json:
    return {"type": "notification", "subtype": "security_code_changed", "meta": {"isNotification": True}}


MESSAGE_CONTENT: dict[str, Content] = {
    "text": text,
    "emoji": emoji,
    "voice": voice,
    "audio": audio,
    "image": image,
    "video": video,
    "document": document,
    "sticker": sticker,
    "location": location,
    "contacts": contacts,
    "poll": poll,
    "buttons_response": buttons_response,
    "list_response": list_response,
    "group": group,
    "notification": notification,
}
"""The kinds that arrive as `message:in:new`."""


def captioned(kind: str, attachment: Json, caption: str | None) -> Json:
    """Text beside media is in the caption and in the body; without text there is no body at all."""
    if caption is None:
        return {"type": kind, "media": attachment}
    return {"type": kind, "body": caption, "media": {**attachment, "caption": caption}}


def media(mime: str, extension: str, **more: object) -> Json:
    file_id = "5a0db0c5e1a2b3c4d5e6fa00"
    return {
        "id": file_id,
        "type": mime.partition("/")[0],
        "mime": mime,
        "size": 4096,
        "extension": extension,
        "filename": f"file.{extension}",
        "links": {"download": f"/v1/chat/files/{file_id}/download"},
        **more,
    }
