"""The user's data for a model that came quantized: range, classes, accuracy; told, and recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.corpus.boundary import with_boundary
from tests.corpus.builder import GraphBuilder, float32
from tinyforge.datasets.ranges import Kind, parse, real
from tinyforge.datasets.samples import Samples
from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Operator, Quant, Tensor
from tinyforge.proof import budget
from tinyforge.proof.examples import quantized
from tinyforge.proof.measure import Measured, real_outputs
from tinyforge.proof.score import head_for
from tinyforge.source import Source, open_tflite, with_examples
from tinyforge.spec import Budget, Spec, load
from tinyforge.tflite import write
from tinyforge.tflite.about import About, about, with_about

PICTURES = np.random.default_rng(5).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)


class Told:
    seconds = 0.0

    def __init__(self) -> None:
        self.notes: list[str] = []

    @contextmanager
    def stage(self, title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        yield lambda done: None

    def note(self, text: str) -> None:
        self.notes.append(text)


def network(scale: float = 1 / 64, zero_point: int = 0) -> Graph:
    """Four scores of an 8x8x3 picture; its biases weigh up what weights of other than zero mean
    make of pixels in 0..1, so that another range has other answers."""
    rng = np.random.default_rng(2)
    b = GraphBuilder()
    x = b.input((1, 8, 8, 3), scale, zero_point)
    flat_shape = b.constant(np.array([1, 192], np.int32))
    flat = b.op("RESHAPE", [x, flat_shape], (1, 192), scale, zero_point)
    values = np.rint(rng.normal(size=(4, 192)) * 25 + [[-8], [-3], [3], [8]]).clip(-127, 127)
    weights = b.constant(values.astype(np.int8), Quant(float32([0.01]), (0,)))
    biases = -values.sum(axis=1) / 2 / scale
    bias = b.constant(biases.astype(np.int32), Quant(float32([scale * 0.01]), (0,)))
    y = b.op("FULLY_CONNECTED", [flat, weights, bias], (1, 4), 0.5, 0)
    return b.build([y])


def labelled(folder: Path, graph: Graph, text: str, **more: Any) -> Path:
    """Pictures with the model's own answers in a range as labels."""
    inputs = real(PICTURES, Kind.LEVELS, parse(text))
    labels = real_outputs(write(graph), graph, inputs).argmax(axis=1)
    path = folder / "data.npz"
    np.savez(path, images=PICTURES, labels=labels, **more)
    return path


def taken(graph: Graph, data: Path | str, **options: Any) -> tuple[Source, Any, list[str]]:
    stages = Told()
    settings = Spec(range=options.pop("range", None))
    source, found = with_examples(
        Source(write(graph), graph), settings, stages, **options, data=str(data)
    )
    return source, found, stages.notes


@pytest.mark.parametrize("text", ["0..1", "-1..1"])
def test_the_model_s_answers_decide_and_are_recorded(tmp_path: Path, text: str) -> None:
    graph = network()
    path = labelled(tmp_path, graph, text, classes=np.array(["owl", "cat", "elk", "ant"]))
    source, found, notes = taken(graph, path)
    assert source.measured is not None and source.measured.int8_model == 1.0
    assert source.measured.examples == 40
    assert (source.measured.range, source.measured.float_model) == (text, None)
    assert about(source.graph) == About(range=text, classes=("owl", "cat", "elk", "ant"))
    assert source.labels == ("owl", "cat", "elk", "ant")
    assert any(note.startswith(text) and "taken: the model is right most" in note for note in notes)
    assert len(found) == 40
    expected = quantized(real(PICTURES, Kind.LEVELS, parse(text)), graph.input_tensors[0])
    assert {row.tobytes() for row in found.inputs} == {row.tobytes() for row in expected}
    # The next time the file itself says it, with labels or without.
    again, _, notes = taken(source.graph, path)
    assert again.graph is source.graph
    assert any("taken: the model's file says so" in note for note in notes)
    np.savez(tmp_path / "bare.npz", images=PICTURES)
    _, bare, _ = taken(source.graph, tmp_path / "bare.npz")
    assert {row.tobytes() for row in bare.inputs} == {row.tobytes() for row in expected}


