"""CONV_2D, int8 with int8 or int4 weights, int16 with int8 weights, with any number of groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops import clustered, depthwise_3x3, sparse_conv, sparse_twins, sparse_windows, twins
from tinyforge.ops.base import (
    HEADERS,
    Kernel,
    Op,
    Values,
    Weighted,
    check_counts,
    check_rank,
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
from tinyforge.ops.dense_cycles import window_cycles, window_reads
from tinyforge.ops.forms import Windowed
from tinyforge.ops.matrix import CHANNELS_3X3, CHUNK, PIXELS, WAY, WAY_3X3, Matrix, matrix
from tinyforge.ops.matrix_cycles import columns_instructions, window_instructions
from tinyforge.ops.quantization import with_activation
from tinyforge.ops.sparse import sparse
from tinyforge.ops.target import Target
from tinyforge.ops.turned import swapped
from tinyforge.ops.window import Window, weights_window
from tinyforge.ops.winograd import winograd


def _groups(graph: Graph, op: Operator) -> int:
    """Input channels are divided into as many groups, and output channels alike."""
    return tensor(graph, op, 0).shape[3] // tensor(graph, op, 1).shape[3]


def check(graph: Graph, op: Operator) -> None:
    """Weights are (output channels, height, width, input channels of a group)."""
    check_counts(graph, op, 2, 3)
    source, weights, out = tensor(graph, op, 0), tensor(graph, op, 1), output(graph, op)
    check_rank(graph, op, (source, weights, out), 4)
    check_weighted(graph, op, 0, int4=True)
    require(
        weights.shape[0] == out.shape[3]
        and source.shape[3] % weights.shape[3] == 0
        and out.shape[3] % _groups(graph, op) == 0,
        f"weights {list(weights.shape)} do not fit input {list(source.shape)} "
        f"and output {list(out.shape)}",
        graph,
        op,
    )
    weights_window(graph, op)
    requantization_of(graph, op)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """inputs[0]: (pictures, height, width, channels).

    Source: reference_integer_ops::ConvPerChannel.
    """
    return np.stack([_picture(graph, op, picture) for picture in inputs[0]])


def _picture(graph: Graph, op: Operator, picture: npt.NDArray[Any]) -> Values:
    source, weights = tensor(graph, op, 0), weights_table(tensor(graph, op, 1))
    centred = picture.astype(np.int64) - source.zero_point
    win = weights_window(graph, op)
    groups = _groups(graph, op)
    taps = np.split(win.taps(centred, 0), groups, axis=4)
    acc = np.concatenate(
        [
            exact_matmul(seen.reshape(*win.output, -1), filters.reshape(len(filters), -1).T)
            for seen, filters in zip(taps, np.split(weights, groups), strict=True)
        ],
        axis=2,
    )
    acc += bias_values(graph, op, weights.shape[0])
    return requantization_of(graph, op).apply(acc)


def lower(graph: Graph, op: Operator) -> Kernel:
    source, kind = tensor(graph, op, 0), suffix(tensor(graph, op, 0), tensor(graph, op, 1))
    win, groups = weights_window(graph, op), _groups(graph, op)
    fields = {
        **win.fields(),
        **({"groups": groups} if groups > 1 or kind else {}),
        "input_channels": source.shape[3],
        "output_channels": output(graph, op).shape[3],
        **weighted_fields(graph, op, requantization_of(graph, op), channel_axis=0, run=(2, 3)),
    }
    family = "grouped_conv" if groups > 1 and not kind else "conv"
    name = f"forge_{family}_2d{kind}"
    return Kernel(
        header=family + HEADERS[kind],
        struct=name,
        function=f"{name}_columns",
        fields=fields,
        inputs=(source.index,),
        form=Windowed(win),
    )


def variants(graph: Graph, op: Operator, target: Target) -> Sequence[Kernel]:
    """The dense block, on windows as int16; for most 3x3 windows, Winograd's way as well. With
    vectors, the matrix block; on a narrow target two pixels at once. Of few weights, lists of them;
    of few different ones, four bits for each."""
    if _groups(graph, op) > 1:
        return ()
    few = clustered.kernels(graph, op, lower(graph, op), target)
    win, requantization = weights_window(graph, op), requantization_of(graph, op)
    by_vectors = matrix(graph, op, requantization) if target.mve else None
    if by_vectors is not None:
        return (*_on_matrix(graph, op, by_vectors), *few)
    listed = sparse_windows.kernels(graph, op, requantization, win, target)
    if target.narrow:
        by_twos = twins.conv_kernels(graph, op, requantization, win)
        sparse_by_twos = sparse_twins.kernels(graph, op, requantization, win)
        return (*by_twos, *sparse_by_twos, *listed, *few)
    return (*(_with_dsp(graph, op, win) if target.dsp else ()), *listed, *few)


def _on_matrix(graph: Graph, op: Operator, found: Matrix) -> Iterator[Kernel]:
    """By vectors; windows that are a stretch of a row where they lie, most of 3x3 by columns."""
    source, win = tensor(graph, op, 0), weights_window(graph, op)
    stretches = win.kernel[0] == 1 and 1 in (win.dilation[1], win.kernel[1]) and win.within
    general = Kernel(
        header="matrix_conv.h",
        struct="forge_matrix_conv",
        function=f"forge_matrix_conv_{'stretches' if stretches else 'columns'}",
        fields={
            **win.fields(),
            "input_channels": source.shape[3],
            "input_zero_point": source.zero_point,
            **found.fields(),
        },
        inputs=(source.index,),
        form=Windowed(win, tile_bytes=0 if stretches else PIXELS * CHUNK * found.chunks),
        way=WAY,
        cycles=window_instructions(found, win, copied=not stretches),
    )
    yield general
    beside = (win.kernel, win.stride, win.dilation) == ((3, 3), (1, 1), (1, 1))
    if beside and source.shape[3] in CHANNELS_3X3 and found.channels % 2 == 0:
        columns = found.by_columns()
        tile = 3 * (PIXELS + 2) * source.shape[3] + PIXELS * found.channels
        yield replace(
            general,
            header="matrix_3x3.h",
            function="forge_matrix_3x3_columns",
            fields={**general.fields, **columns.fields()},
            form=Windowed(win, tile_bytes=tile),
            way=WAY_3X3,
            cycles=columns_instructions(columns, win),
        )


def _with_dsp(graph: Graph, op: Operator, win: Window) -> Iterator[Kernel]:
    requantization = requantization_of(graph, op)
    size = win.kernel[1] * tensor(graph, op, 0).shape[3]
    every = dense(graph, op, requantization, win.kernel[0], size)
    for found in (*every, *sparse(every)):
        # What three pixels at once take of the arena may be too much.
        for at_once in (3, 2):
            yield _on_tiles(graph, op, replace(found, at_once=at_once))
    yield from depthwise_3x3.of_few_channels(graph, op)
    yield from sparse_conv.kernels(graph, op, requantization, win)
    yield from winograd(graph, op, requantization, win)


def _on_tiles(graph: Graph, op: Operator, found: Dense) -> Kernel:
    """By the dense block. Windows that reach into the padding, or are no stretch of a row, are
    copied first: by words."""
    source, win = tensor(graph, op, 0), weights_window(graph, op)
    rows, size = win.kernel[0], win.kernel[1] * source.shape[3]
    inside = win.within and 1 in (win.dilation[1], win.kernel[1])
    copied = 0 if inside else min(found.at_once, win.output[1]) * size + 3
    return Kernel(
        header="dense_conv.h",
        struct="forge_dense_conv",
        function="forge_dense_conv_columns",
        fields={
            **win.fields(),
            "input_channels": source.shape[3],
            "input_zero_point": source.zero_point,
            **found.fields(),
        },
        inputs=(source.index,),
        form=Windowed(win, tile_bytes=found.tile_bytes(win.output[1]) + copied),
        way=found.way,
        cycles=window_cycles(found, win, rows, size),
        reads=window_reads(found, win),
        skips_zeros=found.skips_zeros,
    )


def macs(graph: Graph, op: Operator) -> int:
    """Padding counted, as everybody counts."""
    pictures, height, width, channels = output(graph, op).shape
    return pictures * height * width * channels * (tensor(graph, op, 1).size // channels)


def summary(graph: Graph, op: Operator) -> str:
    groups = f"{_groups(graph, op)} groups" if _groups(graph, op) > 1 else ""
    return with_activation(op, weights_window(graph, op).summary(), groups)


OP = Op(
    "CONV_2D",
    check,
    reference,
    lower,
    variants=variants,
    weighted=Weighted(0, 1, 2, channel_axis=0),
    turned=swapped,
    macs=macs,
    summary=summary,
)
