"""reader and writer on real models: nothing is lost, and TensorFlow Lite Micro agrees."""

from pathlib import Path

import numpy as np
import pytest

from tests.tflite.equality import assert_same_graph
from tinyforge.tflite.reader import read
from tinyforge.tflite.writer import write

MODELS = ["ad", "kws", "quickdraw", "resnet8", "vww"]


@pytest.mark.parametrize("name", MODELS)
def test_reading_what_was_written_gives_the_same_graph(corpus: Path, name: str) -> None:
    graph = read((corpus / "models" / f"{name}.tflite").read_bytes())
    written = write(graph)
    assert_same_graph(read(written), graph)
    assert write(read(written)) == written


@pytest.mark.parametrize("name", MODELS)
def test_rewritten_model_gives_tflms_golden_outputs(corpus: Path, name: str) -> None:
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro").runtime
    graph = read((corpus / "models" / f"{name}.tflite").read_bytes())
    golden = np.load(corpus / "golden" / f"{name}.npz")
    interpreter = runtime.Interpreter.from_bytes(write(graph), arena_size=1 << 20)
    shape = graph.tensors[graph.inputs[0]].shape
    for given, expected in zip(golden["inputs"], golden["outputs"], strict=True):
        interpreter.set_input(given.reshape(shape), 0)
        interpreter.invoke()
        np.testing.assert_array_equal(interpreter.get_output(0).ravel(), expected.ravel())
