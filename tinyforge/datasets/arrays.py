"""The user's own data as NumPy arrays: labelled pictures, and inputs to calibrate with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyforge.datasets.npy import Array, read_npy, read_npz
from tinyforge.datasets.types import Dataset, Images
from tinyforge.errors import ForgeError

_MAX_CLASSES = 1000


def load_npz(path: Path) -> Dataset:
    """A .npz with `images` and `labels`, perhaps `classes`.

    images: (n, height, width) or (n, height, width, channels), uint8, or float from 0 to 1.
    labels: (n,), integers from 0, or names. classes: names in the order of the integers.
    Raises ForgeError for anything else.
    """
    arrays = read_npz(path)
    for key in ("images", "labels"):
        if key not in arrays:
            raise ForgeError(
                f"there is no array {key!r} among {', '.join(sorted(arrays)) or 'none'}",
                where=str(path),
                fix="numpy.savez(file, images=..., labels=...)",
            )
    images = _images(arrays["images"], path)
    labels, classes = _labels(arrays["labels"], arrays.get("classes"), path)
    if len(labels) != len(images):
        raise ForgeError(
            f"{len(images)} images, but {len(labels)} labels",
            where=str(path),
            fix="give one label an image",
        )
    return Dataset(images, labels, classes)


def is_labelled(path: Path) -> bool:
    """Whether load_npz would take the file, as opposed to calibration_inputs."""
    return path.suffix == ".npz" and "labels" in read_npz(path)


def calibration_inputs(path: Path) -> npt.NDArray[np.float32]:
    """Inputs from a .npy, or `images` or `inputs` of a .npz: float32 (n, ...), n at least 1.

    uint8 counts as grey levels and is scaled to [0, 1]; floats are taken as they are. Raises
    ForgeError for object arrays, NaN, infinity, no inputs.
    """
    if path.suffix == ".npz":
        arrays = read_npz(path)
        found = [arrays[key] for key in ("images", "inputs") if key in arrays]
        if len(found) != 1:
            raise ForgeError(
                f"expected one array 'images' or 'inputs' among {', '.join(sorted(arrays))}",
                where=str(path),
                fix="numpy.savez(file, inputs=...)",
            )
        array = found[0]
    else:
        array = read_npy(path)
    if array.ndim < 2 or len(array) == 0 or array.dtype.kind not in "uif":
        raise ForgeError(
            f"{array.dtype} of shape {array.shape} is not a set of inputs",
            where=str(path),
            fix="give numbers of shape (n, ...), n at least 1",
        )
    _require_finite(array, path)
    scale = np.float32(255 if array.dtype == np.uint8 else 1)
    return array.astype(np.float32) / scale


def _require_finite(array: Array, path: Path) -> None:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ForgeError(
            "the data holds NaN or infinity", where=str(path), fix="remove or repair these values"
        )


def _images(array: Array, path: Path) -> Images:
    where = f"{path}, array 'images'"
    if array.ndim not in (3, 4) or 0 in array.shape:
        raise ForgeError(
            f"images have shape {array.shape}",
            where=where,
            fix="give (n, height, width) or (n, height, width, channels), none of them 0",
        )
    if array.ndim == 4 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.dtype == np.uint8:
        return array
    _require_finite(array, path)
    if array.dtype.kind != "f" or array.min() < 0 or array.max() > 1:
        raise ForgeError(
            f"images are {array.dtype} from {array.min()} to {array.max()}",
            where=where,
            fix="give uint8 from 0 to 255, or float from 0 to 1",
        )
    return np.asarray(np.rint(array * 255), np.uint8)


def _labels(
    labels: Array, classes: Array | None, path: Path
) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    where = f"{path}, array 'labels'"
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.dtype.kind not in "iuU" or len(labels) == 0:
        raise ForgeError(
            f"labels are {labels.dtype} of shape {labels.shape}",
            where=where,
            fix="give integers or names of shape (n,)",
        )
    if labels.dtype.kind == "U":
        names, numbers = np.unique(labels, return_inverse=True)
        return _counted(numbers, names.tolist(), where)
    if classes is not None and (classes.ndim != 1 or classes.dtype.kind != "U"):
        raise ForgeError("classes are not names", where=str(path), fix="give text, one a class")
    count = len(classes) if classes is not None else int(labels.max()) + 1
    names = classes if classes is not None else np.arange(min(count, _MAX_CLASSES + 1)).astype(str)
    return _counted(labels, names.tolist(), where)


def _counted(
    labels: Array, names: list[str], where: str
) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Checks that labels lie within the names, of which there are 2 to 1000, all different."""
    if not 2 <= len(set(names)) == len(names) <= _MAX_CLASSES:
        raise ForgeError(
            f"there are {len(names)} classes, {len(set(names))} different",
            where=where,
            fix=f"give 2 to {_MAX_CLASSES} classes, numbered from 0, with names of their own",
        )
    if labels.min() < 0 or labels.max() >= len(names):
        raise ForgeError(
            f"labels go from {labels.min()} to {labels.max()}",
            where=where,
            fix=f"number the {len(names)} classes from 0 to {len(names) - 1}",
        )
    return labels.astype(np.int64), tuple(names)
