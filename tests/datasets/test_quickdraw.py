"""Downloads from a server of our own that has ranges, and cuts connections when told to."""

import base64
import hashlib
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

from tinyforge.datasets import load
from tinyforge.datasets.quickdraw import cache_folder, download, quickdraw, quickdraw_files
from tinyforge.errors import ForgeError

CAT = np.random.default_rng(1).integers(0, 256, (300, 784), dtype=np.uint8)
DOG = np.random.default_rng(2).integers(0, 256, (200, 784), dtype=np.uint8)


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


class Google(ThreadingHTTPServer):
    """Serves files by name; behaves badly as asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {"cat.npy": npy(CAT), "big dog.npy": npy(DOG)}
        self.cuts = 0  # how many more answers stop half way
        self.ranges = True
        self.md5 = True
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/bitmaps/"


class Handler(BaseHTTPRequestHandler):
    server: Google

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        google = self.server
        asked = self.headers.get("Range")
        google.asked.append(asked)
        content = google.files.get(unquote(self.path).rsplit("/", 1)[1])
        if content is None:
            self.send_error(404)
            return
        start = 0
        if asked and google.ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                self.send_error(416)
                return
        rest = content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(rest)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if google.md5:
            digest = base64.b64encode(hashlib.md5(content).digest()).decode()
            self.send_header("x-goog-hash", f"crc32c=AAAAAA==, md5={digest}")
        self.end_headers()
        if google.cuts:
            google.cuts -= 1
            rest = rest[: len(rest) // 2]
        self.wfile.write(rest)


@pytest.fixture
def google() -> Iterator[Google]:
    server = Google()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_two_classes_arrive_whole_and_are_cached(google: Google, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    data = quickdraw(
        ("cat", "big dog"),
        count_per_class=250,
        url=google.url,
        cache=tmp_path,
        progress=lambda *step: seen.append(step),
    )
    assert data.classes == ("cat", "big dog")
    assert np.bincount(data.labels).tolist() == [250, 200]
    known = {row.tobytes(): label for label, rows in enumerate((CAT, DOG)) for row in rows}
    assert [known[image.tobytes()] for image in data.images] == data.labels.tolist()
    assert len({image.tobytes() for image in data.images}) == 450
    assert seen[-1][0] == "download big dog" and seen[-1][1] == seen[-1][2] == len(npy(DOG))

    google.files.clear()
    again = quickdraw(("cat", "big dog"), count_per_class=250, url=google.url, cache=tmp_path)
    assert np.array_equal(again.images, data.images)
    assert len(google.asked) == 2


def test_a_cut_download_goes_on_where_it_stopped(google: Google, tmp_path: Path) -> None:
    google.cuts = 3
    path = download("cat", tmp_path, url=google.url)
    assert path.read_bytes() == npy(CAT)
    size = len(npy(CAT))
    have = [0, size // 2]
    have += [have[1] + (size - have[1]) // 2]
    have += [have[2] + (size - have[2]) // 2]
    assert google.asked == [None, *(f"bytes={n}-" for n in have[1:])]


def test_the_part_of_an_earlier_run_is_kept(google: Google, tmp_path: Path) -> None:
    (tmp_path / "cat.npy.part").write_bytes(npy(CAT)[:1000])
    assert download("cat", tmp_path, url=google.url).read_bytes() == npy(CAT)
    assert google.asked == ["bytes=1000-"]
    assert not (tmp_path / "cat.npy.part").exists()


def test_a_server_without_ranges_starts_over(google: Google, tmp_path: Path) -> None:
    google.ranges = False
    google.cuts = 2
    assert download("cat", tmp_path, url=google.url).read_bytes() == npy(CAT)


def test_a_part_that_is_too_long_is_thrown_away(google: Google, tmp_path: Path) -> None:
    (tmp_path / "cat.npy.part").write_bytes(npy(CAT) + b"more")
    assert download("cat", tmp_path, url=google.url).read_bytes() == npy(CAT)


def test_a_part_of_another_file_is_noticed(google: Google, tmp_path: Path) -> None:
    part = tmp_path / "cat.npy.part"
    part.write_bytes(npy(CAT)[:500] + b"\0" * 500)
    with pytest.raises(ForgeError, match="checksum"):
        download("cat", tmp_path, url=google.url)
    assert not part.exists() and not (tmp_path / "cat.npy").exists()
    assert download("cat", tmp_path, url=google.url).read_bytes() == npy(CAT)


def test_it_gives_up_after_some_cuts_and_keeps_the_part(google: Google, tmp_path: Path) -> None:
    google.cuts = 100
    with pytest.raises(ForgeError, match="could not download 'cat'") as error:
        download("cat", tmp_path, url=google.url)
    assert str(tmp_path) in error.value.where and "--data doodles" in error.value.fix
    assert (tmp_path / "cat.npy.part").stat().st_size > len(npy(CAT)) // 2
    assert not (tmp_path / "cat.npy").exists()


def test_offline_names_the_cache_and_the_offline_default(tmp_path: Path) -> None:
    with pytest.raises(ForgeError) as error:
        download("cat", tmp_path, url="http://127.0.0.1:9/")
    assert str(tmp_path) in error.value.fix and "--data doodles" in error.value.fix


def test_an_unknown_class(google: Google, tmp_path: Path) -> None:
    with pytest.raises(ForgeError, match="404"):
        download("unicorn", tmp_path, url=google.url)


@pytest.mark.parametrize("name", ["../cat", "", "a/b", "cat\n", "-f", "c" * 60, "CAT\0"])
def test_names_that_cannot_be_classes(tmp_path: Path, name: str) -> None:
    with pytest.raises(ForgeError, match="cannot be a Quick, Draw! class"):
        download(name, tmp_path / "cache", url="http://127.0.0.1:9/")
    assert not (tmp_path / "cache").exists()


def test_files_by_path(tmp_path: Path) -> None:
    cat, dog = tmp_path / "cat.npy", tmp_path / "dog.npy"
    cat.write_bytes(npy(CAT))
    dog.write_bytes(npy(DOG))
    by_list = load(f"{cat},{dog}", count_per_class=50, seed=3)
    by_folder = load(str(tmp_path), count_per_class=50, seed=3)
    assert by_list.classes == by_folder.classes == ("cat", "dog")
    assert np.array_equal(by_list.images, by_folder.images)
    assert by_list.images.shape == (100, 28, 28)
    with pytest.raises(ForgeError, match="no labels to learn"):
        load(str(cat), count_per_class=5)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>not found</html>",
        npy(CAT)[:-1],
        npy(CAT)[:60].ljust(200),
        npy(CAT.astype(np.int16)),
        npy(CAT[:, :100]),
        npy(CAT[:0]),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    for name in ("cat", "dog"):
        (tmp_path / f"{name}.npy").write_bytes(content)
    files = {name: tmp_path / f"{name}.npy" for name in ("cat", "dog")}
    with pytest.raises(ForgeError, match="not a Quick, Draw! bitmap file"):
        quickdraw_files(files, count_per_class=5)


def test_downloads_live_in_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert "tinyforge" in cache_folder().parts and cache_folder().name == "quickdraw"
