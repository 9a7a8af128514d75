"""What is said over the serial line. The table of messages is in firmware/link/forge_link.c."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from tinyforge.device.frame import PAYLOAD_MAX
from tinyforge.errors import ForgeError

PROTOCOL = 3
ANSWER = 0x80
REFUSAL = 0xFF
ALL_STEPS = 0xFFFF

_HEADER = 2  # kind and sequence number
INPUT_PIECE = PAYLOAD_MAX - _HEADER - 4
READ_PIECE = PAYLOAD_MAX - _HEADER


class Kind(IntEnum):
    HELLO = 1
    INPUT = 2
    RUN = 3
    READ = 4
    RESET = 5


class Memory(IntEnum):
    """What READ reads."""

    OUTPUT = 0
    ARENA = 1


# By forge_link.c's reason.
_REASONS = {
    1: "it does not know the question",
    2: "what was asked for lies outside of its memory",
    3: "it was asked in the wrong order; perhaps it was reset in between",
    4: "the model did not run",
}
_ENGINE = 4

# By forge.h's forge_status.
_STATUS = (
    "ok",
    "generated code and runtime are of different versions",
    "the arena is not aligned to 16 bytes",
    "the arena is too small for the model",
    "the model does not match the generated constants",
    "an operator could not be registered or failed",
    "initializing did not succeed",
    "the self-test's outputs differ from the golden vectors",
    "this model takes its input row by row only",
)

_HELLO = struct.Struct("<BBB8sIIIHH")


@dataclass(frozen=True)
class Hello:
    """Who the board says it is. model: 8 bytes of the SHA-256 of its .tflite file.

    status: what forge_init returned, 0 for ok. arena_bytes and steps: 0 where only the engine
    itself knows its arena.
    """

    abi: int
    status: int
    model: bytes
    input_bytes: int
    output_bytes: int
    arena_bytes: int
    steps: int
    golden: int
    engine: str
    board: str


def question(kind: Kind, sequence: int, body: bytes) -> bytes:
    """The payload of a question."""
    return bytes([kind, sequence]) + body


def run_body(steps: int | None) -> bytes:
    """steps: how many shall have been taken afterwards; None: the whole model."""
    return struct.pack("<H", ALL_STEPS if steps is None else steps)


def input_body(offset: int, piece: bytes) -> bytes:
    return struct.pack("<I", offset) + piece


def read_body(memory: Memory, offset: int, size: int) -> bytes:
    return struct.pack("<BIB", memory, offset, size)


def refusal(body: bytes, where: str) -> ForgeError:
    """The error that a refusal's body stands for."""
    if len(body) != 2:
        return _unknown(f"a refusal of {len(body)} bytes", where)
    reason, status = body
    text = _REASONS.get(reason, f"reason {reason}")
    if reason == _ENGINE:
        text = f"{text}: {status_text(status)}"
    return ForgeError(
        f"the board refuses: {text}", where=where, fix="reset the board, and flash it again"
    )


def status_text(status: int) -> str:
    """The text of a forge_status."""
    return _STATUS[status] if status < len(_STATUS) else f"status {status}"


def parse_hello(body: bytes, where: str) -> Hello:
    """ForgeError where the board speaks another version of this protocol."""
    if not body or body[0] != PROTOCOL:
        found = body[0] if body else "none"
        raise _unknown(f"protocol {found}, expected {PROTOCOL}", where)
    if len(body) < _HELLO.size:
        raise _unknown(f"only {len(body)} bytes of greeting", where)
    _, *fields = _HELLO.unpack_from(body)
    texts, rest = [], body[_HELLO.size :]
    for _ in ("engine", "board"):
        if not rest or len(rest) <= rest[0]:
            raise _unknown("a greeting that is cut off", where)
        texts.append(rest[1 : rest[0] + 1].decode("ascii", "replace"))
        rest = rest[rest[0] + 1 :]
    return Hello(*fields, *texts)


def _unknown(what: str, where: str) -> ForgeError:
    return ForgeError(
        f"the board speaks another version of the self-test: {what}",
        where=where,
        fix="generate the project with this version of tinyforge, and flash it",
    )
