"""Operators in NumPy, of constants of any type: what an operator gives whose inputs are known.

Shapes follow from the same functions, run on inputs of which only the shape matters. Integers wrap
and divide as in C; float32 stays float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph.types import DType, Operator, Options, Tensor

Array = npt.NDArray[Any]

# What one operator may make: none of a model for a microcontroller makes as much of constants.
MOST_ELEMENTS = 1 << 22


@dataclass(frozen=True, eq=False)
class Known:
    """An operator and its operands. inputs: their values; None for one that is left out. sources,
    results: the tensors. Where a source is no constant its value is one of the same shape."""

    op: Operator
    inputs: Sequence[Array | None]
    sources: Sequence[Tensor | None]
    results: Sequence[Tensor]

    @property
    def options(self) -> Options:
        return self.op.options

    def integer(self, name: str) -> int:
        value = self.op.options[name]
        assert isinstance(value, int)
        return value

    def __getitem__(self, position: int) -> Array:
        """An input's value. ValueError where it is left out."""
        found = self.inputs[position]
        if found is None:
            raise ValueError(f"input {position} is left out")
        return found

    def parameter(self, position: int) -> Array:
        """The value of an input that shapes depend on. ValueError unless it is a constant."""
        source = self.sources[position]
        if source is None or source.data is None:
            raise ValueError(f"input {position} is not known")
        return source.data

    def integers(self, position: int) -> tuple[int, ...]:
        """A parameter's elements: axes, sizes."""
        return tuple(int(v) for v in self.parameter(position).reshape(-1))


def bounded(shape: Sequence[int]) -> tuple[int, ...]:
    """The shape. ValueError where it has more elements than a constant may have."""
    if any(size < 0 for size in shape) or math.prod(shape) > MOST_ELEMENTS:
        raise ValueError(f"{list(shape)} is too large")
    return tuple(shape)


def _reshape(k: Known) -> Array:
    given = k.integers(1) if len(k.inputs) > 1 else k.options["new_shape"]
    assert isinstance(given, tuple)
    return k[0].reshape(given)


def _squeeze(k: Known) -> Array:
    axes = k.options["squeeze_dims"]
    assert isinstance(axes, tuple)
    return np.squeeze(k[0], axes or None)


def _strided_slice(k: Known) -> Array:
    """Source: StridedSlice of TensorFlow Lite; what its masks say."""
    names = ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    begin_mask, end_mask, ellipsis, new_axis, shrink = (k.integer(f"{n}_mask") for n in names)
    index: list[Any] = []
    for i, (b, e, s) in enumerate(zip(*map(k.integers, (1, 2, 3)), strict=True)):
        if ellipsis >> i & 1:
            index.append(Ellipsis)
        elif new_axis >> i & 1:
            index.append(np.newaxis)
        elif shrink >> i & 1:
            index.append(b)
        else:
            index.append(
                slice(None if begin_mask >> i & 1 else b, None if end_mask >> i & 1 else e, s)
            )
    return np.asarray(k[0][tuple(index)])


def _slice(k: Known) -> Array:
    sizes = k.integers(2)
    ends = (None if n == -1 else b + n for b, n in zip(k.integers(1), sizes, strict=True))
    found = k[0][tuple(slice(b, e) for b, e in zip(k.integers(1), ends, strict=True))]
    if any(n not in (-1, m) for n, m in zip(sizes, found.shape, strict=True)):
        raise ValueError("the slice leaves the tensor")
    return found


def _split(k: Known) -> tuple[Array, ...]:
    return tuple(np.split(k[1], len(k.results), k.integers(0)[0]))


def _split_v(k: Known) -> tuple[Array, ...]:
    sizes, axis = k.integers(1), k.integers(2)[0]
    whole = k[0].shape[axis]
    known = [whole - sum(sizes) - 1 if n == -1 else n for n in sizes]
    return tuple(np.split(k[0], np.cumsum(known)[:-1], axis))


