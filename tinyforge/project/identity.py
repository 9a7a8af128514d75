"""What firmware says of itself when a computer asks over the serial port."""

from __future__ import annotations

import hashlib

from tinyforge.engines.base import Lowered
from tinyforge.names import c_string
from tinyforge.project.templates import render

_HASH_BYTES = 8  # as in forge_link.h: enough to tell firmware apart, short on the line


def model_hash(model: bytes) -> bytes:
    """How firmware names its model: the first bytes of the .tflite file's SHA-256."""
    return hashlib.sha256(model).digest()[:_HASH_BYTES]


def identity_file(engine: str, lowered: Lowered, board: str, model: bytes) -> dict[str, str]:
    """One engine's src/<engine>/identity.c. board: its id. model: the .tflite bytes."""
    text = render(
        "project/identity.c.j2",
        engine=c_string(engine),
        board=c_string(board),
        model=", ".join(f"0x{byte:02x}" for byte in model_hash(model)),
        steps=lowered.step_count,
        arena_bytes=lowered.arena_bytes,
    )
    return {f"src/{engine}/identity.c": text}
