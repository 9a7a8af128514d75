"""Data from a function of the user's own: `--data module:function`.

What it gives may be a tf.data.Dataset, NumPy arrays, or anything that becomes arrays; TensorFlow is
not imported here, but may be by the user's file.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tinyforge.datasets.npy import Array
from tinyforge.errors import ForgeError
from tinyforge.programs import failed, run_file

_NAMED = re.compile(r"(?P<file>.+):(?P<function>[A-Za-z_]\w*)")
_MODULE = "tinyforge_data"
_MAX_BYTES = 2 << 30  # of all samples
_FIX = (
    "return a tf.data.Dataset of (inputs, labels), NumPy arrays inputs or (inputs, labels), "
    "(training, test) of either, or a dict of arrays named as in a .npz"
)
_PARTS = ("train", "test")


def is_function(source: str) -> bool:
    """Whether data of this name is a function: "pictures:load", "data/pictures.py:load"."""
    return _file(source) is not None


def _file(source: str) -> tuple[Path, str] | None:
    found = _NAMED.fullmatch(source)
    if found is None or Path(source).exists():
        return None
    name = found["file"]
    path = Path(name) if name.endswith(".py") else Path(*name.split(".")).with_suffix(".py")
    return (path, found["function"]) if name.endswith(".py") or path.is_file() else None


def call(source: str, shape: tuple[int, ...] | None) -> dict[str, Array]:
    """What the function gives, as the arrays of a .npz. It runs the user's code.

    shape: of the model's input, without the batch, to tell samples from batches; None: of pictures.
    ForgeError for a function that fails, or gives something else.
    """
    named = _file(source)
    assert named is not None
    file, function = named
    folder = str(file.parent.resolve())
    if folder not in sys.path:
        sys.path.append(folder)  # for what lies beside it; last, so that no library is hidden
    module = run_file(
        file, _MODULE, option="give --data FILE.py:FUNCTION", fix="make it run by itself first"
    )
    work = getattr(module, function, None)
    if not callable(work):
        raise ForgeError(f"it has no function {function!r}", where=str(file), fix=_FIX)
    return _called(work, file, shape)


def _called(work: Callable[[], Any], file: Path, shape: tuple[int, ...] | None) -> dict[str, Array]:
    try:
        return _arrays(work(), shape, str(file))
    except ForgeError:
        raise
    except (Exception, SystemExit) as error:
        raise failed(error, file, "make the function run by itself first") from error


def _arrays(given: Any, shape: tuple[int, ...] | None, where: str) -> dict[str, Array]:
    pair = isinstance(given, tuple) and len(given) == 2
    given = tuple(map(_listed, given)) if pair else _listed(given)
    if isinstance(given, tuple) and not pair:
        raise ForgeError(f"the function gives {len(given)} values", where=where, fix=_FIX)
    if isinstance(given, Mapping):
        return {str(name): np.asarray(array) for name, array in given.items()}
    if isinstance(given, tuple | list) and len(given) == 2 and not _is_pair(given):
        parts = [_arrays(part, shape, where) for part in given]
        joined = {
            f"{name}_{part}": array
            for part, arrays in zip(_PARTS, parts, strict=True)
            for name, array in arrays.items()
            if name != "classes"
        }
        return joined | {n: a for arrays in parts for n, a in arrays.items() if n == "classes"}
    found = _pair(*given) if _is_pair(given) else _walked(given, shape, where)
    names = getattr(given, "class_names", None)
    return found if names is None else found | {"classes": np.asarray(names)}


def _listed(given: Any) -> Any:
    """Lists of numbers or words within each other as an array; anything else as it is."""
    first = given
    while isinstance(first, list) and first:
        first = first[0]
    if not isinstance(given, list) or not isinstance(first, int | float | str):
        return given
    try:
        return np.asarray(given)
    except ValueError:  # not all of one length
        return given


def _is_pair(given: Any) -> bool:
    """Whether it is (inputs, labels) as arrays, not training and test data."""
    if not isinstance(given, tuple | list) or len(given) != 2:
        return False
    return hasattr(given[0], "shape") or isinstance(given[0], Mapping)


def _pair(inputs: Any, labels: Any) -> dict[str, Array]:
    """inputs: an array, or one for each of several inputs by name."""
    named = inputs if isinstance(inputs, Mapping) else {"inputs": inputs}
    arrays = {str(name): np.asarray(array) for name, array in named.items()}
    return arrays if labels is None else {**arrays, "labels": np.asarray(labels)}


def _walked(given: Any, shape: tuple[int, ...] | None, where: str) -> dict[str, Array]:
    """An array of inputs, or a dataset gone through from its beginning to its end."""
    if hasattr(given, "shape"):
        return {"inputs": np.asarray(given)}
    parts: dict[str, list[Array]] = {}
    total = 0
    for step in _steps(given, where):
        one = _pair(*step) if isinstance(step, tuple) and len(step) == 2 else _pair(step, None)
        rows = one if _batched(one, shape) else {n: a[np.newaxis] for n, a in one.items()}
        for name, array in rows.items():
            parts.setdefault(name, []).append(array)
            total += array.nbytes
        if total > _MAX_BYTES:
            raise ForgeError(
                f"the dataset takes more than {_MAX_BYTES >> 20} MiB",
                where=where,
                fix="give fewer samples: take(n)",
            )
    if not parts:
        raise ForgeError("the dataset is empty", where=where, fix=_FIX)
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}


def _steps(given: Any, where: str) -> Iterable[Any]:
    """The elements of a dataset, as NumPy arrays or what becomes some."""
    cardinality = getattr(given, "cardinality", None)
    if cardinality is not None and int(cardinality()) == -1:  # tf.data.INFINITE_CARDINALITY
        raise ForgeError("the dataset never ends", where=where, fix="leave repeat() out of it")
    steps = given.as_numpy_iterator() if hasattr(given, "as_numpy_iterator") else given
    if not isinstance(steps, Iterable) or isinstance(steps, str | bytes):
        raise ForgeError(f"the function gives {type(given).__name__}", where=where, fix=_FIX)
    return steps


def _batched(step: Mapping[str, Array], shape: tuple[int, ...] | None) -> bool:
    """Whether a dataset's element is a batch: with as many labels as rows; or, without labels, with
    a dimension more than the model's input."""
    inputs, labels = next(iter(step.values())), step.get("labels")
    if inputs.shape == shape:
        return False
    if labels is not None:
        return labels.ndim > 0 and inputs.ndim > 0 and len(labels) == len(inputs)
    return inputs.ndim > (3 if shape is None else len(shape))
