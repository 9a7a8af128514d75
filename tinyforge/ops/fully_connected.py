"""FULLY_CONNECTED, int8 or int16, per-tensor and per-channel weights; of int8 perhaps int4
ones, per tensor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator, Tensor
from tinyforge.ops import clustered, sparse_rows, twins
from tinyforge.ops.base import (
    HEADERS,
    Kernel,
    Op,
    Values,
    Weighted,
    check_counts,
    check_rank,
    option,
    output,
    require,
    suffix,
    tensor,
)
from tinyforge.ops.convolution import (
    bias_values,
    check_weighted,
    exact_matmul,
    requantization_of,
    weighted_fields,
    weights_table,
)
from tinyforge.ops.dense import Dense, dense
from tinyforge.ops.dense_cycles import in_place_cycles, row_cycles, row_reads
from tinyforge.ops.forms import WHOLE, Accumulated, Whole, row_by_row
from tinyforge.ops.matrix import WAY, Matrix, matrix
from tinyforge.ops.matrix_cycles import pixels_instructions
from tinyforge.ops.quantization import with_activation
from tinyforge.ops.sparse import sparse
from tinyforge.ops.target import Target
from tinyforge.ops.turned import same


def check(graph: Graph, op: Operator) -> None:
    """Weights are (output depth, input depth); the input is rows of input depth."""
    check_counts(graph, op, 2, 3)
    source, weights, out = tensor(graph, op, 0), tensor(graph, op, 1), output(graph, op)
    check_rank(graph, op, (weights,), 2)
    check_weighted(graph, op, 0, int4=True)
    require(
        weights.dtype is DType.INT8 or not (weights.quant and weights.quant.per_channel),
        "TensorFlow Lite Micro runs FULLY_CONNECTED with int4 weights of one scale alone",
        graph,
        op,
        fix="quantize this layer's weights with one scale, or to int8",
    )
    require(option(op, "weights_format") == 0, "shuffled weights are not supported", graph, op)
    depth_out, depth_in = weights.shape
    require(
        source.size % depth_in == 0
        and out.shape[-1:] == (depth_out,)
        and out.size == source.size // depth_in * depth_out,
        f"weights {list(weights.shape)} do not fit input {list(source.shape)} "
        f"and output {list(out.shape)}",
        graph,
        op,
    )
    requantization_of(graph, op)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """inputs[0]: any shape that is rows of the input depth.

    Source: reference_integer_ops::FullyConnected and FullyConnectedPerChannel.
    """
    source, weights = tensor(graph, op, 0), weights_table(tensor(graph, op, 1))
    rows = inputs[0].reshape(-1, weights.shape[1]).astype(np.int64) - source.zero_point
    acc = exact_matmul(rows, weights.T) + bias_values(graph, op, weights.shape[0])
    return requantization_of(graph, op).apply(acc).reshape(output(graph, op).shape)


def lower(graph: Graph, op: Operator) -> Kernel:
    source, weights, out = tensor(graph, op, 0), tensor(graph, op, 1), output(graph, op)
    form = row_by_row(out) if source.shape[:-1] == out.shape[:-1] else WHOLE
    kind = suffix(source, weights)
    name = f"forge_fully_connected{kind}"
    return Kernel(
        header="fully_connected" + HEADERS[kind],
        struct=name,
        function=f"{name}_run",
        fields={
            "rows": source.size // weights.shape[1] // form.steps,
            "input_depth": weights.shape[1],
            "output_depth": weights.shape[0],
            **weighted_fields(graph, op, requantization_of(graph, op), channel_axis=0, run=(1,)),
        },
        inputs=(source.index,),
        form=form,
    )


def variants(graph: Graph, op: Operator, target: Target) -> Sequence[Kernel]:
    """The dense block, on rows as int16; of some depths also on rows as they are. With vectors, the
    matrix block; on a narrow target two channels at once. Of few weights, lists of them; of few
    different ones, four bits for each."""
    few = clustered.kernels(graph, op, lower(graph, op), target)
    requantization = requantization_of(graph, op)
    by_vectors = matrix(graph, op, requantization) if target.mve else None
    if by_vectors is not None:
        return (_on_matrix(tensor(graph, op, 0), by_vectors), *few)
    listed = sparse_rows.kernels(graph, op, requantization, target)
    if target.narrow:
        return (*twins.row_kernels(graph, op, requantization), *listed, *few)
    return (*(_with_dsp(graph, op) if target.dsp else ()), *listed, *few)


def _on_matrix(source: Tensor, found: Matrix) -> Kernel:
    """By vectors."""
    rows = source.size // found.depth
    return Kernel(
        header="matrix_fully_connected.h",
        struct="forge_matrix_fully_connected",
        function="forge_matrix_fully_connected_run",
        fields={"rows": rows, "input_depth": found.depth, **found.fields()},
        inputs=(source.index,),
        way=WAY,
        cycles=pixels_instructions(found, rows),
    )


def _with_dsp(graph: Graph, op: Operator) -> Sequence[Kernel]:
    source, depth = tensor(graph, op, 0), tensor(graph, op, 1).shape[1]
    rows = source.size // depth
    every = dense(graph, op, requantization_of(graph, op), 1, depth)
    as_they_are = [
        Kernel(
            header="dense_rows.h",
            struct="forge_dense_rows",
            function="forge_dense_rows_run",
            fields={
                "rows": rows,
                "input_depth": depth,
                "together": together,
                **found.fields(),
            },
            inputs=(source.index,),
            way=f"{found.way}, inputs as they are, by {together}",
            cycles=in_place_cycles(found, rows),
            reads=rows * found.stream_bytes,
        )
        for packed in every
        for together in (8, 4)
        for found in (replace(packed, together=together),)
        if packed.byte_weights and depth % 8 == 0
    ]
    return (*as_they_are, *_on_tiles(source.index, (*every, *sparse(every)), rows, depth))


def _on_tiles(source: int, every: Sequence[Dense], rows: int, depth: int) -> Iterator[Kernel]:
    """On rows as int16, in memory of the kernel's own."""
    return (
        Kernel(
            header="dense_fully_connected.h",
            struct="forge_dense_fully_connected",
            function="forge_dense_fully_connected_run",
            fields={"rows": rows, "input_depth": depth, **found.fields()},
            inputs=(source,),
            form=Whole(scratch_bytes=found.tile_bytes(rows)),
            way=found.way,
            cycles=row_cycles(found, rows),
            reads=row_reads(found, rows),
            skips_zeros=found.skips_zeros,
        )
        for found in every
    )


