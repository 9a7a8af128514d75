"""Models of several inputs and outputs, in all the ways in which these can be the same tensor."""

from __future__ import annotations

import numpy as np

from tests.corpus.builder import GraphBuilder, TensorSpec
from tinyforge.graph import Graph


def tangled() -> Graph:
    """Three inputs: a picture, a vector that is an output too, and one that nothing reads.

    Of the outputs one is read by layers as well, one is another under a new shape, one comes
    twice, one is an input as it is, and their names make macros that would be one another's.
    """
    b = GraphBuilder("tangled")
    picture = b.input((1, 8, 6, 2), 0.1, -3, name="rows")
    vector = b.input((1, 24), 0.2, 5, name="a")
    b.input((1, 5), 0.25, 1, name="a bytes")
    pooled = b.op(
        "MAX_POOL_2D", [picture], (1, 4, 3, 2), 0.1, -3,
        padding=1, stride_w=2, stride_h=2, filter_width=2, filter_height=2,
    )  # fmt: skip
    flat = b.op("RESHAPE", [pooled, b.constant(np.array([1, 24], np.int32))], (1, 24), 0.1, -3)
    total = b.op("ADD", [flat, vector], (1, 24), 0.25, 2, name="x")
    scores = b.op("SOFTMAX", [total], (1, 24), 1 / 256, -128, name="x bytes", beta=1.0)
    shaped = b.op("RESHAPE", [total, b.constant(np.array([1, 4, 6], np.int32))], (1, 4, 6), 0.25, 2)
    return b.build([scores, shaped, vector, total, total])


def two_heads() -> Graph:
    """One input, two heads: of five classes and of three."""
    b = GraphBuilder("two heads")
    x = b.input((1, 8), 0.1, -3)
    sizes, axis = b.constant(np.array([5, 3], np.int32)), b.constant(np.array(1, np.int32))
    parts = [TensorSpec((1, 5), 0.1, -3), TensorSpec((1, 3), 0.1, -3)]
    split = b.ops("SPLIT_V", [x, sizes, axis], parts, {"num_splits": 2})
    heads = [
        b.op("SOFTMAX", [part], spec.shape, 1 / 256, -128, name=name, beta=1.0)
        for part, spec, name in zip(split, parts, ("kind", "size"), strict=True)
    ]
    return b.build(heads)
