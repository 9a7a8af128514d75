"""Small pictures inside the page: an array as a PNG data URI, without an imaging library."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# PNG colour types by number of channels: greyscale, RGB.
_COLOUR_TYPES = {1: 0, 3: 2}


def data_uri(pixels: npt.NDArray[np.uint8]) -> str:
    """The picture as the src of an <img>. pixels: as for png()."""
    return "data:image/png;base64," + base64.b64encode(png(pixels)).decode("ascii")


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """A PNG file. pixels: uint8, (height, width) or (height, width, 1 or 3).

    Source: W3C PNG specification, third edition: IHDR, IDAT with filter type 0, IEND.
    """
    height, width, *rest = pixels.shape
    channels = rest[0] if rest else 1
    header = struct.pack(">2I5B", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    rows = np.ascontiguousarray(pixels, np.uint8).reshape(height, width * channels)
    unfiltered: npt.NDArray[Any] = np.insert(rows, 0, 0, axis=1)
    body = zlib.compress(unfiltered.tobytes(), 9)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
