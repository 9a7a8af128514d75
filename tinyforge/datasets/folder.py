"""A folder of pictures: a subfolder a class, perhaps below train, val and test; or none at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyforge.datasets.pictures import SUFFIXES, Size, picture, resized
from tinyforge.datasets.ranges import Kind
from tinyforge.datasets.samples import TEST, TRAINING, VALIDATION, Samples
from tinyforge.datasets.types import Images
from tinyforge.errors import ForgeError

# What people call the parts of their data, in folders and in arrays.
PARTS = {
    **dict.fromkeys(("train", "training"), TRAINING),
    **dict.fromkeys(("val", "valid", "validation", "dev"), VALIDATION),
    **dict.fromkeys(("test", "testing", "eval"), TEST),
}
_MAX_TOTAL = 2 << 30  # bytes of all pictures


@dataclass(frozen=True)
class _File:
    path: Path
    label: int | None
    part: int | None


def load_folder(path: Path, size: Size | None = None, channels: int | None = None) -> Samples:
    """All pictures of a folder, in order of their names; hidden files are left out.

    size, channels: what the model takes; None: the most frequent size, and grey if every picture
    is grey, else RGB. Labels are there where two or more subfolders hold pictures. ForgeError if
    there is no picture, or a file is none or is too large.
    """
    files, classes, notes = _listed(path)
    found: Counter[tuple[int, ...]] = Counter()
    images: list[Images] = []
    total = 0
    for file in files:
        image = picture(file.path)
        found[image.shape] += 1
        if size is not None:
            image = _brought(image, size, channels)
        images.append(image)
        total += image.nbytes
        if total > _MAX_TOTAL:
            raise ForgeError(
                f"the pictures take more than {_MAX_TOTAL >> 20} MiB",
                where=str(path),
                fix="give fewer or smaller pictures",
            )
    height, width = size or Counter(shape[:2] for shape in found.elements()).most_common(1)[0][0]
    if any(shape[:2] != (height, width) for shape in found):
        notes.append(f"pictures of {_sizes(found)} are scaled to {width}x{height}")
    if channels is None:
        channels = 3 if any(len(shape) == 3 for shape in found) else 1
    elif channels == 1 and any(len(shape) == 3 for shape in found):
        notes.append("colour pictures are taken as grey")
    images = [_brought(image, (height, width), channels) for image in images]
    labels = [file.label for file in files if file.label is not None]
    numbers = np.array(labels, np.int64) if labels else None
    parts = [file.part for file in files if file.part is not None]
    return Samples(
        source=str(path),
        values=np.stack(images),
        kind=Kind.LEVELS,
        found=f"pictures of {_sizes(found)}",
        labels=numbers,
        targets=None if numbers is None else numbers.astype(np.float32),
        classes=tuple(classes) if labels else (),
        parts=np.array(parts, np.int64) if parts else None,
        notes=tuple(notes),
        resized=_one_size(found, (height, width)),
    )


def _brought(image: Images, size: Size, channels: int | None) -> Images:
    """A picture in this size, with as many channels: (h, w) for 1, (h, w, 3) for others."""
    fits = image.shape[:2] == size and channels in (None, 1 if image.ndim == 2 else 3)
    return image if fits else resized(image[np.newaxis], size, channels)[0]


def _one_size(found: Counter[tuple[int, ...]], to: Size) -> Size | None:
    """The size of all pictures, where they have one that is another than this."""
    sizes = {(shape[0], shape[1]) for shape in found}
    return next(iter(sizes)) if len(sizes) == 1 and sizes != {to} else None


def _sizes(found: Counter[tuple[int, ...]]) -> str:
    """28x28 and 2 other sizes: width and height, the most frequent first."""
    names = list(dict.fromkeys(f"{s[1]}x{s[0]}" for s, _ in found.most_common()))
    others = len(names) - 1
    return names[0] + (f" and {others} other size{'s' if others > 1 else ''}" if others else "")


def _listed(path: Path) -> tuple[list[_File], list[str], list[str]]:
    """The files, the classes' names, and what is to be told of it."""
    tops = _folders(path)
    parted = [top for top in tops if top.name.lower() in PARTS and any(_folders(top))]
    if parted:
        classes = sorted({f.name for top in parted for f in _folders(top) if _pictures(f)})
        files = [
            _File(file, classes.index(folder.name), PARTS[top.name.lower()])
            for top in parted
            for folder in _folders(top)
            for file in _pictures(folder)
        ]
    else:
        classes = [folder.name for folder in tops if _pictures(folder)]
        files = [
            _File(file, classes.index(folder.name), None)
            for folder in tops
            for file in _pictures(folder)
        ]
    flat = _pictures(path)
    if not files and not flat and len(tops) == 1:
        return _listed(tops[0])  # what an archive unpacks to
    notes = []
    if len(classes) < 2:
        if classes:
            notes.append(f"one subfolder, {classes[0]!r}, is no choice of classes: no labels")
        files = [_File(file.path, None, None) for file in files]
        files += [_File(file, None, None) for file in flat]
    elif flat:
        notes.append(f"{len(flat)} pictures beside the folders of classes are left out")
    if not files:
        raise ForgeError(
            "found no pictures",
            where=str(path),
            fix=f"give files ending in {', '.join(sorted(SUFFIXES))}, in one subfolder a class, "
            "or all in the folder itself where there are no labels",
        )
    return files, classes, notes


def _folders(path: Path) -> list[Path]:
    return sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))


def _pictures(folder: Path) -> list[Path]:
    return sorted(_files(folder))


def _files(folder: Path) -> Iterator[Path]:
    for file in folder.iterdir():
        if file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file():
            yield file