def two_heads() -> tuple[Graph, int]:
    """A head of two values, then the network's four scores; and which one these are."""
    graph = network()
    position = len(graph.tensors)
    (scores,) = graph.output_tensors
    begin, size = (np.array([[0, 1], [1, 2]][i], np.int32) for i in (0, 1))
    more = [
        Tensor(position + i, name, (2,), DType.INT32, data=data)
        for i, (name, data) in enumerate({"begin": begin, "size": size}.items())
    ]
    box = Tensor(position + 2, "box", (1, 2), DType.INT8, scores.quant)
    inputs = (scores.index, position, position + 1)
    cut = Operator(len(graph.operators), "SLICE", inputs, (box.index,), {})
    return (
        replace(
            graph,
            tensors=(*graph.tensors, *more, box),
            operators=(*graph.operators, cut),
            outputs=(box.index, scores.index),
        ),
        1,
    )


def test_of_several_outputs_the_one_with_as_many_scores_is_measured(tmp_path: Path) -> None:
    graph, head = two_heads()
    path = labelled(tmp_path, network(), "0..1", classes=np.array(["owl", "cat", "elk", "ant"]))
    source, found, notes = taken(graph, path)
    assert any(note.startswith("0..1") for note in notes)
    assert source.measured is not None and source.measured.int8_model == 1.0
    assert source.labels == ("owl", "cat", "elk", "ant")
    assert found.head == head
    assert found.labels is not None


def test_labels_are_of_no_output_where_that_is_not_clear() -> None:
    pictures = np.zeros((3, 2), np.float32)
    samples = Samples("data", pictures, labels=np.array([0, 1, 2]))
    assert head_for(samples, [(7,)]) == 0
    assert head_for(samples, [(2,), (1, 3)]) == 1
    assert head_for(samples, [(3,), (3,)]) is None
    assert head_for(samples, [(3, 3), (4,)]) is None
    two = replace(samples, labels=np.array([0, 1, 1]))
    assert head_for(two, [(1,), (3,)]) == 0
    assert head_for(replace(samples, labels=None), [(2,), (3,)]) is None


def test_without_labels_the_range_is_asked_for(tmp_path: Path) -> None:
    np.savez(tmp_path / "bare.npz", images=PICTURES)
    with pytest.raises(ForgeError, match="nothing says which range"):
        taken(network(), tmp_path / "bare.npz")
    source, found, _ = taken(network(), tmp_path / "bare.npz", range="-1..1")
    assert source.measured is None and about(source.graph).range == "-1..1"
    assert len(found) == 40


@pytest.mark.parametrize(
    ("scale", "zero_point", "text"),
    [(1 / 255, -128, "0..1"), (1.0, -128, "0..255"), (2 / 255, -1, "-1..1"), (0.0074, 3, "-1..1")],
)
def test_the_input_s_own_scale_tells(
    tmp_path: Path, scale: float, zero_point: int, text: str
) -> None:
    np.savez(tmp_path / "bare.npz", images=PICTURES)
    source, _, notes = taken(network(scale, zero_point), tmp_path / "bare.npz")
    assert about(source.graph).range == text
    assert any(f"range {text}: the model's input holds" in note for note in notes)


def test_bytes_for_a_model_that_takes_bytes(tmp_path: Path) -> None:
    """Of a standardized input, which no common range fits: the byte is what the input takes."""
    path = tmp_path / "bytes.tflite"
    path.write_bytes(write(with_boundary(network(0.0186, -14), DType.UINT8)))
    stages = Told()
    source = open_tflite(path, stages)
    assert source.takes_bytes
    np.savez(tmp_path / "bare.npz", images=PICTURES)
    _, found = with_examples(source, Spec(), stages, data=str(tmp_path / "bare.npz"))
    expected = (PICTURES.astype(int) - 128).reshape(40, -1)
    assert {row.tobytes() for row in found.inputs} == {
        row.tobytes() for row in expected.astype(np.int8)
    }


