"""Folders of pictures, read back pixel by pixel; broken ones refused."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinyforge.datasets import load, read
from tinyforge.datasets.folder import load_folder
from tinyforge.errors import ForgeError

GREY = np.arange(48, dtype=np.uint8).reshape(6, 8)
COLOUR = np.arange(144, dtype=np.uint8).reshape(6, 8, 3)


def save(folder: Path, name: str, pixels: np.ndarray) -> None:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(file)


def test_grey_pictures_in_order_of_their_names(tmp_path: Path) -> None:
    save(tmp_path, "owl/1.png", GREY)
    save(tmp_path, "cat/2.PNG", GREY + 1)
    save(tmp_path, "cat/1.bmp", GREY + 2)
    (tmp_path / "cat" / "notes.txt").write_text("not a picture")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "empty").mkdir()
    data = load(str(tmp_path), count_per_class=1)
    assert data.classes == ("cat", "owl")
    assert data.labels.tolist() == [0, 0, 1]
    assert np.array_equal(data.images, np.stack([GREY + 2, GREY + 1, GREY]))


def test_one_coloured_picture_makes_all_of_them_rgb(tmp_path: Path) -> None:
    save(tmp_path, "a/1.png", GREY)
    save(tmp_path, "b/1.png", COLOUR)
    data = load(str(tmp_path), count_per_class=1)
    assert np.array_equal(data.images[0], np.stack([GREY] * 3, axis=-1))
    assert np.array_equal(data.images[1], COLOUR)


def test_sizes_may_differ(tmp_path: Path) -> None:
    save(tmp_path, "a/1.png", GREY)
    save(tmp_path, "a/2.png", GREY)
    save(tmp_path, "b/1.png", np.full((12, 16), 77, np.uint8))
    found = load_folder(tmp_path)
    assert np.array_equal(found.values[:2], np.stack([GREY, GREY]))
    assert np.array_equal(found.values[2], np.full((6, 8), 77))
    assert found.notes == ("pictures of 8x6 and 1 other size are scaled to 8x6",)


def test_pictures_as_a_model_takes_them(tmp_path: Path) -> None:
    save(tmp_path, "a/1.png", np.full((20, 30, 3), (10, 20, 30), np.uint8))
    save(tmp_path, "b/1.png", np.full((10, 12), 50, np.uint8))
    colour = read(str(tmp_path), (16, 12, 3))
    assert colour.shape == (16, 12, 3)
    assert (colour.values[0] == (10, 20, 30)).all() and (colour.values[1] == 50).all()
    grey = read(str(tmp_path), (16, 12))
    assert grey.shape == (16, 12)
    assert np.array_equal(np.unique(grey.values), [18, 50])  # luma: .299, .587, .114
    assert "colour pictures are taken as grey" in grey.notes
    first = read(str(tmp_path), (3, 16, 12))
    assert np.array_equal(first.values, np.moveaxis(colour.values, -1, 1))
    with pytest.raises(ForgeError, match="64x3 numbers, not pictures"):
        read(str(tmp_path), (64, 3))


def test_parts_above_the_classes(tmp_path: Path) -> None:
    for i, part in enumerate(("Train", "val", "test")):
        (tmp_path / part).mkdir()
        for j, name in enumerate(("cat", "owl")):
            save(tmp_path / part, f"{name}/1.png", GREY + 2 * i + j)
    found = load_folder(tmp_path)
    assert found.classes == ("cat", "owl")
    assert found.parts is not None and found.labels is not None
    level = found.values[:, 0, 0].tolist()
    assert dict(zip(level, found.parts.tolist(), strict=True)) == {
        0: 0,
        1: 0,
        2: 1,
        3: 1,
        4: 2,
        5: 2,
    }
    assert [int(v) % 2 for v in level] == found.labels.tolist()


def test_a_flat_folder_has_no_labels(tmp_path: Path) -> None:
    save(tmp_path, "2.png", GREY)
    save(tmp_path, "1.jpeg.png", GREY + 1)
    found = load_folder(tmp_path)
    assert found.labels is None and found.classes == ()
    assert np.array_equal(found.values, np.stack([GREY + 1, GREY]))
    with pytest.raises(ForgeError, match="no labels to learn"):
        load(str(tmp_path), count_per_class=1)


def test_one_folder_more_than_there_need_be(tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    save(tmp_path / "archive", "a/1.png", GREY)
    save(tmp_path / "archive", "b/1.png", GREY)
    assert load_folder(tmp_path).classes == ("a", "b")


def test_one_class_is_no_choice(tmp_path: Path) -> None:
    save(tmp_path, "a/1.png", GREY)
    found = load_folder(tmp_path)
    assert found.labels is None and "one subfolder, 'a'" in found.notes[0]


def test_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "notes.txt").write_text("1,2")
    with pytest.raises(ForgeError, match="found no pictures"):
        load(str(tmp_path / "a" / ".."), count_per_class=1)


def _chunk(kind: bytes, content: bytes) -> bytes:
    crc = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)


def png(width: int, height: int) -> bytes:
    """A PNG that announces any size; its pixels are missing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(b"\0"))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "not a readable picture"),
        (b"GIF89a", "not a readable picture"),
        (b"%!PS-Adobe", "not a readable picture"),
        (png(8, 6), "not a readable picture"),
        (png(50_000, 50_000), "over 67108864 pixels|bomb"),
        (png(8193, 8192), "over 67108864 pixels"),
    ],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes, what: str) -> None:
    save(tmp_path, "a/1.png", GREY)
    save(tmp_path, "b/1.png", GREY)
    (tmp_path / "b" / "2.png").write_bytes(content)
    with pytest.raises(ForgeError, match=what) as error:
        load(str(tmp_path), count_per_class=1)
    assert error.value.where.endswith("2.png")
