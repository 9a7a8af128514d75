"""Frames on a serial line that may lose, change or invent bytes: firmware/link/forge_frame.h.

On the line: a zero byte, COBS(payload, its CRC-32 in little endian), a zero byte.
"""

from __future__ import annotations

import zlib

PAYLOAD_MAX = 240
_CRC = 4
_STUFFED_MAX = PAYLOAD_MAX + _CRC + 1


def encode(payload: bytes) -> bytes:
    """The frame of 1 to PAYLOAD_MAX bytes of payload."""
    assert 0 < len(payload) <= PAYLOAD_MAX
    blocks = (payload + zlib.crc32(payload).to_bytes(_CRC, "little")).split(b"\0")
    # No block reaches 254 bytes, so each has one length byte and stands for the zero after it.
    return b"\0" + b"".join(bytes([len(block) + 1]) + block for block in blocks) + b"\0"


class Reader:
    """Takes bytes off the line as they come; holds at most one frame of them.

    received: bytes so far. damaged: stretches between two borders that were no sound frame.
    pending: bytes since the last border.
    """

    def __init__(self) -> None:
        self.received = 0
        self.damaged = 0
        self._stuffed = bytearray()

    @property
    def pending(self) -> int:
        return len(self._stuffed)

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that these bytes complete."""
        self.received += len(data)
        *ended, rest = data.split(b"\0")
        payloads = []
        for stretch in ended:
            self._append(stretch)
            if self._stuffed:
                payload = _payload(bytes(self._stuffed))
                self._stuffed.clear()
                if payload is None:
                    self.damaged += 1
                else:
                    payloads.append(payload)
        self._append(rest)
        return payloads

    def _append(self, data: bytes) -> None:
        """One byte more than a frame can have is enough to know that it is none."""
        room = _STUFFED_MAX + 1 - len(self._stuffed)
        self._stuffed += data[:room]


def _payload(stuffed: bytes) -> bytes | None:
    """What lies between two borders, if it is a frame."""
    if len(stuffed) > _STUFFED_MAX:
        return None
    blocks = []
    position = 0
    while position < len(stuffed):
        end = position + stuffed[position]
        if end > len(stuffed):
            return None
        blocks.append(stuffed[position + 1 : end])
        position = end
    data = b"\0".join(blocks)
    payload, crc = data[:-_CRC], data[-_CRC:]
    if not payload or zlib.crc32(payload).to_bytes(_CRC, "little") != crc:
        return None
    return payload
