"""Random networks, planned and compiled, equal TensorFlow Lite Micro in every byte of every layer.

Planner and kernels at once: a tensor that is overwritten too early, or a layer that writes more
than its own bytes, shows as a wrong value in some layer.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.corpus import models, several
from tests.corpus.wide import wide
from tests.engines.aot_host import HostModel
from tests.memory import graphs
from tests.memory.picks import random_picks
from tinyforge.graph import Graph
from tinyforge.ops.upright import rows_input
from tinyforge.proof import oracle
from tinyforge.tflite import write

pytest.importorskip("tflite_micro")

CASES: dict[str, Graph] = {
    **{name: make(1) for name, make in models.NETWORKS.items()},
    **{f"pictures_{seed}": graphs.random_pictures(seed, 12) for seed in range(12)},
    **{f"blocks_{seed}": graphs.random_blocks(seed, 4) for seed in range(12)},
    **{f"signals_{seed}": graphs.random_signals(seed, 12) for seed in range(12)},
    **{f"moves_{seed}": graphs.random_moves(seed, 12) for seed in range(12)},
    **{f"picks_{seed}": random_picks(seed, 10) for seed in range(6)},
    **{f"states_{seed}": graphs.random_states(seed, 12) for seed in range(12)},
    **{name: make() for name, make in graphs.SHAPES.items()},
    "tangled": several.tangled(),
    "two_heads": several.two_heads(),
}


# On 16-bit activations, too.
WIDE = (
    *("classifier", "separable", "residual", "rows_broadcast"),
    *(f"{kind}_{seed}" for kind in ("pictures", "blocks", "signals", "moves") for seed in (1, 2)),
)


def _wide(name: str) -> Graph:
    twin = wide(CASES[name])
    assert twin is not None, name
    return twin


CASES |= {f"{name}/int16": _wide(name) for name in WIDE}


@pytest.mark.parametrize("name", CASES)
def test_every_layer_equals_tflm(name: str, tmp_path: Path) -> None:
    graph = CASES[name]
    inputs = np.random.default_rng(3).integers(-128, 128, (4, graph.input_bytes)).astype(np.int8)
    expected = oracle.tflm_trace(write(graph), graph, inputs)
    model = HostModel(graph, tmp_path)
    model.reset()
    for row, values in enumerate(inputs):
        found = model.layers(values)
        for op in graph.operators:
            for t in (t for t in op.outputs if t in model.plan.places):
                whole = expected[t][row][: len(found[t])]
                np.testing.assert_array_equal(found[t], whole, graph.where(op))
    # Whole inferences, one after the other over the same arena.
    for _ in range(2):
        model.reset()
        found = np.stack([model.invoke(values) for values in inputs])
        np.testing.assert_array_equal(found, oracle.answer(graph, expected), "forge_invoke")


@pytest.mark.parametrize("name", CASES)
def test_rows_one_after_the_other(name: str, tmp_path: Path) -> None:
    """Pictures pushed row by row, each straight after the one before, and after one given up."""
    graph = CASES[name]
    inputs = np.random.default_rng(4).integers(-128, 128, (3, graph.input_bytes)).astype(np.int8)
    expected = oracle.outputs(write(graph), graph, inputs)
    model = HostModel(graph, tmp_path, by_rows=True)
    model.reset()
    model.push_first(inputs[2])
    model.reset()
    found = np.stack([model.push(values) for values in inputs])
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ["classifier", "tangled"])
@pytest.mark.parametrize("by_rows", [False, True])
def test_inputs_and_outputs_that_there_are_not_are_null(
    name: str, by_rows: bool, tmp_path: Path
) -> None:
    graph = CASES[name]
    model = HostModel(graph, tmp_path, by_rows=by_rows)
    for found, tensors in (
        (model.functions.forge_input_at, graph.inputs),
        (model.functions.forge_output_at, graph.outputs),
    ):
        assert [found(i) for i in (-1, len(tensors), 1 << 20)] == [None] * 3
    fed = rows_input(graph) if by_rows else None
    inputs = range(len(graph.inputs))
    assert [i for i in inputs if model.functions.forge_input_at(i) is None] == (
        [] if fed is None else [fed]
    )
    assert None not in map(model.functions.forge_output_at, range(len(graph.outputs)))
