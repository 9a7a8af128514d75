"""Graphs built by hand, for tests: TFLM runs what tinyforge.tflite.write makes of them.

b = GraphBuilder()
x = b.input((1, 8, 8, 3), 0.02, -5)
w = b.constant(weights, Quant(scales, zero_points, axis=0))
y = b.op("CONV_2D", [x, w, -1], (1, 8, 8, 4), 0.05, 3, stride_w=1, stride_h=1)
graph = b.build([y])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph.types import DType, Graph, Operator, Options, Quant, Tensor
from tinyforge.tflite.opcodes import CUSTOM_CODES, OPTIONS_TABLE
from tinyforge.tflite.schema import TABLES
from tinyforge.tflite.verifier import verify

OptionValue = int | float | bool | tuple[int, ...]


@dataclass(frozen=True)
class TensorSpec:
    """A computed tensor: what it is, not yet which one. scale: 0 for one without quantization."""

    shape: tuple[int, ...]
    scale: float
    zero_point: int = 0
    dtype: DType = DType.INT8

    @property
    def quant(self) -> Quant | None:
        if not self.scale:
            return None
        return Quant(float32([self.scale]), (self.zero_point,))


@dataclass(frozen=True, eq=False)
class Constant:
    """A constant operand; quant is None for shapes, axes and paddings."""

    values: npt.NDArray[Any]
    quant: Quant | None = None
    dtype: DType | None = None


def full_options(op: str, given: Mapping[str, OptionValue]) -> Options:
    """The options given, and the schema's defaults for the rest. KeyError for unknown names. Those
    of custom operators have no schema."""
    if op in CUSTOM_CODES:
        return dict(given)
    table = OPTIONS_TABLE[op]
    fields = TABLES[table] if table else {}
    unknown = given.keys() - fields.keys()
    if unknown:
        raise KeyError(f"{op} has no option {sorted(unknown)}")
    defaults: dict[str, OptionValue] = {
        name: () if field.type.startswith("[") else field.default for name, field in fields.items()
    }
    return defaults | dict(given)


def float32(values: Sequence[float] | npt.NDArray[Any]) -> tuple[float, ...]:
    """Scales as a file holds them: float32 values as Python floats."""
    return tuple(np.asarray(values, np.float32).tolist())


class GraphBuilder:
    """Adds tensors and operators one by one; every method returns tensor indices."""

    def __init__(self, name: str = "model") -> None:
        self.name = name
        self.tensors: list[Tensor] = []
        self._operators: list[Operator] = []
        self._inputs: list[int] = []

    def input(
        self,
        shape: Sequence[int],
        scale: float,
        zero_point: int = 0,
        *,
        dtype: DType = DType.INT8,
        name: str = "",
    ) -> int:
        """An input of the model."""
        spec = TensorSpec(tuple(shape), scale, zero_point, dtype)
        index = self._computed(spec, name or "input")
        self._inputs.append(index)
        return index

    def constant(
        self,
        values: npt.NDArray[Any],
        quant: Quant | None = None,
        *,
        dtype: DType | None = None,
        name: str = "",
    ) -> int:
        """A constant of the array's shape and dtype, or of one that NumPy has not: INT4."""
        if quant is not None:
            quant = Quant(float32(quant.scale), quant.zero_point, quant.axis)
        index = len(self.tensors)
        dtype = dtype or DType[values.dtype.name.upper()]
        label = name or f"constant_{index}"
        self.tensors.append(Tensor(index, label, values.shape, dtype, quant, values))
        return index

    def variable(self, shape: Sequence[int], dtype: DType, quant: Quant, *, name: str = "") -> int:
        """A tensor that keeps its value between inferences."""
        index = len(self.tensors)
        label = name or f"variable_{index}"
        tensor = Tensor(index, label, tuple(shape), dtype, quant, variable=True)
        self.tensors.append(tensor)
        return index

    def op(
        self,
        op: str,
        inputs: Sequence[int],
        shape: Sequence[int],
        scale: float,
        zero_point: int = 0,
        *,
        dtype: DType = DType.INT8,
        name: str = "",
        **options: OptionValue,
    ) -> int:
        """An operator with one output; an input of -1 is left out."""
        spec = TensorSpec(tuple(shape), scale, zero_point, dtype)
        return self.ops(op, inputs, [spec], options, name=name)[0]

    def ops(
        self,
        op: str,
        inputs: Sequence[int],
        outputs: Sequence[TensorSpec],
        options: Mapping[str, OptionValue],
        *,
        name: str = "",
    ) -> list[int]:
        """An operator with any number of outputs."""
        index = len(self._operators)
        label = name or f"{op.lower()}_{index}"
        results = [self._computed(spec, label) for spec in outputs]
        self._operators.append(
            Operator(index, op, tuple(inputs), tuple(results), full_options(op, options))
        )
        return results

    def build(self, outputs: Sequence[int]) -> Graph:
        """The graph, verified."""
        graph = Graph(
            self.name,
            tuple(self.tensors),
            tuple(self._operators),
            tuple(self._inputs),
            tuple(outputs),
        )
        verify(graph)
        return graph

    def _computed(self, spec: TensorSpec, name: str) -> int:
        index = len(self.tensors)
        self.tensors.append(Tensor(index, name, spec.shape, spec.dtype, spec.quant))
        return index


def single_op(
    op: str,
    *,
    inputs: Sequence[TensorSpec | Constant | None],
    output: TensorSpec | Sequence[TensorSpec],
    options: Mapping[str, OptionValue] | None = None,
) -> Graph:
    """A graph of one operator. inputs: its operands in order, None for one that is left out."""
    b = GraphBuilder(op.lower())
    operands: list[int] = []
    for operand in inputs:
        if operand is None:
            operands.append(-1)
        elif isinstance(operand, Constant):
            operands.append(b.constant(operand.values, operand.quant, dtype=operand.dtype))
        else:
            spec = operand
            operands.append(b.input(spec.shape, spec.scale, spec.zero_point, dtype=spec.dtype))
    outputs = [output] if isinstance(output, TensorSpec) else output
    return b.build(b.ops(op, operands, outputs, options or {}))
