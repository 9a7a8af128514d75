"""What a file says of its data survives writing, reading and passes; damage is refused."""

from dataclasses import replace

import numpy as np
import pytest

from tests.corpus import models
from tests.corpus.boundary import with_boundary
from tests.tflite.equality import assert_same_graph
from tinyforge.errors import ForgeError
from tinyforge.graph import DType
from tinyforge.graph.passes import adapt
from tinyforge.proof import oracle
from tinyforge.tflite.about import About, about, with_about
from tinyforge.tflite.reader import read
from tinyforge.tflite.writer import write

SAID = About(range="-1..1", classes=("owl", 'a "cat"\n', "Ärger"), float_accuracy=0.5, examples=7)


def test_it_comes_back_and_changes_nothing_else() -> None:
    plain = models.classifier(1)
    graph = with_about(plain, SAID)
    data = write(graph)
    assert about(read(data)) == SAID
    assert write(read(data)) == data
    assert_same_graph(read(data), read(write(plain)))
    assert about(plain) == about(read(write(plain))) == About()


def test_it_survives_the_passes() -> None:
    graph = with_about(with_boundary(models.classifier(1), DType.FLOAT32), SAID)
    adapted, notes = adapt(graph)
    assert notes and len(adapted.operators) < len(graph.operators)
    assert about(read(write(adapted))) == SAID
    plain = with_about(models.classifier(1), SAID)
    assert adapt(plain)[0] is plain


def test_the_interpreter_takes_a_file_with_it() -> None:
    plain, graph = models.classifier(1), with_about(models.classifier(1), SAID)
    size = plain.tensors[plain.inputs[0]].nbytes
    inputs = np.random.default_rng(0).integers(-128, 128, (2, size), np.int8)
    said = oracle.outputs(write(graph), graph, inputs)
    assert (said == oracle.outputs(write(plain), plain, inputs)).all()


@pytest.mark.parametrize(
    "content", [b"{", b"\xff", b'{"range": 3}', b'{"classes": "ab"}', b'{"float_accuracy": 1.5}']
)
def test_damage_is_refused(content: bytes) -> None:
    graph = replace(models.classifier(1), metadata={"tinyforge": content})
    with pytest.raises(ForgeError, match="damaged"):
        about(read(write(graph)))
