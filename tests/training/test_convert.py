"""What quantize makes of layers that the converter cannot take as they are, or refuses truly."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinyforge import tflite
from tinyforge.engines.choose import choose
from tinyforge.errors import ForgeError
from tinyforge.proof import oracle
from tinyforge.tflite.about import remembers
from tinyforge.training.load import load_keras
from tinyforge.training.model import outputs
from tinyforge.training.plain import plain
from tinyforge.training.quantize import quantize
from tinyforge.training.runtime import keras, quiet, tf_keras

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
        layers.LSTM(6, activation="relu"),
        layers.GRU(6, return_sequences=True),
        layers.Bidirectional(layers.GRU(3, reset_after=False, use_bias=False)),
        layers.Bidirectional(layers.GRU(4, return_sequences=True)),
        layers.SimpleRNN(6, go_backwards=True),
    ):
        source = library().Input(SERIES)
        x = layers.Dense(2)(layers.Flatten()(layer(source)))
        model = library().Model(source, x)
        said: list[str] = []
        first = plain(model, said.append)
        assert first.model is not model and not first.whole
        assert plain(first.model, said.append).model is first.model
        assert len(said) == 1 and layer.name in said[0]
        assert not {"WHILE", "CALL"} & {*converted(model, 0.02)}


LONG = (140, 3)


@pytest.mark.parametrize("library", [keras, tf_keras])
def test_lstm_is_one_operator_and_each_inference_a_sequence(library: Any) -> None:
    layers = library().layers
    library().utils.set_random_seed(2)
    for shape, make in (
        ((24, 3), layers.LSTM(6)),
        (LONG, layers.LSTM(6, return_sequences=True, dropout=0.1, recurrent_dropout=0.1)),
        (LONG, lambda x: layers.LSTM(5)(layers.LSTM(6, return_sequences=True)(x))),
        (SERIES, layers.Bidirectional(layers.LSTM(4, use_bias=False, return_sequences=True))),
        ((30, 3), lambda x: layers.GRU(4)(layers.LSTM(6, return_sequences=True)(x))),
    ):
        source = library().Input(shape)
        model = library().Model(source, layers.Dense(2)(layers.Flatten()(make(source))))
        said: list[str] = []
        graph = tflite.read(quantize(model, inputs(shape, 4), note=said.append))
        assert "begins a sequence of its own" in said[-1]
        assert graph.states and not remembers(graph)
        assert "UNIDIRECTIONAL_SEQUENCE_LSTM" in converted(model, 0.02)


def test_inputs_and_outputs_of_a_whole_lstm_are_in_the_model_s_order() -> None:
    layers = keras().layers
    keras().utils.set_random_seed(3)
    series, more = keras().Input(LONG, name="z"), keras().Input((5,), name="a")
    x = layers.Concatenate()([layers.LSTM(4)(series), more])
    model = keras().Model([series, more], [layers.Dense(n)(x) for n in (4, 2, 3)])
    values = inputs((LONG[0] * LONG[1] + 5,))
    graph = tflite.read(quantize(model, values))
    assert [(t.name, t.shape) for t in graph.input_tensors] == [("z", (1, *LONG)), ("a", (1, 5))]
    assert [t.shape for t in graph.output_tensors] == [(1, 4), (1, 2), (1, 3)]


@pytest.mark.parametrize("library", [keras, tf_keras])
def test_a_state_that_lasts_lasts_in_the_int8_model(library: Any) -> None:
    """The float model is called with one input after the other; the state is what it answers by."""
    layers = library().layers
    library().utils.set_random_seed(2)
    source = library().Input((2, 3), batch_size=1)
    model = library().Model(source, layers.Dense(2)(layers.LSTM(6, stateful=True)(source)))
    said: list[str] = []
    values = inputs((2, 3), 40)
    graph = tflite.read(quantize(model, values, note=said.append))
    assert "lasts from one inference to the next" in said[0] and "forge_reset" in said[0]
    assert remembers(graph)
    found, wanted = answers(graph, values), outputs(model, values)
    alone = np.concatenate([outputs(model, one[np.newaxis]) for one in values])
    assert np.abs(found - wanted).mean() < 0.02 * np.ptp(wanted)
    assert np.abs(found - alone).mean() > 0.05 * np.ptp(wanted)


def answers(graph: Any, values: Any) -> Any:
    """What TFLM answers to real values, in real values, (n, outputs)."""
    source, out = graph.input_tensors[0], graph.output_tensors[0]
    rows = np.rint(values / source.scale + source.zero_point).clip(-128, 127).astype(np.int8)
    found = oracle.outputs(tflite.write(graph), graph, rows.reshape(len(rows), -1))
    return (found.astype(float) - out.zero_point) * out.scale


def test_what_cannot_be_unrolled_is_named() -> None:
    layers = keras().layers
    gru = layers.GRU
    for shape, batch, layer, options, what, fix in (
        ((None, 3), None, layers.LSTM, {}, "not fixed", "--input-shape"),
        ((500, 3), None, gru, {}, "500 steps", "use LSTM in its place"),
        (
            LONG,
            None,
            layers.LSTM,
            {"activation": "relu"},
            "140.*activation relu",
            "defaults",
        ),
        (SERIES, 1, gru, {"stateful": True}, "stateful=True", "LSTM.stateful=True.* as an input"),
    ):
        source = keras().Input(shape, batch_size=batch)
        model = keras().Model(source, layer(4, name="memory", **options)(source))
        with pytest.raises(ForgeError, match=what) as error:
            plain(model)
        assert "'memory'" in error.value.where and re.search(fix, error.value.fix)


def test_long_lstm_that_is_no_single_operator_is_refused() -> None:
    layers = keras().layers
    masked = keras().Sequential([keras().Input(LONG), layers.Masking(), layers.LSTM(4)])
    source = keras().Input(LONG)
    begun = layers.LSTM(4)(source, initial_state=[layers.Dense(4)(source[:, 0])] * 2)
    returned = layers.LSTM(4, return_state=True)(source)[1]
    both = keras().Input(LONG, batch_size=1)
    kept = layers.LSTM(4, stateful=True)(layers.LSTM(4, return_sequences=True)(both))
    for model, what in (
        (masked, "with the mask of 'masking"),
        (keras().Model(source, begun), "with a state given"),
        (keras().Model(source, returned), "with a state given or returned"),
        (keras().Model(both, kept), "while another layer's state lasts"),
    ):
        with pytest.raises(ForgeError, match=what) as error:
            plain(model)
        assert error.value.fix


def test_a_state_may_be_an_input_and_an_output() -> None:
    """As the remedy says of a GRU whose state lasts: what comes out goes in again."""
    layers = keras().layers
    keras().utils.set_random_seed(4)
    series, state = keras().Input(SERIES, name="series"), keras().Input((4,), name="state")
    answer, after = layers.GRU(4, return_state=True)(series, initial_state=state)
    model = keras().Model([series, state], [layers.Dense(2)(answer), after])
    graph = tflite.read(quantize(model, inputs((SERIES[0] * SERIES[1] + 4,))))
    assert [t.shape for t in graph.output_tensors] == [(1, 2), (1, 4)]
    assert [t.shape for t in graph.input_tensors] == [(1, *SERIES), (1, 4)]
    assert not graph.states


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


def test_indices_and_argmax_are_left_to_the_application() -> None:
    layers, ops = keras().layers, keras().ops
    source = keras().Input((5,))
    looked_up = layers.Dense(2)(layers.Flatten()(layers.Embedding(10, 4)(source)))
    greatest = ops.argmax(layers.Dense(3)(source), axis=-1)
    for answer, fix in ((looked_up, "look the Embedding"), (greatest, "leave argmax out")):
        with pytest.raises(ForgeError) as error:
            quantize(keras().Model(source, answer), np.abs(inputs((5,))))
        assert fix in error.value.fix


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own
def test_a_loop_that_a_saved_model_brings_is_named(tmp_path: Path) -> None:
    """Its remedy: the same model as a .keras file."""
    layers = keras().layers
    source = keras().Input((20, 3))
    model = keras().Model(source, layers.Dense(2)(layers.LSTM(4)(source)))
    with quiet():
        model.export(tmp_path / "saved", verbose=False)
    model.save(tmp_path / "model.keras")
    with pytest.raises(ForgeError, match="a loop over time") as error:
        quantize(load_keras(tmp_path / "saved"), inputs((20, 3)))
    assert ".keras" in error.value.fix
    assert tflite.read(quantize(load_keras(tmp_path / "model.keras"), inputs((20, 3))))


def test_steps_that_make_too_many_tensors_are_refused() -> None:
    """The remedy's other half, an LSTM of as many steps, is tested above."""
    layers = keras().layers
    for steps, fits in ((60, False), (45, True)):
        source = keras().Input((steps, 3))
        model = keras().Model(source, layers.Dense(2)(layers.GRU(4)(source)))
        if fits:
            converted(model, 0.05)
            continue
        with pytest.raises(ForgeError, match=r"tensors; 960 can be compared") as error:
            quantize(model, inputs((steps, 3), 4))
        assert "fewer steps" in error.value.fix
