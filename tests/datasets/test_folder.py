"""Folders of pictures, read back pixel by pixel; broken ones refused."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinyforge.datasets import load
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


def test_sizes_must_agree(tmp_path: Path) -> None:
    save(tmp_path, "a/1.png", GREY)
    save(tmp_path, "b/1.png", GREY[:5])
    with pytest.raises(ForgeError, match="8x6 before, 8x5 here"):
        load(str(tmp_path), count_per_class=1)


def test_one_class_is_not_enough(tmp_path: Path) -> None:
    save(tmp_path, "a/1.png", GREY)
    with pytest.raises(ForgeError, match="found 1 classes"):
        load(str(tmp_path), count_per_class=1)


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
        (png(50_000, 50_000), "over 1048576 pixels|bomb"),
        (png(1025, 1024), "over 1048576 pixels"),
    ],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes, what: str) -> None:
    save(tmp_path, "a/1.png", GREY)
    save(tmp_path, "b/1.png", GREY)
    (tmp_path / "b" / "2.png").write_bytes(content)
    with pytest.raises(ForgeError, match=what) as error:
        load(str(tmp_path), count_per_class=1)
    assert error.value.where.endswith("2.png")
