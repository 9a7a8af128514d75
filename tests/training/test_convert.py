"""What quantize makes of layers that the converter cannot take as they are, or refuses truly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinyforge import tflite
from tinyforge.engines.choose import choose
from tinyforge.errors import ForgeError
from tinyforge.proof import oracle
from tinyforge.training.plain import plain
from tinyforge.training.quantize import quantize
from tinyforge.training.runtime import keras, tf_keras

PICTURE, SERIES = (8, 9, 4), (5, 3)


def inputs(shape: tuple[int, ...], count: int = 24) -> Any:
    return np.random.default_rng(1).normal(size=(count, *shape)).astype(np.float32)


def converted(model: Any, tolerance: float) -> list[str]:
    """The operators of the int8 model, whose answers by TFLM are near the float model's.

    tolerance: of the span of each output, for the mean difference.
    """
    shape = tuple(model.inputs[0].shape[1:])
    small = quantize(model, inputs(shape))
    graph = tflite.read(small)
    assert list(choose(graph, "both").engines) == ["aot", "tflm"]
    source = graph.tensors[graph.inputs[0]]
    values = np.rint(inputs(shape) / source.scale + source.zero_point).clip(-128, 127)
    trace = oracle.tflm_trace(small, graph, values.astype(np.int8).reshape(len(values), -1))
    wanted = model(inputs(shape), training=False)
    wanted = wanted if isinstance(wanted, (list, tuple)) else [wanted]
    assert len(wanted) == len(graph.outputs)
    for index, expected in zip(graph.outputs, wanted, strict=True):
        out = graph.tensors[index]
        floats = np.asarray(expected).reshape(len(values), -1)
        found = (trace[index].astype(float) - out.zero_point) * out.scale
        assert np.abs(found - floats).mean() < tolerance * np.ptp(floats)
    return [op.op for op in graph.operators]


@pytest.mark.parametrize("library", [keras, tf_keras])
def test_layers_over_time_are_unrolled(library: Any) -> None:
    layers = library().layers
    library().utils.set_random_seed(2)
    for layer in (
        layers.LSTM(6),
        layers.GRU(6, return_sequences=True),
        layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
        layers.SimpleRNN(6, go_backwards=True),
    ):
        source = library().Input(SERIES)
        x = layers.Dense(2)(layers.Flatten()(layer(source)))
        model = library().Model(source, x)
        said: list[str] = []
        assert plain(plain(model, said.append), said.append) is not model
        assert len(said) == 1 and layer.name in said[0]
        assert not {"WHILE", "CALL"} & {*converted(model, 0.02)}


def test_what_cannot_be_unrolled_is_named() -> None:
    layers = keras().layers
    for shape, batch, options, what, fix in (
        ((None, 3), None, {}, "not fixed", "--input-shape"),
        ((500, 3), None, {}, "500 steps", "Conv1D"),
        (SERIES, 1, {"stateful": True}, "stateful=True", "stateful=False"),
    ):
        source = keras().Input(shape, batch_size=batch)
        model = keras().Model(source, layers.LSTM(4, name="memory", **options)(source))
        with pytest.raises(ForgeError, match=what) as error:
            plain(model)
        assert "'memory'" in error.value.where and fix in error.value.fix


def test_what_the_converter_leaves_in_float_becomes_int8() -> None:
    layers = keras().layers
    for layer, op in (
        (layers.ELU(), "ELU"),
        (layers.Activation("selu"), "ELU"),
        (layers.LayerNormalization(), "RSQRT"),
        (layers.UnitNormalization(), "RSQRT"),
    ):
        source = keras().Input(PICTURE)
        model = keras().Model(source, layer(layers.Conv2D(4, 3)(source)))
        operators = converted(model, 0.05)
        assert op in operators and "DEQUANTIZE" not in operators


def test_upsampling_and_two_outputs_in_their_order() -> None:
    layers = keras().layers
    source = keras().Input(PICTURE)
    x = layers.UpSampling2D(2)(layers.Conv2D(4, 3, strides=2)(source))
    pooled = layers.GlobalAveragePooling2D()(x)
    heads = [layers.Dense(3, "sigmoid", name="z")(pooled), layers.Dense(3, name="a")(pooled), x]
    converted(keras().Model(source, heads), 0.05)


@pytest.mark.parametrize(
    ("activation", "op", "fix"),
    [
        ("exponential", "EXP", "use relu"),
        ("softplus", "EXP", "use relu"),
        ("gelu", "GELU", "use silu"),
    ],
)
def test_activations_that_no_firmware_has(activation: str, op: str, fix: str) -> None:
    source = keras().Input((4,))
    layer = keras().layers.Dense(3, activation=activation, name="bad")
    model = keras().Model(source, keras().layers.Dense(2)(layer(source)))
    with pytest.raises(ForgeError, match=f"no firmware can be made of {op}") as error:
        quantize(model, inputs((4,)))
    assert "bad" in error.value.where and fix in error.value.fix
    assert "--engine" not in error.value.fix and "tinyforge quantize" not in error.value.fix


def test_an_operator_that_no_file_may_have_is_advised_on() -> None:
    layers = keras().layers
    source = keras().Input((6, 6, 6, 1))
    model = keras().Model(source, layers.Dense(2)(layers.Flatten()(layers.Conv3D(2, 3)(source))))
    with pytest.raises(ForgeError, match="no firmware can be made of CONV_3D") as error:
        quantize(model, inputs((6, 6, 6, 1)))
    assert "layer 1 CONV_3D" in error.value.where
    assert "use Conv2D, with the third dimension among the channels" in error.value.fix


def test_what_keras_or_the_converter_raises_is_said_in_a_line() -> None:
    layers = keras().layers
    source = keras().Input((4,))
    model = keras().Model(source, layers.Activation("threshold")(source))
    with pytest.raises(ForgeError, match="missing 2 required") as error:
        quantize(model, inputs((4,)))
    assert error.value.fix
    model = keras().Model(source, keras().ops.erf(source))
    with pytest.raises(ForgeError, match="no operator for Erf") as error:
        quantize(model, inputs((4,)))
    assert error.value.fix