def _unpack(k: Known) -> tuple[Array, ...]:
    return tuple(np.moveaxis(k[0], k.integer("axis"), 0))


def _pad(k: Known) -> Array:
    """What it pads with: the third operand, else the zero point."""
    source = k.sources[0]
    fill = source.zero_point if source and source.quant and not source.quant.per_channel else 0
    if len(k.inputs) > 2:
        fill = k[2].reshape(-1)[0]
    paddings = k.parameter(1).reshape(-1, 2).tolist()
    bounded([a + n + b for (a, b), n in zip(paddings, k[0].shape, strict=True)])
    return np.pad(k[0], paddings, constant_values=fill)


def _mirror_pad(k: Known) -> Array:
    paddings = k.parameter(1).reshape(-1, 2).tolist()
    bounded([a + n + b for (a, b), n in zip(paddings, k[0].shape, strict=True)])
    return np.pad(k[0], paddings, mode="symmetric" if k.integer("mode") else "reflect")


def _tile(k: Known) -> Array:
    bounded([n * m for n, m in zip(k[0].shape, k.integers(1), strict=True)])
    return np.tile(k[0], k.integers(1))


def _gather(k: Known) -> Array:
    if k.options["batch_dims"]:
        raise ValueError("batch_dims")
    axis = k.integer("axis")
    bounded([k[0].size // k[0].shape[axis], k[1].size])
    return np.take(k[0], k[1], axis)


def _range(k: Known) -> Array:
    start, limit, delta = (k.parameter(i).reshape(()).item() for i in range(3))
    bounded([max(0, math.ceil((limit - start) / delta))])
    return np.asarray(np.arange(start, limit, delta), k.parameter(0).dtype)


def _depth_to_space(k: Known) -> Array:
    block, (n, h, w, c) = k.integer("block_size"), k[0].shape
    deep = k[0].reshape(n, h, w, block, block, c // block**2)
    return deep.transpose(0, 1, 3, 2, 4, 5).reshape(n, h * block, w * block, c // block**2)


def _space_to_depth(k: Known) -> Array:
    block, (n, h, w, c) = k.integer("block_size"), k[0].shape
    blocks = k[0].reshape(n, h // block, block, w // block, block, c)
    return blocks.transpose(0, 1, 3, 2, 4, 5).reshape(n, h // block, w // block, -1)


def _cumsum(k: Known) -> Array:
    axis, reverse = k.integers(1)[0], k.options["reverse"]
    x = np.flip(k[0], axis) if reverse else k[0]
    total = np.cumsum(x, axis, x.dtype)
    if k.options["exclusive"]:
        total = np.roll(total, 1, axis)
        np.moveaxis(total, axis, 0)[0] = 0
    return np.flip(total, axis) if reverse else total


def _sum(k: Known) -> Array:
    """One element after the other, as the interpreter adds: floats depend on the order."""
    axes = {axis % k[0].ndim for axis in k.integers(1)}
    kept = [axis for axis in range(k[0].ndim) if axis not in axes]
    rows = k[0].transpose(*kept, *sorted(axes)).reshape(*(k[0].shape[a] for a in kept), -1)
    shape = [1 if a in axes else n for a, n in enumerate(k[0].shape)]
    total = np.cumsum(rows, -1, k[0].dtype)[..., -1]
    return total.reshape(shape if k.options["keep_dims"] else total.shape)


def _mean(k: Known) -> Array:
    total = _sum(k)
    return np.asarray(_quotient(total, np.array(k[0].size // total.size, k[0].dtype)))


def _cast(k: Known) -> Array:
    return np.asarray(np.trunc(k[0]).astype(k.results[0].dtype.numpy))


def _quantize(k: Known) -> Array:
    """float32 to integers, half away from zero. Source: AffineQuantize of TensorFlow Lite."""
    out = k.results[0]
    if k[0].dtype != np.float32 or out.quant is None or out.quant.per_channel:
        raise ValueError("not float32 to one scale")
    limits = np.iinfo(out.dtype.numpy)
    scaled = (k[0] / np.float32(out.scale)).astype(np.float64)
    rounded = np.trunc(scaled + np.copysign(0.5, scaled)) + out.zero_point
    clipped = np.clip(np.nan_to_num(rounded), limits.min, limits.max)
    return np.asarray(clipped.astype(out.dtype.numpy))


def _dequantize(k: Known) -> Array:
    source = k.sources[0]
    if source is None or source.dtype is DType.FLOAT16:
        return k[0].astype(np.float32)
    if source.quant is None:
        raise ValueError("no scale")
    shape = [1] * k[0].ndim
    if source.quant.per_channel:
        shape[source.quant.axis] = -1
    scale, zero_point = (
        np.array(v, np.float64).reshape(shape)
        for v in (source.quant.scale, source.quant.zero_point)
    )
    return (scale * (k[0] - zero_point)).astype(np.float32).reshape(k[0].shape)


_ACTIVATIONS: Mapping[int, Callable[[Array], Array]] = {
    0: lambda x: x,
    1: lambda x: np.maximum(x, 0),
    2: lambda x: np.clip(x, -1, 1),
    3: lambda x: np.clip(x, 0, 6),
}


def _operands(k: Known) -> list[Array]:
    """All of them, which broadcast to something of a bounded size."""
    found = [k[i] for i in range(len(k.inputs))]
    bounded(np.broadcast_shapes(*(x.shape for x in found)))
    return found


def _activated(function: Callable[[Array, Array], Array]) -> Callable[[Known], Array]:
    """Of two operands, with the activation that is fused into it."""

    def folded(k: Known) -> Array:
        return _ACTIVATIONS[k.integer("fused_activation_function")](function(*_operands(k)))

    return folded


def _of(function: Callable[..., Any]) -> Callable[[Known], Array]:
    """Of all operands, in order, in the first one's type."""

    def folded(k: Known) -> Array:
        return np.asarray(function(*_operands(k)), k[0].dtype)

    return folded


def _compared(function: Callable[..., Any]) -> Callable[[Known], Array]:
    return lambda k: np.asarray(function(*_operands(k)), np.bool_)


def _reduced(function: Callable[..., Any]) -> Callable[[Known], Array]:
    def folded(k: Known) -> Array:
        found = function(k[0], axis=k.integers(1), keepdims=bool(k.options["keep_dims"]))
        return np.asarray(found, k[0].dtype)

    return folded


def _quotient(a: Array, b: Array) -> Array:
    """Integers towards zero, as in C."""
    return a / b if a.dtype.kind == "f" else np.trunc(a / b).astype(a.dtype)


def _arg(function: Callable[..., Any]) -> Callable[[Known], Array]:
    return lambda k: np.asarray(function(k[0], k.integers(1)[0]), k.results[0].dtype.numpy)


Folder = Callable[[Known], Array | tuple[Array, ...]]

# Operators that only move elements: of any type, and int8 among them.
MOVES: Mapping[str, Folder] = {
    "BROADCAST_TO": lambda k: np.broadcast_to(k[0], bounded(k.integers(1))),
    "CONCATENATION": lambda k: np.concatenate(
        [k[i] for i in range(len(k.inputs))], k.integer("axis")
    ),
    "DEPTH_TO_SPACE": _depth_to_space,
    "EXPAND_DIMS": lambda k: np.expand_dims(k[0], k.integers(1)),
    "FILL": lambda k: np.full(bounded(k.integers(0)), k[1].reshape(()), k[1].dtype),
    "GATHER": _gather,
    "MIRROR_PAD": _mirror_pad,
    "PACK": lambda k: np.stack([k[i] for i in range(len(k.inputs))], k.integer("axis")),
    "PAD": _pad,
    "PADV2": _pad,
    "RESHAPE": _reshape,
    "REVERSE_V2": lambda k: np.flip(k[0], k.integers(1)),
    "SELECT": lambda k: np.where(*_operands(k)),
    "SELECT_V2": lambda k: np.where(*_operands(k)),
    "SLICE": _slice,
    "SPACE_TO_DEPTH": _space_to_depth,
    "SPLIT": _split,
    "SPLIT_V": _split_v,
    "SQUEEZE": _squeeze,
    "STRIDED_SLICE": _strided_slice,
    "TILE": _tile,
    "TRANSPOSE": lambda k: np.transpose(k[0], k.integers(1)),
    "UNPACK": _unpack,
}

# Operators that compute, of values that are not quantized.
COMPUTES: Mapping[str, Folder] = {
    "ABS": _of(np.abs),
    "ADD": _activated(np.add),
    "ADD_N": _of(lambda *x: sum(x[1:], x[0])),
    "ARG_MAX": _arg(np.argmax),
    "ARG_MIN": _arg(np.argmin),
    "BROADCAST_ARGS": lambda k: np.array(
        np.broadcast_shapes(k.integers(0), k.integers(1)), k[0].dtype
    ),
    "CAST": _cast,
    "CEIL": _of(np.ceil),
    "COS": _of(np.cos),
    "CUMSUM": _cumsum,
    "DIV": _activated(_quotient),
    "EQUAL": _compared(np.equal),
    "EXP": _of(np.exp),
    "FLOOR": _of(np.floor),
    "FLOOR_DIV": _of(np.floor_divide),
    "FLOOR_MOD": _of(np.mod),
    "GREATER": _compared(np.greater),
    "GREATER_EQUAL": _compared(np.greater_equal),
    "LESS": _compared(np.less),
    "LESS_EQUAL": _compared(np.less_equal),
    "LOG": _of(np.log),
    "LOGICAL_AND": _compared(np.logical_and),
    "LOGICAL_NOT": _compared(np.logical_not),
    "LOGICAL_OR": _compared(np.logical_or),
    "MAXIMUM": _of(np.maximum),
    "MEAN": _mean,
    "MINIMUM": _of(np.minimum),
    "MUL": _activated(np.multiply),
    "NEG": _of(np.negative),
    "NOT_EQUAL": _compared(np.not_equal),
    "POW": _of(np.power),
    "RANGE": _range,
    "REDUCE_ALL": _reduced(np.all),
    "REDUCE_ANY": _reduced(np.any),
    "REDUCE_MAX": _reduced(np.max),
    "REDUCE_MIN": _reduced(np.min),
    "REDUCE_PROD": _reduced(np.prod),
    "RELU": _of(lambda x: np.maximum(x, 0)),
    "RELU6": _of(lambda x: np.clip(x, 0, 6)),
    "ROUND": _of(np.rint),
    "RSQRT": _of(lambda x: 1 / np.sqrt(x)),
    "SIGN": _of(np.sign),
    "SIN": _of(np.sin),
    "SQRT": _of(np.sqrt),
    "SQUARE": _of(np.square),
    "SQUARED_DIFFERENCE": _of(lambda a, b: np.square(a - b)),
    "SUB": _activated(np.subtract),
    "SUM": _sum,
    "ZEROS_LIKE": _of(np.zeros_like),
}

# Between real and quantized values.
CONVERTS: Mapping[str, Folder] = {"DEQUANTIZE": _dequantize, "QUANTIZE": _quantize}


def evaluated(folder: Folder, known: Known) -> tuple[Array, ...] | None:
    """An operator's outputs; None where they are not known, or it is not a sound operator.

    What is unsound in it is for the checks behind this pass to name.
    """
    if sum(x.size for x in known.inputs if x is not None) > MOST_ELEMENTS:
        return None
    try:
        with np.errstate(all="ignore"):
            found = folder(known)
    except (ValueError, IndexError, KeyError, TypeError, ZeroDivisionError, OverflowError):
        return None
    arrays = found if isinstance(found, tuple) else (found,)
    return arrays if len(arrays) == len(known.results) else None
