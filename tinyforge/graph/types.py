"""Graph, Tensor, Operator: what every stage after the reader works on.

All of it is immutable. A pass takes a Graph and returns a new one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

# The fields of an operator's options table, by the names of TensorFlow Lite's schema
# ("stride_h", "padding", "fused_activation_function"), defaults filled in.
Options = Mapping[str, int | float | bool | str | tuple[int, ...]]


class DType(Enum):
    """Element types by their number in TensorFlow Lite's schema."""

    FLOAT32 = 0
    FLOAT16 = 1
    INT32 = 2
    UINT8 = 3
    INT64 = 4
    STRING = 5
    BOOL = 6
    INT16 = 7
    COMPLEX64 = 8
    INT8 = 9
    FLOAT64 = 10
    COMPLEX128 = 11
    UINT64 = 12
    RESOURCE = 13
    VARIANT = 14
    UINT32 = 15
    UINT16 = 16
    INT4 = 17

    @property
    def numpy(self) -> np.dtype[Any]:
        """The NumPy dtype; int8 for INT4, an element each.

        KeyError for STRING, RESOURCE and VARIANT, which have none."""
        return np.dtype(_NUMPY[self])

    @property
    def itemsize(self) -> int:
        """Bytes an element takes in NumPy."""
        return self.numpy.itemsize

    def nbytes(self, count: int) -> int:
        """Bytes that so many elements take in a file and on a device: INT4 is packed."""
        return -(-count // 2) if self is DType.INT4 else count * self.itemsize


_NUMPY: dict[DType, str] = {
    dtype: "int8" if dtype is DType.INT4 else dtype.name.lower()
    for dtype in DType
    if dtype not in (DType.STRING, DType.RESOURCE, DType.VARIANT)
}


@dataclass(frozen=True)
class Quant:
    """Affine quantization: real = scale * (q - zero_point).

    scale: float32 values, one, or one a channel. zero_point: as many as scale.
    axis: the channel dimension when there is more than one.
    """

    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int = 0

    @property
    def per_channel(self) -> bool:
        return len(self.scale) > 1


@dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor. data is its constant value (shape and dtype as stated), or None if computed.

    variable: it keeps its value from one inference to the next, as operators leave it. start: what
    it is before the first one, where that is not `initial` throughout. signature: the shape as the
    converter knew it, -1 for a dimension that it left open; () where it knew all.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: DType
    quant: Quant | None = None
    data: npt.NDArray[Any] | None = None
    variable: bool = False
    start: npt.NDArray[Any] | None = None
    signature: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """Elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.dtype.nbytes(self.size)

    @property
    def scale(self) -> float:
        """The one scale of a per-tensor quantized tensor."""
        assert self.quant is not None and not self.quant.per_channel
        return self.quant.scale[0]

    @property
    def zero_point(self) -> int:
        """The one zero point of a per-tensor quantized tensor."""
        assert self.quant is not None and not self.quant.per_channel
        return self.quant.zero_point[0]

    @property
    def initial(self) -> int:
        """What every element of a variable tensor without a start is before the first inference.

        Source: TensorFlow Lite Micro's ResetTensorData, which knows the zero points of int8 alone.
        """
        return self.zero_point if self.dtype is DType.INT8 and self.quant else 0

    def at_start(self) -> npt.NDArray[Any]:
        """A new array of what a variable tensor is before the first inference."""
        if self.start is not None:
            return self.start.reshape(self.shape).copy()
        return np.full(self.shape, self.initial, self.dtype.numpy)


@dataclass(frozen=True, eq=False)
class Operator:
    """One layer. inputs and outputs are tensor indices; -1 is an optional input left out."""

    index: int
    op: str  # TensorFlow Lite's builtin name: "CONV_2D"
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Options


@dataclass(frozen=True, eq=False)
class Graph:
    """A model. operators are in an order in which they can run; tensors by index.

    metadata: what the file says of the model beside how it computes, by name; passes keep it.
    initializers: the file's other graphs, which CALL_ONCE runs before the first inference.
    """

    name: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    metadata: Mapping[str, bytes] = field(default_factory=dict)
    initializers: tuple[Graph, ...] = ()

    @cached_property
    def input_tensors(self) -> tuple[Tensor, ...]:
        return tuple(self.tensors[t] for t in self.inputs)

    @cached_property
    def output_tensors(self) -> tuple[Tensor, ...]:
        return tuple(self.tensors[t] for t in self.outputs)

    @property
    def input_bytes(self) -> int:
        """Of all inputs."""
        return sum(t.nbytes for t in self.input_tensors)

    @property
    def output_bytes(self) -> int:
        """Of all outputs."""
        return sum(t.nbytes for t in self.output_tensors)

    @cached_property
    def states(self) -> tuple[int, ...]:
        """The variable tensors, by index."""
        return tuple(t.index for t in self.tensors if t.variable)

    @cached_property
    def producers(self) -> Mapping[int, Operator]:
        """Tensor index to the operator that writes it."""
        return {t: op for op in self.operators for t in op.outputs}

    @cached_property
    def consumers(self) -> Mapping[int, tuple[Operator, ...]]:
        """Tensor index to the operators that read it, in order; every tensor has an entry."""
        readers: dict[int, list[Operator]] = {t.index: [] for t in self.tensors}
        for op in self.operators:
            for t in dict.fromkeys(op.inputs):
                if t >= 0:
                    readers[t].append(op)
        return {t: tuple(ops) for t, ops in readers.items()}

    def where(self, op: Operator) -> str:
        """How an error names a layer: layer 3 CONV_2D 'conv2d_1/Conv2D'."""
        name = self.tensors[op.outputs[0]].name if op.outputs else ""
        return f"layer {op.index} {op.op} {name!r}"
