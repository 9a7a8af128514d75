"""The user's own arrays: good ones whole, bad ones refused, nothing unpickled."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tinyforge.datasets import Dataset, load, read
from tinyforge.datasets.arrays import load_npz
from tinyforge.datasets.npy import read_npy, read_npz
from tinyforge.errors import ForgeError

IMAGES = np.arange(4 * 6 * 5, dtype=np.uint8).reshape(4, 6, 5)
LABELS = np.array([0, 1, 1, 0])


class Bomb:
    """Unpickling it makes a file."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.canary),)


def saved(folder: Path, **arrays: object) -> Path:
    path = folder / "data.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


def loaded(path: Path) -> Dataset:
    return load(str(path), count_per_class=1)


def npy(header: str, body: bytes = b"") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + body


def test_uint8_pictures_come_back_as_they_are(tmp_path: Path) -> None:
    data = load(str(saved(tmp_path, images=IMAGES, labels=LABELS)), count_per_class=1)
    assert np.array_equal(data.images, IMAGES)
    assert data.labels.tolist() == [0, 1, 1, 0]
    assert data.classes == ("0", "1")


def test_float_pictures_are_scaled_and_a_single_channel_is_dropped(tmp_path: Path) -> None:
    floats = (IMAGES / np.float32(255)).astype(np.float32)[..., None]
    data = loaded(saved(tmp_path, images=floats, labels=LABELS[:, None]))
    assert np.array_equal(data.images, IMAGES)
    data = loaded(saved(tmp_path, images=IMAGES.astype(np.float32), labels=LABELS))
    assert np.array_equal(data.images, IMAGES)


def test_names_as_labels_and_names_of_labels(tmp_path: Path) -> None:
    data = loaded(saved(tmp_path, images=IMAGES, labels=np.array(["owl", "cat", "cat", "owl"])))
    assert (data.classes, data.labels.tolist()) == (("cat", "owl"), [1, 0, 0, 1])
    path = saved(tmp_path, images=IMAGES, labels=LABELS, classes=np.array(["owl", "cat", "elk"]))
    assert load_npz(path).classes == ("owl", "cat", "elk")


def test_fortran_order_is_kept(tmp_path: Path) -> None:
    data = loaded(saved(tmp_path, images=np.asfortranarray(IMAGES), labels=LABELS))
    assert np.array_equal(data.images, IMAGES)


NAN = IMAGES.astype(np.float32) / 255
NAN[2, 1, 1] = np.nan


@pytest.mark.parametrize(
    ("arrays", "what"),
    [
        ({"labels": LABELS}, "no array is named inputs or images, and 0 could be: labels int64"),
        ({"images": IMAGES}, "no labels to learn"),
        ({"images": IMAGES, "labels": LABELS[:3]}, "4 inputs, but 3 labels"),
        ({"images": IMAGES, "x": IMAGES, "labels": LABELS}, "images and x could all be the inputs"),
        ({"images": IMAGES[0], "labels": np.arange(6) % 2}, r"of shape \(6, 5\)"),
        ({"images": IMAGES[:0], "labels": LABELS[:0]}, r"shape \(0, 6, 5\)"),
        ({"images": NAN, "labels": LABELS}, "NaN"),
        ({"images": NAN * 0 + np.inf, "labels": LABELS}, "NaN or infinity in 4 of 4 samples"),
        ({"images": IMAGES - 1.5, "labels": LABELS}, "float64 from -1.5"),
        ({"images": IMAGES.astype(np.int32) * 9, "labels": LABELS}, "int32 from"),
        ({"images": IMAGES, "labels": LABELS + 0.5}, "no labels to learn"),
        ({"images": IMAGES, "labels": LABELS - 1}, "no labels to learn"),
        ({"images": IMAGES, "labels": LABELS * 0}, "1 class"),
        ({"images": IMAGES, "labels": LABELS * 10**12}, "labels go from 0 to 1e"),
        ({"images": IMAGES, "labels": np.array([0, 1, 1, np.nan])}, "labels are float64"),
        ({"images": IMAGES, "labels": LABELS, "classes": np.array(["a", "a"])}, "1 different"),
        ({"images": IMAGES, "labels": LABELS * 2, "classes": np.array(["a", "b"])}, "0 to 2"),
        ({"images": IMAGES, "labels": LABELS, "classes": np.array([1, 2])}, "not names"),
        (
            {"images": IMAGES, "labels": np.array(list("abca")), "classes": np.array(["a", "b"])},
            "'c' is none of the classes a, b",
        ),
    ],
)
def test_bad_arrays_are_refused(tmp_path: Path, arrays: dict[str, object], what: str) -> None:
    with pytest.raises(ForgeError, match=what):
        loaded(saved(tmp_path, **arrays))


@pytest.mark.parametrize("key", ["images", "labels"])
def test_objects_are_never_unpickled(tmp_path: Path, key: str) -> None:
    canary = tmp_path / "canary"
    bombs = np.array([Bomb(canary)] * 4, dtype=object)
    path = saved(tmp_path, **({"images": IMAGES, "labels": LABELS} | {key: bombs}))
    with pytest.raises(ForgeError, match="object"):
        load_npz(path)
    assert not canary.exists()
    np.load(path, allow_pickle=True)[key]
    assert canary.exists()  # the bomb was live


