"""Unit tests of a compiled model's layers: what each must compute, and where it lies then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator, Tensor
from tinyforge.graph.packed import split
from tinyforge.memory.network import is_alias
from tinyforge.memory.plan import Plan
from tinyforge.memory.settled import bytes_of
from tinyforge.names import c_comment, c_string
from tinyforge.project.layout import LAYER_TESTS
from tinyforge.project.model_files import C_TYPES, value_rows
from tinyforge.project.templates import render
from tinyforge.proof.oracle import Trace
from tinyforge.proof.steps import finished, read_variables


@dataclass(frozen=True, eq=False)
class LayerTests:
    """graph, plan: of the compiled model. inputs: int8 (n, bytes of all inputs), a sequence from
    its beginning. expected: the oracle's trace of it."""

    graph: Graph
    plan: Plan
    inputs: npt.NDArray[np.int8]
    expected: Trace

    @property
    def nbytes(self) -> int:
        """What the values take of a test's flash."""
        return self.inputs.nbytes + sum(rows.nbytes for rows in self.expected.values())


@dataclass(frozen=True, eq=False)
class _Tested:
    """A tensor of the tables. name: of its test and of its values in C. values: raw bytes, int8
    (n, bytes)."""

    tensor: int
    dtype: DType
    name: str
    title: str
    values: npt.NDArray[np.int8]

    def described(self) -> dict[str, object]:
        """The template values."""
        return {
            "symbol": self.name,
            "test": c_string(self.name),
            "title": self.title,
            "size": self.values.shape[1],
            "type": C_TYPES[self.dtype].name,
            "inferences": [value_rows(row) for row in self.values.tolist()],
        }


def layer_test_files(tests: LayerTests) -> dict[str, str]:
    """The generated half of test/test_layers: tables of tensors and of their pieces."""
    graph, plan = tests.graph, tests.plan
    tensors = [*_inputs(graph, tests), *_variables(graph, tests), *_outputs(graph, tests)]
    pieces = list(_pieces(graph, plan, tensors))
    return {
        f"test/{LAYER_TESTS}/layers.h": render(
            "project/layers.h.j2",
            inferences=len(tests.inputs),
            step_count=len(plan.steps),
            tensor_count=len(tensors),
            input_count=len(graph.inputs),
            piece_count=len(pieces),
        ),
        f"test/{LAYER_TESTS}/layers.c": render(
            "project/layers.c.j2",
            untested=list(_untested(graph, plan)),
            tensors=[tensor.described() for tensor in tensors],
            pieces=[", ".join(map(str, piece)) for piece in pieces],
        ),
    }


def _inputs(graph: Graph, tests: LayerTests) -> Iterator[_Tested]:
    parts = split(tests.inputs, graph.input_tensors)
    for number, (tensor, values) in enumerate(zip(graph.input_tensors, parts, strict=True)):
        which = f" {number}" if len(parts) > 1 else ""
        title = f"{'Input' if which else 'The input'}{which}, {_shape(tensor)}"
        name = f"input{which.replace(' ', '_')}"
        yield _Tested(tensor.index, tensor.dtype, name, title, values)


def _variables(graph: Graph, tests: LayerTests) -> Iterator[_Tested]:
    """What layers read of what the inference before left."""
    for number, (state, read) in enumerate(read_variables(graph).items()):
        tensor = graph.tensors[state]
        title = f"What an inference left, {_shape(tensor)}"
        yield _Tested(state, tensor.dtype, f"variable_{number}", title, tests.expected[read])


def _outputs(graph: Graph, tests: LayerTests) -> Iterator[_Tested]:
    """What layers leave in the arena, in the order of the layers: layer_3_CONV_2D, or
    layer_5_SPLIT_output_1 where there are several. Rows that nobody needs are never made."""
    for op in graph.operators:
        if op.index in tests.plan.within or bytes_of(op, tests.plan) is not None:
            continue
        for number, index in enumerate(op.outputs):
            tensor, place = graph.tensors[index], tests.plan.places[index]
            which = f"_output_{number}" if len(op.outputs) > 1 else ""
            yield _Tested(
                index,
                tensor.dtype,
                f"layer_{op.index}_{op.op}{which}",
                f"{_title(op, tensor)}, {_shape(tensor)}",
                tests.expected[index][:, : place.made * place.row_bytes],
            )


def _pieces(
    graph: Graph, plan: Plan, tensors: Sequence[_Tested]
) -> Iterator[tuple[int, int, int, int, int]]:
    """The fields of each forge_layers_piece."""
    number = {tested.tensor: i for i, tested in enumerate(tensors)}
    for steps, group in enumerate(finished(graph, plan)):
        for piece in group:
            yield steps, number[piece.tensor], piece.begin, piece.offset, piece.nbytes


def _untested(graph: Graph, plan: Plan) -> Iterator[str]:
    for op in graph.operators:
        title = _title(op, graph.tensors[op.outputs[0]])
        if op.index in plan.within:
            yield f"{title}: runs within layer {plan.within[op.index]}, pixel by pixel"
        elif op.index in plan.settled:
            yield f"{title}: made in its place"
        elif is_alias(op):
            yield f"{title}: the same bytes under another shape"


def _title(op: Operator, output: Tensor) -> str:
    return f'Layer {op.index}: {op.op} "{c_comment(output.name)}"'


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "scalar"
