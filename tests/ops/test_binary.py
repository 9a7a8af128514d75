"""What the operators on pairs of values refuse, and their arithmetic at the ends of its range."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus.builder import Constant, GraphBuilder, TensorSpec, single_op
from tests.ops import harness
from tests.ops.case_binary import CASES
from tests.ops.refusals import accepted, refused
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph, Quant
from tinyforge.ops import OPS

SCALED = ("ADD", "SUB")
SAME = ("MAXIMUM", "MINIMUM")
SHAPE = (1, 4, 5, 6)


def pair(
    name: str,
    shapes: Sequence[tuple[int, ...]] = (SHAPE, SHAPE, SHAPE),
    scales: Sequence[float] = (0.1, 0.1, 0.1),
    zero_points: Sequence[int] = (3, 3, 3),
) -> Graph:
    """First input, second input, output."""
    first, second, out = map(TensorSpec, shapes, scales, zero_points)
    return single_op(name, inputs=[first, second], output=out)


@pytest.mark.parametrize("name", CASES)
def test_shapes_that_do_not_broadcast_are_refused(name: str) -> None:
    accepted(pair(name))
    accepted(pair(name, [SHAPE, (6,), SHAPE]))
    accepted(pair(name, [(1, 1, 1, 6), SHAPE, SHAPE]))
    refused(pair(name, [SHAPE, (5,), SHAPE]), r"\[1, 4, 5, 6\] and \[5\] do not give")
    refused(pair(name, [SHAPE, (4, 5, 1, 1), SHAPE]), "do not give")
    refused(pair(name, [SHAPE, SHAPE, (1, 120)]), "do not give")
    refused(pair(name, [(6,), (6,), SHAPE]), "do not give")
    accepted(pair(name, [(1, *SHAPE)] * 3))
    refused(pair(name, [(1, 1, *SHAPE)] * 3), "more than 5 dimensions")
    in_turn = [(2, 1, 5, 1, 6), (2, 4, 1, 3, 1), (2, 4, 5, 3, 6)]
    refused(pair(name, in_turn), "repeat too many dimensions in turn")


@pytest.mark.parametrize("name", CASES)
def test_operands_that_hold_no_activations_are_refused(name: str) -> None:
    spec = TensorSpec(SHAPE, 0.1, 3)
    constant = Constant(np.zeros(SHAPE, np.int8), spec.quant)
    accepted(single_op(name, inputs=[spec, constant], output=spec))
    shape = Constant(np.zeros(SHAPE, np.int32))
    refused(single_op(name, inputs=[spec, shape], output=spec), "needs int8")
    refused(single_op(name, inputs=[spec], output=spec), "needs 2 to 2 inputs")


@pytest.mark.parametrize("name", CASES)
def test_two_constants_are_refused(name: str) -> None:
    b = GraphBuilder()
    x = b.input(SHAPE, 0.1)
    constants = [b.constant(np.zeros(SHAPE, np.int8), Quant((0.1,), (0,))) for _ in range(2)]
    folded = b.op(name, constants, SHAPE, 0.1)
    graph = b.build([b.op(name, [x, folded], SHAPE, 0.1)])
    with pytest.raises(ForgeError, match=f"both operands are constant\n.*{name}"):
        OPS[name].check(graph, graph.operators[0])


@pytest.mark.parametrize("name", SAME)
def test_comparing_different_quantizations_is_refused(name: str) -> None:
    for tensor in range(3):
        scales, zero_points = [0.1] * 3, [3] * 3
        scales[tensor] = 0.11
        refused(pair(name, scales=scales), "cannot rescale")
        zero_points[tensor] = 4
        refused(pair(name, zero_points=zero_points), "cannot rescale")


@pytest.mark.parametrize("name", SCALED)
def test_sums_beyond_their_output_are_refused(name: str) -> None:
    """The factor 2 * scale / (2**20 * output scale) must be below 1."""
    accepted(pair(name, scales=[1.0, 0.5, 2.01 * 2**-20]))
    refused(pair(name, scales=[1.0, 0.5, 2.0 * 2**-20]), "output scale is too small")


# The last output scale before int32 overflows, and one that is beyond it.
LIMITS = {
    "MUL": (2.0**-14 * (1 - 2**-20), 2.0**-15),
    "SQUARED_DIFFERENCE": (2.0**-12 * (1 - 2**-20), 2.0**-13),
    "PRELU": (2.0**-14, 2.0**-15),
}


@pytest.mark.parametrize("name", LIMITS)
def test_products_that_overflow_are_refused(name: str) -> None:
    least, too_small = LIMITS[name]
    accepted(pair(name, scales=[1.0, 1.0, least]))
    refused(pair(name, scales=[1.0, 1.0, too_small]), "output scale is too small")
    if name == "PRELU":
        refused(pair(name, scales=[1.0, 2.0**-10, 2.0**-23]), "output scale is too small")


def every_pair() -> list[npt.NDArray[np.int8]]:
    """All values against all values, by broadcasting."""
    values = np.arange(-128, 128).astype(np.int8)
    return [values.reshape(1, 256, 1), values.reshape(1, 1, 256)]


@pytest.mark.parametrize("zero_points", [(-128, 127, 0), (127, -128, -128), (5, -7, 100)])
@pytest.mark.parametrize("name", [name for name in CASES if name not in SAME])
def test_every_pair_of_values_equals_tflm(
    name: str, zero_points: tuple[int, int, int], tmp_path: Path
) -> None:
    """At the extremes of each factor, too."""
    shapes = [(1, 256, 1), (1, 1, 256), (1, 256, 256)]
    natural = {"MUL": 0.02, "SQUARED_DIFFERENCE": 2.0}.get(name, 0.05)
    scales = [(0.05, 0.02, natural), (0.02, 0.05, natural / 30), (3e-6, 0.3, 0.1)]
    if name in LIMITS:
        scales.append((1.0, 1.0, LIMITS[name][0]))
    graphs = [pair(name, shapes, scale, zero_points) for scale in scales]
    harness.assert_equal_tflm([(graph, every_pair()) for graph in graphs], tmp_path)
