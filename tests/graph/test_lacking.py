"""Operators that TensorFlow Lite Micro lacks: what they become gives the same values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.corpus.builder import Constant, GraphBuilder, TensorSpec, single_op
from tests.graph.test_passes import run
from tinyforge.engines.tflm.resolver import METHODS
from tinyforge.graph import DType, Graph
from tinyforge.graph.passes.lacking import lacking
from tinyforge.tflite import require_quantized


def tile(shape: Sequence[int], times: Sequence[int]) -> Graph:
    x = TensorSpec(tuple(shape), 0.5, 3)
    out = TensorSpec(tuple(n * m for n, m in zip(shape, times, strict=True)), 0.5, 3)
    return single_op("TILE", inputs=[x, Constant(np.array(times, np.int32))], output=out)


@pytest.mark.parametrize(
    ("shape", "times", "becomes"),
    [
        ((1, 3, 1, 4, 2), (1, 1, 2, 1, 1), "RESHAPE BROADCAST_TO RESHAPE"),
        ((1, 3, 4, 2), (1, 2, 1, 3), "RESHAPE BROADCAST_TO RESHAPE"),
        ((1, 2, 3, 4, 5), (1, 2, 1, 3, 1), "RESHAPE BROADCAST_TO RESHAPE"),
        ((1, 1, 1, 6), (1, 1, 5, 1), "RESHAPE BROADCAST_TO RESHAPE"),
        ((1, 4), (3, 1), "BROADCAST_TO"),
        ((1, 2), (1, 1), "RESHAPE BROADCAST_TO RESHAPE"),
        ((2, 3), (1, 2), "RESHAPE BROADCAST_TO RESHAPE"),
    ],
)
def test_tile_becomes_broadcast_to(
    shape: tuple[int, ...], times: tuple[int, ...], becomes: str
) -> None:
    graph, notes = lacking(tile(shape, times))
    assert (" ".join(op.op for op in graph.operators), notes) == (becomes, ())
    x = np.random.default_rng(1).integers(-128, 128, shape).astype(np.int8)
    (found,) = run(graph, [x])
    np.testing.assert_array_equal(found, np.tile(x, times))
    assert graph.tensors[graph.outputs[0]].name == tile(shape, times).tensors[-1].name


@pytest.mark.parametrize(
    ("shape", "times"), [((2, 2, 2, 2), (2, 3, 2, 3)), ((2, 2), (0, 1)), ((2, 2), (1,))]
)
def test_what_broadcast_to_cannot_tile_stays(
    shape: tuple[int, ...], times: tuple[int, ...]
) -> None:
    graph = single_op(
        "TILE",
        inputs=[TensorSpec(shape, 0.5), Constant(np.array(times, np.int32))],
        output=TensorSpec(tuple(2 * n for n in shape), 0.5),
    )
    assert lacking(graph) == (graph, ())


def test_reshapes_around_tiles_become_one() -> None:
    """As Keras writes UpSampling2D: rows, then columns."""
    b = GraphBuilder()
    x = b.input((1, 2, 3, 4), 0.5)
    for shape, times in (((1, 2, 1, 3, 4), (1, 1, 2, 1, 1)), ((1, 4, 3, 1, 4), (1, 1, 1, 2, 1))):
        x = b.op("RESHAPE", [x], shape, 0.5, new_shape=shape)
        tiled = tuple(n * m for n, m in zip(shape, times, strict=True))
        x = b.op("TILE", [x, b.constant(np.array(times, np.int32))], tiled, 0.5)
    graph = b.build([b.op("RESHAPE", [x], (1, 4, 6, 4), 0.5, new_shape=(1, 4, 6, 4))])
    after, _ = lacking(graph)
    names = [op.op for op in after.operators]
    assert names == ["RESHAPE", "BROADCAST_TO", "RESHAPE", "BROADCAST_TO", "RESHAPE"]
    values = np.random.default_rng(2).integers(-128, 128, (1, 2, 3, 4)).astype(np.int8)
    (found,) = run(after, [values])
    np.testing.assert_array_equal(found, values.repeat(2, axis=1).repeat(2, axis=2))


def typed(graph: Graph, index: int, dtype: DType) -> Graph:
    tensors = list(graph.tensors)
    tensors[index] = replace(tensors[index], dtype=dtype, quant=None)
    return replace(graph, tensors=tuple(tensors))


@pytest.mark.parametrize(
    ("condition", "reshaped"), [((4, 3), False), ((), False), ((4,), True), ((4, 1), None)]
)
def test_select_becomes_select_v2(condition: tuple[int, ...], reshaped: bool | None) -> None:
    x = TensorSpec((4, 3), 0.5)
    graph = single_op("SELECT", inputs=[replace(x, shape=condition), x, x], output=x)
    after, _ = lacking(typed(graph, 0, DType.BOOL))
    names = [op.op for op in after.operators]
    if reshaped is None:
        assert names == ["SELECT"]
        return
    assert names == [*["RESHAPE"] * reshaped, "SELECT_V2"]
    rng = np.random.default_rng(3)
    chosen = rng.integers(0, 2, condition).astype(bool)
    first, second = (rng.integers(-128, 128, (4, 3)).astype(np.int8) for _ in range(2))
    (found,) = run(after, [chosen, first, second])
    by_rows = chosen.reshape(*condition, *[1] * (2 - len(condition)))
    np.testing.assert_array_equal(found, np.where(by_rows, first, second))


@pytest.mark.parametrize("name", ["RELU_0_TO_1", "RELU_N1_TO_1"])
@pytest.mark.parametrize("scale", [0.05, 0.021])
def test_a_clamp_becomes_a_maximum_and_a_minimum(name: str, scale: float) -> None:
    """TensorFlow Lite rescales, then clamps, as here."""
    x, out = TensorSpec((1, 256), 0.05, 3), TensorSpec((1, 256), scale, 3 if scale == 0.05 else -5)
    after, _ = lacking(single_op(name, inputs=[x], output=out))
    require_quantized(after)
    names = [op.op for op in after.operators]
    assert names == [*["QUANTIZE"] * (scale != 0.05), "MAXIMUM", "MINIMUM"]
    values = np.arange(-128, 128).astype(np.int8).reshape(1, 256)
    (found,) = run(after, [values])
    real = np.clip((values.astype(np.float64) - 3) * 0.05, 0.0 if "0_TO" in name else -1.0, 1.0)
    expected = np.clip(np.floor(real / scale + 0.5) + out.zero_point, -128, 127)
    np.testing.assert_array_equal(found, expected)


def test_what_they_become_is_there() -> None:
    assert {"BROADCAST_TO", "SELECT_V2", "QUANTIZE", "MAXIMUM", "MINIMUM"} <= set(METHODS)
    assert not {"TILE", "SELECT", "RELU_0_TO_1", "RELU_N1_TO_1"} & set(METHODS)
