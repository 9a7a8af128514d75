"""What is known of the right answers: numbers, names, one-hot rows, or values to come near."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyforge.datasets.npy import Array
from tinyforge.datasets.samples import Samples
from tinyforge.errors import ForgeError

MAX_CLASSES = 1000


def labelled(samples: Samples, labels: Array, classes: Array | None, where: str) -> Samples:
    """The samples with their right answers.

    labels: n rows. Integers, or floats that are whole, are classes from 0 (and targets as well);
    text names them; rows with a single 1 are one-hot; anything else are targets alone. classes:
    names in the order of the numbers, or None. ForgeError for what is none of these.
    """
    if len(labels) != len(samples):
        raise ForgeError(
            f"{len(samples)} inputs, but {len(labels)} labels", where=where, fix="give one an input"
        )
    if labels.ndim > 1 and labels.size == len(labels):
        labels = labels.reshape(len(labels))
    if labels.dtype.kind in "US":
        return _named(samples, labels, classes, where)
    if labels.dtype.kind not in "biuf" or not np.isfinite(labels).all():
        raise ForgeError(
            f"labels are {labels.dtype} of shape {labels.shape}",
            where=where,
            fix="give finite numbers, or names of shape (n,)",
        )
    targets = labels.astype(np.float32)
    if labels.ndim == 2 and _one_hot(labels):
        samples = samples.noting("labels are one-hot rows: the column of the 1 is the class")
        labels = labels.argmax(axis=1)
    elif labels.ndim > 1 or (labels != np.trunc(labels)).any() or labels.min() < 0:
        return replace(samples, targets=targets)
    names = _names(classes, where)
    return replace(
        samples, labels=_numbers(labels, len(names), where), targets=targets, classes=names
    )


def _one_hot(labels: Array) -> bool:
    return bool(((labels == 0) | (labels == 1)).all() and (labels.sum(axis=1) == 1).all())


def _named(samples: Samples, labels: Array, classes: Array | None, where: str) -> Samples:
    if labels.ndim != 1:
        raise ForgeError(f"names of shape {labels.shape}", where=where, fix="give one an input")
    text = labels.astype(str) if labels.dtype.kind == "U" else np.char.decode(labels, "utf-8")
    names, numbers = np.unique(text, return_inverse=True)
    ordered = _names(classes, where) or tuple(names.tolist())
    strange = sorted(set(names.tolist()) - set(ordered))
    if strange:
        raise ForgeError(
            f"the label {strange[0]!r} is none of the classes {', '.join(ordered)}", where=where
        )
    place = np.array([ordered.index(name) for name in names.tolist()])
    return replace(samples, labels=_numbers(place[numbers], len(ordered), where), classes=ordered)


def _names(classes: Array | None, where: str) -> tuple[str, ...]:
    if classes is None:
        return ()
    if classes.ndim != 1 or classes.dtype.kind not in "US" or not len(classes):
        raise ForgeError("classes are not names", where=where, fix="give text, one a class")
    text = classes if classes.dtype.kind == "U" else np.char.decode(classes, "utf-8")
    names = tuple(text.tolist())
    if len(set(names)) != len(names):
        raise ForgeError(
            f"there are {len(names)} classes, {len(set(names))} different",
            where=where,
            fix="give every class a name of its own",
        )
    return names


def _numbers(
    labels: Array, names: int, where: str
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    high = names or MAX_CLASSES
    if labels.max() >= high:
        raise ForgeError(
            f"labels go from {labels.min():g} to {labels.max():g}",
            where=where,
            fix=f"number the {f'{names} ' if names else ''}classes from 0 to {high - 1}",
        )
    return np.asarray(labels, np.int64)


def for_outputs(samples: Samples, outputs: int, known: tuple[str, ...] = ()) -> Samples:
    """The samples, their labels numbered as a classifier's outputs are.

    outputs: of the model; one output tells two classes apart. known: what the model's file calls
    its classes. ForgeError where the labels cannot be the model's.
    """
    if samples.labels is None:
        return samples
    count = 2 if outputs == 1 else outputs
    if known and samples.classes and samples.classes != known:
        strange = [name for name in samples.classes if name not in known]
        if strange:
            raise ForgeError(
                f"the model knows no class {strange[0]!r}, but {', '.join(known)}",
                where=samples.source,
                fix="give data of the model's own classes",
            )
        place = np.array([known.index(name) for name in samples.classes])
        samples = replace(samples, labels=place[samples.labels], classes=known)
        return samples.noting("classes are ordered as in the model's file, by their names")
    if samples.classes and len(samples.classes) != count:
        raise ForgeError(
            f"the data has {len(samples.classes)} classes ({', '.join(samples.classes)}), the "
            f"model tells {count} apart",
            where=samples.source,
            fix="give data of the model's own classes, or a model of these",
        )
    assert samples.labels is not None
    if samples.labels.max() >= count:
        raise ForgeError(
            f"labels go from {samples.labels.min()} to {samples.labels.max()}, the model tells "
            f"{count} classes apart",
            where=samples.source,
            fix=f"number the labels from 0 to {count - 1}, in the order of the model's outputs",
        )
    return samples
