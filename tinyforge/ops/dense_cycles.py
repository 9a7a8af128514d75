"""What the dense block takes on a Cortex-M4 without wait states, by the mid model of
tinyforge/sim/cycles. The block's figures are counted from its instructions; a tile's filling is
compiled C, and its figures are fitted to what gcc and zig make of it for the shared models.

Beside them, the bytes of the stream that it loads: all of it for each tile."""

from __future__ import annotations

import numpy as np

from tinyforge.ops.dense import Dense
from tinyforge.ops.sparse import Sparse
from tinyforge.ops.window import Window

# By pixels of a tile: its beginning, each stretch of inputs, each quad of inputs.
_TILE = {1: (112, 13, 8), 2: (76, 13, 14), 3: (80, 16, 19)}
# More of a stretch that does not end with a quad: nothing by zig, twice as many by gcc.
_REST = 10
# Of a last channel that has no second; from a sparse stream.
_ODD, _SPARSE_ODD = 100, 65
# More of a tile of which some stretch is copied; each such stretch, of few bytes or of many; and
# each byte of it.
_COPY = (300, (60, 128), 0.9)
_FEW_BYTES = 32
# From a sparse stream, by pixels of a tile: each quad, and each two channels beside.
_SPARSE = {1: (13, 52), 2: (19, 66), 3: (27, 82)}


def window_cycles(found: Dense, win: Window, rows: int, size: int) -> int:
    """Of a convolution. rows, size: a window's stretches of inputs, and the values in each."""
    lines = win.pictures * win.output[0]
    tiles, stretches = _copies(found, win)
    tile, (few, many), value = _COPY
    stretch = few if size <= _FEW_BYTES else many
    rest = _REST * rows * sum(found.blocks(win.output[1]).values()) if size % 4 else 0
    return round(
        lines * (_tiles(found, win.output[1], rows) + rest)
        + win.pictures * (tiles * tile + stretches * (stretch + value * size))
    )


def window_reads(found: Dense, win: Window) -> int:
    """Of a convolution."""
    return win.pictures * win.output[0] * row_reads(found, win.output[1])


def row_cycles(found: Dense, rows: int) -> int:
    """Of FULLY_CONNECTED."""
    return _tiles(found, rows, 1)


def row_reads(found: Dense, rows: int) -> int:
    """Of FULLY_CONNECTED."""
    return sum(found.blocks(rows).values()) * found.stream_bytes


def in_place_cycles(found: Dense, rows: int) -> int:
    """Of FULLY_CONNECTED on inputs as they are: four channels at once, or eight."""
    times, left = divmod(found.channels, found.together)
    if found.together == 4:
        units = found.quads // 2
        channels = 41 * units + 6 * -(-units // 4) + 55
    else:
        channels = 39 * found.quads + 6 * -(-found.quads // 4) + 99
    return rows * (110 + (times + (left > 0)) * channels + 60 * (left > 0))


def _tiles(found: Dense, pixels: int, rows: int) -> int:
    """All channels of so many pixels. rows: stretches of inputs of each."""
    return sum(n * _tile(found, size, rows) for size, n in found.blocks(pixels).items())


def _tile(found: Dense, pixels: int, rows: int) -> int:
    """All channels of up to three pixels at once."""
    begin, stretch, quad = _TILE[pixels]
    pairs, odd = divmod(found.channels, 2)
    if isinstance(found, Sparse):
        outputs = _sparse_channels(found, pixels) + odd * _SPARSE_ODD
    else:
        outputs = (pairs + odd) * _two_channels(found, pixels) + odd * _ODD
    return begin + rows * stretch + found.quads * quad + outputs


def _copies(found: Dense, win: Window) -> tuple[int, int]:
    """Tiles and rows of windows that do not lie side by side in the picture."""
    inside = win.taps(np.ones((*win.input, 1), np.int64), 0).all(axis=(3, 4))
    whole = 1 in (win.dilation[1], win.kernel[1])
    outside = (~(inside & whole)).sum(axis=2)
    blocks = found.blocks(win.output[1])
    tiles = np.repeat(list(blocks), list(blocks.values()))
    copied = np.add.reduceat(outside, np.cumsum(tiles) - tiles, axis=1) > 0
    return int(copied.sum()), int(outside.sum())


def _sparse_channels(found: Sparse, pixels: int) -> int:
    """All of them, of up to three pixels."""
    quad, begin = _SPARSE[pixels]
    counts, clamped = found.counts, 0 if found.scaled.rectified else 4 * pixels
    each = quad * counts + 5 * -(-counts // 8) + begin + clamped
    return int(each.sum())


def _two_channels(found: Dense, pixels: int) -> int:
    """Of up to three pixels: loads, products and loops, then the outputs."""
    runs, rectified = -(-found.quads // 8), found.scaled.rectified
    if pixels == 3:
        apart = 9 if found.byte_weights else 0
        return 24 * found.quads + 4 * runs + apart + (54 if rectified else 66)
    if pixels == 2 and not found.byte_weights:
        return 17 * found.quads + 6 * runs + (40 if rectified else 52)
    runs = -(-found.quads // 16)
    if pixels == 2:
        return 35 * (found.quads // 2) + 6 + 6 * runs + (40 if rectified else 52)
    if found.byte_weights:
        return 22 * (found.quads // 2) + 4 * runs + (32 if rectified else 40)
    last = 14 if found.quads % 2 else 4
    return 23 * (found.quads // 2) + 4 * runs + last + (30 if rectified else 38)
