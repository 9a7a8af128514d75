"""int8 files without their float model: figures against it, each cause provoked and named alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.test_commands import document, tinyforge
from tinyforge import tflite
from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Quant
from tinyforge.graph.passes import adapt
from tinyforge.proof import oracle
from tinyforge.proof.examples import Examples, quantized, reach, synthetic
from tinyforge.training.model import Model
from tinyforge.training.noise import alone
from tinyforge.training.noise.alone import explained_alone
from tinyforge.training.noise.dequantized import float_values
from tinyforge.training.noise.record import Explained
from tinyforge.training.noise.snr import snr
from tinyforge.training.quantize import quantize

SHAPE = (8, 8, 2)
Change = Callable[[dict[str, Any]], None]


def noise(count: int = 48, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(count, *SHAPE)).astype(np.float32)


@pytest.fixture
def network(keras: Any) -> Callable[..., Model]:
    """Two convolutions and a dense layer, whose kernels `change` may change, by name."""

    def make(change: Change = lambda _: None) -> Model:
        keras.utils.set_random_seed(0)
        layers = keras.layers
        body = [layers.Conv2D(8, 3, activation="relu", name=name) for name in ("first", "second")]
        model = keras.Sequential(
            [keras.Input(SHAPE), *body, layers.Flatten(), layers.Dense(8, name="last")]
        )
        kernels = {one.name: one.get_weights() for one in model.layers if one.get_weights()}
        change({name: weights[0] for name, weights in kernels.items()})
        for name, weights in kernels.items():
            model.get_layer(name).set_weights(weights)
        return model

    return make


def explain(small: bytes, data: Any = None) -> Explained:
    graph = tflite.read(small)
    if data is None:
        return explained_alone(small, graph, None)
    source = graph.input_tensors[0]
    given = Examples(quantized(data, source), reach={0: reach(data, source)})
    return explained_alone(small, graph, given)


def causes(said: Explained) -> list[str]:
    return [finding.cause for finding in said.findings]


def test_the_float_twin_is_the_model_but_for_the_rounding_of_its_weights(
    network: Callable[..., Model],
) -> None:
    model, data = network(), noise(8)
    small = quantize(model, noise())
    graph = tflite.read(small)
    source = graph.input_tensors[0]
    codes = quantized(data, source)
    held = (codes.reshape(data.shape).astype(np.float32) - source.zero_point) * source.scale
    answers = float_values(graph, codes)[graph.outputs[0]]
    close = snr(np.asarray(model(held)), answers)
    assert close is not None and close > 30


def test_nothing_stands_out_of_a_healthy_file(network: Callable[..., Model]) -> None:
    said = explain(quantize(network(), noise()), noise())
    assert said.findings == () and said.unmeasured == "" and said.samples == 48
    assert [one.op for one in said.layers] == ["CONV_2D", "CONV_2D", "RESHAPE", "FULLY_CONNECTED"]
    assert all(one.snr and one.own and 30 < one.snr <= one.own + 3 for one in said.layers)
    assert explain(quantize(network(), noise())).findings == ()


def test_what_int8_left_of_weights_is_told_by_their_codes(network: Callable[..., Model]) -> None:
    model = network()
    kernel = model.get_layer("first").get_weights()[0].reshape(-1, 8)
    step = np.abs(kernel).max(axis=0) / 127
    said = explain(quantize(model, noise()), noise())
    estimate = said.layers[0].weights
    assert estimate is not None
    assert estimate.snr == pytest.approx(snr(kernel, np.round(kernel / step) * step), abs=1)


def _outlier(kernels: dict[str, Any]) -> None:
    kernels["first"][..., 3] *= 200
    kernels["second"][:, :, 3] /= 200


def test_a_channels_outlier_is_named_with_and_without_data(network: Callable[..., Model]) -> None:
    small = quantize(network(_outlier), noise())
    for data in (noise(), None):
        (finding,) = explain(small, data).findings
        assert finding.cause == "outlier" and "first" in finding.where
        assert "channel 3" in finding.what
    assert "--equalize" in explain(small, noise()).findings[0].cure
    assert "--data" in explain(small).findings[0].cure


def test_one_scale_for_all_channels_is_named(network: Callable[..., Model]) -> None:
    """The kernel that per_channel scales carry well: one channel far larger than the others, which
    reads what is hardly there."""

    def change(kernels: dict[str, Any]) -> None:
        kernels["last"][..., 5] *= 100

    small = quantize(network(change), noise())
    assert "one scale for all channels" not in causes(explain(small))
    coarse = tflite.write(_one_scale(tflite.read(small), "FULLY_CONNECTED"))
    (finding,) = (one for one in explain(coarse).findings if "scale" in one.cause)
    assert finding.cause == "one scale for all channels" and "layer 3" in finding.where
    assert "7 of 8 output channels" in finding.what and "per channel" in finding.cure


def _one_scale(graph: Graph, kind: str) -> Graph:
    """The graph with one scale for all weights of the operators of a kind."""
    tensors = list(graph.tensors)
    for op in graph.operators:
        if op.op == kind:
            kernel = tensors[op.inputs[1]]
            assert op.inputs[2] < 0, "a bias of zeros is none"
            assert kernel.quant and kernel.data is not None and kernel.quant.per_channel
            scale = max(kernel.quant.scale)
            wide = (-1, *[1] * (len(kernel.shape) - 1))
            data = np.round(kernel.data * (np.array(kernel.quant.scale) / scale).reshape(wide))
            tensors[kernel.index] = replace(
                kernel, quant=Quant((scale,), (0,)), data=data.astype(np.int8)
            )
    return replace(graph, tensors=tuple(tensors))


@pytest.mark.parametrize(("channels", "found"), [(1, []), (3, ["weights"])])
def test_weights_far_from_the_others_are_named(
    network: Callable[..., Model], channels: int, found: list[str]
) -> None:
    """Where many channels have one; they read a channel that is dead, so nothing else is off."""

    def change(kernels: dict[str, Any]) -> None:
        kernels["first"][..., 2] = 0
        kernels["second"][0, 0, 2, :channels] = 40 * np.abs(kernels["second"]).max()

    small = quantize(network(change), noise())
    said = explain(small, noise())
    assert causes(said) == found
    assert all("second" in finding.where for finding in said.findings)


@pytest.mark.parametrize(("bias", "found"), [(-3.0, ["activation not fused"]), (3.0, [])])
def test_an_activation_that_is_not_fused_is_named(
    keras: Any, bias: float, found: list[str]
) -> None:
    layers = keras.layers
    keras.utils.set_random_seed(0)
    taken = keras.Input(SHAPE)
    wide = layers.Conv2D(8, 3, name="wide")(taken)
    narrow = layers.ReLU(name="narrow")(wide)
    pooled = [layers.GlobalAveragePooling2D()(one) for one in (narrow, wide)]
    model = keras.Model(taken, layers.Add()(pooled))
    kernel, _ = model.get_layer("wide").get_weights()
    model.get_layer("wide").set_weights([kernel, np.full(8, bias)])
    small = quantize(model, noise())
    assert causes(explain(small)) == causes(explain(small, noise())) == found


def _positive(kernels: dict[str, Any]) -> None:
    for kernel in kernels.values():
        kernel[:] = np.abs(kernel)


def test_ranges_that_calibration_did_not_reach_are_named(network: Callable[..., Model]) -> None:
    """By inputs within the calibration's range that all filters add up."""
    small = quantize(network(_positive), np.sign(noise(40)))
    even = np.ones((10, *SHAPE), np.float32)
    even[:, 0] = -1
    said = explain(small, even)
    assert causes(said) == ["calibration"]
    assert "its calibration samples" in said.findings[0].what
    assert causes(explain(small, np.sign(noise(40)))) == []


