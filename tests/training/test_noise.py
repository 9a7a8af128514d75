"""What int8 adds, layer by layer: figures against plain NumPy; each cause provoked, named alone."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinyforge import tflite
from tinyforge.datasets.decide import Decision
from tinyforge.datasets.ranges import AS_THEY_ARE, Kind, parse
from tinyforge.datasets.samples import TEST, TRAINING, Samples, part_of
from tinyforge.datasets.several import read_several
from tinyforge.errors import ForgeError
from tinyforge.training.model import Model, input_shapes, outputs
from tinyforge.training.noise.explain import explained
from tinyforge.training.noise.record import Explained
from tinyforge.training.quantize import quantize
from tinyforge.training.quantize_file import quantized_file
from tinyforge.training.runtime import quiet, tf_keras
from tinyforge.training.subject import Subject

SHAPE = (8, 8, 2)
_GIVEN = Decision(AS_THEY_ARE, "given")


def samples(values: Any, labels: Any = None, parts: Any = None) -> Samples:
    return Samples("data", values.astype(np.float32), labels=labels, parts=parts)


def noise(count: int = 48, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(count, *SHAPE)).astype(np.float32)


def explain(model: Model, data: Samples, *, dropped: bool = False) -> Explained:
    """Calibrated on the training part, measured on the test part."""
    subject = Subject.of(model, data, None)
    calibration, held_out = part_of(data, TRAINING), part_of(data, TEST)
    small = quantize(model, calibration.real(AS_THEY_ARE))
    inputs = held_out.real(AS_THEY_ARE)
    return explained(small, subject, _GIVEN, calibration, inputs, dropped=dropped)


def causes(said: Explained) -> list[str]:
    return [finding.cause for finding in said.findings]


@pytest.fixture
def network(keras: Any) -> Callable[..., Model]:
    """Two convolutions, whose kernels `change` may change: kernel by name to kernel."""

    def make(change: Callable[[dict[str, Any]], None] = lambda _: None) -> Model:
        keras.utils.set_random_seed(0)
        layers = keras.layers
        model = keras.Sequential(
            [
                keras.Input(SHAPE),
                layers.Conv2D(8, 3, activation="relu", name="first"),
                layers.Conv2D(8, 3, activation="relu", name="second"),
                layers.Flatten(),
                layers.Dense(3, name="last"),
            ]
        )
        kernels = {name: model.get_layer(name).get_weights() for name in ("first", "second")}
        change({name: weights[0] for name, weights in kernels.items()})
        for name, weights in kernels.items():
            model.get_layer(name).set_weights(weights)
        return model

    return make


def test_nothing_stands_out_of_a_healthy_model(network: Callable[..., Model]) -> None:
    said = explain(network(), samples(noise()))
    assert said.findings == ()
    assert [one.op for one in said.layers] == [
        "INPUT",
        "CONV_2D",
        "CONV_2D",
        "RESHAPE",
        "FULLY_CONNECTED",
    ]
    assert all(one.snr and one.own and 30 < one.snr <= one.own + 3 for one in said.layers)


def test_figures_are_those_of_numpy(network: Callable[..., Model]) -> None:
    model, data = network(), noise()
    said = explain(model, samples(data))
    layer, graph = said.layers[1], tflite.read(quantize(model, data))
    real = np.asarray(model.layers[0](data))
    sink = graph.tensors[graph.operators[0].outputs[0]]
    step = sink.scale
    assert layer.seen == pytest.approx((real.min(), real.max()), rel=1e-5)
    assert layer.held == pytest.approx((0, 255 * step), abs=1e-6)
    coded = np.clip(np.round(real / step), 0, 255) * step
    assert layer.own == pytest.approx(
        10 * np.log10((real**2).sum() / ((coded - real) ** 2).sum()), abs=0.1
    )
    assert layer.weights is not None and layer.weights.per_channel
    kernel = model.layers[0].get_weights()[0].reshape(-1, 8)
    rounded = np.round(kernel / (np.abs(kernel).max(axis=0) / 127)) * (
        np.abs(kernel).max(axis=0) / 127
    )
    found = 10 * np.log10((kernel**2).sum() / ((rounded - kernel) ** 2).sum())
    assert layer.weights.snr == pytest.approx(found, abs=0.1)
    assert layer.saturated == 0 and layer.unused < 0.01


def _series(keras: Any) -> Model:
    layers = keras.layers
    body = [layers.Conv1D(6, 3, activation="relu"), layers.BatchNormalization(), layers.GRU(4)]
    return keras.Sequential([keras.Input((10, 4)), *body, layers.Dense(3)])


def _lstm(keras: Any) -> Model:
    layers = keras.layers
    return keras.Sequential([keras.Input((6, 4)), layers.LSTM(5), layers.Dense(3)])


def _within(keras: Any) -> Model:
    layers = keras.layers
    inner = keras.Sequential([keras.Input(SHAPE), layers.Conv2D(6, 3), layers.ReLU(6.0)])
    return keras.Sequential([keras.Input(SHAPE), inner, layers.Flatten(), layers.Dense(3)])


def _of_keras_2(_: Any) -> Model:
    library = tf_keras()
    layers = library.layers
    body = [layers.Conv2D(6, 3), layers.BatchNormalization(), layers.ReLU(6.0)]
    ends = [layers.GlobalAveragePooling2D(), layers.Dense(3, activation="softmax")]
    return library.Sequential([library.Input(SHAPE), *body, *ends])


@pytest.mark.parametrize("make", [_series, _lstm, _within, _of_keras_2])
def test_other_models_are_compared_too(make: Any, keras: Any) -> None:
    """All layers; of a GRU's steps the few that have no name of their own are left out."""
    keras.utils.set_random_seed(0)
    model = make(keras)
    said = explain(
        model, samples(np.random.default_rng(0).normal(size=(16, *model.input_shape[1:])))
    )
    compared = sum(one.layer is not None for one in said.layers)
    assert compared == said.of or (make is _series and said.of > compared > 0.9 * said.of)
    assert said.layers[-1].snr is not None and said.layers[-1].snr > 15
    assert said.findings == ()


