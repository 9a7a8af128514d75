"""The oracle: TFLM in a child process, and the NumPy models that stand in for it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus import models
from tests.corpus.builder import GraphBuilder, TensorSpec
from tests.memory import graphs
from tests.ops.case_svdf import svdf
from tests.ops.draw import Random
from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Quant
from tinyforge.proof import oracle
from tinyforge.tflite import read_file, write

pytest.importorskip("tflite_micro")

MODELS: dict[str, Graph] = {
    **{name: make(6) for name, make in models.NETWORKS.items()},
    **{f"pictures_{seed}": graphs.random_pictures(100 + seed, 10) for seed in range(4)},
    # Its state goes on from one input to the next.
    "stateful": svdf(Random(np.random.default_rng(4))),
}


def inputs(graph: Graph, count: int) -> npt.NDArray[np.int8]:
    size = graph.tensors[graph.inputs[0]].nbytes
    return np.random.default_rng(2).integers(-128, 128, (count, size)).astype(np.int8)


def assert_same(found: oracle.Trace, expected: oracle.Trace, graph: Graph, count: int) -> None:
    assert set(found) == set(expected) == {t for op in graph.operators for t in op.outputs}
    for t, values in expected.items():
        assert found[t].dtype == values.dtype == np.int8
        assert values.shape == (count, graph.tensors[t].nbytes)
        np.testing.assert_array_equal(found[t], values, graph.tensors[t].name)


@pytest.mark.parametrize("name", MODELS)
def test_numpy_models_equal_tflm_layer_by_layer(name: str) -> None:
    graph = MODELS[name]
    x = inputs(graph, 3)
    expected = oracle.tflm_trace(write(graph), graph, x)
    assert_same(oracle.reference_trace(graph, x), expected, graph, 3)


@pytest.mark.parametrize("name", ["ad", "kws", "quickdraw", "resnet8", "vww"])
def test_shared_models_and_their_golden_vectors(name: str, corpus: Path) -> None:
    """Both traces end in the outputs that were recorded when the models were made."""
    model, graph = read_file(corpus / "models" / f"{name}.tflite")
    golden = np.load(corpus / "golden" / f"{name}.npz")
    x = golden["inputs"][:2].reshape(2, -1)
    expected = oracle.tflm_trace(model, graph, x)
    assert_same(oracle.reference_trace(graph, x), expected, graph, 2)
    np.testing.assert_array_equal(expected[graph.outputs[0]], golden["outputs"][:2].reshape(2, -1))


def test_several_inputs_and_outputs_of_any_type() -> None:
    """Raw bytes of each, side by side: of integers, of real numbers, and of an input itself."""
    b = GraphBuilder()
    first, second = b.input((1, 4), 0.5, 3), b.input((1, 6), 0.25, -7)
    wide = b.op("QUANTIZE", [first], (1, 4), 0.001, dtype=DType.INT16)
    real = b.op("DEQUANTIZE", [second], (1, 6), 0, dtype=DType.FLOAT32)
    same = b.op("RESHAPE", [second, b.constant(np.array([1, 3, 2], np.int32))], (1, 3, 2), 0.25, -7)
    graph = b.build([real, first, wide, same, wide])
    x = np.array([[3, 4, 100, -128, -7, -6, 1, 2, 127, -128], list(range(10))], np.int8)
    found = oracle.tflm_trace(write(graph), graph, x)
    assert set(found) == {first, wide, real, same}
    assert found[wide].view("<i2")[0].tolist() == [0, 500, 32767, -32768]
    assert found[real].view("<f4")[0].tolist() == [0, 0.25, 2, 2.25, 33.5, -30.25]
    whole = oracle.outputs(write(graph), graph, x)
    parts = [found[real], x[:, :4], found[wide], x[:, 4:], found[wide]]
    np.testing.assert_array_equal(whole, np.concatenate(parts, axis=1))
    assert whole.shape == (2, graph.output_bytes)


def test_numpy_models_take_several_inputs() -> None:
    """One of them twice, one of them not at all, one of them given back as it is."""
    b = GraphBuilder()
    x, y, _, last = (b.input((1, 5), 0.1 + i, i, name=f"in_{i}") for i in range(4))
    total = b.op("ADD", [x, y], (1, 5), 0.5, 2)
    parts = b.ops(
        "SPLIT",
        [b.constant(np.array(1, np.int32)), b.op("ADD", [total, x], (1, 5), 1)],
        [TensorSpec((1, 1), 1)] * 5,
        {"num_splits": 5},
    )
    graph = b.build([parts[3], total, last, parts[0]])
    values = np.random.default_rng(3).integers(-128, 128, (4, 20)).astype(np.int8)
    expected = oracle.tflm_trace(write(graph), graph, values)
    found = oracle.reference_trace(graph, values)
    assert set(found) == set(expected)
    for t, rows in expected.items():
        np.testing.assert_array_equal(found[t], rows, graph.tensors[t].name)
    np.testing.assert_array_equal(found[last], values[:, 15:])


def test_trace_asks_tflm_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = models.classifier(6)
    x = inputs(graph, 2)
    assert oracle.available()
    assert oracle.version().startswith("TensorFlow Lite Micro, wheel ")
    wrong = {t: v + np.int8(1) for t, v in oracle.reference_trace(graph, x).items()}
    monkeypatch.setattr(oracle, "reference_trace", lambda graph, inputs: wrong)
    right = oracle.trace(write(graph), graph, x)
    assert (right[graph.outputs[0]] != wrong[graph.outputs[0]]).all()
    # Where the wheel does not exist, the models stand in, and say so.
    monkeypatch.setattr(oracle, "available", lambda: False)
    assert oracle.trace(b"not read", graph, x) is wrong
    assert "NumPy" in oracle.version()


def test_a_crash_of_tflm_is_an_error_not_a_crash() -> None:
    """TFLM reads address 0 where a depthwise bias is left out; the child dies of the signal."""
    b = GraphBuilder()
    x = b.input((1, 4, 4, 1), 0.1)
    weights = b.constant(np.ones((1, 3, 3, 1), np.int8), Quant((0.1,), (0,)))
    operands = [x, weights, -1]
    y = b.op("DEPTHWISE_CONV_2D", operands, (1, 4, 4, 1), 0.1, stride_w=1, stride_h=1,
             depth_multiplier=1, dilation_w_factor=1, dilation_h_factor=1)  # fmt: skip
    graph = b.build([y])
    with pytest.raises(ForgeError, match="Micro cannot run the model: it crashed"):
        oracle.tflm_trace(write(graph), graph, inputs(graph, 1))


def test_what_tflm_rejects_is_an_error_with_its_words() -> None:
    """Pools that rescale: TFLM's Prepare fails."""
    b = GraphBuilder()
    x = b.input((1, 4, 4, 1), 0.1)
    y = b.op("MAX_POOL_2D", [x], (1, 2, 2, 1), 7.0, padding=1, stride_w=2, stride_h=2,
             filter_width=2, filter_height=2)  # fmt: skip
    z = b.op("SOFTMAX", [b.op("RESHAPE", [y, b.constant(np.array([1, 4], np.int32))], (1, 4), 7.0)],
             (1, 4), 0.7, 3, beta=1.0)  # fmt: skip
    graph = b.build([z])
    with pytest.raises(ForgeError, match=r"scale_diff.*; Node MAX_POOL_2D \(number 0\) failed"):
        oracle.tflm_trace(write(graph), graph, inputs(graph, 1))


def test_bytes_that_are_no_model_are_an_error() -> None:
    graph = models.classifier(6)
    with pytest.raises(ForgeError, match="cannot run the model"):
        oracle.tflm_trace(b"\x18\0\0\0TFL3", graph, inputs(graph, 1))


def test_a_hang_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = models.classifier(6)
    run = subprocess.run

    def impatient(command: list[str], **options: Any) -> Any:
        return run(command, **{**options, "timeout": 0.001})

    monkeypatch.setattr(subprocess, "run", impatient)
    with pytest.raises(ForgeError, match="did not finish"):
        oracle.tflm_trace(write(graph), graph, inputs(graph, 1))
