"""What a project makes of a pixel is what the proof made of it, bit for bit, by a C compiler."""

from pathlib import Path

import numpy as np
import pytest

from tests.corpus.models import classifier
from tests.host_program import build, output_of
from tests.project.test_model_files import golden
from tinyforge.datasets.ranges import Kind, parse, real
from tinyforge.graph import Graph
from tinyforge.project.model_files import model_files
from tinyforge.project.real_inputs import real_inputs
from tinyforge.resources import folder
from tinyforge.tflite.about import About, with_about

RANGES = ["0..1", "0..255", "-1..1", "-0.5..0.5", "0.1307,0.3081", "33.3,78.6", "-128..127"]
CHANNELS = "0.485,0.456,0.406,0.229,0.224,0.225"
PIXELS = np.arange(256, dtype=np.uint8)


def said(text: str) -> Graph:
    return with_about(classifier(1), About(range=text))


def results(tmp_path: Path, text: str, call: str) -> np.ndarray:
    graph = said(text)
    (tmp_path / "model.h").write_text(model_files(graph, (), golden(graph))["include/model.h"])
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "model.h"\n'
        "int main(void) {\n  for (int i = 0; i < 256; i++) "
        f'printf("%a\\n", (double)({call}));\n}}\n'
    )
    program = build(
        [tmp_path / "main.c"], tmp_path / "main", include=[tmp_path, folder("firmware") / "include"]
    )
    lines = output_of(program).decode().split()
    return np.array([float.fromhex(line) for line in lines], np.float32)


@pytest.mark.parametrize("text", RANGES)
def test_of_each_pixel(tmp_path: Path, text: str) -> None:
    found = results(tmp_path, text, "FORGE_INPUT_OF_PIXEL((unsigned char)i)")
    assert np.array_equal(found, real(PIXELS, Kind.LEVELS, parse(text)))
    made = real_inputs(said(text))
    assert made is not None and made.call == "FORGE_INPUT_OF_PIXEL(values[i])"


def test_of_each_channel(tmp_path: Path) -> None:
    found = results(tmp_path, CHANNELS, "FORGE_INPUT_OF_PIXEL(i, i % 3)")
    pixels = np.stack([PIXELS] * 3, axis=-1)
    expected = real(pixels, Kind.LEVELS, parse(CHANNELS))[np.arange(256), np.arange(256) % 3]
    assert np.array_equal(found, expected)


def test_of_plain_numbers(tmp_path: Path) -> None:
    found = results(tmp_path, "values:2,0.5", "FORGE_INPUT_OF_VALUE(i)")
    assert np.array_equal(found, (np.arange(256) - 2) / 0.5)
    graph = said("values")
    header = model_files(graph, (), golden(graph))["include/model.h"]
    assert "FORGE_INPUT_OF" not in header
    made = real_inputs(graph)
    assert made is not None and "numbers that the model was trained on" in made.comment


def test_what_is_not_known_is_said() -> None:
    made = real_inputs(classifier(1))
    assert made is not None and "the model's file does not say" in made.comment
