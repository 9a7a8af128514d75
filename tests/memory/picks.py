"""Random graphs of operators that take rows of a picture from anywhere in it."""

from __future__ import annotations

from tests.corpus import layers
from tests.memory.graphs import Net
from tinyforge.graph import Graph


def random_picks(seed: int, count: int) -> Graph:
    """count operators on small pictures, convolutions between them."""
    n = Net(seed)
    made = [n.input(1, *n.rng.integers(3, 8, 2).tolist(), int(n.rng.integers(1, 4)))]
    for _ in range(count):
        x = made[-1 - min(len(made) - 1, int(n.rng.exponential(0.7)))]
        made.append(_picked(n, x))
    return n.build(made[-1], *[t for t in made[1:-1] if n.rng.random() < 0.1])


def _picked(n: Net, x: int) -> int:
    b, pick = n.builder, n.rng.integers
    _, height, width, channels = n.shape(x)

    def move(op: str, shape: tuple[int, ...], *operands: object, **options: int) -> int:
        return layers.moved(b, op, [x], shape, *operands, **options)

    match int(pick(9)):
        case 0 | 1:
            return n.conv(x, int(pick(1, 4)))
        case 2 | 3:
            size = pick(1, 10, 2).tolist()
            way = {} if pick(2) else {"half_pixel_centers": True}
            return move("RESIZE_BILINEAR", (1, *size, channels), size, **way)
        case 4 | 5 if 2 < height < 10 and 2 < width < 10:
            top, bottom, left, right = pick(0, 3, 4).tolist()
            shape = (1, height + top + bottom, width + left + right, channels)
            borders = [(0, 0), (top, bottom), (left, right), (0, 0)]
            return move("MIRROR_PAD", shape, borders, mode=int(pick(2)))
        case 6:
            rows = pick(0, height, int(pick(1, 9))).tolist()
            return move("GATHER", (1, len(rows), width, channels), rows, axis=1)
        case 7:
            return move("REVERSE_V2", n.shape(x), [int(pick(1, 4))])
        case 8 if height == 1:
            return move("BROADCAST_TO", (1, 5, width, channels), [1, 5, width, channels])
        case _:
            return n.relu(x)