def test_several_inputs_are_each_compared(keras: Any, tmp_path: Path) -> None:
    layers = keras.layers
    one, other = keras.Input((8,), name="one"), keras.Input(SHAPE, name="other")
    pooled = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(other))
    joined = layers.Concatenate()([layers.Dense(4, activation="relu")(one), pooled])
    model = keras.Model([one, other], layers.Dense(3)(joined))
    rng = np.random.default_rng(0)
    arrays = {"one": rng.normal(size=(16, 8)), "other": rng.normal(size=(16, *SHAPE))}
    np.savez(tmp_path / "data.npz", **arrays)
    said = explain(model, read_several(str(tmp_path / "data.npz"), input_shapes(model), None))
    assert [layer.name for layer in said.layers if layer.layer is None] == ["one", "other"]
    assert sum(layer.layer is not None for layer in said.layers) == said.of


def _outlier(kernels: dict[str, Any]) -> None:
    kernels["first"][..., 3] *= 200
    kernels["second"][:, :, 3] /= 200


def test_a_channels_outlier_is_named(network: Callable[..., Model]) -> None:
    said = explain(network(_outlier), samples(noise()))
    (finding,) = said.findings
    assert finding.cause == "outlier" and "first" in finding.where
    assert "channel 3 reaches" in finding.what


def test_a_weight_far_from_the_others_is_named(network: Callable[..., Model]) -> None:
    def change(kernels: dict[str, Any]) -> None:
        kernels["first"][..., 2] = 0  # so that the weight is not heard, but its scale is
        kernels["second"][0, 0, 2, 5] = 40 * np.abs(kernels["second"]).max()

    said = explain(network(change), samples(noise()))
    assert causes(said) == ["weights"]
    assert "second" in said.findings[0].where and "channel 5" in said.findings[0].what


@pytest.mark.parametrize(
    ("fused", "bias", "found"),
    [(False, -3.0, ["activation not fused"]), (True, -3.0, []), (False, 3.0, [])],
)
def test_an_activation_that_is_not_fused_is_named(
    keras: Any, fused: bool, bias: float, found: list[str]
) -> None:
    """Where one more layer reads what is before the ReLU; of little that is thrown away nothing is
    said."""
    layers = keras.layers
    keras.utils.set_random_seed(0)
    taken = keras.Input(SHAPE)
    wide = layers.Conv2D(8, 3, name="wide")(taken)
    narrow = layers.ReLU(name="narrow")(wide)
    pooled = [layers.GlobalAveragePooling2D()(one) for one in (narrow, wide)]
    model = keras.Model(taken, pooled[0] if fused else layers.Add()(pooled))
    kernel, _ = model.get_layer("wide").get_weights()
    model.get_layer("wide").set_weights([kernel, np.full(8, bias)])
    said = explain(model, samples(noise()))
    assert causes(said) == found
    assert all("narrow" in finding.where for finding in said.findings)


