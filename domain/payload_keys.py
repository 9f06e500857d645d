"""Keys that encrypt what Temporal stores, as a setting writes them."""

import base64
import binascii
import re

KEY_BYTES = 32  # AES-256
_KEY_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class PayloadKeyError(ValueError):
    """A key that cannot be used, or that is needed and not there. The message names its id, never the key."""


def read_payload_keys(text: str) -> dict[str, bytes]:
    """Keys by their ids, in the order of `id:base64 id:base64`, each of 32 bytes. Raises PayloadKeyError."""
    keys: dict[str, bytes] = {}
    for number, word in enumerate(text.replace(",", " ").split(), start=1):
        key_id, _, encoded = word.partition(":")
        if not encoded or not _KEY_ID.fullmatch(key_id):
            raise PayloadKeyError(f"key {number} is not of the form id:base64, with an id of A-Z a-z 0-9 _ . -")
        if key_id in keys:
            raise PayloadKeyError(f"the key id {key_id!r} is there twice")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise PayloadKeyError(f"the key {key_id!r} is not base64") from error
        if len(key) != KEY_BYTES:
            raise PayloadKeyError(f"the key {key_id!r} has {len(key)} bytes instead of {KEY_BYTES}")
        keys[key_id] = key
    return keys
