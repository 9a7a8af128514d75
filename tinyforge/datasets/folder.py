"""A folder of pictures: one subfolder a class, named as the class."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from tinyforge.datasets.types import Dataset, Images
from tinyforge.errors import ForgeError
from tinyforge.packages import pip_install

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"})
_MAX_PIXELS = 1 << 20  # of one picture: far above what a microcontroller can hold
_MAX_TOTAL = 2 << 30  # bytes of all pictures


def load_folder(path: Path) -> Dataset:
    """All pictures below path/<class>/, in order of their names; hidden files are left out.

    Grey if every picture is grey, else RGB. Raises ForgeError if there are not two classes with
    pictures, sizes differ, or a file is not a picture or is too large.
    """
    files = _files(path)
    images: list[Images] = []
    labels: list[int] = []
    for label, members in enumerate(files.values()):
        for file in members:
            image = _picture(file)
            if images and image.shape[:2] != images[0].shape[:2]:
                raise ForgeError(
                    f"pictures differ in size: {_size(images[0])} before, {_size(image)} here",
                    where=str(file),
                    fix="scale all pictures to one size",
                )
            images.append(image)
            labels.append(label)
            if len(images) * image.nbytes > _MAX_TOTAL:
                raise ForgeError(
                    f"the pictures take more than {_MAX_TOTAL >> 20} MiB",
                    where=str(path),
                    fix="give fewer or smaller pictures",
                )
    if any(image.ndim == 3 for image in images):
        images = [image if image.ndim == 3 else np.stack([image] * 3, axis=-1) for image in images]
    return Dataset(np.stack(images), np.array(labels, np.int64), tuple(files))


def _files(path: Path) -> dict[str, list[Path]]:
    """Class names to their pictures."""
    files = {
        folder.name: sorted(
            file
            for file in folder.iterdir()
            if file.suffix.lower() in _SUFFIXES and not file.name.startswith(".") and file.is_file()
        )
        for folder in sorted(path.iterdir())
        if folder.is_dir() and not folder.name.startswith(".")
    }
    files = {name: members for name, members in files.items() if members}
    if len(files) < 2:
        raise ForgeError(
            f"found {len(files)} classes with pictures, two or more are needed",
            where=str(path),
            fix=f"make one subfolder a class, with files ending in {', '.join(sorted(_SUFFIXES))}",
        )
    return files


def _picture(file: Path) -> Images:
    """uint8, (height, width) or (height, width, 3)."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise ForgeError(
            "reading pictures needs the Python package pillow", fix=pip_install("pillow")
        ) from error
    try:
        with warnings.catch_warnings():
            # Pillow only warns of a decompression bomb; we ask for the size before any decoding.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(file, formats=_FORMATS) as image:
                if image.width * image.height > _MAX_PIXELS:
                    raise ForgeError(
                        f"the picture is {image.width}x{image.height}, over {_MAX_PIXELS} pixels",
                        where=str(file),
                        fix="scale the pictures down to what the model takes",
                    )
                grey = image.mode in ("1", "L", "LA", "I;16")
                return np.asarray(image.convert("L" if grey else "RGB"))
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        SyntaxError,  # Pillow's word for a broken PNG
        ValueError,
    ) as error:
        raise ForgeError(
            f"this is not a readable picture: {error}", where=str(file), fix="remove the file"
        ) from error


def _size(image: Images) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"