def test_ranges_that_calibration_did_not_reach_are_named(network: Callable[..., Model]) -> None:
    """By inputs within the calibration's range that all filters add up."""

    def positive(kernels: dict[str, Any]) -> None:
        for kernel in kernels.values():
            kernel[:] = np.abs(kernel)

    model = network(positive)
    even = np.ones((10, *SHAPE), np.float32)
    even[:, 0] = -1
    data = np.concatenate([np.sign(noise(40)), even])
    parts = np.array([TRAINING] * 40 + [TEST] * 10)
    said = explain(model, samples(data, parts=parts))
    assert causes(said) == ["calibration"]
    assert "40 calibration samples" in said.findings[0].what
    assert causes(explain(model, samples(data))) == []


def test_calibration_on_one_class_is_named(network: Callable[..., Model]) -> None:
    data, labels = noise(60), np.arange(60) % 3
    parts = np.where(labels == 1, TRAINING, TEST)
    data[labels != 1] *= 3
    data = np.clip(data, -2, 2)
    said = explain(network(), samples(data, labels, parts))
    assert causes(said) == ["one class"]
    assert causes(explain(network(), samples(data, labels))) == []


def test_data_that_is_prepared_otherwise_than_the_calibrations_is_named(
    network: Callable[..., Model],
) -> None:
    data = noise()
    data[24:] *= 20
    parts = np.array([TRAINING] * 24 + [TEST] * 24)
    said = explain(network(), samples(data, parts=parts))
    assert causes(said) == ["preprocessing"] and said.findings[0].where.startswith("INPUT")


def test_data_that_is_prepared_otherwise_than_in_training_is_named(keras: Any) -> None:
    """Without labels: a normalization knows what it saw."""
    layers = keras.layers
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input(SHAPE),
            layers.Conv2D(8, 3, name="first"),
            layers.BatchNormalization(name="normal"),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3),
        ]
    )
    seen = np.asarray(model.get_layer("first")(noise())).reshape(-1, 8)
    normal = model.get_layer("normal")
    normal.set_weights([*normal.get_weights()[:2], seen.mean(axis=0), seen.var(axis=0)])
    assert causes(explain(model, samples(noise(seed=1)))) == []
    said = explain(model, samples(255 * noise(seed=1)))
    assert causes(said) == ["preprocessing"] and "normal" in said.findings[0].where


def test_a_range_in_which_the_float_model_is_righter_is_named(
    network: Callable[..., Model],
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (60, *SHAPE)).astype(np.uint8)
    data = Samples("data", pixels, Kind.LEVELS)
    model = network()
    labels = outputs(model, data.real(parse("0..1"))).argmax(axis=1)
    data = replace(data, labels=labels)
    subject = Subject.of(model, data, None)
    for text, found in (("0..1", []), ("-1..1", ["preprocessing"])):
        decision = subject.decide(parse(text))
        inputs = data.real(decision.range)
        small = quantize(model, inputs)
        said = explained(small, subject, decision, data, inputs, dropped=False)
        assert causes(said) == found
    assert said.findings[0].cure == "give --range 0..1"


def test_without_a_cause_the_layer_that_loses_most_is_named(network: Callable[..., Model]) -> None:
    data = samples(noise())
    assert causes(explain(network(), data)) == []
    assert causes(explain(network(), data, dropped=True)) == ["noise"]


def test_a_drop_of_accuracy_is_refused_with_its_cause(
    network: Callable[..., Model], tmp_path: Path, told: Any
) -> None:
    model, data = network(_outlier), noise(200)
    with quiet():
        model.save(tmp_path / "model.keras")
    labels = outputs(model, data).argmax(axis=1)
    np.savez(tmp_path / "data.npz", inputs=data, labels=labels)
    with pytest.raises(
        ForgeError, match=r"drops .* by quantizing: outlier: channel 3 reaches"
    ) as refused:
        quantized_file(tmp_path / "model.keras", str(tmp_path / "data.npz"), told)
    for cure in ("BatchNormalization", "--int16 0 brings the outputs from", "--accept-accuracy"):
        assert cure in refused.value.fix
