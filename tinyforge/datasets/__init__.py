"""Data: drawn by us, downloaded, or the user's own; for one input of a model, or to train on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from tinyforge.datasets.arrays import load_npy, load_npz, of_arrays
from tinyforge.datasets.doodles import CLASSES, doodles
from tinyforge.datasets.fit import fitted, picture_size
from tinyforge.datasets.folder import load_folder
from tinyforge.datasets.function import call, is_function
from tinyforge.datasets.npy import read_npz
from tinyforge.datasets.pictures import SUFFIXES, picture
from tinyforge.datasets.quickdraw import CLASSES as QUICKDRAW
from tinyforge.datasets.quickdraw import is_bitmaps, quickdraw, quickdraw_files
from tinyforge.datasets.ranges import Kind
from tinyforge.datasets.samples import Samples
from tinyforge.datasets.series import load_csv
from tinyforge.datasets.types import Dataset, Progress, Splits, silent
from tinyforge.errors import ForgeError

__all__ = ["CLASSES", "Dataset", "Samples", "Splits", "load", "read", "real_drawings"]

_FIX = (
    "give doodles, quickdraw, quickdraw:cat,dog, a folder of pictures, a .npz, .npy, .csv or "
    "picture file, or FILE.py:FUNCTION"
)
_TABLES = (".csv", ".tsv", ".txt")
_SERIES = (".npy", ".csv", ".tsv")


def is_drawn(source: str) -> bool:
    """Whether the name stands for drawings that tinyforge gets itself, not for the user's file."""
    return source == "doodles" or source.partition(":")[0] == "quickdraw"


def read(
    source: str,
    shape: tuple[int, ...],
    *,
    count_per_class: int = 1000,
    seed: int = 0,
    progress: Progress = silent,
) -> Samples:
    """The data that source names, in the shape of a model's input (without the batch).

    As load(), and what has no labels: a folder of pictures alone, a .npz of inputs, a .npy, a .csv,
    one picture. A function's name runs the user's code. ForgeError.
    """
    found = _found(source, shape, count_per_class, seed, progress)
    return replace(fitted(found, shape), source=source)


def load(
    source: str, *, count_per_class: int, seed: int = 0, progress: Progress = silent
) -> Dataset:
    """Labelled pictures to train on.

    "doodles": drawn by us. "quickdraw", or "quickdraw:cat,dog": Google's, downloaded. A path: a
    .npz with images and labels, a folder with one subfolder of pictures a class or one Quick,
    Draw! .npy a class, or several .npy with commas between. count_per_class: how many to draw, or
    at most to take of Quick, Draw!; the user's own data is taken whole.
    Raises ForgeError.
    """
    if is_drawn(source):
        return _drawn(source, count_per_class, seed, progress)
    return Dataset.of(_found(source, None, count_per_class, seed, progress))


def _drawn(source: str, count_per_class: int, seed: int, progress: Progress) -> Dataset:
    if source == "doodles":
        return doodles(count_per_class, seed)
    names = [part.strip() for part in source.partition(":")[2].split(",") if part.strip()]
    return quickdraw(
        names or QUICKDRAW, count_per_class=count_per_class, seed=seed, progress=progress
    )


def _found(
    source: str,
    shape: tuple[int, ...] | None,
    count_per_class: int,
    seed: int,
    progress: Progress,
) -> Samples:
    """The data as it lies there; pictures in the model's size already."""
    if is_drawn(source):
        return _drawn(source, count_per_class, seed, progress).samples(source)
    path = Path(source)
    if is_function(source):
        return of_arrays(call(source, shape), path, shape)
    if path.is_dir():
        return _folder(path, shape, count_per_class, seed)
    if path.suffix.lower() == ".npy" and "," in source:
        paths = [Path(part.strip()) for part in source.split(",")]
        return _classes({p.stem: [p] for p in paths}, source, shape, count_per_class, seed)
    if path.is_file() or path.suffix in (".npz", ".npy"):
        return _file(path, shape)
    raise ForgeError(f"{source!r} is no file, and no data that tinyforge knows", fix=_FIX)


def _file(path: Path, shape: tuple[int, ...] | None) -> Samples:
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return load_npz(path, shape)
    if suffix == ".npy":
        return load_npy(path)
    if suffix in _TABLES:
        return load_csv(path, shape)
    if suffix in SUFFIXES:
        return Samples(str(path), picture(path)[np.newaxis], Kind.LEVELS, "one picture")
    raise ForgeError(f"{path.name!r} is no data that tinyforge knows", where=str(path), fix=_FIX)


def _folder(path: Path, shape: tuple[int, ...] | None, count_per_class: int, seed: int) -> Samples:
    """A folder of pictures; or of series, one file a class, or one subfolder of files a class."""
    pictures = any(p.suffix.lower() in SUFFIXES for p in path.rglob("*"))
    files = {} if pictures else {p.stem: [p] for p in _series(path)}
    if not files and not pictures:
        files = {
            folder.name: _series(folder)
            for folder in sorted(p for p in path.iterdir() if p.is_dir())
            if _series(folder)
        }
    if files:
        return _classes(files, str(path), shape, count_per_class, seed)
    wanted = picture_size(shape) if shape is not None else None
    if shape is not None and wanted is None:
        raise ForgeError(
            f"the model takes {'x'.join(map(str, shape))} numbers, not pictures",
            where=str(path),
            fix="give a .npz, .npy or .csv of such numbers, or a folder of .npy or .csv files",
        )
    return load_folder(path, *(wanted or (None, None)))


def _series(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in _SERIES and p.is_file())


def _classes(
    files: dict[str, list[Path]],
    source: str,
    shape: tuple[int, ...] | None,
    count_per_class: int,
    seed: int,
) -> Samples:
    """Files of arrays, a class each; where there is one class alone, without labels."""
    firsts = {name: members[0] for name, members in files.items()}
    side = 28 * 28
    bitmaps = all(len(members) == 1 for members in files.values()) and all(
        map(is_bitmaps, firsts.values())
    )
    if bitmaps and (shape is None or (len(files) > 1 and np.prod(shape) == side)):
        data = quickdraw_files(firsts, count_per_class=count_per_class, seed=seed)
        return data.samples(source)
    if shape is None:
        raise ForgeError("these arrays are no pictures to train on", where=source, fix=_FIX)
    parts = [
        (name, fitted(_file(p, shape), shape)) for name, members in files.items() for p in members
    ]
    names = tuple(files)
    labels = np.repeat([names.index(name) for name, _ in parts], [len(s) for _, s in parts])
    notes = tuple(dict.fromkeys(note for _, s in parts for note in s.notes))
    whole = Samples(source, np.concatenate([s.values for _, s in parts]), found=parts[0][1].found)
    if len(names) > 1:
        targets = labels.astype(np.float32)
        whole = replace(whole, labels=labels.astype(np.int64), targets=targets, classes=names)
    return whole.noting(*notes)


def real_drawings(corpus: Path) -> Dataset | None:
    """Real Quick, Draw! drawings of the doodles' two classes, to evaluate on and never to train.

    corpus: a folder with quickdraw/eiffel_tower.npz and quickdraw/mona_lisa.npz, each with uint8
    `images` (n, 28, 28). None if they are not there.
    """
    files = [corpus / "quickdraw" / name for name in ("eiffel_tower.npz", "mona_lisa.npz")]
    if not all(file.is_file() for file in files):
        return None
    images = [read_npz(file)["images"] for file in files]
    labels = np.repeat(np.arange(len(images)), [len(part) for part in images])
    return Dataset(np.concatenate(images), labels, CLASSES)
