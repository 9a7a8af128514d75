"""Models and data as people bring them: the range is seen and told, int8 is as good as float."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.conftest import Told
from tinyforge import tflite
from tinyforge.errors import ForgeError
from tinyforge.tflite.about import about
from tinyforge.training.quantize_file import Quantized, quantized_file

SHAPES = ("circle", "cross", "square")


@pytest.fixture
def quantized(corpus: Path, told: Told) -> Any:
    def run(name: str, data: Path | str, **options: Any) -> Quantized:
        path = corpus / "cases" / f"{name}.keras"
        return quantized_file(path, str(data), told, **options)

    return run


@pytest.mark.parametrize(
    ("name", "data", "text", "why"),
    [
        ("rescale_in", "rgb32", "0..255", "the model scales its input itself (layer 'rescaling')"),
        ("minus1", "rgb32", "-1..1", "the model is right most often"),
        ("minus1", "mixedsize", "-1..1", "the model is right most often"),
        ("gray_chan", "gray28", "0..1", "assumed; 0..255 fits as well"),
    ],
)
def test_the_range_is_found_and_int8_is_as_good_as_float(
    quantized: Any, people: Path, told: Told, name: str, data: str, text: str, why: str
) -> None:
    found = quantized(name, people / data)
    assert found.measured is not None and found.measured.float_model is not None
    assert found.measured.float_model >= 0.99
    assert found.measured.int8_model >= found.measured.float_model - 0.01
    said = about(tflite.read(found.model))
    assert (said.range, said.classes) == (text, SHAPES)
    assert said.float_accuracy == found.measured.float_model
    line = next(note for note in told.notes if "taken:" in note)
    assert line.startswith(text) and why in line


def test_an_array_with_its_channel(quantized: Any, corpus: Path) -> None:
    found = quantized("gray_chan", corpus / "cases" / "gray4d_lab.npz")
    assert found.measured is not None and found.measured.int8_model >= 0.98


def test_a_wrong_range_is_refused_or_accepted(quantized: Any, people: Path, told: Told) -> None:
    """At the wrong range float is bad already: that is told, and int8 is no worse."""
    found = quantized("rescale_in", people / "rgb32", range_text="0..1")
    assert found.measured is not None and found.measured.int8_model < 0.5
    assert any("though the model is righter in 0..255" in note for note in told.notes)
    assert any("answers class" in note for note in told.notes)
    with pytest.raises(ForgeError, match="'0-1' is no range"):
        quantized("rescale_in", people / "rgb32", range_text="0-1")


def test_a_drop_of_accuracy_is_refused(quantized: Any, people: Path, tmp_path: Path) -> None:
    """Calibrated on black pictures, all that is brighter is cut off."""
    with np.load(people / "c32_train.npz") as file:
        images, labels = file["images"][:60], file["labels"][:60]
    dark = tmp_path / "dark.npz"
    np.savez(
        dark, x_train=images[:20] // 50, y_train=labels[:20], x_test=images[20:], y_test=labels[20:]
    )
    with pytest.raises(ForgeError, match=r"accuracy drops from \d+\.\d\d % to .* by quantizing"):
        quantized("minus1", dark, range_text="-1..1")
    found = quantized("minus1", dark, range_text="-1..1", accept=True)
    assert found.measured is not None and found.measured.float_model is not None
    assert found.measured.int8_model < found.measured.float_model - 0.05


def test_constant_data_is_warned_of(quantized: Any, told: Told, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.full((9, 32, 32, 3), 0.25, np.float32))
    quantized("minus1", tmp_path / "x.npy")
    assert "warning: all samples are equal: they say nothing of the model" in told.notes


def test_an_unlabelled_folder_wants_a_range(quantized: Any, people: Path) -> None:
    flat = people / "rgb32" / "circle"
    with pytest.raises(ForgeError, match="nothing says which range") as error:
        quantized("minus1", flat)
    assert "--range" in error.value.fix
    found = quantized("minus1", flat, range_text="-1..1")
    graph = tflite.read(found.model)
    source = graph.tensors[graph.inputs[0]]
    assert source.scale * (127 - source.zero_point) == pytest.approx(1, abs=0.02)
    assert source.scale * (-128 - source.zero_point) == pytest.approx(-1, abs=0.1)
    assert about(graph).range == "-1..1"
    assert quantized("rescale_in", flat).measured is None  # the model itself says 0..255


@pytest.mark.parametrize(
    ("data", "what"),
    [("rgb32", "3 classes .circle, cross, square., the model tells 2"), ("labels", "from 0 to 2")],
)
def test_other_classes_than_the_model_s(
    quantized: Any, people: Path, corpus: Path, data: str, what: str
) -> None:
    path = people / data if data == "rgb32" else corpus / "cases" / "gray4d_lab.npz"
    with pytest.raises(ForgeError, match=what):
        quantized("p_2out", path)


def test_values_are_compared_as_values(quantized: Any, people: Path) -> None:
    found = quantized("p_regress", people / "gray28")
    assert found.measured is not None and found.measured.float_model is not None
    assert found.measured.measure == "R2"
    assert found.measured.int8_model == pytest.approx(found.measured.float_model, abs=0.02)
    assert about(tflite.read(found.model)).float_accuracy is None
