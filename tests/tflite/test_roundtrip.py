"""reader and writer on real models: nothing is lost, and TensorFlow Lite Micro agrees."""

from pathlib import Path

import numpy as np
import pytest

from tests.corpus import models
from tests.corpus.builder import GraphBuilder
from tests.tflite.equality import assert_same_graph
from tinyforge.graph.types import Quant
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


@pytest.mark.parametrize("seed", range(4))
def test_buffers_are_aligned_within_the_file(seed: int) -> None:
    data = write(models.separable(seed))
    start = np.frombuffer(data, np.uint8).ctypes.data
    constants = [t.data for t in read(data).tensors if t.data is not None]
    assert len(constants) > 8
    assert {(c.ctypes.data - start) % 16 for c in constants} == {0}


def test_equal_constants_share_a_buffer() -> None:
    b = GraphBuilder()
    x = b.input((1, 600), 0.5)
    once, quant = np.arange(600, dtype=np.int64).astype(np.int8)[np.newaxis], Quant((0.5,), (0,))
    for _ in range(8):
        x = b.op("ADD", [x, b.constant(once, quant)], (1, 600), 0.5)
    assert len(write(b.build([x]))) < 4000
