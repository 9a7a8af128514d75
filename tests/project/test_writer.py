"""Writing a project: whole or not at all, nothing of anybody's lost, nothing foreign touched."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tinyforge.errors import ForgeError
from tinyforge.project import exchange as exchange_module
from tinyforge.project import writer
from tinyforge.project.exchange import exchange
from tinyforge.project.writer import MARKER, check, edited_files, write

OLD = {"platformio.ini": "old\n", "src/a.c": "same\n", "src/gone/b.c": "b\n"}
NEW = {"platformio.ini": "new\n", "src/a.c": "same\n", "include/c.h": "c ü\n"}


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def ours(folder: Path) -> dict[str, str]:
    return {k: v.decode() for k, v in snapshot(folder).items() if k != MARKER}


def siblings(target: Path) -> list[str]:
    return [p.name for p in target.parent.iterdir()]


@pytest.fixture
def target(tmp_path) -> Path:
    return tmp_path / "parent" / "project"


def test_write_and_replace(target):
    assert write(OLD, target) == target
    assert ours(target) == OLD
    write(NEW, target)
    assert ours(target) == NEW
    assert not (target / "src/gone").exists()
    assert siblings(target) == ["project"]


def test_same_input_same_bytes(target, tmp_path):
    write(NEW, target)
    write(dict(reversed(NEW.items())), tmp_path / "other")
    assert snapshot(target) == snapshot(tmp_path / "other")
    assert str(tmp_path).encode() not in b"".join(snapshot(target).values())


def test_unchanged_files_keep_their_mtime(target):
    write(OLD, target)
    for path in target.rglob("*"):
        os.utime(path, ns=(10**18, 10**18))
    write(NEW, target)
    assert (target / "src/a.c").stat().st_mtime_ns == 10**18
    assert (target / "platformio.ini").stat().st_mtime_ns != 10**18


def test_new_files_have_ordinary_permissions(target):
    old = os.umask(0o022)
    try:
        write(OLD, target)
    finally:
        os.umask(old)
    assert target.stat().st_mode & 0o777 == 0o755
    assert (target / "src/a.c").stat().st_mode & 0o777 == 0o644


def test_the_users_files_are_carried_over(target):
    write(OLD, target)
    (target / "src/gone/mine.c").write_text("mine")
    (target / ".pio/build").mkdir(parents=True)
    (target / "empty").mkdir()
    (target / "link").symlink_to("src")
    script = target / "flash.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    write(NEW, target)
    assert ours(target) == {**NEW, "src/gone/mine.c": "mine", "flash.sh": "#!/bin/sh\n"}
    assert (target / ".pio/build").is_dir() and (target / "empty").is_dir()
    assert (target / "link").readlink() == Path("src")
    assert script.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("path", ["platformio.ini", "src/gone/b.c", "include/c.h"])
def test_edited_files_stop_the_run(target, path):
    """Changed in the new version, no longer in it, and added by the user where we want to write."""
    write(OLD, target)
    (target / path).parent.mkdir(exist_ok=True)
    (target / path).write_text("edited")
    before = snapshot(target)
    with pytest.raises(ForgeError, match="edited") as caught:
        write(NEW, target)
    assert path in caught.value.what
    assert "src/a.c" not in caught.value.what
    assert snapshot(target) == before
    assert siblings(target) == ["project"]


def test_an_edit_of_what_is_generated_as_before_is_named(target):
    """Kept, it would lie in a folder that says of itself that it is proved."""
    write(OLD, target)
    (target / "src/a.c").write_text("edited")
    before = snapshot(target)
    with pytest.raises(ForgeError, match=r"edited: src/a\.c"):
        write(OLD, target)
    with pytest.raises(ForgeError, match=r"edited: src/a\.c"):
        check(NEW, target)
    assert snapshot(target) == before
    assert edited_files(target) == ("src/a.c",)


def test_edits_are_overwritten_where_that_is_said(target):
    write(OLD, target)
    (target / "src/a.c").write_text("edited")
    (target / "mine.txt").write_text("mine")
    check(OLD, target, overwrite=True)
    write(OLD, target, overwrite=True)
    assert ours(target) == {**OLD, "mine.txt": "mine"}
    assert edited_files(target) == ()
    (target / "src/a.c").unlink()
    assert edited_files(target) == ("src/a.c",)
    (target / MARKER).unlink()
    assert edited_files(target) is None


def test_an_edit_that_equals_the_new_version_is_no_conflict(target):
    write(OLD, target)
    (target / "platformio.ini").write_text("new\n")
    write(NEW, target)
    assert ours(target) == NEW


def test_deleted_files_come_back(target):
    write(OLD, target)
    (target / "src/a.c").unlink()
    write(NEW, target)
    assert ours(target) == NEW


def test_a_file_replaced_by_a_link_is_an_edit(target, tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("same\n")
    write(OLD, target)
    (target / "src/a.c").unlink()
    (target / "src/a.c").symlink_to(outside)
    with pytest.raises(ForgeError, match="edited"):
        write({**NEW, "src/a.c": "newer"}, target)
    assert outside.read_text() == "same\n"


def test_empty_folder_is_taken(target):
    target.mkdir(parents=True)
    write(NEW, target)
    assert ours(target) == NEW


@pytest.mark.parametrize(
    ("marker", "match"),
    [
        (None, "not written by tinyforge"),
        ("{", "damaged"),
        ('{"format": 1}', "damaged"),
        ('{"format": 1, "files": {}, "more": 1}', "damaged"),
        ('{"format": 2, "files": {}}', "format 2"),
    ],
)
def test_foreign_folders_are_refused(target, marker, match):
    target.mkdir(parents=True)
    (target / "thesis.txt").write_text("years of work")
    if marker is not None:
        (target / MARKER).write_text(marker)
    before = snapshot(target)
    with pytest.raises(ForgeError, match=match):
        write(NEW, target)
    assert snapshot(target) == before


def test_a_file_as_target_is_refused(tmp_path):
    (tmp_path / "f").write_text("x")
    for name in ("f", "f/project"):
        with pytest.raises(ForgeError):
            write(NEW, tmp_path / name)
    assert (tmp_path / "f").read_text() == "x"


@pytest.mark.parametrize(
    ("target", "match"),
    [
        ("/", "root folder"),
        ("~", "home"),
        ("~/..", "root folder|home"),
        (".", "current folder"),
        ("..", "current folder"),
        ("", "current folder"),
    ],
)
def test_precious_folders_are_refused(tmp_path, monkeypatch, target, match):
    home, here = tmp_path / "house/home", tmp_path / "work/here"
    home.mkdir(parents=True)
    here.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(here)
    with pytest.raises(ForgeError, match=match):
        write(NEW, Path(target).expanduser())
    assert not list(home.iterdir()) and not list(here.iterdir())


@pytest.mark.parametrize("where", ["package", "package/x", "templates/x", "firmware/x"])
def test_the_package_itself_is_refused(where):
    package = Path(writer.__file__).parents[1]
    roots = {
        "package": package,
        "templates": writer.checked_target.__globals__["resource_folder"]("templates"),
        "firmware": writer.checked_target.__globals__["resource_folder"]("firmware"),
    }
    first, *rest = where.split("/")
    with pytest.raises(ForgeError, match="tinyforge itself"):
        write(NEW, roots[first].joinpath(*rest))


def test_links_are_never_written_through(tmp_path):
    real = tmp_path / "real"
    (real / "inner").mkdir(parents=True)
    (tmp_path / "link").symlink_to(real)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("link", "link/inner", "link/inner/deeper", "dangling", "dangling/x"):
        with pytest.raises(ForgeError, match="symbolic link"):
            write(NEW, tmp_path / name)
    assert [p.name for p in real.rglob("*")] == ["inner"]
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "name", ["CON", "con", "nul.txt", "COM1", "dot.", "space ", "x" * 300, "new\nline", "\x7f"]
)
def test_reserved_names_are_refused(tmp_path, name):
    with pytest.raises(ForgeError):
        write(NEW, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_io_errors_are_explained_and_leave_nothing(target, monkeypatch):
    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ForgeError, match="No space left") as caught:
        write(NEW, target)
    assert "free space" in caught.value.fix
    assert not target.parent.exists()


def test_an_unreadable_folder_of_the_users_is_not_lost(target, monkeypatch):
    write(OLD, target)
    (target / "mine").mkdir()
    (target / "mine/work.c").write_text("x")
    scandir = os.scandir

    def denied(path):
        if Path(path).name == "mine":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(ForgeError, match="Permission denied"):
        write(NEW, target)
    monkeypatch.undo()
    assert (target / "mine/work.c").exists()


def test_without_hard_links_files_are_copied(target, monkeypatch):
    write(OLD, target)
    os.utime(target / "src/a.c", ns=(10**18, 10**18))
    (target / "link").symlink_to("src/a.c")

    def unsupported(*args, **kwargs):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", unsupported)
    write(NEW, target)
    assert (target / "link").is_symlink()
    (target / "link").unlink()
    assert ours(target) == NEW
    assert (target / "src/a.c").stat().st_mtime_ns == 10**18


@pytest.mark.parametrize("at_once", [True, False])
def test_exchange(tmp_path, monkeypatch, at_once):
    if not at_once:
        monkeypatch.setattr(exchange_module, "_exchanged_at_once", lambda a, b: False)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text(name)
    exchange(tmp_path / "a", tmp_path / "b")
    assert snapshot(tmp_path) == {"a/b": b"b", "b/a": b"a"}
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "missing", tmp_path / "b")
    assert snapshot(tmp_path) == {"a/b": b"b", "b/a": b"a"}


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="no such system call elsewhere")
def test_this_system_exchanges_at_once(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert exchange_module._exchanged_at_once(tmp_path / "a", tmp_path / "b")


# Runs write() once for every file-system operation that it makes, in a process that is killed, or
# gets an error, right before that operation; prints what each of them left behind.
REFUSED = 2
INJECTOR = """
import errno, json, os, resource, shutil, signal, sys
from pathlib import Path
from tinyforge.errors import ForgeError
from tinyforge.project.writer import write