HUGE = "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000, 1000000, 1000), }"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "not a NumPy array"),
        (b"\x93NUMPY", "not a NumPy array"),
        (b"\x93NUMPY\x09\x00ab", "not a NumPy array"),
        (npy("{'descr': '|u1'"), "not a NumPy array"),
        (npy("{'descr': '|u1', 'fortran_order': False, 'shape': __import__('os'), }"), "not a"),
        (npy(HUGE), "takes 1000000000000000 bytes"),
        (
            npy("{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 4), }", b"abcd"),
            "cannot have",
        ),
        (npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 200), }", b"ab"), "takes 400"),
        (npy("{'descr': '|V1', 'fortran_order': False, 'shape': (2, ), }", b"ab"), "dtype"),
        (npy("{'descr': '<M8[s]', 'fortran_order': False, 'shape': (1, ), }", b"a" * 8), "dtype"),
        (npy(" " * 60_000 + HUGE), "not a NumPy array"),
    ],
)
def test_broken_npy_files_are_refused(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(content)
    with pytest.raises(ForgeError, match=what):
        read_npy(path)


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.save(stream, IMAGES)
    whole = stream.getvalue()
    path = tmp_path / "x.npy"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ForgeError):
            read_npy(path)
    path.write_bytes(whole)
    assert np.array_equal(read_npy(path), IMAGES)


def test_an_archive_that_is_none_a_bomb_and_a_double_entry(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(ForgeError, match="not a readable NumPy file"):
        read_npz(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", npy(HUGE, b"\0" * 1_000_000))
    with pytest.raises(ForgeError, match="takes 1000000000000000 bytes"):
        read_npz(path)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "w") as archive:
        for _ in range(2):
            archive.writestr(
                "a.npy", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (), }", b"a")
            )
    with pytest.raises(ForgeError, match="twice"):
        read_npz(path)


def test_paths_that_are_not_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npz")
    for path in (tmp_path, tmp_path / "none.npz", tmp_path / "pipe.npz"):
        with pytest.raises(ForgeError, match="no such file"):
            load_npz(path)
    with pytest.raises(ForgeError, match="no file, and no data that"):
        load("cats", count_per_class=1)


def test_inputs_without_labels(tmp_path: Path) -> None:
    floats = np.linspace(-3, 3, 24, dtype=np.float64).reshape(2, 3, 4)
    np.save(tmp_path / "x.npy", floats)
    found = read(str(tmp_path / "x.npy"), (3, 4))
    assert np.array_equal(found.values, floats)
    assert found.labels is None and found.notes == ()
    assert np.array_equal(read(str(saved(tmp_path, images=IMAGES)), (6, 5)).values, IMAGES)


@pytest.mark.parametrize(
    "array", [NAN, IMAGES[:0], np.zeros(5), np.array([["a", "b"]]), np.array([[None]])]
)
def test_bad_inputs_are_refused(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "x.npy", array, allow_pickle=True)
    with pytest.raises(ForgeError):
        read(str(tmp_path / "x.npy"), (6, 5))


Y = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]], np.float32)


def test_one_hot_rows_and_whole_floats_are_classes(tmp_path: Path) -> None:
    found = read(str(saved(tmp_path, images=IMAGES, labels=Y)), (6, 5))
    assert found.labels is not None and found.labels.tolist() == [1, 0, 2, 1]
    assert "one-hot" in found.notes[0]
    found = read(str(saved(tmp_path, images=IMAGES, labels=LABELS.astype(float))), (6, 5))
    assert found.labels is not None and found.labels.tolist() == LABELS.tolist()


def test_values_to_come_near_are_no_classes(tmp_path: Path) -> None:
    for labels in (LABELS + 0.5, Y * 2, -LABELS):
        found = read(str(saved(tmp_path, images=IMAGES, labels=labels)), (6, 5))
        assert found.labels is None and found.targets is not None
        np.testing.assert_array_equal(found.targets, labels.astype(np.float32))


def test_names_in_bytes(tmp_path: Path) -> None:
    labels = np.array(["owl", "Änne", "owl", "owl"])
    path = saved(tmp_path, images=IMAGES, labels=np.char.encode(labels, "utf-8"))
    found = read(str(path), (6, 5))
    assert found.classes == ("owl", "Änne")
    assert found.labels is not None and found.labels.tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize(
    "names", [("x", "y"), ("X", "Y"), ("inputs", "targets"), ("data", "label"), ("arr_0", "arr_1")]
)
def test_arrays_by_other_names(tmp_path: Path, names: tuple[str, str]) -> None:
    found = read(str(saved(tmp_path, **{names[0]: IMAGES, names[1]: LABELS})), (6, 5))
    assert np.array_equal(found.values, IMAGES)
    assert found.labels is not None and found.labels.tolist() == LABELS.tolist()


def test_parts_by_their_names(tmp_path: Path) -> None:
    """As in Keras's mnist.npz."""
    path = saved(
        tmp_path, x_train=IMAGES[:3], y_train=LABELS[:3], x_test=IMAGES[3:], y_test=LABELS[3:]
    )
    found = read(str(path), (6, 5))
    assert np.array_equal(found.values, IMAGES)
    assert found.labels is not None and found.labels.tolist() == LABELS.tolist()
    assert found.parts is not None and found.parts.tolist() == [0, 0, 0, 2]


def test_an_array_that_fits_is_told(tmp_path: Path) -> None:
    path = saved(tmp_path, frames=IMAGES, kinds=LABELS, others=np.zeros((9, 2)))
    found = read(str(path), (6, 5))
    assert "inputs are the array 'frames', labels 'kinds'" in found.notes
    assert found.labels is not None
    with pytest.raises(ForgeError, match="2 could be: a uint8"):
        read(str(saved(tmp_path, a=IMAGES, b=IMAGES)), (6, 5))