def test_codes_that_no_sample_reaches_are_named(network: Callable[..., Model]) -> None:
    """Calibrated with one sample that all filters add up, where the others' channels all but
    cancel out; the input's own range is used."""

    def even(kernels: dict[str, Any]) -> None:
        _positive(kernels)
        kernels["first"][:, :, 1] = kernels["first"][:, :, 0]

    usual = np.sign(noise(40))
    usual[..., 1] = -0.9 * usual[..., 0]
    extreme = np.concatenate([usual, np.ones((1, *SHAPE), np.float32)])
    said = explain(quantize(network(even), extreme), usual)
    assert causes(said) == ["range"]
    assert causes(explain(quantize(network(even), usual), usual)) == []


@pytest.mark.parametrize(
    ("times", "wrong"),
    [(20, "% of their values are cut off"), (0.02, "98% of the codes are never reached")],
)
def test_data_in_another_range_is_named_with_the_models_own(
    network: Callable[..., Model], times: float, wrong: str
) -> None:
    pixels = np.random.default_rng(0).uniform(size=(48, *SHAPE)).astype(np.float32)
    small = quantize(network(), pixels)
    said = explain(small, pixels * times)
    assert causes(said) == ["preprocessing"]
    assert said.findings[0].what.endswith(wrong) and said.findings[0].what.count("%") == 1
    assert "--range 0..1" in said.findings[0].cure
    assert causes(explain(small, pixels)) == []


