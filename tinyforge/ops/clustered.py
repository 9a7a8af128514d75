"""CONV_2D and FULLY_CONNECTED whose weights are few different values, four bits each:
firmware/kernels/clustered.h."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.graph.nibbles import packed
from tinyforge.ops.base import CLUSTERED, OWN_CODE, Kernel, Table, output, tensor
from tinyforge.ops.clustered_cycles import passes_of
from tinyforge.ops.convolution import weights_table
from tinyforge.ops.target import Target

_CLUSTERS = 16


def kernels(graph: Graph, op: Operator, anywhere: Kernel, target: Target) -> Iterator[Kernel]:
    """The kernel, where weights are few enough values and that saves flash. anywhere: the
    operator's kernel of int8 weights, of one group, which it takes the place of."""
    source, weights = tensor(graph, op, 0), tensor(graph, op, 1)
    if source.dtype is not DType.INT8 or weights.dtype is not DType.INT8:
        return
    stream = _stream(weights_table(weights))
    if stream is None or weights.size - stream.nbytes < OWN_CODE:
        return
    twos, made = -(-weights.shape[0] // 2), output(graph, op).size
    passes = passes_of(weights.shape, anywhere, made, target)
    yield replace(
        _reading(anywhere, Table("uint8_t", stream)),
        cycles=passes.cycles(target, twos, made),
        reads=passes.reads(twos),
    )


def by_rows(anywhere: Kernel, whole: Kernel) -> Kernel:
    """For an input that comes in rows. anywhere: that does so with int8 weights, whole: this
    module's, for all of the input at once."""
    stream = whole.fields["stream"]
    assert isinstance(stream, Table)
    return replace(_reading(anywhere, stream), cycles=whole.cycles, reads=whole.reads)


def _reading(anywhere: Kernel, stream: Table) -> Kernel:
    """The kernel with the stream in the place of its weights."""
    fields = {
        name.replace("weights", "stream"): stream if name.endswith("weights") else value
        for name, value in anywhere.fields.items()
    }
    return replace(
        anywhere,
        header=f"{anywhere.header.removesuffix('.h')}_clustered.h",
        struct=f"{anywhere.struct}_clustered",
        function=f"{anywhere.function}_clustered",
        fields=fields,
        way=CLUSTERED,
    )


def _stream(weights: npt.NDArray[np.int8]) -> npt.NDArray[np.uint8] | None:
    """(channels, ...) as the kernel reads them; None of too many values."""
    values, which = np.unique(weights, return_inverse=True)
    if len(values) > _CLUSTERS:
        return None
    table = np.pad(values, (0, _CLUSTERS - len(values))).astype(np.int8).view(np.uint8)
    by_twos = np.pad(which.reshape(len(weights), -1), ((0, len(weights) % 2), (0, 0)), mode="edge")
    nibbles = by_twos.reshape(-1, 2, by_twos.shape[1]).swapaxes(1, 2)
    return np.concatenate([table, packed(nibbles.astype(np.int8))])
