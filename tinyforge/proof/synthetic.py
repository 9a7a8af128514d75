"""Inputs for a model without data, as unlike each other as real ones: they should tell a right
layer from a wrong one.

Constant inputs hide errors: real zeros are multiplied by every weight alike, and what saturates
in the first layer stays so. So they come last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Tensor
from tinyforge.graph.packed import Rows, packed, unpacked
from tinyforge.ops import index_limits

Array = npt.NDArray[Any]

# Real values of a pattern: (shape, generator) to values of which most lie in [-1, 1].
Pattern = Callable[[tuple[int, ...], np.random.Generator], Array]

_WAVES = 4


def drawn(t: Tensor, count: int, rng: np.random.Generator, indices: int | None = None) -> Array:
    """count values of one input, (count, *shape) in its dtype. Constant ones are the last three,
    where there is room for two of each pattern before. indices: how many there are, of an input of
    indices: then any of those."""
    if indices is not None:
        return rng.integers(0, indices, (count, *t.shape)).astype(t.dtype.numpy)
    if t.dtype is DType.BOOL:
        return rng.integers(0, 2, (count, *t.shape)).astype(t.dtype.numpy)
    flat = _flat(t) if count > 2 * len(_PATTERNS) else []
    patterns = [_PATTERNS[i % len(_PATTERNS)] for i in range(count - len(flat))]
    return np.stack([*(_placed(pattern(t.shape, rng), t) for pattern in patterns), *flat])


def mixed(graph: Graph, one: Rows, other: Rows, share: float) -> Rows:
    """An input that lies between two, (bytes,): share 0 is the one, 1 the other."""
    return _combined(graph, one, other, lambda a, b, _t: a + share * (b - a))


def varied(graph: Graph, one: Rows, other: Rows, rng: np.random.Generator) -> Rows:
    """An input in one of three ways like another: nearer to a second one, with a box of that, or
    stronger or weaker as a whole."""
    way, share = rng.integers(3), float(rng.choice([0.5, 0.25, 0.1, -0.25]))

    def change(a: Array, b: Array, t: Tensor) -> Array:
        if way == 0:
            return a + share * (b - a)
        if way == 1:
            out, box = a.copy(), _box(a.shape, rng)
            out[box] = b[box]
            return out
        zero = t.zero_point if t.quant else 0
        return zero + (1 + share) * (a - zero)

    return _combined(graph, one, other, change)


def _combined(
    graph: Graph, one: Rows, other: Rows, change: Callable[[Array, Array, Tensor], Array]
) -> Rows:
    """Each input tensor's real combination of two, as its own type takes it."""
    made, indices = [], index_limits(graph)
    parts = (unpacked(row[np.newaxis], graph.input_tensors) for row in (one, other))
    for a, b, t in zip(*parts, graph.input_tensors, strict=True):
        real = change(a[0].astype(np.float64), b[0].astype(np.float64), t)
        if t.index in indices:
            real = np.clip(real, 0, indices[t.index] - 1)
        made.append(_stored(real, t)[np.newaxis])
    row: Rows = packed(made)[0]
    return row


def _stored(values: Array, t: Tensor) -> Array:
    """Rounded and saturated to the tensor's type."""
    if t.dtype is DType.FLOAT32:
        return values.astype(np.float32)
    limits = (0, 1) if t.dtype is DType.BOOL else _limits(t)
    return np.clip(np.rint(values), *limits).astype(t.dtype.numpy)


def _limits(t: Tensor) -> tuple[int, int]:
    limits = np.iinfo(t.dtype.numpy)
    return int(limits.min), int(limits.max)


def _box(shape: tuple[int, ...], rng: np.random.Generator) -> tuple[slice, ...]:
    """Any stretch of each long dimension, all of the others."""
    return tuple(
        slice(*sorted(rng.integers(0, size + 1, 2))) if size > 4 else slice(None) for size in shape
    )


def _flat(t: Tensor) -> list[Array]:
    """All lowest, all zero, all highest."""
    if t.dtype is DType.FLOAT32:
        return [np.full(t.shape, v, np.float32) for v in (-1, 0, 1)]
    low, high = _limits(t)
    zero = t.zero_point if t.quant else 0
    return [np.full(t.shape, v, t.dtype.numpy) for v in (low, zero, high)]


def _placed(real: Array, t: Tensor) -> Array:
    """A pattern in the range of the tensor's type: -1..1 takes all of it."""
    if t.dtype is DType.FLOAT32:
        return real.astype(np.float32)
    low, high = _limits(t)
    return _stored((high + low) / 2 + (high - low) / 2 * real, t)


def _smooth(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """A field of a few slow waves along every dimension but the channels'."""
    field = np.zeros(shape)
    axes = [a for a in range(len(shape)) if shape[a] > 1]
    for _ in range(_WAVES):
        phase = np.zeros(shape) + rng.uniform(0, 2 * np.pi, shape[-1:] if shape else ())
        for axis in axes[:-1] if len(axes) > 1 else axes:
            ramp = np.arange(shape[axis]) / shape[axis]
            along = [1] * len(shape)
            along[axis] = shape[axis]
            phase = phase + 2 * np.pi * rng.uniform(0.3, 3) * ramp.reshape(along)
        field += np.cos(phase) / _WAVES
    return np.asarray(1.6 * field)


def _noise(amplitude: float) -> Pattern:
    return lambda shape, rng: np.asarray(rng.normal(0, amplitude, shape))


def _uniform(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    return np.asarray(rng.uniform(-1, 1, shape))


def _blocks(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Boxes of one value each, on ground of another, with a little noise."""
    field = np.full(shape, rng.uniform(-1, 1))
    for _ in range(_WAVES):
        field[_box(shape, rng)] = rng.uniform(-1, 1)
    return np.asarray(field + rng.normal(0, 0.05, shape))


def _textured(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    return 0.6 * _smooth(shape, rng) + np.asarray(rng.normal(0, 0.2, shape))


_PATTERNS: tuple[Pattern, ...] = (_smooth, _textured, _noise(0.25), _blocks, _uniform, _noise(0.08))