def test_the_layer_that_loses_most_is_named_where_accuracy_dropped(
    network: Callable[..., Model],
) -> None:
    small = quantize(network(), noise())
    graph = tflite.read(small)
    given = Examples(quantized(noise(), graph.input_tensors[0]))
    assert causes(explained_alone(small, graph, given, dropped=True)) == ["noise"]


def test_without_data_or_a_wheel_the_file_is_still_looked_at(
    network: Callable[..., Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = quantize(network(_outlier), noise())
    assert "--data" in explain(small).unmeasured

    def refuse(*_: object) -> None:
        raise ForgeError("no float kernel for LAYER")

    monkeypatch.setattr(alone, "float_values", refuse)
    assert "no float kernel for LAYER" in explain(small, noise()).unmeasured
    monkeypatch.setattr(oracle, "available", lambda: False)
    said = explain(small, noise())
    assert "wheel" in said.unmeasured and causes(said) == ["outlier"] and said.layers == ()


def test_models_that_people_deploy_are_compared_in_every_layer(corpus: Path) -> None:
    """But for those that compute no codes; also with states, of several inputs, of int16."""
    for path in sorted(p for name in ("models", "real") for p in (corpus / name).glob("*.tflite")):
        model, graph = tflite.read_file(path)
        adapted, _ = adapt(graph)
        model = model if adapted is graph else tflite.write(adapted)
        said = explained_alone(model, adapted, Examples(synthetic(adapted, 2, 0).inputs))
        assert said.unmeasured == "", path.name
        coded = [op for op in adapted.operators if _has_codes(adapted, op.outputs[0])]
        assert [one.layer for one in said.layers] == [op.index for op in coded], path.name


def _has_codes(graph: Graph, index: int) -> bool:
    t = graph.tensors[index]
    return t.dtype in (DType.INT8, DType.INT16) and t.quant is not None


def test_inspect_explains_a_file(network: Callable[..., Model], tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(quantize(network(_outlier), noise()))
    np.savez(tmp_path / "data.npz", inputs=noise())
    shown = ("inspect", "model.tflite", "--explain", "--data", "data.npz", "--range", "values")
    said = document(*shown, folder=tmp_path)["explained"]
    assert [finding["cause"] for finding in said["findings"]] == ["outlier"]
    assert said["samples"] == 48 and len(said["layers"]) == said["of"] == 4
    text = tinyforge(*shown, folder=tmp_path).stdout
    assert "the same weights in float against int8 on 48 samples" in text
    assert "cure: bring its channels to one range" in text
    without = tinyforge("inspect", "model.tflite", "--explain", folder=tmp_path).stdout
    assert "no data was given" in without and "outlier" in without
    refused = document("inspect", "model.tflite", *shown[3:], folder=tmp_path, status=2)
    assert refused["error"]["fix"] == "add --explain, or leave --data and --range out"
