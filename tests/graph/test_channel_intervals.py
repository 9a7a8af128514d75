"""Between which values elements lie, against what they are: all values of an input where there are
few, and random ones in whole networks."""

from __future__ import annotations

import numpy as np
import pytest

from tests.corpus import layers, models
from tests.corpus.builder import GraphBuilder
from tests.corpus.constant_channels import driven
from tests.memory import graphs
from tinyforge.graph import DType, Graph, Quant
from tinyforge.graph.channels.intervals import intervals
from tinyforge.graph.packed import typed
from tinyforge.proof.oracle import reference_trace

_EVERY = np.arange(-128, 128, dtype=np.int8)


def exact(graph: Graph) -> bool:
    """Whether the interval of the first output is from its least to its greatest value, over all
    values of two inputs at most; not narrower in any case."""
    grid = np.stack(np.meshgrid(*[_EVERY] * graph.input_bytes), axis=-1)
    rows = grid.reshape(-1, graph.input_bytes)
    out = graph.outputs[0]
    values = reference_trace(graph, rows)[out]
    bounds = intervals(graph)[out]
    low, high = bounds.low.reshape(-1), bounds.high.reshape(-1)
    assert (low <= values.min(axis=0)).all()
    assert (values.max(axis=0) <= high).all()
    return bool((low == values.min(axis=0)).all() and (high == values.max(axis=0)).all())


@pytest.mark.parametrize(
    "op",
    ["ABS", "ELU", "HARD_SWISH", "LEAKY_RELU", "LOGISTIC", "QUANTIZE", "RELU", "RELU6", "TANH"],
)
def test_single_values_are_mapped_exactly(op: str) -> None:
    """Of an input that is clamped before: not all of a table is looked up."""
    b = GraphBuilder()
    x = b.input((1, 1), 1 / 16, 3)
    x = b.op("RELU6", [x], (1, 1), 1 / 16, 3)
    scale, zero_point = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}.get(op, (0.05, -7))
    y = b.op(op, [x], (1, 1), scale, zero_point, **({"alpha": -0.5} if op == "LEAKY_RELU" else {}))
    graph = b.build([y])
    assert exact(graph)
    assert intervals(graph)[x].low[0, 0] == 3


@pytest.mark.parametrize("op", ["ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM"])
def test_pairs_of_values_are_bounded_exactly(op: str) -> None:
    """Of two inputs of which one is clamped, and may be negative or not."""
    b = GraphBuilder()
    x, y = b.input((1, 1), 1 / 16, 3), b.input((1, 1), 1 / 16, 3)
    x = b.op("RELU6", [x], (1, 1), 1 / 16, 3)
    z = b.op(op, [x, y], (1, 1), 1 / 16 if op.endswith("MUM") else 0.2, 3)
    assert exact(b.build([z]))


@pytest.mark.parametrize("weights", [(3, 5), (-3, 5), (-3, -5), (0, 2)])
@pytest.mark.parametrize("op", ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"])
def test_sums_of_products_are_bounded_exactly(op: str, weights: tuple[int, int]) -> None:
    b = GraphBuilder()
    dense = op == "FULLY_CONNECTED"
    shape = (1, 2) if dense else (1, 2, 1, 1)
    x = b.input(shape, 1 / 16, 3)
    x = b.op("RELU6", [x], shape, 1 / 16, 3)
    w = b.constant(
        np.array(weights, np.int8).reshape((1, 2) if dense else (1, 2, 1, 1)),
        Quant((0.125,), (0,), 3 if op.startswith("D") else 0),
    )
    bias = b.constant(np.array([-40], np.int32), Quant((1 / 128,), (0,)))
    window = {} if dense else {"padding": layers.VALID, "stride_h": 1, "stride_w": 1}
    if op.startswith("D"):
        window["depth_multiplier"] = 1
    y = b.op(op, [x, w, bias], (1, 1) if dense else (1, 1, 1, 1), 1 / 11, -2, **window)
    assert exact(b.build([y]))


def test_each_place_at_a_border_has_its_own_bounds() -> None:
    """Of a constant 5, three taps of weight 1 are 10 at the ends and 15 in the middle."""
    b = GraphBuilder()
    x = b.input((1, 1, 4, 1), 1.0)
    quant, window = Quant((1.0,), (0,)), {"stride_h": 1, "stride_w": 1}
    nothing = b.constant(np.zeros((1, 1, 1, 1), np.int8), quant)
    bias = b.constant(np.array([5], np.int32), quant)
    x = b.op("CONV_2D", [x, nothing, bias], (1, 1, 4, 1), 1.0, padding=layers.SAME, **window)
    ones = b.constant(np.ones((1, 1, 3, 1), np.int8), quant)
    y = b.op("CONV_2D", [x, ones, -1], (1, 1, 4, 1), 1.0, padding=layers.SAME, **window)
    found = intervals(b.build([y]))[y]
    assert found.low.reshape(-1).tolist() == found.high.reshape(-1).tolist() == [10, 15, 15, 10]


def test_a_mean_whose_scaling_wraps_is_any_value() -> None:
    b = GraphBuilder()
    x = b.input((1, 1, 1, 1), 1.0, -128)
    y = b.op("SUM", [x, b.constant(np.array([1, 2], np.int32))], (1, 1), 2.0**-24, keep_dims=False)
    found = intervals(b.build([y]))[y]
    assert (found.low.item(), found.high.item()) == (-128, 127)


NETWORKS = {
    **models.NETWORKS,
    "pictures": lambda seed: graphs.random_pictures(seed, 12),
    "blocks": lambda seed: graphs.random_blocks(seed, 3),
    "moves": lambda seed: graphs.random_moves(seed, 12),
    "signals": lambda seed: graphs.random_signals(seed, 8),
    "states": lambda seed: graphs.random_states(seed, 8),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_every_value_of_a_network_lies_between(kind: str) -> None:
    """Of random networks, half of whose channels are driven to an end, and random inputs."""
    narrower = 0
    for seed in range(20, 30):
        graph = driven(NETWORKS[kind](seed), seed)
        rng = np.random.default_rng(seed)
        rows = np.where(
            rng.random((12, 1)) < 0.5,
            rng.integers(-128, 128, (12, graph.input_bytes)),
            rng.choice([-128, 127], (12, graph.input_bytes)),
        ).astype(np.int8)
        bounds = intervals(graph)
        for t, raw in reference_trace(graph, rows).items():
            if graph.tensors[t].dtype is DType.INT8:
                values = typed(raw, graph.tensors[t]).reshape(len(rows), *graph.tensors[t].shape)
                assert (values >= bounds[t].low).all(), graph.tensors[t].name
                assert (values <= bounds[t].high).all(), graph.tensors[t].name
                narrower += bool((bounds[t].high - bounds[t].low.astype(int)).min() < 255)
    assert narrower
