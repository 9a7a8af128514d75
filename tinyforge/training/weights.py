"""A Keras weight file (HDF5) is only numbers of its own: no links out, no data elsewhere."""

from __future__ import annotations

import io
import math
from typing import Any

from tinyforge.errors import ForgeError
from tinyforge.training.runtime import module

_MAX_BYTES = 512 << 20
_MAX_OBJECTS = 100_000
_MAX_DEPTH = 60
_FIX = "save the model again with model.save('model.keras')"


def check_weights(content: bytes, where: str) -> None:
    """Raises ForgeError unless every object is a group or a stored array of numbers.

    HDF5 can point to other files: external links, external storage, virtual datasets. Keras would
    read them into the model.
    """
    h5py = module("h5py")
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            _Check(h5py, where).group(file, 0)
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise ForgeError(
            f"this is not a readable weight file: {error}", where=where, fix=_FIX
        ) from error


class _Check:
    """Walks the tree, keeping count: a small file can describe endlessly many objects."""

    def __init__(self, h5py: Any, where: str) -> None:
        self._h5py = h5py
        self._where = where
        self._objects = 0
        self._bytes = 0

    def group(self, group: Any, depth: int) -> None:
        for name in group:
            self._objects += 1
            link = group.get(name, getlink=True)
            if not isinstance(link, self._h5py.HardLink):
                self._refuse(f"{name!r} is a link to elsewhere")
            if self._objects > _MAX_OBJECTS or depth > _MAX_DEPTH:
                self._refuse("the tree of arrays is too large")
            member = group[name]
            if isinstance(member, self._h5py.Group):
                self.group(member, depth + 1)
            elif isinstance(member, self._h5py.Dataset):
                self._dataset(name, member)
            else:
                self._refuse(f"{name!r} is neither a group nor an array")

    def _dataset(self, name: str, dataset: Any) -> None:
        if dataset.external or dataset.is_virtual:
            self._refuse(f"the data of {name!r} is in another file")
        if dataset.dtype.kind not in "biuf":
            self._refuse(f"{name!r} holds {dataset.dtype}, not numbers")
        self._bytes += math.prod(dataset.shape) * dataset.dtype.itemsize
        if self._bytes > _MAX_BYTES:
            self._refuse(f"the arrays take more than {_MAX_BYTES >> 20} MiB")

    def _refuse(self, what: str) -> None:
        raise ForgeError(what, where=self._where, fix=_FIX)
