"""A layer in 16 bits as a cure: proposed where it is measured to help, done, and proved."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.test_commands import document, tinyforge
from tests.corpus import models
from tests.training.test_noise_of_files import explain, network, noise
from tinyforge import tflite
from tinyforge.errors import ForgeError
from tinyforge.graph import DType
from tinyforge.int16 import int16_file
from tinyforge.proof import oracle
from tinyforge.proof.examples import synthetic
from tinyforge.training.model import Model, outputs
from tinyforge.training.noise import finer as trying
from tinyforge.training.noise.dequantized import float_values
from tinyforge.training.noise.measure import computed
from tinyforge.training.quantize import quantize
from tinyforge.training.quantize_file import quantized_file
from tinyforge.training.runtime import quiet

__all__ = ["network"]  # the fixture


def _outlier(kernels: dict[str, Any]) -> None:
    """One that nobody listens to: it only takes the others' codes."""
    kernels["first"][..., 3] *= 200
    kernels["second"][:, :, 3] = 0


@pytest.fixture
def folder(network: Callable[..., Model], tmp_path: Path) -> Path:
    """model.keras, whose first layer has a channel that reaches far; data.npz with labels."""
    model, data = network(_outlier), noise(200)
    with quiet():
        model.save(tmp_path / "model.keras")
    labels = outputs(model, data).argmax(axis=1)
    np.savez(tmp_path / "data.npz", inputs=data, labels=labels)
    return tmp_path


def test_the_layer_whose_codes_leave_least_is_proposed_with_what_it_gains(
    folder: Path, told: Any
) -> None:
    """And what is promised is kept: the mixed model, explained, has these decibels."""
    model, data = folder / "model.keras", str(folder / "data.npz")
    small = quantized_file(model, data, told, accept=True, explain=True)
    assert small.explained is not None
    best = small.explained.finer[0]
    assert best.layer == 0 and best.after > best.before + 10
    assert best.before == small.explained.layers[-1].snr
    mixed = quantized_file(model, data, told, explain=True, int16=("first",))
    assert mixed.explained is not None and mixed.measured is not None and small.measured is not None
    assert mixed.explained.layers[-1].snr == pytest.approx(best.after)
    assert all(one.layer != 0 for one in mixed.explained.finer)
    assert mixed.measured.int8_model > small.measured.int8_model + 0.05
    kinds = {one.name: one.op for one in mixed.explained.layers}
    assert sum(op == "CONV_2D" for op in kinds.values()) == 2, "both are still compared"


def test_what_gains_little_is_not_proposed(network: Callable[..., Model]) -> None:
    assert explain(quantize(network(), noise()), noise()).finer == ()


def test_the_best_comes_first_of_those_that_gain(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = models.separable(1)
    inputs = synthetic(graph, 2, 0).inputs
    values = float_values(graph, inputs)
    trace = oracle.trace(tflite.write(graph), graph, inputs)
    layers = [*computed(graph, trace, values, {})]
    figures = iter([10.0, 14.0, 20.0, 12.9])  # as it is, then with each that is tried
    monkeypatch.setattr(trying, "_outputs", lambda *_: next(figures))
    assert [one.after for one in trying.finer(graph, layers, inputs, values)] == [20.0, 14.0]


def test_a_strangers_file_gains_as_much(network: Callable[..., Model], tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(quantize(network(_outlier), noise()))
    np.savez(tmp_path / "data.npz", inputs=noise())
    shown = ("inspect", "model.tflite", "--explain", "--data", "data.npz", "--range", "values")
    (best, *_) = document(*shown, folder=tmp_path)["explained"]["finer"]
    assert best["layer"] == 0 and best["after"] > best["before"] + 10
    text = tinyforge(*shown, folder=tmp_path).stdout
    assert "cure: tinyforge quantize --int16 0" in text
    tinyforge("quantize", "model.tflite", "--int16", "0", "-o", "mixed.tflite", folder=tmp_path)
    said = explain((tmp_path / "mixed.tflite").read_bytes(), noise())
    assert said.layers[-1].snr == pytest.approx(best["after"])


def test_a_mixed_model_is_proved(folder: Path) -> None:
    """int8 in and out, a layer in 16 bits between: each byte of each layer is the interpreter's."""
    quantized = ("quantize", "model.keras", "--data", "data.npz", "--int16", "0")
    tinyforge(*quantized, folder=folder)
    graph = tflite.read((folder / "model.tflite").read_bytes())
    assert [op.op for op in graph.operators][:4] == ["QUANTIZE", "CONV_2D", "CONV_2D", "QUANTIZE"]
    assert graph.tensors[graph.operators[1].outputs[0]].dtype is DType.INT16
    proof = document("build", "model.tflite", "-o", "out", folder=folder)["proof"]
    assert proof["bit_exact"] is True and "wheel" in proof["oracle"]
    assert [layer["op"] for layer in proof["instructions_by_layer"]] == [
        op.op for op in graph.operators
    ]


def test_build_reports_what_int8_loses(folder: Path) -> None:
    """Of a Keras model beside it, of a file beside its own weights, on the user's data alone."""
    accepted = ("--data", "data.npz", "--range", "values", "--accept-accuracy")
    printed = document("build", "model.keras", *accepted, "-o", "out", folder=folder)["explained"]
    assert [finding["cause"] for finding in printed["findings"]] == ["outlier"]
    assert printed["calibrated"] > 0 and printed["finer"][0]["layer"] == 0
    written = json.loads((folder / "out" / "report.json").read_text())
    assert written["explained"] == printed
    assert "What int8 loses" in (folder / "out" / "report.html").read_text()
    stranger = ("build", "out/model.tflite", "--engine", "aot", "-o", "other")
    said = document(*stranger, *accepted, folder=folder)["explained"]
    assert [finding["cause"] for finding in said["findings"]] == ["outlier"]
    assert said["calibrated"] is None and len(said["layers"]) == said["of"]
    assert "explained" not in document(*stranger, folder=folder)
    assert "What int8 loses" not in (folder / "other" / "report.html").read_text()


def test_a_tflite_file_is_changed_by_int16_alone(
    network: Callable[..., Model], tmp_path: Path, told: Any
) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(quantize(network(), noise()))
    for layers, others in (((), False), (("0",), True)):
        with pytest.raises(ForgeError, match="quantized already") as refused:
            int16_file(path, layers, told, others=others)
        assert "inspect" in refused.value.fix and "--explain" in refused.value.fix
    with pytest.raises(ForgeError, match="no layer is called 'third'"):
        int16_file(path, ("third",), told, others=False)
