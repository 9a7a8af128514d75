"""Examples from files: right values, or a ForgeError; never anything else."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.corpus.builder import GraphBuilder
from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Quant, Tensor
from tinyforge.proof.examples import Examples, load, synthetic

SOURCE = Tensor(0, "in", (1, 2, 3), DType.INT8, Quant((0.5,), (-3,)))
OUTPUT = Tensor(1, "out", (1, 4), DType.INT8, Quant((1 / 256,), (-128,)))
GRAPH = Graph("model", (SOURCE, OUTPUT), (), (0,), (1,))
GOOD = np.arange(12, dtype=np.int8).reshape(2, 2, 3)


def loaded(tmp_path: Path, **arrays: Any) -> Examples:
    path = tmp_path / "examples.npz"
    np.savez(path, **arrays)
    return load(path, GRAPH)


@pytest.mark.parametrize("shape", [(2, 2, 3), (2, 1, 2, 3), (2, 6)])
def test_int8_inputs_are_taken_as_they_are(tmp_path: Path, shape: tuple[int, ...]) -> None:
    found = loaded(tmp_path, inputs=GOOD.reshape(shape))
    np.testing.assert_array_equal(found.inputs, GOOD.reshape(2, 6))
    assert found.inputs.dtype == np.int8
    assert found.labels is None
    assert found.outputs is None
    assert len(found) == 2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_real_inputs_are_quantized(tmp_path: Path, dtype: Any) -> None:
    real = np.array([[0, 0.25, -0.25, 0.24, 1e300 if dtype is np.float64 else 3e38, -100]], dtype)
    found = loaded(tmp_path, inputs=real)
    # q = x / 0.5 - 3, halves away from zero before the zero point is added.
    assert found.inputs.tolist() == [[-3, -2, -4, -3, 127, -128]]


def test_labels_and_outputs(tmp_path: Path) -> None:
    outputs = np.array([[1, -128, 127, 0], [4, 3, 2, 1]], np.int32)
    labels = np.array([[3], [0]], np.uint8)
    found = loaded(tmp_path, inputs=GOOD, labels=labels, outputs=outputs)
    assert found.labels is not None
    assert found.labels.tolist() == [3, 0]
    assert found.labels.dtype == np.int64
    assert found.outputs is not None
    assert found.outputs.dtype == np.int8
    np.testing.assert_array_equal(found.outputs, outputs)


BAD_ARRAYS: dict[str, tuple[dict[str, Any], str]] = {
    "no inputs": ({"x": GOOD}, "no array named inputs, only x"),
    "nothing": ({}, "no array named inputs, only none at all"),
    "object arrays": ({"inputs": np.array([{}, {}], object)}, "not a readable .npz"),
    "objects beside": ({"inputs": GOOD, "labels": np.array([None, 1])}, "not a readable .npz"),
    "NaN": ({"inputs": np.full((1, 6), np.nan)}, "NaN or infinity"),
    "infinity": ({"inputs": np.full((1, 6), np.inf, np.float32)}, "NaN or infinity"),
    "wrong shape": ({"inputs": np.zeros((2, 5), np.int8)}, r"shape \[2, 5\]"),
    "empty": ({"inputs": np.zeros((0, 2, 3), np.int8)}, r"shape \[0, 2, 3\]"),
    "a scalar": ({"inputs": np.int8(3)}, r"shape \[\]"),
    "one without its dimension": ({"inputs": GOOD[0]}, r"shape \[2, 3\]"),
    "uint8": ({"inputs": GOOD.view(np.uint8)}, "inputs are uint8"),
    "int64": ({"inputs": GOOD.astype(np.int64)}, "inputs are int64"),
    "float16": ({"inputs": GOOD.astype(np.float16)}, "inputs are float16"),
    "complex": ({"inputs": GOOD.astype(np.complex64)}, "inputs are complex64"),
    "text": ({"inputs": np.full((1, 6), "1")}, "inputs are <U1"),
    "dates": ({"inputs": np.zeros((1, 6), "M8[s]")}, "inputs are datetime64"),
    "labels too few": ({"inputs": GOOD, "labels": np.array([1])}, "labels are int64"),
    "labels not whole": ({"inputs": GOOD, "labels": np.array([1.0, 2.0])}, "labels are float64"),
    "labels from 1": ({"inputs": GOOD, "labels": np.array([1, 4])}, "from 1 to 4, expected 0 to 3"),
    "labels below 0": ({"inputs": GOOD, "labels": np.array([-1, 2])}, "labels go from -1"),
    "labels huge": ({"inputs": GOOD, "labels": np.array([0, 2**64 - 1], np.uint64)}, "labels go"),
    "outputs of another size": (
        {"inputs": GOOD, "outputs": np.zeros((2, 3), np.int8)},
        "expected 2 x 4 integers",
    ),
    "outputs beyond int8": (
        {"inputs": GOOD, "outputs": np.full((2, 4), 300, np.int16)},
        "outputs go from 300 to 300, expected -128 to 127",
    ),
}


@pytest.mark.parametrize("name", BAD_ARRAYS)
def test_bad_arrays_are_refused(name: str, tmp_path: Path) -> None:
    arrays, message = BAD_ARRAYS[name]
    with pytest.raises(ForgeError, match=message) as caught:
        loaded(tmp_path, **arrays)
    assert caught.value.where == str(tmp_path / "examples.npz")


def npy(header: bytes, body: bytes = b"", length: int | None = None) -> bytes:
    """A .npy file with any header."""
    size = len(header) if length is None else length
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", size) + header + body


def header(shape: str, descr: str = "'|i1'") -> bytes:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()


def zipped(content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("inputs.npy", content)
    return stream.getvalue()


def good_file() -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, inputs=GOOD)
    return stream.getvalue()


def damaged(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def encrypted(data: bytes) -> bytes:
    """The same archive, saying that its member has a password."""
    local, central = data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8
    for at in (local, central):
        data = data[:at] + bytes([data[at] | 1]) + data[at + 1 :]
    return data


BAD_FILES: dict[str, bytes] = {
    "empty file": b"",
    "one byte": b"P",
    "text": b"hello",
    "an .npy file": npy(header("(2,6)"), bytes(12)),
    "a pickle": b"\x80\x04N.",
    "zip signature only": b"PK\x03\x04",
    "an end of a zip only": b"PK\x05\x06" + bytes(18),
    "not an array inside": zipped(b"hello"),
    "encrypted": encrypted(good_file()),
    "header longer than the file": zipped(npy(b"{", length=65535)),
    "header that is no dictionary": zipped(npy(b"[1, 2]\n")),
    "header that never closes": zipped(npy(b"{'descr': (((\n")),
    "header of a million brackets": zipped(npy(b"(" * 60000)),
    "header with code": zipped(npy(header("__import__('os').abort()"))),
    "shape of 2**62 bytes": zipped(npy(header("(4611686018427387904,)"))),
    "shape of 2**40 doubles": zipped(npy(header("(1099511627776,)", "'<f8'"))),
    "shape beyond 64 bits": zipped(npy(header(f"({2**70},)"))),
    "negative shape": zipped(npy(header("(-6, -2)"), bytes(12))),
    "shape that is text": zipped(npy(header("('6',)"), bytes(12))),
    "unknown type": zipped(npy(header("(2,6)", "'zz'"), bytes(12))),
    "fewer values than the shape": zipped(npy(header("(2,6)"), bytes(11))),
    "version 9": zipped(b"\x93NUMPY\x09\x00" + bytes(20)),
    "an unknown version of zip": good_file().replace(b"\x08\x00", b"\x63\x00"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "examples.npz"
    path.write_bytes(BAD_FILES[name])
    with pytest.raises(ForgeError) as caught:
        load(path, GRAPH)
    assert caught.value.where == str(path)


def test_every_truncation_and_every_damaged_byte(tmp_path: Path) -> None:
    """ForgeError, or values of the right shape; never another exception."""
    data = good_file()
    path = tmp_path / "examples.npz"
    refused = 0
    whole = range(len(data))
    for content in [*(data[:at] for at in whole), *(damaged(data, at) for at in whole)]:
        path.write_bytes(content)
        try:
            assert load(path, GRAPH).inputs.shape == (2, 6)
        except ForgeError:
            refused += 1
    assert refused > len(data)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    """2 GiB of zeros in 2 MB: refused by what the archive says of itself, in no time."""
    path = tmp_path / "examples.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("inputs.npy", npy(header("(2,6)"), bytes(12)))
    data = path.read_bytes()
    at = data.index(b"PK\x01\x02") + 24  # the unpacked size, in the directory
    path.write_bytes(data[:at] + struct.pack("<I", 2**31) + data[at + 4 :])
    with pytest.raises(ForgeError, match="more than 1 GiB"):
        load(path, GRAPH)


def test_a_folder_a_missing_file_and_a_pipe(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.npz"):
        with pytest.raises(ForgeError):
            load(path, GRAPH)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ForgeError):
        load(tmp_path / "pipe", GRAPH)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 20])
def test_synthetic_inputs(count: int) -> None:
    found = synthetic(GRAPH, count, seed=3).inputs
    assert found.shape == (count, 6)
    constant = [set(row.tolist()) for row in found if len(set(row.tolist())) == 1]
    assert constant == ([{-128}, {-3}, {127}] if count == 20 else [])  # they hide errors
    np.testing.assert_array_equal(found, synthetic(GRAPH, count, seed=3).inputs)
    assert (found[0] != synthetic(GRAPH, count, seed=4).inputs[0]).any()


TWO = Graph(
    "model",
    (
        SOURCE,
        Tensor(1, "speed", (1, 2), DType.INT16, Quant((0.25,), (0,))),
        OUTPUT,
        Tensor(3, "kind", (1, 3), DType.INT8, Quant((1 / 256,), (-128,))),
    ),
    (),
    (0, 1),
    (2, 3),
)
SPEED = np.array([[1, -2], [300, 4]], np.int16)


def loaded_of_two(tmp_path: Path, **arrays: Any) -> Examples:
    path = tmp_path / "examples.npz"
    np.savez(path, **arrays)
    return load(path, TWO)


@pytest.mark.parametrize(
    "names", [("inputs_0", "inputs_1"), ("in", "speed"), ("inputs_0", "speed")]
)
def test_several_inputs_each_in_an_array_of_its_own(names: tuple[str, str], tmp_path: Path) -> None:
    expected = np.concatenate([GOOD.reshape(2, 6), SPEED.view(np.int8)], axis=1)
    for speed in (SPEED, SPEED * 0.25):  # the type's own values, and real ones
        found = loaded_of_two(tmp_path, **dict(zip(names, (GOOD, speed), strict=True)))
        np.testing.assert_array_equal(found.inputs, expected)
    assert found.labels is None
    assert found.outputs is None


def test_outputs_of_several_and_the_head_that_labels_are_of(tmp_path: Path) -> None:
    inputs = {"inputs_0": GOOD, "inputs_1": SPEED}
    scores, kinds = np.arange(8, dtype=np.int8), np.arange(6, dtype=np.int8)
    found = loaded_of_two(tmp_path, **inputs, outputs_0=scores, kind=kinds, labels=np.array([0, 3]))
    assert found.outputs is not None
    assert found.outputs.tolist() == [[0, 1, 2, 3, 0, 1, 2], [4, 5, 6, 7, 3, 4, 5]]
    assert found.head == 0  # which alone tells four classes apart
    assert loaded_of_two(tmp_path, **inputs, labels=np.array([0, 2])).head == 1
    named = loaded_of_two(tmp_path, **inputs, labels_1=np.array([0, 1]))
    assert (named.head, named.labels is not None) == (1, True)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"inputs": GOOD}, "no array named inputs_0 or in, only inputs"),
        ({"inputs_0": GOOD}, "no array named inputs_1 or speed, only inputs_0"),
        ({"inputs_0": GOOD, "inputs_1": SPEED[:1]}, "there are 2, 1 examples"),
        ({"inputs_0": GOOD, "inputs_1": GOOD}, "inputs_1 have shape"),
        ({"inputs_0": GOOD, "inputs_1": SPEED.astype(np.int8)}, "inputs_1 are int8"),
        (
            {"inputs_0": GOOD, "inputs_1": SPEED, "outputs_1": np.zeros(6, np.int8)},
            "not of its out",
        ),
        ({"inputs_0": GOOD, "inputs_1": SPEED, "labels": np.array([0, 1])}, "is not clear"),
        ({"inputs_0": GOOD, "inputs_1": SPEED, "labels": np.array([0, 4])}, "none of them"),
    ],
)
def test_bad_arrays_of_several_inputs_are_refused(
    arrays: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ForgeError, match=message):
        loaded_of_two(tmp_path, **arrays)


def test_synthetic_inputs_of_several_types() -> None:
    found = synthetic(TWO, 20, seed=3).inputs
    assert found.shape == (20, 10)
    speeds = found[:, 6:].copy().view("<i2")
    assert speeds[-3:].tolist() == [[-32768] * 2, [0] * 2, [32767] * 2]
    assert len(set(speeds[:-3].reshape(-1).tolist())) > 20


def test_indices_that_there_are_not_are_refused(tmp_path: Path) -> None:
    """Where an input is of words, and a table has nine."""
    b = GraphBuilder()
    words = b.input((1, 2), 0, dtype=DType.INT32)
    table = b.constant(np.zeros((9, 4), np.int8), Quant((0.1,), (0,)))
    graph = b.build([b.op("GATHER", [table, words], (1, 2, 4), 0.1)])
    path = tmp_path / "words.npz"
    np.savez(path, inputs=np.array([[0, 8]], np.int32))
    assert load(path, graph).inputs.view(np.int32).tolist() == [[0, 8]]
    np.savez(path, inputs=np.array([[0, 9]], np.int32))
    with pytest.raises(ForgeError, match="indices 0 to 9; the model has 0 to 8"):
        load(path, graph)


def test_inputs_that_are_no_real_values(tmp_path: Path) -> None:
    """Indices and truths, given as whatever NumPy makes of them."""
    plain = (Tensor(0, "ids", (1, 2), DType.INT32), Tensor(1, "on", (1, 2), DType.BOOL))
    graph = Graph("model", (*plain, OUTPUT), (), (0, 1), (2,))
    path = tmp_path / "examples.npz"
    np.savez(path, ids=np.array([[1, -2], [3, 70000]]), on=np.array([[0, 1], [1, 1]], np.uint8))
    found = load(path, graph).inputs
    assert found[:, :8].copy().view("<i4").tolist() == [[1, -2], [3, 70000]]
    assert found[:, 8:].tolist() == [[0, 1], [1, 1]]
    for wrong in ({"ids": np.array([[1, 2**40]])}, {"ids": np.array([[0.5, 1.0]])}):
        np.savez(path, on=np.array([[True, False]]), **wrong)
        with pytest.raises(ForgeError, match="ids"):
            load(path, graph)