def streaming(graph: Graph, op: Operator, rows: int) -> Kernel | None:
    """A single row of inputs can be taken in pieces as they come."""
    source, depth = tensor(graph, op, 0), tensor(graph, op, 1).shape[1]
    if rows < 2 or source.size != depth or depth % rows:
        return None
    kernel, kind = lower(graph, op), suffix(source, tensor(graph, op, 1))
    return replace(
        kernel,
        struct=f"forge_fully_connected_pieces{kind}",
        function=f"forge_fully_connected_accumulate{kind}",
        fields={**{f"layer.{name}": v for name, v in kernel.fields.items()}, "pieces": rows},
        form=Accumulated(rows, scratch_bytes=(8 if suffix(source) else 4) * output(graph, op).size),
    )


def macs(graph: Graph, op: Operator) -> int:
    weights = tensor(graph, op, 1)
    return output(graph, op).size // weights.shape[0] * weights.size


def summary(graph: Graph, op: Operator) -> str:
    depth_out, depth_in = tensor(graph, op, 1).shape
    return with_activation(op, f"{depth_in} to {depth_out}")


OP = Op(
    "FULLY_CONNECTED",
    check,
    reference,
    lower,
    streaming,
    variants,
    weighted=Weighted(0, 1, 2, channel_axis=0),
    turned=same,
    macs=macs,
    summary=summary,
)
