"""What one operator is to the rest of tinyforge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Operator, Tensor
from tinyforge.ops.forms import WHOLE, Form
from tinyforge.ops.target import Target
from tinyforge.ops.turned import Turned

Int8Array = npt.NDArray[np.int8]
# Of a tensor's element type, whatever that is.
Values = npt.NDArray[Any]
Arrays = tuple[Values, ...]

# Element types of the activations that an operator takes; those of one layer are of one type.
INT8 = (DType.INT8,)
INT8_OR_INT16 = (DType.INT8, DType.INT16)
# Of values that no scale belongs to; and of all that operators move that are told bytes alone.
PLAIN = (DType.INT32, DType.BOOL, DType.FLOAT32)
MOVED = (*INT8_OR_INT16, *PLAIN)


# The ways of kernels that run anywhere: on weights as they are, on few different ones, and on those
# that are not 0.
PORTABLE = "portable"
CLUSTERED = "portable, 4 bits a weight"
LISTED = "sparse, listed weights, in place"

OWN_CODE = 512  # bytes that a kernel of its own may take beside one that runs anywhere


@dataclass(frozen=True, eq=False)
class Table:
    """A constant array that a kernel reads from flash. ctype: "int8_t", "int32_t", "float", ..."""

    ctype: str
    values: npt.NDArray[Any]

    @classmethod
    def of(cls, t: Tensor) -> Table:
        """A constant operand as it is in the file; what is true is 1."""
        assert t.data is not None
        if t.dtype is DType.BOOL:
            return cls("uint8_t", t.data.astype(np.uint8))
        return cls("float" if t.dtype is DType.FLOAT32 else f"{t.dtype.name.lower()}_t", t.data)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the array in flash."""
        return np.dtype("float32" if self.ctype == "float" else self.ctype.removesuffix("_t"))

    @property
    def nbytes(self) -> int:
        return self.values.size * self.dtype.itemsize


@dataclass(frozen=True)
class Kernel:
    """What an operator becomes in C: one call of a kernel with constant arguments.

    header: in firmware/kernels/. struct: the kernel's parameter type; fields: its members.
    function: what is called, with the arguments that form states. inputs: tensor indices of
    computed inputs, or a Table where an operand is constant. form: how it goes over its tensors.
    repeated: positions of inputs that every step takes whole: what is broadcast over the rows.
    way: how it computes, for people who choose among an operator's kernels. cycles: about how many
    an inference takes on the target's core, without wait states; None where that is estimated.
    part: how many more each part of a row takes, where rows are made in parts. alone: how many
    times as many a pixel takes that is made by itself.
    reads: bytes of its tables that an inference loads; None where nobody counted.
    skips_zeros: whether weights of 0 cost it neither cycles nor tables.
    """

    header: str
    struct: str
    function: str
    fields: Mapping[str, int | float | Table]
    inputs: tuple[int | Table, ...]
    form: Form = WHOLE
    repeated: frozenset[int] = frozenset()
    way: str = PORTABLE
    cycles: int | None = None
    part: int = 0
    alone: float = 1
    reads: int | None = None
    skips_zeros: bool = False

    @property
    def is_quick(self) -> bool:
        """Whether it was made for a core: such kernels make two pixels in little more time."""
        return self.way not in (PORTABLE, CLUSTERED, LISTED)


@dataclass(frozen=True)
class Weighted:
    """Positions of an operator's input, weights and bias; the weights' output-channel dimension."""

    source: int
    weights: int
    bias: int
    channel_axis: int


def _no_indices(graph: Graph, op: Operator) -> Mapping[int, int]:  # noqa: ARG001 - of Op.indices
    return {}


def _no_variants(graph: Graph, op: Operator, target: Target) -> Sequence[Kernel]:  # noqa: ARG001 - of Op.variants
    return ()


def _no_macs(graph: Graph, op: Operator) -> int:  # noqa: ARG001 - the signature of Op.macs
    return 0


@dataclass(frozen=True)
class Op:
    """One operator: everything Python knows of it.

    check: raises ForgeError where options and shapes do not make an operator that TFLM runs.
    reference: inputs (constants included) to the output, or to a tuple of several, each of its
    tensor's element type; TFLM's arithmetic in NumPy.
    lower: the aot kernel; None where the output is the input's bytes under another shape.
    variants: other kernels for the same, those that are quick on a target; lower's runs anywhere.
    streaming: another kernel, for an input that comes in so many rows, each when it is made,
    where lower's needs all of it at once; None where there is none.
    inplace: positions of inputs whose memory the output may take over.
    weighted: where its weights are, of an operator that multiplies by int8 weights.
    checked: positions of other inputs that are not as activations are; check looks at their types.
    typed: whether check looks at the types of all tensors: they need not be as activations are.
    states: positions of inputs that must be variable tensors: an inference changes them, and the
    next one goes on from there.
    replaces: the position of a state whose place the output takes, for the next inference, once
    nobody needs it: one of inplace.
    turned: the operator on pictures of one row as pictures of one column (turned.py), or None
    where it would be another; None where it never can be.
    indices: positions of inputs that are indices, and how many things they number: TFLM reads
    elsewhere for others.
    settled: given TFLM's outputs, sets what it leaves to chance as reference does.
    macs: multiply-accumulates of one inference.
    summary: the options, as a reader of the generated C wants them: "3x3, stride 1, SAME".
    """

    name: str
    check: Callable[[Graph, Operator], None]
    reference: Callable[[Graph, Operator, Sequence[Values]], Values | Arrays]
    lower: Callable[[Graph, Operator], Kernel] | None
    streaming: Callable[[Graph, Operator, int], Kernel | None] | None = None
    variants: Callable[[Graph, Operator, Target], Sequence[Kernel]] = _no_variants
    inplace: tuple[int, ...] = ()
    weighted: Weighted | None = None
    checked: tuple[int, ...] = ()
    typed: bool = False
    states: tuple[int, ...] = ()
    replaces: int | None = None
    turned: Callable[[Graph, Operator], Turned | None] | None = None
    indices: Callable[[Graph, Operator], Mapping[int, int]] = _no_indices
    settled: Callable[[Sequence[Values]], None] | None = None
    macs: Callable[[Graph, Operator], int] = _no_macs
    summary: Callable[[Graph, Operator], str] = lambda _graph, _op: ""

    def outputs(self, graph: Graph, op: Operator, inputs: Sequence[Values]) -> Arrays:
        """What reference gives, one array an output."""
        found = self.reference(graph, op, inputs)
        return found if isinstance(found, tuple) else (found,)


