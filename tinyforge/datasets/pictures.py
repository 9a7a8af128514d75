"""One picture from outside, decoded and brought to the size and the channels that a model takes."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from tinyforge.datasets.types import Images
from tinyforge.errors import ForgeError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"})
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
_MAX_PIXELS = 64 << 20  # of one picture: above any phone's camera

Size = tuple[int, int]  # height, width


def picture(file: Path) -> Images:
    """uint8, (height, width) for grey, or (height, width, 3). ForgeError if it is none."""
    image_module = _pillow()
    try:
        with warnings.catch_warnings():
            # Pillow only warns of a decompression bomb; we ask for the size before any decoding.
            warnings.simplefilter("ignore", image_module.DecompressionBombWarning)
            with image_module.open(file, formats=_FORMATS) as image:
                if image.width * image.height > _MAX_PIXELS:
                    raise ForgeError(
                        f"the picture is {image.width}x{image.height}, over {_MAX_PIXELS} pixels",
                        where=str(file),
                        fix="scale the pictures down to what the model takes",
                    )
                return _decoded(image)
    except (
        image_module.UnidentifiedImageError,
        image_module.DecompressionBombError,
        OSError,
        SyntaxError,  # Pillow's word for a broken PNG
        ValueError,
    ) as error:
        raise ForgeError(
            f"this is not a readable picture: {error}", where=str(file), fix="remove the file"
        ) from error


def resized(images: Images, size: Size, channels: int | None) -> Images:
    """Pictures (n, h, w) or (n, h, w, 1 or 3), scaled bilinearly; channels: 1 grey, 3 RGB, or None
    for what they are."""
    module = _pillow()
    squeezed = images[..., 0] if images.ndim == 4 and images.shape[3] == 1 else images
    return np.stack([_decoded(module.fromarray(one), size, channels) for one in squeezed])


def _decoded(image: Any, size: Size | None = None, channels: int | None = None) -> Images:
    if image.mode.startswith("I"):  # 16 bits a pixel
        deep = np.asarray(image).astype(np.int64)
        image = _pillow().fromarray(np.asarray(deep >> 8, np.uint8))
    grey = channels == 1 or (channels is None and image.mode in ("1", "L", "LA"))
    image = image.convert("L" if grey else "RGB")
    if size is not None and (image.height, image.width) != size:
        image = image.resize((size[1], size[0]), _pillow().Resampling.BILINEAR)
    return np.asarray(image)


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise ForgeError(
            "reading pictures needs the Python package pillow", fix="pip install pillow"
        ) from error
    return Image