def test_inputs_of_any_kind(tmp_path: Path) -> None:
    """--inputs: real values count as they are, channels are moved; other data goes by its range."""
    graph = network()
    values = (PICTURES / 128 - 0.5).astype(np.float32)
    np.savez(tmp_path / "x.npz", inputs=np.moveaxis(values, -1, 1))
    stages = Told()
    source = Source(write(graph), graph)
    _, found = with_examples(source, Spec(), stages, inputs=tmp_path / "x.npz")
    assert np.array_equal(found.inputs, quantized(values, graph.input_tensors[0]))
    assert "transposed" in stages.notes[0]
    np.savez(tmp_path / "x.npz", inputs=values * 20)
    with_examples(source, Spec(), stages, inputs=tmp_path / "x.npz")
    assert "of the input values lie outside what the model's input holds, -2 to" in stages.notes[1]
    _, found = with_examples(
        source, Spec(range="0..1"), stages, inputs=labelled(tmp_path, graph, "0..1")
    )
    assert found.labels is not None and len(found) == 40


def test_data_beside_inputs_is_measured(tmp_path: Path) -> None:
    graph = network()
    np.savez(tmp_path / "x.npz", inputs=np.zeros((3, 8, 8, 3), np.int8))
    path = labelled(tmp_path, graph, "0..1")
    source, found, notes = taken(graph, path, inputs=tmp_path / "x.npz")
    assert notes[0] == "warning: all samples are equal: they say nothing of the model"
    assert len(found) == 3 and source.measured is not None and source.measured.examples == 40


def test_labels_go_by_the_names_in_the_file(tmp_path: Path) -> None:
    names = ("owl", "cat", "elk", "ant")
    graph = with_about(network(), About(range="0..1", classes=names))
    path = labelled(tmp_path, graph, "0..1")
    with np.load(path) as file:
        text = np.array(names)[file["labels"]]
    np.savez(path, images=PICTURES, labels=text)  # in alphabetical order: another numbering
    source, _, _ = taken(graph, path)
    assert source.measured is not None and source.measured.int8_model == 1.0
    np.savez(path, images=PICTURES, labels=np.where(text == text[0], "fox", text))
    with pytest.raises(ForgeError, match="knows no class 'fox'"):
        taken(graph, path)


def test_float_accuracy_in_the_file_is_compared(tmp_path: Path) -> None:
    said = About(range="0..1", float_accuracy=0.9, examples=10)
    source, _, _ = taken(
        with_about(network(), said), labelled(tmp_path, network(), "-1..1"), range="0..1"
    )
    assert source.measured is not None and source.measured.float_model == 0.9
    assert source.measured.int8_model < 0.85
    with pytest.raises(ForgeError, match=r"accuracy drops from 90\.00 % to "):
        source.measured.require_kept(accept=False)
    source.measured.require_kept(accept=True)


MEASURED = Measured("accuracy", None, 0.91, 100, "data", "0..1")


def test_a_budget_of_accuracy(tmp_path: Path) -> None:
    budget.require_accuracy(0.91, Budget(accuracy=0.91))
    with pytest.raises(ForgeError, match=r"91\.00% measured, 95\.00% wanted"):
        budget.require_accuracy(MEASURED.int8_model, Budget(accuracy=0.95))
    with pytest.raises(ForgeError, match="without labels") as error:
        budget.require_accuracy(None, Budget(accuracy=0.5))
    assert "--data" in error.value.fix
    settings = tmp_path / "tinyforge.toml"
    settings.write_text('range = "-1..1"\n[budget]\naccuracy = 0.95\n')
    assert (load(settings).range, load(settings).budget.accuracy) == ("-1..1", 0.95)
    settings.write_text("[budget]\naccuracy = 95\n")
    with pytest.raises(ForgeError, match="accuracy"):
        load(settings)