def tensor(graph: Graph, op: Operator, position: int) -> Tensor:
    """The input at a position that must be there. ForgeError when it is left out."""
    found = optional_tensor(graph, op, position)
    if found is None:
        raise ForgeError(f"input {position} is missing", where=graph.where(op))
    return found


def optional_tensor(graph: Graph, op: Operator, position: int) -> Tensor | None:
    """The input at a position, or None where the model leaves it out."""
    if position >= len(op.inputs) or op.inputs[position] < 0:
        return None
    return graph.tensors[op.inputs[position]]


def output(graph: Graph, op: Operator) -> Tensor:
    return graph.tensors[op.outputs[0]]


def option(op: Operator, name: str) -> int:
    """An integer or enumeration from the options table."""
    value = op.options[name]
    assert isinstance(value, int)
    return value


def suffix(t: Tensor, weights: Tensor | None = None) -> str:
    """What the name of a kernel for such values ends in: "" for int8, "_i16" for int16; "_int4" for
    such weights."""
    if weights is not None and weights.dtype is DType.INT4:
        return "_int4"
    return "_i16" if t.dtype is DType.INT16 else ""


# What the name of a kernel's header ends in, by the suffix of its functions.
HEADERS = {"": ".h", "_i16": "_int16.h", "_int4": "_int4.h"}


def require(condition: bool, what: str, graph: Graph, op: Operator, fix: str = "") -> None:
    """ForgeError that names the layer, unless the condition holds."""
    if not condition:
        raise ForgeError(what, where=graph.where(op), fix=fix)


def check_activation(
    graph: Graph, op: Operator, tensors: Sequence[Tensor], types: Sequence[DType] = INT8
) -> None:
    """Each tensor has one scale and one zero point and is of one of the types, all of the same.

    TensorFlow Lite Micro takes int16 with zero point 0 alone; of plain values it looks at no scale.
    """
    words = " or ".join(t.name.lower() for t in types)
    for t in tensors:
        require(
            t.dtype in types
            and (t.dtype in PLAIN or (t.quant is not None and not t.quant.per_channel)),
            f"{op.op} needs {words} with one scale and zero point: tensor {t.name!r} is "
            f"{t.dtype.name.lower()}" + ("" if t.quant else " without quantization"),
            graph,
            op,
            fix=f"change the layer in the model: it runs with activations of {words} alone",
        )
        require(
            t.dtype is tensors[0].dtype,
            f"tensor {t.name!r} is {t.dtype.name.lower()}, but {tensors[0].name!r} is "
            f"{tensors[0].dtype.name.lower()}",
            graph,
            op,
        )
        if t.dtype is DType.INT16:
            require(
                t.zero_point == 0,
                f"tensor {t.name!r} is int16 with zero point {t.zero_point}, not 0",
                graph,
                op,
            )


def check_types(
    graph: Graph, op: Operator, tensors: Sequence[Tensor], types: Sequence[DType]
) -> None:
    """Each tensor is of one of the types, all of the same. Integers may have scales, which nobody
    looks at."""
    words = " or ".join(t.name.lower() for t in types)
    for t in tensors:
        require(
            t.dtype in types and t.dtype is tensors[0].dtype,
            f"{op.op} needs {words}, all of one type: tensor {t.name!r} is {t.dtype.name.lower()}",
            graph,
            op,
        )


def check_computed(graph: Graph, op: Operator, t: Tensor) -> None:
    """What a layer makes of a constant is one: it has no place in a plan."""
    require(t.data is None, f"{op.op} of a constant is not supported", graph, op)


def check_counts(graph: Graph, op: Operator, least: int, most: int) -> None:
    """Between least and most inputs, one output."""
    require(
        least <= len(op.inputs) <= most and len(op.outputs) == 1,
        f"{op.op} needs {least} to {most} inputs and 1 output, "
        f"found {len(op.inputs)} and {len(op.outputs)}",
        graph,
        op,
    )


def check_rank(graph: Graph, op: Operator, tensors: Sequence[Tensor], rank: int) -> None:
    for t in tensors:
        require(
            len(t.shape) == rank,
            f"{op.op} needs {rank} dimensions: tensor {t.name!r} has shape {list(t.shape)}",
            graph,
            op,
        )


def constant(graph: Graph, op: Operator, t: Tensor, role: str) -> npt.NDArray[Any]:
    """A constant input's value. ForgeError when it is computed at run time."""
    if t.data is None:
        raise ForgeError(
            f"{op.op} needs constant {role}: tensor {t.name!r} is computed", where=graph.where(op)
        )
    return t.data
