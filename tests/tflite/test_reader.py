"""Files and their reading: what is no model file, and what reading costs."""

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.corpus import models
from tests.fuzz.craft import OPERATOR, edited
from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Tensor
from tinyforge.tflite import read, read_file, write
from tinyforge.tflite.reader import MAX_FILE_BYTES


def test_a_file_is_read_and_gives_the_graph_its_name(tmp_path: Path) -> None:
    path = tmp_path / "my-model.tflite"
    path.write_bytes(write(models.classifier(0)))
    data, graph = read_file(path)
    assert data == path.read_bytes()
    assert graph.name == "my-model"
    assert len(graph.operators) == 5


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(ForgeError, match=r"not a \.tflite file"):
        read_file(tmp_path / "empty")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ForgeError, match="No such file") as caught:
        read_file(tmp_path / "missing.tflite")
    assert caught.value.where == str(tmp_path / "missing.tflite")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ForgeError, match="must be a regular file"):
        read_file(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ForgeError, match="must be a regular file"):
        read_file(tmp_path / "pipe")


@pytest.mark.parametrize("name", ["\0", "n" * 300, "x/y.tflite/z"])
def test_impossible_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ForgeError, match="cannot read the model"):
        read_file(tmp_path / name)


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ForgeError, match="cannot read the model"):
        read_file(tmp_path / "loop")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux's /proc")
def test_a_file_that_cannot_be_read_is_refused() -> None:
    """A regular file whose first byte is an I/O error, even for root."""
    with pytest.raises(ForgeError, match=r"cannot read the model: Input/output error"):
        read_file(Path("/proc/self/mem"))


def test_a_huge_file_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "huge.tflite"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(ForgeError, match=f"has {MAX_FILE_BYTES + 1} bytes"):
        read_file(path)


def test_a_default_that_is_stored_all_the_same_is_read() -> None:
    """Writers leave defaults out, but need not. The byte is found by what changes it."""
    path = f"{OPERATOR}/0/builtin_options/fused_activation_function"
    stored = [edited(models.classifier(0), (path, number)) for number in (1, 3)]
    (at,) = (i for i, (a, b) in enumerate(zip(*stored, strict=True)) if a != b)
    data = bytearray(stored[0])
    data[at] = 0
    options = [read(bytes(d)).operators[0].options for d in (data, *stored)]
    assert [o["fused_activation_function"] for o in options] == [0, 1, 3]


def test_constants_are_views_that_cannot_be_written() -> None:
    data = write(models.classifier(0))
    weights = read(data).tensors[1].data
    assert weights is not None
    assert not weights.flags.writeable
    assert np.shares_memory(weights, np.frombuffer(data, np.uint8))


def test_reading_mobilenet_takes_under_a_tenth_of_a_second(corpus: Path) -> None:
    data = (corpus / "models" / "vww.tflite").read_bytes()
    times = []
    for _ in range(5):
        start = time.process_time()
        read(data)
        times.append(time.process_time() - start)
    assert min(times) < 0.1


@pytest.mark.parametrize("name", ["ad", "kws", "quickdraw", "resnet8", "vww"])
def test_flatcs_object_api_reads_the_same(corpus: Path, name: str) -> None:
    """An independent reader of the same files agrees on every tensor, operator and option."""
    schema = pytest.importorskip("tflite_micro.tensorflow.lite.micro.python.schema_py_generated")
    data = (corpus / "models" / f"{name}.tflite").read_bytes()
    graph = read(data)
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    (subgraph,) = model.subgraphs
    assert graph.inputs == tuple(subgraph.inputs)
    assert graph.outputs == tuple(subgraph.outputs)
    for tensor, other in zip(graph.tensors, subgraph.tensors, strict=True):
        assert tensor.name == other.name.decode()
        assert tensor.shape == tuple(other.shape)
        assert tensor.dtype.value == other.type
        scale = other.quantization.scale
        assert (tensor.quant.scale if tensor.quant else ()) == tuple(
            scale if scale is not None else ()
        )
        content = model.buffers[other.buffer].data
        assert (b"" if tensor.data is None else tensor.data.tobytes()) == (
            b"" if content is None else bytes(content)
        )
    for op, other in zip(graph.operators, subgraph.operators, strict=True):
        assert op.inputs == tuple(other.inputs)
        assert op.outputs == tuple(other.outputs)
        fields = vars(other.builtinOptions) if other.builtinOptions else {}
        for field, value in fields.items():
            ours = op.options["".join(f"_{c.lower()}" if c.isupper() else c for c in field)]
            assert ours == (() if value is None else tuple(value) if np.ndim(value) else value)


def test_empty_tensors_that_no_operator_has_are_read() -> None:
    """Converters leave them beside an LSTM; one that an operator has is refused."""
    graph = models.gestures(0)
    empty = Tensor(len(graph.tensors), "intermediate", (0,), DType.FLOAT32)
    with_empty = replace(graph, tensors=(*graph.tensors, empty))
    assert read(write(with_empty)).tensors[-1].shape == (0,)
    ends = replace(with_empty, outputs=(empty.index,))
    with pytest.raises(ForgeError, match=r"shape \[0\] has a dimension that is not positive"):
        read(write(ends))
