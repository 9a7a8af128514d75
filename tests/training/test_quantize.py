"""int8 throughout, batch 1, nothing but the operators of the network; and as good as float."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tflite.equality import assert_same_graph as same_graph
from tinyforge import tflite
from tinyforge.datasets import Splits
from tinyforge.errors import ForgeError
from tinyforge.graph.types import DType
from tinyforge.proof import oracle
from tinyforge.proof.answers import accuracy, answers
from tinyforge.proof.examples import of_pictures
from tinyforge.training.accuracy import accuracy_float
from tinyforge.training.model import Model, predict, scaled
from tinyforge.training.quantize import quantize, to_float_tflite


@pytest.fixture(scope="module")
def small(model: Model, splits: Splits) -> bytes:
    return quantize(model, scaled(splits.training.images[:64]))


NETWORK = [
    "RESHAPE",
    "CONV_2D",
    "MAX_POOL_2D",
    "CONV_2D",
    "MAX_POOL_2D",
    "RESHAPE",
    "FULLY_CONNECTED",
    "LOGISTIC",
]


def test_the_operators_are_the_networks_own(model: Model, small: bytes) -> None:
    for content in (small, to_float_tflite(model)):
        graph = tflite.read(content)
        assert [op.op for op in graph.operators] == NETWORK
        assert graph.tensors[graph.inputs[0]].shape == (1, 28, 28)
        assert graph.tensors[graph.outputs[0]].shape == (1, 1)


def test_everything_is_int8_and_a_grey_level_is_one_step(small: bytes) -> None:
    graph = tflite.require_quantized(tflite.read(small)) or tflite.read(small)
    source, sink = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    assert source.dtype == sink.dtype == DType.INT8
    assert source.scale == pytest.approx(1 / 255, rel=1e-6) and source.zero_point == -128
    assert (sink.scale, sink.zero_point) == (1 / 256, -128)


def test_tflm_answers_as_keras_does(model: Model, small: bytes, splits: Splits) -> None:
    images = splits.held_out.images
    graph = tflite.read(small)
    source, output = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    floats, ints = predict(model, images), oracle.outputs(small, graph, of_pictures(images, source))
    assert (ints.astype(int) + 128) / 256 == pytest.approx(floats, abs=0.08)
    found = accuracy(ints, output, splits.held_out.labels)
    assert abs(found - accuracy_float(model, splits.held_out)) <= 0.03
    assert (answers(ints, output) == answers(floats)).mean() > 0.95


@pytest.mark.parametrize(
    ("shape", "value", "what"),
    [
        ((0, 28, 28), 0.0, "has shape"),
        ((4, 28, 27), 0.0, "has shape"),
        ((4, 28, 28, 1), 0.0, "has shape"),
        ((4, 28, 28), np.nan, "NaN"),
        ((4, 28, 28), np.inf, "NaN or infinity"),
    ],
)
def test_calibration_that_does_not_fit_is_refused(
    model: Model, shape: tuple[int, ...], value: float, what: str
) -> None:
    with pytest.raises(ForgeError, match=what):
        quantize(model, np.full(shape, value, np.float32))


def test_models_whose_input_is_not_fixed_are_refused(keras: Any) -> None:
    layers = keras.layers
    open_ended = keras.Sequential([keras.Input((None, None, 1)), layers.Conv2D(2, 3)])
    with pytest.raises(ForgeError, match="not fixed"):
        to_float_tflite(open_ended)


def test_inputs_without_labels_calibrate(model: Model, splits: Splits, tmp_path: Path) -> None:
    from tinyforge.cli.ui import Ui
    from tinyforge.training.quantize_file import quantized_file
    from tinyforge.training.runtime import quiet

    with quiet():
        model.save(tmp_path / "model.keras")
    images = splits.training.images[:64]
    np.savez(tmp_path / "inputs.npz", inputs=images)
    arguments = (tmp_path / "model.keras", str(tmp_path / "inputs.npz"), Ui())
    with pytest.raises(ForgeError, match="nothing says which range"):
        quantized_file(*arguments)
    given = quantized_file(*arguments, range_text="0..1")
    assert (given.classes, given.measured) == ((), None)
    same_graph(tflite.read(given.model), tflite.read(quantize(model, scaled(images))))


def test_a_sketch_costs_what_the_model_costs(model: Model, small: bytes, tmp_path: Path) -> None:
    from tinyforge.cli.ui import Ui
    from tinyforge.training.quantize_file import sketched_file
    from tinyforge.training.runtime import quiet

    with quiet():
        model.save(tmp_path / "model.keras")
    sketch, real = tflite.read(sketched_file(tmp_path / "model.keras", Ui())), tflite.read(small)
    assert [op.op for op in sketch.operators] == [op.op for op in real.operators] == NETWORK
    shapes = [[(t.shape, t.dtype) for t in graph.tensors] for graph in (sketch, real)]
    assert shapes[0] == shapes[1]
