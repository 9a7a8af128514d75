"""What the matrix block takes on a Cortex-M55, in instructions: nothing here models its cycles. The
block's figures are counted from its instructions; what surrounds it is compiled C, and its figures
are fitted to what gcc and zig make of it."""

from __future__ import annotations

from tinyforge.ops.matrix import CHUNK, PIXELS, Matrix
from tinyforge.ops.window import Window

# A call for any number of pixels; for fours of them, each four, each two channels: so many
# and as many a chunk, with a jump for so many chunks.
_CALL = 55
_QUADS, _QUAD, _PAIR, _PAIR_CHUNK, _PAIR_JUMP = 45, 16, 23, 14, 8
# For a channel that has no second.
_ODD = 45
# For a pixel alone, and each eight channels of it.
_SINGLE, _EIGHT, _EIGHT_CHUNK, _EIGHT_JUMP = 45, 37, 17, 4
_JUMP = 2
# By columns: a call, each four pixels, each two channels and each chunk of them.
_COLUMNS, _COLUMNS_QUAD, _COLUMNS_PAIR, _COLUMNS_CHUNK = 75, 12, 22, 12
# Each line, and each four pixels whose columns are copied: each vector of them.
_COLUMNS_LINE, _EDGE, _EDGE_VECTOR = 40, 100, 2
# Copies: a line, four windows; of those in the image each row, and each vector of a row. Of others
# each window, each row, each vector, and each chunk that is filled first.
_LINE, _WINDOWS = 20, 8
_ROW, _VECTOR = 17, 12
_PART, _PART_ROW, _PART_VECTOR, _PART_CHUNK = 35, 8, 3, 2


def window_instructions(found: Matrix, win: Window, *, copied: bool) -> int:
    """Of a convolution. copied: whether windows are copied to a tile first."""
    height, width = win.output
    fours, left = divmod(width, PIXELS)
    if not copied:
        return win.pictures * height * pixels_instructions(found, width)
    line = fours * _fours(found, 1, -(-found.channels // 2), 0)
    line += pixels_instructions(found, left) if left else 0
    return win.pictures * (height * (_LINE + line) + _copies(found, win))


def columns_instructions(found: Matrix, win: Window) -> int:
    """Of a convolution with 3x3 windows, by columns."""
    height, width = win.output
    quad = _COLUMNS_QUAD + found.channels // 2 * (_COLUMNS_PAIR + _COLUMNS_CHUNK * found.chunks)
    inside = _within(win, 0, 1) * _within(win, 1, PIXELS)
    edges = height * -(-width // PIXELS) - inside
    copied = _EDGE + 2 * (PIXELS + 2) * found.chunks * _EDGE_VECTOR // 3
    calls = _COLUMNS * (edges + (inside and _within(win, 0, 1)))
    line = height * _COLUMNS_LINE
    return win.pictures * (line + (inside + edges) * quad + edges * copied + calls)


def pixels_instructions(found: Matrix, count: int) -> int:
    """All channels of so many pixels, side by side."""
    fours, left = divmod(count, PIXELS)
    every, part = -(-found.channels // 2), int(found.missing > 0)
    quads = _fours(found, fours, every, part) if fours else 0
    rest = min(_fours(found, 1, every, part), left * _single(found, part))
    return _CALL + quads + rest


def _single(found: Matrix, part: int) -> int:
    """Of a pixel alone."""
    groups, rest = divmod(found.channels, 8)
    runs = -(-(found.chunks - 1) // _EIGHT_JUMP)
    eight = _EIGHT + _EIGHT_CHUNK * found.chunks + _JUMP * runs + part
    return _SINGLE + groups * eight + (_fours(found, 1, -(-rest // 2), part) if rest else 0)


def _fours(found: Matrix, count: int, pairs: int, part: int) -> int:
    """Of so many times four pixels. part: whether first chunks are loaded in part."""
    runs = -(-(found.chunks - 1) // _PAIR_JUMP)
    pair = _PAIR + _PAIR_CHUNK * found.chunks + _JUMP * runs + part
    return _QUADS + found.channels % 2 * _ODD + count * (_QUAD + pairs * pair)


def _copies(found: Matrix, win: Window) -> int:
    """All windows of a picture to tiles."""
    height, width = win.output
    fours = -(-width // PIXELS)
    inside = _within(win, 0, 1) * _within(win, 1, PIXELS)
    vectors = -(-found.depth // win.kernel[0] // CHUNK)
    four = win.kernel[0] * (_ROW + _VECTOR * vectors)
    part = _PART + win.kernel[0] * (_PART_ROW + _PART_VECTOR * vectors)
    outside = height * fours - inside
    pixels = height * width - PIXELS * inside
    filled = pixels * found.chunks * _PART_CHUNK
    return _WINDOWS * height * fours + inside * four + pixels * part + filled + outside * _CALL


def _within(win: Window, axis: int, count: int) -> int:
    """How many times so many windows, side by side, lie in the image as a whole."""
    if axis == 1 and win.dilation[1] > 1 and win.kernel[1] > 1:
        return 0
    reach = (count - 1) * win.stride[axis] + (win.kernel[axis] - 1) * win.dilation[axis] + 1
    begins = range(0, win.output[axis] - count + 1, count)
    lefts = (begin * win.stride[axis] - win.padding[axis] for begin in begins)
    return sum(0 <= left <= win.input[axis] - reach for left in lefts)
