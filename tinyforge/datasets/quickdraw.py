"""Google's Quick, Draw! bitmaps: real drawings, 28x28, one .npy file a class.

The data is made available by Google, Inc. under the Creative Commons Attribution 4.0
International license. Files are of about 100 MB; they are kept in the user's cache folder.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import platformdirs

from tinyforge.datasets.npy import HEADER_ERRORS, require_file
from tinyforge.datasets.types import Dataset, Images, Progress, silent
from tinyforge.errors import ForgeError
from tinyforge.packages import pip_install

URL = "https://storage.googleapis.com/quickdraw_dataset/full/numpy_bitmap/"
CLASSES = ("The Eiffel Tower", "The Mona Lisa")

_SIDE = 28
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9 '-]{0,40}")
_ATTEMPTS = 6
_TIMEOUT = 20  # seconds without a byte


def cache_folder() -> Path:
    """Where downloads are kept."""
    return platformdirs.user_cache_path("tinyforge") / "quickdraw"


def quickdraw(
    names: Sequence[str] = CLASSES,
    *,
    count_per_class: int,
    seed: int = 0,
    url: str = URL,
    cache: Path | None = None,
    progress: Progress = silent,
) -> Dataset:
    """count_per_class drawings of each class (all if it has fewer), downloaded unless cached.

    Raises ForgeError for a class that does not exist, and when the download does not succeed.
    """
    folder = cache or cache_folder()
    files = {name: download(name, folder, url=url, progress=progress) for name in names}
    return quickdraw_files(files, count_per_class=count_per_class, seed=seed)


def quickdraw_files(files: Mapping[str, Path], *, count_per_class: int, seed: int = 0) -> Dataset:
    """The same from files that are here already. files: class name to .npy, two or more."""
    if len(files) < 2:
        raise ForgeError(
            f"{len(files)} class is not enough to tell apart",
            where=", ".join(str(path) for path in files.values()),
            fix="give the .npy files of two classes or more",
        )
    rng = np.random.default_rng(seed)
    images: list[Images] = []
    for path in files.values():
        drawings = _mapped(path)
        count = min(count_per_class, len(drawings))
        rows = np.sort(rng.choice(len(drawings), count, replace=False))
        images.append(np.array(drawings[rows]).reshape(-1, _SIDE, _SIDE))
    labels = np.repeat(np.arange(len(images)), [len(part) for part in images])
    order = rng.permutation(len(labels))
    return Dataset(np.concatenate(images), labels, tuple(files)).take(order)


def is_bitmaps(path: Path) -> bool:
    """Whether a file is one of Quick, Draw!'s."""
    try:
        _mapped(path)
    except ForgeError:
        return False
    return True


def _mapped(path: Path) -> Images:
    """The file as a memory map, uint8 (n, 784): only the rows that are used are read."""
    require_file(path)
    try:
        array: Images = np.load(path, mmap_mode="r", allow_pickle=False)
    except (*HEADER_ERRORS, OSError) as error:
        raise _damaged(path, str(error)) from error
    side = _SIDE * _SIDE
    if array.dtype != np.uint8 or array.ndim != 2 or array.shape[1] != side or not len(array):
        raise _damaged(path, f"{array.dtype} of shape {array.shape}, not uint8 of (n, {side})")
    return array


def _damaged(path: Path, what: str) -> ForgeError:
    return ForgeError(
        f"this is not a Quick, Draw! bitmap file: {what}",
        where=str(path),
        fix="delete it; it will be downloaded again, or get it from " + URL,
    )


def download(name: str, folder: Path, *, url: str = URL, progress: Progress = silent) -> Path:
    """Fetches one class into folder, going on where an earlier try was cut off.

    A file is only given its final name once its size, its checksum (where the server tells one)
    and its shape are right. Raises ForgeError.
    """
    if not _NAME.fullmatch(name):
        raise ForgeError(f"{name!r} cannot be a Quick, Draw! class", fix="see " + _LIST)
    target = folder / f"{name}.npy"
    if target.is_file():
        _mapped(target)
        return target
    partial = target.with_suffix(".npy.part")
    headers = _fetch(url + quote(name) + ".npy", partial, name, progress)
    _verify(partial, headers)
    partial.replace(target)
    return target


_LIST = "https://github.com/googlecreativelab/quickdraw-dataset/blob/master/categories.txt"


def _fetch(url: str, partial: Path, name: str, progress: Progress) -> Mapping[str, str]:
    """Downloads into partial, resuming after every cut; returns the last response's headers."""
    try:
        import httpx
    except ImportError as error:
        raise ForgeError(
            "downloading needs the Python package httpx", fix=pip_install("httpx")
        ) from error
    trouble = "the connection was cut"
    try:
        partial.parent.mkdir(parents=True, exist_ok=True)
        with httpx.Client(timeout=_TIMEOUT) as client:
            for _ in range(_ATTEMPTS):
                try:
                    headers = _continue(client, url, partial, name, progress)
                except httpx.TransportError as error:
                    trouble = str(error) or type(error).__name__
                    continue
                if headers is not None:
                    return headers
    except OSError as error:
        trouble = str(error)
    raise ForgeError(
        f"could not download {name!r}: {trouble}",
        where=str(partial),
        fix=f"try again, it goes on where it stopped; or put the file from {url} into "
        f"{partial.parent} yourself; or stay offline with --data doodles",
    )


def _continue(
    client: Any, url: str, partial: Path, name: str, progress: Progress
) -> Mapping[str, str] | None:
    """One request for the rest of the file. None if there is still a rest afterwards."""
    have = partial.stat().st_size if partial.exists() else 0
    ask = {"Range": f"bytes={have}-", "Accept-Encoding": "identity"} if have else {}
    with client.stream("GET", url, headers=ask) as response:
        if response.status_code == 416:  # there is nothing after what we have
            partial.unlink()
            return None
        if response.status_code not in (200, 206):
            raise ForgeError(
                f"the server answered {response.status_code} for {name!r}",
                where=url,
                fix="check the class name: see " + _LIST,
            )
        if response.status_code == 200:  # from the beginning, whatever we asked for
            have = 0
        total = have + int(response.headers.get("Content-Length", 0))
        with partial.open("ab" if have else "wb") as file:
            for chunk in response.iter_raw():
                file.write(chunk)
                have += len(chunk)
                progress(f"download {name}", have, total)
        return dict(response.headers) if have == total else None


def _verify(partial: Path, headers: Mapping[str, str]) -> None:
    """Checks the MD5 that Google's servers tell, and the shape; a bad file is deleted."""
    told = re.search(r"md5=([A-Za-z0-9+/=]+)", headers.get("x-goog-hash", ""))
    try:
        if told:
            with partial.open("rb") as file:
                digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
            if base64.b64encode(digest.digest()).decode() != told[1]:
                raise _damaged(partial, "its checksum is not the server's")
        _mapped(partial)
    except ForgeError:
        partial.unlink()
        raise