mode, base = sys.argv[1], Path(sys.argv[2])
old, new = json.loads(sys.argv[3]), json.loads(sys.argv[4])
EVENTS = {"open", "os.mkdir", "os.link", "os.rename", "os.remove", "os.rmdir", "os.scandir",
          "ctypes.dlsym"}

def snapshot(folder):
    return {p.relative_to(folder).as_posix(): p.read_text()
            for p in sorted(folder.rglob("*")) if p.is_file()}

def inject(k):
    if mode == "limit":  # files stop growing at k - 1 bytes, as on a full disk
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (k - 1, k - 1))
        return None
    left = k
    def hook(event, args):
        nonlocal left
        left -= event in EVENTS
        if left == 0 and event in EVENTS:
            if mode == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(errno.EIO, "Input/output error")
    sys.addaudithook(hook)
    return lambda: left <= 0

WRITTEN, REFUSED, UNDISTURBED = 0, 2, 3
write(old, base / "warm-up")  # imports and caches are not what is tested
for k in range(1, 1000, 5 if mode == "limit" else 1):
    home = base / f"{k}"
    write(old, home / "project")
    (home / "project/mine.c").write_text("mine")
    child = os.fork()
    if child == 0:
        fired = inject(k)
        try:
            write(new, home / "project")
        except ForgeError:
            os._exit(REFUSED)
        os._exit(WRITTEN if mode == "limit" or fired() else UNDISTURBED)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(json.dumps({"status": status, "project": snapshot(home / "project"),
                      "siblings": [p.name for p in home.iterdir()]}))
    shutil.rmtree(home)
    if status == UNDISTURBED or (mode == "limit" and status == WRITTEN):
        break
