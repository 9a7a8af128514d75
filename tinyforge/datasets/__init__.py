"""Labelled pictures: drawn by us, downloaded, or the user's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tinyforge.datasets.arrays import load_npz
from tinyforge.datasets.doodles import CLASSES, doodles
from tinyforge.datasets.folder import load_folder
from tinyforge.datasets.npy import read_npz
from tinyforge.datasets.quickdraw import quickdraw, quickdraw_files
from tinyforge.datasets.types import Dataset, Progress, Splits, silent
from tinyforge.errors import ForgeError

__all__ = ["CLASSES", "Dataset", "Splits", "load", "real_drawings"]


def load(
    source: str, *, count_per_class: int, seed: int = 0, progress: Progress = silent
) -> Dataset:
    """The data that source names.

    "doodles": drawn by us. "quickdraw", or "quickdraw:cat,dog": Google's, downloaded. A path: a
    .npz with images and labels, a folder with one subfolder of pictures a class or one Quick,
    Draw! .npy a class, or several .npy with commas between. count_per_class: how many to draw, or
    at most to take of Quick, Draw!; the user's own data is taken whole.
    Raises ForgeError.
    """
    name, _, classes = source.partition(":")
    if source == "doodles":
        return doodles(count_per_class, seed)
    if source == "quickdraw":
        return quickdraw(count_per_class=count_per_class, seed=seed, progress=progress)
    if name == "quickdraw":
        return quickdraw(
            [part.strip() for part in classes.split(",")],
            count_per_class=count_per_class,
            seed=seed,
            progress=progress,
        )
    if source.endswith(".npy"):
        paths = [Path(part) for part in source.split(",")]
        return _bitmaps(paths, count_per_class, seed)
    path = Path(source)
    if path.is_dir():
        bitmaps = sorted(path.glob("*.npy"))
        return _bitmaps(bitmaps, count_per_class, seed) if bitmaps else load_folder(path)
    if path.suffix == ".npz":
        return load_npz(path)
    raise ForgeError(
        f"{source!r} is no data that tinyforge knows",
        fix="give doodles, quickdraw, quickdraw:cat,dog, a .npz file, .npy files or a folder",
    )


def _bitmaps(paths: list[Path], count_per_class: int, seed: int) -> Dataset:
    files = {path.stem: path for path in paths}
    return quickdraw_files(files, count_per_class=count_per_class, seed=seed)


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