"""


@pytest.mark.skipif(sys.platform == "win32", reason="fork, SIGKILL and RLIMIT_FSIZE are POSIX")
@pytest.mark.parametrize("mode", ["kill", "error", "limit"])
def test_a_fault_at_any_operation_leaves_one_whole_project(tmp_path, mode):
    arguments = [mode, str(tmp_path), json.dumps(OLD), json.dumps(NEW)]
    command = [sys.executable, "-c", INJECTOR, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    outcomes = [json.loads(line) for line in run.stdout.splitlines()]
    wholes = []
    for files in (OLD, NEW):
        write(files, tmp_path / "whole")
        wholes.append({k: v.decode() for k, v in snapshot(tmp_path / "whole").items()})
    for outcome in outcomes:
        project = outcome["project"]
        assert project.pop("mine.c") == "mine"
        if outcome["status"] == -signal.SIGKILL:
            assert project in wholes
        else:
            assert project == wholes[0 if outcome["status"] == REFUSED else 1]
        if outcome["status"] == REFUSED:
            assert outcome["siblings"] == ["project"]
    statuses = {outcome["status"] for outcome in outcomes}
    assert statuses >= {-signal.SIGKILL if mode == "kill" else REFUSED}
    assert len(outcomes) > 30


def test_two_runs_at_once_leave_one_whole_project(target):
    """Each either finishes or reports a ForgeError; never a mixture, never a crash."""
    surprises = []

    def run(files):
        for _ in range(20):
            try:
                write(files, target)
            except ForgeError:
                continue
            except Exception as error:
                surprises.append(error)

    threads = [threading.Thread(target=run, args=(files,)) for files in (OLD, NEW)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not surprises
    assert ours(target) in (OLD, NEW)
    shutil.rmtree(target)
    assert not siblings(target)
